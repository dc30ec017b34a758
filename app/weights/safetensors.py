"""Finds tensors in safetensors files. Checks every header, reads no numbers, and trusts nobody.

Format: eight bytes with the length of a JSON header, the header, then the numbers without holes.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.errors import BadFile
from app.weights import json_file

MAX_HEADER_BYTES = 100_000_000
DTYPE_BYTES: Final = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2,
    "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor: `shape` with the slowest dimension first, its bytes from `start` of the file `path`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    path: Path
    start: int
    num_bytes: int


def find_tensors(folder: Path) -> dict[str, StoredTensor]:
    """All the tensors of a checkpoint, file by file in the order of their names, and by name within a file."""
    tensors: dict[str, StoredTensor] = {}
    for file in _files(folder):
        for name, tensor in sorted(read_tensors(file).items()):
            if name in tensors:
                raise BadFile("safetensors_corrupt", file=file.name, detail=f"{name} is in another file too")
            tensors[name] = tensor
    return tensors


def read_tensors(path: Path) -> dict[str, StoredTensor]:
    """The tensors of one file, in no particular order."""
    try:
        with path.open("rb") as stream:
            file_bytes = path.stat().st_size
            prefix = stream.read(8)
            if len(prefix) < 8:
                raise BadFile("safetensors_truncated", file=path.name)
            (header_bytes,) = struct.unpack("<Q", prefix)
            if header_bytes > MAX_HEADER_BYTES:
                raise BadFile("safetensors_corrupt", file=path.name, detail="its header is too long")
            if header_bytes > file_bytes - 8:
                raise BadFile("safetensors_truncated", file=path.name)
            header = json_file.parse_object(stream.read(header_bytes), path.name)
    except FileNotFoundError as error:
        raise BadFile("checkpoint_file_missing", file=path.name, folder=str(path.parent)) from error
    except OSError as error:
        raise BadFile("checkpoint_unreadable", file=str(path), reason=error.strerror or str(error)) from error
    header.pop("__metadata__", None)
    tensors = {name: _tensor(path, name, entry, 8 + header_bytes) for name, entry in header.items()}
    _check_layout(path, tensors, 8 + header_bytes, file_bytes)
    return tensors


def _tensor(path: Path, name: str, entry: object, data_start: int) -> StoredTensor:
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(end)]} if (
            dtype in DTYPE_BYTES
        ):
            sizes = [size for size in shape if isinstance(size, int) and not isinstance(size, bool) and size >= 0]
            num_bytes = math.prod(sizes) * DTYPE_BYTES[dtype]
            if len(sizes) == len(shape) and start >= 0 and end - start == num_bytes:
                return StoredTensor(name, dtype, tuple(sizes), path, data_start + start, num_bytes)
    raise BadFile("safetensors_corrupt", file=path.name, detail=f"the entry of {name[:200]} is wrong")


def _check_layout(path: Path, tensors: Mapping[str, StoredTensor], data_start: int, file_bytes: int) -> None:
    end = data_start
    for tensor in sorted(tensors.values(), key=lambda tensor: (tensor.start, tensor.num_bytes)):
        if tensor.start != end:
            raise BadFile("safetensors_corrupt", file=path.name, detail=f"{tensor.name} overlaps or leaves a hole")
        end += tensor.num_bytes
    if end > file_bytes:
        raise BadFile("safetensors_truncated", file=path.name)
    if end < file_bytes:
        raise BadFile("safetensors_corrupt", file=path.name, detail="there is something behind its tensors")


def _files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.exists():
        return [_beside(index, name) for name in sorted(_named_files(json_file.read_object(index), index))]
    single = folder / "model.safetensors"
    if single.exists():
        return [single]
    raise BadFile(_code_without_safetensors(folder), folder=str(folder))


def _named_files(index: dict[str, Any], path: Path) -> set[str]:
    places = index.get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(name, str) for name in places.values()):
        raise BadFile("json_wrong", file=path.name, detail="no weight_map")
    return set(places.values())


def _beside(index: Path, name: str) -> Path:
    """A file in the same folder; an index that points anywhere else is not followed."""
    if Path(name).name != name or not name.endswith(".safetensors"):
        raise BadFile("json_wrong", file=index.name, detail=f"it names {name[:200]!r}")
    return index.parent / name


def _code_without_safetensors(folder: Path) -> str:
    if any(folder.glob("*.gguf")):
        return "checkpoint_is_gguf"
    if any(folder.glob("pytorch_model*.bin")):
        return "checkpoint_only_pickle"
    if any(folder.glob("consolidated*.pth")):
        return "checkpoint_meta_format"
    return "checkpoint_no_weights"
