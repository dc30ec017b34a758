"""Draws with the real samplers, one token after the other, on a tiny model: no scheduler, no text."""

import ctypes
from pathlib import Path

from llama_cpp import llama_cpp as c

from app.worker.llama.log import Log
from app.worker.llama.model import Model
from app.worker.llama.samplers import Sampler
from app.worker.messages import Sampling, TokenLogprobs


class SamplerBench:
    """One sequence. Every answer starts afresh."""

    def __init__(self, path: Path, context_tokens: int = 512) -> None:
        self._model = Model(path, Log(), False, lambda _fraction: None)
        self.vocabulary = self._model.vocabulary
        parameters = c.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = context_tokens
        parameters.n_threads = parameters.n_threads_batch = 1
        self.context = c.llama_init_from_model(self._model.handle, parameters)
        self._most = context_tokens

    def sampler(self, sampling: Sampling, history: list[int] | None = None) -> Sampler:
        """A sampler for this context."""
        return Sampler(self.vocabulary, self.context, sampling, history or [])

    def feed(self, tokens: list[int], *, is_first: bool = False) -> None:
        """Run the model over these tokens; the logits behind the last one can be drawn from, at index -1."""
        if is_first:
            c.llama_memory_clear(c.llama_get_memory(self.context), True)
        array = (c.llama_token * len(tokens))(*tokens)
        assert c.llama_decode(self.context, c.llama_batch_get_one(array, len(tokens))) == 0

    def answer(self, sampling: Sampling, prompt: list[int], num_tokens: int = 200) -> list[int]:
        """The tokens of one answer, up to its end token, which is not among them."""
        sampler = self.sampler(sampling, prompt)
        self.feed(prompt, is_first=True)
        drawn: list[int] = []
        while len(drawn) < min(num_tokens, self._most - len(prompt)):
            token = sampler.sample(-1)
            if self.vocabulary.is_end(token):
                break
            drawn.append(token)
            self.feed([token])
        sampler.free()
        return drawn

    def text(self, sampling: Sampling, prompt: list[int], num_tokens: int = 200) -> str:
        """The same as text."""
        return b"".join(map(self.vocabulary.piece, self.answer(sampling, prompt, num_tokens))).decode()

    def logits(self) -> list[float]:
        """What the model said behind the last token."""
        pointer = ctypes.cast(c.llama_get_logits_ith(self.context, -1), ctypes.POINTER(ctypes.c_float))
        return pointer[: self.vocabulary.size]

    def logprobs(self, token: int, top: int) -> TokenLogprobs:
        """Probabilities behind the last token."""
        sampler = self.sampler(Sampling())
        told = sampler.logprobs(-1, token, top)
        sampler.free()
        return told
