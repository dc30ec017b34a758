"""Judges answers to held-out questions by their likeness to the corpus's answers."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from chat import ChatEncoder, Message
from generate import generate
from intents import Exchange, Question
from model import Guide

LIKE_ENOUGH = 0.8


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was answered, which intent's answer that is closest to, and whether it is an expected one."""

    question: Question
    answer: str
    intent: str
    likeness: float

    @property
    def is_right(self) -> bool:
        """Whether the answer is, nearly word for word, that of an expected intent."""
        return self.intent in self.question.intents and self.likeness >= LIKE_ENOUGH


class Judge:
    """Knows the corpus's answers and asks a model."""

    def __init__(self, corpus: list[Exchange], encoder: ChatEncoder) -> None:
        """Follow-ups are left out: they answer nothing on their own."""
        self._answers = [(exchange.intent, text) for exchange in corpus for text in exchange.answer]
        self._encoder = encoder

    def verdict(self, guide: Guide, question: Question, limit: int = 256, before: tuple[Message, ...] = ()) -> Verdict:
        """Ask one question; with a small limit only the beginning of the answer is compared."""
        prompt = self._encoder.prompt([*before, Message("user", question.ask)])
        stop = frozenset({self._encoder.end_of_turn})
        answer = self._encoder.decode(generate(guide, prompt, limit, stop).ids)
        is_whole = limit >= 256
        scored = [
            (_likeness(answer, text if is_whole else text[: len(answer)]), intent) for intent, text in self._answers
        ]
        likeness, intent = max(scored)
        return Verdict(question, answer, intent, likeness)


def _likeness(answer: str, expected: str) -> float:
    if answer == expected:
        return 1.0
    matcher = SequenceMatcher(None, answer, expected, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() > 0.3 and matcher.quick_ratio() > 0.3 else 0.0
