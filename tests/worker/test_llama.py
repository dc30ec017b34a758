"""The scheduler over the real llama.cpp, on a tiny model."""

import random
import time
from pathlib import Path

import pytest

from app.worker.errors import LlamaError
from app.worker.llama.context import LlamaContext
from app.worker.llama.log import Log, context_error
from app.worker.messages import Delta, Finished, FromWorker, Generate, Load, Sampling
from app.worker.scheduler import Scheduler
from tests.worker.reading_room import LARGEST_ROUNDING, ReadingRoom, eight_slots, first_difference, one_slot

NUM_TOKENS = 32


def some_prompts() -> list[list[int]]:
    """Eight of different lengths, longer and shorter than a step."""
    draw = random.Random(7)
    return [[draw.randrange(400) for _ in range(length)] for length in (5, 200, 17, 64, 90, 33, 150, 1)]


def answer(context: LlamaContext, generate: Generate) -> tuple[str, Finished]:
    """All of its text, and the end."""
    said: list[FromWorker] = []
    scheduler = Scheduler(context, said.append, time.monotonic)
    scheduler.submit(generate)
    while scheduler.has_work:
        scheduler.step()
    (finished,) = [each for each in said if isinstance(each, Finished)]
    return "".join(each.text for each in said if isinstance(each, Delta)), finished


@pytest.fixture(scope="module")
def context(tiny_gguf: Path) -> LlamaContext:
    """Two slots."""
    return LlamaContext(Load(str(tiny_gguf), 256, 2, 32, 1), Log(), lambda _fraction: None)


def test_eight_at_once_part_from_what_each_writes_alone_by_rounding_only(tiny_gguf: Path) -> None:
    prompts = some_prompts()
    alone = [ReadingRoom(eight_slots(tiny_gguf)).write_all([prompt], NUM_TOKENS)[0] for prompt in prompts]
    together = ReadingRoom(eight_slots(tiny_gguf)).write_all(prompts, NUM_TOKENS)
    for one, other in zip(alone, together, strict=True):
        differing = first_difference(one, other)
        assert differing is None or differing.margin < LARGEST_ROUNDING, "only rounding may part the texts"


def test_eight_at_once_in_q8_0_make_the_same_choices_to_the_last_bit(tiny_q8_gguf: Path) -> None:
    prompts = some_prompts()
    together = ReadingRoom(eight_slots(tiny_q8_gguf)).write_all(prompts, NUM_TOKENS)
    assert together == [ReadingRoom(eight_slots(tiny_q8_gguf)).write_all([prompt], NUM_TOKENS)[0] for prompt in prompts]


def test_prefix_that_was_found_in_the_cache_changes_nothing(tiny_gguf: Path) -> None:
    prompt = some_prompts()[1]
    fresh = ReadingRoom(eight_slots(tiny_gguf)).write_all([prompt], NUM_TOKENS)[0]
    used = ReadingRoom(one_slot(tiny_gguf))
    used.write_all([[*prompt[:150], 3, 4, 5]], NUM_TOKENS)
    differing = first_difference(fresh, used.write_all([prompt], NUM_TOKENS)[0])
    assert used.num_cached() == 150
    assert differing is None or differing.margin < LARGEST_ROUNDING


def test_each_slot_really_has_the_whole_context(context: LlamaContext) -> None:
    said: list[FromWorker] = []
    scheduler = Scheduler(context, said.append, time.monotonic)
    for number in range(2):
        scheduler.submit(Generate(str(number), [number + 5] * 200, 1000, Sampling(temperature=0)))
    while scheduler.has_work:
        scheduler.step()
    ends = [each for each in said if isinstance(each, Finished)]
    assert [(end.reason, end.numbers.completion_tokens) for end in ends] == [("context", 57)] * 2


def test_same_seed_draws_the_same_text_and_another_seed_another(context: LlamaContext) -> None:
    texts = [
        answer(context, Generate(str(seed), [5, 6, 7], 24, Sampling(temperature=1.5, top_k=0, top_p=1, seed=seed)))[0]
        for seed in (11, 11, 12)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_repeat_penalty_keeps_the_model_from_saying_it_again(context: LlamaContext) -> None:
    prompt = [5, 6, 7]
    plain, _ = answer(context, Generate("one", prompt, 40, Sampling(temperature=0)))
    harsh = Sampling(temperature=0, repeat_penalty=1e9, repeat_last_tokens=256)
    watched, _ = answer(context, Generate("two", prompt, 40, harsh))
    assert watched != plain


def test_stop_string_ends_a_real_answer_before_it(context: LlamaContext) -> None:
    text, _ = answer(context, Generate("one", [5, 6, 7], 40, Sampling(temperature=0)))
    middle = text[len(text) // 2 :][:3]
    stopped, finished = answer(context, Generate("two", [5, 6, 7], 40, Sampling(temperature=0), [middle]))
    assert finished.reason == "stop_string"
    assert stopped == text[: text.index(middle)]


def test_context_is_no_longer_than_the_model_was_trained_for(tiny_gguf: Path) -> None:
    context = LlamaContext(Load(str(tiny_gguf), 1_000_000, 1, 32, 1), Log(), lambda _fraction: None)
    assert context.context_tokens == 2048


def test_threads_can_be_changed_between_steps(context: LlamaContext) -> None:
    before, _ = answer(context, Generate("one", [9, 8, 7], 8, Sampling(temperature=0)))
    context.set_threads(2, 1)
    after, _ = answer(context, Generate("two", [9, 8, 7], 8, Sampling(temperature=0)))
    context.set_threads(1, 1)
    assert len(before) > 0
    assert len(after) > 0


def test_truncated_model_is_refused_with_the_reason(tiny_gguf: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.gguf"
    short.write_bytes(tiny_gguf.read_bytes()[:-5000])
    with pytest.raises(LlamaError) as failure:
        LlamaContext(Load(str(short), 256, 1, 32, 1), Log(), lambda _fraction: None)
    assert failure.value.code == "model_load_failed"
    assert failure.value.detail


def test_unknown_architecture_has_its_own_code(tiny_gguf: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.gguf"
    strange.write_bytes(
        tiny_gguf.read_bytes().replace(b"\x05\x00\x00\x00\x00\x00\x00\x00llama", b"\x05" + b"\0" * 7 + b"lhama", 1)
    )
    with pytest.raises(LlamaError) as failure:
        LlamaContext(Load(str(strange), 256, 1, 32, 1), Log(), lambda _fraction: None)
    assert failure.value.code == "model_architecture_unknown"
    assert "lhama" in failure.value.detail


def test_load_reports_how_far_it_is(tiny_gguf: Path) -> None:
    fractions: list[float] = []
    LlamaContext(Load(str(tiny_gguf), 256, 1, 32, 1), Log(), fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_load_is_given_up_when_the_parent_is_gone(tiny_gguf: Path) -> None:
    def report(_fraction: float) -> None:
        raise EOFError

    with pytest.raises(LlamaError):
        LlamaContext(Load(str(tiny_gguf), 256, 1, 32, 1), Log(), report)


def test_context_without_length_is_not_told_as_a_lack_of_memory() -> None:
    assert context_error("failed to initialize the context: n_ctx_seq == 0").code == "model_load_failed"
    assert context_error("failed to allocate buffer for kv cache").code == "model_memory"
