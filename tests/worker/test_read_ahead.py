"""A model's file is brought into memory in one sweep, with progress, and mapped where that is good."""

import os
from pathlib import Path

import pytest

from app import hardware
from app.worker import read_ahead
from app.worker.read_ahead import PIECE_BYTES, READING_SHARE

ROOM = 1 << 40


def cold_file(path: Path, num_pieces: float) -> Path:
    """A file that is on the disk and, where the file system lets go, not in memory."""
    with path.open("wb") as stream:
        stream.write(os.urandom(int(num_pieces * PIECE_BYTES)))
        stream.flush()
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return path


def lets_go(path: Path) -> bool:
    """Whether the file is really not in memory."""
    with path.open("rb") as stream:
        return not read_ahead.is_cached(stream.fileno(), 0)


def test_cold_file_is_read_to_its_end_with_progress(tmp_path: Path) -> None:
    file = cold_file(tmp_path / "model.gguf", 3.5)
    if not lets_go(file):
        pytest.skip("this file system keeps everything in memory")
    told: list[float] = []
    assert read_ahead.read_ahead(file, told.append, ROOM)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (4, 1.0)
    with file.open("rb") as stream:
        cached = [read_ahead.is_cached(stream.fileno(), place) for place in range(0, file.stat().st_size, 1 << 20)]
    assert all(cached)


def test_file_in_memory_is_not_read_again(tmp_path: Path) -> None:
    file = cold_file(tmp_path / "model.gguf", 2)
    told: list[float] = []
    read_ahead.read_ahead(file, lambda _fraction: None, ROOM)
    with file.open("rb") as stream:
        if not read_ahead.is_cached(stream.fileno(), 0):
            pytest.skip("this file system cannot tell what is in memory")
    assert not read_ahead.read_ahead(file, told.append, ROOM)
    assert told == []


def test_file_that_memory_does_not_take_is_left_to_the_mapping(tmp_path: Path) -> None:
    file = cold_file(tmp_path / "model.gguf", 2)
    assert not read_ahead.read_ahead(file, lambda _fraction: None, PIECE_BYTES)


def test_parent_that_is_gone_ends_the_reading(tmp_path: Path) -> None:
    file = cold_file(tmp_path / "model.gguf", 2)
    if not lets_go(file):
        pytest.skip("this file system keeps everything in memory")

    def report(_fraction: float) -> None:
        raise EOFError

    with pytest.raises(EOFError):
        read_ahead.read_ahead(file, report, ROOM)


def test_all_files_of_a_model_in_several_are_read(tmp_path: Path) -> None:
    parts = [cold_file(tmp_path / f"model-{part:05}-of-00003.gguf", 1) for part in (1, 2, 3)]
    cold_file(tmp_path / "other-00002-of-00003.gguf", 1)
    assert read_ahead.files_of(parts[0]) == parts
    assert read_ahead.files_of(tmp_path / "model.gguf") == [tmp_path / "model.gguf"]
    if lets_go(parts[0]):
        told: list[float] = []
        read_ahead.read_ahead(parts[0], told.append, ROOM)
        assert told == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_progress_goes_on_from_reading_to_loading(tmp_path: Path) -> None:
    file = cold_file(tmp_path / "model.gguf", 2)
    told: list[float] = []
    was_cold = lets_go(file)
    report = read_ahead.load_reports(file, True, told.append)
    for fraction in (0.0, 0.5, 1.0):
        report(fraction)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert (max(told[:-3], default=0.0) == READING_SHARE) is was_cold


def test_file_that_is_not_mapped_is_not_read_twice(tmp_path: Path) -> None:
    file = cold_file(tmp_path / "model.gguf", 1)
    report = list[float]().append
    assert read_ahead.load_reports(file, False, report) is report


@pytest.mark.parametrize(
    ("kind", "is_mapped"),
    [
        ("ext4", True),
        ("btrfs", True),
        ("overlay", True),
        ("nfs4", False),
        ("cifs", False),
        ("fuse.mergerfs", False),
        ("fuseblk", False),
        ("zfs", False),
    ],
)
def test_files_are_mapped_but_for_slow_file_systems(kind: str, is_mapped: bool, tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(f"1 0 8:1 / / rw - {kind} device rw\n")
    model = Path("/models/model.gguf")
    assert read_ahead.choose_mmap(model, 10, 100, tmp_path) is is_mapped
    assert read_ahead.choose_mmap(model, 100, 10, tmp_path), "what does not fit can only be mapped"


def test_file_system_that_cannot_be_told_is_mapped(tmp_path: Path) -> None:
    assert hardware.file_system(Path("/models"), tmp_path) == ""
    assert read_ahead.choose_mmap(Path("/models/model.gguf"), 10, 100, tmp_path)
