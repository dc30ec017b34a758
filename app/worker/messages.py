"""What goes over the pipe between Hearth and a worker: the only thing that both sides share.

A worker is given `Load` first; then any number of the other messages while it runs, and `Retire` as the last one.
A renderer (the light child of `app.worker.prompt`) is given `OpenVocabulary` first, then `Render` and `Count`.
Frames are MessagePack made by msgspec, tagged by type; never pickle, since a hostile file may own the child.
"""

from typing import Literal

import msgspec

MAX_FRAME_BYTES = 64 * 1024 * 1024

StopReason = Literal["end", "stop_string", "length", "context", "stopped"]
KvType = Literal["f16", "q8_0", "q4_0"]


class Message(msgspec.Struct, frozen=True, tag=True):
    """The root of all messages; the class name is the tag."""


class Turn(msgspec.Struct, frozen=True):
    """One message of a conversation as the chat template sees it."""

    role: Literal["system", "user", "assistant"]
    content: str


class Sampling(msgspec.Struct, frozen=True):
    """How the next token is drawn, and what it may be. What is left at its default changes nothing, but for the first
    four. Temperature 0 is greedy; `top_k` 0, the probabilities at 1, `min_p` 0, penalties 1 or 0 are neutral.

    `logit_bias` adds to the logits of single tokens. `grammar` is GBNF, and every answer is one that it allows.
    `logprobs` asks for the probability of each token, and that many of the likeliest in its place; None: not asked.
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    typical_p: float = 1.0
    top_n_sigma: float = 0.0
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    temperature_range: float = 0.0
    temperature_exponent: float = 1.0
    repeat_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repeat_last_tokens: int = 64
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_last_tokens: int = 1024
    dry_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    mirostat: Literal[0, 1, 2] = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    logit_bias: tuple[tuple[int, float], ...] = ()
    seed: int | None = None
    grammar: str = ""
    ignore_eos: bool = False
    logprobs: int | None = None


class TokenChance(msgspec.Struct, frozen=True):
    """A token that could stand somewhere: its bytes and the natural logarithm of its probability."""

    token: int
    piece: bytes
    logprob: float


class TokenLogprobs(msgspec.Struct, frozen=True):
    """One token that was drawn, and the likeliest that could have stood in its place, best first.

    Probabilities are the model's own, before any sampler has changed them.
    """

    drawn: TokenChance
    likeliest: list[TokenChance]


class Rope(msgspec.Struct, frozen=True):
    """How positions are stretched to reach beyond the context that a model was trained on, `factor` times as far.

    `file`: what the GGUF says. `none`: no scaling at all. `linear`: position interpolation. `ntk`: a larger base.
    `yarn`: by frequency.
    """

    scaling: Literal["file", "none", "linear", "ntk", "yarn"] = "file"
    factor: float = 1.0


class Lora(msgspec.Struct, frozen=True):
    """A LoRA adapter in a GGUF of its own, with its weight."""

    path: str
    scale: float = 1.0


class Draft(msgspec.Struct, frozen=True):
    """Where guesses of the next tokens come from: the text so far (`lookup`), or a small model of the same vocabulary.

    At most `max_tokens` are guessed at once; none while guessing is measured to be slower.
    """

    kind: Literal["off", "lookup", "model"] = "off"
    path: str = ""
    max_tokens: int = 8


class Backend(msgspec.Struct, frozen=True):
    """How llama.cpp computes. `extra_buffers`: with its own layouts of weights, which some builds crash with.

    `libraries` is a folder with CPU backends of which `variant` is loaded; both empty: the one that is built in.
    """

    extra_buffers: bool = True
    gpu_layers: int = 0
    libraries: str = ""
    variant: str = ""


class SnapshotPlan(msgspec.Struct, frozen=True):
    """Where the states of chats are kept. `identity` names the model file and all settings that a state depends on."""

    folder: str
    identity: str
    memory_bytes: int
    disk_bytes: int


class Numbers(msgspec.Struct, frozen=True):
    """What one generation took, as the worker measured it. Seconds are wall-clock seconds inside the worker."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reading_seconds: float
    writing_seconds: float
    drafted_tokens: int = 0
    accepted_tokens: int = 0


# Parent to worker.


class Load(Message, frozen=True):
    """Load a model. `context_tokens` is per slot; `threads` is the most that may be used at once.

    `use_mmap` None leaves it to the worker. `snapshots` None keeps nothing. `is_embedding`: it answers `Embed` only.
    """

    path: str
    context_tokens: int
    slots: int
    batch_tokens: int
    threads: int
    kv_type: KvType = "f16"
    use_mmap: bool | None = None
    backend: Backend = Backend()
    rope: Rope = Rope()
    loras: tuple[Lora, ...] = ()
    draft: Draft = Draft()
    snapshots: SnapshotPlan | None = None
    is_embedding: bool = False


class Generate(Message, frozen=True):
    """Continue `tokens` (already rendered, special tokens included) by at most `max_tokens` tokens.

    `owner` and `chat` are opaque. What was read for one owner is never reused for another, but for the first
    `num_shared` tokens, which are the system prompt. Of an empty `chat` no snapshot is kept. `slides`: an answer that
    fills the context forgets the oldest tokens behind the first ones instead of ending. `is_background`: Hearth asks
    for itself; it must not drive anybody's prefix out.
    """

    request: str
    tokens: list[int]
    max_tokens: int
    sampling: Sampling = Sampling()
    stop: list[str] = []
    owner: str = ""
    chat: str = ""
    num_shared: int = 0
    slides: bool = False
    is_background: bool = False


class Embed(Message, frozen=True):
    """Turn each text, given as tokens, into one vector of length 1."""

    request: str
    texts: list[list[int]]


class Forget(Message, frozen=True):
    """Drop every state of a chat, in memory and on disk: the chat is gone."""

    owner: str
    chat: str


class Retire(Message, frozen=True):
    """Save what is worth keeping, and end."""


class Cancel(Message, frozen=True):
    """End a request within one step; it answers `Finished` with reason `stopped`. Unknown requests are ignored."""

    request: str


class SetThreads(Message, frozen=True):
    """Use at most this many threads from the next step on."""

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
    embedding_size: int = 0


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
    logprobs: list[TokenLogprobs] = []


class Embedded(Message, frozen=True):
    """Answer to `Embed`: a vector for each text."""

    request: str
    vectors: list[list[float]]


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
    """Load the vocabulary and the chat template of a GGUF, without its weights.

    `prompt_format` is a name of `app.worker.formats` to use instead of the file's own template; empty: the file's.
    """

    path: str
    prompt_format: str = ""


class Render(Message, frozen=True):
    """Render `turns` by the model's own chat template, with the opening of an answer, and tokenize the result."""

    request: str
    turns: list[Turn]


class Count(Message, frozen=True):
    """Tokenize a text without special tokens."""

    request: str
    text: str


class Tokenize(Message, frozen=True):
    """The tokens of each text as a whole input of the model, with the special tokens that belong around it."""

    request: str
    texts: list[str]


# Renderer to parent.


class VocabularyOpened(Message, frozen=True):
    """The renderer is ready. `has_template` is False where a prompt format is used instead.

    `stop` are the strings that end an answer besides the end token: those of its prompt format.
    """

    vocabulary: int
    has_template: bool
    stop: list[str] = []


class Rendered(Message, frozen=True):
    """Answer to `Render`: the tokens to read. The first `num_shared` of them are the system prompt, whoever asks.

    `opening` is what the template has written of the answer already: the tag with which reasoning begins.
    """

    request: str
    tokens: list[int]
    num_shared: int = 0
    opening: str = ""


class Counted(Message, frozen=True):
    """Answer to `Count`."""

    request: str
    tokens: int


class Tokenized(Message, frozen=True):
    """Answer to `Tokenize`."""

    request: str
    texts: list[list[int]]


class RenderFailed(Message, frozen=True):
    """The template or the vocabulary cannot be used; `code` is a key of `app.words`."""

    request: str
    code: str
    detail: str


ToWorker = Load | Generate | Embed | Cancel | Forget | SetThreads | Ping | Retire
FromWorker = Loading | Loaded | LoadFailed | Reading | Delta | Embedded | Finished | Failed | Pong
ToRenderer = OpenVocabulary | Render | Count | Tokenize | Ping
FromRenderer = VocabularyOpened | Rendered | Counted | Tokenized | RenderFailed | LoadFailed | Pong

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
