"""A running Hearth with two people, Ann and Ben, each with a model of their own, and what they do and see."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from app.commands.bench_server import descendants
from tests.commands.hearth import PASSWORD, Hearth, served

ENDLESS = 1_000_000
GREEDY = {"temperature": 0}


@dataclass
class Person:
    """Somebody who is signed in, with one chat."""

    visitor: httpx.Client
    chat: str

    def ask(self, text: str, max_tokens: int = ENDLESS, **sampling: float) -> "Asked":
        """Say something, and watch the answer in a thread. Without a limit it has no end."""
        wish = {"text": text, "max_tokens": max_tokens, "sampling": {**GREEDY, **sampling}}
        wish["slides"] = max_tokens == ENDLESS
        return self._asked(f"/api/v1/chats/{self.chat}/replies", wish)

    def answer(self, text: str, max_tokens: int = 24) -> "Asked":
        """Say something, and wait for the end of the answer."""
        return self.ask(text, max_tokens).end()

    def answer_again(self, max_tokens: int = 24) -> "Asked":
        """Have the last question answered once more, and wait for the end."""
        last = self.visitor.get(f"/api/v1/chats/{self.chat}/messages").json()[-1]["id"]
        wish = {"max_tokens": max_tokens, "sampling": GREEDY}
        return self._asked(f"/api/v1/chats/{self.chat}/messages/{last}/retry", wish).end()

    def _asked(self, path: str, wish: dict[str, Any]) -> "Asked":
        answer = self.visitor.post(path, json=wish)
        if answer.status_code != 201:
            return Asked("", refusal=answer.json())
        asked = Asked(answer.json()["id"])
        asked.watcher = threading.Thread(target=asked.watch, args=(self.visitor,), daemon=True)
        asked.watcher.start()
        return asked


@dataclass
class Asked:
    """One reply as its watcher saw it. `refusal` is the error, where there was no reply at all."""

    reply: str
    refusal: dict[str, Any] | None = None
    events: list[tuple[str, str]] = field(default_factory=list)
    first_text: threading.Event = field(default_factory=threading.Event)
    watcher: threading.Thread | None = None

    def watch(self, visitor: httpx.Client) -> None:
        """Take every event until the last one; `gone` is the last one when the server is."""
        try:
            self._watch(visitor)
        except httpx.TransportError as error:
            self.events.append(("gone", str(error)))
        self.first_text.set()

    def _watch(self, visitor: httpx.Client) -> None:
        name = ""
        with visitor.stream("POST", f"/api/v1/replies/{self.reply}/watch") as lines:
            for line in lines.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name:
                    self.events.append((name, line.removeprefix("data: ")))
                    if name == "delta":
                        self.first_text.set()

    def begin(self) -> "Asked":
        """Wait for the first text."""
        assert self.first_text.wait(90)
        return self

    def end(self) -> "Asked":
        """Wait for the last event."""
        if self.watcher is not None:
            self.watcher.join(120)
            assert not self.watcher.is_alive(), self.events[-3:]
        return self

    @property
    def ending(self) -> str:
        """The name of the last event, or `refused`."""
        return "refused" if self.refusal is not None else self.events[-1][0]

    @property
    def text(self) -> str:
        """All that was written."""
        return "".join(json.loads(data)["text"] for name, data in self.events if name == "delta")

    @property
    def said(self) -> str:
        """What the last event said, or the refusal: for somebody who looks for a sentence."""
        return str(self.refusal) if self.refusal is not None else self.events[-1][1]


@dataclass(frozen=True)
class Site:
    """A running Hearth. Ann's model is `tiny`, Ben's is `other`."""

    hearth: Hearth
    pid: int
    ann: Person
    ben: Person

    def anew(self) -> "Site":
        """The same with new chats."""
        ann, ben = sign_in(self.ann.visitor, "Ann", "tiny"), sign_in(self.ben.visitor, "Ben", "other")
        return replace(self, ann=ann, ben=ben)

    def add_model(self, name: str) -> Person:
        """One more model of the same weights, and Ann with a chat with it."""
        shutil.copy(self.hearth.models / "other.gguf", self.hearth.models / f"{name}.gguf")
        return sign_in(self.ann.visitor, "Ann", name)

    def workers(self, model: str) -> list[int]:
        """The processes that have this model's file in memory."""
        return [pid for pid in descendants(self.pid) if f"{model}.gguf" in read(f"/proc/{pid}/maps")]

    def send(self, number: signal.Signals, model: str) -> None:
        """A signal to the worker of a model."""
        pids = self.workers(model)
        assert pids, "no worker has the file"
        for pid in pids:
            os.kill(pid, number)

    def is_up(self) -> bool:
        """Whether the site still answers."""
        return self.ann.visitor.get("/readyz").is_success


@contextmanager
def opened(hearth: Hearth, **settings: str) -> Iterator[Site]:
    """A running site; both people are signed in and have an empty chat."""
    with served(hearth, **settings) as (server, visitor), httpx.Client(base_url=visitor.base_url, timeout=60) as other:
        try:
            yield Site(hearth, server.pid, sign_in(visitor, "Ann", "tiny"), sign_in(other, "Ben", "other"))
        finally:
            # One that was stopped would not see the end of its parent.
            for pid in descendants(server.pid):
                os.kill(pid, signal.SIGCONT)


def sign_in(visitor: httpx.Client, name: str, model: str) -> Person:
    """The person with a new chat."""
    answer = visitor.post("/api/v1/session", json={"name": name, "password": PASSWORD})
    assert answer.is_success, answer.text
    return Person(visitor, visitor.post("/api/v1/chats", json={"model": model}).json()["id"])


def read(path: str) -> str:
    """A file of /proc, empty when the process is gone."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""
