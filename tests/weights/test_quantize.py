"""Quantizing by llama.cpp: the result, what is refused before llama.cpp sees it, and what is left behind."""

import os
from pathlib import Path

import pytest

from app.errors import HearthError
from app.weights import quantize
from app.weights.gguf_file import read_header
from app.weights.progress import Progress
from app.weights.quantizations import NEED_IMATRIX, QUANTIZATIONS
from tests.weights import gguf_maker, llama_view

TEXT = "How do I download a model?"


def ignore(_progress: Progress) -> None:
    """Nobody watches."""


def refusal(source: Path, output: Path, quantization: str = "Q8_0") -> HearthError:
    """What is said; no file appears, and the source stays as it is."""
    before = {path: path.read_bytes() for path in output.parent.iterdir() if path.is_file()}
    with pytest.raises(HearthError) as refused:
        quantize.quantize(source, output, quantization, ignore, 1)
    assert {path: path.read_bytes() for path in output.parent.iterdir() if path.is_file()} == before
    return refused.value


@pytest.mark.parametrize("name", QUANTIZATIONS)
def test_every_offered_quantization_makes_a_whole_file(name: str, tiny_gguf: Path, tmp_path: Path) -> None:
    output = tmp_path / "model.gguf"
    quantize.quantize(tiny_gguf, output, name, ignore, 2)
    header = read_header(output)
    assert header.quantization == name
    assert header.num_parameters == read_header(tiny_gguf).num_parameters
    assert abs(quantize.predicted_bytes(tiny_gguf, name) - output.stat().st_size) < 10_000


@pytest.mark.parametrize(("name", "most"), [("Q8_0", 0.3), ("Q4_K_M", 4.0)])
def test_llama_cpp_computes_with_the_result(name: str, most: float, tiny_gguf: Path, tmp_path: Path) -> None:
    quantize.quantize(tiny_gguf, tmp_path / "model.gguf", name, ignore, 2)
    with llama_view.opened(tiny_gguf) as exact, llama_view.opened(tmp_path / "model.gguf") as rounded:
        tokens = exact.tokens(TEXT)
        assert rounded.tokens(TEXT) == tokens
        difference = abs(exact.logits(tokens) - rounded.logits(tokens)).max()
    assert 0 < difference < most


def test_progress_counts_bytes_up_to_the_whole(tiny_gguf: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    quantize.quantize(tiny_gguf, tmp_path / "model.gguf", "q4_k_m", seen.append, 1)
    total = sum(tensor.bytes for tensor in read_header(tiny_gguf).tensors)
    done = [progress.done_bytes for progress in seen]
    assert done == sorted(done)
    assert len(set(done)) == len(read_header(tiny_gguf).tensors) + 1
    assert (done[0], done[-1], {progress.total_bytes for progress in seen}) == (0, total, {total})


def test_a_report_that_raises_is_heard_and_leaves_nothing(tiny_gguf: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done_bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantize.quantize(tiny_gguf, tmp_path / "model.gguf", "Q8_0", stop, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_written_onto_itself(tiny_gguf: Path, tmp_path: Path) -> None:
    source = tmp_path / "model.gguf"
    source.write_bytes(tiny_gguf.read_bytes())
    (tmp_path / "soft.gguf").symlink_to(source)
    os.link(source, tmp_path / "hard.gguf")
    for output in (source, tmp_path / "soft.gguf", tmp_path / "hard.gguf", tmp_path / "." / "model.gguf"):
        assert refusal(source, output).code == "quantize_onto_itself"


def test_a_source_that_bears_the_name_of_the_unfinished_result_survives(tiny_gguf: Path, tmp_path: Path) -> None:
    source = tmp_path / "model.gguf.part"
    source.write_bytes(tiny_gguf.read_bytes())
    assert refusal(source, tmp_path / "model.gguf").code == "quantize_onto_itself"


@pytest.mark.parametrize("name", ["Q8_0", "Q4_K_M", "F16"])
def test_a_quantized_source_is_refused(name: str, tiny_gguf: Path, tmp_path: Path) -> None:
    quantize.quantize(tiny_gguf, tmp_path / "q8.gguf", "Q8_0", ignore, 1)
    found = refusal(tmp_path / "q8.gguf", tmp_path / "again.gguf", name)
    assert (found.code, found.params["quantization"]) == ("quantize_source_quantized", "Q8_0")


@pytest.mark.parametrize("name", NEED_IMATRIX)
def test_what_needs_an_importance_matrix_is_refused_with_an_alternative(
    name: str, tiny_gguf: Path, tmp_path: Path
) -> None:
    found = refusal(tiny_gguf, tmp_path / "model.gguf", name)
    assert found.code == "quantization_needs_imatrix"
    assert found.params["instead"] in QUANTIZATIONS


@pytest.mark.parametrize("name", ["Q4", "NVFP4", "", "Q4_0_4_4", "../x"])
def test_an_unknown_quantization_is_refused(name: str, tiny_gguf: Path, tmp_path: Path) -> None:
    assert refusal(tiny_gguf, tmp_path / "model.gguf", name).code == "quantization_unknown"


def test_a_bad_source_is_refused_before_llama_cpp_sees_it(tiny_gguf: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny_gguf.read_bytes()[:-1000])
    empty = gguf_maker.write(tmp_path / "empty.gguf")
    three = gguf_maker.key("split.count", gguf_maker.UINT32, (3).to_bytes(4, "little"))
    part = gguf_maker.write(tmp_path / "part.gguf", [three])
    assert refusal(cut, tmp_path / "model.gguf").code == "gguf_truncated"
    assert refusal(empty, tmp_path / "model.gguf").code == "gguf_no_weights"
    assert refusal(part, tmp_path / "model.gguf").code == "gguf_is_split"
    assert refusal(tmp_path / "none.gguf", tmp_path / "model.gguf").code == "gguf_missing"


def test_what_llama_cpp_refuses_is_told_with_its_reason(tmp_path: Path) -> None:
    keys = [gguf_maker.key("general.architecture", gguf_maker.STRING, gguf_maker.text("nonsense"))]
    tensors = [gguf_maker.tensor("token_embd.weight", (256, 2), 0, 0)]
    source = gguf_maker.write(tmp_path / "odd.gguf", keys, tensors, bytes(2048))
    found = refusal(source, tmp_path / "model.gguf")
    assert found.code == "quantize_failed"
    assert "nonsense" in str(found.params["reason"])
