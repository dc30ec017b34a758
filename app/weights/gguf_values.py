"""Values in a GGUF header with which llama.cpp would abort instead of refusing the file. Found by changing headers.

What llama.cpp refuses by itself is left to it. Knows nothing of files.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from app.weights.gguf_header import Array, TensorInfo, Value

MAX_LAYERS: Final = 512  # LLAMA_MAX_LAYERS in llama-hparams.h.
# Products of these are counted in 32 bits somewhere.
SIZES: Final = (
    "embedding_length", "feed_forward_length", "attention.head_count", "attention.head_count_kv",
    "attention.key_length", "attention.value_length", "rope.dimension_count",
)  # fmt: skip
MAX_SIZE: Final = 1 << 20
# Types that hold results on the way, or plain numbers: no product of matrices takes them as weights.
NO_WEIGHT_TYPES: Final = frozenset(("I8", "I16", "I32", "I64", "F64", "Q8_1", "Q8_K"))
MATRICES: Final = frozenset(
    ("token_embd", "output", "attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
)


def problem(metadata: Mapping[str, Value], tensors: Sequence[TensorInfo]) -> str | None:
    """What is wrong first, for people who know the format; None when nothing is."""
    return next(_problems(metadata, tensors), None)


def _problems(metadata: Mapping[str, Value], tensors: Sequence[TensorInfo]) -> Iterator[str]:
    architecture = metadata.get("general.architecture")
    layers = metadata.get(f"{architecture}.block_count")
    if layers is not None and (isinstance(layers, (Array, str, float)) or not 1 <= layers <= MAX_LAYERS):
        yield f"{architecture}.block_count is {_shown(layers)}"
    for name in SIZES:
        value = metadata.get(f"{architecture}.{name}", 0)
        sizes = (value.items or ()) if isinstance(value, Array) else (value,)
        if any(isinstance(size, int) and not 0 <= size <= MAX_SIZE for size in sizes):
            yield f"{architecture}.{name} is {_shown(value)}"
    for key, value in metadata.items():
        if key.endswith("_epsilon") and isinstance(value, float) and not (math.isfinite(value) and value >= 0):
            yield f"{key} is {value}"
        if ".rope." in key and isinstance(value, float) and not math.isfinite(value):
            yield f"{key} is {value}"
    for tensor in tensors:
        stem = tensor.name.removesuffix(".weight").rpartition(".")[2]
        is_vector = math.prod(tensor.shape[1:]) == 1
        if is_vector and tensor.type != "F32" and (stem.endswith("norm") or stem == "bias"):
            yield f"the tensor {tensor.name!r} is of type {tensor.type} instead of F32"
        if stem in MATRICES and tensor.type in NO_WEIGHT_TYPES:
            yield f"the tensor {tensor.name!r} is of type {tensor.type}, which holds no weights"


def _shown(value: Value) -> str:
    return f"a list of {value.count}" if isinstance(value, Array) else str(value)[:80]
