"""The folder of all snapshots: where each one lies, which of an owner's suit a text, and what has to go for room.

Below it is one folder for each identity (model file and settings), with one file for each chat. Every worker reads and
writes in its own, and removes the oldest files of all. Needs neither numpy nor llama.cpp: the parent imports it too.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.worker import packed_tokens, snapshot_file
from app.worker.snapshot_file import Header, SnapshotBroken

SUFFIX = ".snapshot"
PART_SUFFIX = ".part"
OWNER_DIGITS = 16
CHAT_DIGITS = 32
MIN_FREE_BYTES = 256 * 1024 * 1024
STALE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file of which the first `num_shared` tokens of `num_held` are those of a text."""

    path: Path
    num_shared: int
    num_held: int


@dataclass(frozen=True, slots=True)
class Indexed:
    """The tokens of a file, and by what it is seen to be the same file still."""

    inode: int
    size: int
    tokens: bytes


def forget_chat(folder: Path, owner: str, chat: str) -> None:
    """Remove what is kept of a chat, of all models."""
    for path in folder.glob(f"*/{_name(owner, chat)}*"):
        with suppress(OSError):
            path.unlink()


class SnapshotFolder:
    """The files of one identity, under a budget for those of all."""

    def __init__(self, folder: Path, identity: str, disk_bytes: int) -> None:
        self._all = folder
        self._own = folder / _digits(identity, OWNER_DIGITS)
        self._identity = identity
        self._disk_bytes = disk_bytes
        self._index: dict[str, Indexed] = {}

    def prepare(self) -> None:
        """Make the folders, for nobody else to read, and remove what was never finished. Raises OSError."""
        self._own.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._all.chmod(0o700)
        self._own.chmod(0o700)
        long_ago = time.time() - STALE_SECONDS
        for path in self._all.glob(f"*/*{PART_SUFFIX}"):
            with suppress(OSError):
                if path.parent == self._own or path.stat().st_mtime < long_ago:
                    path.unlink()

    def path(self, owner: str, chat: str) -> Path:
        """Where the snapshot of a chat lies."""
        return self._own / _name(owner, chat)

    def header(self, owner: str, chat: str, tokens: bytes) -> Header:
        """What a file of this identity begins with; the writer fills in the rest."""
        return Header(self._identity, _digits(owner), _chat_digits(owner, chat), tokens, 0, b"")

    def candidates(self, owner: str, tokens: bytes) -> list[Candidate]:
        """The owner's files that share something with packed `tokens`, the best first."""
        found = []
        for entry in self._entries(owner):
            held = self._tokens(entry, owner)
            if held is not None:
                shared = packed_tokens.num_shared(held, tokens)
                found.append(Candidate(Path(entry.path), shared, packed_tokens.num_packed(held)))
        return sorted(found, key=lambda each: -each.num_shared)

    def read(self, path: Path, owner: str) -> tuple[bytes, bytearray] | None:
        """Packed tokens and state of a file; a file in which anything is wrong is removed, and None."""
        try:
            header, state = snapshot_file.read(path)
            self._check(header, path, owner)
        except (SnapshotBroken, OSError):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return header.tokens, state

    def make_room(self, num_bytes: int, path: Path) -> bool:
        """Remove the files that were not used for longest until `num_bytes` fit in the place of `path`, or False."""
        self._own.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = sorted(self._files())
        total = sum(size for _, size, each in files if each != path)
        disk = os.statvfs(self._own)
        missing = max(total + num_bytes - self._disk_bytes, num_bytes + MIN_FREE_BYTES - disk.f_bavail * disk.f_frsize)
        if missing > total:
            return False
        for _, size, each in files:
            if missing <= 0:
                break
            if each != path:
                each.unlink(missing_ok=True)
                missing -= size
        return True

    def _entries(self, owner: str) -> list[os.DirEntry[str]]:
        beginning = _digits(owner, OWNER_DIGITS) + "-"
        try:
            with os.scandir(self._own) as entries:
                return [each for each in entries if each.name.startswith(beginning) and each.name.endswith(SUFFIX)]
        except OSError:
            return []

    def _tokens(self, entry: os.DirEntry[str], owner: str) -> bytes | None:
        try:
            state = entry.stat()
            indexed = self._index.get(entry.name)
            if indexed is None or (indexed.inode, indexed.size) != (state.st_ino, state.st_size):
                path = Path(entry.path)
                header = snapshot_file.read_header(path)
                self._check(header, path, owner)
                indexed = self._index[entry.name] = Indexed(state.st_ino, state.st_size, header.tokens)
        except (SnapshotBroken, OSError):
            self._index.pop(entry.name, None)
            with suppress(OSError):
                Path(entry.path).unlink()
            return None
        return indexed.tokens

    def _check(self, header: Header, path: Path, owner: str) -> None:
        name = f"{header.owner[:OWNER_DIGITS]}-{header.chat[:CHAT_DIGITS]}{SUFFIX}"
        if (header.identity, header.owner, name) != (self._identity, _digits(owner), path.name):
            raise SnapshotBroken("of another model, owner or chat")

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        for path in self._all.glob("*/*"):
            if path.suffix in (SUFFIX, PART_SUFFIX):
                with suppress(OSError):
                    state = path.stat()
                    yield state.st_mtime_ns, state.st_size, path


def _name(owner: str, chat: str) -> str:
    return f"{_digits(owner, OWNER_DIGITS)}-{_chat_digits(owner, chat)[:CHAT_DIGITS]}{SUFFIX}"


def _chat_digits(owner: str, chat: str) -> str:
    return _digits(f"{owner}\0{chat}")


def _digits(text: str, num_digits: int = 64) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:num_digits]
