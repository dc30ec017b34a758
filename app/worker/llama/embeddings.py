"""A model that turns texts into vectors. Knows nothing of requests or pipes."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from llama_cpp import llama_cpp as c

from app.worker.errors import DecodeFailed, LlamaError
from app.worker.llama.batch import Batch
from app.worker.llama.log import Log, context_error
from app.worker.llama.model import Model
from app.worker.messages import Load

# A text is read in one pass, and the buffers for that grow with its length.
MAX_TEXT_TOKENS = 8192
TEXTS_AT_ONCE = 16
WORD_PIECES = 3  # The vocabulary of BERT and its kin: every text begins and ends with a special token.


class EmbeddingContext:
    """A model without a memory between two texts. `size` is how many numbers a vector has."""

    def __init__(self, load: Load, log: Log, on_progress: Callable[[float], None]) -> None:
        self._model = Model(Path(load.path), log, False, on_progress, load.backend, load.use_mmap)
        trained = self._model.trained_context_tokens or load.context_tokens
        self.context_tokens = min(load.context_tokens, trained, MAX_TEXT_TOKENS)
        self.size = int(c.llama_model_n_embd_out(self._model.handle))
        self._before, self._behind = _frame(self._model)
        self._context = self._made(load, log, c.LLAMA_POOLING_TYPE_UNSPECIFIED)
        if c.llama_pooling_type(self._context) == c.LLAMA_POOLING_TYPE_NONE:
            # The file does not say how the tokens of a text become one vector: their mean is.
            c.llama_free(self._context)
            self._context = self._made(load, log, c.LLAMA_POOLING_TYPE_MEAN)
        if c.llama_pooling_type(self._context) == c.LLAMA_POOLING_TYPE_RANK:
            raise LlamaError("embedding_not_supported", "it ranks texts")
        self._memory = c.llama_get_memory(self._context)
        self._batch = Batch(self.context_tokens, TEXTS_AT_ONCE)

    def embed(self, texts: Sequence[Sequence[int]]) -> list[list[float]]:
        """A vector of length 1 for each text, given as tokens without those that frame every text.

        Raises as `steps` does.
        """
        return [vector for vectors in self.steps(texts) for vector in vectors]

    def steps(self, texts: Sequence[Sequence[int]]) -> Iterator[list[list[float]]]:
        """The same in steps of one pass each, so that there is time for other things between them.

        Raises LlamaError("text_too_long") before anything is computed, and DecodeFailed.
        """
        framed = [[*self._before, *text, *self._behind] for text in texts]
        longest = max(map(len, framed), default=0)
        if longest > self.context_tokens:
            raise LlamaError("text_too_long", f"{longest} tokens, at most {self.context_tokens}")
        for group in _groups(framed, self.context_tokens):
            yield list(self._run(group))

    def set_threads(self, threads: int) -> None:
        """From the next texts on."""
        c.llama_set_n_threads(self._context, threads, threads)

    def _run(self, texts: list[list[int]]) -> Iterator[list[float]]:
        c.llama_memory_clear(self._memory, True)
        self._batch.clear()
        for number, text in enumerate(texts):
            if text:
                self._batch.add(number, 0, text, len(text))
        if any(texts):
            status = c.llama_decode(self._context, self._batch.handle)
            if status != 0:
                raise DecodeFailed(status)
        for number, text in enumerate(texts):
            yield self._vector(number) if text else [0.0] * self.size

    def _vector(self, number: int) -> list[float]:
        pointer = c.llama_get_embeddings_seq(self._context, number)
        vector = np.ctypeslib.as_array(pointer, shape=(self.size,)).astype(np.float64)
        length = float(np.linalg.norm(vector))
        unit: list[float] = (vector / length if length > 0 else vector).tolist()
        return unit

    def _made(self, load: Load, log: Log, pooling_type: int) -> Any:  # noqa: ANN401
        parameters = c.llama_context_default_params()
        parameters.embeddings = True
        parameters.pooling_type = pooling_type
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = self.context_tokens
        parameters.n_seq_max = TEXTS_AT_ONCE
        parameters.kv_unified = True
        parameters.n_threads = parameters.n_threads_batch = load.threads
        parameters.no_perf = True
        context = c.llama_init_from_model(self._model.handle, parameters)
        if not context:
            raise context_error(log.explain())
        return context


def _groups(texts: Sequence[list[int]], most_tokens: int) -> Iterator[list[list[int]]]:
    """The texts in their order, as many at once as there is room for."""
    group: list[list[int]] = []
    for text in texts:
        if len(group) == TEXTS_AT_ONCE or sum(map(len, group)) + len(text) > most_tokens:
            yield group
            group = []
        group.append(text)
    if group:
        yield group


def _frame(model: Model) -> tuple[list[int], list[int]]:
    """The tokens that stand before and behind every text, as the model was trained."""
    vocabulary = model.vocabulary.handle
    is_word_pieces = c.llama_vocab_type(vocabulary) == WORD_PIECES
    before = [c.llama_vocab_bos(vocabulary)] if is_word_pieces or c.llama_vocab_get_add_bos(vocabulary) else []
    behind = [c.llama_vocab_eos(vocabulary)] if c.llama_vocab_get_add_eos(vocabulary) else []
    if is_word_pieces or c.llama_vocab_get_add_sep(vocabulary):
        behind = [c.llama_vocab_sep(vocabulary)]
    return [token for token in before if token >= 0], [token for token in behind if token >= 0]
