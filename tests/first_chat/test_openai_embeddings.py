"""Texts to vectors: OpenAI's own SDK, the running server, and the Guide, which any model can stand in for."""

import math

import openai
import pytest
from openai import OpenAI

GUIDE = "hearth-guide"


def test_texts_become_vectors_of_length_one_while_the_same_model_chats(client: OpenAI) -> None:
    texts = ["What is a GGUF file?", "How do I add a person?", "What is a GGUF file?"]
    one, other, again = (each.embedding for each in client.embeddings.create(model=GUIDE, input=texts).data)
    assert math.isclose(sum(number * number for number in one), 1, abs_tol=1e-4)
    assert sum(left * right for left, right in zip(one, again, strict=True)) > 0.999
    assert sum(left * right for left, right in zip(one, other, strict=True)) < 0.999
    answer = client.chat.completions.create(model=GUIDE, messages=[{"role": "user", "content": texts[0]}])
    assert answer.choices[0].message.content


def test_a_text_that_the_model_cannot_take_as_a_whole_is_refused(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.embeddings.create(model=GUIDE, input="fire and warmth " * 20_000)
    assert refused.value.status_code in (400, 413)
