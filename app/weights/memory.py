"""What a model will take in memory, told from the header of its file before anything is loaded.

Weights and caches are counted as llama.cpp counts them; its compute buffers are estimated from above, by a formula
that was fitted to what it logs (`tests/weights/test_memory.py` compares). Knows no machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.weights import cache_memory
from app.weights.cache_memory import CELLS_STEP, HYBRID, RECURRENT, CacheShape
from app.weights.gguf_header import Array, GgufHeader

# The worker's own choice (`app.worker.llama.context`): attention is plain while both stay below this.
MAX_EXACT_SCORES_BYTES = 32 * 1024 * 1024
MAX_EXACT_WEIGHTS_BYTES = 32 * 1024 * 1024
# What a worker guesses at most for each sequence, so that logits for all of it have room.
MAX_DRAFT_TOKENS = 8
FLOAT_BYTES = 4
HALF_BYTES = 2
# Python, llama.cpp's code, and what both need besides the model; measured in a worker.
WORKER_BYTES = 56 * 1024 * 1024
# llama.cpp's own tables of a vocabulary while it is loaded; measured on those of LLaMA 2 and 3, Qwen 2 and Gemma.
TOKEN_BYTES = 200
MERGE_BYTES = 150
# llama.cpp keeps a second copy of tied embeddings when it can lay these types out anew for the CPU (`repack.cpp`).
REPACKED_TYPES: Final = frozenset({"Q4_0", "Q2_K", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "MXFP4"})
# Bits per weight of Llama 3.1 8B, from llama.cpp's tools/quantize/README.md; only types that need no importance
# matrix, the best first.
BITS_PER_WEIGHT: Final[Mapping[str, float]] = MappingProxyType(
    {
        "Q8_0": 8.5008,
        "Q6_K": 6.5633,
        "Q5_K_M": 5.7036,
        "Q5_K_S": 5.5704,
        "Q4_K_M": 4.8944,
        "Q4_K_S": 4.6672,
        "IQ4_XS": 4.4597,
        "Q3_K_L": 4.2979,
        "Q3_K_M": 3.9960,
        "Q3_K_S": 3.6429,
        "Q2_K": 3.1593,
    }
)


@dataclass(frozen=True, slots=True)
class Needs:
    """Bytes, by what they are for. `weights_bytes` holds LoRA adapters too, `process_bytes` the vocabulary."""

    weights_bytes: int
    kv_bytes: int
    compute_bytes: int
    mmproj_bytes: int
    process_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return self.weights_bytes + self.kv_bytes + self.compute_bytes + self.mmproj_bytes + self.process_bytes


def needs(
    header: GgufHeader,
    context_tokens: int,
    slots: int,
    batch_tokens: int,
    kv_type: str,
    *,
    mmproj_bytes: int = 0,
    lora_bytes: int = 0,
    draft_tokens: int = MAX_DRAFT_TOKENS,
) -> Needs:
    """What a worker takes with `context_tokens` for each of its `slots`. Of a model in several files, `header` is the
    one of the first, and the bytes of the others are to be given as `lora_bytes`.
    """
    shape = cache_shape(header, context_tokens, slots, batch_tokens, kv_type, draft_tokens)
    return Needs(
        weights_bytes(header) + lora_bytes,
        cache_memory.cache_bytes(header, shape),
        compute_bytes(header, shape),
        mmproj_bytes,
        process_bytes(header),
    )


def best_context(
    header: GgufHeader, room_bytes: int, wanted: int, slots: int, batch_tokens: int, kv_type: str, least: int = 2048
) -> int | None:
    """The largest context, at most `wanted` and what the model was trained for, that fits into `room_bytes`; None
    when not even `least` does (or the wanted, where that is less).
    """
    most = min(wanted, header.context_length or wanted)

    def fits(context_tokens: int) -> bool:
        return needs(header, context_tokens, slots, batch_tokens, kv_type).total_bytes <= room_bytes

    if fits(most):
        return most
    low, high = min(least, most) // CELLS_STEP, most // CELLS_STEP
    if low == 0 or not fits(low * CELLS_STEP):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle * CELLS_STEP) else (low, middle - 1)
    return low * CELLS_STEP


def next_best_quantization(
    header: GgufHeader, room_bytes: int, context_tokens: int, slots: int, batch_tokens: int, kv_type: str
) -> str | None:
    """The best quantization of this model, smaller than the file is now, with which it would fit; None: not one."""
    now = needs(header, context_tokens, slots, batch_tokens, kv_type)
    rest = now.total_bytes - now.weights_bytes
    for name, bits in BITS_PER_WEIGHT.items():
        weights = int(header.num_parameters * bits / 8)
        if weights < now.weights_bytes and weights + rest <= room_bytes:
            return name
    return None


def weights_bytes(header: GgufHeader) -> int:
    """Bytes of the tensors, with a second copy of tied embeddings where llama.cpp may make one."""
    total = sum(tensor.bytes for tensor in header.tensors)
    is_tied = all(tensor.name != "output.weight" for tensor in header.tensors)
    embeddings = next((tensor for tensor in header.tensors if tensor.name == "token_embd.weight"), None)
    if is_tied and embeddings is not None and embeddings.type in REPACKED_TYPES:
        total += embeddings.bytes
    return total


def process_bytes(header: GgufHeader) -> int:
    """Bytes of a worker before it has loaded any weights."""
    merges = header.metadata.get("tokenizer.ggml.merges")
    num_merges = merges.count if isinstance(merges, Array) else 0
    return WORKER_BYTES + TOKEN_BYTES * header.vocabulary_size + MERGE_BYTES * num_merges


def cache_shape(
    header: GgufHeader,
    context_tokens: int,
    slots: int,
    batch_tokens: int,
    kv_type: str,
    draft_tokens: int = MAX_DRAFT_TOKENS,
) -> CacheShape:
    """How the worker will ask for its cache. Quantized caches work with flash attention only."""
    can_draft = header.architecture not in RECURRENT | HYBRID
    num_outputs = slots * (1 + draft_tokens if can_draft else 1)
    capacity = max(num_outputs, batch_tokens + slots)
    scores_bytes = FLOAT_BYTES * capacity * context_tokens * header.head_count
    is_small = sum(tensor.bytes for tensor in header.tensors) <= MAX_EXACT_WEIGHTS_BYTES
    return CacheShape(
        context_tokens,
        slots,
        capacity,
        kv_type,
        num_outputs,
        has_flash_attention=not (kv_type == "f16" and is_small and scores_bytes <= MAX_EXACT_SCORES_BYTES),
    )


def compute_bytes(header: GgufHeader, shape: CacheShape) -> int:
    """Bytes of the compute buffer, the buffer of the logits, and what matrix products convert their inputs in.

    The compute buffer is the larger of attention and feed-forward, for a whole batch in F32: the residual and what
    is read and written around it. Each mask (one more with a sliding window) lasts all the time.
    """
    tokens = shape.batch_tokens
    width = header.embedding_length
    feed_forward = _feed_forward_numbers(header)
    attention, masks_bytes = _attention(header, shape)
    recurrent = _recurrent_numbers(header)
    activations = max(attention, 3 * feed_forward + 5 * width, recurrent + width) * FLOAT_BYTES * tokens
    logits = header.vocabulary_size * max(shape.num_outputs, shape.slots) * FLOAT_BYTES
    converted = max(feed_forward, width) * HALF_BYTES * tokens
    return max(masks_bytes + activations, logits) + logits + converted


def _attention(header: GgufHeader, shape: CacheShape) -> tuple[int, int]:
    """Numbers for each token of a batch while attention is computed, and bytes of the masks."""
    kept = [layer for layer in cache_memory.layers(header) if layer.key]
    if not kept:
        return 0, 0
    rows = 1 if shape.is_unified else shape.slots
    cells = [cache_memory.num_cells(header, shape, has_window) // rows for has_window in {kv.has_window for kv in kept}]
    widest = max(layer.key + layer.value for layer in kept)
    numbers = 5 * header.embedding_length + 2 * header.head_count * max(header.key_length, header.value_length) + widest
    if not shape.has_flash_attention:
        numbers += header.head_count * max(cells) + widest
    mask_bytes = HALF_BYTES if shape.has_flash_attention else FLOAT_BYTES
    return numbers, sum(cells) * shape.batch_tokens * mask_bytes


def _feed_forward_numbers(header: GgufHeader) -> int:
    """Numbers of the widest feed-forward layer: of all the experts that a token visits, where there are experts."""
    used = cache_memory.number(header, "expert_used_count")
    of_expert = cache_memory.number(header, "expert_feed_forward_length")
    shared = cache_memory.number(header, "expert_shared_feed_forward_length")
    dense = cache_memory.number(header, "feed_forward_length")
    if not used:
        return dense
    return max(dense, used * (of_expert or dense) + shared + used * header.embedding_length // 3)


def _recurrent_numbers(header: GgufHeader) -> int:
    """Numbers for each token of a batch while a state-space layer is computed (fitted to Mamba)."""
    if header.architecture not in RECURRENT | HYBRID:
        return 0
    inner = cache_memory.number(header, "ssm.inner_size") or 2 * header.embedding_length
    state = cache_memory.number(header, "ssm.state_size") * max(1, cache_memory.number(header, "ssm.group_count"))
    return 7 * (inner + state)
