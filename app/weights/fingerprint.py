"""Names the contents of a model file without reading all of it: gigabytes on a slow disk would take minutes.

Two files of the same size with the same header that differ only in weights between the samples would get the same
name; quantizing or training changes every block, so that this takes somebody who means it.
"""

import hashlib
import stat
import struct
from collections.abc import Sequence
from pathlib import Path

MAX_HEADER_BYTES = 32 << 20
NUM_SAMPLES = 16
SAMPLE_BYTES = 64 << 10


def fingerprint(files: Sequence[Path], header_bytes: int) -> str:
    """SHA-256 over the sizes, the first `header_bytes` of the first file, and samples of all: a model and its shards.

    Raises OSError.
    """
    digest = hashlib.sha256()
    for number, path in enumerate(files):
        _add(digest, path, min(header_bytes, MAX_HEADER_BYTES) if number == 0 else SAMPLE_BYTES)
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", path: Path, header_bytes: int) -> None:
    with path.open("rb") as stream:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is no file")
        size = status.st_size
        digest.update(struct.pack("<QQ", size, header_bytes))
        digest.update(stream.read(header_bytes))
        room = max(0, size - header_bytes - SAMPLE_BYTES)
        for sample in range(NUM_SAMPLES):
            stream.seek(header_bytes + room * sample // max(1, NUM_SAMPLES - 1))
            digest.update(stream.read(SAMPLE_BYTES))
