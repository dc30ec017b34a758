"""Stretched positions on the real llama.cpp: an option computes what a file that says the same computes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from llama_cpp import llama_cpp as c

from app.weights import convert
from app.worker.llama.context import LlamaContext
from app.worker.llama.log import Log
from app.worker.messages import Load, Rope
from tests import tiny_model

TOKENS = [(7 * place) % 400 for place in range(200)]
CONTEXT = 64


def model_of(folder: Path, theta: float, scaling: Mapping[str, Any] | None, context: int) -> Path:
    """A tiny model whose file says these positions; its weights are always the same."""
    tiny = replace(tiny_model.DEFAULT, rope_theta=theta, rope_scaling=scaling, context=context)
    folder.mkdir()
    convert.convert(tiny_model.write_checkpoint(folder / "hf", tiny), folder / "it.gguf", "f16", lambda _progress: None)
    return folder / "it.gguf"


def logits(path: Path, scaling: Rope, tokens: Sequence[int] = TOKENS) -> npt.NDArray[np.float32]:
    """Behind the last token, in a context that is as long as can be had."""
    context = LlamaContext(Load(str(path), 4096, 1, len(tokens), 1, rope=scaling), Log(), lambda _fraction: None)
    assert context.context_tokens >= len(tokens)
    context.begin()
    index = context.add(0, 0, tokens, 1)
    context.decode()
    found = c.llama_get_logits_ith(context._context, index)
    return np.ctypeslib.as_array(found, (context.vocabulary.size,)).copy()


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was made for 64 tokens."""
    return model_of(tmp_path_factory.mktemp("short") / "model", 10_000.0, None, CONTEXT)


@pytest.mark.parametrize(
    ("chosen", "theta", "scaling"),
    [
        (Rope("linear", 4.0), 10_000.0, {"rope_type": "linear", "factor": 4.0}),
        (Rope("ntk", 4.0), 10_000.0 * 4 ** (64 / 62), None),
        (
            Rope("yarn", 4.0),
            10_000.0,
            {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": CONTEXT},
        ),
    ],
)
def test_an_option_computes_what_a_file_that_says_the_same_computes(
    short: Path, tmp_path: Path, chosen: Rope, theta: float, scaling: Mapping[str, Any] | None
) -> None:
    said = model_of(tmp_path / "said", theta, scaling, 4 * CONTEXT)
    by_file, by_option = logits(said, Rope()), logits(short, chosen)
    assert np.abs(by_file - by_option).max() < 0.01
    assert np.abs(by_file - logits(model_of(tmp_path / "plain", 10_000.0, None, 256), Rope())).max() > 0.1


def test_none_undoes_what_the_file_says(short: Path, tmp_path: Path) -> None:
    said = model_of(tmp_path / "said", 10_000.0, {"rope_type": "linear", "factor": 4.0}, CONTEXT)
    few = TOKENS[:16]
    assert np.abs(logits(said, Rope("none"), few) - logits(short, Rope(), few)).max() < 0.01
    assert np.abs(logits(said, Rope(), few) - logits(short, Rope(), few)).max() > 0.1


@pytest.mark.parametrize(
    ("chosen", "context_tokens"),
    [(Rope(), 64), (Rope("none"), 64), (Rope("linear", 2.0), 128), (Rope("ntk", 3.0), 192)],
)
def test_a_context_is_as_long_as_the_positions_reach(short: Path, chosen: Rope, context_tokens: int) -> None:
    context = LlamaContext(Load(str(short), 4096, 1, 32, 1, rope=chosen), Log(), lambda _fraction: None)
    assert context.context_tokens == context_tokens
