"""One life of one worker, from its start to its end. `app.engine.supervisor` decides about the next."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from app.child import FrameTooLarge
from app.engine import oom_kills
from app.engine.link import Link
from app.engine.stream import Stream
from app.engine.troubles import closed_error, death_error, load_error
from app.engine.watch import Patience, Watch
from app.errors import HearthError, Unavailable
from app.worker import messages
from app.worker.messages import Embed, Generate, Load

log = logging.getLogger(__name__)

WORKER_TARGET = "app.worker.main:run"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a worker's life is over. `is_crash` when nobody wanted it to end; then `status` is how the process ended.

    `is_early`: it had not brought forth a single token.
    """

    error: HearthError
    is_crash: bool
    is_early: bool = False
    status: int = 0


class WorkerProcess:
    """One child from its start to its end. `on_finished` is called for each whole reply, `on_end` once."""

    def __init__(
        self,
        model: str,
        load: Load,
        target: str,
        patience: Patience,
        on_finished: Callable[[], None],
        on_end: Callable[[Ending], None],
    ) -> None:
        self.model = model
        self.load = load
        self.loaded: messages.Loaded | None = None
        self.fraction = 0.0
        self._target = target
        self._patience = patience
        self._on_finished = on_finished
        self._on_end = on_end
        self._link: Link | None = None
        self._watch: Watch | None = None
        self._streams: dict[str, Stream] = {}
        self._ending: Ending | None = None
        self._killed_for: HearthError | None = None
        self._closed_for: HearthError = closed_error()
        self._has_decoded = False
        self._is_closing = False
        self._is_ending = False
        self._oom_kills: int | None = None
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_live(self) -> bool:
        """Whether it takes requests, now or once it is loaded."""
        return self._ending is None and not self._is_closing

    @property
    def is_ready(self) -> bool:
        """Whether the model is loaded."""
        return self.loaded is not None

    @property
    def context_tokens(self) -> int:
        """Tokens for each chat: as it has loaded, or is about to."""
        return self.loaded.context_tokens if self.loaded is not None else self.load.context_tokens

    @property
    def pid(self) -> int | None:
        """The process id, once it has one."""
        return None if self._link is None else self._link.pid

    def start(self, delay_seconds: float) -> None:
        """Begin its life after a delay."""
        self._task = asyncio.create_task(self._live(delay_seconds), name=f"worker of {self.model}")

    async def progress(self, seen: float | None) -> float | None:
        """How much is loaded, once that is not `seen` any more; None when it is ready. Raises why it ended."""
        while True:
            if self._ending is not None:
                raise self._ending.error
            if self.is_ready:
                return None
            if self.fraction != seen:
                return self.fraction
            news = self._news
            await news.wait()

    async def open(self, request: Generate | Embed) -> Stream:
        """Send a request; its messages come by the stream. Raises why the worker ended."""
        if not self.is_live or self._link is None:
            raise await self._reason()
        stream = self._streams[request.request] = Stream(request.request)
        try:
            await self._link.send(messages.write(request))
        except EOFError:
            pass  # The reading task sees the same end, and fails the stream.
        except asyncio.CancelledError:
            self.cancel(stream)  # The worker may have it already, and nobody is there to stop it later.
            raise
        return stream

    def cancel(self, stream: Stream) -> None:
        """Nobody reads this stream any more; the worker is told when it is still writing."""
        if self._streams.pop(stream.request, None) is not None and not stream.is_over:
            self._post(messages.Cancel(stream.request))

    def set_threads(self, threads: int) -> None:
        """From the next step on."""
        if self.is_ready:
            self._post(messages.SetThreads(threads))

    def forget(self, owner: str, chat: str) -> None:
        """Drop what it keeps of a chat."""
        if self.is_ready:
            self._post(messages.Forget(owner, chat))

    async def close(self, reason: HearthError | None = None) -> None:
        """End the process within seconds, after it has saved what is worth keeping; open streams fail by `reason`."""
        if self._task is None:
            return
        if not self._is_closing:
            self._is_closing = True
            self._closed_for = reason or self._closed_for
            self._fail_streams(self._closed_for)
            if self.is_ready:
                self._post(messages.Retire())
                await asyncio.wait({self._task}, timeout=self._patience.retire_seconds)
            if not self._is_ending:
                self._task.cancel()
        await asyncio.wait({self._task})

    async def _live(self, delay_seconds: float) -> None:
        ending = Ending(closed_error(), is_crash=False)
        watching: asyncio.Task[None] | None = None
        try:
            await asyncio.sleep(delay_seconds)
            self._oom_kills = oom_kills.count()
            self._link = await Link.open(self._target, self.model)
            self._watch = Watch(self._link.pid, self._patience)
            watching = asyncio.create_task(self._ping(self._link, self._watch), name=f"pings to {self.model}")
            await self._link.send(messages.write(self.load))
            ending = await self._read(self._link, self._watch)
        except OSError as error:
            reason = Unavailable("worker_start_failed", model=self.model, detail=str(error))
            ending = Ending(reason, is_crash=True)
        except EOFError:
            ending = Ending(self._closed_for, is_crash=not self._is_closing)
        except (FrameTooLarge, msgspec.DecodeError):
            log.exception("The worker of %s sent nonsense and is killed", self.model)
            self._kill(Unavailable("worker_nonsense", model=self.model))
            ending = Ending(closed_error(), is_crash=True)
        except asyncio.CancelledError:
            ending = Ending(self._closed_for, is_crash=False)
            raise
        finally:
            if watching is not None:
                watching.cancel()
            await self._end(ending)

    async def _read(self, link: Link, watch: Watch) -> Ending:
        """Hand out what the worker says; returns when it said why it cannot load."""
        while True:
            message = messages.read_from_worker(await link.receive())
            watch.hear()
            match message:
                case messages.Reading():
                    self._hand_out(message)
                case messages.Delta():
                    self._has_decoded = True
                    self._hand_out(message)
                case messages.Finished() | messages.Embedded() | messages.Failed():
                    self._hand_out(message)
                    self._streams.pop(message.request, None)
                    if not isinstance(message, messages.Failed):
                        self._has_decoded = True
                        self._on_finished()
                case messages.Loading(fraction):
                    self.fraction = fraction
                    self._announce()
                case messages.Loaded():
                    log.info("%s is loaded: %s", self.model, message)
                    self.loaded = message
                    self._announce()
                case messages.LoadFailed(code, detail):
                    return Ending(load_error(self.model, code, detail), is_crash=False)
                case messages.Pong():
                    pass  # That it came is what counts.

    def _hand_out(
        self, message: messages.Reading | messages.Delta | messages.Embedded | messages.Finished | messages.Failed
    ) -> None:
        stream = self._streams.get(message.request)
        if stream is not None:
            stream.put(message)

    async def _ping(self, link: Link, watch: Watch) -> None:
        while True:
            await asyncio.sleep(self._patience.ping_seconds)
            silent_seconds = watch.look(self.is_ready)
            if silent_seconds is not None:
                log.error("The worker of %s was silent for %.0f s and is killed", self.model, silent_seconds)
                self._kill(Unavailable("worker_hung", model=self.model, seconds=max(1, round(silent_seconds))))
            elif self.is_ready:
                link.post(messages.write(messages.Ping()))

    def _kill(self, reason: HearthError) -> None:
        assert self._link is not None
        self._killed_for = self._killed_for or reason
        self._link.kill()

    def _post(self, message: messages.ToWorker) -> None:
        if self._link is not None:
            self._link.post(messages.write(message))

    async def _end(self, ending: Ending) -> None:
        """Take the process away, and tell everybody why."""
        self._is_closing = self._is_ending = True
        if self._link is not None:
            status = await self._link.close()
            if ending.is_crash:
                error = self._killed_for or death_error(self.model, status, self._saw_oom_kill())
                ending = Ending(error, is_crash=True, is_early=not self._has_decoded, status=status)
                log.error("The worker of %s ended with status %d", self.model, status)
        self._ending = ending
        self._fail_streams(ending.error)
        # Whoever hears of the end may start another life at once: what follows from this one is settled before.
        self._on_end(ending)
        self._announce()

    def _saw_oom_kill(self) -> bool:
        before, now = self._oom_kills, oom_kills.count()
        return before is not None and now is not None and now > before

    async def _reason(self) -> HearthError:
        """Why it takes no requests. A process that has just died is known to be dead before it is known of what."""
        while self._is_ending and self._ending is None:
            news = self._news
            await news.wait()
        return self._closed_for if self._ending is None else self._ending.error

    def _fail_streams(self, error: HearthError) -> None:
        for stream in self._streams.values():
            stream.fail(error)
        self._streams.clear()

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
