"""What each sequence puts into the next batch.

Writing sequences put in one token each, and guesses of the next ones where that is faster; reading ones get what
`app.worker.chunks` leaves them, so that a long prompt neither stalls writers by more than a chunk nor makes a short
prompt wait for its end. Readers and writers never share a batch: llama.cpp would split it into passes of equal pieces
all the same, and badly.
"""

from collections.abc import Callable
from collections.abc import Sequence as Tokens
from dataclasses import dataclass

from app.worker.chunks import Chunks
from app.worker.drafting import DraftGate
from app.worker.face import Llama
from app.worker.sequence import Sequence

# Guesses for each text in its slot, so many at most.
DraftAll = Callable[[list[tuple[int, Tokens[int]]], int], list[list[int]]]


@dataclass(slots=True)
class Share:
    """What one sequence puts into a batch; `num_drafted` of the tokens are guesses.

    The last `num_outputs` tokens are drawn behind, from `index` on.
    """

    sequence: Sequence
    tokens: list[int]
    num_outputs: int
    num_drafted: int = 0
    index: int = -1


@dataclass(frozen=True, slots=True)
class StepTaken:
    """What a batch was: tokens of prompts, or of writers; and the seconds that it took, with drawing."""

    is_reading: bool
    num_tokens: int
    seconds: float


class Planner:
    """Plans the steps of one model. `note` tells it what they took."""

    def __init__(self, llama: Llama, gate: DraftGate | None, draft_all: DraftAll | None) -> None:
        self._context_tokens = llama.context_tokens
        self._max_draft_tokens = llama.max_draft_tokens
        self._chunks = Chunks(llama.batch_tokens)
        self._gate = gate
        self._draft_all = draft_all

    def note(self, step: StepTaken, is_beside_writers: bool) -> None:
        """What was planned took so long."""
        if step.is_reading:
            self._chunks.note_reading(step.num_tokens, step.seconds, is_beside_writers)
            return
        self._chunks.note_writing(step.seconds)
        if self._gate is not None:
            self._gate.note_step(step.num_tokens, step.seconds)

    def note_drafted(self, drafted: int, accepted: int) -> None:
        """Of so many guesses for one sequence the first ones were right."""
        if self._gate is not None:
            self._gate.note_drafted(drafted, accepted)

    def plan_reading(self, reading: list[Sequence], num_writing: int) -> list[Share]:
        """A piece of each prompt, in the order of slots; nothing while it is the writers' turn."""
        shares = []
        limits = self._limits(reading, self._chunks.room(num_writing))
        for sequence in reading:
            if limit := limits[sequence.slot.number]:
                start = sequence.num_read
                tokens = sequence.tokens[start : start + limit]
                shares.append(Share(sequence, tokens, int(len(tokens) == sequence.num_unread)))
        return shares

    def plan_writing(self, writing: list[Sequence], may_guess: bool) -> list[Share]:
        """The last token of each, in the order of slots, and what may follow it."""
        num_guesses = 0
        if self._gate is not None and may_guess:
            num_guesses = self._gate.num_to_draft(len(writing), self._max_draft_tokens)
        if not num_guesses:
            return [Share(sequence, sequence.tokens[-1:], 1) for sequence in writing]
        return [
            Share(sequence, sequence.tokens[-1:] + guesses, 1 + len(guesses), len(guesses))
            for sequence, guesses in zip(writing, self._guess(writing, num_guesses), strict=True)
        ]

    def _limits(self, reading: list[Sequence], room: int) -> dict[int, int]:
        """How many tokens each slot may read. The shortest first and as much of it as there is room for, so that all
        get their first token soonest; and people before what Hearth asks for itself.

        Sharing the room evenly would make everybody wait for the last one, and llama.cpp reads many small pieces at
        two thirds of the speed of one large piece.
        """
        limits: dict[int, int] = {}
        for sequence in sorted(reading, key=lambda each: (each.generate.is_background, each.num_unread)):
            limits[sequence.slot.number] = min(sequence.num_unread, room)
            room -= limits[sequence.slot.number]
        return limits

    def _guess(self, active: list[Sequence], most: int) -> list[list[int]]:
        """What may follow in each sequence: no more than it may still write, and no more than there is room for."""
        room = [min(most, self._room(sequence)) for sequence in active]
        if self._draft_all is None:
            return [
                sequence.drafter.draft(sequence.tokens, limit) if sequence.drafter is not None and limit > 0 else []
                for sequence, limit in zip(active, room, strict=True)
            ]
        guesses = self._draft_all([(sequence.slot.number, sequence.tokens) for sequence in active], max(room))
        return [each[: max(0, limit)] for each, limit in zip(guesses, room, strict=True)]

    def _room(self, sequence: Sequence) -> int:
        cells = self._context_tokens - len(sequence.slot.tokens) - 1
        return min(cells, sequence.generate.max_tokens - sequence.num_written - 1)
