"""How many threads to compute with, chosen by what steps really take while the worker runs.

llama.cpp's threads wait for each other many times in every step. With a neighbour on one of two cores, one thread can
be seven times as fast as two; and once the neighbour is gone, half as fast. Knows no clock: the time that passes is
that of the steps.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

NUM_REMEMBERED = 24
NUM_RECENT = 3
NUM_NEEDED = 5
NUM_COMPARED = 9
CHECK_AFTER_SECONDS = 1.0
LOOK_EVERY_SECONDS = 1.0
LEAST_IDLE_CORES = 0.6
SLOWER = 1.3
FASTER = 0.75
BETTER = 0.95
MUCH_BETTER = 0.65
HOPELESS = 2.0
BAD = 1.25
EXACT_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Trying:
    """How a number of threads is tried. All seconds are seconds of steps.

    A trial takes `num_steps` steps of one size, and at most `most_steps` of any; the first is not counted. One is made
    `every_seconds`, as long as what trials have cost stays below `share` of the time; `most_credit_seconds` can be
    saved up, and a change of speed may take as much again in advance. The first one is made `first_seconds` in.
    """

    num_steps: int
    most_steps: int
    first_seconds: float
    every_seconds: float
    share: float
    most_credit_seconds: float


WRITING = Trying(
    num_steps=5, most_steps=15, first_seconds=1.0, every_seconds=10.0, share=0.015, most_credit_seconds=0.5
)
READING = Trying(
    num_steps=2, most_steps=4, first_seconds=40.0, every_seconds=40.0, share=0.015, most_credit_seconds=1.5
)


def always_idle() -> float:
    """For where nothing is known of the neighbours: more threads are tried now and then, whatever that costs."""
    return 1.0


class ThreadChooser:
    """Threads for steps that write, and for steps that read a piece of a prompt as well; at most `most`.

    `idle_cores` says how many cores had nothing to do since it was asked last. More threads are tried only where one
    is idle, since a single step with a thread too many can take seconds; and at once when one has become idle.
    """

    def __init__(self, most: int, idle_cores: Callable[[], float] = always_idle) -> None:
        self._idle_cores = idle_cores
        self._since_look = 0.0
        self._writing = Tuner(most, WRITING)
        self._reading = Tuner(most, READING)

    @property
    def threads(self) -> int:
        """What to use for the next step that only writes."""
        return self._writing.threads

    @property
    def reading_threads(self) -> int:
        """What to use for the next step in which a piece of a prompt is read."""
        return self._reading.threads

    def note(self, is_reading: bool, num_tokens: int, seconds: float) -> None:
        """A step of `num_tokens` took `seconds` with the threads that were asked for; both may be others now."""
        self._since_look += seconds
        if self._since_look >= LOOK_EVERY_SECONDS:
            self._since_look = 0.0
            has_idle = self._idle_cores() >= LEAST_IDLE_CORES
            self._writing.note_idle(has_idle)
            self._reading.note_idle(has_idle)
        if is_reading:
            # Pieces of a prompt differ in length, and take a time for each token.
            self._reading.note(num_tokens.bit_length(), seconds / num_tokens, seconds)
            return
        before = self._writing.chosen
        size = num_tokens if num_tokens <= EXACT_TOKENS else num_tokens // EXACT_TOKENS * EXACT_TOKENS
        self._writing.note(size, seconds, seconds)
        if self._writing.chosen != before:
            self._reading.suspect(is_slower=self._writing.chosen < before)

    def limit(self, most: int) -> None:
        """From now on use at most this many: what the box allows has changed."""
        self._writing.limit(most)
        self._reading.limit(most)


class Tuner:
    """Finds the number of threads at which steps take least. Compares only steps of the same size."""

    def __init__(self, most: int, trying: Trying) -> None:
        self._most = max(1, most)
        self._trying = trying
        self._num_needed = min(NUM_NEEDED, trying.num_steps)
        self.chosen = self._most
        self._trial: Trial | None = None
        self._to_try: list[int] = []
        self._next_is_up = False
        self._has_idle = True
        self._credit = trying.most_credit_seconds
        self._since_trial = trying.every_seconds - trying.first_seconds
        self._costs: dict[int, deque[float]] = defaultdict(lambda: deque(maxlen=NUM_REMEMBERED))

    @property
    def threads(self) -> int:
        """What to use for the next step."""
        return self._trial.threads if self._trial is not None else self.chosen

    def note(self, size: int, cost: float, seconds: float) -> None:
        """A step of `size` cost this much (in whatever unit, the same for a size) and took `seconds`."""
        self._credit = min(self._credit + seconds * self._trying.share, self._trying.most_credit_seconds)
        self._since_trial += seconds
        if self._trial is None:
            self._costs[size].append(cost)
            self._watch(size)
        else:
            self._judge(self._trial, size, cost, seconds)
        if self._trial is None:
            self._begin()

    def note_idle(self, has_idle: bool) -> None:
        """Whether a core is left for one more thread."""
        if has_idle and not self._has_idle:
            self.suspect(is_slower=False)
        self._has_idle = has_idle

    def suspect(self, is_slower: bool) -> None:
        """Something has changed in the box: try soon what may suit it now."""
        if self._trial is None and self._credit > -self._trying.most_credit_seconds:
            self._costs.clear()
            self._to_try = self._fewer() if is_slower else self._more()

    def limit(self, most: int) -> None:
        """Use at most this many. Who used all that was allowed goes on doing so."""
        most = max(1, most)
        used_all = self.chosen == self._most
        self._most = most
        target = most if used_all else min(self.chosen, most)
        self._trial = None
        self._to_try = []
        if target != self.chosen:
            self._move(target)

    def _watch(self, size: int) -> None:
        """Whether steps of this size have become slower or faster than they were; then others are tried at once."""
        costs = self._costs[size]
        if len(costs) < 2 * NUM_RECENT or self._to_try:
            return
        recent = median(list(costs)[-NUM_RECENT:])
        before = median(list(costs)[:-NUM_RECENT])
        if before * FASTER <= recent <= before * SLOWER:
            return
        newest = list(costs)[-NUM_RECENT:]
        self._costs.clear()
        self._costs[size].extend(newest)
        if self._credit > -self._trying.most_credit_seconds:
            self._to_try = self._fewer() if recent > before else self._more()

    def _begin(self) -> None:
        if not self._to_try and self._since_trial >= self._trying.every_seconds and self._credit >= 0:
            # In turn, since either may have become right unseen.
            self._next_is_up = not self._next_is_up
            more = self._more() if self._has_idle else []
            self._to_try = (more or self._fewer()) if self._next_is_up else (self._fewer() or more)
        if self._to_try and any(len(each) >= self._num_needed for each in self._costs.values()):
            self._since_trial = 0.0
            self._trial = Trial(self._to_try.pop(0))

    def _judge(self, trial: "Trial", size: int, cost: float, seconds: float) -> None:
        """Take in a step of a trial; end the trial as soon as it is clear how it goes."""
        trial.num_steps += 1
        known = self._costs.get(size)
        if known:
            usual = median(list(known)[-NUM_COMPARED:])
            self._credit -= seconds * max(0.0, 1 - usual / cost)
            if cost > HOPELESS * usual:
                trial.num_bad += 2
            elif cost > BAD * usual:
                trial.num_bad += 1
            if trial.num_steps > 1 and len(known) >= self._num_needed:
                trial.shares[size].append(cost / usual)
        best = max(trial.shares.values(), key=len, default=[])
        if trial.num_bad >= 2:
            self._trial = None
        elif self._is_won(best):
            self._adopt(trial)
        elif len(best) >= self._trying.num_steps or trial.num_steps >= self._trying.most_steps:
            self._trial = None

    def _is_won(self, shares: Sequence[float]) -> bool:
        if len(shares) >= min(NUM_RECENT, self._num_needed) and median(shares) < MUCH_BETTER:
            return True
        return len(shares) >= self._trying.num_steps and median(shares) < BETTER

    def _adopt(self, trial: "Trial") -> None:
        was_up = trial.threads > self.chosen
        self._trial = None
        self._move(trial.threads)
        # What was right once may be right again: on in the same direction. But chance may deceive: look back soon.
        self._to_try = self._more() if was_up else self._fewer()
        self._next_is_up = was_up
        self._since_trial = self._trying.every_seconds - CHECK_AFTER_SECONDS

    def _move(self, threads: int) -> None:
        self.chosen = threads
        self._costs.clear()

    def _fewer(self) -> list[int]:
        return sorted({self.chosen - 1, self.chosen // 2} - {0, self.chosen}, reverse=True)

    def _more(self) -> list[int]:
        return sorted({min(self.chosen + 1, self._most), min(2 * self.chosen, self._most)} - {self.chosen})


class Trial:
    """Some steps with another number of threads; `shares` are their costs as parts of the usual ones, by size."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.num_steps = 0
        self.num_bad = 0
        self.shares: dict[int, list[float]] = defaultdict(list)
