"""The one door to llama.cpp for the worker and the renderer: a thin typed layer over its C calls.

Knows nothing of requests, pipes or templates. Not thread-safe; one process uses one context.
"""

import ctypes
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llama_cpp import llama_cpp as c

from app.worker import sampling as steps
from app.worker.errors import DecodeFailed, LlamaError
from app.worker.messages import Sampling

MAX_PIECE_BYTES = 4096
NUM_LOG_LINES = 40
# Flash attention rounds differently for one token, for several and for many. Plain attention does not, so that an
# answer at temperature 0 is the same alone and in company (wherever the matrix products are exact as well, as those
# of Q8_0 are); its price is a buffer for the scores, which is paid while it is small.
MAX_EXACT_SCORES_BYTES = 32 * 1024 * 1024
LOG_ERROR = 4
SPM_VOCABULARY = 1
CONTROL_ATTRIBUTES = 1 | 8  # LLAMA_TOKEN_ATTR_UNKNOWN and _CONTROL: what parse_special turns into tokens.

Sampler = object  # A chain of samplers in C.


class Log:
    """Keeps llama.cpp's last complaints; everything else that it says goes nowhere."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=NUM_LOG_LINES)
        self._callback = c.llama_log_callback(self._take)
        # C keeps the callback's address for the life of the process: it must never be freed.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._callback))
        c.llama_log_set(self._callback, None)

    def _take(self, level: int, text: bytes, _user_data: object) -> None:
        if level == LOG_ERROR:
            self._lines.append(text.decode("utf-8", "replace").strip())

    def explain(self) -> str:
        """The complaint that says most: llama.cpp's first error is the cause, the later ones are its consequences."""
        return self._lines[0].partition(": ")[2] or self._lines[0] if self._lines else ""


@dataclass(frozen=True, slots=True)
class ContextPlan:
    """How to load: `context_tokens` per slot, at most `batch_tokens` of prompts in one step."""

    path: Path
    context_tokens: int
    slots: int
    batch_tokens: int
    threads: int


class Model:
    """A loaded GGUF, or only its vocabulary."""

    def __init__(self, path: Path, log: Log, vocab_only: bool, on_progress: Callable[[float], None]) -> None:
        def progress(fraction: float, _user_data: object) -> bool:
            try:
                on_progress(fraction)
            except EOFError:
                return False  # The parent is gone: nobody wants this model any more.
            return True

        c.llama_backend_init()
        parameters = c.llama_model_default_params()
        parameters.vocab_only = vocab_only
        parameters.progress_callback = c.llama_progress_callback(progress)
        handle = c.llama_model_load_from_file(str(path).encode(), parameters)
        if not handle:
            raise load_error(log.explain())
        self.handle = handle
        self.vocabulary = Vocabulary(c.llama_model_get_vocab(handle))
        self.trained_context_tokens = int(c.llama_model_n_ctx_train(handle))

    def chat_template(self) -> str | None:
        """The Jinja template that the file carries."""
        template = c.llama_model_chat_template(self.handle, None)
        return template.decode("utf-8", "replace") if template else None


class Vocabulary:
    """Text to tokens and back."""

    def __init__(self, handle: object) -> None:
        self._handle = handle
        self._pieces: dict[int, bytes] = {}
        self._buffer = ctypes.create_string_buffer(MAX_PIECE_BYTES)
        self.size = int(c.llama_vocab_n_tokens(handle))

    @property
    def is_spm(self) -> bool:
        """Whether a piece that is tokenized on its own would get a space in front."""
        return bool(c.llama_vocab_type(self._handle) == SPM_VOCABULARY)

    @property
    def bos(self) -> int | None:
        """The token that begins a text, where the model was made with one."""
        return int(c.llama_vocab_bos(self._handle)) if c.llama_vocab_get_add_bos(self._handle) else None

    def bos_text(self) -> str:
        """The beginning token as templates write it."""
        return self.text(int(c.llama_vocab_bos(self._handle)))

    def eos_text(self) -> str:
        """The end token as templates write it."""
        return self.text(int(c.llama_vocab_eos(self._handle)))

    def text(self, token: int) -> str:
        """The token as the vocabulary spells it; empty for no token."""
        return c.llama_vocab_get_text(self._handle, token).decode("utf-8", "replace") if token >= 0 else ""

    def special_texts(self) -> list[str]:
        """The spelling of every token that only a template may write."""
        attribute = c.llama_vocab_get_attr
        tokens = (token for token in range(self.size) if attribute(self._handle, token) & CONTROL_ATTRIBUTES)
        return [text for text in map(self.text, tokens) if text]

    def tokenize(self, text: str, parse_special: bool) -> list[int]:
        """Tokens of `text`, with nothing put in front or behind."""
        data = text.encode("utf-8", "replace")
        capacity = len(data) + 8
        while True:
            buffer = (c.llama_token * capacity)()
            count = c.llama_tokenize(self._handle, data, len(data), buffer, capacity, False, parse_special)
            if count >= 0:
                return list(buffer[:count])
            capacity = -count

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; none for special tokens."""
        piece = self._pieces.get(token)
        if piece is None:
            length = c.llama_token_to_piece(self._handle, token, self._buffer, MAX_PIECE_BYTES, 0, False)
            piece = self._pieces[token] = self._buffer.raw[: max(0, length)]
        return piece

    def is_end(self, token: int) -> bool:
        """Whether an answer is over with this token."""
        return bool(c.llama_vocab_is_eog(self._handle, token))


class LlamaContext:
    """A model with a KV cache for several sequences: what the scheduler drives.

    Every slot is a stream of its own (`kv_unified` off): one sequence's cells never lie between another's, which
    keeps each slot's whole `context_tokens` for it and its rounding independent of its neighbours' contents.
    """

    def __init__(self, plan: ContextPlan, log: Log, on_progress: Callable[[float], None]) -> None:
        model = Model(plan.path, log, False, on_progress)
        self.vocabulary = model.vocabulary
        self.slots = plan.slots
        self.batch_tokens = plan.batch_tokens
        self.context_tokens = min(plan.context_tokens, model.trained_context_tokens or plan.context_tokens)
        capacity = plan.batch_tokens + plan.slots
        parameters = c.llama_context_default_params()
        parameters.n_ctx = self.context_tokens * plan.slots
        parameters.n_seq_max = plan.slots
        parameters.kv_unified = False
        parameters.n_batch = parameters.n_ubatch = capacity
        parameters.n_outputs_max = plan.slots
        scores_bytes = 4 * capacity * self.context_tokens * int(c.llama_model_n_head(model.handle))
        if scores_bytes <= MAX_EXACT_SCORES_BYTES:
            parameters.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_DISABLED
        parameters.n_threads = parameters.n_threads_batch = plan.threads
        parameters.no_perf = True
        self._context = c.llama_init_from_model(model.handle, parameters)
        if not self._context:
            raise context_error(log.explain())
        self._memory = c.llama_get_memory(self._context)
        self._batch = c.llama_batch_init(capacity, 0, 1)

    def begin(self) -> None:
        """Start an empty batch."""
        self._batch.n_tokens = 0

    def add(self, slot: int, position: int, tokens: list[int], wants_output: bool) -> int:
        """Put `tokens` of a slot at `position` into the batch; the index to sample from, behind the last of them."""
        batch = self._batch
        index: int = batch.n_tokens
        for offset, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = position + offset
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = slot
            batch.logits[index] = 0
            index += 1
        batch.logits[index - 1] = wants_output
        batch.n_tokens = index
        return index - 1

    def decode(self) -> None:
        """Run the batch. Raises DecodeFailed."""
        status = c.llama_decode(self._context, self._batch)
        if status != 0:
            raise DecodeFailed(status)

    def keep(self, slot: int, num_tokens: int) -> bool:
        """Forget all of a slot but its first tokens; False when this kind of memory cannot, and nothing is left."""
        if c.llama_memory_seq_rm(self._memory, slot, num_tokens, -1):
            return True
        c.llama_memory_seq_rm(self._memory, slot, -1, -1)
        return False

    def sampler(self, sampling: Sampling, history: list[int]) -> Sampler:
        """A chain for one sequence that has seen `history`; to be freed by `free_sampler`."""
        chain = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
        for step in steps.plan(sampling):
            c.llama_sampler_chain_add(chain, self._build(step))
        for token in history:
            c.llama_sampler_accept(chain, token)
        return chain

    def free_sampler(self, sampler: Sampler) -> None:
        """Give the chain back."""
        c.llama_sampler_free(sampler)

    def sample(self, sampler: Sampler, index: int) -> int:
        """Draw the token behind position `index` of the last batch; the chain remembers it."""
        return int(c.llama_sampler_sample(sampler, self._context, index))

    def margin(self, index: int) -> float:
        """How far the best logit is above the second best: how firm a greedy choice is. For tests and measurements."""
        best = second = -float("inf")
        for logit in c.llama_get_logits_ith(self._context, index)[: self.vocabulary.size]:
            if logit > best:
                best, second = logit, best
            elif logit > second:
                second = logit
        return best - second

    def set_threads(self, threads: int) -> None:
        """From the next batch on."""
        c.llama_set_n_threads(self._context, threads, threads)

    def _build(self, step: steps.Step) -> object:
        match step:
            case steps.Penalty(last_tokens, repeat):
                return c.llama_sampler_init_penalties(self.vocabulary.size, last_tokens, repeat, 0.0, 0.0)
            case steps.TopK(k):
                return c.llama_sampler_init_top_k(k)
            case steps.TopP(p):
                return c.llama_sampler_init_top_p(p, 1)
            case steps.MinP(p):
                return c.llama_sampler_init_min_p(p, 1)
            case steps.Temperature(value):
                return c.llama_sampler_init_temp(value)
            case steps.Draw(seed):
                return c.llama_sampler_init_dist(seed)
            case steps.Greedy():
                return c.llama_sampler_init_greedy()


def load_error(detail: str) -> LlamaError:
    """Which of our codes a complaint of llama.cpp's loader is."""
    if "unknown model architecture" in detail:
        return LlamaError("model_architecture_unknown", detail)
    if "unable to allocate" in detail or "failed to allocate" in detail:
        return LlamaError("model_memory", detail)
    return LlamaError("model_load_failed", detail)


def context_error(detail: str) -> LlamaError:
    """Why there is no context: mostly memory, but a file may also claim that its context has no length."""
    return LlamaError("model_load_failed" if "n_ctx_seq == 0" in detail else "model_memory", detail)
