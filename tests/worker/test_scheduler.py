"""How requests share the steps of one model, on a fake llama."""

from app.worker.messages import Delta, Generate, Sampling
from tests.worker.desk import Desk
from tests.worker.fake_llama import END, FakeLlama, FakeVocabulary


def count_up_to(last: int) -> FakeLlama:
    """Each token is the one before plus 1, and the answer ends behind `last`."""
    return FakeLlama(script=lambda tokens: END if tokens[-1] >= last else tokens[-1] + 1)


def test_answer_runs_to_its_end_token() -> None:
    desk = Desk(count_up_to(ord("e")))
    desk.ask("one", [1, 2, ord("a")], max_tokens=100)
    desk.run()
    assert desk.text("one") == "bcde"
    finished = desk.finished("one")
    assert finished is not None
    assert finished.reason == "end"
    assert (finished.numbers.prompt_tokens, finished.numbers.completion_tokens) == (3, 4)


def test_seconds_of_reading_and_writing_are_told_apart() -> None:
    desk = Desk(FakeLlama(batch_tokens=2))
    desk.ask("one", [97] * 6, max_tokens=5)
    desk.run()
    finished = desk.finished("one")
    assert finished is not None
    assert (finished.numbers.reading_seconds, finished.numbers.writing_seconds) == (2.0, 4.0)


def test_answer_is_cut_at_max_tokens() -> None:
    desk = Desk(FakeLlama())
    desk.ask("one", [97], max_tokens=3)
    desk.run()
    assert (desk.text("one"), desk.reason("one")) == ("aaa", "length")


def test_answer_ends_when_the_context_is_full() -> None:
    desk = Desk(FakeLlama(context_tokens=10))
    desk.ask("one", [97] * 8, max_tokens=100)
    desk.run()
    assert (desk.text("one"), desk.reason("one")) == ("aaa", "context")


def test_prompt_that_fills_the_context_still_gets_one_token() -> None:
    desk = Desk(FakeLlama(context_tokens=10))
    desk.ask("one", [97] * 10)
    desk.run()
    assert (desk.text("one"), desk.reason("one")) == ("a", "context")


def test_prompt_longer_than_the_context_is_refused_and_takes_no_slot() -> None:
    desk = Desk(FakeLlama(context_tokens=10))
    desk.ask("long", [97] * 11)
    desk.ask("empty", [])
    assert [failed.code for failed in desk.failed("long") + desk.failed("empty")] == ["prompt_does_not_fit"] * 2
    assert not desk.scheduler.has_work


def test_all_writers_share_one_batch() -> None:
    desk = Desk(FakeLlama(slots=3))
    for name in ("one", "two", "three"):
        desk.ask(name, [97, 98])
    desk.step(2)
    assert desk.llama.batches == [{0: 2, 1: 2, 2: 2}, {0: 1, 1: 1, 2: 1}]


def test_long_prompt_stalls_a_writer_by_no_more_than_a_chunk() -> None:
    desk = Desk(FakeLlama(batch_tokens=8))
    desk.ask("writer", [97], max_tokens=20)
    desk.step(2)
    desk.ask("reader", [98] * 40, max_tokens=1)
    desk.step(5)
    assert desk.text("writer") == "a" * 7
    assert desk.llama.batches[2:] == [{1: 8}, {0: 1}] * 5
    assert desk.readings("reader") == [0, 8, 16, 24, 32, 40]


def test_short_prompt_does_not_wait_for_a_long_one() -> None:
    desk = Desk(FakeLlama(batch_tokens=8))
    desk.ask("long", [97] * 60, max_tokens=1)
    desk.ask("short", [98] * 8, max_tokens=1)
    desk.step(2)
    assert desk.reason("short") == "length"
    assert desk.finished("long") is None


def test_what_a_short_prompt_leaves_of_a_step_goes_to_the_long_one() -> None:
    desk = Desk(FakeLlama(batch_tokens=8))
    desk.ask("long", [97] * 60, max_tokens=1)
    desk.ask("short", [98], max_tokens=1)
    desk.step()
    assert desk.llama.batches == [{0: 7, 1: 1}]


def test_more_readers_than_tokens_in_a_step_all_come_to_an_end() -> None:
    desk = Desk(FakeLlama(slots=6, batch_tokens=4))
    for number in range(6):
        desk.ask(f"r{number}", [97 + number] * 5, max_tokens=1)
    desk.run()
    assert [desk.text(f"r{number}") for number in range(6)] == list("abcdef")


def test_request_beyond_the_slots_waits_its_turn() -> None:
    desk = Desk(FakeLlama(slots=1))
    desk.ask("first", [97], max_tokens=2)
    desk.ask("second", [98], max_tokens=2)
    desk.step()
    assert (desk.scheduler.num_active, desk.scheduler.num_waiting) == (1, 1)
    desk.run()
    assert (desk.text("first"), desk.text("second")) == ("aa", "bb")


def test_cancel_ends_a_writer_at_once_and_frees_its_slot_for_the_next_step() -> None:
    desk = Desk(FakeLlama(slots=1))
    desk.ask("one", [97], max_tokens=50)
    desk.step(3)
    desk.ask("two", [98], max_tokens=1)
    desk.scheduler.cancel("one")
    assert (desk.text("one"), desk.reason("one")) == ("aaa", "stopped")
    desk.step()
    assert desk.text("two") == "b"
    assert desk.llama.num_samplers == 0


def test_cancel_ends_a_reader_in_mid_prompt_and_one_that_waits() -> None:
    desk = Desk(FakeLlama(slots=1, batch_tokens=4))
    desk.ask("reader", [97] * 40)
    desk.ask("waiting", [98])
    desk.step()
    desk.scheduler.cancel("waiting")
    desk.scheduler.cancel("reader")
    desk.scheduler.cancel("nobody")
    assert (desk.reason("reader"), desk.reason("waiting")) == ("stopped", "stopped")
    assert not desk.scheduler.has_work


def test_stop_string_across_tokens_is_never_sent_in_part() -> None:
    desk = Desk(count_up_to(ord("z")))
    desk.ask("one", [ord("a")], max_tokens=100, stop=["fgh"])
    desk.step(6)
    assert desk.text("one") == "bcde"
    desk.run()
    assert (desk.text("one"), desk.reason("one")) == ("bcde", "stop_string")


def test_what_was_held_back_for_a_stop_string_comes_at_the_end() -> None:
    desk = Desk(count_up_to(ord("g")))
    desk.ask("one", [ord("a")], max_tokens=100, stop=["fgh"])
    desk.run()
    assert (desk.text("one"), desk.reason("one")) == ("bcdefg", "end")


def test_character_of_several_tokens_is_sent_whole() -> None:
    llama = count_up_to(5)
    llama.vocabulary = FakeVocabulary({2: b"\xf0\x9f", 3: b"\xa6", 4: b"\x99", 5: b"!"})
    desk = Desk(llama)
    desk.ask("one", [1])
    desk.step(2)
    assert desk.text("one") == ""
    desk.run()
    assert desk.text("one") == "🦙!"


def test_penalty_sees_the_end_of_the_prompt() -> None:
    desk = Desk(FakeLlama())
    desk.ask("one", [5, 6, 7, 8], penalty=1.1)
    desk.ask("two", [5, 6, 7, 8])
    desk.step()
    assert desk.llama.histories == [[6, 7, 8], []]


def test_grammar_that_cannot_be_used_fails_its_request_and_takes_no_slot() -> None:
    desk = Desk(FakeLlama(slots=1))
    desk.scheduler.submit(Generate("bad", [97], 4, Sampling(grammar="broken")))
    desk.ask("good", [98], max_tokens=2)
    desk.run()
    assert [failed.code for failed in desk.failed("bad")] == ["grammar_invalid"]
    assert desk.text("good") == "bb"


def test_probabilities_come_with_the_text_of_their_tokens() -> None:
    llama = count_up_to(5)
    llama.vocabulary = FakeVocabulary({2: b"\xf0\x9f", 3: b"\xa6", 4: b"\x99", 5: b"!"})
    desk = Desk(llama)
    desk.scheduler.submit(Generate("one", [1], 10, Sampling(temperature=0, logprobs=2)))
    desk.run()
    deltas = [each for each in desk.said if isinstance(each, Delta)]
    assert [len(delta.logprobs) for delta in deltas] == [3, 1]
    assert [each.drawn.token for delta in deltas for each in delta.logprobs] == [2, 3, 4, 5]
    assert len(deltas[0].logprobs[0].likeliest) == 2


def test_writer_keeps_its_rate_while_a_long_prompt_is_read() -> None:
    desk = Desk(FakeLlama(context_tokens=600, batch_tokens=256))

    def work(counts: dict[int, int]) -> None:
        desk.now += 0.1 + 0.01 * sum(counts.values())

    desk.llama.on_decode = work
    desk.ask("warm-up", [97] * 256, max_tokens=20)
    desk.run()
    desk.ask("writer", [98], max_tokens=500)
    desk.step(10)
    alone = desk.now
    desk.step(10)
    alone = (desk.now - alone) / 10
    before, written = desk.now, len(desk.text("writer"))
    desk.ask("reader", [99] * 500, max_tokens=1)
    while desk.finished("reader") is None:
        desk.step()
    rate = (len(desk.text("writer")) - written) / (desk.now - before)
    assert rate * alone >= 0.35


def test_all_requests_end_when_the_worker_does() -> None:
    desk = Desk(FakeLlama(slots=1))
    desk.ask("writer", [97], max_tokens=50)
    desk.ask("waiting", [98])
    desk.step(2)
    desk.scheduler.cancel_all()
    assert (desk.reason("writer"), desk.reason("waiting")) == ("stopped", "stopped")
    assert not desk.scheduler.has_work
