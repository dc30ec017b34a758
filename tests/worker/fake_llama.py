"""A llama.cpp that is none: checks what a real one would insist on, and writes by a script."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.worker.errors import DecodeFailed
from app.worker.messages import Sampling

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


@dataclass
class FakeLlama:
    """`cells` are what each slot's KV cache holds; `batches` the number of tokens of each slot in every batch."""

    slots: int = 2
    context_tokens: int = 64
    batch_tokens: int = 8
    script: Script = repeat_last
    vocabulary: FakeVocabulary = field(default_factory=FakeVocabulary)
    fails_on: frozenset[int] = frozenset()
    can_cut: bool = True
    cells: dict[int, list[int]] = field(default_factory=dict)
    batches: list[dict[int, int]] = field(default_factory=list)
    num_samplers: int = 0
    histories: list[list[int]] = field(default_factory=list)
    _batch: dict[int, list[int]] = field(default_factory=dict)
    _outputs: dict[int, int] = field(default_factory=dict)
    _num_tokens: int = 0

    def begin(self) -> None:
        self._batch = {}
        self._outputs = {}
        self._num_tokens = 0

    def add(self, slot: int, position: int, tokens: list[int], wants_output: bool) -> int:
        assert tokens and slot not in self._batch and 0 <= slot < self.slots
        assert position == len(self.cells.get(slot, [])), "positions follow each other"
        assert position + len(tokens) <= self.context_tokens
        self._batch[slot] = list(tokens)
        self._num_tokens += len(tokens)
        assert self._num_tokens <= self.batch_tokens + self.slots
        if wants_output:
            self._outputs[self._num_tokens - 1] = slot
        return self._num_tokens - 1

    def decode(self) -> None:
        self.batches.append({slot: len(tokens) for slot, tokens in self._batch.items()})
        for slot, tokens in self._batch.items():
            if self.fails_on.intersection(tokens):
                raise DecodeFailed(-3)
            self.cells.setdefault(slot, []).extend(tokens)

    def keep(self, slot: int, num_tokens: int) -> bool:
        cells = self.cells.setdefault(slot, [])
        if num_tokens and num_tokens < len(cells) and not self.can_cut:
            cells.clear()
            return False
        del cells[num_tokens:]
        return True

    def sampler(self, sampling: Sampling, history: list[int]) -> object:  # noqa: ARG002
        self.num_samplers += 1
        self.histories.append(list(history))
        return object()

    def free_sampler(self, sampler: object) -> None:  # noqa: ARG002
        self.num_samplers -= 1

    def sample(self, sampler: object, index: int) -> int:  # noqa: ARG002
        return self.script(self.cells[self._outputs[index]])
