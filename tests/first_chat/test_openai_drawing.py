"""How answers are drawn and what they may be: OpenAI's own SDK, the running server, the real Guide."""

import json
from typing import Any

import openai
import pytest
from openai import OpenAI

GUIDE = "hearth-guide"
ASKED: Any = [{"role": "user", "content": "What is a GGUF file?"}]


def answered(client: OpenAI, **wishes: Any) -> str:  # noqa: ANN401
    done = client.chat.completions.create(model=GUIDE, messages=ASKED, **wishes)
    return done.choices[0].message.content or ""


def test_an_answer_is_held_to_a_schema(client: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["file", "program"]},
            "letters": {"type": "integer", "minimum": 1, "maximum": 9},
            "words": {"type": "array", "items": {"type": "string", "maxLength": 8}, "minItems": 1, "maxItems": 3},
        },
        "required": ["kind", "letters", "words"],
        "additionalProperties": False,
    }
    wished = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    for seed in range(4):
        told = json.loads(answered(client, response_format=wished, temperature=1.5, seed=seed))
        assert told["kind"] in ("file", "program")
        assert 1 <= told["letters"] <= 9
        assert 1 <= len(told["words"]) <= 3


def test_an_answer_is_held_to_a_grammar(client: OpenAI) -> None:
    assert answered(client, extra_body={"grammar": 'root ::= "yes" | "no"'}) in ("yes", "no")


def test_the_same_seed_gives_the_same_text(client: OpenAI) -> None:
    wild: Any = {"temperature": 4, "top_p": 1, "max_tokens": 40, "extra_body": {"top_k": 0, "min_p": 0}}
    texts = [answered(client, seed=seed, **wild) for seed in (5, 5, 6)]
    assert texts[0] == texts[1] != texts[2]


def test_log_probabilities_tell_the_tokens_of_the_answer(client: OpenAI) -> None:
    wishes: Any = {"temperature": 0, "logprobs": True, "top_logprobs": 2}
    done = client.chat.completions.create(model=GUIDE, messages=ASKED, **wishes)
    told = done.choices[0].logprobs
    assert told is not None
    assert told.content
    text = b"".join(bytes(token.bytes or ()) for token in told.content).decode()
    assert text == done.choices[0].message.content
    for token in told.content:
        assert token.logprob <= 0
        assert token.top_logprobs[0].bytes == token.bytes
        assert token.top_logprobs[0].logprob >= token.top_logprobs[1].logprob
    chunks = list(client.chat.completions.create(model=GUIDE, messages=ASKED, stream=True, **wishes))
    streamed = [
        each
        for chunk in chunks
        for choice in chunk.choices
        if choice.logprobs
        for each in choice.logprobs.content or ()
    ]
    assert [token.bytes for token in streamed] == [token.bytes for token in told.content]


def test_banned_tokens_are_not_written(client: OpenAI) -> None:
    banned: Any = {str(token): -100 for token in range(1000)}
    plain = answered(client, temperature=0, max_tokens=16)
    assert answered(client, temperature=0, max_tokens=16, logit_bias=banned) != plain


def test_an_answer_that_may_not_end_goes_on_to_its_limit(client: OpenAI) -> None:
    done = client.chat.completions.create(
        model=GUIDE, messages=ASKED, temperature=0, max_tokens=300, extra_body={"ignore_eos": True}
    )
    assert done.choices[0].finish_reason == "length"


@pytest.mark.parametrize("grammar", ["root ::= root", "root ::= " + "(" * 5000, 'root ::= "a"{999999999}', "x"])
def test_a_hostile_grammar_is_a_bad_request_and_nothing_else_happens(client: OpenAI, grammar: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        answered(client, extra_body={"grammar": grammar})
    assert refused.value.param == "grammar"
    assert answered(client, temperature=0)


def test_ways_that_multiply_end_one_answer_and_no_process(client: OpenAI) -> None:
    grammar = 'root ::= [a-z ] root "b" | [a-z ] root "c" | "d"'
    assert len(answered(client, temperature=0, max_tokens=60, extra_body={"grammar": grammar})) < 200
    assert answered(client, temperature=0)
