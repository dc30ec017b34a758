"""What is in a slot already is not read again, on a fake llama."""

from app.worker.messages import Generate
from app.worker.slots import Slots, num_shared
from tests.worker.desk import Desk
from tests.worker.fake_llama import FakeLlama


def cached_tokens(desk: Desk, request: str) -> int:
    """How many prompt tokens were found in the slot."""
    finished = desk.finished(request)
    assert finished is not None
    return finished.numbers.cached_tokens


def test_next_turn_of_a_chat_reads_only_what_is_new() -> None:
    desk = Desk(FakeLlama())
    desk.ask("first", [1, 2, 97], max_tokens=3)
    desk.run()
    desk.ask("second", [1, 2, 97, 97, 97, 98, 99], max_tokens=1)
    desk.run()
    # The third token written was never fed back, so it is not in the cache.
    assert cached_tokens(desk, "second") == 5
    assert desk.llama.batches[-1] == {0: 2}


def test_same_prompt_again_reads_its_last_token_again() -> None:
    desk = Desk(FakeLlama())
    desk.ask("first", [1, 2, 97], max_tokens=3)
    desk.run()
    desk.ask("again", [1, 2, 97], max_tokens=3)
    desk.run()
    assert cached_tokens(desk, "again") == 2
    assert desk.text("again") == desk.text("first")


def test_two_chats_keep_their_slots() -> None:
    desk = Desk(FakeLlama())
    desk.ask("a1", [1, 97], max_tokens=1)
    desk.ask("b1", [1, 98], max_tokens=1)
    desk.run()
    desk.ask("b2", [1, 98, 98, 98], max_tokens=1)
    desk.ask("a2", [1, 97, 97, 97], max_tokens=1)
    desk.run()
    assert (cached_tokens(desk, "a2"), cached_tokens(desk, "b2")) == (2, 2)


def test_memory_that_cannot_be_cut_is_read_anew() -> None:
    desk = Desk(FakeLlama(slots=1, can_cut=False))
    desk.ask("first", [1, 2, 97], max_tokens=3)
    desk.run()
    desk.ask("second", [1, 2, 98], max_tokens=2)
    desk.run()
    assert cached_tokens(desk, "second") == 0
    assert desk.text("second") == "bb"


def test_cancelled_reader_leaves_what_it_has_read() -> None:
    desk = Desk(FakeLlama(batch_tokens=4))
    desk.ask("first", [97] * 12)
    desk.step(2)
    desk.scheduler.cancel("first")
    desk.ask("second", [97] * 12, max_tokens=1)
    desk.run()
    assert cached_tokens(desk, "second") == 8


def test_failed_batch_fails_only_the_culprit_and_leaves_the_cache_clean() -> None:
    desk = Desk(FakeLlama(slots=3, fails_on=frozenset({13})))
    desk.ask("good", [97, 98], max_tokens=3)
    desk.ask("bad", [97, 13], max_tokens=3)
    desk.ask("fine", [99], max_tokens=3)
    desk.run()
    assert (desk.text("good"), desk.text("fine")) == ("bbb", "ccc")
    assert [failed.code for failed in desk.failed("bad")] == ["decode_failed"]
    assert desk.llama.cells[1] == []
    assert desk.llama.num_samplers == 0


def asked(tokens: list[int]) -> Generate:
    """A request for a text of no chat."""
    return Generate("one", tokens, 1)


def test_shared_system_prompt_does_not_drive_another_text_out_of_its_slot() -> None:
    slots = Slots(2)
    long_text = slots.take(asked([1, 2, 3]))
    long_text.tokens = [1, 2, 3, *range(10, 60)]
    slots.give_back(long_text)
    assert slots.take(asked([1, 2, 3, 7])) is not long_text


def test_longest_kept_prefix_wins_and_then_the_slot_unused_for_longest() -> None:
    slots = Slots(3)
    held = {name: slots.take(asked([number])) for number, name in enumerate("abc")}
    held["a"].tokens, held["b"].tokens, held["c"].tokens = [1, 2], [1, 2, 3], [9, 9]
    for name in "cab":
        slots.give_back(held[name])
    assert slots.take(asked([1, 2, 3, 4])) is held["b"]
    assert slots.take(asked([5])) is held["a"]


def test_shared_prefix_is_counted() -> None:
    assert [num_shared([], [1]), num_shared([1, 2], [1, 2, 3]), num_shared([1, 5], [1, 2])] == [0, 2, 1]
    assert [num_shared([*range(length), 99], list(range(40))) for length in range(40)] == list(range(40))


def test_new_texts_take_places_beside_each_other() -> None:
    slots = Slots(8)
    first = [slots.take(asked([number])) for number in range(8)]
    for slot in sorted(first, key=lambda each: each.number % 3):
        slot.tokens = [100 + slot.number, 1, 2, 3]
        slots.give_back(slot)
    slots.give_back(slots.take(asked([40])))
    numbers = sorted(slots.take(asked([50 + number])).number for number in range(4))
    assert numbers == [numbers[0] + place for place in range(4)]
