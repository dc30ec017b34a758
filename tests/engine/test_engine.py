"""The whole engine with llama.cpp on a tiny model: what a person would get."""

import shutil
from pathlib import Path

import pytest

from app.engine.events import Delta, GenerationRequest, Loading, ModelFile, Reading
from app.engine.pool import Pool
from app.engine.worker_process import WORKER_TARGET
from app.errors import BadFile
from app.worker.messages import Sampling, Turn
from tests.engine.party import Asked, ask_greedily, check_places_fall, pool_of
from tests.worker.spm_vocabulary import write_spm_vocabulary

pytestmark = pytest.mark.anyio

GREEDY = Sampling(temperature=0)


@pytest.fixture
def model(tiny_gguf: Path) -> ModelFile:
    """The tiny Llama."""
    return ModelFile("tiny", tiny_gguf, 2048)


async def prompts(pool: Pool, model: ModelFile) -> list[tuple[int, ...]]:
    """Eight conversations of different lengths."""
    return [(await pool.render(model, [Turn("user", f"Number {n} " + "llama " * 9 * n)])).tokens for n in range(8)]


async def test_eight_at_once_write_what_each_writes_alone(tiny_q8_gguf: Path) -> None:
    # tests/worker/test_llama.py shows, by the margins, what rounding does to other kinds of numbers.
    model = ModelFile("tiny-q8", tiny_q8_gguf, 2048)
    async with pool_of(WORKER_TARGET, slots=8, context_tokens=512) as pool:
        asked = await prompts(pool, model)
        alone = []
        for tokens in asked:
            each = ask_greedily(pool, model, tokens, max_tokens=48)
            await each.end()
            alone.append(each.text)
        together = [ask_greedily(pool, model, tokens, max_tokens=48) for tokens in asked]
        for each in together:
            await each.end()
        assert [each.text for each in together] == alone


async def test_first_request_shows_loading_and_reading(model: ModelFile) -> None:
    async with pool_of(WORKER_TARGET, slots=1, batch_tokens=32) as pool:
        tokens = (await prompts(pool, model))[7]
        asked = ask_greedily(pool, model, tokens)
        finished = await asked.end()
        fractions = [event.fraction for event in asked.events if isinstance(event, Loading)]
        readings = [event for event in asked.events if isinstance(event, Reading)]
        assert fractions == sorted(fractions)
        assert readings[-1] == Reading(len(tokens), len(tokens))
        assert (finished.prompt_tokens, finished.completion_tokens, finished.reason) == (len(tokens), 24, "length")
        assert finished.tokens_per_second > 0


async def test_next_turn_finds_the_last_one_in_the_cache(model: ModelFile) -> None:
    async with pool_of(WORKER_TARGET) as pool:
        tokens = (await prompts(pool, model))[5]
        await ask_greedily(pool, model, tokens).end()
        finished = await ask_greedily(pool, model, (*tokens, 40, 41)).end()
        assert finished.cached_tokens >= len(tokens)


async def test_leaving_stops_the_worker_and_the_slot_serves_the_next(model: ModelFile) -> None:
    async with pool_of(WORKER_TARGET, slots=1) as pool:
        tokens = (await prompts(pool, model))[0]
        endless = ask_greedily(pool, model, tokens, max_tokens=2000)
        await endless.until(Delta)
        await endless.leave()
        finished = await ask_greedily(pool, model, tokens, max_tokens=4).end()
        assert finished.completion_tokens == 4


async def test_answer_is_clipped_to_the_room_that_is_left(model: ModelFile) -> None:
    async with pool_of(WORKER_TARGET, context_tokens=256) as pool:
        finished = await ask_greedily(pool, model, (5,) * 250, max_tokens=1000).end()
        assert (finished.reason, finished.completion_tokens) == ("length", 6)


async def test_model_without_a_template_is_stopped_by_the_next_speaker(tmp_path: Path) -> None:
    model = ModelFile("base", write_spm_vocabulary(tmp_path / "base.gguf", None), 256)
    async with pool_of(WORKER_TARGET) as pool:
        await pool.render(model, [Turn("user", "hi")])
        assert pool._renderers.stop_of(model) == ("\nUser:", "\nAssistant:")


@pytest.fixture
def broken_model(tiny_gguf: Path, tmp_path: Path) -> ModelFile:
    """Its end is missing."""
    path = tmp_path / "short.gguf"
    path.write_bytes(tiny_gguf.read_bytes()[:-5000])
    return ModelFile("short", path, 256)


async def test_broken_file_is_told(broken_model: ModelFile) -> None:
    async with pool_of(WORKER_TARGET) as pool:
        with pytest.raises(BadFile) as failure:
            await ask_greedily(pool, broken_model, (5, 6)).end()
        assert failure.value.code == "gguf_truncated"
        with pytest.raises(BadFile):
            await pool.context_tokens(broken_model)


async def test_threads_follow_what_the_container_may_use(tiny_gguf: Path) -> None:
    model = ModelFile("tiny", tiny_gguf, 512)
    threads = iter([1, 2])
    async with pool_of(WORKER_TARGET, count_threads=lambda: next(threads)) as pool:
        await ask_greedily(pool, model, (5, 6, 7), max_tokens=2).end()
        pool._residents.follow_threads()
        assert pool._residents.threads == 2
        assert (await ask_greedily(pool, model, (5, 6, 7, 8), max_tokens=4).end()).completion_tokens == 4


async def test_deleted_file_serves_until_it_is_unloaded_and_is_then_told(tiny_gguf: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(tiny_gguf, tmp_path / "mine.gguf"))
    model = ModelFile("mine", path, 256)
    async with pool_of(WORKER_TARGET) as pool:
        await ask_greedily(pool, model, (5, 6, 7), max_tokens=2).end()
        path.unlink()  # noqa: ASYNC240
        assert (await ask_greedily(pool, model, (5, 6, 7, 8), max_tokens=4).end()).completion_tokens == 4
        await pool.unload("mine")
        with pytest.raises(BadFile, match="gguf_missing"):
            await ask_greedily(pool, model, (5, 6, 7), max_tokens=2).end()


async def test_replaced_file_answers_from_the_next_message_on(
    tiny_gguf: Path, tiny_q8_gguf: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(tiny_gguf, tmp_path / "mine.gguf"))
    model = ModelFile("mine", path, 256)
    async with pool_of(WORKER_TARGET) as pool:
        await ask_greedily(pool, model, (5, 6, 7), max_tokens=2).end()
        (before,) = [resident.process for resident in pool._residents]
        Path(shutil.copy(tiny_q8_gguf, tmp_path / "new")).replace(path)  # noqa: ASYNC240
        assert (await ask_greedily(pool, model, (5, 6, 7), max_tokens=4).end()).completion_tokens == 4
        (after,) = [resident.process for resident in pool._residents]
        assert before is not after


async def test_half_copied_file_does_not_take_the_old_one_away(tiny_gguf: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(tiny_gguf, tmp_path / "mine.gguf"))
    model = ModelFile("mine", path, 256)
    async with pool_of(WORKER_TARGET) as pool:
        await ask_greedily(pool, model, (5, 6, 7), max_tokens=2).end()
        half = tmp_path / "new"
        half.write_bytes(tiny_gguf.read_bytes()[:-5000])  # noqa: ASYNC240
        half.replace(path)
        assert (await ask_greedily(pool, model, (5, 6, 7), max_tokens=4).end()).completion_tokens == 4


async def test_64_replies_of_8_people_on_4_slots_all_finish(tiny_gguf: Path) -> None:
    model = ModelFile("tiny", tiny_gguf, 256)
    async with pool_of(WORKER_TARGET, slots=4) as pool:
        requests = [(person, turn) for turn in range(8) for person in range(8)]
        asked = [
            Asked(pool, model, GenerationRequest(f"person {person}", (5, 6, 7 + person, 8 + turn), 6, GREEDY))
            for person, turn in requests
        ]
        ends = [await each.end() for each in asked]
        assert [end.completion_tokens > 0 for end in ends] == [True] * 64
        check_places_fall(asked)
