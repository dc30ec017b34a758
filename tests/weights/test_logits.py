"""A converted file computes what the checkpoint computes: llama.cpp against a Llama in numpy."""

from pathlib import Path

import numpy as np
import pytest

from app.weights import convert
from app.weights.progress import Progress
from tests import tiny_model
from tests.tiny_model import TinyModel
from tests.weights import llama_view, numpy_llama

LLAMA3_SCALING = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
NUM_TOKENS = 160
KINDS = {
    "plain": TinyModel(),
    "tied": TinyModel(is_tied=True),
    "multi-head": TinyModel(num_kv_heads=4),
    "small heads": TinyModel(head_dim=32),
    "biases": TinyModel(has_biases=True),
    "llama3 scaling": TinyModel(rope_scaling=LLAMA3_SCALING),
    "linear scaling": TinyModel(rope_scaling={"type": "linear", "factor": 4.0}),
    "shards of bf16": TinyModel(dtype="BF16", num_shards=3, num_layers=3),
}


def ignore(_progress: Progress) -> None:
    """Nobody watches."""


def tokens() -> list[int]:
    return [506, *np.random.default_rng(3).integers(0, 500, NUM_TOKENS - 1).tolist()]


@pytest.mark.parametrize("kind", KINDS)
def test_f32_file_gives_the_logits_of_the_checkpoint(kind: str, tmp_path: Path) -> None:
    model = KINDS[kind]
    output = tmp_path / "model.gguf"
    convert.convert(tiny_model.write_checkpoint(tmp_path / "hf", model), output, "f32", ignore)
    expected = numpy_llama.logits(model, as_stored(model), tokens())
    with llama_view.opened(output) as view:
        found = view.logits(tokens())
    assert np.abs(expected).max() > 2
    assert np.abs(found - expected).max() <= 1e-3


@pytest.mark.parametrize(("output_type", "most"), [("f16", 0.05), ("bf16", 0.3)])
def test_half_precision_files_stay_close(output_type: str, most: float, tiny_checkpoint: Path, tmp_path: Path) -> None:
    convert.convert(tiny_checkpoint, tmp_path / "model.gguf", output_type, ignore)
    expected = numpy_llama.logits(TinyModel(), tiny_model.weights(), tokens())
    with llama_view.opened(tmp_path / "model.gguf") as view:
        found = view.logits(tokens())
    assert np.abs(found - expected).max() <= most


def test_the_oracle_notices_rows_in_the_wrong_order() -> None:
    model = TinyModel()
    weights = tiny_model.weights(model)
    name = "model.layers.0.self_attn.q_proj.weight"
    wrong = weights | {name: weights[name].reshape(4, 2, 32, 256).swapaxes(1, 2).reshape(256, 256)}
    difference = numpy_llama.logits(model, weights, tokens()) - numpy_llama.logits(model, wrong, tokens())
    assert np.abs(difference).max() > 0.1


def as_stored(model: TinyModel) -> dict[str, tiny_model.Array]:
    """The weights with the precision that the checkpoint's file has."""
    weights = tiny_model.weights(model)
    if model.dtype != "BF16":
        return weights
    return {name: (tensor.view(np.uint32) & 0xFFFF0000).view(np.float32) for name, tensor in weights.items()}
