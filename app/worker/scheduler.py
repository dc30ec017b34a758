"""Continuous batching: every step is one batch of what all sequences need next.

What they put in is planned by `app.worker.plan`, where and from what they start by `app.worker.prefixes`. Knows no
pipe and no clock of its own.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.worker import sampling
from app.worker.drafting import Drafter, DraftGate
from app.worker.errors import DecodeFailed, LlamaError
from app.worker.face import Llama
from app.worker.messages import Failed, Finished, FromWorker, Generate, Numbers, StopReason
from app.worker.plan import DraftAll, Planner, Share, StepTaken
from app.worker.prefixes import Prefixes
from app.worker.sequence import Sequence
from app.worker.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class Parts:
    """What a scheduler may do besides: keep snapshots, and guess tokens by a drafter for each slot.

    `draft_all` guesses for several slots with their texts at once, and then no single drafter is asked. What is
    written is sent `pause_seconds` apart for each of the answers, all of them together.
    """

    snapshots: Snapshots | None = None
    drafter: Callable[[int], Drafter] | None = None
    gate: DraftGate | None = None
    draft_all: DraftAll | None = None
    pause_seconds: float = 0.0


class Scheduler:
    """Runs requests over the slots of one model. `send` is called with every message for the parent."""

    def __init__(
        self, llama: Llama, send: Callable[[FromWorker], None], clock: Callable[[], float], parts: Parts | None = None
    ) -> None:
        self._llama = llama
        self._vocabulary = llama.vocabulary
        self._send = send
        self._clock = clock
        self._parts = parts or Parts()
        self.prefixes = Prefixes(llama, self._parts.snapshots)
        self._planner = Planner(llama, self._parts.gate, self._parts.draft_all)
        self._waiting: deque[Generate] = deque()
        self._active: list[Sequence] = []
        self._may_send = True
        self._sent = float("-inf")
        self.steps_taken: list[StepTaken] = []

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
            return
        place = len(self._waiting)
        while place and self._waiting[place - 1].is_background and not generate.is_background:
            place -= 1
        self._waiting.insert(place, generate)

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

    def cancel_all(self) -> None:
        """End every request."""
        for request in [each.request for each in self._waiting] + [each.request for each in self._active]:
            self.cancel(request)

    def forget(self, owner: str, chat: str) -> None:
        """Drop all that is known of a chat, and end what is still written in it."""
        of_chat = [each for each in self._waiting if (each.owner, each.chat) == (owner, chat)]
        of_chat += [each.generate for each in self._active if each.slot.is_of_chat(owner, chat)]
        for generate in of_chat:
            self.cancel(generate.request)
        self.prefixes.forget(owner, chat)

    def step(self) -> None:
        """Fill free slots, read a piece of what is to be read, and draw a token for every sequence that writes."""
        self.steps_taken.clear()
        if self._waiting and self.prefixes.num_free:
            self._admit()
        reading = [sequence for sequence in self._active if sequence.num_unread]
        writing = [sequence for sequence in self._active if not sequence.num_unread] if reading else self._active[:]
        if reading:
            self._run_timed(lambda: self._planner.plan_reading(reading, len(writing)), bool(writing))
        if writing:
            self._may_send = self._clock() - self._sent >= self._parts.pause_seconds * len(writing)
            self._run_timed(lambda: self._planner.plan_writing(writing, not reading), is_beside_writers=True)
            if self._may_send:
                self._sent = self._clock()

    def _run_timed(self, plan: Callable[[], list[Share]], is_beside_writers: bool) -> None:
        started = self._clock()
        shares = plan()
        if not shares:
            return
        is_reading = shares[0].sequence.num_unread > 0
        num_tokens = sum(len(share.tokens) for share in shares)
        if self._run(shares):
            step = StepTaken(is_reading, num_tokens, self._clock() - started)
            self.steps_taken.append(step)
            self._planner.note(step, is_beside_writers)

    def _admit(self) -> None:
        """Start what has a place, and need not wait for what another one is just reading."""
        held_back: list[Generate] = []
        while self._waiting and self.prefixes.num_free:
            generate = self._waiting.popleft()
            if self.prefixes.should_wait(generate, [each for each in self._active if each.num_unread]):
                held_back.append(generate)
            else:
                self._start(generate)
        self._waiting.extendleft(reversed(held_back))

    def _start(self, generate: Generate) -> None:
        length = sampling.history_length(generate.sampling)
        history = generate.tokens[-length:] if length > 0 else []
        try:
            sampler = self._llama.sampler(generate.sampling, history)
        except LlamaError as error:
            self._send(Failed(generate.request, error.code, error.detail))
            return
        slot, num_cached = self.prefixes.start(generate)
        sequence = Sequence(generate, slot, sampler, num_cached, self._clock())
        if self._parts.drafter is not None:
            sequence.drafter = self._parts.drafter(slot.number)
        # In the order of slots, since llama.cpp runs only neighbours that follow each other in one pass.
        insort(self._active, sequence, key=lambda each: each.slot.number)
        self._send(sequence.reading())

    def _run(self, shares: list[Share]) -> bool:
        """Whether all of it went well."""
        llama = self._llama
        llama.begin()
        for share in shares:
            slot = share.sequence.slot
            share.index = llama.add(slot.number, len(slot.tokens), share.tokens, share.num_outputs)
        try:
            llama.decode()
        except DecodeFailed as error:
            self._recover(shares, error)
            return False
        finally:
            self.prefixes.note_decoded()
        for share in shares:
            self._take(share)
        return True

    def _recover(self, shares: list[Share], error: DecodeFailed) -> None:
        """Bring the KV cache back to what is known, and run each sequence alone: only the culprits fail."""
        going_on = []
        for share in shares:
            slot = share.sequence.slot
            # A state that cannot be cut may have taken in a part of the batch.
            if not self._llama.is_whole_only and self._llama.keep(slot.number, len(slot.tokens)):
                going_on.append(share)
            else:
                self._fail(share.sequence, f"kept nothing after a failed batch: {error}")
        if len(going_on) == 1 == len(shares):
            self._fail(going_on[0].sequence, str(error))
            return
        for share in going_on:
            self._run([share])

    def _take(self, share: Share) -> None:
        sequence = share.sequence
        if sequence.num_unread:
            sequence.slot.tokens += share.tokens
            sequence.num_read += len(share.tokens)
            self._send(sequence.reading())
            if share.num_outputs:
                self._draw(sequence, share.index)
        elif share.num_drafted:
            self._verify(share)
        else:
            sequence.slot.tokens.append(share.tokens[0])
            self._draw(sequence, share.index)

    def _verify(self, share: Share) -> None:
        """Draw behind each token for as long as the guesses are what is drawn; forget the wrong ones."""
        sequence, slot = share.sequence, share.sequence.slot
        num_cells = len(slot.tokens) + len(share.tokens)
        num_right = 0
        sequence.num_drafted += share.num_drafted
        for place, token in enumerate(share.tokens):
            if place and token != sequence.tokens[-1]:
                break
            num_right = place
            sequence.num_accepted += bool(place)
            slot.tokens.append(token)
            if not self._draw(sequence, share.index + place):
                break
        self._planner.note_drafted(share.num_drafted, num_right)
        if len(slot.tokens) < num_cells and not self._llama.keep(slot.number, len(slot.tokens)):
            slot.tokens.clear()
            if sequence in self._active:
                self._fail(sequence, "wrong guesses could not be taken back")

    def _draw(self, sequence: Sequence, index: int) -> bool:
        """Draw a token from `index` of the batch; whether the sequence goes on."""
        generate = sequence.generate
        token = sequence.sampler.sample(index)
        if self._vocabulary.is_end(token):
            self._finish(sequence, "end")
            return False
        if generate.sampling.logprobs is not None:
            sequence.note_logprobs(sequence.sampler.logprobs(index, token, generate.sampling.logprobs))
        delta = sequence.draw(token, self._vocabulary.piece(token), self._clock(), self._may_send)
        if delta is not None:
            self._send(delta)
        if sequence.is_stopped:
            self._finish(sequence, "stop_string")
        elif sequence.num_written >= generate.max_tokens:
            self._finish(sequence, "length")
        elif len(sequence.slot.tokens) >= self._llama.context_tokens and not self._slide(sequence):
            self._finish(sequence, "context")
        else:
            return True
        return False

    def _slide(self, sequence: Sequence) -> bool:
        """Make room in a full slot, where that is wanted and can be done."""
        generate = sequence.generate
        return generate.slides and self.prefixes.slide(sequence.slot, generate.num_shared)

    def _finish(self, sequence: Sequence, reason: StopReason) -> None:
        rest = sequence.rest()
        if rest is not None:
            self._send(rest)
        self._release(sequence)
        self._send(sequence.finished(reason, self._clock()))

    def _fail(self, sequence: Sequence, detail: str) -> None:
        self.prefixes.empty(sequence.slot)
        self._release(sequence)
        self._send(Failed(sequence.request, "decode_failed", detail))

    def _release(self, sequence: Sequence) -> None:
        self._active.remove(sequence)
        sequence.sampler.free()
        self.prefixes.give_back(sequence.slot)
