"""An engine that says what a test tells it to, and waits where the test wants it to: the double for everything above.

A script is a sequence of engine events, gates, errors to raise, and `Finish` for the usual end.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from app.engine.events import (
    Delta,
    EngineEvent,
    Finished,
    GenerationRequest,
    LoadedModel,
    Loading,
    ModelFile,
    Queued,
    Reading,
    RenderedPrompt,
)
from app.errors import HearthError
from app.worker.messages import StopReason, Turn

TIMEOUT_SECONDS = 20.0


class Signal:
    """An event that may be set and waited for in any thread and any event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set = threading.Event()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def set(self) -> None:
        with self._lock:
            self._set.set()
            for loop, event in self._waiting:
                loop.call_soon_threadsafe(event.set)
            self._waiting.clear()

    def is_set(self) -> bool:
        return self._set.is_set()

    async def wait(self) -> None:
        event = asyncio.Event()
        with self._lock:
            if self._set.is_set():
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        await event.wait()

    def wait_in_thread(self) -> None:
        assert self._set.wait(TIMEOUT_SECONDS), "the engine did not get there"


@dataclass(frozen=True)
class Gate:
    """A place in a script where the engine waits until the test says `gate.open.set()`.

    `gate.reached` tells when it got there: `await gate.reached.wait()`, or `.wait_in_thread()`.
    """

    reached: Signal = field(default_factory=Signal)
    open: Signal = field(default_factory=Signal)


@dataclass(frozen=True)
class Finish:
    """The end of a script: `Finished` with the numbers that fit what was asked and said."""

    reason: StopReason = "end"


Step = EngineEvent | Gate | Finish | Exception

HELLO: tuple[Step, ...] = (
    Queued(1, None),
    Loading(0.5),
    Loading(1.0),
    Reading(0, 8),
    Reading(8, 8),
    Delta("Hello", 1),
    Delta(" there", 1),
    Delta("!", 1),
    Finish(),
)


class ScriptedEngine:
    """Implements `app.engine.face.Engine`. A token is a word here, and each turn has one token more, as the answer has.

    The scripts are played one per generation, in order; the last of them again and again.
    """

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self.begin_anew(*scripts)

    def begin_anew(self, *scripts: Sequence[Step]) -> None:
        """As one that was made just now: for tests that share a server."""
        self.scripts: list[Sequence[Step]] = list(scripts) or [HELLO]
        self.rendered: list[tuple[ModelFile, tuple[Turn, ...]]] = []
        self.requests: list[tuple[ModelFile, GenerationRequest]] = []
        self.unloaded: list[str] = []
        self.forgotten: list[tuple[str, str]] = []
        self.num_ended_early = 0
        self.ended_early = Signal()
        self.closed = False
        self.render_error: HearthError | None = None
        self.room_error: HearthError | None = None
        self.render_gate: Gate | None = None

    def will_say(self, *steps: Step) -> None:
        """From the next generation on, play these steps."""
        self.scripts = [steps]

    async def render(self, model: ModelFile, turns: Sequence[Turn]) -> RenderedPrompt:
        self.rendered.append((model, tuple(turns)))
        if self.render_gate is not None:
            self.render_gate.reached.set()
            await self.render_gate.open.wait()
        if self.render_error is not None:
            raise self.render_error
        num_tokens = 1 + sum(1 + len(turn.content.split()) for turn in turns)
        system = [turn for turn in turns if turn.role == "system"]
        return RenderedPrompt(tuple(range(num_tokens)), sum(1 + len(turn.content.split()) for turn in system))

    async def context_tokens(self, model: ModelFile) -> int:
        return model.context_tokens

    async def embed(self, model: ModelFile, person: str, texts: Sequence[str]) -> list[list[float]]:  # noqa: ARG002
        return [[1.0, 0.0] for _ in texts]

    async def unload(self, name: str) -> None:
        self.unloaded.append(name)

    async def forget(self, person: str, chat: str) -> None:
        self.forgotten.append((person, chat))

    async def tokenize(self, model: ModelFile, texts: Sequence[str]) -> list[list[int]]:  # noqa: ARG002
        return [list(range(len(text.split()))) for text in texts]

    async def count(self, model: ModelFile, text: str) -> int:  # noqa: ARG002
        return len(text.split())

    async def generate(self, model: ModelFile, request: GenerationRequest) -> AsyncGenerator[EngineEvent, None]:
        self.requests.append((model, request))
        steps = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        completion_tokens = 0
        is_finished = False
        try:
            for step in steps:
                match step:
                    case Gate():
                        step.reached.set()
                        await step.open.wait()
                    case Finish():
                        is_finished = True
                        yield Finished(step.reason, len(request.tokens), 0, completion_tokens, 0.25, 10.0)
                    case Exception():
                        raise step
                    case _:
                        completion_tokens += step.tokens if isinstance(step, Delta) else 0
                        yield step
        except (GeneratorExit, asyncio.CancelledError):
            if not is_finished:
                self.num_ended_early += 1
                self.ended_early.set()
            raise

    def check_room(self, person: str) -> None:  # noqa: ARG002
        if self.room_error is not None:
            raise self.room_error

    def loaded(self) -> Sequence[LoadedModel]:
        return [LoadedModel(model.name, "ready", 0, 0) for model, _ in self.requests[-1:]]

    async def close(self) -> None:
        self.closed = True
