"""Writes states to the disk from one thread of its own, so that no step waits for a disk.

The queue holds one state of a chat, the newest; hashing, writing and syncing let the worker's other thread run.
"""

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.worker import snapshot_file
from app.worker.snapshot_file import SnapshotUnwanted, State
from app.worker.snapshot_folder import PART_SUFFIX, SnapshotFolder

log = logging.getLogger(__name__)

MAX_QUEUED = 64


@dataclass(slots=True, eq=False)
class Kept:
    """A state of a chat. `tokens` are packed; `is_dirty`: not on the disk yet; `is_evicted`: only the queue has it."""

    owner: str
    chat: str
    tokens: bytes
    state: State
    is_dirty: bool = True
    is_evicted: bool = False
    is_unwanted: bool = False


class SnapshotWriter:
    """The thread and its queue. `spare_bytes` bounds the states that nothing but the queue holds (but for one)."""

    def __init__(self, folder: SnapshotFolder, spare_bytes: int) -> None:
        self._folder = folder
        self._spare_bytes = spare_bytes
        self._changed = threading.Condition()
        self._waiting: dict[tuple[str, str], Kept] = {}
        self._writing: Kept | None = None
        self._is_closing = False
        self._has_complained = False
        self._thread: threading.Thread | None = None

    def queue(self, kept: Kept) -> None:
        """Write this one when its turn comes, instead of an older state of the same chat."""
        with self._changed:
            if self._is_closing or kept is self._writing:
                return
            self._waiting.pop((kept.owner, kept.chat), None)
            self._waiting[kept.owner, kept.chat] = kept
            self._shed()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def pending(self, owner: str) -> list[Kept]:
        """An owner's states that are queued or being written."""
        with self._changed:
            busy = [] if self._writing is None else [self._writing]
            return [kept for kept in (*self._waiting.values(), *busy) if kept.owner == owner and not kept.is_unwanted]

    def forget(self, owner: str, chat: str) -> None:
        """Once this returns, no file of the chat comes into being any more."""
        with self._changed:
            self._waiting.pop((owner, chat), None)
            if self._writing is not None and (self._writing.owner, self._writing.chat) == (owner, chat):
                self._writing.is_unwanted = True

    def close(self, seconds: float) -> None:
        """Write what is queued, as far as `seconds` reach, and end the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread is None:
            return
        self._thread.join(seconds)
        with self._changed:
            self._waiting.clear()
            if self._writing is not None:
                self._writing.is_unwanted = True

    def _shed(self) -> None:
        evicted = [kept for kept in self._waiting.values() if kept.is_evicted]
        spare = self._spare_bytes - sum(len(kept.state) for kept in evicted)
        for kept in evicted[:-1]:
            if spare < 0:
                del self._waiting[kept.owner, kept.chat]
                spare += len(kept.state)
        if len(self._waiting) > MAX_QUEUED:
            self._waiting.popitem()  # It is still dirty, and comes again.

    def _run(self) -> None:
        while (kept := self._next()) is not None:
            try:
                self._write(kept)
                self._has_complained = False
            except SnapshotUnwanted:
                pass
            except OSError as error:
                if not self._has_complained:
                    log.warning("A chat's state could not be saved; its text will be read again: %s", error)
                self._has_complained = True
            kept.is_dirty = False
            with self._changed:
                self._writing = None
                self._changed.notify_all()

    def _next(self) -> Kept | None:
        with self._changed:
            while not self._waiting:
                if self._is_closing:
                    return None
                self._changed.wait()
            self._writing = self._waiting.pop(next(iter(self._waiting)))
            return self._writing

    def _write(self, kept: Kept) -> None:
        path = self._folder.path(kept.owner, kept.chat)
        header = self._folder.header(kept.owner, kept.chat, kept.tokens)
        if not self._folder.make_room(len(kept.state) + len(kept.tokens) + snapshot_file.LARGEST_REST_BYTES, path):
            return
        part = path.with_name(path.name + PART_SUFFIX)
        try:
            snapshot_file.write(part, header, kept.state, lambda: not kept.is_unwanted)
            self._publish(kept, part, path)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _publish(self, kept: Kept, part: Path, path: Path) -> None:
        with self._changed:  # `forget` either comes before, and is seen here, or removes the file behind us.
            if kept.is_unwanted:
                raise SnapshotUnwanted
            part.replace(path)
