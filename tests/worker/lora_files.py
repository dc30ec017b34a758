"""Makes LoRA adapters, and the model that has one of them worked in: what the sum must be."""

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
RANK = 4
ALPHA = 8.0
TENSORS = ("blk.0.attn_q.weight", "blk.1.ffn_down.weight")


def random_pairs(model: Path, seed: int = 5) -> dict[str, tuple[Array, Array]]:
    """For two tensors of the model: A (rank, inputs) and B (outputs, rank)."""
    random = np.random.default_rng(seed)
    pairs = {}
    for tensor in gguf.GGUFReader(model).tensors:
        if tensor.name in TENSORS:
            inputs, outputs = (int(size) for size in tensor.shape)
            a = (random.standard_normal((RANK, inputs)) / np.sqrt(inputs)).astype(np.float32)
            pairs[tensor.name] = (a, random.standard_normal((outputs, RANK)).astype(np.float32))
    return pairs


def write_lora(path: Path, pairs: Mapping[str, tuple[Array, Array]], architecture: str = "llama") -> Path:
    """The adapter as a GGUF file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", ALPHA)
    for name, (a, b) in pairs.items():
        writer.add_tensor(f"{name}.lora_a", a)
        writer.add_tensor(f"{name}.lora_b", b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_merged(path: Path, model: Path, pairs: Mapping[str, tuple[Array, Array]], scale: float = 1.0) -> Path:
    """A copy of an F16 model with the products added to its weights."""
    data = bytearray(model.read_bytes())
    for tensor in gguf.GGUFReader(model).tensors:
        if tensor.name in pairs:
            a, b = pairs[tensor.name]
            merged = (tensor.data.astype(np.float32) + scale * ALPHA / RANK * (b @ a)).astype(np.float16).tobytes()
            data[tensor.data_offset : tensor.data_offset + len(merged)] = merged
    path.write_bytes(data)
    return path
