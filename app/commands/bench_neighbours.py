"""Busy neighbours for a measurement: processes that spin, each bound to one core. Ended with the measurement."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SPIN = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nparent = os.getppid()\n" + (
    "while os.getppid() == parent:\n    for _ in range(1_000_000):\n        pass\n"
)


@contextmanager
def busy(num_neighbours: int) -> Iterator[None]:
    """While this lasts, so many cores have a neighbour; one that loses its parent ends by itself."""
    cores = sorted(os.sched_getaffinity(0))[:num_neighbours]
    spinning = [subprocess.Popen([sys.executable, "-c", SPIN, str(core)]) for core in cores]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()
