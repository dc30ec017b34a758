"""The simple part of regular expressions, for strings inside of JSON, as GBNF.

Characters that JSON must escape are left out of what a class or a dot may be.
"""

from typing import Final

from app.worker.json_refusal import unsupported

SPECIAL: Final = r"\^$.|?*+()[]{}"
NEVER: Final = '"\\\\\\x00-\\x1f\\x7f'
CLASSES: Final = {"d": "0-9", "w": "a-zA-Z0-9_", "s": " "}
MAX_LENGTH = 1000
MAX_NESTING = 20


def pattern(text: object) -> str:
    """Raises InvalidInput("json_schema_unsupported") for what only a real engine of regular expressions can do."""
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        raise unsupported("a pattern that is no text, or too long")
    starts, before = text.startswith("^"), text.removesuffix("$")
    num_backslashes = len(before) - len(before.rstrip("\\"))
    ends = before != text and num_backslashes % 2 == 0
    reader = _Reader(text[starts : len(text) - ends])
    body = reader.choice()
    if not reader.is_at_end or (reader.has_choice and (starts or ends)):
        raise _refused(text)
    return f"{'' if starts else 'character* '}({body}){'' if ends else ' character*'}"


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nesting = 0
        self.has_choice = False

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._text)

    def choice(self) -> str:
        parts = [self._sequence()]
        while self._next() == "|":
            self._at += 1
            self.has_choice |= self._nesting == 0
            parts.append(self._sequence())
        return " | ".join(parts)

    def _sequence(self) -> str:
        parts: list[str] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._item() + self._repetition())
        return " ".join(parts) or '""'

    def _item(self) -> str:
        character = self._take()
        match character:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return f"[^{NEVER}]"
            case "\\":
                return self._escape()
            case _ if character in SPECIAL:
                raise _refused(self._text)
            case _:
                return _literal(character)

    def _group(self) -> str:
        if self._text.startswith("?:", self._at):
            self._at += 2
        elif self._next() == "?":
            raise _refused(self._text)
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise _refused(self._text)
        body = self.choice()
        self._nesting -= 1
        if self._take() != ")":
            raise _refused(self._text)
        return f"({body})"

    def _escape(self) -> str:
        letter = self._take()
        if letter in CLASSES:
            return f"[{CLASSES[letter]}]"
        if letter.lower() in CLASSES:
            return f"[^{CLASSES[letter.lower()]}{NEVER}]"
        if letter.isalnum():
            raise _refused(self._text)
        return _literal(letter)

    def _class(self) -> str:
        is_negated = self._next() == "^"
        self._at += is_negated
        parts: list[str] = []
        while self._next() != "]":
            low = self._class_character()
            if len(low) == 1 and self._next() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._class_character()
                if len(high) != 1 or (not is_negated and any(low <= never <= high for never in '"\\\x7f')):
                    raise _refused(self._text)
                parts.append(f"{_code(low)}-{_code(high)}")
            elif len(low) > 1:
                parts.append(low)
            elif is_negated or not _must_be_escaped(low):
                parts.append(_code(low))
        self._at += 1
        if not parts:
            raise _refused(self._text)
        return f"[^{NEVER}{''.join(parts)}]" if is_negated else f"[{''.join(parts)}]"

    def _class_character(self) -> str:
        """One character, or the ranges of a class like \\d."""
        character = self._take()
        if character != "\\":
            return character
        letter = self._take()
        if letter in CLASSES:
            return CLASSES[letter] if letter != "s" else "\\x20-\\x20"
        if letter.isalnum():
            raise _refused(self._text)
        return letter

    def _repetition(self) -> str:
        character = self._next()
        if character == "{":
            end = self._text.find("}", self._at)
            bounds = self._text[self._at + 1 : end].split(",")
            if end < 0 or len(bounds) > 2 or not bounds[0].isdecimal() or not (bounds[-1] or "0").isdecimal():
                raise _refused(self._text)
            self._at = end + 1
            said = "{" + ",".join(bounds) + "}"
        elif character and character in "*+?":
            self._at += 1
            said = character
        else:
            return ""
        if self._next() and self._next() in "?+*{":
            raise _refused(self._text)  # Lazy, possessive, or a repetition of a repetition.
        return said

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._next()
        if not character:
            raise _refused(self._text)
        self._at += 1
        return character


def _literal(character: str) -> str:
    """One character as JSON writes it."""
    if character in '"\\':
        return '"\\\\\\""' if character == '"' else '"\\\\\\\\"'
    if _must_be_escaped(character):
        return f'"\\\\u{ord(character):04x}"'
    return f'"{_code(character)}"'


def _code(character: str) -> str:
    return f"\\U{ord(character):08X}"


def _must_be_escaped(character: str) -> bool:
    return character < " " or character in '"\\\x7f'


def _refused(text: str) -> Exception:
    return unsupported(f"the pattern {text[:80]}")
