"""Asks an OpenAI-compatible server and takes the time, one thread a stream.

While an answer comes, nothing is done with it but to note when each piece came; it is read when it is over. Tokens are
those that the server counted, times are ours.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from app.errors import Unavailable
from app.fetch import Client, RequestFailed

# Text that is not empty: of the answer, or of what a model thinks before it.
TEXT: Final = re.compile(rb'content":\s?"[^"]')

PIECES_BEFORE: Final = 32
WAIT_SECONDS: Final = 120.0

# A side rests while the other one is measured; a connection that is kept might be closed just when it is used again.
NOT_KEPT = {"connection": "close"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: when it was asked for, when each piece of text came, what the server counted."""

    asked: float
    times: Sequence[float]
    text: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int

    @property
    def first_seconds(self) -> float:
        """Time to the first token."""
        return self.times[0] - self.asked


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to ask: its client, the name of its model."""

    client: Client
    model: str


@dataclass(frozen=True, slots=True)
class Question:
    """A conversation to go on with, how many tokens to write, and the seed to draw them by."""

    messages: Sequence[dict[str, str]]
    num_tokens: int
    seed: int


def peer_of(client: Client) -> Peer:
    """The first model that the server offers."""
    answer = client.get("/v1/models")
    answer.raise_for_status()
    return Peer(client, str(answer.json()["data"][0]["id"]))


def ask(peer: Peer, question: Question, on_piece: Callable[[int], None] = lambda _: None) -> Answer:
    """Ask one question and wait for the whole answer. Raises Unavailable("bench_refused") with what went wrong."""
    body = {
        "model": peer.model,
        "messages": list(question.messages),
        "max_tokens": question.num_tokens,
        "seed": question.seed,
        "temperature": 0.8,
        "top_k": 40,
        "top_p": 0.95,
        "min_p": 0.05,
        "ignore_eos": True,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    times: list[float] = []
    pieces: list[bytes] = []
    asked = time.monotonic()
    try:
        with peer.client.stream("POST", "/v1/chat/completions", json=body, headers=NOT_KEPT) as response:
            for piece in response.iter_raw():
                if TEXT.search(piece):
                    times.append(time.monotonic())
                    on_piece(len(times))
                pieces.append(piece)
    except RequestFailed as error:
        raise Unavailable("bench_refused", answer=str(error)) from error
    # An answer may be of tokens that are no whole letter: its end is when it came.
    return _answer(asked, times or [time.monotonic()], b"".join(pieces))


def ask_together(peer: Peer, questions: Sequence[Question]) -> list[Answer]:
    """Ask all of them at the same time."""
    with ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(lambda question: ask(peer, question), questions))


def ask_while(peer: Peer, long: Question, other: Question) -> tuple[Answer, Answer]:
    """Ask a long one, and the other one as soon as text of the first has come for a while."""
    begun = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, peer, long, lambda num_pieces: begun.set() if num_pieces == PIECES_BEFORE else None)
        answer.add_done_callback(lambda _: begun.set())
        begun.wait(WAIT_SECONDS)
        second = ask(peer, other)
        return answer.result(), second


def writing_speed(answers: Sequence[Answer]) -> float:
    """Tokens a second of all answers together, from the first token of the first to the last of the last."""
    first, last = min(answer.times[0] for answer in answers), max(answer.times[-1] for answer in answers)
    if last == first:  # All of it came in one piece.
        first = min(answer.asked for answer in answers)
    return (sum(answer.completion_tokens for answer in answers) - 1) / (last - first)


def reading_speed(answers: Sequence[Answer]) -> float:
    """Prompt tokens a second, known ones left out, from the asking to the last one's first token."""
    asked, last = min(answer.asked for answer in answers), max(answer.times[0] for answer in answers)
    return sum(answer.prompt_tokens - answer.cached_tokens for answer in answers) / max(1e-9, last - asked)


def _answer(asked: float, times: Sequence[float], stream: bytes) -> Answer:
    chunks = list(_chunks(stream))
    usage = next((chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage")), None)
    if usage is None:
        raise Unavailable("bench_refused", answer=stream[-500:].decode("utf-8", errors="replace"))
    text = "".join(
        choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", ()) if choice
    )
    details = usage.get("prompt_tokens_details") or {}
    return Answer(
        asked=asked,
        times=times,
        text=text,
        prompt_tokens=usage["prompt_tokens"],
        cached_tokens=details.get("cached_tokens") or 0,
        completion_tokens=usage["completion_tokens"],
    )


def _chunks(stream: bytes) -> list[dict[str, Any]]:
    lines = (line.removeprefix(b"data: ") for line in stream.splitlines() if line.startswith(b"data: {"))
    return [json.loads(line) for line in lines]
