"""A small model that guesses what the large one will write. Its guesses are checked there; nothing depends on them.

It has a KV cache of its own with the same slots. What a slot of it holds is brought into step with the text whenever
it is asked, so nobody tells it what was accepted, cut or started anew.
"""

from collections.abc import Sequence

from app.worker.drafting import Drafter
from app.worker.errors import DecodeFailed, LlamaError
from app.worker.llama.context import LlamaContext
from app.worker.llama.log import Log
from app.worker.llama.vocabulary import Vocabulary
from app.worker.messages import Draft, Load, Sampling

# Models of one family fill up their vocabulary to different round numbers.
MAX_PADDING_TOKENS = 128
NUM_COMPARED_TEXTS = 2000
# How much of a text is read in one call at most, so that no step waits long for it.
MOST_READ_TOKENS = 128
GREEDY = Sampling(temperature=0)


def draft_load(load: Load) -> Load:
    """How the small model is loaded: like the large one, but without what belongs to that file alone."""
    return Load(
        path=load.draft.path,
        context_tokens=load.context_tokens,
        slots=load.slots,
        batch_tokens=min(load.batch_tokens, MOST_READ_TOKENS),
        threads=load.threads,
        use_mmap=load.use_mmap,
        backend=load.backend,
        draft=Draft(),
    )


class DraftModel:
    """The small model of `load.draft`, for a large one with `vocabulary`.

    Raises LlamaError, with the code `draft_vocabulary_differs` if their tokens do not mean the same.
    """

    def __init__(self, load: Load, log: Log, vocabulary: Vocabulary) -> None:
        self._context = LlamaContext(draft_load(load), log, lambda _fraction: None)
        problem = difference(vocabulary, self._context.vocabulary)
        if problem:
            raise LlamaError("draft_vocabulary_differs", problem)
        if self._context.is_whole_only:
            raise LlamaError("draft_model_recurrent", load.draft.path)
        self._num_tokens = min(vocabulary.size, self._context.vocabulary.size)
        self._sampler = self._context.sampler(GREEDY, [])
        self._held: list[list[int]] = [[] for _ in range(load.slots)]
        self._has_failed = False

    def drafter(self, slot: int) -> Drafter:
        """Guesses for the sequence in one slot."""
        return SlotDrafter(self, slot)

    def draft(self, slot: int, tokens: Sequence[int], max_tokens: int) -> list[int]:
        """At most `max_tokens` guesses; none while a long text is still being read, one piece in each call."""
        return self.draft_all([(slot, tokens)], max_tokens)[0]

    def draft_all(self, texts: Sequence[tuple[int, Sequence[int]]], max_tokens: int) -> list[list[int]]:
        """The same for several slots, in common batches: much cheaper than one after the other."""
        guesses: list[list[int]] = [[] for _ in texts]
        longest = max((len(tokens) for _, tokens in texts), default=0)
        if not texts or self._has_failed or max_tokens <= 0 or longest + max_tokens > self._context.context_tokens:
            return guesses
        try:
            indexes = self._read(texts)
            for _ in range(max_tokens):
                indexes = self._guess(texts, guesses, indexes, max_tokens)
                if not indexes:
                    break
        except DecodeFailed:
            # Without guesses everything goes on; a small model that cannot compute now will not learn it.
            self._has_failed = True
            return [[] for _ in texts]
        return guesses

    def set_threads(self, writing: int, reading: int) -> None:
        """From the next call on."""
        self._context.set_threads(writing, reading)

    def _read(self, texts: Sequence[tuple[int, Sequence[int]]]) -> dict[int, int]:
        """Read what is new in each text, or a piece of it; where to draw from, by the place in `texts`."""
        self._context.begin()
        share = max(1, self._context.batch_tokens // len(texts))
        indexes: dict[int, int] = {}
        num_read = 0
        for place, (slot, tokens) in enumerate(texts):
            start = self._keep_common(slot, tokens)
            piece = list(tokens[start : start + share])
            if not piece or max(piece) >= self._num_tokens:
                continue
            is_last = start + len(piece) == len(tokens)
            index = self._context.add(slot, start, piece, int(is_last))
            self._held[slot] += piece
            num_read += len(piece)
            if is_last:
                indexes[place] = index
        if num_read:
            self._decode(texts)
        return indexes

    def _guess(
        self,
        texts: Sequence[tuple[int, Sequence[int]]],
        guesses: list[list[int]],
        indexes: dict[int, int],
        max_tokens: int,
    ) -> dict[int, int]:
        """One more guess for each text in `indexes`; those that can go on, and where to draw from next."""
        drawn = {place: self._sampler.sample(index) for place, index in indexes.items()}
        self._context.begin()
        going_on: dict[int, int] = {}
        for place, token in drawn.items():
            if token >= self._num_tokens:
                continue
            guesses[place].append(token)
            if len(guesses[place]) == max_tokens or self._context.vocabulary.is_end(token):
                continue
            slot = texts[place][0]
            going_on[place] = self._context.add(slot, len(self._held[slot]), [token], 1)
            self._held[slot].append(token)
        if going_on:
            self._decode(texts)
        return going_on

    def _decode(self, texts: Sequence[tuple[int, Sequence[int]]]) -> None:
        try:
            self._context.decode()
        except DecodeFailed:
            for slot, _ in texts:
                self._context.keep(slot, 0)
                self._held[slot].clear()
            raise

    def _keep_common(self, slot: int, tokens: Sequence[int]) -> int:
        """Forget what a slot holds beyond the beginning of `tokens`, whose last one is always read again."""
        held = self._held[slot]
        num_common = _num_common(held, tokens)
        if num_common == len(tokens):
            num_common -= 1
        if num_common < len(held):
            if not self._context.keep(slot, num_common):
                num_common = 0
            del held[num_common:]
        return num_common


class SlotDrafter:
    """A `Drafter` for the sequence in one slot."""

    def __init__(self, model: DraftModel, slot: int) -> None:
        self._model = model
        self._slot = slot

    def draft(self, tokens: Sequence[int], max_tokens: int, /) -> list[int]:
        """At most `max_tokens` guesses of what follows."""
        return self._model.draft(self._slot, tokens, max_tokens)


def difference(large: Vocabulary, small: Vocabulary) -> str:
    """In what two vocabularies differ, so far as guesses would be senseless; empty where they do not."""
    if abs(large.size - small.size) > MAX_PADDING_TOKENS:
        return f"{large.size} tokens against {small.size}"
    if (large.is_spm, large.bos) != (small.is_spm, small.bos):
        return "texts begin differently"
    common = min(large.size, small.size)
    step = max(1, common // NUM_COMPARED_TEXTS)
    for token in (*range(0, common, step), *range(max(0, common - 2 * MAX_PADDING_TOKENS), common)):
        if large.text(token) != small.text(token):
            return f"token {token} is {large.text(token)!r} against {small.text(token)!r}"
    return ""


def _num_common(held: list[int], tokens: Sequence[int]) -> int:
    """Length of the common beginning. Mostly all of it, or all but the last guesses, and then without a loop."""
    end = min(len(held), len(tokens))
    start = max(0, end - MAX_PADDING_TOKENS)
    if held[:start] != list(tokens[:start]):
        start = 0
    while start < end and held[start] == tokens[start]:
        start += 1
    return start
