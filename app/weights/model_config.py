"""A model's config.json with every value checked when it is asked for. Knows no architecture."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import BadFile
from app.weights import json_file

LARGEST = 1 << 31


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The values as the file gives them; the methods refuse what is missing or absurd."""

    values: Mapping[str, Any]

    @property
    def architecture(self) -> str:
        """The class that Hugging Face would use; "" when the file names none."""
        match self.values.get("architectures"):
            case [str(name), *_]:
                return name
        return ""

    def size(self, key: str, default: int | None = None) -> int:
        """A count of at least 1."""
        value = self.values.get(key)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < LARGEST:
            raise self._wrong(key)
        return value

    def real(self, key: str, default: float) -> float:
        """A positive number."""
        value = self.values.get(key)
        value = default if value is None else value
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
            raise self._wrong(key)
        return float(value)

    def flag(self, key: str, default: bool = False) -> bool:
        """Yes or no."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key)
        return default if value is None else value

    def text(self, key: str, default: str) -> str:
        """A word."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self._wrong(key)
        return value or default

    def part(self, key: str) -> "ModelConfig":
        """An object inside; empty where there is none."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, dict):
            raise self._wrong(key)
        return ModelConfig(value or {})

    def _wrong(self, key: str) -> BadFile:
        return BadFile("config_value_wrong", key=key, value=repr(self.values.get(key))[:80])


def read_config(folder: Path) -> ModelConfig:
    """The config.json of a checkpoint; refuses one whose weights are quantized already."""
    values = json_file.read_object(folder / "config.json")
    quantization = values.get("quantization_config")
    if quantization:
        method = quantization.get("quant_method", "unknown") if isinstance(quantization, dict) else "unknown"
        raise BadFile("checkpoint_quantized", method=str(method)[:80])
    return ModelConfig(values)
