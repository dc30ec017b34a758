"""Writes tiny models with random weights that do not only attend: Mamba, and Jamba, which has layers of both kinds."""

from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

NUM_TOKENS = 300
WIDTH = 64
INNER = 2 * WIDTH
STATE = 16
CONVOLUTION = 4
RANK = 8
FEED_FORWARD = 96
HEADS = 4

Array = npt.NDArray[np.float32]


class Weights:
    """Draws tensors and puts them into a file. Shapes are as numpy has them: rows first."""

    def __init__(self, path: Path, architecture: str) -> None:
        self.writer = gguf.GGUFWriter(path, architecture)
        self._random = np.random.default_rng(5)

    def draw(self, name: str, *shape: int) -> None:
        scale = 1.5 / np.sqrt(shape[-1]) if len(shape) > 1 else 0.1
        self._put(name, (self._random.standard_normal(shape) * scale).astype(np.float32))

    def ones(self, name: str, size: int) -> None:
        self._put(name, np.ones(size, np.float32))

    def decay(self, name: str) -> None:
        """How fast each number of a state fades: slowly enough that a whole prompt matters."""
        self._put(name, -np.tile(np.linspace(0.01, 0.5, STATE, dtype=np.float32), (INNER, 1)))

    def _put(self, name: str, values: Array) -> None:
        self.writer.add_tensor(name, values)


def write_mamba(path: Path) -> Path:
    """Two recurrent layers."""
    weights = Weights(path, "mamba")
    _write_header(weights.writer, 2)
    weights.writer.add_feed_forward_length(0)
    weights.writer.add_head_count(0)
    for layer in range(2):
        _draw_recurrent_layer(weights, f"blk.{layer}", is_normed=False)
    return _finish(weights, path)


def write_jamba(path: Path) -> Path:
    """A recurrent layer, and one that attends."""
    weights = Weights(path, "jamba")
    _write_header(weights.writer, 2)
    weights.writer.add_feed_forward_length(FEED_FORWARD)
    weights.writer.add_head_count(HEADS)
    weights.writer.add_head_count_kv([0, HEADS])
    _draw_recurrent_layer(weights, "blk.0", is_normed=True)
    weights.ones("blk.1.attn_norm.weight", WIDTH)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        weights.draw(f"blk.1.{name}.weight", WIDTH, WIDTH)
    for layer in range(2):
        weights.ones(f"blk.{layer}.ffn_norm.weight", WIDTH)
        weights.draw(f"blk.{layer}.ffn_gate.weight", FEED_FORWARD, WIDTH)
        weights.draw(f"blk.{layer}.ffn_up.weight", FEED_FORWARD, WIDTH)
        weights.draw(f"blk.{layer}.ffn_down.weight", WIDTH, FEED_FORWARD)
    return _finish(weights, path)


def _write_header(writer: gguf.GGUFWriter, num_layers: int) -> None:
    writer.add_context_length(1024)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(num_layers)
    writer.add_ssm_conv_kernel(CONVOLUTION)
    writer.add_ssm_inner_size(INNER)
    writer.add_ssm_state_size(STATE)
    writer.add_ssm_time_step_rank(RANK)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    texts = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    texts += [f"word{number}" for number in range(NUM_TOKENS - len(texts))]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, *[gguf.TokenType.BYTE] * 256]
    writer.add_token_list(texts)
    writer.add_token_scores([0.0] * NUM_TOKENS)
    writer.add_token_types(kinds + [gguf.TokenType.NORMAL] * (NUM_TOKENS - len(kinds)))
    writer.add_eos_token_id(2)


def _draw_recurrent_layer(weights: Weights, prefix: str, is_normed: bool) -> None:
    weights.ones(f"{prefix}.attn_norm.weight", WIDTH)
    weights.draw(f"{prefix}.ssm_in.weight", 2 * INNER, WIDTH)
    weights.draw(f"{prefix}.ssm_conv1d.weight", INNER, CONVOLUTION)
    weights.draw(f"{prefix}.ssm_conv1d.bias", INNER)
    weights.draw(f"{prefix}.ssm_x.weight", RANK + 2 * STATE, INNER)
    weights.draw(f"{prefix}.ssm_dt.weight", INNER, RANK)
    weights.draw(f"{prefix}.ssm_dt.bias", INNER)
    weights.decay(f"{prefix}.ssm_a")
    weights.ones(f"{prefix}.ssm_d", INNER)
    weights.draw(f"{prefix}.ssm_out.weight", WIDTH, INNER)
    if is_normed:
        weights.ones(f"{prefix}.ssm_dt_norm.weight", RANK)
        weights.ones(f"{prefix}.ssm_b_norm.weight", STATE)
        weights.ones(f"{prefix}.ssm_c_norm.weight", STATE)


def _finish(weights: Weights, path: Path) -> Path:
    weights.draw("token_embd.weight", NUM_TOKENS, WIDTH)
    weights.ones("output_norm.weight", WIDTH)
    weights.draw("output.weight", NUM_TOKENS, WIDTH)
    weights.writer.write_header_to_file()
    weights.writer.write_kv_data_to_file()
    weights.writer.write_tensors_to_file()
    weights.writer.close()
    return path
