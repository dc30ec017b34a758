"""Reads the little pieces of a GGUF header from a file, a window at a time.

Never reads or allocates more than the file holds, and skips what nobody asked for. Knows bytes, not what they mean.
"""

import struct
from pathlib import Path
from typing import BinaryIO

from app.errors import BadFile

WINDOW_BYTES = 1 << 20
MAX_KEPT_BYTES = 256 << 20
MAX_COMPARED_TEXTS = 1 << 21
MAX_COMPARED_BYTES = 1 << 16
ZERO = b"\0"
LENGTH = struct.Struct("<Q")


class Cursor:
    """A place in an open file of `file_bytes` bytes. Every read past the end is a BadFile("gguf_truncated")."""

    def __init__(self, stream: BinaryIO, path: Path, file_bytes: int) -> None:
        self._stream = stream
        self._path = path
        self.file_bytes = file_bytes
        self._window = b""
        self._window_start = 0
        self._at = 0
        self._kept_bytes = 0

    @property
    def file_name(self) -> str:
        """For messages."""
        return self._path.name

    @property
    def position(self) -> int:
        """Bytes from the start of the file."""
        return self._window_start + self._at

    @property
    def remaining(self) -> int:
        """Bytes from here to the end of the file."""
        return self.file_bytes - self.position

    def number(self, pattern: str) -> int | float | bool:
        """One little-endian number of the struct format `pattern`."""
        size = struct.calcsize(pattern)
        self._need(size)
        value: int | float | bool = struct.unpack_from(pattern, self._window, self._at)[0]
        self._at += size
        return value

    def integer(self, pattern: str) -> int:
        """One little-endian integer."""
        return int(self.number(pattern))

    def text(self, limit: int) -> str:
        """A length and that many bytes of UTF-8; what is not UTF-8 is shown as replacement characters."""
        length = self.integer("<Q")
        self._kept_bytes += length
        if length > limit or self._kept_bytes > MAX_KEPT_BYTES:
            if length > self.remaining:
                raise self.truncated()
            raise self.corrupt("a text is too long")
        self._need(length)
        data = self._window[self._at : self._at + length]
        self._at += length
        return data.decode("utf-8", errors="replace")

    def skip(self, num_bytes: int) -> None:
        """Go on without looking."""
        if num_bytes > self.remaining:
            raise self.truncated()
        self._at += num_bytes

    def skip_texts(self, count: int) -> None:
        """Pass over `count` texts: the hot loop, since a vocabulary has hundreds of thousands."""
        window, at, unpack = self._window, self._at, LENGTH.unpack_from
        for _ in range(count):
            if at + 8 > len(window):
                self._at = at
                self._need(8)
                window, at = self._window, self._at
            at += 8 + unpack(window, at)[0]
        self._at = at
        if self.remaining < 0:
            raise self.truncated()

    def texts_differ(self, count: int) -> bool:
        """Pass over `count` texts, and say whether none but the empty one is there twice."""
        if count > MAX_COMPARED_TEXTS:
            raise self.corrupt("the vocabulary is too long")
        seen: set[bytes] = set()
        num_empty = 0
        window, at, unpack = self._window, self._at, LENGTH.unpack_from
        for _ in range(count):
            end = at + 8 + unpack(window, at)[0] if at + 8 <= len(window) else len(window) + 1
            if end > len(window):
                self._at = at
                length = self._need_text()
                window, at = self._window, self._at
                end = at + 8 + length
            text = window[at + 8 : end]
            if ZERO in text:
                text = text.partition(ZERO)[0]  # So llama.cpp takes it.
            seen.add(text)
            num_empty += not text
            at = end
        self._at = at
        return len(seen) + max(0, num_empty - 1) == count

    def go_back(self, position: int) -> None:
        """Read on from a place that was passed."""
        self._window, self._window_start, self._at = b"", position, 0

    def truncated(self) -> BadFile:
        """The file ends too early."""
        return BadFile("gguf_truncated", file=self._path.name, file_bytes=self.file_bytes)

    def corrupt(self, detail: str) -> BadFile:
        """The header contradicts itself or the format."""
        return BadFile("gguf_header_corrupt", file=self._path.name, detail=detail)

    def _need_text(self) -> int:
        """Have the next text in the window, which begins where we are; its length."""
        self._need(LENGTH.size)
        length: int = LENGTH.unpack_from(self._window, self._at)[0]
        if length > MAX_COMPARED_BYTES:
            raise self.truncated() if length > self.remaining else self.corrupt("a token is too long")
        self._need(LENGTH.size + length)
        return length

    def _need(self, num_bytes: int) -> None:
        """Have the next `num_bytes` in the window."""
        if self._at + num_bytes <= len(self._window):
            return
        if num_bytes > self.remaining:
            raise self.truncated()
        start = self.position
        self._stream.seek(start)
        self._window = self._stream.read(max(num_bytes, WINDOW_BYTES))
        self._window_start, self._at = start, 0
        if len(self._window) < num_bytes:
            raise self.truncated()
