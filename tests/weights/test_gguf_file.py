"""Reading the header of a good file, against llama.cpp and the gguf package."""

from pathlib import Path

import gguf
import pytest

from app.weights.gguf_file import read_header
from app.weights.gguf_header import Array
from tests.weights import gguf_maker, llama_view


def test_header_says_what_llama_cpp_sees(tiny_gguf: Path) -> None:
    header = read_header(tiny_gguf)
    with llama_view.opened(tiny_gguf) as view:
        assert header.architecture == view.value("general.architecture") == "llama"
        assert header.name == view.value("general.name") == "Tiny Llama"
        assert header.num_parameters == view.num_parameters()
        assert header.vocabulary_size == view.num_tokens() == 512
        assert header.chat_template == view.value("tokenizer.chat_template")
        for key, value in header.metadata.items():
            if isinstance(value, str | int) and not isinstance(value, bool):
                assert view.value(key) == str(value), key


def test_header_gives_the_sizes_of_the_model(tiny_gguf: Path) -> None:
    header = read_header(tiny_gguf)
    assert (header.block_count, header.embedding_length, header.context_length) == (2, 256, 2048)
    assert (header.head_count, header.head_count_kv, header.key_length, header.value_length) == (4, 2, 64, 64)
    assert (header.quantization, header.version, header.split_count) == ("F16", 3, 1)
    assert header.file_bytes == tiny_gguf.stat().st_size


def test_tensors_lie_where_the_gguf_package_finds_them(tiny_gguf: Path) -> None:
    ours = {tensor.name: tensor for tensor in read_header(tiny_gguf).tensors}
    theirs = {tensor.name: tensor for tensor in gguf.GGUFReader(tiny_gguf).tensors}
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        found = ours[name]
        assert (found.offset, found.bytes) == (tensor.data_offset, tensor.n_bytes)
        assert (found.shape, found.type) == (tuple(tensor.shape.tolist()), tensor.tensor_type.name)


def test_long_arrays_are_counted_and_kept_only_when_asked_for(tiny_gguf: Path) -> None:
    key = "tokenizer.ggml.tokens"
    skipped, kept = read_header(tiny_gguf).metadata[key], read_header(tiny_gguf, {key}).metadata[key]
    assert isinstance(skipped, Array)
    assert isinstance(kept, Array)
    assert (skipped.count, skipped.items) == (512, None)
    assert kept.items is not None
    assert kept.items[-2:] == ("<|eot_id|>", "<|eom_id|>")


def test_quantization_without_a_file_type_is_that_of_most_numbers(tmp_path: Path) -> None:
    tensors = [gguf_maker.tensor("a", (32, 8), 8, 0), gguf_maker.tensor("b", (8,), 0, 288)]
    header = read_header(gguf_maker.write(tmp_path / "m.gguf", (), tensors, bytes(320)))
    assert header.quantization == "Q8_0"


def test_a_part_of_a_split_model_says_so(tmp_path: Path) -> None:
    keys = [
        gguf_maker.key("split.count", gguf_maker.UINT32, (3).to_bytes(4, "little")),
        gguf_maker.key("split.no", gguf_maker.UINT32, (1).to_bytes(4, "little")),
    ]
    header = read_header(gguf_maker.write(tmp_path / "m.gguf", keys))
    assert (header.split_count, header.split_number) == (3, 1)


def test_heads_that_differ_by_layer_count_as_the_largest(tmp_path: Path) -> None:
    heads = b"".join(number.to_bytes(4, "little") for number in (4, 8, 2))
    keys = [
        gguf_maker.key("general.architecture", gguf_maker.STRING, gguf_maker.text("llama")),
        gguf_maker.key("llama.attention.head_count", gguf_maker.ARRAY, b"\x04\0\0\0" + b"\x03" + bytes(7) + heads),
    ]
    assert read_header(gguf_maker.write(tmp_path / "m.gguf", keys)).head_count == 8


@pytest.mark.parametrize("version", [2, 3])
def test_an_empty_file_of_a_known_version_is_read(version: int, tmp_path: Path) -> None:
    header = read_header(gguf_maker.write(tmp_path / "m.gguf", version=version))
    assert (header.num_tensors, header.architecture, header.quantization, header.chat_template) == (0, "", "", None)


def test_values_of_the_wrong_kind_count_as_unknown(tmp_path: Path) -> None:
    keys = [
        gguf_maker.key("general.architecture", gguf_maker.STRING, gguf_maker.text("llama")),
        gguf_maker.key("llama.context_length", gguf_maker.STRING, gguf_maker.text("many")),
        gguf_maker.key("general.name", gguf_maker.UINT32, bytes(4)),
    ]
    header = read_header(gguf_maker.write(tmp_path / "m.gguf", keys))
    assert (header.context_length, header.name) == (0, "")
