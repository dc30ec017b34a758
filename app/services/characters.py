"""Which characters say something, and which are taken out of titles."""

import unicodedata

# They change in which direction the text around them, ours too, is shown.
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def says_something(text: str) -> bool:
    """Whether there is more than spaces, control characters and such without any width."""
    return any(not letter.isspace() and unicodedata.category(letter) not in ("Cc", "Cf") for letter in text)


def one_line(text: str) -> str:
    """With single spaces, and without control characters and those that turn the direction of the text."""
    plain = (
        letter
        for letter in text
        if letter.isspace() or (unicodedata.category(letter) != "Cc" and letter not in DIRECTIONS)
    )
    return " ".join("".join(plain).split())
