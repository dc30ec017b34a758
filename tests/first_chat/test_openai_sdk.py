"""OpenAI's own Python SDK against the running server and the real Guide."""

from concurrent.futures import ThreadPoolExecutor

import httpx
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.commands.hearth import Hearth

GUIDE = "hearth-guide"
QUESTIONS = [
    "How do I download a model?",
    "What is Q4_K_M?",
    "What fits in 8 GB?",
    "How do I reach Hearth from outside?",
    "What is a GGUF file?",
    "How do I add a person?",
    "Hello!",
    "What is quantization?",
]


def asked(question: str) -> list[ChatCompletionMessageParam]:
    """A conversation of one question."""
    return [{"role": "user", "content": question}]


def answered(client: OpenAI, question: str) -> str:
    """The whole greedy answer."""
    done = client.chat.completions.create(model=GUIDE, messages=asked(question), temperature=0)
    assert done.choices[0].finish_reason == "stop"
    return done.choices[0].message.content or ""


def test_the_models_are_listed(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [GUIDE]


def test_a_streamed_answer_is_the_whole_one_in_pieces(client: OpenAI) -> None:
    whole = answered(client, QUESTIONS[0])
    stream = client.chat.completions.create(model=GUIDE, messages=asked(QUESTIONS[0]), temperature=0, stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert "".join(pieces) == whole
    assert len([piece for piece in pieces if piece]) > 1
    assert "GGUF" in whole


def test_eight_simultaneous_chats_say_what_each_says_alone(client: OpenAI) -> None:
    alone = [answered(client, question) for question in QUESTIONS]
    with ThreadPoolExecutor(len(QUESTIONS)) as people:
        together = list(people.map(lambda question: answered(client, question), QUESTIONS))
    assert together == alone
    assert all(alone)


def test_the_terminal_chats_with_the_running_server(client: OpenAI, hearth: Hearth, visitor: httpx.Client) -> None:
    url = str(visitor.base_url).rstrip("/")
    words = ("chat", "--url", url, "--token", client.api_key, "--temperature", "0")
    done = hearth.run(*words, stdin=f"{QUESTIONS[0]}\n")
    assert done.returncode == 0, done.stderr
    assert answered(client, QUESTIONS[0]).splitlines()[0] in done.stdout


def test_a_text_goes_on_as_it_is(client: OpenAI) -> None:
    first, second = (
        client.completions.create(model=GUIDE, prompt="Hearth is", max_tokens=6, temperature=0) for _ in range(2)
    )
    assert first.choices[0].text == second.choices[0].text != ""
    assert first.usage is not None
    assert 1 < first.usage.prompt_tokens < 8
    with client.completions.create(model=GUIDE, prompt="Hearth is", max_tokens=6, temperature=0, stream=True) as stream:
        assert "".join(chunk.choices[0].text for chunk in stream) == first.choices[0].text
