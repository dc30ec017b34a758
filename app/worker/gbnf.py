"""Reads grammars in GBNF, the notation of llama.cpp, and refuses those that cannot be followed.

Knows nothing of tokens: `app.worker.constraint` follows a grammar along the bytes of an answer.
"""

from dataclasses import dataclass

from app.errors import InvalidInput

MAX_BYTES = 64 * 1024
MAX_DEPTH = 100
MAX_REPETITIONS = 100_000
MAX_CODE_POINT = 0x10FFFF
ESCAPES = {"t": "\t", "r": "\r", "n": "\n", "\\": "\\", '"': '"', "[": "[", "]": "]", "-": "-"}
HEX_LENGTHS = {"x": 2, "u": 4, "U": 8}


@dataclass(frozen=True, slots=True)
class Characters:
    """One character: in one of the ranges (both ends included), or in none of them."""

    ranges: tuple[tuple[int, int], ...]
    is_negated: bool

    def take(self, character: int) -> bool:
        """Whether it may be this character."""
        return any(low <= character <= high for low, high in self.ranges) != self.is_negated

    def take_one_of(self, first: int, last: int) -> bool:
        """Whether it may be one of these characters."""
        if not self.is_negated:
            return any(low <= last and first <= high for low, high in self.ranges)
        return not any(low <= first and last <= high for low, high in self.ranges)


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other."""

    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of the parts."""

    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Another rule."""

    rule: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part again and again; `most` None: without end."""

    part: int
    least: int
    most: int | None


Node = Characters | Sequence | Choice | Reference | Repeat


class Nodes:
    """Nodes by number: equal ones have one number."""

    def __init__(self) -> None:
        self._numbers: dict[Node, int] = {}
        self._nodes: list[Node] = []

    def __getitem__(self, number: int) -> Node:
        return self._nodes[number]

    def add(self, node: Node) -> int:
        """The number of a node."""
        number = self._numbers.setdefault(node, len(self._nodes))
        if number == len(self._nodes):
            self._nodes.append(node)
        return number


@dataclass(frozen=True, slots=True)
class Grammar:
    """A grammar that was read: its nodes, for each rule the number of its node, and the rule to begin with."""

    nodes: Nodes
    rules: tuple[int, ...]
    root: int

    @property
    def root_node(self) -> int:
        """The node of the rule to begin with."""
        return self.rules[self.root]


def parse(text: str) -> Grammar:
    """Raises InvalidInput("grammar_invalid", detail=) for what is no GBNF, or too large."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise invalid(f"it is longer than {MAX_BYTES} bytes")
    return _Parser(text).grammar()


def invalid(detail: str) -> InvalidInput:
    """What is raised for a grammar that cannot be followed."""
    return InvalidInput("grammar_invalid", detail=detail)


class _Parser:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._nodes = Nodes()
        self._numbers: dict[str, int] = {}
        self._bodies: dict[int, int] = {}

    def grammar(self) -> Grammar:
        self._skip(True)
        while self._at < len(self._text):
            self._rule()
        for name, number in self._numbers.items():
            if number not in self._bodies:
                raise invalid(f"there is no rule {name[:40]}")
        if "root" not in self._numbers:
            raise invalid("there is no rule root")
        rules = tuple(self._bodies[number] for number in range(len(self._numbers)))
        return Grammar(self._nodes, rules, self._numbers["root"])

    def _rule(self) -> None:
        number = self._rule_number()
        self._skip(False)
        if not self._text.startswith("::=", self._at):
            raise self._expected("::=")
        self._at += 3
        self._skip(True)
        self._bodies[number] = self._choice(False)
        if self._next() not in ("\n", "\r", ""):
            raise self._expected("the end of the line")
        self._skip(True)

    def _choice(self, is_nested: bool) -> int:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise invalid("its brackets are nested too deeply")
        parts = [self._sequence(is_nested)]
        while self._next() == "|":
            self._at += 1
            self._skip(True)
            parts.append(self._sequence(is_nested))
        self._depth -= 1
        return parts[0] if len(parts) == 1 else self._nodes.add(Choice(tuple(parts)))

    def _sequence(self, is_nested: bool) -> int:
        parts: list[int] = []
        while (part := self._item()) is not None:
            self._skip(is_nested)
            while (repeated := self._repetition(part, is_nested)) is not None:
                part = repeated
                self._skip(is_nested)
            parts.append(part)
        return parts[0] if len(parts) == 1 else self._nodes.add(Sequence(tuple(parts)))

    def _item(self) -> int | None:
        match self._next():
            case '"':
                return self._literal()
            case "[":
                return self._class()
            case ".":
                self._at += 1
                return self._nodes.add(Characters((), True))
            case "(":
                self._at += 1
                self._skip(True)
                part = self._choice(True)
                self._take(")")
                return part
            case character if _is_word(character):
                return self._nodes.add(Reference(self._rule_number()))
            case "<" | "!":
                raise invalid(f"tokens by name are not understood, at character {self._at}")
            case _:
                return None

    def _literal(self) -> int:
        self._take('"')
        parts: list[int] = []
        while self._next() != '"':
            character = self._character()
            parts.append(self._nodes.add(Characters(((character, character),), False)))
        self._take('"')
        return parts[0] if len(parts) == 1 else self._nodes.add(Sequence(tuple(parts)))

    def _class(self) -> int:
        self._take("[")
        is_negated = self._next() == "^"
        self._at += is_negated
        ranges: list[tuple[int, int]] = []
        while self._next() != "]":
            low = high = self._character()
            if self._next() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                high = self._character()
            ranges.append((low, high))
        self._take("]")
        return self._nodes.add(Characters(tuple(ranges), is_negated))

    def _character(self) -> int:
        character = self._next()
        if not character:
            raise self._expected("more")
        self._at += 1
        if character != "\\":
            return ord(character)
        letter = self._next()
        self._at += 1
        if letter in HEX_LENGTHS:
            digits = self._text[self._at : self._at + HEX_LENGTHS[letter]]
            self._at += len(digits)
            if len(digits) < HEX_LENGTHS[letter] or not set(digits) <= set("0123456789abcdefABCDEF"):
                raise self._expected("hexadecimal digits")
            return min(int(digits, 16), MAX_CODE_POINT)
        if letter not in ESCAPES:
            raise invalid(f"unknown escape at character {self._at}")
        return ord(ESCAPES[letter])

    def _repetition(self, part: int, is_nested: bool) -> int | None:
        match self._next():
            case "*":
                least, most = 0, None
            case "+":
                least, most = 1, None
            case "?":
                least, most = 0, 1
            case "{":
                return self._nodes.add(Repeat(part, *self._bounds(is_nested)))
            case _:
                return None
        self._at += 1
        return self._nodes.add(Repeat(part, least, most))

    def _bounds(self, is_nested: bool) -> tuple[int, int | None]:
        self._take("{")
        self._skip(is_nested)
        least = self._number()
        most: int | None = least
        self._skip(is_nested)
        if self._next() == ",":
            self._at += 1
            self._skip(is_nested)
            most = self._number() if self._next().isdecimal() else None
            self._skip(is_nested)
        self._take("}")
        if most is not None and most < least:
            raise invalid(f"a repetition of at least {least} and at most {most}")
        return least, most

    def _number(self) -> int:
        start = self._at
        while "0" <= self._next() <= "9":
            self._at += 1
        digits = self._text[start : self._at]
        if not digits:
            raise self._expected("a number")
        if len(digits) > 7 or int(digits) > MAX_REPETITIONS:
            raise invalid(f"a repetition of more than {MAX_REPETITIONS}")
        return int(digits)

    def _rule_number(self) -> int:
        start = self._at
        while _is_word(self._next()):
            self._at += 1
        if start == self._at:
            raise self._expected("the name of a rule")
        return self._numbers.setdefault(self._text[start : self._at], len(self._numbers))

    def _skip(self, newline_too: bool) -> None:
        """Pass over spaces and remarks."""
        while character := self._next():
            if character == "#":
                ends = [end for end in (self._text.find(line, self._at) for line in "\r\n") if end >= 0]
                self._at = min(ends, default=len(self._text))
            elif character in " \t" or (newline_too and character in "\r\n"):
                self._at += 1
            else:
                return

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, character: str) -> None:
        if self._next() != character:
            raise self._expected(character)
        self._at += 1

    def _expected(self, what: str) -> InvalidInput:
        return invalid(f"{what} expected at character {self._at}")


def _is_word(character: str) -> bool:
    return character == "-" or (character.isascii() and character.isalnum())
