"""A model's options all the way down to a real worker: LoRA adapters and stretched positions."""

from pathlib import Path

import pytest

from app.engine.events import ModelFile, ModelOptions
from app.engine.pool import Pool
from app.engine.worker_process import WORKER_TARGET
from app.errors import BadFile
from app.worker.messages import Lora, Rope, Turn
from tests.engine.party import ask_greedily, pool_of
from tests.worker.lora_files import random_pairs, write_lora, write_merged

pytestmark = pytest.mark.anyio

HELLO = [Turn("user", "How do I download a model?")]


async def written(pool: Pool, path: Path, options: ModelOptions) -> str:
    """What is said to HELLO, greedily."""
    model = ModelFile(f"{path.stem} {options}", path, 2048, "", options)
    asked = ask_greedily(pool, model, (await pool.render(model, HELLO)).tokens, max_tokens=12)
    await asked.end()
    return asked.text


async def test_an_adapter_speaks_as_the_model_that_it_was_worked_into(tiny_gguf: Path, tmp_path: Path) -> None:
    pairs = random_pairs(tiny_gguf)
    lora = write_lora(tmp_path / "lora.gguf", pairs)
    merged = write_merged(tmp_path / "merged.gguf", tiny_gguf, pairs)
    async with pool_of(WORKER_TARGET, slots=1, context_tokens=512, loaded_models=1) as pool:
        plain = await written(pool, tiny_gguf, ModelOptions())
        adapted = await written(pool, tiny_gguf, ModelOptions(loras=(Lora(str(lora)),)))
        assert await written(pool, tiny_gguf, ModelOptions(loras=(Lora(str(lora), 0.0),))) == plain
        assert await written(pool, merged, ModelOptions()) == adapted != plain


async def test_an_adapter_that_does_not_fit_is_told(tiny_gguf: Path, tmp_path: Path) -> None:
    lora = write_lora(tmp_path / "lora.gguf", random_pairs(tiny_gguf), "qwen2")
    async with pool_of(WORKER_TARGET, slots=1, context_tokens=512) as pool:
        with pytest.raises(BadFile) as caught:
            await written(pool, tiny_gguf, ModelOptions(loras=(Lora(str(lora)),)))
        assert caught.value.code == "lora_does_not_fit"
        assert "arch" in str(caught.value.params["detail"])
        assert await written(pool, tiny_gguf, ModelOptions())


async def test_a_stretched_model_has_the_longer_context(tiny_gguf: Path) -> None:
    options = ModelOptions(context_tokens=4096, rope=Rope("linear", 2.0))
    model = ModelFile("stretched", tiny_gguf, 4096, "", options)
    async with pool_of(WORKER_TARGET, slots=1) as pool:
        assert await pool.context_tokens(model) == 4096
        asked = ask_greedily(pool, model, (await pool.render(model, HELLO)).tokens, max_tokens=4)
        await asked.end()
        assert await pool.context_tokens(model) == 4096
