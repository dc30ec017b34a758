"""`hearth convert`, `hearth quantize` and `hearth models` on real files."""

import json
from pathlib import Path

from tests.commands.hearth import Hearth


def test_a_folder_becomes_a_gguf_that_is_listed(hearth: Hearth, tiny_checkpoint: Path) -> None:
    done = hearth.run("convert", str(tiny_checkpoint), "models/made-f16.gguf", "--type", "f16")
    assert done.returncode == 0, done.stderr
    assert "models/made-f16.gguf" in done.stdout
    assert "made-f16" in hearth.run("models", "list").stdout


def test_a_quantized_copy_is_smaller(hearth: Hearth) -> None:
    done = hearth.run("quantize", "models/tiny.gguf", "models/tiny-q8_0.gguf", "--type", "Q8_0")
    assert done.returncode == 0, done.stderr
    whole, quantized = (hearth.models / name for name in ("tiny.gguf", "tiny-q8_0.gguf"))
    assert quantized.stat().st_size < whole.stat().st_size


def test_an_existing_file_is_never_overwritten(hearth: Hearth, tiny_checkpoint: Path) -> None:
    before = (hearth.models / "tiny.gguf").read_bytes()
    done = hearth.run("convert", str(tiny_checkpoint), "models/tiny.gguf")
    assert done.returncode == 1
    assert "exists already" in done.stderr
    assert (hearth.models / "tiny.gguf").read_bytes() == before


def test_an_unknown_type_is_refused_with_those_that_exist(hearth: Hearth) -> None:
    done = hearth.run("quantize", "models/tiny.gguf", "out.gguf", "--type", "Q5_K_XXL")
    assert done.returncode == 1
    assert "Q4_K_M" in done.stderr
    assert "Traceback" not in done.stderr


def test_inspect_gives_programs_everything(hearth: Hearth) -> None:
    done = hearth.run("models", "inspect", "models/tiny.gguf", "--json")
    described = json.loads(done.stdout)
    assert described["architecture"] == "llama"
    assert described["quantization"] == "F16"
    assert described["metadata"]["tokenizer.ggml.model"] == "gpt2"
    assert "token_embd.weight" in {tensor["name"] for tensor in described["tensor_list"]}


def test_a_truncated_file_says_that_it_is_incomplete(hearth: Hearth) -> None:
    whole = (hearth.models / "tiny.gguf").read_bytes()
    (hearth.models / "half.gguf").write_bytes(whole[: len(whole) // 2])
    done = hearth.run("models", "inspect", "models/half.gguf")
    assert done.returncode == 1
    assert "half.gguf" in done.stderr
    listed = hearth.run("models", "list").stdout
    assert "half" in listed


def test_a_file_that_is_no_gguf_is_refused(hearth: Hearth) -> None:
    (hearth.models / "notes.gguf").write_text("this is a shopping list\n" * 20)
    done = hearth.run("models", "inspect", "models/notes.gguf")
    assert done.returncode == 1
    assert "GGUF" in done.stderr
