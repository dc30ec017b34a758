"""Texts that go on without a chat template, as OpenAI's own Python client asks for it."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from app.engine.events import Delta
from app.errors import Unavailable
from tests.api.house import MODEL, PATIENCE_SECONDS, Served
from tests.scripted_engine import Finish


@pytest.fixture
def sdk(served: Served) -> Iterator[OpenAI]:
    token = served.house.token()
    with OpenAI(base_url=f"{served.url}/v1", api_key=token, max_retries=0, timeout=PATIENCE_SECONDS) as made:
        yield made


@pytest.mark.parametrize("prompt", ["Once upon a time", ["Once upon a time"]])
def test_a_text_goes_on_without_a_template(served: Served, sdk: OpenAI, prompt: Any) -> None:  # noqa: ANN401
    answer = sdk.completions.create(model=MODEL, prompt=prompt, stop=["END"], seed=3)
    assert (answer.object, answer.model) == ("text_completion", MODEL)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("Hello there!", "stop")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 3)
    assert served.house.engine.rendered == []
    _, request = served.house.engine.requests[-1]
    assert (request.tokens, request.num_shared, request.chat) == ((0, 1, 2, 3), 0, "")
    assert (request.max_tokens, request.stop, request.sampling.seed) == (16, ("END",), 3)


def test_thoughts_are_text_as_all_else(served: Served, sdk: OpenAI) -> None:
    served.house.engine.will_say(Delta("<think>1</think>", 3), Delta("2", 1), Finish("length"))
    answer = sdk.completions.create(model=MODEL, prompt="1 +", max_tokens=4)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("<think>1</think>2", "length")
    assert served.house.engine.requests[-1][1].max_tokens == 4


def test_a_text_is_streamed(sdk: OpenAI) -> None:
    stream = sdk.completions.create(model=MODEL, prompt="Hi", stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    assert {chunk.object for chunk in chunks} == {"text_completion"}
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == "Hello there!"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prompt", [1, 2, 3]),
        ("prompt", [[1, 2, 3]]),
        ("prompt", ["one", "two"]),
        ("prompt", []),
        ("logprobs", 2),
        ("echo", True),
        ("suffix", "the end"),
        ("best_of", 2),
        ("n", 2),
        ("temperature", -1),
    ],
)
def test_what_is_not_offered_is_a_bad_request_that_names_it(
    served: Served, sdk: OpenAI, name: str, value: object
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.completions.create(model=MODEL, prompt="Hi", extra_body={name: value})
    assert refused.value.param == name
    assert served.house.engine.requests == []


@pytest.mark.parametrize("text", ["", " ", "word " * 10_000])
def test_no_text_and_too_much_text_are_bad_requests(sdk: OpenAI, text: str) -> None:
    with pytest.raises(openai.BadRequestError):
        sdk.completions.create(model=MODEL, prompt=text)


def test_a_failure_is_told(served: Served, sdk: OpenAI) -> None:
    served.house.engine.will_say(Delta("So", 1), Unavailable("internal_error"))
    with pytest.raises(openai.InternalServerError):
        sdk.completions.create(model=MODEL, prompt="Hi")
    with pytest.raises(openai.APIError, match="inside Hearth"):
        list(sdk.completions.create(model=MODEL, prompt="Hi", stream=True))
