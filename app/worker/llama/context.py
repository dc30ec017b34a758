"""A model with a KV cache for several sequences: the batches that the scheduler plans are run here.

Knows nothing of requests, pipes or templates. Not thread-safe; one process writes with one context.
"""

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path

from llama_cpp import llama_cpp as c

from app.worker import rope
from app.worker.errors import DecodeFailed
from app.worker.llama import adapters
from app.worker.llama.batch import Batch
from app.worker.llama.log import Log, context_error
from app.worker.llama.model import Model
from app.worker.llama.samplers import Sampler
from app.worker.messages import Load, Sampling
from app.worker.snapshot_file import State

# Flash attention rounds differently for one token, for several and for many. Plain attention does not, so that an
# answer of the Guide and other very small models at temperature 0 is the same alone and in company. Its price is a
# buffer for the scores, and time: 15 % of the reading of a model of 160M parameters, which larger ones do not pay.
MAX_EXACT_SCORES_BYTES = 32 * 1024 * 1024
MAX_EXACT_WEIGHTS_BYTES = 32 * 1024 * 1024
KV_TYPES = {"f16": c.GGML_TYPE_F16, "q8_0": c.GGML_TYPE_Q8_0, "q4_0": c.GGML_TYPE_Q4_0}


class LlamaContext:
    """A model with a KV cache for several sequences: what the scheduler drives.

    Every slot is a stream of its own (`kv_unified` off): one sequence's cells never lie between another's, which
    keeps each slot's whole `context_tokens` for it and its rounding independent of its neighbours' contents.
    """

    def __init__(self, load: Load, log: Log, on_progress: Callable[[float], None]) -> None:
        model = Model(Path(load.path), log, False, on_progress, load.backend, load.use_mmap)
        numbers = rope.context_numbers(load.rope, model.rope_facts)
        self.vocabulary = model.vocabulary
        self.slots = load.slots
        self.batch_tokens = load.batch_tokens
        self.context_tokens = min(load.context_tokens, numbers.context_tokens or load.context_tokens)
        self.is_whole_only = model.is_recurrent or model.is_hybrid
        self._window = int(c.llama_model_n_swa(model.handle))
        # Of layers with a sliding window only the window is saved.
        self.saves_whole = self.is_whole_only or self._window > 0
        self.max_draft_tokens = 0 if load.draft.kind == "off" or self.is_whole_only else load.draft.max_tokens
        parameters = self._parameters(load, numbers, model.handle)
        self._context = c.llama_init_from_model(model.handle, parameters)
        if not self._context:
            raise context_error(log.explain())
        adapters.attach(model, self._context, load.loras, log)
        self._memory = c.llama_get_memory(self._context)
        self._batch = Batch(parameters.n_batch, load.slots)
        self._threads = self._reading_threads = load.threads
        self._used_threads = self._wanted_threads = load.threads

    def begin(self) -> None:
        """Start an empty batch."""
        self._batch.clear()
        self._wanted_threads = self._threads

    def add(self, slot: int, position: int, tokens: Sequence[int], num_outputs: int) -> int:
        """Put `tokens` of a slot at `position` into the batch; the index to draw from behind the first of the last
        `num_outputs` tokens, those behind the others follow.
        """
        if num_outputs < len(tokens):
            self._wanted_threads = self._reading_threads
        return self._batch.add(slot, position, tokens, num_outputs)

    def decode(self) -> None:
        """Run the batch. Raises DecodeFailed."""
        if self._wanted_threads != self._used_threads:
            self._used_threads = self._wanted_threads
            c.llama_set_n_threads(self._context, self._used_threads, self._used_threads)
        status = c.llama_decode(self._context, self._batch.handle)
        if status != 0:
            raise DecodeFailed(status)

    def keep(self, slot: int, num_tokens: int) -> bool:
        """Forget all of a slot but its first tokens; False when this kind of memory cannot, and nothing is left."""
        if self._can_keep(slot, num_tokens) and c.llama_memory_seq_rm(self._memory, slot, num_tokens, -1):
            return True
        c.llama_memory_seq_rm(self._memory, slot, -1, -1)
        return False

    def copy(self, source: int, target: int) -> None:
        """Make `target` hold what `source` holds, whatever it held before.

        llama.cpp notes the copying, and does it at the beginning of the next decode: until then both can be cut and
        copied again, but not restored, and the target not saved.
        """
        c.llama_memory_seq_rm(self._memory, target, -1, -1)
        c.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def shift(self, slot: int, num_kept: int, num_dropped: int, length: int) -> bool:
        """Forget `num_dropped` tokens behind the first `num_kept` of `length`, and move the rest down; False if the
        memory cannot, and then nothing was changed. The next decode does it: until then it cannot be saved.
        """
        if self.is_whole_only or not c.llama_memory_can_shift(self._memory):
            return False
        if not c.llama_memory_seq_rm(self._memory, slot, num_kept, num_kept + num_dropped):
            return False
        c.llama_memory_seq_add(self._memory, slot, num_kept + num_dropped, length, -num_dropped)
        return True

    def save(self, slot: int) -> bytearray:
        """The state of a slot: its keys and values, or its recurrent state; what `restore` takes back."""
        size = int(c.llama_state_seq_get_size(self._context, slot))
        data = bytearray(size)
        buffer = (ctypes.c_uint8 * size).from_buffer(data)
        written = int(c.llama_state_seq_get_data(self._context, buffer, size, slot))
        del buffer
        del data[written:]
        return data

    def restore(self, slot: int, data: State) -> bool:
        """Put a saved state into a slot, instead of what it holds; False when it does not suit, and the slot is empty.

        llama.cpp checks sizes and types, not contents: data that was not checksummed may crash it.
        """
        c.llama_memory_seq_rm(self._memory, slot, -1, -1)
        buffer = readable(data)
        if c.llama_state_seq_set_data(self._context, buffer, len(data), slot) == 0:
            c.llama_memory_seq_rm(self._memory, slot, -1, -1)
            return False
        return True

    def sampler(self, sampling: Sampling, history: list[int]) -> Sampler:
        """A chain for one sequence that has seen `history`. Raises LlamaError."""
        return Sampler(self.vocabulary, self._context, sampling, history)

    def margin(self, index: int) -> float:
        """How far the best logit is above the second best: how firm a greedy choice is. For tests and measurements."""
        best = second = -float("inf")
        for logit in c.llama_get_logits_ith(self._context, index)[: self.vocabulary.size]:
            if logit > best:
                best, second = logit, best
            elif logit > second:
                second = logit
        return best - second

    def set_threads(self, writing: int, reading: int) -> None:
        """From the next batch on: for batches that only write, and for those in which a prompt is read."""
        self._threads, self._reading_threads = writing, reading

    def _parameters(self, load: Load, numbers: rope.RopeNumbers, model: object) -> c.llama_context_params:
        capacity = load.slots * (1 + self.max_draft_tokens)
        parameters: c.llama_context_params = c.llama_context_default_params()
        parameters.n_ctx = self.context_tokens * load.slots
        parameters.n_seq_max = load.slots
        parameters.kv_unified = False
        parameters.n_outputs_max = capacity
        parameters.n_batch = parameters.n_ubatch = max(capacity, load.batch_tokens + load.slots)
        parameters.type_k = parameters.type_v = KV_TYPES[load.kv_type]
        scores_bytes = 4 * parameters.n_batch * self.context_tokens * int(c.llama_model_n_head(model))
        is_small = int(c.llama_model_size(model)) <= MAX_EXACT_WEIGHTS_BYTES
        if load.kv_type != "f16":
            parameters.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_ENABLED
        elif is_small and scores_bytes <= MAX_EXACT_SCORES_BYTES:
            parameters.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_DISABLED
        parameters.n_threads = parameters.n_threads_batch = load.threads
        parameters.no_perf = True
        parameters.rope_scaling_type = numbers.rope_scaling_type
        parameters.rope_freq_base = numbers.rope_freq_base
        parameters.rope_freq_scale = numbers.rope_freq_scale
        parameters.yarn_orig_ctx = numbers.yarn_orig_ctx
        parameters.yarn_ext_factor = numbers.yarn_ext_factor
        return parameters

    def _can_keep(self, slot: int, num_tokens: int) -> bool:
        """Whether layers with a sliding window still hold what is looked at from there on."""
        if not self._window or not num_tokens:
            return True
        first = int(c.llama_memory_seq_pos_min(self._memory, slot))
        return first <= max(0, num_tokens - self._window)


def readable(data: State) -> object:
    """The same bytes as a C array, copied only where they must be."""
    kind = ctypes.c_uint8 * len(data)
    return kind.from_buffer_copy(data) if memoryview(data).readonly else kind.from_buffer(data)
