"""A snapshot file that is not exactly what was written is removed in silence, and never reaches llama.cpp."""

import logging
import multiprocessing
import random
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from app.worker import packed_tokens, snapshot_file
from app.worker.messages import SnapshotPlan
from app.worker.snapshot_file import Header, SnapshotBroken
from app.worker.snapshots import Snapshots

TOKENS = list(range(40))
STATE = random.Random(1).randbytes(5000)
SECONDS = 30.0


def open_snapshots(folder: Path, identity: str = "model") -> Snapshots:
    """As a worker does."""
    return Snapshots(SnapshotPlan(str(folder), identity, 10**6, 10**8))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good file of the chat `one` of `ann`."""
    snapshots = open_snapshots(tmp_path)
    snapshots.put("ann", "one", TOKENS, STATE)
    snapshots.close(SECONDS)
    (path,) = tmp_path.glob("*/*")
    return path


def is_found(file: Path) -> bool:
    """Whether a new worker takes it."""
    snapshot = open_snapshots(file.parent.parent).find("ann", "one", TOKENS, whole=False, at_least=0)
    assert snapshot is None or (snapshot.tokens, bytes(snapshot.state)) == (tuple(TOKENS), STATE)
    return snapshot is not None


def is_refused(file: Path, content: bytes) -> bool:
    """Whether a file of this content is neither found nor left, and nothing is said about it."""
    file.write_bytes(content)
    return not is_found(file) and not file.exists()


def test_good_file_is_taken_again_and_again(file: Path) -> None:
    assert is_found(file)
    assert is_found(file)


def test_file_with_any_byte_flipped_is_removed(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = file.read_bytes()
    header_bytes = len(good) - len(STATE)
    places = [*range(header_bytes), *range(header_bytes, len(good), 97), len(good) - 1]
    with caplog.at_level(logging.INFO):
        for place in places:
            flipped = bytes([good[place] ^ 1 << place % 8])
            assert is_refused(file, good[:place] + flipped + good[place + 1 :]), place
    assert not caplog.records
    file.write_bytes(good)
    assert is_found(file)


def test_file_that_is_cut_anywhere_is_removed(file: Path) -> None:
    good = file.read_bytes()
    header_bytes = len(good) - len(STATE)
    for length in [*range(header_bytes + 2), *range(header_bytes + 2, len(good), 131), len(good) - 1]:
        assert is_refused(file, good[:length]), length


def test_file_with_something_behind_it_is_removed(file: Path) -> None:
    assert is_refused(file, file.read_bytes() + b"\0")


def test_file_of_another_version_is_removed(file: Path) -> None:
    good = file.read_bytes()
    fields = bytearray(good[: snapshot_file.FIELDS.size])
    fields[8] += 1
    encoded = good[snapshot_file.OPENING_BYTES : -len(STATE)]
    digest = snapshot_file.digest(bytes(fields), encoded)
    assert is_refused(file, bytes(fields) + digest + encoded + STATE)


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"HEARTHKV", b"HEARTHKV\1\0\0\0\xff\xff\xff\xff" + b"\0" * 99])
def test_file_that_is_none_of_ours_is_removed(file: Path, content: bytes) -> None:
    assert is_refused(file, content)


def test_file_in_the_place_of_another_is_removed(file: Path, tmp_path: Path) -> None:
    snapshots = open_snapshots(tmp_path)
    snapshots.put("ann", "two", TOKENS, b"other chat")
    snapshots.put("bob", "one", TOKENS, b"other person")
    snapshots.close(SECONDS)
    other_model = open_snapshots(tmp_path, "another")
    other_model.put("ann", "one", TOKENS, b"other model")
    other_model.close(SECONDS)
    others = [path.read_bytes() for path in tmp_path.glob("*/*") if path != file]
    for path in tmp_path.glob("*/*"):
        path.unlink()
    assert len(others) == 3
    for content in others:
        assert is_refused(file, content)


def with_header(header: bytes) -> bytes:
    """The content of a file with another header, whose checksum is right."""
    fields = snapshot_file.FIELDS.pack(snapshot_file.MAGIC, snapshot_file.VERSION, len(header))
    return fields + snapshot_file.digest(fields, header) + header + STATE


@pytest.mark.parametrize("header", [b"", b"\xc1", b"\x80", b"\x93\1\2\3"])
def test_header_that_is_no_header_is_removed_though_its_checksum_is_right(file: Path, header: bytes) -> None:
    assert is_refused(file, with_header(header))


def test_folder_in_the_place_of_a_file_is_passed_over(file: Path) -> None:
    file.unlink()
    file.mkdir()
    assert not is_found(file)


def test_header_can_be_read_without_the_body(file: Path) -> None:
    header = snapshot_file.read_header(file)
    assert packed_tokens.unpack(header.tokens) == tuple(TOKENS)
    assert header.body_bytes == len(STATE)


def test_body_that_shrinks_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    snapshot_file.write(path, Header("", "", "", b"", 0, b""), STATE, lambda: True)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SnapshotBroken):
        snapshot_file.read(path)


def write_under_a_limit(folder: str, limit: int) -> None:
    """Runs in a child, to which files larger than the limit are as a full disk is: writing fails in the middle."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    snapshots = open_snapshots(Path(folder))
    snapshots.put("ann", "large", TOKENS, bytes(10 * limit))
    snapshots.put("ann", "small", TOKENS, b"state")
    snapshots.close(SECONDS)
    assert snapshots.find("ann", "large", TOKENS, whole=False, at_least=0) is not None
    assert not list(Path(folder).glob("*/*.part"))


def in_a_child(work: Callable[[str, int], None], folder: Path, limit: int) -> int | None:
    """The exit code of a process of its own."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=(str(folder), limit))
    process.start()
    process.join(SECONDS)
    return process.exitcode


def test_disk_that_is_full_in_the_middle_of_a_file_costs_only_that_file(tmp_path: Path) -> None:
    assert in_a_child(write_under_a_limit, tmp_path, 20_000) == 0
    assert len(list(tmp_path.glob("*/*"))) == 1
    found = open_snapshots(tmp_path).find("ann", "small", TOKENS, whole=False, at_least=0)
    assert found is not None
    assert bytes(found.state) == b"state"
