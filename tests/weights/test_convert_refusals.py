"""What cannot be converted is refused by name, and nothing is left behind."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import BadFile, BadSetup, HearthError
from app.weights import convert, output_file
from app.weights.progress import Progress
from tests import tiny_model
from tests.tiny_model import Array, TinyModel


def ignore(_progress: Progress) -> None:
    """Nobody watches."""


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder of our own to spoil."""
    return tiny_model.write_checkpoint(tmp_path / "hf")


def refusal(source: Path, output: Path, output_type: str = "f16") -> HearthError:
    """What the converter says; the folder of the output is as before."""
    before = sorted(output.parent.iterdir()) if output.parent.is_dir() else []
    with pytest.raises(HearthError) as refused:
        convert.convert(source, output, output_type, ignore)
    assert (sorted(output.parent.iterdir()) if output.parent.is_dir() else []) == before
    return refused.value


def configure(folder: Path, **values: object) -> None:
    """Change config.json."""
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


CONFIGS: dict[str, tuple[Mapping[str, Any], str]] = {
    "another architecture": ({"architectures": ["MambaForCausalLM"]}, "architecture_unsupported"),
    "no architecture": ({"architectures": None}, "architecture_unsupported"),
    "quantized weights": ({"quantization_config": {"quant_method": "gptq"}}, "checkpoint_quantized"),
    "no layers": ({"num_hidden_layers": 0}, "config_value_wrong"),
    "countless layers": ({"num_hidden_layers": 2_000_000_000}, "config_value_wrong"),
    "a size that is text": ({"hidden_size": "256"}, "config_value_wrong"),
    "heads that do not divide": ({"num_key_value_heads": 3}, "config_value_wrong"),
    "heads of odd size": ({"head_dim": 63}, "config_value_wrong"),
    "another activation": ({"hidden_act": "gelu"}, "config_value_wrong"),
    "an endless base": ({"rope_theta": float("inf")}, "config_value_wrong"),
    "a base below zero": ({"rope_theta": -1}, "config_value_wrong"),
    "unknown scaling": ({"rope_scaling": {"type": "longrope", "factor": 2}}, "rope_scaling_unsupported"),
    "scaling without factor": ({"rope_scaling": {"type": "linear"}}, "config_value_wrong"),
    "scaling that is text": ({"rope_scaling": "linear"}, "config_value_wrong"),
    "scaling upside down": (
        {"rope_scaling": {"rope_type": "llama3", "low_freq_factor": 4, "high_freq_factor": 1}},
        "config_value_wrong",
    ),
    "one layer too many": ({"num_hidden_layers": 3}, "tensors_missing"),
    "one layer too few": ({"num_hidden_layers": 1}, "tensors_unexpected"),
    "biases that are not there": ({"attention_bias": True}, "tensors_missing"),
    "another width": ({"intermediate_size": 768}, "tensor_shape_wrong"),
    "another vocabulary": ({"vocab_size": 600}, "tensor_shape_wrong"),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_config_that_does_not_fit_is_refused(kind: str, checkpoint: Path, tmp_path: Path) -> None:
    values, code = CONFIGS[kind]
    configure(checkpoint, **values)
    assert refusal(checkpoint, tmp_path / "model.gguf").code == code


def test_missing_tensors_are_named(checkpoint: Path, tmp_path: Path) -> None:
    weights = tiny_model.weights()
    del weights["model.layers.1.mlp.up_proj.weight"]
    tiny_model.write_weights(checkpoint, weights)
    found = refusal(checkpoint, tmp_path / "model.gguf")
    assert (found.code, found.params["names"]) == ("tensors_missing", "model.layers.1.mlp.up_proj.weight")


def test_a_stored_type_that_is_quantized_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    path = checkpoint / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"model.norm.weight": {"dtype": "F32"', b'"model.norm.weight": {"dtype": "I32"'))
    assert refusal(checkpoint, tmp_path / "model.gguf").code == "tensor_dtype_unsupported"


@pytest.mark.parametrize(("value", "code"), [(np.nan, "weights_not_finite"), (1e6, "weights_too_large_for_f16")])
def test_numbers_that_do_not_fit_are_refused(value: float, code: str, checkpoint: Path, tmp_path: Path) -> None:
    weights: dict[str, Array] = tiny_model.weights()
    weights["model.layers.1.self_attn.v_proj.weight"][3, 5] = value
    tiny_model.write_weights(checkpoint, weights)
    assert refusal(checkpoint, tmp_path / "model.gguf").code == code


def test_large_numbers_fit_bf16(checkpoint: Path, tmp_path: Path) -> None:
    weights = tiny_model.weights()
    weights["model.layers.1.self_attn.v_proj.weight"][3, 5] = 1e6
    tiny_model.write_weights(checkpoint, weights)
    convert.convert(checkpoint, tmp_path / "model.gguf", "bf16", ignore)
    assert (tmp_path / "model.gguf").exists()


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors", "tokenizer_config.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_damaged_file_is_refused(file: str, content: bytes, checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / file).write_bytes(content)
    assert isinstance(refusal(checkpoint, tmp_path / "model.gguf"), BadFile)


def test_half_a_character_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "tokenizer_config.json").write_text('{"chat_template": "\\ud800"}')
    assert refusal(checkpoint, tmp_path / "model.gguf").code == "json_wrong"
    (checkpoint / "tokenizer_config.json").write_text('{"chat_template": "\\ud83e\\udd99"}')
    convert.convert(checkpoint, tmp_path / "model.gguf", "f16", ignore)


def test_cut_weights_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert refusal(checkpoint, tmp_path / "model.gguf").code == "safetensors_truncated"


def test_wrong_arguments_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "taken.gguf").write_text("mine")
    assert refusal(checkpoint, tmp_path / "taken.gguf").code == "output_exists"
    assert (tmp_path / "taken.gguf").read_text() == "mine"
    assert refusal(checkpoint, tmp_path / "nowhere" / "m.gguf").code == "output_folder_missing"
    assert refusal(checkpoint, tmp_path / "m.gguf", "q4_k_m").code == "output_type_unknown"
    assert refusal(tmp_path / "none", tmp_path / "m.gguf").code == "checkpoint_folder_missing"
    assert refusal(checkpoint / "config.json", tmp_path / "m.gguf").code == "checkpoint_folder_missing"


def test_a_report_that_raises_stops_the_work_and_leaves_nothing(checkpoint: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done_bytes > progress.total_bytes // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert.convert(checkpoint, tmp_path / "model.gguf", "f16", stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hf"]


def test_what_a_killed_run_left_is_overwritten(checkpoint: Path, tmp_path: Path) -> None:
    output_file.part_path(tmp_path / "model.gguf").write_bytes(bytes(10_000_000))
    convert.convert(checkpoint, tmp_path / "model.gguf", "f16", ignore)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hf", "model.gguf"]


def test_a_model_larger_than_the_disk_is_refused_before_any_work(tmp_path: Path) -> None:
    folder = tiny_model.write_checkpoint(tmp_path / "hf")
    with pytest.raises(BadSetup) as refused, output_file.new_file(tmp_path / "m.gguf", 1 << 60):
        raise AssertionError("it must not get here")
    assert refused.value.code == "disk_full"
    assert folder.exists()


def test_dynamic_scaling_is_accepted_as_it_changes_nothing_within_the_context(tmp_path: Path) -> None:
    model = TinyModel(rope_scaling={"type": "dynamic", "factor": 2.0})
    convert.convert(tiny_model.write_checkpoint(tmp_path / "hf", model), tmp_path / "m.gguf", "f16", ignore)
