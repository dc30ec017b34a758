"""How many bytes llama.cpp keeps for the tokens of the chats: keys and values, and the states of recurrent layers.

The figures follow llama.cpp's own allocation (`llama-kv-cache.cpp`, `llama-kv-cache-iswa.cpp`,
`llama-memory-recurrent.cpp`, `llama-hparams.cpp` and the loaders of the architectures). Reads headers only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.weights.gguf_header import Array, GgufHeader

CELLS_STEP = 256
STATE_BYTES = 4  # Recurrent states are always F32.
BLOCK = 32
# Bytes of a block of 32 numbers.
KV_BLOCK_BYTES: Final[Mapping[str, int]] = MappingProxyType({"f16": 64, "q8_0": 34, "q4_0": 18})

RECURRENT: Final = frozenset({"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"})
HYBRID: Final = frozenset(
    {
        "jamba",
        "falcon-h1",
        "plamo2",
        "granitehybrid",
        "lfm2",
        "lfm2moe",
        "nemotron_h",
        "nemotron_h_moe",
        "qwen3next",
        "qwen35",
        "qwen35moe",
        "kimi-linear",
        "minimax-01",
    }
)
# Hybrids whose layers are recurrent but for every n-th one, where the file does not list them.
INTERVALS: Final = frozenset({"qwen3next", "qwen35", "qwen35moe", "minimax-01"})
NO_CACHE: Final = frozenset(
    {
        "bert",
        "jina-bert-v2",
        "jina-bert-v3",
        "nomic-bert",
        "nomic-bert-moe",
        "neo-bert",
        "eurobert",
        "modern-bert",
        "gemma-embedding",
    }
)
# Every n-th layer sees everything, the others a window, where the file does not say which.
WINDOW_PATTERNS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "gemma2": 2,
        "gemma3": 6,
        "gemma3n": 5,
        "cohere2": 4,
        "exaone4": 4,
        "exaone-moe": 4,
        "gpt-oss": 2,
        "olmo2": 4,
        "llama4": 4,
        "plamo3": 8,
        "smallthinker": 4,
        "mellum": 4,
        "afmoe": 4,
    }
)
DEFAULT_WINDOWS: Final[Mapping[str, int]] = MappingProxyType(
    {"gemma2": 4096, "exaone4": 4096, "llama4": 8192, "exaone-moe": 128}
)
DENSE_FIRST: Final = frozenset({"smallthinker"})
GEMMA3N_LAYERS_WITH_KV = 20


@dataclass(frozen=True, slots=True)
class CacheShape:
    """How the cache is laid out: as `app.worker.llama.context` asks llama.cpp for it.

    `is_unified`: all slots share one row of cells. `keeps_whole_window`: layers that see a window only keep every
    token nevertheless, so that any prefix can be used again. `num_outputs`: tokens of a batch that get logits.
    """

    context_tokens: int
    slots: int
    batch_tokens: int
    kv_type: str = "f16"
    num_outputs: int = 0
    has_flash_attention: bool = True
    is_unified: bool = False
    keeps_whole_window: bool = True


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer keeps: numbers of a key and of a value for each token, or numbers of a state for each slot."""

    key: int = 0
    value: int = 0
    has_window: bool = False
    state: int = 0


def cache_bytes(header: GgufHeader, shape: CacheShape) -> int:
    """Bytes of the KV cache and of recurrent states, to the byte for the architectures that are known here."""
    kept = layers(header)
    # Without flash attention values lie transposed, and every layer gets the room of the widest.
    widest = 0 if shape.has_flash_attention else max((layer.value for layer in kept), default=0)
    total = 0
    for layer in kept:
        total += layer.state * STATE_BYTES * max(1, shape.slots)
        if layer.key:
            value = widest if layer.value and widest else layer.value
            cells = num_cells(header, shape, layer.has_window)
            total += cells * (_row_bytes(layer.key, shape.kv_type) + _row_bytes(value, shape.kv_type))
    return total


def num_cells(header: GgufHeader, shape: CacheShape, has_window: bool) -> int:
    """Cells for tokens, of all slots together."""
    rows = 1 if shape.is_unified else shape.slots
    cells = _padded(shape.context_tokens * shape.slots if shape.is_unified else shape.context_tokens)
    if has_window and not shape.keeps_whole_window:
        windows = window(header) * (shape.slots if shape.is_unified else 1)
        cells = _padded(min(cells, windows + shape.batch_tokens))
    return cells * rows


def layers(header: GgufHeader) -> list[Layer]:
    """What each layer keeps; layers that keep nothing are left out."""
    if header.architecture in NO_CACHE:
        return []
    num_layers = header.block_count - number(header, "nextn_predict_layers")
    return [layer for index in range(num_layers) for layer in _kept(header, index)]


def window(header: GgufHeader) -> int:
    """Tokens that layers with a sliding window look back; 0 without one."""
    if header.architecture not in WINDOW_PATTERNS and _layer_values(header, "sliding_window_pattern") is None:
        return 0
    return number(header, "attention.sliding_window") or DEFAULT_WINDOWS.get(header.architecture, 0)


def number(header: GgufHeader, key: str) -> int:
    """An integer of the model's own keys; the largest of an array; 0 when it is not there."""
    value = header.metadata.get(f"{header.architecture}.{key}")
    if isinstance(value, Array):
        return max((int(item) for item in value.items or () if isinstance(item, int)), default=0)
    return int(value) if isinstance(value, int) else 0


def _kept(header: GgufHeader, index: int) -> list[Layer]:
    is_recurrent = _is_recurrent(header, index)
    kept = [Layer(state=_state_numbers(header))] if is_recurrent else []
    has_attention = not is_recurrent or header.architecture == "falcon-h1"
    if has_attention and header.architecture not in RECURRENT and _has_own_cache(header, index):
        kept.append(_attention(header, index))
    return kept


def _attention(header: GgufHeader, index: int) -> Layer:
    has_window = _has_window(header, index)
    suffix = "_swa" if has_window else ""
    heads = _of_layer(header, "attention.head_count_kv", index, header.head_count_kv)
    key = number(header, f"attention.key_length{suffix}") or header.key_length
    value = number(header, f"attention.value_length{suffix}") or header.value_length
    # Multi-head latent attention keeps one compressed key and makes the values from it.
    has_values = not number(header, "attention.key_length_mla")
    return Layer(key * heads, value * heads if has_values else 0, has_window)


def _has_own_cache(header: GgufHeader, index: int) -> bool:
    if header.architecture == "gemma3n":
        return index < GEMMA3N_LAYERS_WITH_KV
    if header.architecture.startswith("nemotron_h") and _of_layer(header, "feed_forward_length", index, 0):
        return False
    return index < header.block_count - number(header, "attention.shared_kv_layers")


def _has_window(header: GgufHeader, index: int) -> bool:
    if not window(header):
        return False
    named = _layer_values(header, "sliding_window_pattern")
    if named is not None:
        return index < len(named) and bool(named[index])
    every = number(header, "attention.sliding_window_pattern") or WINDOW_PATTERNS[header.architecture]
    return index % every != 0 if header.architecture in DENSE_FIRST else index % every < every - 1


def _is_recurrent(header: GgufHeader, index: int) -> bool:
    if header.architecture in RECURRENT or header.architecture == "falcon-h1":
        return True
    if header.architecture not in HYBRID:
        return False
    named = _layer_values(header, "recurrent_layers")
    if named is not None:
        return index < len(named) and bool(named[index])
    if header.architecture in INTERVALS:
        return (index + 1) % (number(header, "full_attention_interval") or 4) != 0
    has_ffn_only = header.architecture.startswith("nemotron_h") and _of_layer(header, "feed_forward_length", index, 0)
    return _of_layer(header, "attention.head_count_kv", index, header.head_count_kv) == 0 and not has_ffn_only


def _state_numbers(header: GgufHeader) -> int:
    """Numbers of one slot's state in a recurrent layer: of the convolution (or token shift), and of the state space."""
    rwkv_head = number(header, "wkv.head_size")
    if rwkv_head:
        return header.embedding_length * ((number(header, "token_shift_count") or 2) + rwkv_head)
    short_convolution = number(header, "shortconv.l_cache")
    if short_convolution:
        return header.embedding_length * (short_convolution - 1)
    kernel = number(header, "ssm.conv_kernel")
    kda_head = number(header, "kda.head_dim")
    if kda_head:
        wide = header.head_count * kda_head
        return 3 * (kernel - 1 if kernel else 3) * wide + kda_head * wide
    inner, state = number(header, "ssm.inner_size"), number(header, "ssm.state_size")
    return max(0, kernel - 1) * (inner + 2 * number(header, "ssm.group_count") * state) + state * inner


def _of_layer(header: GgufHeader, key: str, index: int, default: int) -> int:
    """The value of one layer where the file lists one for each, else the value of all."""
    value = header.metadata.get(f"{header.architecture}.{key}")
    if isinstance(value, Array):
        items = value.items or ()
        return int(items[index]) if index < len(items) else default
    return int(value) if isinstance(value, int) else default


def _layer_values(header: GgufHeader, key: str) -> list[int] | None:
    value = header.metadata.get(f"{header.architecture}.attention.{key}")
    return [int(item) for item in value.items or ()] if isinstance(value, Array) else None


def _row_bytes(numbers: int, kv_type: str) -> int:
    return numbers * KV_BLOCK_BYTES[kv_type] // BLOCK


def _padded(cells: int) -> int:
    return -(-cells // CELLS_STEP) * CELLS_STEP
