"""Tells a worker that hangs from one that works. Silence alone proves nothing: a step of a big model may take minutes.

So a silent process is looked at: while it uses CPU time or waits for the disk, it has all the patience there is. One
that does neither, though it was asked, is stopped or stuck.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.engine import pulse
from app.engine.pulse import Pulse


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker may be silent: at all, while it loads, and while it does nothing; and how long saving may take.

    Where the system tells nothing of processes (macOS), only the first two hold.
    """

    ping_seconds: float = 5.0
    loading_seconds: float = 900.0
    silence_seconds: float = 300.0
    quiet_seconds: float = 20.0
    retire_seconds: float = 5.0


class Watch:
    """Watches one process: `hear` whatever it says, `look` every few seconds."""

    def __init__(
        self,
        pid: int,
        patience: Patience,
        feel: Callable[[int], Pulse | None] = pulse.feel,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pid = pid
        self._patience = patience
        self._feel = feel
        self._clock = clock
        self._heard = clock()
        self._moved = self._heard
        self._cpu_ticks = -1

    def hear(self) -> None:
        """It said something."""
        self._heard = self._clock()

    def look(self, is_ready: bool) -> float | None:
        """Seconds of silence after which it must be given up; None while it may go on."""
        now = self._clock()
        silent = now - self._heard
        found = self._feel(self._pid)
        if found is None or found.waits_for_disk or found.cpu_ticks != self._cpu_ticks:
            self._moved = now
        self._cpu_ticks = -1 if found is None else found.cpu_ticks
        # A loading worker may sleep for a slow network disk without saying so; one that is stopped may not.
        must_move = is_ready or (found is not None and found.is_stopped)
        if must_move and now - max(self._heard, self._moved) > self._patience.quiet_seconds:
            return silent
        limit = self._patience.silence_seconds if is_ready else self._patience.loading_seconds
        return silent if silent > limit else None
