"""Random weights to measure with: they load, count as much as they should, and have the types that quantizing gives."""

from pathlib import Path

import numpy as np
import pytest

from app.errors import InvalidInput
from app.weights import quantize
from app.weights.gguf_file import read_header
from app.weights.random_model import write_random_model
from app.weights.random_vocabulary import random_vocabulary
from app.weights.shapes import Shape
from tests.weights import llama_view

SHAPE = Shape(num_layers=17, width=256, num_heads=4, num_kv_heads=2, ffn=512)
TEXT = "The quick children carry the water up the mountain, and they are happy."


@pytest.mark.parametrize("quantization", ["F16", "Q8_0", "Q4_K_M", "Q5_K_M"])
def test_llama_cpp_computes_with_random_weights(quantization: str, tmp_path: Path) -> None:
    path = tmp_path / "random.gguf"
    write_random_model(path, SHAPE, 1024, quantization, 1)
    assert list(tmp_path.iterdir()) == [path]
    assert read_header(path).quantization == quantization
    with llama_view.opened(path) as view:
        tokens = view.tokens(TEXT, with_begin=True)
        logits = view.logits(tokens)
        special = view.special_tokens()
    assert np.isfinite(logits).all()
    assert 0.1 < logits[:, :1000].std() < 10
    assert special == {"bos": 1019, "eos": 1020, "eot": 1023}
    for token in special.values():
        assert (logits[:, token] == 0).all()
    assert (logits[1:].max(axis=1) > 1).all()


def test_types_are_those_that_llama_cpp_chooses(tmp_path: Path) -> None:
    write_random_model(tmp_path / "whole.gguf", SHAPE, 1024, "F16", 1)
    for name in ("Q4_K_M", "Q8_0"):
        quantize.quantize(tmp_path / "whole.gguf", tmp_path / f"theirs-{name}.gguf", name, lambda _: None, 2)
        write_random_model(tmp_path / f"ours-{name}.gguf", SHAPE, 1024, name, 1)
        ours, theirs = (read_header(tmp_path / f"{side}-{name}.gguf") for side in ("ours", "theirs"))
        assert {(tensor.name, tensor.type) for tensor in ours.tensors} == {
            (tensor.name, tensor.type) for tensor in theirs.tensors
        }


@pytest.mark.parametrize("size", [512, 32_000, 128_256])
def test_a_vocabulary_has_its_size_and_no_token_twice(size: int) -> None:
    vocabulary = random_vocabulary(size)
    assert len(set(vocabulary.tokens)) == size
    assert set("".join(merge.replace(" ", "") for merge in vocabulary.merges)) <= set("".join(vocabulary.tokens))


def test_too_small_a_vocabulary_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        random_vocabulary(300)
    assert refusal.value.code == "vocabulary_too_small"


def test_english_comes_to_two_letters_a_token_or_more(tmp_path: Path) -> None:
    write_random_model(tmp_path / "random.gguf", Shape(1, 256, 4, 2, 256), 32_000, "Q8_0", 1)
    with llama_view.opened(tmp_path / "random.gguf") as view:
        assert len(view.tokens(TEXT)) < len(TEXT) / 2
