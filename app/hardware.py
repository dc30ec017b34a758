"""What this box is: the CPU time, memory and disk that Hearth may really use, container limits included.

Every reader takes the root folder of `/proc` and `/sys`, so that stored trees of other machines can be read too.
Knows nothing of models.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path("/")
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "9p", "afs", "ceph", "glusterfs", "ncpfs", "davfs"}
)
NETWORK_FUSE = ("fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.davfs", "fuse.smbnetfs", "fuse.s3fs", "fuse.ceph")
NVIDIA_QUERY = ("--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
NVIDIA_SECONDS = 5.0
# The kernel writes these characters of a path as octal numbers.
OCTAL_ESCAPES = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


@dataclass(frozen=True, slots=True)
class CpuBudget:
    """How many threads may compute at once, and what set the limit."""

    threads: int
    online: int
    affinity: int
    cpuset: int | None
    quota: float | None

    @property
    def reason(self) -> str:
        """What the number comes from: `quota`, `cpuset`, `affinity` or `cores`."""
        if self.quota is not None and self.threads == max(1, int(self.quota)) and self.quota < self.affinity:
            return "quota"
        if self.cpuset is not None and self.threads == self.cpuset < self.affinity:
            return "cpuset"
        return "affinity" if self.affinity < self.online else "cores"


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: of the machine, of what can be had now, and the container's limit if it has one.

    `arc_bytes`: how much of what can be had is in ZFS's cache now.
    """

    total_bytes: int
    available_bytes: int
    limit_bytes: int | None
    arc_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card with memory of its own, as its driver tells of it."""

    name: str
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Processor:
    """The CPU as the kernel names it, and the features that matter to llama.cpp."""

    model: str
    features: tuple[str, ...]


def process_affinity() -> int:
    """CPUs that the scheduler may put this process on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_budget(root: Path = ROOT, affinity: Callable[[], int] = process_affinity) -> CpuBudget:
    """Threads that fit the container: quota rounded down, at least 1, at most the cpuset and the affinity.

    Reads cgroup v1 (`cpu.cfs_quota_us`, `cpuset`) and v2 (`cpu.max`, `cpuset.cpus.effective`) of every ancestor
    group of this process; the tightest one counts.
    """
    allowed = affinity()
    quotas = [quota for folder in cgroup_folders(root, "cpu") if (quota := _quota(folder)) is not None]
    cpusets = [cpus for folder in cgroup_folders(root, "cpuset") if (cpus := _cpuset(folder)) is not None]
    quota = min(quotas, default=None)
    cpuset = min(cpusets, default=None)
    limits = [allowed, *([cpuset] if cpuset else []), *([int(quota)] if quota is not None else [])]
    return CpuBudget(max(1, min(limits)), max(allowed, os.cpu_count() or 1), allowed, cpuset, quota)


def memory(root: Path = ROOT) -> Memory:
    """Memory that a new process can have: MemAvailable, or what is left of the tightest cgroup limit.

    What ZFS caches files in (its ARC) shrinks when memory gets short, but Linux does not count it as available.
    """
    values = _meminfo(root)
    total = values.get("MemTotal", 0)
    arc = _shrinkable_arc(root)
    available = min(total, values.get("MemAvailable", values.get("MemFree", 0)) + arc)
    limit: int | None = None
    for folder in cgroup_folders(root, "memory"):
        group_limit = _number(folder / "memory.max", folder / "memory.limit_in_bytes")
        if group_limit is None or group_limit >= total:
            continue
        used = _number(folder / "memory.current", folder / "memory.usage_in_bytes") or 0
        limit = group_limit if limit is None else min(limit, group_limit)
        available = min(available, max(0, group_limit - used + _reclaimable(folder)))
    return Memory(total, available, limit, min(arc, available))


def gpus(root: Path = ROOT) -> list[Gpu]:
    """Graphics cards of NVIDIA (asked through nvidia-smi) and AMD (from sysfs); empty where there is none."""
    return [*(_nvidia_gpus() if root == ROOT else ()), *_amd_gpus(root)]


def processor(root: Path = ROOT) -> Processor:
    """The CPU's name and features from `/proc/cpuinfo`; empty where there is none (macOS)."""
    try:
        lines = (root / "proc/cpuinfo").read_text().splitlines()
    except OSError:
        return Processor("", ())
    fields: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        fields.setdefault(key.strip().lower(), value.strip())
    features = fields.get("flags", fields.get("features", "")).split()
    model = fields.get("model name") or fields.get("hardware") or fields.get("cpu implementer", "")
    return Processor(model, tuple(features))


def network_file_system(folder: Path, root: Path = ROOT) -> str | None:
    """The name of the network file system that `folder` lies on, or None on a local disk.

    SQLite's write-ahead log needs shared memory between processes, which NFS and SMB do not give.
    """
    kind = file_system(folder, root)
    return kind if kind in NETWORK_FILE_SYSTEMS or kind.startswith(NETWORK_FUSE) else None


def file_system(path: Path, root: Path = ROOT) -> str:
    """The kernel's name of the file system that `path` lies on, such as "ext4"; empty where it cannot be told."""
    resolved = path.resolve()
    best: tuple[int, str] = (-1, "")
    for mount in _mounts(root):
        # The deepest mount holds the path; of two at one place, the later hides the earlier.
        if resolved.is_relative_to(mount.point) and len(mount.point.parts) >= best[0]:
            best = (len(mount.point.parts), mount.kind)
    return best[1]


@dataclass(frozen=True, slots=True)
class _Mount:
    """A line of `/proc/self/mountinfo` (man 5 proc)."""

    root: PurePosixPath
    point: Path
    kind: str
    options: frozenset[str]


def cgroup_folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's group for a controller, and of all groups above it, innermost first."""
    for hierarchy, controllers, path in _cgroups(root):
        unified = hierarchy == "0"
        if not unified and controller not in controllers:
            continue
        for mount in _mounts(root):
            if unified != (mount.kind == "cgroup2") or (not unified and controller not in mount.options):
                continue
            if not unified and mount.kind != "cgroup":
                continue
            top = root / mount.point.relative_to("/")
            inside = path.relative_to(mount.root) if path.is_relative_to(mount.root) else PurePosixPath()
            folder = top / inside if ".." not in inside.parts else top
            while folder != top:
                yield folder
                folder = folder.parent
            yield top


def _cgroups(root: Path) -> Iterator[tuple[str, Sequence[str], PurePosixPath]]:
    for line in _lines(root / "proc/self/cgroup"):
        hierarchy, controllers, path = line.split(":", 2)
        yield hierarchy, controllers.split(","), PurePosixPath(path)


def _mounts(root: Path) -> Iterator[_Mount]:
    for line in _lines(root / "proc/self/mountinfo"):
        left, _, right = line.partition(" - ")
        inner, outer = left.split(), right.split()
        if len(inner) < 5 or len(outer) < 2:
            continue
        options = frozenset(outer[2].split(",")) if len(outer) > 2 else frozenset()
        point = Path(_unescaped(inner[4]))
        yield _Mount(PurePosixPath(inner[3]), point, outer[0], options)


def _unescaped(path: str) -> str:
    for escape, character in OCTAL_ESCAPES.items():
        path = path.replace(escape, character)
    return path


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _quota(folder: Path) -> float | None:
    """CPUs that the group may use per period, or None without a limit."""
    for line in _lines(folder / "cpu.max"):
        quota, _, period = line.partition(" ")
        return None if quota == "max" else int(quota) / int(period or 100_000)
    spent = _number(folder / "cpu.cfs_quota_us")
    period_us = _number(folder / "cpu.cfs_period_us")
    return spent / period_us if spent and period_us and spent > 0 else None


def _cpuset(folder: Path) -> int | None:
    names = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
    for name in names:
        for line in _lines(folder / name):
            if line.strip():
                return _count_cpus(line.strip())
    return None


def _count_cpus(ranges: str) -> int:
    """Number of CPUs in a list such as `0-3,8,10-11`."""
    count = 0
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        count += int(last or first) - int(first) + 1
    return count


def _number(*paths: Path) -> int | None:
    for path in paths:
        for line in _lines(path):
            if line.strip().lstrip("-").isdigit():
                return int(line)
    return None


def _reclaimable(folder: Path) -> int:
    """Page cache of the group that the kernel drops before it kills anybody."""
    for line in _lines(folder / "memory.stat"):
        key, _, value = line.partition(" ")
        if key in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _meminfo(root: Path) -> dict[str, int]:
    values = {}
    for line in _lines(root / "proc/meminfo"):
        key, _, rest = line.partition(":")
        values[key] = int(rest.split()[0]) * 1024
    return values


def _shrinkable_arc(root: Path) -> int:
    """Bytes that ZFS's cache holds above the least that it keeps (`name type data` in each line of arcstats)."""
    fields = [line.split() for line in _lines(root / "proc/spl/kstat/zfs/arcstats")]
    values = {parts[0]: int(parts[2]) for parts in fields if len(parts) == 3 and parts[2].isdigit()}
    return max(0, values.get("size", 0) - values.get("c_min", 0))


def _nvidia_gpus() -> Iterator[Gpu]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return
    try:
        done = subprocess.run(
            [program, *NVIDIA_QUERY], capture_output=True, text=True, timeout=NVIDIA_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return
    for line in done.stdout.splitlines():
        name, _, sizes = line.partition(",")
        total, _, free = sizes.partition(",")
        if total.strip().isdigit() and free.strip().isdigit():
            yield Gpu(name.strip(), int(total) << 20, int(free) << 20)


def _amd_gpus(root: Path) -> Iterator[Gpu]:
    for device in sorted((root / "sys/class/drm").glob("card[0-9]*/device")):
        total = _number(device / "mem_info_vram_total")
        if total:
            name = next(iter(_lines(device / "product_name")), "").strip() or "AMD GPU"
            yield Gpu(name, total, max(0, total - (_number(device / "mem_info_vram_used") or 0)))
