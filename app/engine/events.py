"""What the engine tells about one generation, in order: queued, loading, reading, delta, and one finished.

Whatever goes wrong is raised as a `HearthError` by the iterator that gives these events.
"""

from dataclasses import dataclass, field
from pathlib import Path

from app.worker.messages import Sampling, StopReason


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF that the engine may load. `name` is what people see; `context_tokens` the most that it was made for."""

    name: str
    path: Path
    context_tokens: int


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One generation. `person` is an opaque id by which turns are shared fairly."""

    person: str
    tokens: tuple[int, ...]
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting for a turn; `position` 1 is next. `eta_seconds` is None until a speed was measured."""

    position: int
    eta_seconds: float | None


@dataclass(frozen=True, slots=True)
class Loading:
    """The model is being loaded; `fraction` is 0 to 1."""

    fraction: float


@dataclass(frozen=True, slots=True)
class Reading:
    """`done` of `total` prompt tokens are read."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of the answer, whole characters only."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a generation. `first_token_seconds` counts from the request, waiting and loading included."""

    reason: StopReason
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    first_token_seconds: float
    tokens_per_second: float


EngineEvent = Queued | Loading | Reading | Delta | Finished


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory, for people to see."""

    name: str
    state: str
    active: int
    waiting: int
