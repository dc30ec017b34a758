"""States on disk: found again by the next worker, under a budget, written aside, and gone when a chat is gone."""

import logging
import os
import shutil
import threading
from pathlib import Path

import pytest

from app.worker import snapshot_folder
from app.worker.messages import SnapshotPlan
from app.worker.snapshot_folder import SnapshotFolder
from app.worker.snapshot_writer import Kept, SnapshotWriter
from app.worker.snapshots import Snapshot, Snapshots, forget_chat

FILE_BYTES = 100_000
STATE = bytes(FILE_BYTES - 2000)
SECONDS = 30.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where snapshots go."""
    return tmp_path / "snapshots"


def worker(folder: Path, identity: str = "model", memory: int = 10**7, disk: int = 10**8) -> Snapshots:
    """The snapshots of one worker."""
    return Snapshots(SnapshotPlan(str(folder), identity, memory, disk))


def save(folder: Path, owner: str, chat: str, tokens: list[int], state: bytes = b"state", disk: int = 10**8) -> None:
    """As a worker that lived before."""
    snapshots = worker(folder, disk=disk)
    snapshots.put(owner, chat, tokens, state)
    snapshots.close(SECONDS)


def found(folder: Path, tokens: list[int], owner: str = "ann", identity: str = "model") -> bytes | None:
    """What a new worker finds."""
    snapshot = worker(folder, identity).find(owner, "any", tokens, whole=False, at_least=0)
    return None if snapshot is None else bytes(snapshot.state)


def files(folder: Path) -> list[Path]:
    """All files, whatever they are called."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def grow_old(folder: Path, seconds: int) -> None:
    """All files were used so many seconds earlier."""
    for path in files(folder):
        before = path.stat().st_mtime - seconds
        os.utime(path, (before, before))


def test_next_worker_finds_what_the_last_one_has_written(folder: Path) -> None:
    save(folder, "ann", "one", [1, 2, 3], STATE)
    again = worker(folder).find("ann", "one", [1, 2, 3, 4], whole=False, at_least=2)
    assert again == Snapshot((1, 2, 3), bytearray(STATE))


def test_longest_on_disk_wins_over_a_shorter_one_in_memory_and_memory_wins_a_tie(folder: Path) -> None:
    save(folder, "ann", "one", [1, 2, 3], b"disk")
    snapshots = worker(folder)
    snapshots.put("ann", "two", [1, 2, 9], b"memory")
    longest = snapshots.find("ann", "two", [1, 2, 3, 4], whole=False, at_least=0)
    tied = snapshots.find("ann", "two", [1, 2, 4], whole=False, at_least=0)
    assert longest == Snapshot((1, 2, 3), bytearray(b"disk"))
    assert tied == Snapshot((1, 2, 9), b"memory")


def test_whole_states_on_disk_must_be_the_beginning_to_their_last_token(folder: Path) -> None:
    save(folder, "ann", "one", [1, 2, 3, 4, 9], b"longer")
    save(folder, "ann", "two", [1, 2], b"whole")
    best = worker(folder).find("ann", "one", [1, 2, 3, 4, 5], whole=True, at_least=0)
    assert best == Snapshot((1, 2), bytearray(b"whole"))


def test_other_person_and_other_model_find_nothing(folder: Path) -> None:
    save(folder, "ann", "one", [1, 2, 3])
    assert found(folder, [1, 2, 3], owner="bob") is None
    assert found(folder, [1, 2, 3], identity="another") is None
    assert found(folder, [1, 2, 3]) == b"state"


def test_nobody_else_may_read_the_files_and_no_part_is_left(folder: Path) -> None:
    save(folder, "ann", "one", [1, 2, 3])
    (path,) = files(folder)
    assert path.name.endswith(".snapshot")
    assert path.stat().st_mode & 0o777 == 0o600
    assert {each.stat().st_mode & 0o777 for each in (folder, path.parent)} == {0o700}


def test_state_without_a_chat_stays_in_memory(folder: Path) -> None:
    snapshots = worker(folder)
    snapshots.put("ann", "", [1, 2], b"state")
    snapshots.write_out()
    assert snapshots.find("ann", "", [1, 2], whole=False, at_least=0) == Snapshot((1, 2), b"state")
    snapshots.close(SECONDS)
    assert files(folder) == []


def test_file_of_a_chat_is_replaced_by_its_newer_state(folder: Path) -> None:
    save(folder, "ann", "one", [1, 2, 3], b"older")
    snapshots = worker(folder)
    assert snapshots.find("ann", "one", [1, 2, 3, 4], whole=False, at_least=0) is not None
    snapshots.put("ann", "one", [1, 2, 3, 4], b"newer")
    snapshots.close(SECONDS)
    assert len(files(folder)) == 1
    assert found(folder, [1, 2, 3, 4]) == b"newer"


def test_what_leaves_memory_unwritten_is_written_then(folder: Path) -> None:
    snapshots = worker(folder, memory=100_000)
    for token in (1, 2, 3, 4):
        snapshots.put("ann", str(token), [token], bytes([token]) * 30_000)
    again = snapshots.find("ann", "1", [1], whole=False, at_least=0)
    assert again is not None
    assert bytes(again.state) == b"\1" * 30_000
    snapshots.close(SECONDS)
    assert [found(folder, [token]) for token in (1, 2, 3, 4)] == [bytes([token]) * 30_000 for token in (1, 2, 3, 4)]


def test_state_larger_than_the_memory_goes_to_disk(folder: Path) -> None:
    snapshots = worker(folder, memory=10)
    snapshots.put("ann", "one", [1], STATE)
    snapshots.close(SECONDS)
    assert found(folder, [1]) == STATE


def test_least_recently_used_files_of_any_model_go_first(folder: Path) -> None:
    save(folder, "ann", "one", [1], STATE)
    other = worker(folder, "another")
    other.put("bob", "two", [2], STATE)
    other.close(SECONDS)
    grow_old(folder, 1000)
    save(folder, "ann", "three", [3], STATE)
    grow_old(folder, 1000)
    assert found(folder, [1]) == STATE, "and with that it was used just now"
    save(folder, "ann", "four", [4], STATE, disk=3 * FILE_BYTES)
    assert found(folder, [2], "bob", "another") is None
    save(folder, "ann", "five", [5], STATE, disk=3 * FILE_BYTES)
    assert [found(folder, [token]) is not None for token in (1, 3, 4, 5)] == [True, False, True, True]
    assert sum(path.stat().st_size for path in files(folder)) <= 3 * FILE_BYTES


def test_state_that_never_fits_drives_no_file_out(folder: Path) -> None:
    save(folder, "ann", "one", [1], b"state")
    save(folder, "ann", "two", [2], STATE, disk=FILE_BYTES // 2)
    assert [found(folder, [token]) for token in (1, 2)] == [b"state", None]


def test_forgotten_chat_is_gone_for_all_models_and_others_stay(folder: Path) -> None:
    save(folder, "ann", "one", [1])
    save(folder, "ann", "two", [2])
    other = worker(folder, "another")
    other.put("ann", "one", [1], b"state")
    other.close(SECONDS)
    assert len(files(folder)) == 3
    worker(folder).forget("ann", "one")
    assert found(folder, [1]) is None
    assert found(folder, [1], identity="another") is None
    assert found(folder, [2]) == b"state"


def test_parent_forgets_a_chat_without_any_worker(folder: Path) -> None:
    save(folder, "ann", "one", [1])
    save(folder, "bob", "one", [1])
    forget_chat(folder, "ann", "one")
    forget_chat(folder / "nowhere", "ann", "one")
    assert found(folder, [1]) is None
    assert found(folder, [1], owner="bob") == b"state"


def test_chat_that_is_forgotten_while_it_waits_is_never_written(folder: Path) -> None:
    snapshots = worker(folder)
    for number in range(20):
        snapshots.put("ann", str(number), [number], STATE)
    snapshots.write_out()
    for number in range(20):
        snapshots.forget("ann", str(number))
    snapshots.close(SECONDS)
    assert files(folder) == []


def test_parts_that_were_never_finished_are_removed_at_the_start(folder: Path) -> None:
    save(folder, "ann", "one", [1])
    (path,) = files(folder)
    left = path.with_name(path.name + snapshot_folder.PART_SUFFIX)
    left.write_bytes(b"half")
    foreign = folder / "0123456789abcdef"
    foreign.mkdir()
    old, new = foreign / "old.snapshot.part", foreign / "new.snapshot.part"
    for each in (old, new):
        each.write_bytes(b"half")
    os.utime(old, (1, 1))
    worker(folder)
    assert files(folder) == sorted([path, new])


def test_folder_that_vanishes_is_made_again(folder: Path) -> None:
    snapshots = worker(folder)
    shutil.rmtree(folder)
    snapshots.put("ann", "one", [1], b"state")
    snapshots.close(SECONDS)
    assert found(folder, [1]) == b"state"


def test_folder_that_cannot_be_made_leaves_memory_to_work_with(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.write_text("not a folder")
    snapshots = worker(folder)
    snapshots.put("ann", "one", [1], b"state")
    snapshots.close(SECONDS)
    assert snapshots.find("ann", "one", [1], whole=False, at_least=0) == Snapshot((1,), b"state")
    assert len(caplog.records) == 1


def test_failure_to_write_is_told_once_and_nothing_else_happens(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    snapshots = worker(folder)
    shutil.rmtree(folder)
    folder.write_text("in the way")
    with caplog.at_level(logging.INFO):
        for chat in ("one", "two", "three"):
            snapshots.put("ann", chat, [1], b"state")
        snapshots.close(SECONDS)
    assert snapshots.find("ann", "one", [1], whole=False, at_least=0) is not None
    assert len([record for record in caplog.records if record.name == "app.worker.snapshot_writer"]) == 1


class HeldUp(SnapshotFolder):
    """A folder whose writer stops before each file until it is let go."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "model", 10**8)
        self.prepare()
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def make_room(self, num_bytes: int, path: Path) -> bool:
        self.has_begun.set()
        assert self.may_go_on.wait(SECONDS)
        return super().make_room(num_bytes, path)


def test_chat_that_is_forgotten_while_it_is_written_leaves_no_file(folder: Path) -> None:
    held_up = HeldUp(folder)
    writer = SnapshotWriter(held_up, 0)
    writer.queue(Kept("ann", "one", b"", STATE))
    assert held_up.has_begun.wait(SECONDS)
    assert len(writer.pending("ann")) == 1
    writer.forget("ann", "one")
    assert writer.pending("ann") == []
    held_up.may_go_on.set()
    writer.close(SECONDS)
    assert files(folder) == []


def test_queue_holds_the_newest_of_each_chat_and_little_that_nobody_else_holds(folder: Path) -> None:
    held_up = HeldUp(folder)
    writer = SnapshotWriter(held_up, 100)
    writer.queue(Kept("ann", "first", b"", b"state"))
    assert held_up.has_begun.wait(SECONDS)
    older, newer = Kept("ann", "one", b"", b"older"), Kept("ann", "one", b"", b"newer")
    writer.queue(older)
    writer.queue(newer)
    assert older not in writer.pending("ann")
    assert newer in writer.pending("ann")
    alone = [Kept("bob", str(number), b"", b"x" * 60, is_evicted=True) for number in range(3)]
    for each in alone:
        writer.queue(each)
    assert writer.pending("bob") == alone[2:]
    for number in range(200):
        writer.queue(Kept("eve", str(number), b"", b"state"))
    assert len(writer.pending("eve")) <= 64
    held_up.may_go_on.set()
    writer.close(SECONDS)
    assert len(files(folder)) == 64 + 1


def test_closing_waits_no_longer_than_it_may(folder: Path) -> None:
    held_up = HeldUp(folder)
    writer = SnapshotWriter(held_up, 0)
    kept = Kept("ann", "one", b"", STATE)
    writer.queue(kept)
    assert held_up.has_begun.wait(SECONDS)
    writer.close(0.0)
    assert kept.is_unwanted
    held_up.may_go_on.set()
    writer.close(SECONDS)
    assert files(folder) == []


def test_closing_ends_the_thread_and_nothing_is_written_afterwards(folder: Path) -> None:
    before = threading.active_count()
    snapshots = worker(folder)
    snapshots.put("ann", "two", [2], b"state")
    snapshots.close(SECONDS)
    assert threading.active_count() == before
    snapshots.put("ann", "three", [3], b"state")
    snapshots.write_out()
    assert found(folder, [2]) == b"state"
    assert found(folder, [3]) is None
