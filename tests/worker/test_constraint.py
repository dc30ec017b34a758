"""Grammars are followed exactly, read with care, and never without bounds."""

import random
import re

import pytest

from app.errors import InvalidInput
from app.worker import gbnf
from app.worker.constraint import Constraint
from app.worker.matching import TooAmbiguous


def follows(grammar: str, text: bytes) -> bool:
    """Whether the whole text is one of those that the grammar allows, byte by byte."""
    constraint = Constraint(grammar)
    for byte in text:
        constraint.begin_token()
        if not constraint.allows(bytes([byte])):
            return False
        assert byte in constraint.first_bytes()
        constraint.accept(bytes([byte]))
    return constraint.can_end


@pytest.mark.parametrize(
    ("grammar", "pattern"),
    [
        ('root ::= "a"', "a"),
        ('root ::= "a"* "b"+ "c"?', "a*b+c?"),
        ("root ::= [ab]{2} [^a]{1,2}", "[ab]{2}[^a]{1,2}"),
        ('root ::= ("ab" | "a" "c"){2,}', "(ab|ac){2,}"),
        ('root ::= x | "b" root\nx ::= "a" | ""', "b*a?"),
        ('root ::= ("a"? "b"?)* "c"', "[ab]*c"),
        ('root ::= (("a"*)*)*', "a*"),
        ("root ::= [a-] # remark\n\n", "[a-]"),
        ('root ::= "a" |\n "b" ( "c" |\n "a" )', "a|b[ca]"),
        ("root ::= . [\\x61-\\u0062]", ".[ab]"),
    ],
)
def test_a_grammar_allows_what_its_regular_expression_does(grammar: str, pattern: str) -> None:
    draw = random.Random(5)
    texts = {"".join(draw.choice("abc-") for _ in range(draw.randrange(7))) for _ in range(400)}
    for text in texts:
        assert follows(grammar, text.encode()) == bool(re.fullmatch(pattern, text)), text


def test_balanced_brackets_are_counted() -> None:
    grammar = 'root ::= "(" root ")" root | ""'
    assert follows(grammar, b"(()(()))()")
    assert not follows(grammar, b"(()(()))(")
    assert not follows(grammar, b"())")


@pytest.mark.parametrize("text", ["é", "🦙", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U0010ffff"])
def test_characters_of_several_bytes_are_followed_byte_by_byte(text: str) -> None:
    assert follows("root ::= .", text.encode())
    assert follows(f"root ::= [{text}]", text.encode())
    assert not follows(f"root ::= [^{text}]", text.encode())


@pytest.mark.parametrize(
    "data", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe0\x80\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xc3a"]
)
def test_bytes_that_are_no_text_are_not_allowed(data: bytes) -> None:
    assert not follows("root ::= .*", data)
    assert not Constraint("root ::= .*").allows(data)


def test_an_answer_does_not_end_in_half_a_character() -> None:
    constraint = Constraint("root ::= .*")
    constraint.accept("é".encode()[:1])
    assert not constraint.can_end
    assert constraint.first_bytes() == frozenset(range(0x80, 0xC0))


@pytest.mark.parametrize(
    "grammar",
    [
        "",
        "x",
        "root",
        "root ::=  (",
        "root ::= )",
        'root ::= "a',
        "root ::= [a",
        "root ::= [a-",
        'root ::= "\\q"',
        'root ::= "\\x1"',
        'root ::= "\\u12g4"',
        "root ::= *",
        'root ::= "a"{',
        'root ::= "a"{2,1}',
        'root ::= "a"{1000000000000000000000}',
        'root ::= "a"{,3}',
        "root ::= none",
        'other ::= "a"',
        "root ::= <|eot|>",
        "root ::= !<[5]>",
        "root ::= root",
        'root ::= root "a" | "b"',
        'root ::= a\na ::= b "x"\nb ::= "" | a',
        'root ::= empty root "y" | "x"\nempty ::= also\nalso ::= ""',
        'root ::= "x"* root',
        "root ::= " + "(" * 1000 + '"a"' + ")" * 1000,
        "root ::= " + '"a" ' * 40000,
        "\0",
        "root ::= \ud800",
    ],
)
def test_a_hostile_or_broken_grammar_is_refused(grammar: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Constraint(grammar)
    assert refused.value.code == "grammar_invalid"
    assert refused.value.params["detail"]


def test_rules_that_multiply_at_the_start_are_refused() -> None:
    rules = [f'r{number} ::= r{number + 1} "x" | r{number + 1} "y"' for number in range(60)]
    grammar = "root ::= r0\n" + "\n".join(rules) + '\nr60 ::= "z"'
    with pytest.raises(InvalidInput, match="grammar_invalid"):
        Constraint(grammar)


def test_ways_that_multiply_with_the_text_are_given_up() -> None:
    constraint = Constraint('root ::= "a" root "b" | "a" root "c" | "d"')
    with pytest.raises(TooAmbiguous):
        for _ in range(64):
            constraint.begin_token()
            constraint.accept(b"a")


@pytest.mark.parametrize("piece", [b" " * 128, b" " * 60 + b"x", b"a" * 1000])
def test_a_long_token_cannot_make_the_work_explode(piece: bytes) -> None:
    constraint = Constraint('root ::= [ a] root "b" | [ a] root "c" | "d"')
    with pytest.raises(TooAmbiguous):
        constraint.allows(piece)


def test_long_chains_of_rules_are_read_in_bounds() -> None:
    rules = [f"r{number} ::= r{number + 1}" for number in range(2500)]
    draw = random.Random(3)
    draw.shuffle(rules)
    with_end = "root ::= r0\n" + "\n".join(rules) + '\nr2500 ::= ""'
    try:
        gbnf.parse(with_end)
    except InvalidInput as error:
        assert error.code == "grammar_invalid"


def test_large_counts_are_followed_without_being_written_out() -> None:
    constraint = Constraint("root ::= [a-z]{5000,100000}")
    for _ in range(5000):
        assert not constraint.can_end
        constraint.begin_token()
        constraint.accept(b"x")
    assert constraint.can_end


def test_what_is_known_is_forgotten_before_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.worker.matching.MAX_STATES", 50)
    constraint = Constraint('root ::= "(" root ")" root | "x"{0,1000}')
    for text in (b"(" * 300, b"x" * 10, b")" * 300):
        for byte in text:
            constraint.begin_token()
            constraint.accept(bytes([byte]))
    assert constraint.can_end
