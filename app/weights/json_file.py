"""Reads a JSON object from a file that somebody else wrote: bounded in size, and refused in words."""

import json
import re
from pathlib import Path
from typing import Any

from app.errors import BadFile

MAX_BYTES = 256 << 20
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_object(path: Path, limit: int = MAX_BYTES) -> dict[str, Any]:
    """The object in the file; BadFile when it is missing, too large, or anything but a JSON object."""
    try:
        if path.stat().st_size > limit:
            raise BadFile("json_wrong", file=path.name, detail=f"larger than {limit >> 20} MiB")
        return parse_object(path.read_bytes(), path.name)
    except FileNotFoundError as error:
        raise BadFile("checkpoint_file_missing", file=path.name, folder=str(path.parent)) from error
    except OSError as error:
        raise BadFile("checkpoint_unreadable", file=str(path), reason=error.strerror or str(error)) from error


def read_object_if_there(path: Path) -> dict[str, Any]:
    """The same, and an empty one when there is no such file."""
    return read_object(path) if path.exists() else {}


def parse_object(data: bytes, file_name: str) -> dict[str, Any]:
    """The object that `data` is; a name that stands twice in one object, or half a character, is refused."""
    try:
        content = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_without_repeats)
        if SURROGATE.search(data):
            json.dumps(content, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise BadFile("json_wrong", file=file_name, detail=str(error)[:200]) from error
    if not isinstance(content, dict):
        raise BadFile("json_wrong", file=file_name, detail="not an object")
    return content


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return content
