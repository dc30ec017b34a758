"""How an answer is drawn and what it may be, as OpenAI's own Python client asks for it."""

import math
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from app.engine.events import Delta
from app.worker.grammar import JSON_GRAMMAR
from app.worker.messages import Sampling, TokenChance, TokenLogprobs
from tests.api.house import MODEL, PATIENCE_SECONDS, Served
from tests.scripted_engine import Finish

HI: Any = [{"role": "user", "content": "Hi"}]
SO = TokenLogprobs(TokenChance(7, b"So", -0.5), [TokenChance(7, b"So", -0.5), TokenChance(8, "é".encode()[:1], -1.5)])


@pytest.fixture
def sdk(served: Served) -> Iterator[OpenAI]:
    token = served.house.token()
    with OpenAI(base_url=f"{served.url}/v1", api_key=token, max_retries=0, timeout=PATIENCE_SECONDS) as made:
        yield made


def drawn(served: Served) -> Sampling:
    """How the engine was asked to draw."""
    return served.house.engine.requests[-1][1].sampling


def test_all_ways_to_draw_reach_the_engine(served: Served, sdk: OpenAI) -> None:
    sdk.chat.completions.create(
        model=MODEL,
        messages=HI,
        temperature=0.5,
        top_p=0.8,
        frequency_penalty=0.2,
        presence_penalty=-0.3,
        logit_bias={"17": -100, "18": 5},
        seed=9,
        logprobs=True,
        top_logprobs=3,
        extra_body={
            "top_k": 7,
            "min_p": 0.02,
            "typical_p": 0.9,
            "top_n_sigma": 1.5,
            "repetition_penalty": 1.2,
            "repeat_last_n": 33,
            "dry_multiplier": 0.8,
            "dry_base": 1.5,
            "dry_allowed_length": 3,
            "dry_penalty_last_n": 99,
            "dry_sequence_breakers": ["\n"],
            "xtc_probability": 0.4,
            "xtc_threshold": 0.2,
            "dynatemp_range": 0.3,
            "dynatemp_exponent": 1.1,
            "mirostat": 2,
            "mirostat_tau": 4.0,
            "mirostat_eta": 0.2,
            "ignore_eos": True,
            "grammar": 'root ::= "x"',
            "unheard_of": 1,
        },
    )
    assert drawn(served) == Sampling(
        temperature=0.5,
        top_k=7,
        top_p=0.8,
        min_p=0.02,
        typical_p=0.9,
        top_n_sigma=1.5,
        xtc_probability=0.4,
        xtc_threshold=0.2,
        temperature_range=0.3,
        temperature_exponent=1.1,
        repeat_penalty=1.2,
        frequency_penalty=0.2,
        presence_penalty=-0.3,
        repeat_last_tokens=33,
        dry_multiplier=0.8,
        dry_base=1.5,
        dry_allowed_length=3,
        dry_last_tokens=99,
        dry_breakers=("\n",),
        mirostat=2,
        mirostat_tau=4.0,
        mirostat_eta=0.2,
        logit_bias=((17, -100.0), (18, 5.0)),
        seed=9,
        grammar='root ::= "x"',
        ignore_eos=True,
        logprobs=3,
    )


def test_json_is_asked_for_by_the_response_format(served: Served, sdk: OpenAI) -> None:
    sdk.chat.completions.create(model=MODEL, messages=HI, response_format={"type": "json_object"})
    assert drawn(served).grammar == JSON_GRAMMAR
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    wished: Any = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema, "strict": True}}
    sdk.chat.completions.create(model=MODEL, messages=HI, response_format=wished)
    assert '\\"a\\"' in drawn(served).grammar
    sdk.chat.completions.create(model=MODEL, messages=HI, response_format={"type": "text"})
    assert drawn(served).grammar == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -1),
        ("top_p", 0),
        ("top_k", -1),
        ("typical_p", 0),
        ("min_p", 1.5),
        ("repeat_last_n", 10**9),
        ("frequency_penalty", 1e9),
        ("presence_penalty", "high"),
        ("dry_base", 0),
        ("dry_sequence_breakers", [""]),
        ("xtc_probability", 2),
        ("dynatemp_range", -1),
        ("mirostat", 3),
        ("mirostat_eta", -0.1),
        ("top_logprobs", 21),
        ("n", 2),
        ("grammar", "root := x"),
        ("grammar", "root ::= root"),
        ("grammar", "x" * 70_000),
        ("response_format", {"type": "xml"}),
        ("response_format", {"type": "json_schema", "json_schema": {"name": "it", "schema": {"not": {}, "type": 7}}}),
    ],
)
def test_a_wrong_value_is_a_bad_request_that_names_it(served: Served, sdk: OpenAI, name: str, value: object) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.chat.completions.create(model=MODEL, messages=HI, stream=True, extra_body={name: value})
    assert str(refused.value.param).split(".")[0] == name
    assert served.house.engine.requests == []


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("name", ["temperature", "presence_penalty", "mirostat_tau", "logit_bias"])
def test_numbers_that_are_none_are_a_bad_request(served: Served, name: str, value: str) -> None:
    said = f'{{"5": {value}}}' if name == "logit_bias" else value
    body = f'{{"model": "{MODEL}", "messages": [{{"role": "user", "content": "Hi"}}], "{name}": {said}}}'
    headers = {"Authorization": f"Bearer {served.house.token()}", "Content-Type": "application/json"}
    with served.visitor(headers) as visitor:
        answer = visitor.post("/v1/chat/completions", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith(name)


def test_a_grammar_and_a_response_format_exclude_each_other(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.chat.completions.create(
            model=MODEL,
            messages=HI,
            response_format={"type": "json_object"},
            extra_body={"grammar": 'root ::= "x"'},
        )
    assert refused.value.param == "grammar"


def test_log_probabilities_come_with_a_whole_answer(served: Served, sdk: OpenAI) -> None:
    served.house.engine.will_say(Delta("So", 1, (SO,)), Delta(" so", 1, (SO,)), Finish())
    answer = sdk.chat.completions.create(model=MODEL, messages=HI, logprobs=True, top_logprobs=2)
    told = answer.choices[0].logprobs
    assert told is not None
    assert told.content is not None
    assert [(token.token, token.bytes) for token in told.content] == [("So", [83, 111])] * 2
    assert math.isclose(told.content[0].logprob, -0.5)
    assert [(other.bytes, other.logprob) for other in told.content[0].top_logprobs] == [
        ([83, 111], -0.5),
        ([195], -1.5),
    ]


def test_log_probabilities_come_with_a_streamed_answer(served: Served, sdk: OpenAI) -> None:
    served.house.engine.will_say(Delta("So", 1, (SO,)), Delta(" so", 1, (SO,)), Finish())
    chunks = list(sdk.chat.completions.create(model=MODEL, messages=HI, logprobs=True, stream=True))
    told = [chunk.choices[0].logprobs for chunk in chunks]
    assert sum(len(each.content or []) for each in told if each is not None) == 2


def test_no_log_probabilities_come_where_none_are_wished(sdk: OpenAI) -> None:
    answer = sdk.chat.completions.create(model=MODEL, messages=HI)
    assert answer.choices[0].logprobs is None
