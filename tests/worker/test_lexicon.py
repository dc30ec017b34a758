"""Tokens are found by how they begin."""

from app.worker.lexicon import Lexicon

PIECES = [b"a", b"ab", b"abc", b"b", b"", b"\xff\x00", b"a\xff", b"\xff", b"ac", b"\x00"]


def found(lexicon: Lexicon, beginnings: set[bytes]) -> set[bytes]:
    return {PIECES[token] for token in lexicon.with_beginnings(frozenset(beginnings))}


def test_all_that_begin_with_a_byte_are_found_and_no_others() -> None:
    lexicon = Lexicon(PIECES)
    assert {PIECES[token] for token in lexicon.beginning_with(frozenset(b"a\xff"))} == {
        piece for piece in PIECES if piece[:1] in (b"a", b"\xff")
    }
    assert len(lexicon.beginning_with(frozenset())) == 0
    assert len(lexicon.beginning_with(frozenset(range(256)))) == len(PIECES) - 1


def test_beginnings_have_two_bytes_where_there_are_two() -> None:
    assert Lexicon(PIECES).beginnings(b"a\xff") == [b"a", b"ab", b"ac", b"a\xff", b"\xff", b"\xff\x00"]


def test_a_whole_beginning_finds_those_that_have_just_it() -> None:
    lexicon = Lexicon(PIECES)
    assert found(lexicon, {b"a"}) == {b"a"}
    assert found(lexicon, {b"ab", b"\xff"}) == {b"ab", b"abc", b"\xff"}
    assert found(lexicon, set()) == set()
