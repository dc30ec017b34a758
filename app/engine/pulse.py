"""What the system knows of a process that says nothing: whether it computes, waits for the disk, or is stopped."""

from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
STOPPED = frozenset("TtZX")
WAITS_FOR_DISK = "D"


@dataclass(frozen=True, slots=True)
class Pulse:
    """One look at a process. `cpu_ticks` is the CPU time of all its threads; `states` are theirs (man 5 proc)."""

    cpu_ticks: int
    states: frozenset[str]

    @property
    def is_stopped(self) -> bool:
        """Whether no thread of it can go on: stopped by a signal or a debugger, or dead."""
        return self.states <= STOPPED

    @property
    def waits_for_disk(self) -> bool:
        """Whether a thread is in the kernel for a page or a block; slow disks are no fault of the worker."""
        return WAITS_FOR_DISK in self.states


def feel(pid: int, proc: Path = PROC) -> Pulse | None:
    """How the process is now; None where the system does not tell, or there is none."""
    try:
        ticks, state = _stat(proc / str(pid) / "stat")
        threads = [_stat(path)[1] for path in (proc / str(pid) / "task").glob("*/stat")]
    except (OSError, ValueError, IndexError):
        return None
    return Pulse(ticks, frozenset(threads or [state]))


def _stat(path: Path) -> tuple[int, str]:
    """CPU ticks, user and system, and the state. The name in parentheses may hold anything, ")" included."""
    fields = path.read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]), fields[0]
