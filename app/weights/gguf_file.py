"""What a GGUF file says about itself, read without loading it and without trusting it.

The format is GGUF 2 and 3, little-endian. Sizes and offsets are checked as llama.cpp checks them, and against the
length of the file, so that a file which passes here is whole. Knows nothing of what the tensors are for.
"""

import math
import stat
import struct
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from app.errors import BadFile
from app.weights import gguf_values
from app.weights.gguf_cursor import Cursor
from app.weights.gguf_header import Array, GgufHeader, TensorInfo, Value
from app.weights.gguf_types import SCALAR_FORMATS, TENSOR_TYPES, TensorType, ValueType

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32
MAX_KEYS = 100_000
MAX_TENSORS = 1_000_000
MAX_KEY_BYTES = 65_535
MAX_TENSOR_NAME_BYTES = 63
MAX_TEXT_BYTES = 16 << 20
MAX_ARRAY_ITEMS = 1 << 24
MAX_DIMENSIONS = 4
SMALL_ARRAYS = {ValueType.STRING: 64}
SMALL_ARRAY_ITEMS = 256
TOKENS = "tokenizer.ggml.tokens"
NO_KEYS: Collection[str] = ()


def read_header(path: Path, keep_arrays: Collection[str] = NO_KEYS) -> GgufHeader:
    """The header of the GGUF file at `path`, checked; BadFile says what is wrong with it.

    Long arrays (tokens, merges) are counted and skipped, unless their key is in `keep_arrays`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadFile("gguf_not_gguf", file=path.name)
        with path.open("rb") as stream:
            return _read(stream, path, status.st_size, keep_arrays)
    except FileNotFoundError as error:
        raise BadFile("gguf_missing", file=str(path)) from error
    except OSError as error:
        raise BadFile("gguf_unreadable", file=str(path), reason=error.strerror or str(error)) from error


def _read(stream: BinaryIO, path: Path, file_bytes: int, keep_arrays: Collection[str]) -> GgufHeader:
    cursor = Cursor(stream, path, file_bytes)
    if stream.read(len(MAGIC)) != MAGIC:
        raise BadFile("gguf_not_gguf", file=path.name)
    cursor.skip(len(MAGIC))
    version = _version(cursor, path)
    num_tensors, num_keys = cursor.integer("<Q"), cursor.integer("<Q")
    if num_tensors > MAX_TENSORS or num_keys > MAX_KEYS:
        raise cursor.corrupt("it claims too many keys or tensors")
    metadata = _metadata(cursor, num_keys, keep_arrays)
    tensors = _tensors(cursor, num_tensors, _alignment(cursor, metadata))
    if (problem := gguf_values.problem(metadata, tensors)) is not None:
        raise cursor.corrupt(problem)
    return GgufHeader(version, MappingProxyType(metadata), tuple(tensors), file_bytes)


def _version(cursor: Cursor, path: Path) -> int:
    version = cursor.integer("<I")
    if version not in VERSIONS:
        is_big_endian = version & 0xFFFF == 0 and version != 0
        raise BadFile(
            "gguf_big_endian" if is_big_endian else "gguf_version_unsupported",
            file=path.name,
            version=int.from_bytes(version.to_bytes(4, "little"), "big") if is_big_endian else version,
        )
    return version


def _metadata(cursor: Cursor, num_keys: int, keep_arrays: Collection[str]) -> dict[str, Value]:
    metadata: dict[str, Value] = {}
    for _ in range(num_keys):
        key = cursor.text(MAX_KEY_BYTES)
        if not key or key in metadata:
            raise cursor.corrupt(f"the key {key[:80]!r} is empty or there twice")
        kind = _value_type(cursor)
        metadata[key] = _array(cursor, key, keep_arrays) if kind is ValueType.ARRAY else _scalar(cursor, kind)
    return metadata


def _value_type(cursor: Cursor) -> ValueType:
    number = cursor.integer("<I")
    if number > max(ValueType):
        raise cursor.corrupt(f"there is no value type {number}")
    return ValueType(number)


def _scalar(cursor: Cursor, kind: ValueType) -> str | int | float | bool:
    return cursor.text(MAX_TEXT_BYTES) if kind is ValueType.STRING else cursor.number(SCALAR_FORMATS[kind])


def _array(cursor: Cursor, key: str, keep_arrays: Collection[str]) -> Array:
    kind, count = _value_type(cursor), cursor.integer("<Q")
    if kind is ValueType.ARRAY:
        raise cursor.corrupt("an array holds arrays")
    item_bytes = struct.calcsize(SCALAR_FORMATS.get(kind, "<Q"))
    if count * item_bytes > cursor.remaining:
        raise cursor.truncated()
    if count > MAX_ARRAY_ITEMS:
        raise cursor.corrupt("an array is too long")
    if key == TOKENS and kind is ValueType.STRING:
        place = cursor.position
        if not cursor.texts_differ(count):
            raise cursor.corrupt("the vocabulary has a token twice")
        if key not in keep_arrays and count > SMALL_ARRAYS[kind]:
            return Array(kind, count, None)
        cursor.go_back(place)
    if key in keep_arrays or count <= SMALL_ARRAYS.get(kind, SMALL_ARRAY_ITEMS):
        return Array(kind, count, tuple(_scalar(cursor, kind) for _ in range(count)))
    if kind is ValueType.STRING:
        cursor.skip_texts(count)
    else:
        cursor.skip(count * item_bytes)
    return Array(kind, count, None)


def _alignment(cursor: Cursor, metadata: Mapping[str, Value]) -> int:
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or isinstance(alignment, bool) or alignment < 1 or alignment & (alignment - 1):
        raise cursor.corrupt("the alignment is no power of two")
    return alignment


def _tensors(cursor: Cursor, num_tensors: int, alignment: int) -> list[TensorInfo]:
    """Tensors follow one another without holes, as llama.cpp demands; the last one ends inside the file."""
    entries = [_entry(cursor) for _ in range(num_tensors)]
    if len({name for name, _, _, _ in entries}) < num_tensors:
        raise cursor.corrupt("two tensors have the same name")
    data_start = _padded(cursor.position, alignment)
    end = 0
    tensors = []
    for name, shape, kind, offset in entries:
        if offset != end:
            raise cursor.corrupt(f"the tensor {name!r} does not lie where it should")
        num_bytes = math.prod(shape) // kind.block_size * kind.block_bytes
        tensors.append(TensorInfo(name, shape, kind.name, data_start + offset, num_bytes))
        if data_start + offset + num_bytes > cursor.file_bytes:
            raise cursor.truncated()
        end = _padded(offset + num_bytes, alignment)
    return tensors


def _entry(cursor: Cursor) -> tuple[str, tuple[int, ...], TensorType, int]:
    name = cursor.text(MAX_TENSOR_NAME_BYTES)
    num_dimensions = cursor.integer("<I")
    if num_dimensions > MAX_DIMENSIONS:
        raise cursor.corrupt(f"the tensor {name!r} has {num_dimensions} dimensions")
    shape = tuple(cursor.integer("<Q") for _ in range(num_dimensions))
    number = cursor.integer("<I")
    kind = TENSOR_TYPES.get(number)
    if kind is None:
        raise BadFile("gguf_tensor_type_unknown", file=cursor.file_name, tensor=name, type=number)
    if (shape[0] if shape else 1) % kind.block_size:
        raise cursor.corrupt(f"rows of the tensor {name!r} do not fit its type {kind.name}")
    return name, shape, kind, cursor.integer("<Q")


def _padded(size: int, alignment: int) -> int:
    return (size + alignment - 1) // alignment * alignment
