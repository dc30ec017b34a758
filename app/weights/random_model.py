"""LLaMAs of real shapes with random weights, to measure with: speed does not depend on what weights say.

F16, Q8_0 and Q4_K_M are written as random blocks at once, with scales that keep every number small; for any other
quantization an F16 file is made first. Memory stays small, whatever the shape.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.weights import gguf_writer, output_file, quantize
from app.weights.gguf_types import FILE_TYPE_NUMBERS, TENSOR_TYPE_NUMBERS, TENSOR_TYPES
from app.weights.gguf_writer import Entry, NewTensor
from app.weights.random_vocabulary import SPECIAL_TOKENS, random_vocabulary
from app.weights.shapes import Shape

CHUNK_BYTES: Final = 16 << 20
SEED: Final = 20261122
CONTEXT: Final = 131_072

Bytes = npt.NDArray[np.uint8]


def write_random_model(output: Path, shape: Shape, vocabulary_size: int, quantization: str, threads: int) -> None:
    """Write a GGUF of this shape; the same for the same arguments."""
    if quantization in DIRECT:
        _write(output, shape, vocabulary_size, quantization)
        return
    whole = output.with_name(output.name + ".f16")
    whole.unlink(missing_ok=True)
    try:
        _write(whole, shape, vocabulary_size, "F16")
        quantize.quantize(whole, output, quantization, lambda _progress: None, threads)
    finally:
        whole.unlink(missing_ok=True)


def _write(output: Path, shape: Shape, vocabulary_size: int, quantization: str) -> None:
    tensors = _tensors(shape, vocabulary_size, quantization)
    head = gguf_writer.header(_entries(shape, vocabulary_size, quantization), tensors)
    random = np.random.default_rng(SEED)
    with (
        output_file.new_file(output, len(head) + sum(tensor.num_bytes for tensor in tensors)) as part,
        part.open("wb") as stream,
    ):
        stream.write(head)
        for tensor in tensors:
            for _ in gguf_writer.written(stream, tensor, _chunks(tensor, random)):
                pass


def _entries(shape: Shape, vocabulary_size: int, quantization: str) -> list[Entry]:
    count, real = gguf_writer.count, gguf_writer.real
    return [
        gguf_writer.text("general.architecture", "llama"),
        gguf_writer.text("general.name", "Random weights"),
        count("general.file_type", FILE_TYPE_NUMBERS[quantization]),
        count("general.quantization_version", 2),
        count("llama.vocab_size", vocabulary_size),
        count("llama.context_length", CONTEXT),
        count("llama.embedding_length", shape.width),
        count("llama.block_count", shape.num_layers),
        count("llama.feed_forward_length", shape.ffn),
        count("llama.attention.head_count", shape.num_heads),
        count("llama.attention.head_count_kv", shape.num_kv_heads),
        count("llama.rope.dimension_count", shape.head_size),
        real("llama.rope.freq_base", 500_000.0),
        real("llama.attention.layer_norm_rms_epsilon", 1e-5),
        *random_vocabulary(vocabulary_size).entries(),
    ]


def _tensors(shape: Shape, vocabulary_size: int, quantization: str) -> list[NewTensor]:
    """In the order and with the types that llama.cpp's own quantizer gives them."""
    few, more = DIRECT[quantization]
    kv_width = shape.num_kv_heads * shape.head_size
    tensors = [NewTensor("token_embd.weight", (vocabulary_size, shape.width), more)]
    for layer in range(shape.num_layers):
        fine = more if _has_more_bits(layer, shape.num_layers) else few
        tensors += [
            NewTensor(f"blk.{layer}.{name}.weight", size, kind)
            for name, size, kind in (
                ("attn_norm", (shape.width,), "F32"),
                ("attn_q", (shape.width, shape.width), few),
                ("attn_k", (kv_width, shape.width), few),
                ("attn_v", (kv_width, shape.width), fine),
                ("attn_output", (shape.width, shape.width), few),
                ("ffn_norm", (shape.width,), "F32"),
                ("ffn_gate", (shape.ffn, shape.width), few),
                ("ffn_up", (shape.ffn, shape.width), few),
                ("ffn_down", (shape.width, shape.ffn), fine),
            )
        ]
    return [*tensors, NewTensor("output_norm.weight", (shape.width,), "F32")]


def _has_more_bits(layer: int, num_layers: int) -> bool:
    """llama.cpp's `use_more_bits`: the first and the last eighth of the layers, and every third between."""
    eighth = num_layers // 8
    return layer < eighth or layer >= 7 * num_layers // 8 or (layer - eighth) % 3 == 2


def _chunks(tensor: NewTensor, random: np.random.Generator) -> Iterator[memoryview]:
    """The data of one tensor, some rows at a time. The embeddings of special tokens are zero: none is ever likely."""
    if tensor.type == "F32":
        yield memoryview(np.ones(tensor.num_elements, np.dtype("<f4")).tobytes())
        return
    num_rows, columns = tensor.shape
    kind = TENSOR_TYPES[TENSOR_TYPE_NUMBERS[tensor.type]]
    row_bytes = columns // kind.block_size * kind.block_bytes
    rows_at_once = max(len(SPECIAL_TOKENS), CHUNK_BYTES // row_bytes)
    for first in range(0, num_rows, rows_at_once):
        rows = min(rows_at_once, num_rows - first)
        data = BLOCKS[tensor.type](random, rows * columns, columns).reshape(-1)
        if tensor.name == "token_embd.weight":
            zero_from = max(0, num_rows - len(SPECIAL_TOKENS) - first)
            data[zero_from * row_bytes :] = 0
        yield memoryview(data.tobytes())


def _f16(random: np.random.Generator, num_numbers: int, columns: int) -> Bytes:
    numbers = random.integers(-127, 128, num_numbers, dtype=np.int8).astype(np.float32)
    halves: Bytes = (numbers / (73.6 * np.sqrt(columns))).astype("<f2").view(np.uint8)
    return halves


def _q8_0(random: np.random.Generator, num_numbers: int, columns: int) -> Bytes:
    """Scale, 32 signed bytes."""
    blocks = random.integers(0, 256, (num_numbers // 32, 34), dtype=np.uint8)
    blocks[:, 0:2] = _half(1 / (73.9 * np.sqrt(columns)))
    return blocks


def _q4_k(random: np.random.Generator, num_numbers: int, columns: int) -> Bytes:
    """Scale, scale of the least values, 8 + 8 of six bits, 256 numbers q of four: scale * (s * q) - least * m.

    With s = m and least = 7.5 scale the numbers lie around zero.
    """
    blocks = random.integers(0, 256, (num_numbers // 256, 144), dtype=np.uint8)
    scale = 1 / (32 * 4.6 * np.sqrt(columns))
    blocks[:, 0:2] = _half(scale)
    blocks[:, 2:4] = _half(7.5 * scale)
    blocks[:, 4:8] = blocks[:, 4:8] & 63 | 128
    blocks[:, 8:12] = blocks[:, 4:8]
    blocks[:, 12:16] = (blocks[:, 12:16] & 15) * 17
    return blocks


def _q6_k(random: np.random.Generator, num_numbers: int, columns: int) -> Bytes:
    """Low four bits, high two bits, 16 signed scales, scale: scale * s * (q - 32)."""
    blocks = random.integers(0, 256, (num_numbers // 256, 210), dtype=np.uint8)
    blocks[:, 192:208] = blocks[:, 192:208] & 31 | 64
    blocks[:, 208:210] = _half(1 / (80 * 18.5 * np.sqrt(columns)))
    return blocks


def _half(value: float) -> Bytes:
    return np.array([value], np.dtype("<f2")).view(np.uint8)


DIRECT: Final[Mapping[str, tuple[str, str]]] = {
    "F16": ("F16", "F16"),
    "Q8_0": ("Q8_0", "Q8_0"),
    "Q4_K_M": ("Q4_K", "Q6_K"),
}
BLOCKS: Final[Mapping[str, Callable[[np.random.Generator, int, int], Bytes]]] = {
    "F16": _f16,
    "Q8_0": _q8_0,
    "Q4_K": _q4_k,
    "Q6_K": _q6_k,
}
