"""Rotary positions: the numbers that llama.cpp needs to reach beyond the context that a model was trained on.

Pure arithmetic. Knows what a GGUF's header says, and no llama.cpp; the scaling types are llama.cpp's own numbers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.errors import InvalidInput
from app.worker.messages import Rope

UNSPECIFIED, NONE, LINEAR, YARN = -1, 0, 1, 2
MAX_FACTOR = 64.0
DEFAULT_FREQ_BASE = 10_000.0
FILE: Final = Rope()

# What each kind costs, as keys of `app.words`.
NOTES: Mapping[str, str] = MappingProxyType(
    {
        "file": "rope_note_file",
        "none": "rope_note_none",
        "linear": "rope_note_linear",
        "ntk": "rope_note_ntk",
        "yarn": "rope_note_yarn",
    }
)


@dataclass(frozen=True, slots=True)
class RopeFacts:
    """What a header says: tokens that the file claims, those before any scaling of its own, and that scaling.

    `head_dim` is how many numbers of a head are rotated. 0 is: not said.
    """

    trained_context: int
    original_context: int = 0
    freq_base: float = DEFAULT_FREQ_BASE
    head_dim: int = 0
    file_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class RopeNumbers:
    """For `llama_context_params`, whose fields have these names; 0 (and -1 of the type and of `yarn_ext_factor`) is
    what the file says. `context_tokens` is how far the model reaches with them; 0: not known.
    """

    context_tokens: int
    rope_scaling_type: int = UNSPECIFIED
    rope_freq_base: float = 0.0
    rope_freq_scale: float = 0.0
    yarn_orig_ctx: int = 0
    yarn_ext_factor: float = -1.0


def facts(metadata: Mapping[str, object]) -> RopeFacts:
    """From a GGUF's metadata, as values or as the texts that llama.cpp makes of them."""
    prefix = str(metadata.get("general.architecture", ""))

    def number(key: str) -> float:
        value = metadata.get(f"{prefix}.{key}")
        try:
            found = float(value) if isinstance(value, (str, int, float)) else 0.0
        except ValueError:
            return 0.0
        return found if math.isfinite(found) and found > 0 else 0.0

    heads = number("attention.head_count")
    per_head = number("attention.key_length") or (number("embedding_length") / heads if heads else 0.0)
    is_scaled = str(metadata.get(f"{prefix}.rope.scaling.type", "linear")) in ("linear", "yarn")
    factor = number("rope.scaling.factor") or number("rope.scale_linear") or 1.0
    return RopeFacts(
        trained_context=int(number("context_length")),
        original_context=int(number("rope.scaling.original_context_length")),
        freq_base=number("rope.freq_base") or DEFAULT_FREQ_BASE,
        head_dim=int(number("rope.dimension_count") or per_head),
        file_factor=factor if is_scaled else 1.0,
    )


def context_numbers(rope: Rope, file: RopeFacts) -> RopeNumbers:
    """How to load with `rope`; its factor multiplies what the file's own scaling has reached already.

    `linear` divides positions by the factor (Chen et al. 2023, arXiv 2306.15595). `ntk` leaves them and raises the
    base to base·factor^(d/(d-2)), d being the numbers of a head that are rotated (bloc97, "NTK-Aware Scaled RoPE",
    2023; formula as in Peng et al. 2023, arXiv 2309.00071, section 3.1). `yarn` is the rest of that paper, done by
    llama.cpp: low frequencies are interpolated, high ones are left, and attention is made sharper.
    """
    reach = int(file.trained_context * rope.factor)
    scale = 1.0 / (rope.factor * file.file_factor)
    original = file.original_context or int(file.trained_context / file.file_factor)
    match rope.scaling:
        case "file":
            return RopeNumbers(file.trained_context)
        case "none":
            return RopeNumbers(original, NONE, rope_freq_scale=1.0, yarn_ext_factor=0.0)
        case "linear":
            return RopeNumbers(reach, LINEAR, rope_freq_scale=scale, yarn_ext_factor=0.0)
        case "ntk":
            d = file.head_dim
            base = file.freq_base * rope.factor ** (d / (d - 2)) if d > 2 else file.freq_base * rope.factor
            return RopeNumbers(reach, rope_freq_base=base)
        case "yarn":
            return RopeNumbers(reach, YARN, rope_freq_scale=scale, yarn_orig_ctx=original, yarn_ext_factor=1.0)


def check(rope: Rope) -> None:
    """Raises InvalidInput("rope_factor_invalid") for a factor that stretches nothing, or beyond all reason."""
    if not 1.0 <= rope.factor <= MAX_FACTOR:
        raise InvalidInput("rope_factor_invalid", value=rope.factor, most=MAX_FACTOR)
