"""What a folder tells about itself besides its numbers: name, size, license, the sampling that its makers advise.

Uses the `gguf` package's reading of names and model cards, so that our files bear the same general keys as others'.
"""

from pathlib import Path

import gguf
import yaml  # type: ignore[import-untyped]

from app.weights import json_file
from app.weights.gguf_types import ValueType
from app.weights.gguf_writer import Entry

LARGEST_REAL = 3e38


def entries(folder: Path, architecture: str, num_parameters: int) -> list[Entry]:
    """The `general.*` keys. A model card that cannot be understood is left out: it changes nothing of the model."""
    try:
        metadata = gguf.Metadata.load(None, folder, None, num_parameters)
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        metadata = gguf.Metadata()
    metadata.name = metadata.name or folder.resolve().name.replace("-", " ")
    metadata.size_label = metadata.size_label or gguf.size_label(num_parameters, 0, 0, 0)
    generation_config = json_file.read_object_if_there(folder / "generation_config.json")
    if metadata.sampling_penalty_repeat is None:
        metadata.sampling_penalty_repeat = generation_config.get("repetition_penalty")
    writer = gguf.GGUFWriter(None, architecture)
    writer.add_type("model")
    metadata.set_gguf_meta_model(writer)
    found = (_entry(key, ValueType(value.type), value.value) for key, value in writer.kv_data[0].items())
    return [entry for entry in found if entry is not None]


def _entry(key: str, kind: ValueType, value: object) -> Entry | None:
    """The key, or nothing where somebody's card or generation_config.json holds a value of the wrong kind."""
    match kind, value:
        case ValueType.ARRAY, list() if value and all(isinstance(item, str) for item in value):
            return Entry(key, ValueType.STRING, items=value)
        case ValueType.STRING, str():
            return Entry(key, kind, value)
        case ValueType.UINT32 | ValueType.INT32, int() if 0 <= value < 1 << 31:
            return Entry(key, kind, value)
        case ValueType.FLOAT32, int() | float() if abs(value) < LARGEST_REAL:
            return Entry(key, kind, value)
    return None
