"""A result appears whole under its name, or not at all."""

import os
from pathlib import Path

import pytest

from app.errors import BadSetup, Conflict, HearthError
from app.weights import output_file


def test_the_name_appears_at_the_end_only(tmp_path: Path) -> None:
    output = tmp_path / "result"
    with output_file.new_file(output, 3) as part:
        part.write_bytes(b"abc")
        assert not output.exists()
    assert output.read_bytes() == b"abc"
    assert list(tmp_path.iterdir()) == [output]


def test_two_at_once_do_not_write_over_each_other(tmp_path: Path) -> None:
    with output_file.new_file(tmp_path / "result", 3) as part:
        part.write_bytes(b"abc")
        with pytest.raises(Conflict) as refused, output_file.new_file(tmp_path / "result", 3):
            raise AssertionError("it must not get here")
    assert refused.value.code == "output_in_work"
    assert (tmp_path / "result").read_bytes() == b"abc"


def test_a_name_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    output = tmp_path / "result"
    with pytest.raises(Conflict), output_file.new_file(output, 3):
        output.write_bytes(b"mine")
    assert output.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [output]


def test_a_link_in_place_of_the_part_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "result.part").symlink_to(tmp_path / "precious")
    with pytest.raises(BadSetup) as refused, output_file.new_file(tmp_path / "result", 3):
        raise AssertionError("it must not get here")
    assert refused.value.code == "output_unwritable"
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_full_disk_is_said_as_such(tmp_path: Path) -> None:
    with pytest.raises(BadSetup) as refused, output_file.new_file(tmp_path / "result", 3):
        raise OSError(28, "No space left on device")
    assert refused.value.code == "disk_full"
    assert list(tmp_path.iterdir()) == []


def test_a_link_as_the_output_counts_as_taken(tmp_path: Path) -> None:
    (tmp_path / "result").symlink_to(tmp_path / "nothing")
    with pytest.raises(HearthError) as refused:
        output_file.check_free(tmp_path / "result")
    assert refused.value.code == "output_exists"


@pytest.mark.parametrize(
    ("num_bytes", "said"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (4_920_000_000, "4.9 GB"), (2 * 10**12, "2.0 TB")],
)
def test_sizes_are_said_as_disks_are_sold(num_bytes: int, said: str) -> None:
    assert output_file.readable(num_bytes) == said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_said_as_such(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadSetup) as refused, output_file.new_file(tmp_path / "result", 3):
        raise AssertionError("it must not get here")
    assert refused.value.code == "output_unwritable"
