"""`hearth models`: what lies in the models folder, and what is inside one file."""

import json
from pathlib import Path

from rich.table import Table

from app.commands import output, parts
from app.weights.gguf_file import read_header
from app.weights.gguf_header import GgufHeader
from app.words.say import say


def show() -> None:
    """List the models, the Guide last."""
    table = Table(box=None, pad_edge=False)
    for heading in ("NAME", "SIZE", "QUANTIZATION", "PARAMETERS", "CONTEXT", ""):
        table.add_column(heading, overflow="fold")
    library = parts.library(parts.settings())
    for model in library.models() + library.adapters():
        note = say(model.problem, model.problem_params, output.language()) if model.problem else ""
        if model.kind == "adapter":
            note = say("adapter_listed", {}, output.language())
        size = output.size(model.file_bytes)
        context = str(model.context_length or "")
        table.add_row(model.name, size, model.quantization, _count(model.num_parameters), context, note)
    output.console.print(table)


def inspect(file: Path, as_json: bool) -> None:
    """Describe one GGUF from its header; the weights are not read."""
    header = read_header(file)
    described = _described(header)
    if as_json:
        output.console.print_json(json.dumps(described, ensure_ascii=False))
        return
    for key, value in described.items():
        if not isinstance(value, (dict, list)):
            output.console.print(f"{key:<20} {value}", markup=False)


def _described(header: GgufHeader) -> dict[str, object]:
    """A header for people and programs; long values (vocabulary, merges) as their length only."""
    metadata = {
        key: value if isinstance(value, (str, int, float, bool)) else str(value)
        for key, value in header.metadata.items()
    }
    return {
        "name": header.name,
        "architecture": header.architecture,
        "quantization": header.quantization,
        "parameters": header.num_parameters,
        "file_bytes": header.file_bytes,
        "context_length": header.context_length,
        "blocks": header.block_count,
        "embedding_length": header.embedding_length,
        "heads": header.head_count,
        "kv_heads": header.head_count_kv,
        "vocabulary": header.vocabulary_size,
        "chat_template": header.chat_template is not None,
        "gguf_version": header.version,
        "tensors": header.num_tensors,
        "metadata": metadata,
        "tensor_list": [
            {"name": tensor.name, "shape": list(tensor.shape), "type": str(tensor.type)} for tensor in header.tensors
        ],
    }


def _count(number: int) -> str:
    """Parameters as people say them: `8.0B`, `5.9M`."""
    return f"{number / 1e9:.1f}B" if number >= 1e9 else f"{number / 1e6:.1f}M"
