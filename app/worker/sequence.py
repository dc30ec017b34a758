"""One request in work: its tokens, how far they are read, what was written, and when it is over."""

from app.worker.drafting import Drafter
from app.worker.face import TokenSampler
from app.worker.messages import Delta, Finished, Generate, Numbers, Reading, StopReason, TokenLogprobs
from app.worker.slots import Slot
from app.worker.text import TextStream


class Sequence:
    """The state of one request between two steps. Times are in seconds of the scheduler's clock.

    `tokens` are the prompt and what was written; the last of them that was written is not in the KV cache yet.
    """

    def __init__(self, generate: Generate, slot: Slot, sampler: TokenSampler, num_cached: int, now: float) -> None:
        self.generate = generate
        self.request = generate.request
        self.slot = slot
        self.sampler = sampler
        self.drafter: Drafter | None = None
        self.num_prompt = len(generate.tokens)
        self.num_cached = num_cached
        self.num_read = num_cached
        self.tokens = list(generate.tokens)
        self.num_written = 0
        self.num_drafted = 0
        self.num_accepted = 0
        self._text = TextStream(generate.stop)
        self._unsent = ""
        self._has_sent = False
        self._num_unsent = 0
        self._unsent_logprobs: list[TokenLogprobs] = []
        self._started = now
        self._first_token: float | None = None

    @property
    def num_unread(self) -> int:
        """Prompt tokens that are not in the KV cache yet."""
        return self.num_prompt - self.num_read

    @property
    def is_stopped(self) -> bool:
        """Whether a stop string was met."""
        return self._text.is_stopped

    def draw(self, token: int, piece: bytes, now: float, may_send: bool) -> Delta | None:
        """A token was drawn, and is to be fed in the next step; what is to be sent now.

        What may not be sent goes out with what comes next; only the beginning of an answer never waits.
        """
        if self._first_token is None:
            self._first_token = now
        self.tokens.append(token)
        self.num_written += 1
        self._num_unsent += 1
        self._unsent += self._text.add(piece)
        return self._delta() if may_send or not self._has_sent else None

    def note_logprobs(self, logprobs: TokenLogprobs) -> None:
        """Goes out with the text of the token that is drawn next."""
        self._unsent_logprobs.append(logprobs)

    def rest(self) -> Delta | None:
        """What was held back, at the end."""
        self._unsent += self._text.finish()
        return self._delta()

    def reading(self) -> Reading:
        """How far the prompt is read."""
        return Reading(self.request, self.num_read, self.num_prompt)

    def finished(self, reason: StopReason, now: float) -> Finished:
        """The closing message."""
        first_token = now if self._first_token is None else self._first_token
        numbers = Numbers(
            prompt_tokens=self.num_prompt,
            cached_tokens=self.num_cached,
            completion_tokens=self.num_written,
            reading_seconds=first_token - self._started,
            writing_seconds=now - first_token,
            drafted_tokens=self.num_drafted,
            accepted_tokens=self.num_accepted,
        )
        return Finished(self.request, reason, numbers)

    def _delta(self) -> Delta | None:
        if not self._unsent:
            return None
        delta = Delta(self.request, self._unsent, self._num_unsent, self._unsent_logprobs)
        self._num_unsent = 0
        self._unsent = ""
        self._has_sent = True
        if self._unsent_logprobs:
            self._unsent_logprobs = []
        return delta
