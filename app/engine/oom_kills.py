"""How many processes the system has killed because memory ran out, here or in this container."""

from pathlib import Path

from app import hardware


def count(root: Path = hardware.ROOT) -> int | None:
    """The counter of this process's memory group, else of the whole machine; None where neither can be read."""
    for folder in hardware.cgroup_folders(root, "memory"):
        for name in ("memory.events", "memory.oom_control"):
            found = _value(folder / name, "oom_kill")
            if found is not None:
                return found
    return _value(root / "proc/vmstat", "oom_kill")


def _value(path: Path, key: str) -> int | None:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(" ")
        if name == key and value.strip().isdigit():
            return int(value)
    return None
