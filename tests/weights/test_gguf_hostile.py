"""Files that are broken, cut, or made to harm: each is refused by name, quickly and without much memory."""

import math
import os
import resource
import struct
from pathlib import Path

import pytest

from app.errors import BadFile
from app.weights.gguf_file import read_header
from tests.weights import gguf_maker
from tests.weights.gguf_maker import ARRAY, FLOAT32, STRING, UINT32, key, tensor, text, texts

HUGE = (1 << 63) - 1
LLAMA = key("general.architecture", STRING, text("llama"))
HOSTILE = {
    "more keys than there are": ({"num_keys": 90_000}, "gguf_header_corrupt"),
    "countless keys": ({"num_keys": HUGE}, "gguf_header_corrupt"),
    "countless tensors": ({"num_tensors": HUGE}, "gguf_header_corrupt"),
    "more tensors than there are": ({"num_tensors": 1000}, "gguf_truncated"),
    "version 1": ({"version": 1}, "gguf_version_unsupported"),
    "version of tomorrow": ({"version": 4}, "gguf_version_unsupported"),
    "big-endian": ({"version": 3 << 24}, "gguf_big_endian"),
    "key longer than the file": ({"keys": [struct.pack("<Q", HUGE)]}, "gguf_truncated"),
    "text longer than the file": ({"keys": [key("a", STRING, struct.pack("<Q", 1 << 40))]}, "gguf_truncated"),
    "key twice": ({"keys": [LLAMA, LLAMA]}, "gguf_header_corrupt"),
    "key without a name": ({"keys": [key("", UINT32, bytes(4))]}, "gguf_header_corrupt"),
    "unknown value type": ({"keys": [key("a", 99, bytes(8))]}, "gguf_header_corrupt"),
    "array of arrays": ({"keys": [key("a", ARRAY, struct.pack("<IQ", ARRAY, 1))]}, "gguf_header_corrupt"),
    "array longer than the file": ({"keys": [key("a", ARRAY, struct.pack("<IQ", 4, HUGE))]}, "gguf_truncated"),
    "array of texts that overshoots": (
        {"keys": [key("a", ARRAY, struct.pack("<IQ", STRING, 70) + struct.pack("<Q", HUGE) + bytes(70 * 8))]},
        "gguf_truncated",
    ),
    "alignment of three": (
        {"keys": [key("general.alignment", UINT32, struct.pack("<I", 3))]},
        "gguf_header_corrupt",
    ),
    "alignment of zero": ({"keys": [key("general.alignment", UINT32, bytes(4))]}, "gguf_header_corrupt"),
    "tensor twice": (
        {"tensors": [tensor("a", (8,), 0, 0), tensor("a", (8,), 0, 32)], "data": bytes(64)},
        "gguf_header_corrupt",
    ),
    "tensor with five dimensions": ({"tensors": [tensor("a", (1, 1, 1, 1, 1), 0, 0)]}, "gguf_header_corrupt"),
    "tensor of unknown type": ({"tensors": [tensor("a", (8,), 77, 0)]}, "gguf_tensor_type_unknown"),
    "tensor of a removed type": ({"tensors": [tensor("a", (8,), 4, 0)]}, "gguf_tensor_type_unknown"),
    "tensor behind the end": ({"tensors": [tensor("a", (64,), 0, 0)], "data": bytes(32)}, "gguf_truncated"),
    "tensor of immense size": ({"tensors": [tensor("a", (HUGE, HUGE), 0, 0)]}, "gguf_truncated"),
    "tensor with a far offset": ({"tensors": [tensor("a", (8,), 0, 1 << 40)]}, "gguf_header_corrupt"),
    "tensors that overlap": (
        {"tensors": [tensor("a", (8,), 0, 0), tensor("b", (8,), 0, 0)], "data": bytes(64)},
        "gguf_header_corrupt",
    ),
    "tensor name too long": ({"tensors": [tensor("n" * 64, (8,), 0, 0)], "data": bytes(32)}, "gguf_header_corrupt"),
    "token twice": ({"keys": [texts("tokenizer.ggml.tokens", ["a", "", "b", "", "a"])]}, "gguf_header_corrupt"),
    "token twice in a long vocabulary": (
        {"keys": [texts("tokenizer.ggml.tokens", [*map(str, range(200_000)), "199999"])]},
        "gguf_header_corrupt",
    ),
    "token twice up to a zero": ({"keys": [texts("tokenizer.ggml.tokens", ["a", "a\0b"])]}, "gguf_header_corrupt"),
    "token longer than any word": (
        {"keys": [texts("tokenizer.ggml.tokens", ["a" * 2_000_000, "b"])]},
        "gguf_header_corrupt",
    ),
    "token longer than the file": (
        {"keys": [key("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQQQ", STRING, 2, 3, HUGE))]},
        "gguf_truncated",
    ),
    "no layers": ({"keys": [LLAMA, key("llama.block_count", UINT32, bytes(4))]}, "gguf_header_corrupt"),
    "countless layers": ({"keys": [LLAMA, key("llama.block_count", UINT32, b"\xff" * 4)]}, "gguf_header_corrupt"),
    "countless heads": (
        {"keys": [LLAMA, key("llama.attention.head_count_kv", UINT32, struct.pack("<I", 2 + (1 << 27)))]},
        "gguf_header_corrupt",
    ),
    "layers by name": ({"keys": [LLAMA, key("llama.block_count", STRING, text("many"))]}, "gguf_header_corrupt"),
    "an epsilon below zero": (
        {"keys": [LLAMA, key("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", -1))]},
        "gguf_header_corrupt",
    ),
    "an epsilon that is no number": (
        {"keys": [LLAMA, key("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", math.nan))]},
        "gguf_header_corrupt",
    ),
    "endless positions": (
        {"keys": [LLAMA, key("llama.rope.freq_base", FLOAT32, struct.pack("<f", math.inf))]},
        "gguf_header_corrupt",
    ),
    "a norm in small numbers": (
        {"tensors": [tensor("blk.0.attn_norm.weight", (8,), 1, 0)], "data": bytes(64)},
        "gguf_header_corrupt",
    ),
    "weights that are counts": (
        {"tensors": [tensor("blk.0.attn_q.weight", (8, 8), 26, 0)], "data": bytes(256)},
        "gguf_header_corrupt",
    ),
    "rows that do not fit blocks": ({"tensors": [tensor("a", (33,), 8, 0)], "data": bytes(64)}, "gguf_header_corrupt"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_file_is_refused(kind: str, tmp_path: Path) -> None:
    parts, code = HOSTILE[kind]
    path = gguf_maker.write(tmp_path / "m.gguf", **parts)  # type: ignore[arg-type]
    with pytest.raises(BadFile) as refusal:
        read_header(path)
    assert refusal.value.code == code


def test_every_cut_of_a_file_is_noticed(tiny_gguf: Path, tmp_path: Path) -> None:
    data = tiny_gguf.read_bytes()
    path = tmp_path / "cut.gguf"
    header_bytes = min(tensor.offset for tensor in read_header(tiny_gguf).tensors)
    path.write_bytes(data)
    for length in [len(data) - 33, len(data) // 2, *range(header_bytes, 3, -1)]:
        os.truncate(path, length)
        with pytest.raises(BadFile) as refusal:
            read_header(path)
        assert refusal.value.code == "gguf_truncated", length


def test_a_vocabulary_may_have_several_empty_tokens(tmp_path: Path) -> None:
    path = gguf_maker.write(tmp_path / "m.gguf", [texts("tokenizer.ggml.tokens", ["a", "", "b", ""])])
    assert read_header(path).vocabulary_size == 4


def test_no_flipped_byte_of_the_header_breaks_the_reader(tiny_gguf: Path, tmp_path: Path) -> None:
    data = bytearray(tiny_gguf.read_bytes())
    path = tmp_path / "flipped.gguf"
    for place in [*range(0, 1500), *range(1500, 25_000, 211)]:
        data[place] ^= 0xFF
        path.write_bytes(data[:200_000])
        with pytest.raises(BadFile):
            read_header(path)
        data[place] ^= 0xFF


def test_a_hole_of_a_terabyte_costs_no_memory(tmp_path: Path) -> None:
    path = gguf_maker.write(tmp_path / "m.gguf", [key("a", STRING, struct.pack("<Q", 1 << 39))])
    os.truncate(path, 1 << 40)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadFile) as refusal:
        read_header(path)
    assert refusal.value.code == "gguf_header_corrupt"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04 a zip", b"<html>404</html>", bytes(100)])
def test_a_file_that_is_no_gguf_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(BadFile) as refusal:
        read_header(path)
    assert refusal.value.code == "gguf_not_gguf"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    for path, code in [(tmp_path / "none.gguf", "gguf_missing"), (tmp_path, "gguf_not_gguf")]:
        with pytest.raises(BadFile) as refusal:
            read_header(path)
        assert refusal.value.code == code
    with pytest.raises(BadFile):
        read_header(tmp_path / "pipe.gguf")
