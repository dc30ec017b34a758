"""How a reply is drawn, by every name that the engine has for it, and how likely its tokens were."""

from collections.abc import Iterator

import httpx
import pytest

from app.engine.events import Delta
from app.worker.messages import Sampling, TokenChance, TokenLogprobs
from tests.api.house import Served
from tests.api.replying import new_chat, say, watched
from tests.scripted_engine import Finish

DRAWING = {
    "temperature": 0.5,
    "top_k": 7,
    "top_p": 0.8,
    "min_p": 0.02,
    "typical_p": 0.9,
    "top_n_sigma": 1.5,
    "xtc_probability": 0.4,
    "xtc_threshold": 0.2,
    "temperature_range": 0.3,
    "temperature_exponent": 1.1,
    "repeat_penalty": 1.2,
    "frequency_penalty": 0.2,
    "presence_penalty": -0.3,
    "repeat_last_tokens": 33,
    "dry_multiplier": 0.8,
    "dry_base": 1.5,
    "dry_allowed_length": 3,
    "dry_last_tokens": 99,
    "dry_breakers": ["\n"],
    "mirostat": 2,
    "mirostat_tau": 4.0,
    "mirostat_eta": 0.2,
    "logit_bias": {"17": -100, "18": 5},
    "seed": 9,
    "grammar": 'root ::= "x"',
    "ignore_eos": True,
    "logprobs": 3,
}


@pytest.fixture
def anna(served: Served) -> Iterator[httpx.Client]:
    with served.person() as client:
        yield client


def test_every_way_to_draw_reaches_the_engine(served: Served, anna: httpx.Client) -> None:
    assert set(DRAWING) == set(Sampling.__struct_fields__)
    watched(anna, say(anna, new_chat(anna), sampling=DRAWING).json()["id"])
    asked = {**DRAWING, "dry_breakers": ("\n",), "logit_bias": ((17, -100.0), (18, 5.0))}
    assert served.house.engine.requests[-1][1].sampling == Sampling(**asked)  # type: ignore[arg-type]


def test_json_is_asked_for_by_a_schema(served: Served, anna: httpx.Client) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    wished = {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
    watched(anna, say(anna, new_chat(anna), sampling=wished).json()["id"])
    assert '\\"a\\"' in served.house.engine.requests[-1][1].sampling.grammar


def test_a_wrong_way_to_draw_is_refused_by_its_name(served: Served, anna: httpx.Client) -> None:
    chat = new_chat(anna)
    for name in (*DRAWING, "unheard_of"):
        answer = say(anna, chat, sampling={name: -(10**9)})
        assert answer.status_code == 422
        assert f"sampling.{name}" in answer.json()["message"]
    assert anna.get(f"/api/v1/chats/{chat}/messages").json() == served.house.engine.requests == []


def test_a_wrong_grammar_or_schema_is_refused(anna: httpx.Client) -> None:
    chat = new_chat(anna)
    for sampling, code in (
        ({"grammar": "root := x"}, "grammar_invalid"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": 7}}}},
            "json_schema_unsupported",
        ),
    ):
        answer = say(anna, chat, sampling=sampling)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert anna.get(f"/api/v1/chats/{chat}/messages").json() == []


def test_how_likely_tokens_were_is_told_with_the_text_where_it_was_asked_for(
    served: Served, anna: httpx.Client
) -> None:
    half = TokenChance(8, "é".encode()[:1], -1.5)
    told = TokenLogprobs(TokenChance(7, b"So", -0.5), [half])
    served.house.engine.will_say(Delta("So", 1, (told,)), Finish())
    chat = new_chat(anna)
    (_, _, data), _ = watched(anna, say(anna, chat, sampling={"logprobs": 1}).json()["id"])
    likeliest = {"token": "\ufffd", "logprob": -1.5, "bytes": [195]}
    logprobs = [{"token": "So", "logprob": -0.5, "bytes": [83, 111], "top_logprobs": [likeliest]}]
    assert data == {"text": "So", "tokens": 1, "logprobs": logprobs}
    served.house.engine.will_say(Delta("So", 1), Finish())
    (_, _, data), _ = watched(anna, say(anna, chat).json()["id"])
    assert data == {"text": "So", "tokens": 1}
