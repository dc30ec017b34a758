"""Makes GGUF files byte by byte, right ones and wrong ones."""

import struct
from collections.abc import Sequence
from pathlib import Path

UINT32, FLOAT32, STRING, ARRAY = 4, 6, 8, 9


def text(value: str) -> bytes:
    """A text with its length."""
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def key(name: str, kind: int, value: bytes) -> bytes:
    """A key with a value of the type `kind`."""
    return text(name) + struct.pack("<I", kind) + value


def texts(name: str, items: Sequence[str]) -> bytes:
    """A key with a list of texts."""
    return key(name, ARRAY, struct.pack("<IQ", STRING, len(items)) + b"".join(map(text, items)))


def tensor(name: str, shape: Sequence[int], kind: int, offset: int) -> bytes:
    """The entry of a tensor."""
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def write(
    path: Path,
    keys: Sequence[bytes] = (),
    tensors: Sequence[bytes] = (),
    data: bytes = b"",
    *,
    version: int = 3,
    num_keys: int | None = None,
    num_tensors: int | None = None,
) -> Path:
    """A file of these parts; the counts can be made to lie."""
    num_keys = len(keys) if num_keys is None else num_keys
    num_tensors = len(tensors) if num_tensors is None else num_tensors
    head = b"GGUF" + struct.pack("<IQQ", version, num_tensors, num_keys) + b"".join([*keys, *tensors])
    path.write_bytes(head + bytes(-len(head) % 32) + data)
    return path
