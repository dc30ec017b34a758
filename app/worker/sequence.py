"""One request in work: its tokens, how far they are read, what was written, and when it is over."""

from app.worker.messages import Finished, Generate, Numbers, Reading, StopReason
from app.worker.slots import Slot
from app.worker.text import TextStream


class Sequence:
    """The state of one request between two steps. Times are in seconds of the scheduler's clock."""

    def __init__(self, generate: Generate, slot: Slot, sampler: object, num_cached: int, now: float) -> None:
        self.request = generate.request
        self.prompt = generate.tokens
        self.max_tokens = generate.max_tokens
        self.slot = slot
        self.sampler = sampler
        self.num_cached = num_cached
        self.text = TextStream(generate.stop)
        self.next_token = -1
        self.num_written = 0
        self.num_unsent = 0
        self._started = now
        self._first_token: float | None = None

    @property
    def num_unread(self) -> int:
        """Prompt tokens that are not in the KV cache yet."""
        return max(0, len(self.prompt) - len(self.slot.tokens))

    @property
    def is_reading(self) -> bool:
        """Whether a part of the prompt is still to be read."""
        return self.num_unread > 0

    def next_tokens(self, limit: int) -> list[int]:
        """What goes into the next batch: a piece of the prompt, or the token that was drawn last."""
        position = len(self.slot.tokens)
        return self.prompt[position : position + limit] if self.is_reading else [self.next_token]

    def draw(self, token: int, now: float) -> None:
        """A token was drawn, and is to be fed in the next step."""
        if self._first_token is None:
            self._first_token = now
        self.next_token = token
        self.num_written += 1
        self.num_unsent += 1

    def reading(self) -> Reading:
        """How far the prompt is read."""
        return Reading(self.request, len(self.prompt) - self.num_unread, len(self.prompt))

    def finished(self, reason: StopReason, now: float) -> Finished:
        """The closing message."""
        first_token = now if self._first_token is None else self._first_token
        numbers = Numbers(
            prompt_tokens=len(self.prompt),
            cached_tokens=self.num_cached,
            completion_tokens=self.num_written,
            reading_seconds=first_token - self._started,
            writing_seconds=now - first_token,
        )
        return Finished(self.request, reason, numbers)
