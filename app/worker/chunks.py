"""How much of the waiting prompts is read in a step while others write: by what steps were measured to cost.

Pure: knows seconds and tokens, no sequences and no clock.
"""

from collections import defaultdict, deque
from statistics import median

LEAST_CHUNK = 8
UNMEASURED_CHUNK = 32
WRITERS_SHARE = 0.4
# How long one step of writing pays for reading.
EARNED = (1 - WRITERS_SHARE) / WRITERS_SHARE
# A chunk may take so long, even if a step of writing takes less: many tokens at once are read much faster.
UNNOTICED_SECONDS = 0.15
# After a while without readers, chunks may take so long in all before the writers' share is kept.
BURST_SECONDS = 0.3
# Nothing can be cancelled, and nobody else begin, while a chunk is read: alone, it may take so long. But fewer tokens
# than this would be read more slowly.
MOST_SECONDS = 2.5
WHOLE_CHUNK = 64
NUM_REMEMBERED = 9
# A step that a neighbour has held up counts for no more than this many times what it was expected to take, and no
# debt is greater than what so many steps earn.
OUTLIER = 3.0
MOST_DEBT = 8.0


class Chunks:
    """Keeps writers at `WRITERS_SHARE` of the rate that they have without readers.

    Every step of writing earns reading time, so much that the share is kept, and every chunk spends it. What is read
    is therefore right on average even where the estimates are wrong, and where a chunk that is worth its pass over
    the weights costs more than a step earns: then some steps read nothing.
    """

    def __init__(self, batch_tokens: int) -> None:
        self._batch_tokens = batch_tokens
        self._sizes = chunk_sizes(batch_tokens)
        self._credit_seconds = 0.0
        self._writing_steps: deque[float] = deque(maxlen=NUM_REMEMBERED)
        self._chunks: dict[int, deque[float]] = defaultdict(lambda: deque(maxlen=NUM_REMEMBERED))

    def room(self, num_writing: int) -> int:
        """How many prompt tokens the next step may read in all, beside `num_writing` writers."""
        if not num_writing:
            self._credit_seconds = BURST_SECONDS
            least = min(WHOLE_CHUNK, self._batch_tokens)
            return max(self._affordable(MOST_SECONDS), least) if self._chunks else self._batch_tokens
        if not self._writing_steps or not self._chunks:
            return min(UNMEASURED_CHUNK, self._batch_tokens)
        earned = EARNED * median(self._writing_steps)
        size = self._affordable(max(earned, UNNOTICED_SECONDS))
        seconds = self._expected_seconds(size)
        # Little more than a chunk is saved up, or writers would stall by more after a pause of the readers. It is
        # enough to read some short prompts one after the other: who comes together also begins together.
        self._credit_seconds = min(self._credit_seconds + earned, max(earned, seconds, BURST_SECONDS))
        return size if self._credit_seconds >= seconds else 0

    def note_writing(self, seconds: float) -> None:
        """All writers put in one token, and it took so long."""
        self._writing_steps.append(seconds)

    def note_reading(self, num_read: int, seconds: float, is_beside_writers: bool) -> None:
        """So many prompt tokens were read, and it took so long."""
        earned = EARNED * median(self._writing_steps) if self._writing_steps else 0.0
        if self._chunks:
            seconds = min(seconds, OUTLIER * max(earned, self._expected_seconds(num_read)))
        if is_beside_writers and self._writing_steps:
            self._credit_seconds = max(self._credit_seconds - seconds, -MOST_DEBT * earned)
        size = max((size for size in self._sizes if size <= num_read), default=0)
        if size:
            self._chunks[size].append(seconds * size / num_read)

    def _affordable(self, seconds: float) -> int:
        """The largest chunk that takes no longer; the least one in any case."""
        return max((size for size in self._sizes if self._expected_seconds(size) <= seconds), default=self._sizes[0])

    def _expected_seconds(self, size: int) -> float:
        """As measured for this size, or for the next larger one: smaller ones cost no less for each token."""
        measured = min((each for each in self._chunks if each >= size), default=max(self._chunks))
        return median(self._chunks[measured]) * size / measured


def chunk_sizes(batch_tokens: int) -> list[int]:
    """From the least chunk to a whole step, each twice the one before."""
    sizes = [min(LEAST_CHUNK, batch_tokens)]
    while sizes[-1] < batch_tokens:
        sizes.append(min(2 * sizes[-1], batch_tokens))
    return sizes
