"""The engine of this box: gives turns, loads models on demand, and joins queue, workers and renderers into one face."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from app.engine import embedding, events
from app.engine.box import Box
from app.engine.children import CHILDREN, Children
from app.engine.events import EngineEvent, GenerationRequest, LoadedModel, ModelFile, RenderedPrompt
from app.engine.load_message import snapshot_folder
from app.engine.memory_plan import MemoryPlan, Planner
from app.engine.queue import Ticket, TurnQueue
from app.engine.renderers import Renderers
from app.engine.reply_clock import ReplyClock
from app.engine.resident import ModelKey, Resident
from app.engine.residents import Residents
from app.engine.stream import Stream
from app.engine.troubles import closed_error
from app.engine.worker_process import WorkerProcess
from app.errors import Busy, HearthError, TooLarge, Unavailable
from app.settings import Settings
from app.worker import messages, snapshots
from app.worker.messages import Generate, Turn

log = logging.getLogger(__name__)

SWEEP_SECONDS = 10.0
ETA_SECONDS = 5.0


class Pool:
    """Implements `app.engine.face.Engine`."""

    def __init__(
        self,
        settings: Settings,
        box: Box,
        children: Children = CHILDREN,
        planner: Planner | None = None,
    ) -> None:
        self._settings = settings
        self._queue: TurnQueue[ModelKey] = TurnQueue(settings.waiting_replies, settings.slots)
        self._residents = Residents(
            settings, box, planner or MemoryPlan(settings), children, lambda key: not self._queue.num_running(key)
        )
        self._renderers = Renderers(children.renderer_target)
        self._sweeping: asyncio.Task[None] | None = None
        self._is_closed = False

    async def render(self, model: ModelFile, turns: Sequence[Turn]) -> RenderedPrompt:
        """Tokens of the whole prompt, by the model's own template."""
        self._open()
        return await self._renderers.render(model, turns)

    async def count(self, model: ModelFile, text: str) -> int:
        """How many tokens a text is."""
        self._open()
        return await self._renderers.count(model, text)

    async def tokenize(self, model: ModelFile, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text as a whole input, plain text without a template."""
        self._open()
        return await self._renderers.tokenize(model, texts)

    async def context_tokens(self, model: ModelFile) -> int:
        """Tokens that one chat may fill with this model. Raises TooLarge("model_too_large")."""
        self._open()
        return self._residents.context_tokens(await self._residents.enter(model))

    def check_room(self, person: str) -> None:  # noqa: ARG002  The face leaves room for limits by person.
        """Raises Busy("queue_full") when no more replies may wait."""
        self._queue.check_room()

    def loaded(self) -> Sequence[LoadedModel]:
        """The models in memory."""
        queue = self._queue
        return [each.shown(queue.num_running(each.key), queue.num_waiting(each.key)) for each in self._residents]

    async def generate(self, model: ModelFile, request: GenerationRequest) -> AsyncGenerator[EngineEvent, None]:
        """The events of one generation. `aclose` cancels it within one step of the worker."""
        clock = ReplyClock(time.monotonic(), request.opening)
        self._open()
        resident = await self._residents.enter(model)
        self._generate_message(resident, request, self._residents.context_tokens(resident))
        ticket = self._queue.join(request.person, resident.key, request.is_background)
        has_told = False
        try:
            while True:
                async for event in self._wait_for_turn(ticket):
                    yield event
                process = await self._start(resident, ticket)
                try:
                    async for progress in self._wait_for_load(process, ticket):
                        yield progress
                    # As this worker has it: meanwhile, somebody may have asked for the model in another form.
                    generate = self._generate_message(resident, request, process.context_tokens)
                    stream = await process.open(generate)
                    try:
                        self._let_preempt(ticket, process, stream)
                        while (message := await stream.next()) is not None:
                            if isinstance(message, messages.Finished):  # Who reads stops at it, never to come back.
                                self._queue.learn(ticket)
                            has_told = has_told or isinstance(message, messages.Delta)
                            yield clock.event(model, message)
                    finally:
                        process.cancel(stream)
                    return
                except Unavailable:
                    if has_told or not resident.supervisor.has_replacement(process):
                        raise
        finally:
            self._leave(ticket, resident)

    async def embed(self, model: ModelFile, person: str, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 for each text. Raises TooLarge for a text that the model cannot take as a whole."""
        self._open()
        resident = await self._residents.enter(model, is_embedding=True)
        limit = self._residents.context_tokens(resident)
        tokens = await self._renderers.tokenize(model, texts)
        longest = max(map(len, tokens), default=0)
        if longest > limit:
            raise TooLarge("prompt_too_long", tokens=longest, limit=limit)
        ticket = self._queue.join(person, resident.key)
        try:
            async for _ in self._wait_for_turn(ticket):
                pass
            process = await self._start(resident, ticket)
            async for _ in self._wait_for_load(process, ticket):
                pass
            return await embedding.embed(process, tokens)
        finally:
            self._leave(ticket, resident)

    async def preload(self, models: Sequence[ModelFile]) -> None:
        """Load these, one after the other, as far as they fit. Why one cannot be is logged; who asks for it is told."""
        self._open()
        for model in models:
            try:
                resident = await self._residents.enter(model)
                if not self._residents.make_room(resident, by_itself=True):
                    log.warning("%s is not preloaded: it does not fit beside the others", model.name)
                    continue
                await self._residents.wait_for_memory()
                self._check_open()
                process = resident.supervisor.start(by_itself=True)
                resident.supervisor.touch()
                fraction: float | None = None
                while (fraction := await process.progress(fraction)) is not None:
                    pass
            except HearthError as error:
                log.warning("%s cannot be preloaded: %s %s", model.name, error.code, error.params)

    async def unload(self, name: str) -> None:
        """Take a model out of memory; a reply that it is writing fails with a reason."""
        for resident in [each for each in self._residents if each.model.name == name]:
            self._residents.unload(resident, Unavailable("model_unloaded", model=name))
        await self._residents.wait_for_memory()

    async def forget(self, person: str, chat: str) -> None:
        """Drop what is kept of a chat: its states in memory and on disk."""
        for resident in self._residents:
            if resident.process is not None:
                resident.process.forget(person, chat)
        await self._residents.wait_for_memory()  # Who leaves just now may be saving this very chat.
        await asyncio.to_thread(snapshots.forget_chat, Path(snapshot_folder(self._settings)), person, chat)

    async def close(self) -> None:
        """End all children within seconds."""
        self._is_closed = True
        self._serve()
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.wait({self._sweeping})
        for resident in self._residents:
            self._residents.unload(resident)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._residents.wait_for_memory())
            group.create_task(self._renderers.close())

    async def _wait_for_turn(self, ticket: Ticket[ModelKey]) -> AsyncGenerator[events.Queued, None]:
        """Until it has the turn; what there is to tell meanwhile."""
        self._serve()
        told: events.Queued | None = None
        while not ticket.has_turn:
            queued = events.Queued(ticket.position, self._queue.eta_seconds(ticket))
            if queued != told:
                yield queued
                told = queued
            await ticket.change(ETA_SECONDS)

    async def _start(self, resident: Resident, ticket: Ticket[ModelKey]) -> WorkerProcess:
        await self._residents.wait_for_memory()
        self._check_open()
        _check_preempted(ticket)
        return resident.supervisor.start(by_itself=ticket.is_background)

    async def _wait_for_load(
        self, process: WorkerProcess, ticket: Ticket[ModelKey]
    ) -> AsyncGenerator[events.Loading, None]:
        """Until the worker is ready; how far it is meanwhile."""
        fraction: float | None = None
        try:
            while (fraction := await process.progress(fraction)) is not None:
                yield events.Loading(fraction)
        except HearthError:
            _check_preempted(ticket)
            raise
        _check_preempted(ticket)

    def _let_preempt(self, ticket: Ticket[ModelKey], process: WorkerProcess, stream: Stream) -> None:
        """From now on, who comes first ends this stream, in the worker before all else."""

        def end() -> None:
            process.cancel(stream)
            stream.fail(Busy("preempted"))

        ticket.on_preempted = end
        if ticket.is_preempted:
            end()

    def _leave(self, ticket: Ticket[ModelKey], resident: Resident) -> None:
        resident.supervisor.touch()
        self._queue.leave(ticket)
        self._serve()

    def _generate_message(self, resident: Resident, request: GenerationRequest, limit: int) -> Generate:
        room = limit - len(request.tokens)
        if room < 1:
            raise TooLarge("prompt_too_long", tokens=len(request.tokens), limit=limit)
        return Generate(
            request=uuid.uuid4().hex,
            tokens=list(request.tokens),
            max_tokens=max(1, request.max_tokens if request.slides else min(request.max_tokens, room)),
            sampling=request.sampling,
            stop=[*request.stop, *self._renderers.stop_of(resident.model)],
            owner=request.person,
            chat=request.chat,
            num_shared=request.num_shared,
            slides=request.slides,
            is_background=request.is_background,
        )

    def _serve(self) -> None:
        """Give the turns that can be given now."""
        waits_for_memory = False

        def can_take(key: ModelKey, is_background: bool) -> bool:
            # Who waits for a model to leave is not overtaken by those who would keep that model here.
            nonlocal waits_for_memory
            if self._is_closed:
                return True  # To be told that the engine is closed.
            resident = self._residents.get(key)
            running, slots = self._queue.num_running(key), resident.slots or self._settings.slots
            if waits_for_memory or running >= slots or (running and resident.is_stale):
                return False
            has_room = self._residents.make_room(resident, is_background)
            waits_for_memory = not has_room and not is_background
            return has_room

        self._queue.serve(can_take)

    def _open(self) -> None:
        """Start the sweep with the first use, since only then there is an event loop."""
        self._check_open()
        if self._sweeping is None:
            self._residents.follow_threads()
            self._sweeping = asyncio.create_task(self._sweep(), name="engine sweep")

    def _check_open(self) -> None:
        if self._is_closed:
            raise closed_error()

    async def _sweep(self) -> None:
        idle_seconds = self._settings.idle_minutes * 60
        pause = min(SWEEP_SECONDS, idle_seconds / 4) if idle_seconds else SWEEP_SECONDS
        while True:
            await asyncio.sleep(pause)
            try:
                self._residents.follow_threads()
                if idle_seconds:
                    self._residents.unload_idle(idle_seconds)
                self._serve()  # Other programs may have given memory back meanwhile.
                await self._renderers.close_idle()
            except Exception:
                log.exception("One sweep of the engine failed; the next one may not")


def _check_preempted(ticket: Ticket[ModelKey]) -> None:
    if ticket.is_preempted:
        raise Busy("preempted")
