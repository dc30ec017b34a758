"""Converting a checkpoint: what arrives in the file, and how the work goes."""

import json
from pathlib import Path

import gguf
import numpy as np
import pytest

from app.weights import convert
from app.weights.gguf_file import read_header
from app.weights.progress import Progress
from tests import tiny_model
from tests.tiny_model import TinyModel

KEYS = [
    "general.architecture", "general.type", "general.name", "general.size_label", "llama.block_count",
    "llama.context_length", "llama.embedding_length", "llama.feed_forward_length", "llama.attention.head_count",
    "llama.attention.head_count_kv", "llama.rope.freq_base", "llama.attention.layer_norm_rms_epsilon",
    "llama.attention.key_length", "llama.attention.value_length", "general.file_type", "llama.vocab_size",
    "llama.rope.dimension_count", "general.quantization_version", "tokenizer.ggml.model", "tokenizer.ggml.pre",
    "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges", "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eos_token_id", "tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token",
    "tokenizer.ggml.add_sep_token", "tokenizer.chat_template",
]  # fmt: skip


def ignore(_progress: Progress) -> None:
    """Nobody watches."""


def converted(folder: Path, model: TinyModel, output_type: str = "f32") -> Path:
    """A checkpoint of this model, made and converted in `folder`."""
    output = folder / "model.gguf"
    convert.convert(tiny_model.write_checkpoint(folder / "Tiny-Llama", model), output, output_type, ignore)
    return output


def tensors(path: Path) -> dict[str, tiny_model.Array]:
    """The float32 tensors as the gguf package reads them."""
    return {tensor.name: np.array(tensor.data) for tensor in gguf.GGUFReader(path).tensors}


def test_keys_stand_in_the_order_of_llama_cpps_own_converter(tiny_gguf: Path) -> None:
    assert list(read_header(tiny_gguf).metadata) == KEYS


def test_values_come_through_untouched(tmp_path: Path) -> None:
    found, expected = tensors(converted(tmp_path, TinyModel())), tiny_model.weights()
    for name, theirs in {
        "token_embd.weight": "model.embed_tokens.weight",
        "output.weight": "lm_head.weight",
        "output_norm.weight": "model.norm.weight",
        "blk.1.attn_v.weight": "model.layers.1.self_attn.v_proj.weight",
        "blk.1.attn_output.weight": "model.layers.1.self_attn.o_proj.weight",
        "blk.0.ffn_gate.weight": "model.layers.0.mlp.gate_proj.weight",
        "blk.0.ffn_up.weight": "model.layers.0.mlp.up_proj.weight",
        "blk.0.ffn_down.weight": "model.layers.0.mlp.down_proj.weight",
        "blk.0.attn_norm.weight": "model.layers.0.input_layernorm.weight",
        "blk.0.ffn_norm.weight": "model.layers.0.post_attention_layernorm.weight",
    }.items():
        assert np.array_equal(found[name], expected[theirs]), name
    assert len(found) == len(expected)


def test_rows_of_query_and_key_alternate_between_the_halves_of_a_head(tmp_path: Path) -> None:
    found = tensors(converted(tmp_path, TinyModel(has_biases=True)))
    expected = tiny_model.weights(TinyModel(has_biases=True))
    for ours, theirs, heads in (("attn_q", "q_proj", 4), ("attn_k", "k_proj", 2)):
        weight = expected[f"model.layers.0.self_attn.{theirs}.weight"]
        bias = expected[f"model.layers.0.self_attn.{theirs}.bias"]
        for head in range(heads):
            for pair in range(32):
                row, first, second = head * 64 + 2 * pair, head * 64 + pair, head * 64 + pair + 32
                assert np.array_equal(found[f"blk.0.{ours}.weight"][row : row + 2], weight[[first, second]])
                assert np.array_equal(found[f"blk.0.{ours}.bias"][row : row + 2], bias[[first, second]])


def test_matrices_take_the_type_and_vectors_stay_f32(tmp_path: Path) -> None:
    for tensor in read_header(converted(tmp_path, TinyModel(), "bf16")).tensors:
        assert tensor.type == ("F32" if len(tensor.shape) == 1 else "BF16"), tensor.name


def test_tied_embeddings_are_written_once(tmp_path: Path) -> None:
    names = [tensor.name for tensor in read_header(converted(tmp_path, TinyModel(is_tied=True))).tensors]
    assert "token_embd.weight" in names
    assert "output.weight" not in names


def test_llama3_scaling_becomes_a_tensor_and_linear_scaling_keys(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    scaling = {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 64}
    divisors = tensors(converted(tmp_path / "a", TinyModel(rope_scaling=scaling)))["rope_freqs.weight"]
    assert (divisors.shape, divisors.min(), divisors.max()) == ((32,), 1, 8)
    assert np.all(np.diff(divisors) >= 0)
    linear = converted(tmp_path / "b", TinyModel(rope_scaling={"type": "linear", "factor": 4}))
    metadata = read_header(linear).metadata
    assert (metadata["llama.rope.scaling.type"], metadata["llama.rope.scaling.factor"]) == ("linear", 4.0)


def test_rope_parameters_of_newer_checkpoints_are_understood(tmp_path: Path) -> None:
    newer = {"rope_parameters": {"rope_type": "default", "rope_theta": 250000.0}, "rope_theta": None}
    metadata = read_header(converted(tmp_path, TinyModel(more_config=newer))).metadata
    assert metadata["llama.rope.freq_base"] == 250000.0


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_half_precision_passes_bit_by_bit(dtype: str, tmp_path: Path) -> None:
    output = converted(tmp_path, TinyModel(dtype=dtype), dtype.lower())
    place = {tensor.name: tensor for tensor in read_header(output).tensors}["blk.0.ffn_up.weight"]
    expected = tiny_model.encoded(tiny_model.weights()["model.layers.0.mlp.up_proj.weight"], dtype)
    assert output.read_bytes()[place.offset : place.offset + place.bytes] == expected


def test_shards_give_the_same_model(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, many = converted(tmp_path / "a", TinyModel()), converted(tmp_path / "b", TinyModel(num_shards=4))
    whole, parts = tensors(one), tensors(many)
    assert whole.keys() == parts.keys()
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


def test_the_same_checkpoint_gives_the_same_bytes(tiny_checkpoint: Path, tiny_gguf: Path, tmp_path: Path) -> None:
    convert.convert(tiny_checkpoint, tmp_path / "again.gguf", "F16", ignore)
    assert (tmp_path / "again.gguf").read_bytes() == tiny_gguf.read_bytes()


def test_the_card_and_the_advised_sampling_are_carried_over(tmp_path: Path) -> None:
    folder = tiny_model.write_checkpoint(tmp_path / "hf")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\nmodel_name: My Model\nlanguage: [en]\n---\n# x\n")
    advice = {"temperature": 0.6, "top_k": 40, "repetition_penalty": 1.1, "top_p": "nonsense"}
    (folder / "generation_config.json").write_text(json.dumps(advice))
    convert.convert(folder, tmp_path / "model.gguf", "f16", ignore)
    metadata = read_header(tmp_path / "model.gguf").metadata
    assert (metadata["general.license"], metadata["general.name"]) == ("apache-2.0", "My Model")
    assert metadata["general.sampling.top_k"] == 40
    assert metadata["general.sampling.penalty_repeat"] == pytest.approx(1.1)
    assert "general.sampling.top_p" not in metadata


@pytest.mark.parametrize(
    "card", ["---\n{[broken: yaml\n---\n", "---\n- a\n- b\n---\n", "---\nlicense: {a: [b]}\n---\n"]
)
def test_a_card_that_cannot_be_read_does_not_stop_anything(card: str, tmp_path: Path) -> None:
    folder = tiny_model.write_checkpoint(tmp_path / "Tiny-Llama")
    (folder / "README.md").write_text(card)
    convert.convert(folder, tmp_path / "model.gguf", "f16", ignore)
    assert read_header(tmp_path / "model.gguf").name == "Tiny Llama"


def test_progress_grows_to_the_whole(tiny_checkpoint: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    convert.convert(tiny_checkpoint, tmp_path / "model.gguf", "f16", seen.append)
    done = [progress.done_bytes for progress in seen]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == seen[-1].total_bytes == sum(t.bytes for t in read_header(tmp_path / "model.gguf").tensors)
