"""Writes a GGUF 3 file as a stream: header first, then each tensor in pieces, so that memory stays small.

Knows the format, not what the tensors mean.
"""

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from app.weights.gguf_types import SCALAR_FORMATS, TENSOR_TYPE_NUMBERS, TENSOR_TYPES, ValueType

ALIGNMENT = 32
VERSION = 3

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with its value. With `items` it is an array of `type`."""

    key: str
    type: ValueType
    value: Scalar | None = None
    items: Sequence[Scalar] | None = None


@dataclass(frozen=True, slots=True)
class NewTensor:
    """One tensor to come: `shape` with the slowest dimension first, `type` such as "F16"."""

    name: str
    shape: tuple[int, ...]
    type: str

    @property
    def num_elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def num_bytes(self) -> int:
        """How long its data is."""
        kind = TENSOR_TYPES[TENSOR_TYPE_NUMBERS[self.type]]
        return self.num_elements // kind.block_size * kind.block_bytes


def text(key: str, value: str) -> Entry:
    """A text."""
    return Entry(key, ValueType.STRING, value)


def count(key: str, value: int) -> Entry:
    """A size, a number of something, an id."""
    return Entry(key, ValueType.UINT32, value)


def real(key: str, value: float) -> Entry:
    """A number with a fraction."""
    return Entry(key, ValueType.FLOAT32, value)


def flag(key: str, value: bool) -> Entry:
    """Yes or no."""
    return Entry(key, ValueType.BOOL, value)


def texts(key: str, items: Sequence[str]) -> Entry:
    """Many texts."""
    return Entry(key, ValueType.STRING, items=items)


def header(entries: Sequence[Entry], tensors: Sequence[NewTensor]) -> bytes:
    """Everything before the data, padded to where the data starts."""
    parts = [b"GGUF", struct.pack("<IQQ", VERSION, len(tensors), len(entries))]
    for entry in entries:
        parts.append(_text(entry.key))
        parts.append(_value(entry))
    offset = 0
    for tensor in tensors:
        dimensions = tuple(reversed(tensor.shape))
        number = TENSOR_TYPE_NUMBERS[tensor.type]
        parts.append(_text(tensor.name))
        parts.append(struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, number, offset))
        offset += tensor.num_bytes + padding(tensor.num_bytes)
    data = b"".join(parts)
    return data + bytes(padding(len(data)))


def written(stream: BinaryIO, tensor: NewTensor, chunks: Iterable[memoryview]) -> Iterator[int]:
    """Write the data of one tensor, giving the bytes of each piece; tensors come in the order of the header."""
    total = 0
    for chunk in chunks:
        stream.write(chunk)
        total += len(chunk)
        yield len(chunk)
    if total != tensor.num_bytes:
        raise AssertionError(f"{tensor.name}: {total} bytes instead of {tensor.num_bytes}")
    stream.write(bytes(padding(total)))


def padding(num_bytes: int) -> int:
    """Bytes up to the next aligned place."""
    return -num_bytes % ALIGNMENT


def _value(entry: Entry) -> bytes:
    if entry.items is not None:
        head = struct.pack("<IIQ", ValueType.ARRAY, entry.type, len(entry.items))
        return head + b"".join(_scalar(entry.type, item) for item in entry.items)
    if entry.value is None:
        raise AssertionError(f"{entry.key} has no value")
    return struct.pack("<I", entry.type) + _scalar(entry.type, entry.value)


def _scalar(kind: ValueType, value: Scalar) -> bytes:
    return _text(str(value)) if kind is ValueType.STRING else struct.pack(SCALAR_FORMATS[kind], value)


def _text(value: str) -> bytes:
    data = value.encode("utf-8")
    return struct.pack("<Q", len(data)) + data
