"""How fast a long chat goes on after the server was restarted, against how long it took to read it at first."""

import json
import time

from app.commands.bench_report import Measure
from app.commands.bench_server import BenchServer
from app.commands.bench_text import text_of
from app.errors import Unavailable
from app.fetch import Client

NUM_TOKENS = 16


def measured(server: BenchServer, model: str, rounds: int, num_words: int) -> list[Measure]:
    """`rounds` restarts, each with a chat of its own. The model is loaded again before the time is taken."""
    reading = Measure("first token, reading a long chat", 1, "s")
    returning = Measure("first token, back after a restart", 1, "s")
    for number in range(rounds):
        with server.visitor() as visitor:
            chat = _new_chat(visitor, model)
            reading.ours.append(_first_seconds(visitor, chat, text_of(num_words, 50_000 + number)))
        server.stop()
        server.start()
        with server.visitor() as visitor:
            _first_seconds(visitor, _new_chat(visitor, model), text_of(5, 60_000 + number))
            returning.ours.append(_first_seconds(visitor, chat, text_of(10, 70_000 + number)))
    return [reading, returning]


def _new_chat(visitor: Client, model: str) -> str:
    answer = visitor.post("/api/v1/chats", json={"model": model})
    answer.raise_for_status()
    return str(answer.json()["id"])


def _first_seconds(visitor: Client, chat: str, text: str) -> float:
    """Say something and wait for the whole answer; the time to its first text."""
    asked, first = time.monotonic(), 0.0
    started = visitor.post(f"/api/v1/chats/{chat}/replies", json={"text": text, "max_tokens": NUM_TOKENS})
    started.raise_for_status()
    event = ""
    with visitor.stream("POST", f"/api/v1/replies/{started.json()['id']}/watch") as lines:
        for line in lines.iter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
                first = first or (time.monotonic() if event == "delta" else 0.0)
            elif event == "failed" and line.startswith("data: "):
                raise Unavailable("bench_refused", answer=json.loads(line.removeprefix("data: "))["message"])
    return first - asked
