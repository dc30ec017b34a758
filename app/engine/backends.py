"""Which way to compute is the best that works on this box, and what is used when a worker dies of it all the same."""

from collections.abc import Callable
from typing import Protocol

from app.worker.messages import Backend

# A file that kills every worker is at fault itself: no more ways than these are tried with it one after the other.
MOST_TRIED = 3


class Backends(Protocol):
    """The ways to compute, best first. `app.engine.proven_backends` finds them out."""

    def current(self) -> Backend:
        """The one to use."""
        ...

    def following(self, backend: Backend) -> Backend | None:
        """The next best after this one, which is not given up by that; None: it is the last."""
        ...

    def step_down(self, backend: Backend, reason: str) -> Backend | None:
        """Give this one up for good; the next one to use, or None where there is none."""
        ...


class BuiltIn:
    """Knows only what is built in."""

    def current(self) -> Backend:
        """llama.cpp as it comes."""
        return Backend()

    def following(self, backend: Backend) -> Backend | None:  # noqa: ARG002
        """There is nothing else."""
        return None

    def step_down(self, backend: Backend, reason: str) -> Backend | None:  # noqa: ARG002
        """There is nothing else."""
        return None


class StepDown:
    """What one model computes with. A way that killed its worker is given up for all models only once another way has
    worked with this one: till then, the file may be at fault.
    """

    def __init__(self, backends: Backends, changed: Callable[[Backend, str], None]) -> None:
        self._backends = backends
        self._changed = changed
        self._failed: list[tuple[Backend, str]] = []
        self._trying: Backend | None = None

    def backend(self) -> Backend:
        """What the next worker is to compute with."""
        return self._trying or self._backends.current()

    def has_other(self, backend: Backend, reason: str) -> bool:
        """A worker died of this one before its first token. Whether the next one computes in another way."""
        self._failed.append((backend, reason))
        self._trying = self._backends.following(backend) if len(self._failed) < MOST_TRIED else None
        if self._trying is None:
            self._failed.clear()
            return False
        self._changed(self._trying, reason)
        return True

    def works(self) -> None:
        """The last worker has brought something forth."""
        for backend, reason in self._failed:
            self._backends.step_down(backend, reason)
        self._failed.clear()
        self._trying = None
