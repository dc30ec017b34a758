"""Embeddings, as OpenAI's own Python client asks for them."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from app.errors import Busy
from tests.api.house import MODEL, PATIENCE_SECONDS, Served


@pytest.fixture
def sdk(served: Served) -> Iterator[OpenAI]:
    token = served.house.token()
    with OpenAI(base_url=f"{served.url}/v1", api_key=token, max_retries=0, timeout=PATIENCE_SECONDS) as made:
        yield made


def test_one_text_is_one_vector(sdk: OpenAI) -> None:
    done = sdk.embeddings.create(model=MODEL, input="a warm fire")
    assert [each.embedding for each in done.data] == [[1.0, 0.0]]
    assert done.model == MODEL
    assert done.usage.prompt_tokens == 3


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_several_texts_are_vectors_in_their_order(sdk: OpenAI, encoding: Any) -> None:  # noqa: ANN401
    done = sdk.embeddings.create(model=MODEL, input=["one", "two words"], encoding_format=encoding)
    assert [each.index for each in done.data] == [0, 1]
    first = done.data[0].embedding
    assert first == ([1.0, 0.0] if encoding == "float" else "AACAPwAAAAA=")


@pytest.mark.parametrize(
    ("wished", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", " "]}, None),
        ({"input": [1, 2, 3]}, "input"),
        ({"input": [[1, 2], [3]]}, "input"),
        ({"input": ["x"] * 2049}, "input"),
        ({"input": "a", "dimensions": 8}, "dimensions"),
    ],
)
def test_what_cannot_be_turned_into_vectors_is_a_bad_request(
    sdk: OpenAI, wished: dict[str, Any], param: str | None
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.embeddings.create(model=MODEL, **wished)
    assert refused.value.param == param


def test_an_unknown_model_is_not_found(sdk: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        sdk.embeddings.create(model="none", input="a")


def test_a_full_house_is_told(served: Served, sdk: OpenAI) -> None:
    served.house.engine.room_error = Busy("queue_full", waiting=3)
    with pytest.raises(openai.RateLimitError):
        sdk.embeddings.create(model=MODEL, input="a")
