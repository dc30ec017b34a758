"""Makes GGUF files of a given shape whose weights are all zero: enough to see what llama.cpp allocates for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's measures. `kv_heads` has one number for all layers, or one for each; 0: a recurrent layer (jamba)."""

    architecture: str = "llama"
    num_layers: int = 4
    width: int = 256
    ffn: int = 512
    num_heads: int = 8
    kv_heads: Sequence[int] = (8,)
    head_size: int = 32
    value_size: int = 0
    vocabulary: int = 1024
    context: int = 4096
    window: int = 0
    inner: int = 512
    state: int = 16
    is_tied: bool = False
    quantization: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F16
    more_keys: Mapping[str, int] = field(default_factory=dict)

    @property
    def values(self) -> int:
        """Numbers of a value in one head."""
        return self.value_size or self.head_size

    def kv_heads_of(self, layer: int) -> int:
        """Of one layer."""
        return self.kv_heads[0] if len(self.kv_heads) == 1 else self.kv_heads[layer]


def write(path: Path, shape: Shape) -> Path:
    """The file, without a tokenizer."""
    writer = gguf.GGUFWriter(path, shape.architecture)
    writer.add_uint32(f"{shape.architecture}.vocab_size", shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_block_count(shape.num_layers)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("none")
    if shape.architecture != "mamba":
        writer.add_head_count(shape.num_heads)
        writer.add_head_count_kv(list(shape.kv_heads) if len(shape.kv_heads) > 1 else shape.kv_heads[0])
        writer.add_key_length(shape.head_size)
        writer.add_value_length(shape.values)
    if shape.architecture in ("mamba", "jamba"):
        writer.add_ssm_conv_kernel(4)
        writer.add_ssm_inner_size(shape.inner)
        writer.add_ssm_state_size(shape.state)
        writer.add_ssm_time_step_rank(16)
    if shape.window:
        writer.add_sliding_window(shape.window)
    for key, value in shape.more_keys.items():
        writer.add_uint32(f"{shape.architecture}.{key}", value)
    for name, (rows, columns) in tensors(shape).items():
        _add(writer, name, rows, columns, shape.quantization)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tensors(shape: Shape) -> dict[str, tuple[int, int]]:
    """Rows and columns of all tensors; one row is a vector."""
    found = {"token_embd.weight": (shape.vocabulary, shape.width), "output_norm.weight": (1, shape.width)}
    if not shape.is_tied:
        found["output.weight"] = (shape.vocabulary, shape.width)
    for layer in range(shape.num_layers):
        is_recurrent = shape.architecture == "mamba" or shape.kv_heads_of(layer) == 0
        parts = {"attn_norm.weight": (1, shape.width)} | (
            _recurrent(shape) if is_recurrent else _attention(shape, layer)
        )
        if shape.architecture != "mamba":
            parts |= _feed_forward(shape)
        found |= {f"blk.{layer}.{name}": size for name, size in parts.items()}
    return found


def _attention(shape: Shape, layer: int) -> dict[str, tuple[int, int]]:
    heads = shape.kv_heads_of(layer)
    parts = {
        "attn_q.weight": (shape.num_heads * shape.head_size, shape.width),
        "attn_k.weight": (heads * shape.head_size, shape.width),
        "attn_v.weight": (heads * shape.values, shape.width),
        "attn_output.weight": (shape.width, shape.num_heads * shape.values),
    }
    if shape.architecture in ("gemma2", "gemma3"):
        parts |= {"post_attention_norm.weight": (1, shape.width), "post_ffw_norm.weight": (1, shape.width)}
    if shape.architecture == "gemma3":
        parts |= {"attn_q_norm.weight": (1, shape.head_size), "attn_k_norm.weight": (1, shape.head_size)}
    return parts


def _feed_forward(shape: Shape) -> dict[str, tuple[int, int]]:
    return {
        "ffn_norm.weight": (1, shape.width),
        "ffn_gate.weight": (shape.ffn, shape.width),
        "ffn_up.weight": (shape.ffn, shape.width),
        "ffn_down.weight": (shape.width, shape.ffn),
    }


def _recurrent(shape: Shape) -> dict[str, tuple[int, int]]:
    parts = {
        "ssm_in.weight": (2 * shape.inner, shape.width),
        "ssm_conv1d.weight": (shape.inner, 4),
        "ssm_conv1d.bias": (1, shape.inner),
        "ssm_x.weight": (16 + 2 * shape.state, shape.inner),
        "ssm_dt.weight": (shape.inner, 16),
        "ssm_dt.bias": (1, shape.inner),
        "ssm_a": (shape.inner, shape.state),
        "ssm_d": (1, shape.inner),
        "ssm_out.weight": (shape.width, shape.inner),
    }
    if shape.architecture == "jamba":
        parts |= {"ssm_dt_norm.weight": (1, 16), "ssm_b_norm.weight": (1, shape.state)}
        parts |= {"ssm_c_norm.weight": (1, shape.state)}
    return parts


def _add(writer: gguf.GGUFWriter, name: str, rows: int, columns: int, quantization: gguf.GGMLQuantizationType) -> None:
    """Vectors and the small matrices of a recurrent layer are F32, as in all real files."""
    is_small = rows == 1 or name.endswith(("ssm_a", "ssm_conv1d.weight", "ssm_dt.weight", "ssm_x.weight"))
    if is_small:
        numbers: npt.NDArray[np.float32] = np.zeros(columns if rows == 1 else (rows, columns), np.float32)
        writer.add_tensor(name, numbers)
        return
    block, block_bytes = gguf.GGML_QUANT_SIZES[quantization]
    data = np.zeros((rows, columns // block * block_bytes), np.uint8)
    if quantization is gguf.GGMLQuantizationType.F16:
        writer.add_tensor(name, np.zeros((rows, columns), np.float16))
    else:
        writer.add_tensor(name, data, raw_dtype=quantization)
