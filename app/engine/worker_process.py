"""One life of one worker: started, loaded, read from, pinged, ended. `app.engine.supervisor` decides about the next."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from app.child import FrameTooLarge
from app.engine.link import Link
from app.engine.stream import Stream
from app.engine.troubles import closed_error, death_error, load_error
from app.errors import HearthError, Unavailable
from app.worker import messages
from app.worker.messages import Generate, Load

log = logging.getLogger(__name__)

WORKER_TARGET = "app.worker.main:run"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker may be silent. A big model on a small box may take minutes for one step."""

    ping_seconds: float = 10.0
    loading_seconds: float = 900.0
    silence_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a worker's life is over. `is_crash` when nobody wanted it to end."""

    error: HearthError
    is_crash: bool


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
        self.is_ready = False
        self.fraction = 0.0
        self._load = load
        self._target = target
        self._patience = patience
        self._on_finished = on_finished
        self._on_end = on_end
        self._link: Link | None = None
        self._streams: dict[str, Stream] = {}
        self._ending: Ending | None = None
        self._is_closing = False
        self._heard = time.monotonic()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_live(self) -> bool:
        """Whether it takes requests, now or once it is loaded."""
        return self._ending is None and not self._is_closing

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

    async def open(self, generate: Generate) -> Stream:
        """Send a request; its messages come by the stream. Raises why the worker ended."""
        if self._ending is not None or self._link is None:
            raise closed_error() if self._ending is None else self._ending.error
        stream = self._streams[generate.request] = Stream(generate.request)
        with contextlib.suppress(EOFError):  # The reading task sees the same end, and fails the stream.
            await self._link.send(messages.write(generate))
        return stream

    def cancel(self, stream: Stream) -> None:
        """Nobody reads this stream any more; the worker is told when it is still writing."""
        self._streams.pop(stream.request, None)
        if not stream.is_over and self._link is not None:
            self._link.post(messages.write(messages.Cancel(stream.request)))

    def set_threads(self, threads: int) -> None:
        """From the next step on."""
        if self.is_ready and self._link is not None:
            self._link.post(messages.write(messages.SetThreads(threads)))

    async def close(self) -> None:
        """End the process within seconds; open streams fail."""
        if self._task is None:
            return
        if not self._is_closing:
            self._is_closing = True
            self._task.cancel()
        await asyncio.wait({self._task})

    async def _live(self, delay_seconds: float) -> None:
        ending = Ending(closed_error(), is_crash=False)
        pinging: asyncio.Task[None] | None = None
        try:
            await asyncio.sleep(delay_seconds)
            self._link = await Link.open(self._target, self.model)
            self._heard = time.monotonic()
            pinging = asyncio.create_task(self._ping(self._link), name=f"pings to {self.model}")
            await self._link.send(messages.write(self._load))
            ending = await self._read(self._link)
        except OSError as error:
            reason = Unavailable("worker_start_failed", model=self.model, detail=str(error))
            ending = Ending(reason, is_crash=True)
        except EOFError:
            ending = Ending(closed_error(), is_crash=True)
        except (FrameTooLarge, msgspec.DecodeError):
            log.exception("The worker of %s sent nonsense and is killed", self.model)
            assert self._link is not None
            self._link.kill()
            ending = Ending(closed_error(), is_crash=True)
        finally:
            if pinging is not None:
                pinging.cancel()
            await self._end(ending)

    async def _read(self, link: Link) -> Ending:
        """Hand out what the worker says; returns when it said why it cannot load."""
        while True:
            message = messages.read_from_worker(await link.receive())
            self._heard = time.monotonic()
            match message:
                case messages.Reading() | messages.Delta():
                    self._hand_out(message)
                case messages.Finished() | messages.Failed():
                    self._hand_out(message)
                    self._streams.pop(message.request, None)
                    if isinstance(message, messages.Finished):
                        self._on_finished()
                case messages.Loading(fraction):
                    self.fraction = fraction
                    self._announce()
                case messages.Loaded():
                    log.info("%s is loaded: %s", self.model, message)
                    self.is_ready = True
                    self._announce()
                case messages.LoadFailed(code, detail):
                    return Ending(load_error(self.model, code, detail), is_crash=False)
                case messages.Pong():
                    pass  # That it came is what counts.

    def _hand_out(self, message: messages.Reading | messages.Delta | messages.Finished | messages.Failed) -> None:
        stream = self._streams.get(message.request)
        if stream is not None:
            stream.put(message)

    async def _ping(self, link: Link) -> None:
        while True:
            await asyncio.sleep(self._patience.ping_seconds)
            limit = self._patience.silence_seconds if self.is_ready else self._patience.loading_seconds
            if time.monotonic() - self._heard > limit:
                log.error("The worker of %s was silent for %.0f s and is killed", self.model, limit)
                link.kill()
            elif self.is_ready:
                link.post(messages.write(messages.Ping()))

    async def _end(self, ending: Ending) -> None:
        """Take the process away, and tell everybody why."""
        self._is_closing = True
        if self._link is not None:
            status = await self._link.close()
            if ending.is_crash:
                ending = Ending(death_error(self.model, status), is_crash=True)
                log.error("The worker of %s ended with status %d", self.model, status)
        self._ending = ending
        for stream in self._streams.values():
            stream.fail(ending.error)
        self._streams.clear()
        self._announce()
        self._on_end(ending)

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
