"""Reads the numbers of a stored tensor in blocks of rows, and writes them in another type.

Rounds to nearest, ties to even, as llama.cpp's own converter does. Refuses numbers that the result cannot hold.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.errors import BadFile
from app.weights.safetensors import StoredTensor

Words = npt.NDArray[Any]
Kind = np.dtype[Any]
CHUNK_BYTES = 8 << 20
STORED_TYPES: Final[Mapping[str, Kind]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}
EXPONENT = {"F32": 0x7F800000, "F16": 0x7C00, "BF16": 0x7F80}
BITS: Final[Mapping[str, Kind]] = {"F32": np.dtype("<u4"), "F16": np.dtype("<u2"), "BF16": np.dtype("<u2")}


@dataclass(frozen=True, slots=True)
class RowOrder:
    """Within each head of `head_rows` rows: from halves (Hugging Face's RoPE) to pairs (GGUF's)."""

    head_rows: int

    def applied(self, rows: Words) -> Words:
        """Row i of the first half and row i of the second half become neighbours."""
        halves = rows.reshape(-1, 2, self.head_rows // 2, *rows.shape[1:])
        ordered: Words = halves.swapaxes(1, 2).reshape(rows.shape)
        return ordered


def converted(tensor: StoredTensor, to_type: str, order: RowOrder | None) -> Iterator[memoryview]:
    """The tensor's data as `to_type` ("F32", "F16", "BF16"), about CHUNK_BYTES at a time."""
    for rows in _blocks(tensor, order.head_rows if order else 1):
        _check_finite(rows, tensor.dtype, tensor, "weights_not_finite")
        ordered = order.applied(rows) if order else rows
        result = np.ascontiguousarray(_as_type(ordered, tensor.dtype, to_type))
        if to_type == "F16" and tensor.dtype != "F16":
            _check_finite(result, "F16", tensor, "weights_too_large_for_f16")
        yield result.view(np.uint8).reshape(-1).data


def _blocks(tensor: StoredTensor, unit: int) -> Iterator[Words]:
    """Blocks of whole rows, `unit` of them or a multiple; freshly read, so that memory does not grow."""
    kind = STORED_TYPES[tensor.dtype]
    num_rows, row_shape = tensor.shape[0], tensor.shape[1:]
    row_bytes = math.prod(row_shape) * kind.itemsize
    step = max(1, CHUNK_BYTES // max(1, row_bytes * unit)) * unit
    with tensor.path.open("rb") as stream:
        stream.seek(tensor.start)
        for first in range(0, num_rows, step):
            rows = min(step, num_rows - first)
            block = np.fromfile(stream, kind, rows * math.prod(row_shape))
            if block.size < rows * math.prod(row_shape):
                raise BadFile("safetensors_truncated", file=tensor.path.name)
            yield block.reshape(rows, *row_shape)


def _as_type(values: Words, from_type: str, to_type: str) -> Words:
    if from_type == to_type:
        return values
    wide = (values.astype("<u4") << 16).view("<f4") if from_type == "BF16" else values.astype("<f4", copy=False)
    if to_type == "F32":
        return wide
    if to_type == "F16":
        with np.errstate(over="ignore"):
            return wide.astype("<f2")
    bits: npt.NDArray[np.uint32] = np.ascontiguousarray(wide).view("<u4")
    return ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype("<u2")


def _check_finite(values: Words, kind: str, tensor: StoredTensor, code: str) -> None:
    mask = EXPONENT[kind]
    if bool(np.any((values.view(BITS[kind]) & mask) == mask)):
        raise BadFile(code, tensor=tensor.name)
