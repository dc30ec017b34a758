"""Rotary position embedding: how a checkpoint stretches it, in the words of GGUF.

Old checkpoints say `rope_theta` and `rope_scaling`, newer ones `rope_parameters`. Formulas: transformers,
`modeling_rope_utils.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.errors import BadFile
from app.weights import gguf_writer
from app.weights.gguf_writer import Entry
from app.weights.model_config import ModelConfig

YARN_KEYS = (
    ("extrapolation_factor", "yarn_ext_factor"),
    ("attention_factor", "yarn_attn_factor"),
    ("beta_fast", "yarn_beta_fast"),
    ("beta_slow", "yarn_beta_slow"),
)


@dataclass(frozen=True, slots=True)
class Rope:
    """The base of the frequencies, and the scaling with its numbers."""

    base: float
    kind: str
    scaling: ModelConfig

    def scaling_entries(self, prefix: str) -> Sequence[Entry]:
        """Keys for the scalings that llama.cpp computes itself."""
        key = f"{prefix}.rope.scaling"
        if self.kind == "linear":
            return gguf_writer.text(f"{key}.type", "linear"), gguf_writer.real(f"{key}.factor", self._factor())
        if self.kind == "yarn":
            return (
                gguf_writer.text(f"{key}.type", "yarn"),
                gguf_writer.real(f"{key}.factor", self._factor()),
                gguf_writer.count(
                    f"{key}.original_context_length", self.scaling.size("original_max_position_embeddings")
                ),
                *(
                    gguf_writer.real(f"{key}.{theirs}", self.scaling.real(ours, 1.0))
                    for ours, theirs in YARN_KEYS
                    if self.scaling.values.get(ours) is not None
                ),
            )
        return ()

    def divisors(self, head_dim: int) -> npt.NDArray[np.float32] | None:
        """Llama 3.1's scaling: what each of the head_dim / 2 frequencies is divided by."""
        if self.kind != "llama3":
            return None
        factor = self.scaling.real("factor", 8.0)
        low = self.scaling.real("low_freq_factor", 1.0)
        high = self.scaling.real("high_freq_factor", 4.0)
        context = self.scaling.size("original_max_position_embeddings", 8192)
        if low >= high:
            raise BadFile("config_value_wrong", key="rope_scaling.low_freq_factor", value=low)
        exponents = np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim)
        frequencies = np.float32(1) / np.float32(self.base) ** exponents
        # Divided as PyTorch does it, by the reciprocal, so that the last bit is the same too.
        wavelengths = np.float32(1) / frequencies * np.float32(2 * math.pi)
        smooth = (np.float32(1) / wavelengths * np.float32(context) - np.float32(low)) / np.float32(high - low)
        between = np.float32(1) / ((np.float32(1) - smooth) / np.float32(factor) + smooth)
        long_ones = np.where(wavelengths > context / low, np.float32(factor), between)
        return np.where(wavelengths < context / high, np.float32(1), long_ones)

    def _factor(self) -> float:
        if self.scaling.values.get("factor") is None:
            raise BadFile("config_value_wrong", key="rope_scaling.factor", value="missing")
        return self.scaling.real("factor", 1.0)


def read_rope(config: ModelConfig) -> Rope:
    """The model's RoPE; BadFile for a scaling that llama.cpp would not compute in the same way.

    "dynamic" scaling changes nothing up to the trained length, which is as far as the file promises.
    """
    scaling = config.part("rope_parameters" if config.values.get("rope_parameters") else "rope_scaling")
    kind = scaling.text("rope_type", scaling.text("type", "default"))
    if kind not in ("default", "linear", "llama3", "yarn", "dynamic"):
        raise BadFile("rope_scaling_unsupported", kind=kind[:80])
    if scaling.values.get("rope_theta") is not None:
        return Rope(scaling.real("rope_theta", 1.0), kind, scaling)
    return Rope(config.real("rope_theta", 10000.0), kind, scaling)
