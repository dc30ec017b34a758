"""The name of a file's contents: the same for a copy, another one for any change that a tool makes."""

from pathlib import Path

import pytest

from app.weights.fingerprint import SAMPLE_BYTES, fingerprint

SIZE = 64 * SAMPLE_BYTES


def write(path: Path, changed_at: int | None = None, size: int = SIZE) -> Path:
    data = bytearray(number * 7 % 251 for number in range(size))
    if changed_at is not None:
        data[changed_at] ^= 1
    path.write_bytes(data)
    return path


def test_a_copy_has_the_same_fingerprint(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one"), write(tmp_path / "other")
    assert fingerprint([one], 1000) == fingerprint([other], 1000)
    assert len(fingerprint([one], 1000)) == 64


@pytest.mark.parametrize("place", [0, 999, 1000, SIZE - 1])
def test_a_change_in_the_header_at_the_beginning_or_end_of_the_weights_is_seen(tmp_path: Path, place: int) -> None:
    assert fingerprint([write(tmp_path / "one")], 1000) != fingerprint([write(tmp_path / "other", place)], 1000)


def test_another_size_is_seen(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one"), write(tmp_path / "other", size=SIZE + 1)
    assert fingerprint([one], 1000) != fingerprint([other], 1000)


def test_every_shard_counts(tmp_path: Path) -> None:
    first, second, other = (write(tmp_path / name, place) for name, place in (("1", None), ("2", 0), ("3", 1)))
    assert len({fingerprint(files, 1000) for files in ([first], [first, second], [first, other])}) == 3


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_small_file_has_one_too(tmp_path: Path, size: int) -> None:
    assert fingerprint([write(tmp_path / "small", size=size)], 4096)


def test_what_is_no_file_cannot_be_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError):
            fingerprint([path], 1000)
