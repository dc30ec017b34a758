"""What a running process takes of the memory, as the system counts it."""

from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """Bytes in RAM: its own, and pages of files, which the system counts as available although they are used."""

    own_bytes: int = 0
    file_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """Both."""
        return self.own_bytes + self.file_bytes


def of(pid: int | None, proc: Path = PROC) -> ProcessMemory:
    """Of a process; zeros where there is none, or the system does not tell."""
    values: dict[str, int] = {}
    try:
        for line in (proc / str(pid) / "status").read_text().splitlines():
            key, _, rest = line.partition(":")
            if key in ("RssAnon", "RssShmem", "RssFile"):
                values[key] = int(rest.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return ProcessMemory()
    return ProcessMemory(values.get("RssAnon", 0) + values.get("RssShmem", 0), values.get("RssFile", 0))
