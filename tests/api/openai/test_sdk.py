"""OpenAI's own Python client against Hearth behind a real server."""

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI

from app.engine.events import Delta
from app.errors import Unavailable
from tests.api.house import MODEL, PATIENCE_SECONDS, Served
from tests.scripted_engine import Finish


@pytest.fixture
def sdk(served: Served) -> Iterator[OpenAI]:
    with client(served, served.house.token()) as made:
        yield made


def client(served: Served, token: str) -> OpenAI:
    return OpenAI(base_url=f"{served.url}/v1", api_key=token, max_retries=0, timeout=PATIENCE_SECONDS)


def test_models_are_listed(sdk: OpenAI) -> None:
    assert [model.id for model in sdk.models.list()] == [MODEL]
    assert sdk.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError):
        sdk.models.retrieve("no-such-model")


def test_whole_answer(sdk: OpenAI) -> None:
    answer = sdk.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])
    assert answer.object == "chat.completion"
    assert answer.model == MODEL
    assert answer.choices[0].message.content == "Hello there!"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 3


def test_streamed_answer(sdk: OpenAI) -> None:
    chunks = list(
        sdk.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "Hello there!"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3
    assert len({chunk.id for chunk in chunks}) == 1


def test_stream_has_no_numbers_unless_wished(sdk: OpenAI) -> None:
    stream = sdk.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}], stream=True)
    assert [chunk.usage for chunk in stream if chunk.usage] == []


def test_answer_that_was_cut_says_so(served: Served, sdk: OpenAI) -> None:
    served.house.engine.will_say(Delta("Too", 1), Finish("length"))
    answer = sdk.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}], max_tokens=1)
    assert answer.choices[0].finish_reason == "length"
    assert served.house.engine.requests[-1][1].max_tokens == 1


def test_wishes_and_parts_of_messages_reach_the_engine(served: Served, sdk: OpenAI) -> None:
    sdk.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hi "}, {"type": "text", "text": "you"}]},
        ],
        temperature=0,
        top_p=0.5,
        seed=3,
        stop=["END"],
        max_completion_tokens=9,
        presence_penalty=0.5,
        user="somebody",
    )
    _, turns = served.house.engine.rendered[-1]
    assert [(turn.role, turn.content) for turn in turns] == [("system", "Be brief."), ("user", "Hi you")]
    _, request = served.house.engine.requests[-1]
    assert (request.sampling.temperature, request.sampling.top_p, request.sampling.seed) == (0, 0.5, 3)
    assert (request.stop, request.max_tokens) == (("END",), 9)


def test_wrong_token_is_an_authentication_error(served: Served) -> None:
    served.house.sign_in()
    with client(served, "wrong") as stranger, pytest.raises(openai.AuthenticationError) as refused:
        stranger.models.list()
    assert refused.value.code == "invalid_api_key"


def test_unknown_model_is_a_not_found_error(sdk: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        sdk.chat.completions.create(model="no-such-model", messages=[{"role": "user", "content": "Hi"}])
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize("stream", [False, True])
def test_too_long_conversation_is_a_bad_request(sdk: OpenAI, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "word " * 10_000}], stream=stream
        )
    assert (refused.value.code, refused.value.param) == ("context_length_exceeded", "messages")
    assert refused.value.type == "invalid_request_error"


def test_wrong_value_is_a_bad_request_that_names_the_field(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}], temperature=9)
    assert refused.value.param == "temperature"


def test_failure_while_writing_is_an_error_of_the_stream(served: Served, sdk: OpenAI) -> None:
    served.house.engine.will_say(Delta("So", 1), Unavailable("internal_error"))
    stream = sdk.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}], stream=True)
    with pytest.raises(openai.APIError, match="inside Hearth"):
        list(stream)


def test_failure_of_a_whole_answer_is_a_server_error(served: Served, sdk: OpenAI) -> None:
    served.house.engine.will_say(Delta("So", 1), Unavailable("internal_error"))
    with pytest.raises(openai.InternalServerError):
        sdk.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])
