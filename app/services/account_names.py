"""What a name of an account may be, and when two are the same."""

import unicodedata

from app.errors import InvalidInput

MAX_CHARACTERS = 64


def cleaned(name: str) -> str:
    """The name as it is kept and shown: normalised, with single spaces. Raises InvalidInput("name_invalid", most=).

    No control characters, no invisible or direction-changing ones (two names must not look the same), no line ends.
    """
    # Unicode's "Other" covers control, format, surrogate, private and unassigned; Zl and Zp are line separators.
    is_plain = not any(
        unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
        for character in name
    )
    clean = " ".join(unicodedata.normalize("NFKC", name).split())
    if not is_plain or not 1 <= len(clean) <= MAX_CHARACTERS:
        raise InvalidInput("name_invalid", most=MAX_CHARACTERS)
    return clean


def key_of(name: str) -> str:
    """The form in which names are compared: "Ada", "ada" and an "ADA" in full-width letters are one person."""
    # No name is so long that anything is cut off here; what somebody types to sign in may be.
    # Half a surrogate pair is no text, and no database takes it as a value to look for.
    encodable = name[: 4 * MAX_CHARACTERS].encode(errors="replace").decode()
    plain = unicodedata.normalize("NFKC", encodable)
    return unicodedata.normalize("NFKC", " ".join(plain.casefold().split()))
