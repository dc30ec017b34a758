"""A llama.cpp that is none: checks what a real one would insist on, and writes by a script."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.worker.errors import DecodeFailed, LlamaError
from app.worker.messages import Sampling, TokenChance, TokenLogprobs
from app.worker.snapshot_file import State

END = 0
Script = Callable[[list[int]], int]


@dataclass
class FakeVocabulary:
    """Token N is the N-th byte, unless `pieces` says otherwise; token 0 ends an answer."""

    pieces: Mapping[int, bytes] = field(default_factory=dict)

    def piece(self, token: int) -> bytes:
        return self.pieces.get(token, bytes([token]))

    def is_end(self, token: int) -> bool:
        return token == END


def repeat_last(tokens: list[int]) -> int:
    """Writes the last token again and again, and never ends."""
    return tokens[-1]


def ignore(_counts: dict[int, int]) -> None:
    """Takes no notice of a batch."""


@dataclass
class FakeSampler:
    """Draws what the script says follows the tokens up to an output."""

    llama: "FakeLlama"

    def sample(self, index: int) -> int:
        return self.llama.script(self.llama.outputs[index])

    def logprobs(self, index: int, token: int, top: int) -> TokenLogprobs:
        assert index in self.llama.outputs
        chance = TokenChance(token, self.llama.vocabulary.piece(token), -0.5)
        return TokenLogprobs(chance, [chance] * top)

    def free(self) -> None:
        self.llama.num_samplers -= 1


@dataclass
class FakeLlama:
    """`cells` are what each slot's KV cache holds; `batches` the number of tokens of each slot in every batch.

    States are the tokens as text. No sampler can be made of the grammar "broken".
    """

    slots: int = 2
    context_tokens: int = 64
    batch_tokens: int = 8
    max_draft_tokens: int = 0
    is_whole_only: bool = False
    saves_whole: bool = False
    can_shift: bool = True
    script: Script = repeat_last
    vocabulary: FakeVocabulary = field(default_factory=FakeVocabulary)
    fails_on: frozenset[int] = frozenset()
    can_cut: bool = True
    cells: dict[int, list[int]] = field(default_factory=dict)
    batches: list[dict[int, int]] = field(default_factory=list)
    copies: list[tuple[int, int]] = field(default_factory=list)
    num_samplers: int = 0
    histories: list[list[int]] = field(default_factory=list)
    outputs: dict[int, list[int]] = field(default_factory=dict)
    on_decode: Callable[[dict[int, int]], None] = ignore
    _batch: dict[int, list[int]] = field(default_factory=dict)
    _num_outputs: dict[int, int] = field(default_factory=dict)
    _pending: set[int] = field(default_factory=set)
    _uncopied: set[int] = field(default_factory=set)

    def begin(self) -> None:
        self._batch = {}
        self._num_outputs = {}

    def add(self, slot: int, position: int, tokens: Sequence[int], num_outputs: int) -> int:
        assert tokens and slot not in self._batch and 0 <= slot < self.slots
        assert slot > max(self._batch, default=-1), "only neighbours in order are run in one pass"
        assert position == len(self.cells.get(slot, [])), "positions follow each other"
        assert position + len(tokens) <= self.context_tokens
        assert 0 <= num_outputs <= len(tokens)
        self._batch[slot] = list(tokens)
        self._num_outputs[slot] = num_outputs
        num_tokens = sum(map(len, self._batch.values()))
        assert num_tokens <= max(self.batch_tokens + self.slots, self.slots * (1 + self.max_draft_tokens))
        return num_tokens - num_outputs

    def decode(self) -> None:
        counts = {slot: len(tokens) for slot, tokens in self._batch.items()}
        self.batches.append(counts)
        self.outputs = {}
        self._pending.clear()
        self._uncopied.clear()
        end = 0
        for slot, tokens in self._batch.items():
            if self.fails_on.intersection(tokens):
                raise DecodeFailed(-3)
            cells = self.cells.setdefault(slot, [])
            cells.extend(tokens)
            end += len(tokens)
            for back in range(self._num_outputs[slot]):
                self.outputs[end - 1 - back] = cells[: len(cells) - back]
        self.on_decode(counts)

    def keep(self, slot: int, num_tokens: int) -> bool:
        cells = self.cells.setdefault(slot, [])
        if num_tokens and num_tokens < len(cells) and (self.is_whole_only or not self.can_cut):
            cells.clear()
            return False
        del cells[num_tokens:]
        return True

    def copy(self, source: int, target: int) -> None:
        self.copies.append((source, target))
        self._pending |= {source, target}
        self._uncopied.add(target)
        self.cells[target] = list(self.cells[source])

    def shift(self, slot: int, num_kept: int, num_dropped: int, length: int) -> bool:
        assert length == len(self.cells[slot]) and num_kept + num_dropped <= length
        if self.can_shift:
            del self.cells[slot][num_kept : num_kept + num_dropped]
        return self.can_shift

    def save(self, slot: int) -> bytes:
        assert slot not in self._uncopied, "what was not copied yet cannot be saved"
        return repr(self.cells[slot]).encode()

    def restore(self, slot: int, data: State) -> bool:
        assert slot not in self._pending, "what is still to be copied would be overwritten"
        self.cells[slot] = [int(number) for number in bytes(data).decode().strip("[]").split(",") if number]
        return True

    def sampler(self, sampling: Sampling, history: list[int]) -> FakeSampler:
        if sampling.grammar == "broken":
            raise LlamaError("grammar_invalid", "broken")
        self.num_samplers += 1
        self.histories.append(list(history))
        return FakeSampler(self)
