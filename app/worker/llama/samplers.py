"""Chains of llama.cpp's samplers, one for each sequence. Which steps there are is decided in `app.worker.sampling`.

A grammar is not followed by llama.cpp, whose own code ends the process on what it does not expect and has no bounds,
but by `app.worker.constraint`: a token is drawn freely first, and drawn again among the allowed ones only if it must.
"""

import ctypes

import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as c

from app.errors import InvalidInput
from app.worker import sampling as steps
from app.worker.constraint import Constraint
from app.worker.errors import LlamaError
from app.worker.lexicon import Tokens
from app.worker.llama.vocabulary import Vocabulary
from app.worker.matching import TooAmbiguous
from app.worker.messages import Sampling, TokenChance, TokenLogprobs

Logits = npt.NDArray[np.float32]

CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
# Of the tokens that begin rightly, how many of the likeliest are looked at, and how many allowed ones are enough.
FIRST_LOOK, SECOND_LOOK = 512, 32768
ENOUGH = 256
MIROSTAT_TOKENS = 100  # What llama.cpp estimates the surprise from.
NO_CHANCE = -9999.0  # As OpenAI writes a probability that is too small to tell.


class Sampler:
    """The chain of one sequence that has seen `history`, in one context. `free` gives it back.

    Raises LlamaError("grammar_invalid", detail).
    """

    def __init__(self, vocabulary: Vocabulary, context: object, sampling: Sampling, history: list[int]) -> None:
        self._vocabulary = vocabulary
        self._context = context
        self._constraint = _constraint(sampling.grammar, vocabulary)
        self._ends = frozenset(vocabulary.ends) if self._constraint else frozenset()
        self._boosted = [token for token, bias in sampling.logit_bias if bias > 0 and token < vocabulary.size]
        self._chain = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
        for step in steps.plan(sampling):
            c.llama_sampler_chain_add(self._chain, self._build(step))
        for token in history:
            c.llama_sampler_accept(self._chain, token)

    def sample(self, index: int) -> int:
        """Draw the token behind position `index` of the last batch; the chain remembers it.

        Where a grammar leaves nothing to say, this is an end token.
        """
        if self._constraint is None:
            return int(c.llama_sampler_sample(self._chain, self._context, index))
        token = self._constrained(self._constraint, self._logits(index))
        c.llama_sampler_accept(self._chain, token)
        return token

    def logprobs(self, index: int, token: int, top: int) -> TokenLogprobs:
        """The model's own probability of `token` at this position, and of the `top` likeliest ones."""
        logits = self._logits(index).astype(np.float64)
        highest = logits.max()
        total = highest + np.log(np.exp(logits - highest).sum())
        best = np.argpartition(logits, -top)[-top:] if 0 < top < len(logits) else np.arange(min(top, len(logits)))
        ordered = best[np.argsort(-logits[best], kind="stable")].tolist()

        def chance(each: int) -> TokenChance:
            logprob = float(logits[each] - total)
            return TokenChance(each, self._vocabulary.piece(each), logprob if logprob > NO_CHANCE else NO_CHANCE)

        return TokenLogprobs(chance(token), [chance(each) for each in ordered])

    def free(self) -> None:
        """Give the chain back."""
        c.llama_sampler_free(self._chain)
        self._chain = None

    def _logits(self, index: int) -> Logits:
        """What the model said, untouched; valid until the next batch."""
        pointer = c.llama_get_logits_ith(self._context, index)
        logits: Logits = np.ctypeslib.as_array(pointer, shape=(self._vocabulary.size,))
        return logits

    def _constrained(self, constraint: Constraint, logits: Logits) -> int:
        """A token that the grammar allows; an end token where it allows none."""
        vocabulary = self._vocabulary
        try:
            constraint.begin_token()
            token = self._draw(np.arange(vocabulary.size, dtype=np.int32), logits)
            if not self._is_allowed(constraint, token):
                constraint.begin_token()
                allowed = self._allowed(constraint, logits)
                if len(allowed) == 0:
                    return vocabulary.ends[0]
                token = self._draw(allowed, logits)
            if token not in self._ends:
                constraint.begin_token()
                constraint.accept(vocabulary.piece(token))
        except TooAmbiguous:
            return vocabulary.ends[0]
        return token

    def _is_allowed(self, constraint: Constraint, token: int) -> bool:
        if token in self._ends:
            return constraint.can_end
        return constraint.allows(self._vocabulary.piece(token))

    def _allowed(self, constraint: Constraint, logits: Logits) -> Tokens:
        """The likeliest of the tokens that the grammar allows."""
        lexicon, first_bytes = self._vocabulary.lexicon, constraint.first_bytes()
        if not first_bytes:
            return np.array(self._vocabulary.ends if constraint.can_end else (), np.int32)
        found = self._first_allowed(constraint, _likeliest(lexicon.beginning_with(first_bytes), logits, FIRST_LOOK))
        if len(found) < ENOUGH:
            # Few may come here, and most tokens are passed over by their first two bytes.
            constraint.begin_token()
            begins = frozenset(each for each in lexicon.beginnings(first_bytes) if constraint.allows(each))
            found = self._first_allowed(constraint, _likeliest(lexicon.with_beginnings(begins), logits, SECOND_LOOK))
        found += [token for token in self._boosted if self._is_allowed(constraint, token)]
        found += self._vocabulary.ends if constraint.can_end else ()
        return np.unique(np.array(found, np.int32))

    def _first_allowed(self, constraint: Constraint, tokens: list[int]) -> list[int]:
        found: list[int] = []
        try:
            for token in tokens:
                if token not in self._ends and constraint.allows(self._vocabulary.piece(token)):
                    found.append(token)
                    if len(found) == ENOUGH:
                        break
        except TooAmbiguous:
            # What was found until here are the likeliest ones; the rest is left out.
            constraint.begin_token()
        return found

    def _draw(self, tokens: Tokens, logits: Logits) -> int:
        """Let the chain choose among these tokens."""
        candidates = np.zeros(len(tokens), CANDIDATE)
        candidates["id"] = tokens
        candidates["logit"] = logits[tokens]
        first = candidates.ctypes.data_as(c.llama_token_data_p)
        array = c.llama_token_data_array(first, len(tokens), -1, False)
        c.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[max(0, array.selected)].id)

    def _build(self, step: steps.Step) -> object:
        match step:
            case steps.LogitBias(biases, bans_ends):
                return self._logit_bias(biases, bans_ends)
            case steps.Penalties(last_tokens, repeat, frequency, presence):
                return c.llama_sampler_init_penalties(self._vocabulary.size, last_tokens, repeat, frequency, presence)
            case steps.Dry():
                return self._dry(step)
            case steps.Mirostat(version, tau, eta, seed):
                if version == 1:
                    return c.llama_sampler_init_mirostat(self._vocabulary.size, seed, tau, eta, MIROSTAT_TOKENS)
                return c.llama_sampler_init_mirostat_v2(seed, tau, eta)
            case _:
                return _build_plain(step)

    def _logit_bias(self, biases: tuple[tuple[int, float], ...], bans_ends: bool) -> object:
        known = {token: bias for token, bias in biases if 0 <= token < self._vocabulary.size}
        if bans_ends:
            known |= dict.fromkeys(self._vocabulary.ends, -float("inf"))
        array = (c.llama_logit_bias * len(known))(*(c.llama_logit_bias(*each) for each in known.items()))
        return c.llama_sampler_init_logit_bias(self._vocabulary.size, len(known), array)

    def _dry(self, step: steps.Dry) -> object:
        breakers = [breaker.encode("utf-8", "replace") for breaker in step.breakers]
        return c.llama_sampler_init_dry(
            self._vocabulary.handle,
            step.multiplier,
            step.base,
            step.allowed_length,
            step.last_tokens,
            (ctypes.c_char_p * len(breakers))(*breakers),
            len(breakers),
        )


def _likeliest(tokens: Tokens, logits: Logits, most: int) -> list[int]:
    """The `most` likeliest of these tokens, in that order."""
    chances = -logits[tokens]
    if most < len(tokens):
        chosen = np.argpartition(chances, most)[:most]
        tokens, chances = tokens[chosen], chances[chosen]
    ordered: list[int] = tokens[np.argsort(chances, kind="stable")].tolist()
    return ordered


def _build_plain(step: steps.Step) -> object:
    """The steps that need no vocabulary."""
    match step:
        case steps.TopNSigma(n):
            return c.llama_sampler_init_top_n_sigma(n)
        case steps.TopK(k):
            return c.llama_sampler_init_top_k(k)
        case steps.Typical(p):
            return c.llama_sampler_init_typical(p, 1)
        case steps.TopP(p):
            return c.llama_sampler_init_top_p(p, 1)
        case steps.MinP(p):
            return c.llama_sampler_init_min_p(p, 1)
        case steps.Xtc(probability, threshold, seed):
            return c.llama_sampler_init_xtc(probability, threshold, 1, seed)
        case steps.Temperature(value, spread, exponent):
            return c.llama_sampler_init_temp_ext(value, spread, exponent)
        case steps.Draw(seed):
            return c.llama_sampler_init_dist(seed)
        case steps.Greedy():
            return c.llama_sampler_init_greedy()
        case _:
            raise AssertionError(step)


def _constraint(grammar: str, vocabulary: Vocabulary) -> Constraint | None:
    if not grammar:
        return None
    try:
        constraint = Constraint(grammar)
    except InvalidInput as error:
        raise LlamaError("grammar_invalid", str(error.params["detail"])) from None
    if not vocabulary.ends:
        raise LlamaError("grammar_invalid", "this model has no token to end an answer with")
    return constraint
