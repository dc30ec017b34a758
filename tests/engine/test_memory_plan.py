"""What a model is loaded with, told from the headers of real files."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.engine.events import ModelFile, ModelOptions
from app.engine.memory_plan import MemoryPlan, human_size
from app.errors import BadFile, TooLarge
from app.settings import Settings
from app.weights import gguf_file, memory
from app.words.say import CHINESE, ENGLISH, say
from app.worker.messages import Draft, Lora, Rope
from tests.weights.shaped_models import Shape, write

pytestmark = pytest.mark.anyio

BATCH = 32
ROOMY = 1 << 40


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some weights, and a context of 16,384 tokens that takes 2 KiB each."""
    shape = Shape(context=16384, num_layers=4, kv_heads=(4,), width=1024, head_size=64, ffn=2048)
    return write(tmp_path_factory.mktemp("shape") / "shape.gguf", shape)


@pytest.fixture
def model(file: Path) -> ModelFile:
    """Without options."""
    return ModelFile("Shape", file, 16384)


def planner(**values: object) -> MemoryPlan:
    """With these settings."""
    chosen = {"batch_tokens": BATCH, "context_tokens": 16384, "slots": 4, "snapshot_memory_mb": 64, **values}
    return MemoryPlan(Settings.model_validate(chosen))


def total(file: Path, context_tokens: int, slots: int) -> int:
    """Bytes that it takes."""
    return memory.needs(gguf_file.read_header(file), context_tokens, slots, BATCH, "f16").total_bytes


async def test_all_that_was_wished_for_is_given_where_it_fits(model: ModelFile) -> None:
    plan = planner()
    assert await plan.read(model)
    found = plan.plan(model, ROOMY)
    assert (found.context_tokens, found.slots, found.is_whole) == (16384, 4, True)
    assert found.needs_bytes == total(model.path, 16384, 4)
    assert found.snapshot_bytes == 64 * 2**20


async def test_no_more_context_than_the_setting_or_the_training(model: ModelFile) -> None:
    assert planner(context_tokens=4096).plan(model, ROOMY).context_tokens == 4096
    assert planner(context_tokens=65536).plan(model, ROOMY).context_tokens == 16384
    stretched = replace(model, context_tokens=32768, options=ModelOptions(rope=Rope("yarn", 2.0)))
    assert planner(context_tokens=65536).plan(stretched, ROOMY).context_tokens == 32768


async def test_context_is_cut_to_what_fits_and_states_take_half_of_what_is_left(model: ModelFile) -> None:
    room = total(model.path, 5500, 4)
    found = planner().plan(model, room)
    assert (found.context_tokens, found.slots, found.is_whole) == (5120, 4, False)
    assert found.snapshot_bytes == (room - found.needs_bytes) // 2 < 64 * 2**20


async def test_fewer_slots_come_before_a_context_that_is_no_use(model: ModelFile) -> None:
    found = planner().plan(model, total(model.path, 2048, 3))
    assert (found.slots, found.context_tokens) == (3, 2048)
    assert planner().plan(model, total(model.path, 2048, 1)).slots == 1


async def test_context_that_was_chosen_for_the_model_is_kept_to(model: ModelFile) -> None:
    chosen = replace(model, options=ModelOptions(context_tokens=12000))
    found = planner(context_tokens=4096).plan(chosen, total(model.path, 12000, 2))
    assert (found.context_tokens, found.slots) == (12000, 2)
    with pytest.raises(TooLarge):
        planner().plan(chosen, total(model.path, 12000, 1) - 1)


async def test_too_large_is_refused_with_the_figures_and_what_would_fit(model: ModelFile) -> None:
    room = total(model.path, 2048, 1) - 2 * 2**20
    with pytest.raises(TooLarge) as refusal:
        planner().plan(model, room)
    error = refusal.value
    assert (error.code, error.params["quantization"]) == ("model_too_large", "Q8_0")
    assert error.params["available"] == human_size(room)
    for language in (ENGLISH, CHINESE):
        assert "Q8_0" in say(error.code, error.params, language)
    with pytest.raises(TooLarge, match="model_far_too_large"):
        planner().plan(model, 2**20)


async def test_what_is_loaded_beside_the_model_counts_with_the_cache_of_one_that_drafts(
    model: ModelFile, tiny_gguf: Path
) -> None:
    size = tiny_gguf.stat().st_size  # noqa: ASYNC240
    beside = ModelOptions(loras=(Lora(str(tiny_gguf)),), draft=Draft("model", str(tiny_gguf)))
    plan = planner()
    await plan.read(replace(model, options=beside))
    found = plan.plan(replace(model, options=beside), ROOMY)
    drafting = memory.needs(gguf_file.read_header(tiny_gguf), 16384, 4, BATCH, "f16")
    cache = drafting.kv_bytes + drafting.compute_bytes
    assert cache > size
    assert found.needs_bytes == total(model.path, 16384, 4) + size + drafting.weights_bytes + cache


async def test_embeddings_need_one_slot_and_no_states(model: ModelFile) -> None:
    found = planner().plan(model, ROOMY, is_embedding=True)
    assert (found.slots, found.snapshot_bytes, found.is_whole) == (1, 0, True)


async def test_replaced_file_is_read_again_and_a_missing_one_is_told(
    file: Path, tiny_gguf: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(file.read_bytes())  # noqa: ASYNC240
    model = ModelFile("mine", path, 0)
    plan = planner(context_tokens=65536)
    before = await plan.read(model)
    assert plan.plan(model, ROOMY).context_tokens == 16384
    path.write_bytes(tiny_gguf.read_bytes())  # noqa: ASYNC240
    assert await plan.read(model) != before
    assert plan.plan(model, ROOMY).context_tokens == gguf_file.read_header(tiny_gguf).context_length
    path.unlink()
    assert await plan.read(model) is None
    with pytest.raises(BadFile, match="gguf_missing"):
        plan.plan(model, ROOMY)


def test_sizes_are_for_people() -> None:
    assert [human_size(size) for size in (5 * 2**30, 312 * 2**20)] == ["5.0 GiB", "312 MiB"]
