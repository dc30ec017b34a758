"""Vectors from the real llama.cpp, on a tiny model that was never made for it: pooled by the mean, of length 1."""

import math
import random
from pathlib import Path

import pytest

from app.worker.errors import LlamaError
from app.worker.llama.embeddings import TEXTS_AT_ONCE, EmbeddingContext
from app.worker.llama.log import Log
from app.worker.messages import Load


@pytest.fixture(scope="module")
def context(tiny_gguf: Path) -> EmbeddingContext:
    load = Load(str(tiny_gguf), context_tokens=128, slots=1, batch_tokens=64, threads=1, is_embedding=True)
    return EmbeddingContext(load, Log(), lambda _fraction: None)


def some_texts(count: int) -> list[list[int]]:
    draw = random.Random(4)
    return [[draw.randrange(400) for _ in range(draw.randrange(1, 100))] for _ in range(count)]


def closeness(one: list[float], other: list[float]) -> float:
    return sum(left * right for left, right in zip(one, other, strict=True))


def test_every_vector_has_length_one_and_the_size_that_is_told(context: EmbeddingContext) -> None:
    vectors = context.embed(some_texts(5))
    assert [len(vector) for vector in vectors] == [context.size] * 5
    assert all(math.isclose(math.sqrt(closeness(vector, vector)), 1, abs_tol=1e-6) for vector in vectors)


def test_the_same_text_has_the_same_vector_and_another_another(context: EmbeddingContext) -> None:
    text, other = some_texts(2)
    assert context.embed([text]) == context.embed([text])
    assert closeness(*context.embed([text, other])) < 0.99


def test_together_and_alone_come_the_same_vectors(context: EmbeddingContext) -> None:
    texts = some_texts(3 * TEXTS_AT_ONCE)
    alone = [context.embed([text])[0] for text in texts]
    for one, other in zip(alone, context.embed(texts), strict=True):
        assert closeness(one, other) > 0.999


def test_many_short_texts_are_more_than_one_pass_holds(context: EmbeddingContext) -> None:
    texts = [[number, number + 1] for number in range(100)]
    vectors = context.embed(texts)
    assert closeness(vectors[70], context.embed([texts[70]])[0]) > 0.999


def test_a_text_that_is_too_long_is_refused_with_the_figures(context: EmbeddingContext) -> None:
    with pytest.raises(LlamaError) as refused:
        context.embed([[5], [5] * 128])
    assert (refused.value.code, refused.value.detail) == ("text_too_long", "129 tokens, at most 128")
    assert len(context.embed([[5] * 127])) == 1


def test_no_texts_are_no_vectors(context: EmbeddingContext) -> None:
    assert context.embed([]) == []
