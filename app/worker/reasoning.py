"""Parts what a model thinks aloud, in front of its answer, from the answer itself. Pure text; knows no model.

What is stored is the whole text, tags included. Only a block at the very beginning is reasoning: the same tag later on
is something that the answer says.
"""

import re
from typing import Final, Literal

Kind = Literal["reasoning", "answer"]

# DeepSeek-R1 and most others; Magistral.
TAGS: Final = (("<think>", "</think>"), ("[THINK]", "[/THINK]"))
ALL_TAGS: Final = frozenset(tag for pair in TAGS for tag in pair)
_OPENING = re.compile(r"(?:" + "|".join(re.escape(opening) for opening, _ in TAGS) + r")\s*\Z")


def opening_of(prompt: str) -> str:
    """The tag, and the blanks behind it, with which a template begins the reasoning for the model; empty for none."""
    found = _OPENING.search(prompt)
    return found.group() if found else ""


def split(text: str, starts_inside: bool = False) -> tuple[str, str]:
    """Reasoning and answer of a whole text; both without the tags and the blanks around them."""
    splitter = ReasoningSplitter(starts_inside)
    parts = [*splitter.add(text), *splitter.finish()]
    reasoning, answer = ("".join(part for kind, part in parts if kind == wanted) for wanted in ("reasoning", "answer"))
    return reasoning, answer


def without_reasoning(text: str) -> str:
    """The answer alone, as it is to be sent back to a model."""
    return split(text)[1]


class ReasoningSplitter:
    """Splits a text that comes in pieces. What may still become a tag is held back until it is clear."""

    def __init__(self, starts_inside: bool = False) -> None:
        self._closing = TAGS[0][1] if starts_inside else ""
        self._kind: Kind | None = "reasoning" if starts_inside else None
        self._held = ""
        # A model may repeat the tag that its template has written already.
        self._may_open = True
        self._drops_blanks = starts_inside

    def add(self, text: str) -> list[tuple[Kind, str]]:
        """The pieces that are clear now, in order."""
        self._held += text
        parts: list[tuple[Kind, str]] = []
        if self._may_open:
            self._open()
        if not self._may_open and self._kind == "reasoning":
            parts += self._reason()
        if self._kind == "answer":
            parts += self._give("answer", self._held)
            self._held = ""
        return parts

    def finish(self) -> list[tuple[Kind, str]]:
        """What was held back at the end of the text."""
        kind, held = self._kind or "answer", self._held
        self._held = ""
        # A text that only ever held blanks, or the blanks at the end of thoughts that never closed.
        return self._give(kind, held.rstrip() if kind == "reasoning" else held)

    def _open(self) -> None:
        """Decide what the text begins with, as soon as enough of it is there."""
        begun = self._held.lstrip()
        if any(opening.startswith(begun) and begun != opening for opening, _ in TAGS):
            return
        self._may_open = False
        for opening, closing in TAGS:
            if begun.startswith(opening):
                self._kind, self._closing, self._held = "reasoning", closing, begun[len(opening) :]
                self._drops_blanks = True
                return
        self._kind = self._kind or "answer"

    def _reason(self) -> list[tuple[Kind, str]]:
        thoughts, tag, rest = self._held.partition(self._closing)
        if tag:
            parts = self._give("reasoning", thoughts.rstrip())
            self._kind, self._held, self._drops_blanks = "answer", rest, True
            return parts
        clear = len(thoughts) - _num_held(thoughts, self._closing)
        self._held = thoughts[clear:]
        return self._give("reasoning", thoughts[:clear])

    def _give(self, kind: Kind, text: str) -> list[tuple[Kind, str]]:
        """The piece, without the blanks that follow a tag."""
        if self._drops_blanks:
            text = text.lstrip()
        if not text:
            return []
        self._drops_blanks = False
        return [(kind, text)]


def _num_held(text: str, tag: str) -> int:
    """How much of the end may belong to the tag, or to the blanks in front of it."""
    begun = next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)
    rest = text[: len(text) - begun]
    return begun + len(rest) - len(rest.rstrip())
