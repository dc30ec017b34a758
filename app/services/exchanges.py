"""The messages of a path as the model gets them, grouped into exchanges: a question and what was answered to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.worker.messages import Turn


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a path. `id` is None for one that is not stored yet."""

    id: str | None
    turn: Turn


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer; the answer is missing in the last exchange of a path that is to be answered.

    The ids are those of all messages that it is made of, also of those that say nothing.
    """

    turns: tuple[Turn, ...]
    ids: tuple[str | None, ...]

    @property
    def is_answered(self) -> bool:
        """Whether somebody has answered something."""
        return bool(self.turns) and self.turns[-1].role == "assistant"


def exchanges_of(said: Sequence[Said]) -> list[Exchange]:
    """Without empty answers. Questions that then follow each other become one: templates want turns to alternate."""
    exchanges: list[Exchange] = []
    for each in said:
        last = exchanges[-1] if exchanges else None
        if last is None or (last.is_answered and each.turn.role == "user"):
            exchanges.append(Exchange(_with((), each.turn), (each.id,)))
        else:
            exchanges[-1] = Exchange(_with(last.turns, each.turn), (*last.ids, each.id))
    return exchanges


def _with(turns: tuple[Turn, ...], turn: Turn) -> tuple[Turn, ...]:
    if not turn.content.strip():
        return turns
    if turns and turns[-1].role == turn.role:
        return (*turns[:-1], Turn(turn.role, f"{turns[-1].content}\n\n{turn.content}"))
    return (*turns, turn)
