"""How many of the cores that this process may use had nothing to do lately, as Linux counts it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

STAT = Path("/proc/stat")
IDLE_FIELDS = slice(4, 6)  # Of a line: its name, user, nice, system, idle, iowait, ...
LEAST_SECONDS = 0.2


class IdleCores:
    """Asked, it says how many cores were idle since it was asked before; where that is unknown, one was."""

    def __init__(self, stat: Path = STAT, clock: Callable[[], float] = time.monotonic) -> None:
        self._stat = stat
        self._clock = clock
        self._cores = {f"cpu{number}" for number in usable_cores()}
        self._ticks_a_second = os.sysconf("SC_CLK_TCK")
        self._asked_before = (clock(), self._idle_ticks())

    def __call__(self) -> float:
        """Idle cores, a fraction too."""
        now, ticks = self._clock(), self._idle_ticks()
        before, ticks_before = self._asked_before
        if ticks is None or ticks_before is None or now - before < LEAST_SECONDS:
            return 1.0
        self._asked_before = (now, ticks)
        return (ticks - ticks_before) / self._ticks_a_second / (now - before)

    def _idle_ticks(self) -> int | None:
        try:
            lines = self._stat.read_text(encoding="ascii").splitlines()
            fields = [line.split() for line in lines if line.startswith("cpu")]
            own = [line[IDLE_FIELDS] for line in fields if line[0] in self._cores]
            return sum(int(each) for pair in own for each in pair) if own else None
        except (OSError, ValueError):
            return None


def usable_cores() -> set[int]:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))
