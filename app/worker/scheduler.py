"""Continuous batching: every step is one batch of what all sequences need next.

Writing sequences put in one token each; reading ones share `batch_tokens` evenly, so that a long prompt neither stalls
writers by more than one chunk nor makes a short prompt wait for its end. Knows no pipe and no clock of its own.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.worker import sampling
from app.worker.errors import DecodeFailed
from app.worker.messages import Delta, Failed, Finished, FromWorker, Generate, Numbers, Sampling, StopReason
from app.worker.sequence import Sequence
from app.worker.slots import Slots, num_shared


class Vocabulary(Protocol):
    """What the scheduler asks of a vocabulary."""

    def piece(self, token: int, /) -> bytes: ...
    def is_end(self, token: int, /) -> bool: ...


class Llama(Protocol):
    """What the scheduler asks of llama.cpp; `app.worker.llama.LlamaContext` is the real one."""

    slots: int
    context_tokens: int
    batch_tokens: int

    @property
    def vocabulary(self) -> Vocabulary: ...
    def begin(self) -> None: ...
    def add(self, slot: int, position: int, tokens: list[int], wants_output: bool, /) -> int: ...
    def decode(self) -> None: ...
    def keep(self, slot: int, num_tokens: int, /) -> bool: ...
    def sampler(self, sampling: Sampling, history: list[int], /) -> object: ...
    def free_sampler(self, sampler: object, /) -> None: ...
    def sample(self, sampler: object, index: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Share:
    """What one sequence puts into a batch. `index` is where its next token is drawn from; None in mid-prompt."""

    sequence: Sequence
    tokens: list[int]
    index: int | None


class Scheduler:
    """Runs requests over the slots of one model. `send` is called with every message for the parent."""

    def __init__(self, llama: Llama, send: Callable[[FromWorker], None], clock: Callable[[], float]) -> None:
        self._llama = llama
        self._send = send
        self._clock = clock
        self._slots = Slots(llama.slots)
        self._waiting: deque[Generate] = deque()
        self._active: list[Sequence] = []
        for number in range(llama.slots):
            llama.keep(number, 0)

    @property
    def num_active(self) -> int:
        """Requests that hold a slot."""
        return len(self._active)

    @property
    def num_waiting(self) -> int:
        """Requests that wait for a slot."""
        return len(self._waiting)

    @property
    def has_work(self) -> bool:
        """Whether a step would do something."""
        return bool(self._active or self._waiting)

    def submit(self, generate: Generate) -> None:
        """Take a request; it starts with the next step that finds a free slot."""
        if not generate.tokens or len(generate.tokens) > self._llama.context_tokens:
            self._send(Failed(generate.request, "prompt_does_not_fit", f"{len(generate.tokens)} tokens"))
        else:
            self._waiting.append(generate)

    def cancel(self, request: str) -> None:
        """End a request at once; its slot is free for the next step."""
        for generate in self._waiting:
            if generate.request == request:
                self._waiting.remove(generate)
                self._send(Finished(request, "stopped", Numbers(len(generate.tokens), 0, 0, 0.0, 0.0)))
                return
        for sequence in self._active:
            if sequence.request == request:
                self._finish(sequence, "stopped")
                break

    def step(self) -> None:
        """Fill free slots, run one batch, draw one token for every sequence that is done reading."""
        while self._waiting and self._slots.num_free:
            self._start(self._waiting.popleft())
        if self._active:
            self._run(self._plan())

    def _start(self, generate: Generate) -> None:
        slot = self._slots.take(generate.tokens)
        # The last prompt token is always read again: its logits are what the first token is drawn from.
        num_cached = min(num_shared(slot.tokens, generate.tokens), len(generate.tokens) - 1)
        if num_cached < len(slot.tokens) and not self._llama.keep(slot.number, num_cached):
            num_cached = 0
        del slot.tokens[num_cached:]
        length = sampling.history_length(generate.sampling)
        history = generate.tokens[-length:] if length > 0 else []
        sampler = self._llama.sampler(generate.sampling, history)
        sequence = Sequence(generate, slot, sampler, num_cached, self._clock())
        self._active.append(sequence)
        self._send(sequence.reading())

    def _plan(self) -> list[tuple[Sequence, int]]:
        """Each sequence with the most tokens it may put in."""
        reading = sorted(
            (sequence for sequence in self._active if sequence.is_reading), key=lambda each: each.num_unread
        )
        room = self._llama.batch_tokens
        limits: dict[str, int] = {}
        for place, sequence in enumerate(reading):
            # Shortest first, so that what a short prompt leaves over goes to the longer ones.
            limits[sequence.request] = min(sequence.num_unread, max(1, room // (len(reading) - place)), room)
            room -= limits[sequence.request]
        planned = [(sequence, limits.get(sequence.request, 1)) for sequence in self._active]
        return [(sequence, limit) for sequence, limit in planned if limit > 0]

    def _run(self, planned: list[tuple[Sequence, int]]) -> None:
        self._llama.begin()
        shares = [self._add(sequence, limit) for sequence, limit in planned]
        try:
            self._llama.decode()
        except DecodeFailed as error:
            self._recover(planned, error)
            return
        for share in shares:
            self._take(share)

    def _add(self, sequence: Sequence, limit: int) -> Share:
        tokens = sequence.next_tokens(limit)
        wants_output = len(tokens) >= sequence.num_unread
        index = self._llama.add(sequence.slot.number, len(sequence.slot.tokens), tokens, wants_output)
        return Share(sequence, tokens, index if wants_output else None)

    def _recover(self, planned: list[tuple[Sequence, int]], error: DecodeFailed) -> None:
        """Bring the KV cache back to what is known, and run each sequence alone: only the culprits fail."""
        for sequence, _ in planned:
            if not self._llama.keep(sequence.slot.number, len(sequence.slot.tokens)):
                self._fail(sequence, "kept nothing after a failed batch")
        planned = [(sequence, limit) for sequence, limit in planned if sequence in self._active]
        if len(planned) == 1:
            self._fail(planned[0][0], str(error))
            return
        for one in planned:
            self._run([one])

    def _take(self, share: Share) -> None:
        sequence = share.sequence
        was_reading = sequence.is_reading
        sequence.slot.tokens.extend(share.tokens)
        if was_reading:
            self._send(sequence.reading())
        if share.index is None:
            return
        token = self._llama.sample(sequence.sampler, share.index)
        if self._llama.vocabulary.is_end(token):
            self._finish(sequence, "end")
            return
        sequence.draw(token, self._clock())
        self._give(sequence, sequence.text.add(self._llama.vocabulary.piece(token)))
        if sequence.text.is_stopped:
            self._finish(sequence, "stop_string")
        elif sequence.num_written >= sequence.max_tokens:
            self._finish(sequence, "length")
        elif len(sequence.slot.tokens) >= self._llama.context_tokens:
            self._finish(sequence, "context")

    def _give(self, sequence: Sequence, text: str) -> None:
        if text:
            self._send(Delta(sequence.request, text, sequence.num_unsent))
            sequence.num_unsent = 0

    def _finish(self, sequence: Sequence, reason: StopReason) -> None:
        self._give(sequence, sequence.text.finish())
        self._release(sequence)
        self._send(sequence.finished(reason, self._clock()))

    def _fail(self, sequence: Sequence, detail: str) -> None:
        self._llama.keep(sequence.slot.number, 0)
        sequence.slot.tokens.clear()
        self._release(sequence)
        self._send(Failed(sequence.request, "decode_failed", detail))

    def _release(self, sequence: Sequence) -> None:
        self._active.remove(sequence)
        self._llama.free_sampler(sequence.sampler)
        self._slots.give_back(sequence.slot)
