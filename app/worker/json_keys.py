"""Keys of JSON objects that are none of certain names."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Branch:
    """What goes on behind a common beginning; `is_name`: a name ends here."""

    is_name: bool = False
    branches: dict[str, "_Branch"] = field(default_factory=dict)


def key_other_than(names: Iterable[str]) -> str:
    """An expression for every key but these, of characters that need no escape."""
    root = _Branch()
    for name in names:
        branch = root
        for character in name:
            if not _is_plain(character):
                break  # No key of plain characters can become this name any more.
            branch = branch.branches.setdefault(character, _Branch())
        else:
            branch.is_name = True
    return f'"\\"" {_rest(root)} "\\""'


def _rest(branch: _Branch) -> str:
    """What may follow: nothing, another character and anything, or a character that a name has too, and its rest."""
    ways = [] if branch.is_name else ['""']
    known = "".join(f"\\U{ord(character):08X}" for character in branch.branches)
    ways.append(f'[^"\\\\\\x00-\\x1f\\x7f{known}] [^"\\\\\\x00-\\x1f\\x7f]*')
    ways += [f'"\\U{ord(character):08X}" {_rest(behind)}' for character, behind in branch.branches.items()]
    return f"({' | '.join(ways)})"


def _is_plain(character: str) -> bool:
    return character >= " " and character not in '"\\\x7f'
