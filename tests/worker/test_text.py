"""Whole characters only, and never a part of a stop string."""

import itertools
import random

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


def test_any_cutting_of_any_text_gives_what_stands_before_the_first_stop_string() -> None:
    draw = random.Random(11)
    for _ in range(3000):
        text = "".join(draw.choice("ab\né🦙") for _ in range(draw.randrange(30)))
        stop = ["".join(draw.choice("ab\né") for _ in range(draw.randrange(1, 5))) for _ in range(draw.randrange(4))]
        stream = TextStream(stop)
        told = []
        data = text.encode()
        while data:
            length = draw.randrange(1, 6)
            told.append(stream.add(data[:length]))
            data = data[length:]
            assert not any(string in "".join(told) for string in stop)
        whole = "".join(told) + stream.finish()
        ends = [text.index(string) for string in stop if string in text]
        assert whole == first_stopped(text, stop)
        assert stream.is_stopped == bool(ends)


def first_stopped(text: str, stop: list[str]) -> str:
    """What comes before a stop string, where the text is searched at each step as far as it is known."""
    for end in range(len(text) + 1):
        starts = [text[:end].index(string) for string in stop if string in text[:end]]
        if starts:
            return text[: min(starts)]
    return text
