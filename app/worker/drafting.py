"""Guessing the next tokens, so that one batch can check several of them; and whether that pays at all just now.

A guess never changes what is written: every token is still drawn from the model's own logits. Knows no llama.cpp and
no clock; what steps took is told by the scheduler.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol

TOKEN_BITS = 32
MOST_INDEXED = 2048
MIN_GAIN = 1.05
SPEED_WEIGHT = 0.2
FIRST_CHANCE = 0.3
FADING_WEIGHT = 0.02
STEADY_WEIGHT = 0.06
PROBE_WEIGHT = 0.25
OUTLIER = 4.0
PROBE_TOKENS = 4
NUM_PROBES = 3
PROBE_SHARE = 0.015
MAX_CREDIT_STEPS = 8
PAUSE_STEPS = 24
PLAIN_EVERY_STEPS = 64
THOUGHT_OVER_EVERY = 4


class Drafter(Protocol):
    """Guesses what follows the tokens of one sequence."""

    def draft(self, tokens: Sequence[int], max_tokens: int, /) -> list[int]:
        """At most `max_tokens` guesses of what follows `tokens`; may be empty."""
        ...


class LookupDrafter:
    """Guesses that what followed the last three (or two) tokens before follows them again: prompt lookup.

    One for each sequence. Its index grows with the tokens, so a call costs what was added since the last one; of a
    long prompt a piece is added in each call, so that no step waits for all of it.
    """

    def __init__(self) -> None:
        self._after_three: dict[int, int] = {}
        self._after_two: dict[int, int] = {}
        self._num_indexed = 0
        self._last: int | None = None

    def draft(self, tokens: Sequence[int], max_tokens: int, /) -> list[int]:
        """Guesses of what follows. `tokens` are those of the last call with more behind, else it starts over."""
        if max_tokens <= 0 or len(tokens) < 3:
            return []
        self._index(tokens)
        start = self._after_three.get(_three(tokens[-3], tokens[-2], tokens[-1]))
        if start is None:
            start = self._after_two.get(_two(tokens[-2], tokens[-1]))
        if start is None:
            return []
        guesses = list(tokens[start : start + max_tokens])
        # A match that runs into the end is a repetition, which goes on with itself.
        while len(guesses) < max_tokens:
            guesses.append(guesses[start + len(guesses) - len(tokens)])
        return guesses

    def _index(self, tokens: Sequence[int]) -> None:
        """Note for each pair and triple of tokens where the text behind it begins; the last ones have none yet."""
        known = self._num_indexed
        if known and (len(tokens) < known or tokens[known - 1] != self._last):
            self._after_three.clear()
            self._after_two.clear()
            known = 0
        after_three, after_two = self._after_three, self._after_two
        end = min(len(tokens), known + MOST_INDEXED)
        for place in range(max(known, 2), end):
            pair = tokens[place - 2] << TOKEN_BITS | tokens[place - 1]
            after_two[pair] = place
            if place > 2:
                after_three[tokens[place - 3] << 2 * TOKEN_BITS | pair] = place
        self._num_indexed = end
        self._last = tokens[end - 1]


class DraftGate:
    """How many tokens to guess in this step, from what steps of each size took and how often guesses were right.

    Guessing is on only while it is expected to give 5 % more tokens a second. While it is off, a few steps guess now
    and then to see whether that has changed, as long as this costs little; while it is on, a step now and then goes
    without, to know what that would take.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        self._accepted: list[float] = []
        self._num_sequences = 0
        self._is_on = False
        self._num_probes_left = NUM_PROBES
        self._credit_seconds = 0.0
        self._num_off = 0
        self._num_on = 0
        self._best_known = 0
        self._num_until_thought = 0
        self._asked = (0, 0)

    def num_to_draft(self, num_sequences: int, max_tokens: int) -> int:
        """Guesses for each of `num_sequences` that write in this step, `max_tokens` at most; 0: do not guess.

        Ask once for each step, and tell the step by `note_step`, its guesses by `note_drafted`.
        """
        if num_sequences <= 0 or max_tokens <= 0:
            return 0
        self._num_sequences = num_sequences
        best = self._latest_best(num_sequences, max_tokens)
        self._is_on = best > 0
        if self._is_on:
            self._num_off = self._num_probes_left = 0
            self._num_on += 1
            return 0 if self._num_on % PLAIN_EVERY_STEPS == 0 else best
        if num_sequences not in self._seconds:
            return 0
        self._num_off += 1
        if not self._num_probes_left and self._num_off > PAUSE_STEPS and self._credit_seconds >= 0:
            self._num_off = 0
            self._num_probes_left = NUM_PROBES
        return min(max_tokens, PROBE_TOKENS) if self._num_probes_left else 0

    def note_step(self, num_tokens_in_batch: int, seconds: float) -> None:
        """A step of writing took this long: decoding, sampling and, where a model guesses, its guessing."""
        known = self._seconds.get(num_tokens_in_batch)
        if known is None:
            self._seconds[num_tokens_in_batch] = seconds
        else:
            self._seconds[num_tokens_in_batch] += SPEED_WEIGHT * (min(seconds, OUTLIER * known) - known)
        plain = self._seconds.get(self._num_sequences, seconds)
        if not self._is_on and num_tokens_in_batch > self._num_sequences:
            self._credit_seconds -= max(0.0, seconds - plain)
            if self._credit_seconds < -MAX_CREDIT_STEPS * plain:
                self._num_probes_left = 0
        self._credit_seconds = min(self._credit_seconds + PROBE_SHARE * seconds, MAX_CREDIT_STEPS * plain)

    def note_drafted(self, drafted: int, accepted: int) -> None:
        """Of `drafted` guesses of a sequence the first `accepted` were right."""
        if drafted <= 0:
            return
        self._num_probes_left = max(0, self._num_probes_left - 1)
        if not self._is_on:
            self._num_until_thought = 0
        weight = STEADY_WEIGHT if self._is_on else PROBE_WEIGHT
        for place in range(drafted):
            if place == len(self._accepted):
                self._accepted.append(self._supposed(place))
            self._accepted[place] += weight * (float(accepted > place) - self._accepted[place])
        for place in range(drafted, len(self._accepted)):
            # Not tried this time: what was seen there fades away.
            self._accepted[place] += FADING_WEIGHT * (self._supposed(place) - self._accepted[place])

    def _latest_best(self, num_sequences: int, max_tokens: int) -> int:
        """Thought over every few steps, and with each probe: a decision costs as much as drawing a token does."""
        self._num_until_thought -= 1
        asked = (num_sequences, max_tokens)
        if self._num_until_thought <= 0 or self._num_probes_left or asked != self._asked:
            self._best_known = self._best(num_sequences, max_tokens)
            self._num_until_thought = THOUGHT_OVER_EVERY
            self._asked = asked
        return self._best_known

    def _best(self, num_sequences: int, max_tokens: int) -> int:
        """The number of guesses with the most tokens a second; 0 where none gives 5 % more than no guesses."""
        plain = self._seconds.get(num_sequences)
        if plain is None or len(self._seconds) < 2:
            return 0
        best, most = 0, MIN_GAIN / plain
        expected = 1.0
        for place in range(min(max_tokens, len(self._accepted) + 1) if self._accepted else 0):
            # One place further than was ever tried, too.
            expected += self._accepted[place] if place < len(self._accepted) else self._supposed(place)
            seconds = self._expected_seconds(num_sequences * (place + 2))
            if expected / seconds > most:
                best, most = place + 1, expected / seconds
        return best

    def _supposed(self, place: int) -> float:
        """The chance that a guess is right if each was as good as the first: what is believed of places not tried."""
        return self._accepted[place - 1] * self._accepted[0] if place else FIRST_CHANCE

    def _expected_seconds(self, num_tokens: int) -> float:
        """By a line through the sizes next to it that were measured."""
        known = self._seconds.get(num_tokens)
        if known is not None:
            return known
        sizes = sorted(self._seconds)
        above = min(max(1, bisect_left(sizes, num_tokens)), len(sizes) - 1)
        left, right = sizes[above - 1], sizes[above]
        slope = (self._seconds[right] - self._seconds[left]) / (right - left)
        # Beyond what was measured a step takes no less than the nearest one.
        return self._seconds[left] + max(0.0, slope) * (num_tokens - left)


def _two(before: int, last: int) -> int:
    return before << TOKEN_BITS | last


def _three(first: int, before: int, last: int) -> int:
    return first << 2 * TOKEN_BITS | _two(before, last)
