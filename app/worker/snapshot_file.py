"""A snapshot as a file: how it is laid out, written and checked. Knows neither budgets nor the writer's thread.

    8 bytes   magic
    4         version, little-endian
    4         length of the header, little-endian
    32        BLAKE2b-256 of the 16 bytes above and the header
    ...       header: `Header` as MessagePack
    ...       body: the state as llama.cpp gave it, `body_bytes` long, up to the end of the file

llama.cpp checks sizes and types of a state, not its contents; so a byte that differs must never reach it.
"""

import os
import struct
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import msgspec

from app.worker.packed_tokens import TOKEN_BYTES

MAGIC = b"HEARTHKV"
VERSION = 1
FIELDS = struct.Struct("<8sII")
DIGEST_BYTES = 32
OPENING_BYTES = FIELDS.size + DIGEST_BYTES
PIECE_BYTES = 4 * 1024 * 1024
LARGEST_REST_BYTES = 1024  # What a file takes besides its tokens and its body, generously.

State = bytes | bytearray


class SnapshotBroken(Exception):
    """A file that is not, or no longer, a snapshot as this version writes them."""


class SnapshotUnwanted(Exception):
    """Nobody waits for this file any more: the chat is gone, or the worker has to end now."""


class Header(msgspec.Struct, frozen=True):
    """What a file says about its state. `owner` and `chat` are digests; `tokens` are packed."""

    identity: str
    owner: str
    chat: str
    tokens: bytes
    body_bytes: int
    body_digest: bytes


def digest(*parts: State | memoryview) -> bytes:
    """BLAKE2b-256 over all parts: the fastest that every CPU computes well."""
    total = blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        total.update(part)
    return total.digest()


def read_header(path: Path) -> Header:
    """What the file holds, without its body. Raises SnapshotBroken or OSError."""
    with path.open("rb", buffering=0) as file:
        return _header(file)


def read(path: Path) -> tuple[Header, bytearray]:
    """The whole file, every byte of it checked. Raises SnapshotBroken or OSError."""
    with path.open("rb", buffering=0) as file:
        header = _header(file)
        body = bytearray(header.body_bytes)
        view = memoryview(body)
        while view:
            count = file.readinto(view)
            if not count:
                raise SnapshotBroken("shorter than its header says")
            view = view[count:]
    if digest(body) != header.body_digest:
        raise SnapshotBroken("the body was changed")
    return header, body


def write(part: Path, header: Header, state: State, is_wanted: Callable[[], bool]) -> None:
    """Write `part` to the disk itself, piece by piece. Whoever called renames or removes it.

    `header` comes without the body's size and digest. Raises SnapshotUnwanted or OSError.
    """
    view = memoryview(state)
    pieces = [view[start : start + PIECE_BYTES] for start in range(0, len(view), PIECE_BYTES)]
    total = blake2b(digest_size=DIGEST_BYTES)
    for piece in pieces:
        _go_on(is_wanted)
        total.update(piece)
    header = msgspec.structs.replace(header, body_bytes=len(view), body_digest=total.digest())
    encoded = msgspec.msgpack.encode(header)
    fields = FIELDS.pack(MAGIC, VERSION, len(encoded))
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        _write_all(file, fields + digest(fields, encoded) + encoded)
        for piece in pieces:
            _go_on(is_wanted)
            _write_all(file, piece)
        os.fsync(file.fileno())


def _header(file: BinaryIO) -> Header:
    size = os.fstat(file.fileno()).st_size
    opening = file.read(OPENING_BYTES)
    if len(opening) < OPENING_BYTES:
        raise SnapshotBroken("no room for an opening")
    fields = opening[: FIELDS.size]
    magic, version, length = FIELDS.unpack(fields)
    if magic != MAGIC or version != VERSION or OPENING_BYTES + length > size:
        raise SnapshotBroken("not of this version")
    encoded = file.read(length)
    if digest(fields, encoded) != opening[FIELDS.size :]:
        raise SnapshotBroken("the header was changed")
    try:
        header = msgspec.msgpack.decode(encoded, type=Header)
    except msgspec.DecodeError as error:
        raise SnapshotBroken(str(error)) from error
    if OPENING_BYTES + length + header.body_bytes != size or len(header.tokens) % TOKEN_BYTES:
        raise SnapshotBroken("not as long as its header says")
    return header


def _go_on(is_wanted: Callable[[], bool]) -> None:
    if not is_wanted():
        raise SnapshotUnwanted


def _write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
