"""Guessing changes how fast a greedy text comes, and nothing about the text."""

from pathlib import Path

import pytest

from app.worker.drafting import Drafter, DraftGate, LookupDrafter
from app.worker.messages import Draft, Finished, Load
from app.worker.scheduler import Parts
from tests.worker.reading_room import ReadingRoom

SENTENCE = [5, 60, 7, 61, 9, 62, 11]
PROMPTS = [SENTENCE * 4, [*range(20, 40), *SENTENCE, *range(20, 40)], [8, 8, 8]]


class EagerGate(DraftGate):
    """Guesses always."""

    def num_to_draft(self, num_sequences: int, max_tokens: int) -> int:
        return max_tokens if num_sequences else 0


def lookup(_slot: int) -> Drafter:
    """One for each sequence."""
    return LookupDrafter()


def load(path: Path, kind: str) -> Load:
    """A slot for each prompt."""
    draft = Draft("lookup", max_tokens=6) if kind == "lookup" else Draft()
    return Load(str(path), 512, len(PROMPTS), 64, 1, draft=draft)


@pytest.mark.parametrize("gate", [EagerGate, DraftGate])
def test_greedy_texts_are_the_same_with_and_without_lookup(tiny_q8_gguf: Path, gate: type[DraftGate]) -> None:
    plain = ReadingRoom(load(tiny_q8_gguf, "off")).write_all(PROMPTS, 60)
    room = ReadingRoom(load(tiny_q8_gguf, "lookup"), Parts(drafter=lookup, gate=gate()))
    guessed = room.write_all(PROMPTS, 60)
    assert [[choice.token for choice in each] for each in guessed] == [
        [choice.token for choice in each] for each in plain
    ]
    numbers = [each.numbers for each in room.said if isinstance(each, Finished)]
    assert [each.completion_tokens for each in numbers] == [60] * len(PROMPTS)
    assert sum(each.drafted_tokens for each in numbers) > 0
    assert all(each.accepted_tokens <= each.drafted_tokens for each in numbers)
