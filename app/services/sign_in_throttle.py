"""How often a password may be tried for one name, existing or not. In memory only; knows no passwords.

By name and never by address: behind a tunnel the whole family comes from one address, and so does the attacker.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from app.errors import Busy

FREE_TRIES = 5
LONGEST_WAIT_SECONDS = 60
FORGET_SECONDS = 3600
NAMES = 10_000


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    last_at: float = 0.0


class SignInThrottle:
    """Counts wrong tries: five are free, then each doubles the wait, up to a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def take(self, name_key: str) -> None:
        """Count a try before it is made, so that parallel ones count too.

        Raises Busy("sign_in_throttled", seconds=).
        """
        with self._lock:
            now = self._clock()
            tries = self._tries.get(name_key)
            if tries is None or now - tries.last_at > FORGET_SECONDS:
                tries = _Tries()
            wait = tries.last_at + _wait_seconds(tries.wrong) - now
            if tries.wrong >= FREE_TRIES and wait > 0:
                raise Busy("sign_in_throttled", seconds=int(wait) + 1)
            tries.wrong += 1
            tries.last_at = now
            self._tries[name_key] = tries
            self._tries.move_to_end(name_key)
            while len(self._tries) > NAMES:
                self._tries.popitem(last=False)

    def was_right(self, name_key: str) -> None:
        """The password was right: forget the tries."""
        with self._lock:
            self._tries.pop(name_key, None)


def _wait_seconds(wrong: int) -> int:
    return int(min(LONGEST_WAIT_SECONDS, 2 ** max(0, wrong - FREE_TRIES)))
