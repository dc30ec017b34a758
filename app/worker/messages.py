"""What goes over the pipe between Hearth and a worker: the only thing that both sides share.

A worker is given `Load` first; then any number of `Generate`, `Cancel`, `SetThreads` and `Ping` while it runs.
A renderer (the light child of `app.worker.prompt`) is given `OpenVocabulary` first, then `Render` and `Count`.
Frames are MessagePack made by msgspec, tagged by type; never pickle, since a hostile file may own the child.
"""

from typing import Literal

import msgspec

MAX_FRAME_BYTES = 64 * 1024 * 1024

StopReason = Literal["end", "stop_string", "length", "context", "stopped"]


class Message(msgspec.Struct, frozen=True, tag=True):
    """The root of all messages; the class name is the tag."""


class Turn(msgspec.Struct, frozen=True):
    """One message of a conversation as the chat template sees it."""

    role: Literal["system", "user", "assistant"]
    content: str


class Sampling(msgspec.Struct, frozen=True):
    """How the next token is drawn. Neutral values: temperature 0 is greedy, top_k 0, top_p 1, min_p 0, penalty 1."""

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    repeat_last_tokens: int = 64
    seed: int | None = None


class Numbers(msgspec.Struct, frozen=True):
    """What one generation took, as the worker measured it. Seconds are wall-clock seconds inside the worker."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reading_seconds: float
    writing_seconds: float


# Parent to worker.


class Load(Message, frozen=True):
    """Load a model. `context_tokens` is per slot; `threads` are used for reading and writing alike."""

    path: str
    context_tokens: int
    slots: int
    batch_tokens: int
    threads: int


class Generate(Message, frozen=True):
    """Continue `tokens` (already rendered, special tokens included) by at most `max_tokens` tokens."""

    request: str
    tokens: list[int]
    max_tokens: int
    sampling: Sampling = Sampling()
    stop: list[str] = []


class Cancel(Message, frozen=True):
    """End a request within one step; it answers `Finished` with reason `stopped`. Unknown requests are ignored."""

    request: str


class SetThreads(Message, frozen=True):
    """Use this many threads from the next step on."""

    threads: int


class Ping(Message, frozen=True):
    """Answered by `Pong` between two steps."""


# Worker to parent.


class Loading(Message, frozen=True):
    """How much of the file is loaded, 0 to 1."""

    fraction: float


class Loaded(Message, frozen=True):
    """The model is ready. `context_tokens` is what one slot got."""

    context_tokens: int
    slots: int
    load_seconds: float


class LoadFailed(Message, frozen=True):
    """The model cannot be loaded; `code` is a key of `app.words`."""

    code: str
    detail: str


class Reading(Message, frozen=True):
    """`done` of `total` prompt tokens are in the KV cache (those that were found there count as done)."""

    request: str
    done: int
    total: int


class Delta(Message, frozen=True):
    """More text of the answer: whole characters only. `tokens` is how many tokens were drawn for it."""

    request: str
    text: str
    tokens: int


class Finished(Message, frozen=True):
    """The request is over, and all of its text was sent."""

    request: str
    reason: StopReason
    numbers: Numbers


class Failed(Message, frozen=True):
    """The request is over by a failure; `code` is a key of `app.words`."""

    request: str
    code: str
    detail: str


class Pong(Message, frozen=True):
    """The worker is alive; `active` requests are in its slots, `waiting` are queued inside it."""

    active: int
    waiting: int


# Parent to renderer.


class OpenVocabulary(Message, frozen=True):
    """Load the vocabulary and the chat template of a GGUF, without its weights."""

    path: str


class Render(Message, frozen=True):
    """Render `turns` by the model's own chat template, with the opening of an answer, and tokenize the result."""

    request: str
    turns: list[Turn]


class Count(Message, frozen=True):
    """Tokenize a text without special tokens."""

    request: str
    text: str


# Renderer to parent.


class VocabularyOpened(Message, frozen=True):
    """The renderer is ready. `has_template` is False where the GGUF carries none and a plain one is used.

    `stop` are the strings that end an answer besides the end token: those of the plain template.
    """

    vocabulary: int
    has_template: bool
    stop: list[str] = []


class Rendered(Message, frozen=True):
    """Answer to `Render`: the tokens to read."""

    request: str
    tokens: list[int]


class Counted(Message, frozen=True):
    """Answer to `Count`."""

    request: str
    tokens: int


class RenderFailed(Message, frozen=True):
    """The template or the vocabulary cannot be used; `code` is a key of `app.words`."""

    request: str
    code: str
    detail: str


ToWorker = Load | Generate | Cancel | SetThreads | Ping
FromWorker = Loading | Loaded | LoadFailed | Reading | Delta | Finished | Failed | Pong
ToRenderer = OpenVocabulary | Render | Count | Ping
FromRenderer = VocabularyOpened | Rendered | Counted | RenderFailed | LoadFailed | Pong

_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)
_to_renderer: msgspec.msgpack.Decoder[ToRenderer] = msgspec.msgpack.Decoder(ToRenderer)
_from_renderer: msgspec.msgpack.Decoder[FromRenderer] = msgspec.msgpack.Decoder(FromRenderer)

# Each raises msgspec.DecodeError (ValidationError included) for what is not such a message.
write = _encoder.encode
read_to_worker = _to_worker.decode
read_from_worker = _from_worker.decode
read_to_renderer = _to_renderer.decode
read_from_renderer = _from_renderer.decode
