"""Which models run: loads them on demand, gives turns, unloads by idle time, and joins all of it into one engine."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence

from app.engine import events
from app.engine.events import EngineEvent, GenerationRequest, LoadedModel, ModelFile
from app.engine.queue import TurnQueue
from app.engine.renderer import RENDERER_TARGET
from app.engine.renderers import Renderers
from app.engine.supervisor import Supervisor, close_all
from app.engine.troubles import closed_error
from app.engine.worker_process import WORKER_TARGET
from app.errors import TooLarge, Unavailable
from app.settings import Settings
from app.worker import messages
from app.worker.messages import Generate, Load, Turn

SWEEP_SECONDS = 10.0
ETA_SECONDS = 5.0


class Pool:
    """The engine of this box: implements `app.engine.face.Engine`. `threads` says how many CPU threads may be used."""

    def __init__(
        self,
        settings: Settings,
        threads: Callable[[], int],
        worker_target: str = WORKER_TARGET,
        renderer_target: str = RENDERER_TARGET,
    ) -> None:
        self._settings = settings
        self._count_threads = threads
        self._worker_target = worker_target
        self._queue: TurnQueue[ModelFile] = TurnQueue(settings.waiting_replies)
        self._supervisors: dict[ModelFile, Supervisor] = {}
        self._renderers = Renderers(renderer_target)
        self._unloading: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None
        self._threads = 0
        self._is_closed = False

    async def render(self, model: ModelFile, turns: Sequence[Turn]) -> tuple[int, ...]:
        """Tokens of the whole prompt, by the model's own template."""
        self._open()
        return await self._renderers.render(model, turns)

    async def count(self, model: ModelFile, text: str) -> int:
        """How many tokens a text is."""
        self._open()
        return await self._renderers.count(model, text)

    def check_room(self, person: str) -> None:  # noqa: ARG002  The face leaves room for limits by person.
        """Raises Busy("queue_full") when no more replies may wait."""
        self._queue.check_room()

    def loaded(self) -> Sequence[LoadedModel]:
        """The models in memory."""
        return [
            LoadedModel(
                model.name,
                "ready" if supervisor.process.is_ready else "loading",
                self._queue.num_running(model),
                self._queue.num_waiting(model),
            )
            for model, supervisor in self._supervisors.items()
            if supervisor.process is not None
        ]

    async def generate(self, model: ModelFile, request: GenerationRequest) -> AsyncGenerator[EngineEvent, None]:
        """The events of one generation. `aclose` cancels it within one step of the worker."""
        asked = time.monotonic()
        generate = self._generate_message(model, request)
        supervisor = self._supervisor(model)
        ticket = self._queue.join(request.person, model)
        try:
            self._serve()
            told: events.Queued | None = None
            while not ticket.has_turn:
                queued = events.Queued(ticket.position, self._queue.eta_seconds(ticket))
                if queued != told:
                    yield queued
                    told = queued
                await ticket.change(ETA_SECONDS)
            began = time.monotonic()
            await self._wait_for_memory()
            self._check_open()
            process = supervisor.start()
            fraction: float | None = None
            while (fraction := await process.progress(fraction)) is not None:
                yield events.Loading(fraction)
            stream = await process.open(generate)
            clock = ReplyClock(asked)
            try:
                while (message := await stream.next()) is not None:
                    if isinstance(message, messages.Finished):  # Who reads stops at it and never comes back here.
                        self._queue.learn(time.monotonic() - began)
                    yield clock.event(model, message)
            finally:
                process.cancel(stream)
        finally:
            supervisor.touch()
            self._queue.leave(ticket)
            self._serve()

    async def close(self) -> None:
        """End all children within seconds."""
        self._is_closed = True
        self._serve()
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.wait({self._sweeping})
        async with asyncio.TaskGroup() as group:
            group.create_task(close_all(list(self._supervisors.values())))
            group.create_task(self._renderers.close())
        await self._wait_for_memory()

    def _generate_message(self, model: ModelFile, request: GenerationRequest) -> Generate:
        limit = self._context_tokens(model)
        room = limit - len(request.tokens)
        if room < 1:
            raise TooLarge("prompt_too_long", tokens=len(request.tokens), limit=limit)
        return Generate(
            request=uuid.uuid4().hex,
            tokens=list(request.tokens),
            max_tokens=max(1, min(request.max_tokens, room)),
            sampling=request.sampling,
            stop=[*request.stop, *self._renderers.stop_of(model)],
        )

    def _context_tokens(self, model: ModelFile) -> int:
        return min(self._settings.context_tokens, model.context_tokens or self._settings.context_tokens)

    def _supervisor(self, model: ModelFile) -> Supervisor:
        self._open()
        if model not in self._supervisors:

            def make_load() -> Load:
                return Load(
                    path=str(model.path),
                    context_tokens=self._context_tokens(model),
                    slots=self._settings.slots,
                    batch_tokens=self._settings.batch_tokens,
                    threads=self._threads,
                )

            self._supervisors[model] = Supervisor(model.name, make_load, self._worker_target)
        return self._supervisors[model]

    def _serve(self) -> None:
        """Give the turns that can be given now."""
        waits_for_memory = False

        def can_take(model: ModelFile) -> bool:
            # Who waits for a model to leave is not overtaken by those who would keep that model here.
            nonlocal waits_for_memory
            if self._is_closed:
                return True  # To be told that the engine is closed.
            if waits_for_memory or self._queue.num_running(model) >= self._settings.slots:
                return False
            waits_for_memory = not self._make_room(model)
            return not waits_for_memory

        self._queue.serve(can_take)

    def _make_room(self, model: ModelFile) -> bool:
        """Whether `model` is loaded or may be; the longest idle other model is unloaded for it."""
        taken = [
            each
            for each, supervisor in self._supervisors.items()
            if supervisor.process is not None or self._queue.num_running(each)
        ]
        if model in taken or len(taken) < self._settings.loaded_models:
            return True
        idle = [each for each in taken if not self._queue.num_running(each)]
        if not idle:
            return False
        self._unload(min((self._supervisors[each] for each in idle), key=lambda each: each.last_used))
        return True

    def _unload(self, supervisor: Supervisor) -> None:
        process = supervisor.let_go()
        if process is not None:
            task = asyncio.create_task(process.close(), name=f"unloading {supervisor.model}")
            self._unloading.add(task)
            task.add_done_callback(self._unloading.discard)

    async def _wait_for_memory(self) -> None:
        if self._unloading:
            await asyncio.wait(set(self._unloading))

    def _open(self) -> None:
        """Start the sweep with the first use, since only then there is an event loop."""
        self._check_open()
        if self._sweeping is None:
            self._threads = self._settings.threads or self._count_threads()
            self._sweeping = asyncio.create_task(self._sweep(), name="engine sweep")

    def _check_open(self) -> None:
        if self._is_closed:
            raise closed_error()

    async def _sweep(self) -> None:
        idle_seconds = self._settings.idle_minutes * 60
        pause = min(SWEEP_SECONDS, idle_seconds / 4) if idle_seconds else SWEEP_SECONDS
        while True:
            await asyncio.sleep(pause)
            self._follow_threads()
            for model, supervisor in self._supervisors.items():
                is_idle = not self._queue.num_running(model) and supervisor.process is not None
                if idle_seconds and is_idle and time.monotonic() - supervisor.last_used > idle_seconds:
                    self._unload(supervisor)
            await self._renderers.close_idle()

    def _follow_threads(self) -> None:
        """The container's share of the CPU may change while it runs."""
        threads = self._settings.threads or self._count_threads()
        if threads != self._threads:
            self._threads = threads
            for supervisor in self._supervisors.values():
                if supervisor.process is not None:
                    supervisor.process.set_threads(threads)


class ReplyClock:
    """Turns a worker's messages into events, with the times that only the parent knows."""

    def __init__(self, asked: float) -> None:
        self._asked = asked
        self._first_token_seconds: float | None = None

    def event(self, model: ModelFile, message: messages.FromWorker) -> EngineEvent:
        """The event for a message; raises what a `Failed` stands for."""
        match message:
            case messages.Reading(_, done, total):
                return events.Reading(done, total)
            case messages.Delta(_, text, tokens):
                self._note_token()
                return events.Delta(text, tokens)
            case messages.Finished(_, reason, numbers):
                return events.Finished(
                    reason=reason,
                    prompt_tokens=numbers.prompt_tokens,
                    cached_tokens=numbers.cached_tokens,
                    completion_tokens=numbers.completion_tokens,
                    first_token_seconds=self._note_token(),
                    tokens_per_second=writing_speed(numbers),
                )
            case messages.Failed(_, code, detail):
                raise Unavailable(code, model=model.name, detail=detail)
            case _:
                raise AssertionError(f"{message} belongs to no request")

    def _note_token(self) -> float:
        if self._first_token_seconds is None:
            self._first_token_seconds = time.monotonic() - self._asked
        return self._first_token_seconds


def writing_speed(numbers: messages.Numbers) -> float:
    """Tokens per second after the first one, which belongs to the reading."""
    if numbers.completion_tokens < 2 or numbers.writing_seconds <= 0:
        return 0.0
    return (numbers.completion_tokens - 1) / numbers.writing_seconds
