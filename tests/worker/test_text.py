"""Whole characters only, and never a part of a stop string."""

import itertools

import pytest

from app.worker.text import TextStream


def test_text_without_stop_strings_comes_at_once() -> None:
    stream = TextStream()
    assert [stream.add(b"Hel"), stream.add(b"lo"), stream.finish()] == ["Hel", "lo", ""]


def test_bytes_of_a_character_wait_for_each_other() -> None:
    stream = TextStream()
    assert [stream.add(bytes([byte])) for byte in "é🦙".encode()] == ["", "é", "", "", "", "🦙"]


def test_half_a_character_at_the_end_is_dropped() -> None:
    stream = TextStream()
    assert stream.add("a🦙".encode()[:3]) + stream.finish() == "a"


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    assert TextStream().add(b"a\xffb") == "a\ufffdb"


@pytest.mark.parametrize("cuts", list(itertools.combinations(range(1, 11), 2)))
def test_stop_string_is_found_wherever_tokens_are_cut(cuts: tuple[int, int]) -> None:
    whole = b"Hi\n\nUser: x"
    stream = TextStream(["\nUser:", "###"])
    pieces = [whole[: cuts[0]], whole[cuts[0] : cuts[1]], whole[cuts[1] :]]
    assert "".join(stream.add(piece) for piece in pieces) + stream.finish() == "Hi\n"
    assert stream.is_stopped


def test_no_part_of_a_stop_string_is_ever_sent() -> None:
    stream = TextStream(["stop"])
    assert [stream.add(piece) for piece in (b"a s", b"t", b"o", b"x st", b"op more")] == ["a ", "", "", "stox ", ""]


def test_earliest_of_several_stop_strings_counts() -> None:
    stream = TextStream(["later", "b"])
    assert stream.add(b"abc later") == "a"


def test_empty_stop_string_stops_nothing() -> None:
    stream = TextStream([""])
    assert stream.add(b"abc") == "abc"
    assert not stream.is_stopped


def test_nothing_is_given_out_after_the_stop() -> None:
    stream = TextStream(["x"])
    assert [stream.add(b"ax"), stream.add(b"b"), stream.finish()] == ["a", "", ""]
