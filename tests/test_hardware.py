"""What a box may use, read from stored trees of containers and machines (`tests/boxes`)."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import hardware

BOXES = Path(__file__).parent / "boxes"
GIB = 1024**3
FOUR_CORES = 4


@pytest.mark.parametrize(
    ("box", "threads", "reason"),
    [
        ("docker-v2", 2, "quota"),
        ("systemd-v2", 3, "quota"),
        ("docker-v1", 1, "quota"),
        ("synology-v1", 3, "cpuset"),
        ("no-limits", 4, "affinity"),
    ],
)
def test_threads_follow_the_container(box: str, threads: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    budget = hardware.cpu_budget(BOXES / box, lambda: FOUR_CORES)
    assert (budget.threads, budget.reason) == (threads, reason)


def test_affinity_of_one_core_gives_one_thread_whatever_the_quota() -> None:
    assert hardware.cpu_budget(BOXES / "docker-v2", lambda: 1).threads == 1


def test_a_quota_above_the_affinity_changes_nothing() -> None:
    budget = hardware.cpu_budget(BOXES / "systemd-v2", lambda: 2)
    assert (budget.threads, budget.quota) == (2, 3.0)


def test_a_box_without_cgroups_uses_its_affinity(tmp_path: Path) -> None:
    assert hardware.cpu_budget(tmp_path, lambda: 3).threads == 3


def test_memory_of_a_container_counts_page_cache_as_free() -> None:
    memory = hardware.memory(BOXES / "docker-v2")
    assert (memory.limit_bytes, memory.available_bytes) == (4 * GIB, 2 * GIB)


def test_memory_of_a_cgroup_v1_container_is_limited() -> None:
    memory = hardware.memory(BOXES / "docker-v1")
    assert (memory.limit_bytes, memory.available_bytes) == (2 * GIB, 2 * GIB - GIB // 2 + GIB // 4)


@pytest.mark.parametrize("box", ["synology-v1", "systemd-v2", "no-limits"])
def test_memory_without_a_limit_is_what_the_kernel_says(box: str) -> None:
    memory = hardware.memory(BOXES / box)
    assert (memory.limit_bytes, memory.available_bytes) == (None, 11210784 * 1024)


def test_the_cache_of_zfs_counts_as_free_but_for_its_least() -> None:
    memory = hardware.memory(BOXES / "truenas-zfs")
    plain = hardware.memory(BOXES / "no-limits")
    assert memory.arc_bytes == 6 * GIB - GIB // 2
    assert memory.available_bytes == min(plain.total_bytes, plain.available_bytes + memory.arc_bytes)
    assert plain.arc_bytes == 0


def test_a_container_limit_stands_above_the_cache_of_zfs(tmp_path: Path) -> None:
    shutil.copytree(BOXES / "docker-v2", tmp_path, dirs_exist_ok=True)
    shutil.copytree(BOXES / "truenas-zfs/proc/spl", tmp_path / "proc/spl")
    assert hardware.memory(tmp_path).available_bytes == 2 * GIB


def test_a_cache_of_zfs_that_cannot_be_read_counts_nothing(tmp_path: Path) -> None:
    shutil.copytree(BOXES / "no-limits", tmp_path, dirs_exist_ok=True)
    stats = tmp_path / "proc/spl/kstat/zfs/arcstats"
    stats.parent.mkdir(parents=True)
    stats.write_text("size 4 many\nc_min\n")
    assert hardware.memory(tmp_path) == hardware.memory(BOXES / "no-limits")


def test_graphics_cards_of_amd_are_found_with_their_memory() -> None:
    free = 17163091968 - GIB
    assert hardware.gpus(BOXES / "truenas-zfs") == [hardware.Gpu("Radeon RX 7800 XT", 17163091968, free)]
    assert hardware.gpus(BOXES / "docker-v1") == []


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (
            "echo 'NVIDIA GeForce RTX 4060 Ti, 16380, 15993'",
            [hardware.Gpu("NVIDIA GeForce RTX 4060 Ti", 16380 << 20, 15993 << 20)],
        ),
        ("echo 'NVIDIA T4, [N/A], [N/A]'", []),
        ("echo 'NVIDIA-SMI has failed'; exit 9", []),
        ("kill -SEGV $$", []),
    ],
)
def test_graphics_cards_of_nvidia_are_asked_for_and_trouble_finds_none(
    script: str, found: list[hardware.Gpu], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert hardware.gpus()[: len(found) or None] == found


def test_a_network_share_is_known_by_its_mount() -> None:
    share = BOXES / "no-limits"
    assert hardware.network_file_system(Path("/volume1/share/hearth"), share) == "nfs4"
    assert hardware.network_file_system(Path("/volume1/other"), share) is None


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["/ ext4"], None),
        (["/ ext4", "/srv cifs"], "cifs"),
        (["/ nfs4", "/srv/hearth ext4"], None),
        (["/ ext4", "/srv/hearth fuse.sshfs"], "fuse.sshfs"),
        (["/ ext4", "/srv/hearth nfs", "/srv/hearth btrfs"], None),
        (["/ ext4", "/srv/hear nfs"], None),
    ],
)
def test_the_deepest_and_latest_mount_decides(lines: list[str], kind: str | None, tmp_path: Path) -> None:
    mounts = [line.split() for line in lines]
    text = "".join(f"1 0 8:1 / {point} rw - {kind} device rw\n" for point, kind in mounts)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(text)
    assert hardware.network_file_system(Path("/srv/hearth/data"), tmp_path) == kind


def test_a_share_with_a_space_in_its_name_is_known(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text("1 0 8:1 / /srv/my\\040share rw - nfs device rw\n")
    assert hardware.network_file_system(Path("/srv/my share/data"), tmp_path) == "nfs"


def test_processor_is_named_with_its_features() -> None:
    celeron = hardware.processor(BOXES / "docker-v1")
    assert "J4125" in celeron.model
    assert "sse4_2" in celeron.features
    assert "avx" not in celeron.features


PIN = "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); os.execv(sys.argv[1], sys.argv[1:])"


def findings_of(box: str, data: Path, *launcher: str) -> dict[str, dict[str, object]]:
    """What `hearth doctor --json` finds on a stored box, by code. It does not try anew what stands in `data`."""
    command = [*launcher, sys.executable, "-m", "app.cli", "doctor", "--json", "--root", str(BOXES / box)]
    environment = {**os.environ, "HEARTH_DATA_DIR": str(data)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return {finding["code"]: finding for finding in json.loads(done.stdout)}


@pytest.mark.parametrize("box", ["docker-v1", "docker-v2"])
def test_doctor_says_one_thread_when_it_is_pinned_to_one_core(box: str, known_box: Path) -> None:
    findings = findings_of(box, known_box, sys.executable, "-c", PIN)
    assert [one["threads"] for code, one in findings.items() if code.startswith("doctor_threads_")] == [1]


def test_doctor_warns_of_a_processor_without_avx2(known_box: Path) -> None:
    assert findings_of("synology-v1", known_box)["doctor_cpu_plain"]["level"] == "warning"
