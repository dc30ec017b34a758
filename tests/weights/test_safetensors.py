"""Finding tensors in safetensors files, and refusing files that lie."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import BadFile
from app.weights import safetensors
from tests import tiny_model

GOOD = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def write(path: Path, header: object, data: bytes = bytes(24)) -> Path:
    """A file with any JSON as its header."""
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_tensors_are_found_with_their_places(tmp_path: Path) -> None:
    numbers = np.arange(6, dtype=np.float32).reshape(2, 3)
    tiny_model.write_safetensors(tmp_path / "model.safetensors", {"b": numbers, "a": numbers + 6})
    found = safetensors.find_tensors(tmp_path)
    assert list(found) == ["a", "b"]
    a = found["a"]
    assert (a.dtype, a.shape, a.num_bytes) == ("F32", (2, 3), 24)
    assert np.fromfile(a.path, np.float32, 6, offset=a.start).tolist() == [6, 7, 8, 9, 10, 11]


def test_an_index_leads_to_all_files_in_order(tmp_path: Path) -> None:
    numbers = {name: np.zeros((1, 1), dtype=np.float32) for name in "abcde"}
    tiny_model.write_weights(tmp_path, numbers, num_shards=2)
    assert list(safetensors.find_tensors(tmp_path)) == ["a", "c", "e", "b", "d"]


LIES: dict[str, tuple[object, str]] = {
    "offset outside": ({"a": {**GOOD, "data_offsets": [24, 48]}}, "safetensors_corrupt"),
    "end before start": ({"a": {**GOOD, "data_offsets": [24, 0]}}, "safetensors_corrupt"),
    "negative offset": ({"a": {**GOOD, "data_offsets": [-24, 0]}}, "safetensors_corrupt"),
    "size and shape differ": ({"a": {**GOOD, "shape": [2, 4]}}, "safetensors_corrupt"),
    "negative shape": ({"a": {**GOOD, "shape": [-2, -3]}}, "safetensors_corrupt"),
    "unknown dtype": ({"a": {**GOOD, "dtype": "F7"}}, "safetensors_corrupt"),
    "overlap": ({"a": GOOD, "b": GOOD}, "safetensors_corrupt"),
    "a hole": ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [20, 24]}}, "safetensors_corrupt"),
    "something behind": ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, "safetensors_corrupt"),
    "longer than the file": (
        {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4 << 40]}},
        "safetensors_truncated",
    ),
    "no entry": ({"a": 5}, "safetensors_corrupt"),
    "a list": ([1, 2], "json_wrong"),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_lying_header_is_refused(kind: str, tmp_path: Path) -> None:
    header, code = LIES[kind]
    with pytest.raises(BadFile) as refusal:
        safetensors.read_tensors(write(tmp_path / "model.safetensors", header))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "safetensors_truncated"),
        (struct.pack("<Q", 1 << 62), "safetensors_corrupt"),
        (struct.pack("<Q", 1000) + b"{}", "safetensors_truncated"),
        (struct.pack("<Q", 2) + b"{x", "json_wrong"),
        (struct.pack("<Q", 20) + b'{"a":1,"a":2}       ', "json_wrong"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, "json_wrong"),
    ],
)
def test_a_broken_file_is_refused(content: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadFile) as refusal:
        safetensors.read_tensors(path)
    assert refusal.value.code == code


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/passwd", "model.bin", ""])
def test_an_index_that_points_elsewhere_is_not_followed(name: str, tmp_path: Path) -> None:
    index: dict[str, Any] = {"weight_map": {"a": name}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(BadFile) as refusal:
        safetensors.find_tensors(tmp_path)
    assert refusal.value.code == "json_wrong"


def test_a_tensor_in_two_files_is_refused(tmp_path: Path) -> None:
    for file in ("model-1.safetensors", "model-2.safetensors"):
        write(tmp_path / file, {"a": GOOD})
    places = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(places))
    with pytest.raises(BadFile) as refusal:
        safetensors.find_tensors(tmp_path)
    assert refusal.value.code == "safetensors_corrupt"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("pytorch_model-00001-of-00002.bin", "checkpoint_only_pickle"),
        ("consolidated.00.pth", "checkpoint_meta_format"),
        ("model.Q4_K_M.gguf", "checkpoint_is_gguf"),
        ("README.md", "checkpoint_no_weights"),
    ],
)
def test_a_folder_without_safetensors_says_what_it_holds(file: str, code: str, tmp_path: Path) -> None:
    (tmp_path / file).touch()
    with pytest.raises(BadFile) as refusal:
        safetensors.find_tensors(tmp_path)
    assert refusal.value.code == code


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-2.safetensors"}}')
    with pytest.raises(BadFile) as refusal:
        safetensors.find_tensors(tmp_path)
    assert (refusal.value.code, refusal.value.params["file"]) == ("checkpoint_file_missing", "model-2.safetensors")
