"""Which steps draw the next token, in llama.cpp's own order. Pure: `app.worker.llama` makes C objects of them."""

import secrets
from dataclasses import dataclass

from app.worker.messages import Sampling

MAX_SEED = 2**32 - 2  # 2**32 - 1 means "any seed" to llama.cpp, and would not be repeatable.


@dataclass(frozen=True, slots=True)
class Penalty:
    """Make tokens of the last `last_tokens` less likely by the factor `repeat`."""

    last_tokens: int
    repeat: float


@dataclass(frozen=True, slots=True)
class TopK:
    """Keep the `k` most likely tokens."""

    k: int


@dataclass(frozen=True, slots=True)
class TopP:
    """Keep the most likely tokens that together have probability `p`."""

    p: float


@dataclass(frozen=True, slots=True)
class MinP:
    """Keep tokens that are at least `p` times as likely as the most likely one."""

    p: float


@dataclass(frozen=True, slots=True)
class Temperature:
    """Divide the logits by `value`."""

    value: float


@dataclass(frozen=True, slots=True)
class Draw:
    """Draw by probability, repeatably by `seed`."""

    seed: int


@dataclass(frozen=True, slots=True)
class Greedy:
    """Take the most likely token."""


Step = Penalty | TopK | TopP | MinP | Temperature | Draw | Greedy


def plan(sampling: Sampling) -> tuple[Step, ...]:
    """The steps for `sampling`; those that would change nothing are left out. The last one always chooses."""
    steps: list[Step] = []
    if sampling.repeat_penalty != 1.0 and sampling.repeat_last_tokens > 0:
        steps.append(Penalty(sampling.repeat_last_tokens, sampling.repeat_penalty))
    if sampling.temperature <= 0:
        return (*steps, Greedy())
    if sampling.top_k > 0:
        steps.append(TopK(sampling.top_k))
    if sampling.top_p < 1:
        steps.append(TopP(sampling.top_p))
    if sampling.min_p > 0:
        steps.append(MinP(sampling.min_p))
    if sampling.temperature != 1:
        steps.append(Temperature(sampling.temperature))
    seed = secrets.randbelow(MAX_SEED) if sampling.seed is None else sampling.seed % (MAX_SEED + 1)
    return (*steps, Draw(seed))


def history_length(sampling: Sampling) -> int:
    """How many of the last prompt tokens the penalty has to see."""
    return sampling.repeat_last_tokens if sampling.repeat_penalty != 1.0 else 0
