"""What the engine tells about one generation, in order: queued, loading, reading, delta, and one finished.

Whatever goes wrong is raised as a `HearthError` by the iterator that gives these events.
"""

from dataclasses import dataclass, field
from pathlib import Path

from app.worker.messages import Draft, KvType, Lora, Rope, Sampling, StopReason, TokenLogprobs


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How one model is to run; None and the defaults leave it to Hearth.

    `context_tokens` None: as much as fits. `prompt_format` is a name of `app.worker.formats`; empty: the file's own.
    `is_pinned`: never unloaded for another or for being idle.
    """

    context_tokens: int | None = None
    kv_type: KvType | None = None
    use_mmap: bool | None = None
    gpu_layers: int | None = None
    rope: Rope = field(default_factory=Rope)
    loras: tuple[Lora, ...] = ()
    draft: Draft | None = None
    prompt_format: str = ""
    is_pinned: bool = False
    is_preloaded: bool = False


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF that the engine may load. `name` is what people see; `context_tokens` the most that it was made for.

    `fingerprint` names the contents of the file; empty: not known, and no states of chats are kept on disk.
    """

    name: str
    path: Path
    context_tokens: int
    fingerprint: str = ""
    options: ModelOptions = field(default_factory=ModelOptions)


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt as tokens. The first `num_shared` of them are the system prompt, the same for everybody who has it.

    `opening` is what the template has written of the answer already: the tag with which reasoning begins.
    """

    tokens: tuple[int, ...]
    num_shared: int
    opening: str = ""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One generation. `person` is an opaque id by which turns are shared fairly; see `app.worker.messages.Generate`.

    `is_background`: Hearth asks for itself. It runs while nobody else does, and is ended by Busy("preempted").
    `opening` is what the prompt has said of the answer already; the first delta begins with it.
    """

    person: str
    tokens: tuple[int, ...]
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    chat: str = ""
    num_shared: int = 0
    slides: bool = False
    is_background: bool = False
    opening: str = ""


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
    logprobs: tuple[TokenLogprobs, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a generation. `first_token_seconds` counts from the request, waiting and loading included."""

    reason: StopReason
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    first_token_seconds: float
    tokens_per_second: float
    drafted_tokens: int = 0
    accepted_tokens: int = 0


EngineEvent = Queued | Loading | Reading | Delta | Finished


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory, for people to see."""

    name: str
    state: str
    active: int
    waiting: int
    context_tokens: int = 0
    memory_bytes: int = 0
    is_pinned: bool = False
