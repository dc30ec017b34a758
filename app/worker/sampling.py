"""Which steps draw the next token, in llama.cpp's own order. Pure: `app.worker.llama` makes C objects of them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import InvalidInput
from app.worker.constraint import Constraint
from app.worker.messages import Sampling

MAX_SEED = 2**32 - 2  # 2**32 - 1 means "any seed" to llama.cpp, and would not be repeatable.
MAX_BIASES = 1024
MAX_BIAS = 100.0
MAX_BREAKERS = 16
MAX_BREAKER_BYTES = 40


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the most that a number may be."""

    least: float
    most: float


# Every number goes on to C++ code: what is not within these bounds is refused.
RANGES: Mapping[str, Range] = {
    "temperature": Range(0, 5),
    "top_k": Range(0, 1000),
    "top_p": Range(0, 1),
    "min_p": Range(0, 1),
    "typical_p": Range(0, 1),
    "top_n_sigma": Range(0, 100),
    "xtc_probability": Range(0, 1),
    "xtc_threshold": Range(0, 1),
    "temperature_range": Range(0, 5),
    "temperature_exponent": Range(0.01, 10),
    "repeat_penalty": Range(0.1, 10),
    "frequency_penalty": Range(-10, 10),
    "presence_penalty": Range(-10, 10),
    "repeat_last_tokens": Range(0, 32768),
    "dry_multiplier": Range(0, 100),
    "dry_base": Range(1, 8),
    "dry_allowed_length": Range(1, 1000),
    "dry_last_tokens": Range(0, 32768),
    "mirostat": Range(0, 2),
    "mirostat_tau": Range(0, 100),
    "mirostat_eta": Range(0, 1),
    "logprobs": Range(0, 20),
}


@dataclass(frozen=True, slots=True)
class LogitBias:
    """Add to the logits of single tokens; those that are not in the vocabulary are passed over.

    `bans_ends`: no token that would end the answer is ever drawn.
    """

    biases: tuple[tuple[int, float], ...]
    bans_ends: bool


@dataclass(frozen=True, slots=True)
class Penalties:
    """Make tokens of the last `last_tokens` less likely: by a factor, and by differences."""

    last_tokens: int
    repeat: float
    frequency: float
    presence: float


@dataclass(frozen=True, slots=True)
class Dry:
    """Make tokens less likely that would go on with a repetition of whole sequences."""

    multiplier: float
    base: float
    allowed_length: int
    last_tokens: int
    breakers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TopNSigma:
    """Keep tokens whose logit is at most `n` standard deviations below the best."""

    n: float


@dataclass(frozen=True, slots=True)
class TopK:
    """Keep the `k` most likely tokens."""

    k: int


@dataclass(frozen=True, slots=True)
class Typical:
    """Keep the tokens that are about as surprising as is to be expected, together of probability `p`."""

    p: float


@dataclass(frozen=True, slots=True)
class TopP:
    """Keep the most likely tokens that together have probability `p`."""

    p: float


@dataclass(frozen=True, slots=True)
class MinP:
    """Keep tokens that are at least `p` times as likely as the most likely one."""

    p: float


@dataclass(frozen=True, slots=True)
class Xtc:
    """Now and then leave out the likeliest tokens, all but the last one over the threshold."""

    probability: float
    threshold: float
    seed: int


@dataclass(frozen=True, slots=True)
class Temperature:
    """Divide the logits by `value`; with a `range`, by more or less than it, as the model is less or more certain."""

    value: float
    range: float
    exponent: float


@dataclass(frozen=True, slots=True)
class Mirostat:
    """Keep the surprise near `tau`, and draw; instead of everything that leaves tokens out."""

    version: int
    tau: float
    eta: float
    seed: int


@dataclass(frozen=True, slots=True)
class Draw:
    """Draw by probability, repeatably by `seed`."""

    seed: int


@dataclass(frozen=True, slots=True)
class Greedy:
    """Take the most likely token."""


Step = (
    LogitBias
    | Penalties
    | Dry
    | TopNSigma
    | TopK
    | Typical
    | TopP
    | MinP
    | Xtc
    | Temperature
    | Mirostat
    | Draw
    | Greedy
)


def plan(sampling: Sampling) -> tuple[Step, ...]:
    """The steps for `sampling`; those that would change nothing are left out. The last one always chooses."""
    steps = _shifting(sampling)
    if sampling.temperature <= 0:
        return (*steps, Greedy())
    seed = secrets.randbelow(MAX_SEED) if sampling.seed is None else sampling.seed % (MAX_SEED + 1)
    if sampling.mirostat:
        if sampling.temperature != 1:
            steps.append(Temperature(sampling.temperature, 0.0, 1.0))
        return (*steps, Mirostat(sampling.mirostat, sampling.mirostat_tau, sampling.mirostat_eta, seed))
    steps += _cutting(sampling, seed)
    if sampling.temperature != 1 or sampling.temperature_range > 0:
        steps.append(Temperature(sampling.temperature, sampling.temperature_range, sampling.temperature_exponent))
    return (*steps, Draw(seed))


def history_length(sampling: Sampling) -> int:
    """How many of the last prompt tokens the penalties have to see."""
    length = sampling.repeat_last_tokens if _penalizes(sampling) else 0
    return max(length, sampling.dry_last_tokens if sampling.dry_multiplier > 0 else 0)


def check(sampling: Sampling) -> None:
    """Raises InvalidInput: sampling_invalid (name=, value=) for a number that no sampler takes, or grammar_invalid."""
    for name, allowed in RANGES.items():
        value = getattr(sampling, name)
        if value is not None and not allowed.least <= value <= allowed.most:
            raise _invalid(name, value)
    if sampling.top_p == 0 or sampling.typical_p == 0:
        raise _invalid("top_p" if sampling.top_p == 0 else "typical_p", 0)
    if sampling.seed is not None and not 0 <= sampling.seed < 2**32:
        raise _invalid("seed", sampling.seed)
    _check_biases(sampling.logit_bias)
    _check_breakers(sampling.dry_breakers)
    if sampling.grammar:
        Constraint(sampling.grammar)


def _penalizes(sampling: Sampling) -> bool:
    is_neutral = (sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty) == (1.0, 0.0, 0.0)
    return sampling.repeat_last_tokens > 0 and not is_neutral


def _shifting(sampling: Sampling) -> list[Step]:
    """What makes single tokens more or less likely."""
    steps: list[Step] = []
    if sampling.logit_bias or sampling.ignore_eos:
        steps.append(LogitBias(sampling.logit_bias, sampling.ignore_eos))
    if _penalizes(sampling):
        last = sampling.repeat_last_tokens
        steps.append(Penalties(last, sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty))
    if sampling.dry_multiplier > 0 and sampling.dry_last_tokens > 0:
        steps.append(
            Dry(
                sampling.dry_multiplier,
                sampling.dry_base,
                sampling.dry_allowed_length,
                sampling.dry_last_tokens,
                sampling.dry_breakers,
            )
        )
    return steps


def _cutting(sampling: Sampling, seed: int) -> list[Step]:
    """What leaves tokens out."""
    steps: list[Step] = []
    if sampling.top_n_sigma > 0:
        steps.append(TopNSigma(sampling.top_n_sigma))
    if sampling.top_k > 0:
        steps.append(TopK(sampling.top_k))
    if sampling.typical_p < 1:
        steps.append(Typical(sampling.typical_p))
    if sampling.top_p < 1:
        steps.append(TopP(sampling.top_p))
    if sampling.min_p > 0:
        steps.append(MinP(sampling.min_p))
    if sampling.xtc_probability > 0 and sampling.xtc_threshold <= 0.5:
        steps.append(Xtc(sampling.xtc_probability, sampling.xtc_threshold, seed))
    return steps


def _check_biases(biases: tuple[tuple[int, float], ...]) -> None:
    if len(biases) > MAX_BIASES:
        raise _invalid("logit_bias", len(biases))
    for token, bias in biases:
        if not 0 <= token < 2**31:
            raise _invalid("logit_bias", token)
        if not abs(bias) <= MAX_BIAS:
            raise _invalid("logit_bias", bias)


def _check_breakers(breakers: tuple[str, ...]) -> None:
    if len(breakers) > MAX_BREAKERS:
        raise _invalid("dry_breakers", len(breakers))
    for breaker in breakers:
        length = len(breaker.encode("utf-8", "replace"))
        if not 0 < length <= MAX_BREAKER_BYTES or "\0" in breaker:
            raise _invalid("dry_breakers", length)


def _invalid(name: str, value: object) -> InvalidInput:
    return InvalidInput("sampling_invalid", name=name, value=str(value)[:40])
