"""States in memory: whose they are, which one suits best, and which goes when there is no room."""

from pathlib import Path

import pytest

from app.worker.messages import SnapshotPlan
from app.worker.snapshots import Snapshot, Snapshots


def in_memory(tmp_path: Path, memory_bytes: int = 1000) -> Snapshots:
    """No disk."""
    return Snapshots(SnapshotPlan(str(tmp_path / "snapshots"), "model", memory_bytes, 0))


def found(snapshots: Snapshots, tokens: list[int], owner: str = "ann", chat: str = "one") -> bytes | None:
    """The state that is found, if any."""
    snapshot = snapshots.find(owner, chat, tokens, whole=False, at_least=0)
    return None if snapshot is None else bytes(snapshot.state)


def test_state_of_a_chat_is_found_again_with_its_tokens(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path)
    snapshots.put("ann", "one", [1, 2, 3], b"state")
    assert snapshots.find("ann", "one", [1, 2, 3, 4], whole=False, at_least=2) == Snapshot((1, 2, 3), b"state")
    assert not (tmp_path / "snapshots").exists()


def test_state_that_shares_no_more_than_is_there_already_is_not_found(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path)
    snapshots.put("ann", "one", [1, 2, 3], b"state")
    assert snapshots.find("ann", "one", [1, 2, 3, 4], whole=False, at_least=3) is None
    assert snapshots.find("ann", "one", [7, 2, 3, 4], whole=False, at_least=0) is None


def test_longest_common_beginning_wins_whatever_chat_it_is_of(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path)
    snapshots.put("ann", "one", [1, 2, 9], b"one")
    snapshots.put("ann", "two", [1, 2, 3, 4, 8], b"two")
    snapshots.put("ann", "three", [1, 2, 3], b"three")
    assert found(snapshots, [1, 2, 3, 4, 5]) == b"two"


def test_what_was_read_for_one_person_is_never_found_for_another(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path)
    snapshots.put("ann", "one", [1, 2, 3], b"ann")
    assert found(snapshots, [1, 2, 3], owner="bob") is None


def test_whole_states_must_be_the_beginning_to_their_last_token(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path)
    snapshots.put("ann", "one", [1, 2, 3, 4, 9], b"longer")
    snapshots.put("ann", "two", [1, 2], b"whole")
    best = snapshots.find("ann", "one", [1, 2, 3, 4, 5], whole=True, at_least=0)
    assert best == Snapshot((1, 2), b"whole")


def test_equal_ones_are_told_apart_by_the_chat_and_by_their_length(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path)
    snapshots.put("ann", "one", [1, 2, 3, 4], b"long")
    snapshots.put("ann", "two", [1, 2, 3], b"short")
    assert found(snapshots, [1, 2], chat="one") == b"long"
    assert found(snapshots, [1, 2], chat="another") == b"short"


def test_newest_state_of_a_chat_takes_the_place_of_the_older(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path, memory_bytes=10)
    snapshots.put("ann", "one", [1, 2, 3], b"older")
    snapshots.put("ann", "one", [1, 2], b"newer")
    snapshots.put("ann", "two", [5], b"other")
    assert found(snapshots, [1, 2, 3]) == b"newer"
    assert found(snapshots, [5]) == b"other"


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path, memory_bytes=10)
    snapshots.put("ann", "one", [1], b"11111")
    snapshots.put("ann", "two", [2], b"22222")
    assert found(snapshots, [1]) == b"11111"
    snapshots.put("ann", "three", [3], b"33333")
    assert [found(snapshots, [token]) for token in (1, 2, 3)] == [b"11111", None, b"33333"]


def test_state_that_is_larger_than_the_budget_drives_nothing_out(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path, memory_bytes=10)
    snapshots.put("ann", "one", [1], b"small")
    snapshots.put("ann", "two", [2], b"much too large")
    assert [found(snapshots, [token]) for token in (1, 2)] == [b"small", None]


def test_nothing_is_kept_without_memory_and_without_disk(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path, memory_bytes=0)
    snapshots.put("ann", "one", [1], b"state")
    assert found(snapshots, [1]) is None


def test_forgotten_chat_is_not_found_and_its_memory_is_free(tmp_path: Path) -> None:
    snapshots = in_memory(tmp_path, memory_bytes=10)
    snapshots.put("ann", "one", [1], b"11111")
    snapshots.forget("ann", "one")
    snapshots.forget("ann", "never was")
    assert found(snapshots, [1]) is None
    snapshots.put("ann", "two", [2], b"22222")
    snapshots.put("ann", "three", [3], b"33333")
    assert found(snapshots, [2]) == b"22222"


@pytest.mark.parametrize("whole", [False, True])
def test_empty_texts_find_nothing(tmp_path: Path, whole: bool) -> None:
    snapshots = in_memory(tmp_path)
    snapshots.put("ann", "one", [], b"state")
    assert snapshots.find("ann", "one", [], whole=whole, at_least=0) is None
    assert snapshots.find("ann", "one", [1], whole=whole, at_least=0) is None
