"""Small GGUF files with a header and one tensor: enough for the library, not for an engine."""

import struct
from pathlib import Path

import gguf
import numpy as np


def write_model(
    path: Path, *, name: str = "Tiny", architecture: str = "llama", context_length: int = 4096, kind: str = "model"
) -> Path:
    """Write a GGUF of 32 parameters and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(name)
    writer.add_type(kind)
    writer.add_context_length(context_length)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tensor("token_embd.weight", np.zeros((4, 8), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_adapter(path: Path, *, architecture: str = "llama") -> Path:
    """Write a LoRA adapter of one pair and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 2.0)
    writer.add_tensor("token_embd.weight.lora_a", np.zeros((2, 8), dtype=np.float32))
    writer.add_tensor("token_embd.weight.lora_b", np.zeros((4, 2), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_truncated(path: Path) -> Path:
    """Write a GGUF of which the end is missing."""
    write_model(path)
    path.write_bytes(path.read_bytes()[:-8])
    return path


def write_nonsense(path: Path) -> Path:
    """Write a file that is called GGUF and is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"<!doctype html>" + struct.pack("<I", 3) * 10)
    return path
