"""LoRA adapters on a real llama.cpp: nothing at scale 0, the sum of the weights at scale 1, refusals."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from llama_cpp import llama_cpp as c

from app.worker.errors import LlamaError
from app.worker.llama import adapters
from app.worker.llama.log import Log
from app.worker.llama.model import Model
from app.worker.messages import Backend, Lora
from tests.worker.lora_files import Array, random_pairs, write_lora, write_merged

TOKENS = list(range(40, 72))


def opened(path: Path, log: Log, backend: Backend | None = None, use_mmap: bool | None = None) -> Model:
    return Model(path, log, False, lambda _fraction: None, backend or Backend(), use_mmap)


def logits(path: Path, loras: Sequence[Lora] = (), model: Model | None = None) -> Array:
    """Behind the last of TOKENS."""
    log = Log()
    model = model or opened(path, log)
    parameters = c.llama_context_default_params()
    parameters.n_ctx = 64
    parameters.n_threads = parameters.n_threads_batch = 1
    context = c.llama_init_from_model(model.handle, parameters)
    try:
        adapters.attach(model, context, loras, log)
        tokens = (c.llama_token * len(TOKENS))(*TOKENS)
        assert c.llama_decode(context, c.llama_batch_get_one(tokens, len(TOKENS))) == 0
        found: Array = np.ctypeslib.as_array(c.llama_get_logits_ith(context, -1), (model.vocabulary.size,)).copy()
        return found
    finally:
        c.llama_free(context)


@pytest.fixture(scope="module")
def lora(tiny_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter of the tiny model."""
    return write_lora(tmp_path_factory.mktemp("lora") / "adapter.gguf", random_pairs(tiny_gguf))


def test_an_adapter_at_scale_0_changes_nothing(tiny_gguf: Path, lora: Path) -> None:
    assert np.array_equal(logits(tiny_gguf, [Lora(str(lora), 0.0)]), logits(tiny_gguf))


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_an_adapter_computes_as_if_its_product_were_in_the_weights(
    tiny_gguf: Path, lora: Path, tmp_path: Path, scale: float
) -> None:
    merged = write_merged(tmp_path / "merged.gguf", tiny_gguf, random_pairs(tiny_gguf), scale)
    plain, adapted, expected = logits(tiny_gguf), logits(tiny_gguf, [Lora(str(lora), scale)]), logits(merged)
    assert np.abs(adapted - plain).max() > 0.1
    assert np.abs(adapted - expected).max() < 0.05


def test_two_adapters_add_up(tiny_gguf: Path, lora: Path, tmp_path: Path) -> None:
    other = write_lora(tmp_path / "other.gguf", random_pairs(tiny_gguf, seed=6))
    both = logits(tiny_gguf, [Lora(str(lora), 1.0), Lora(str(other), 1.0)])
    assert np.abs(both - logits(tiny_gguf, [Lora(str(lora), 1.0)])).max() > 0.1
    assert np.abs(both - logits(tiny_gguf, [Lora(str(other), 1.0), Lora(str(lora), 1.0)])).max() < 0.01


def test_an_adapter_of_another_model_is_refused_with_llama_cpps_own_words(tiny_gguf: Path, tmp_path: Path) -> None:
    pairs = random_pairs(tiny_gguf)
    narrow = {name: (a[:, :128].copy(), b) for name, (a, b) in pairs.items()}
    unknown = {"blk.99.attn_q.weight": next(iter(pairs.values()))}
    (tmp_path / "torn.gguf").write_bytes(b"GGUF" + bytes(40))
    wrong = {
        "architecture": write_lora(tmp_path / "architecture.gguf", pairs, "qwen2"),
        "shape": write_lora(tmp_path / "shape.gguf", narrow),
        "layer": write_lora(tmp_path / "layer.gguf", unknown),
        "model": tiny_gguf,
        "missing": tmp_path / "missing.gguf",
        "torn": tmp_path / "torn.gguf",
    }
    for name, path in wrong.items():
        with pytest.raises(LlamaError) as caught:
            logits(tiny_gguf, [Lora(str(path))])
        assert caught.value.code == "lora_does_not_fit", name
        assert caught.value.detail, name


@pytest.mark.parametrize("use_mmap", [None, True, False])
@pytest.mark.parametrize("extra_buffers", [True, False])
def test_a_model_computes_the_same_however_it_is_loaded(
    tiny_gguf: Path, use_mmap: bool | None, extra_buffers: bool
) -> None:
    model = opened(tiny_gguf, Log(), Backend(extra_buffers=extra_buffers), use_mmap)
    assert np.abs(logits(tiny_gguf, model=model) - logits(tiny_gguf)).max() < 0.05


def test_a_model_tells_what_its_header_says(tiny_gguf: Path) -> None:
    model = opened(tiny_gguf, Log())
    assert (model.is_recurrent, model.is_hybrid) == (False, False)
    assert model.metadata()["general.architecture"] == "llama"
    facts = model.rope_facts
    assert (facts.trained_context, facts.freq_base, facts.head_dim, facts.file_factor) == (2048, 500000.0, 64, 1.0)
