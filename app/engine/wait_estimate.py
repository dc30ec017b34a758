"""How long a wait will be: from how long turns have taken, how long those that run have run, and who is in front."""

import heapq
from collections.abc import Sequence
from typing import Generic, TypeVar

SMOOTHING = 0.3
# A turn that runs longer than usual is about to end, as far as anybody can know.
LEAST_REST = 0.1

Group = TypeVar("Group")


class WaitEstimate(Generic[Group]):
    """Learns the seconds of a turn, for each group apart, and plays the turns in front through `slots` slots."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._mean_seconds: dict[Group, float] = {}

    def learn(self, group: Group, seconds: float) -> None:
        """A turn has taken this long."""
        mean = self._mean_seconds.get(group)
        self._mean_seconds[group] = seconds if mean is None else mean + SMOOTHING * (seconds - mean)

    def seconds(
        self, group: Group, ahead: int, running: Sequence[float], others: Sequence[tuple[Group, float]]
    ) -> float | None:
        """The wait of who has `ahead` tickets of the group in front; `running` are the seconds that its turns have run.

        `others` are turns of other groups: the group waits for them when none of its own runs. None: nothing is known.
        """
        mean = self._mean(group)
        if mean is None:
            return None
        if running:
            # Who waits though turns of the group run waits for these: memory may give it fewer slots than were wished.
            free_in = [self._rest(group, seconds) for seconds in running]
        else:
            first = min((self._rest(other, seconds) for other, seconds in others), default=0.0)
            free_in = [first] * self._slots
        heapq.heapify(free_in)
        for _ in range(ahead):
            heapq.heapreplace(free_in, free_in[0] + mean)
        return round(free_in[0], 1)

    def _rest(self, group: Group, seconds: float) -> float:
        mean = self._mean(group) or 0.0
        return max(mean - seconds, LEAST_REST * mean)

    def _mean(self, group: Group) -> float | None:
        """Of the group; before it has one of its own, of all."""
        if group in self._mean_seconds or not self._mean_seconds:
            return self._mean_seconds.get(group)
        return sum(self._mean_seconds.values()) / len(self._mean_seconds)
