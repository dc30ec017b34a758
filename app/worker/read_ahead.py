"""Brings a model's file into memory in one sweep before it is mapped, and says how far it is; chooses whether to map.

A mapped file is read page by page where it is touched: on a cold disk that is slow, and nobody can tell how far it is.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from app import hardware

PIECE_BYTES: Final = 8 * 1024 * 1024
SAMPLE_BYTES: Final = 4096
# How much of loading is reading, where the disk is cold.
READING_SHARE: Final = 0.9
# ZFS keeps what is mapped twice: in its own cache, and in the pages of the mapping.
UNMAPPED_FILE_SYSTEMS: Final = frozenset({"zfs", *hardware.NETWORK_FILE_SYSTEMS})
PART_OF_SEVERAL: Final = re.compile(r"-\d{5}-of-(\d{5})\.gguf$")

Report = Callable[[float], None]


def choose_mmap(path: Path, file_bytes: int, available_bytes: int, root: Path = hardware.ROOT) -> bool:
    """Whether to map the file rather than to read it into memory of the process.

    Mapped pages are shared and can be dropped, so it is the rule. Over a network or through FUSE, every page that is
    missing is a round trip, and a lost connection kills the process: such a file is read, if it fits.
    """
    kind = hardware.file_system(path, root)
    is_slow = kind in UNMAPPED_FILE_SYSTEMS or kind.startswith("fuse")
    return not is_slow or file_bytes > available_bytes


def load_reports(path: Path, is_mapped: bool, report: Report) -> Report:
    """Read ahead when the file is to be mapped; then what llama.cpp's own progress is to be reported to.

    `report` gets fractions of the whole, and never a smaller one after a larger.
    """
    if not is_mapped or not read_ahead(path, lambda fraction: report(READING_SHARE * fraction)):
        return report
    return lambda fraction: report(READING_SHARE + (1 - READING_SHARE) * fraction)


def read_ahead(path: Path, report: Report, available_bytes: int | None = None) -> bool:
    """Read the file (all files of a model in several) once from its start to its end, what is in memory left out.

    False when there was nothing to read, or more than memory takes: reading the end would drive out the beginning.
    """
    files = files_of(path)
    available = hardware.memory().available_bytes if available_bytes is None else available_bytes
    total = sum(file.stat().st_size for file in files)
    if total > available:
        return False
    done = 0
    has_read = False
    for file in files:
        for num_bytes, was_read in _sweep(file):
            done += num_bytes
            has_read = has_read or was_read
            if has_read:
                report(done / total)
    return has_read


def files_of(path: Path) -> list[Path]:
    """The file, or all of them where it is the first of several ("model-00001-of-00003.gguf")."""
    found = PART_OF_SEVERAL.search(path.name)
    if found is None:
        return [path]
    start = path.name[: found.start()]
    parts = [path.with_name(f"{start}-{part + 1:05}-of-{found[1]}.gguf") for part in range(int(found[1]))]
    return [part for part in parts if part.is_file()]


def is_cached(descriptor: int, offset: int) -> bool:
    """Whether the page at `offset` is in memory; False where the system cannot tell."""
    if not hasattr(os, "RWF_NOWAIT"):
        return False
    try:
        return os.preadv(descriptor, [bytearray(SAMPLE_BYTES)], offset, os.RWF_NOWAIT) > 0
    except OSError:
        return False


def _sweep(file: Path) -> Iterator[tuple[int, bool]]:
    """Pieces of the file as they come into memory: their size, and whether they had to be read."""
    buffer = memoryview(bytearray(PIECE_BYTES))
    descriptor = os.open(file, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        _advise(descriptor, 0, 0, "POSIX_FADV_SEQUENTIAL")
        for start in range(0, size, PIECE_BYTES):
            end = min(start + PIECE_BYTES, size)
            samples = (start, (start + end) // 2, end - 1)
            if all(is_cached(descriptor, sample) for sample in samples):
                yield end - start, False
                continue
            _advise(descriptor, end, PIECE_BYTES, "POSIX_FADV_WILLNEED")
            at = start
            while at < end and (count := os.preadv(descriptor, [buffer[: end - at]], at)):
                at += count
            yield end - start, True
    finally:
        os.close(descriptor)


def _advise(descriptor: int, offset: int, length: int, advice: str) -> None:
    """Tell the kernel what is read next, where it can be told (not on macOS)."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, offset, length, getattr(os, advice))
