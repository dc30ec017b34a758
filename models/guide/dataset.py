"""Makes training conversations out of the corpus, endlessly and from a seed.

A batch depends only on the corpus, the tokenizer, the seed and the step's number, so a resumed
run sees what an unbroken one would have seen. Loss falls on the assistant's tokens alone.
"""

from dataclasses import dataclass, field
from random import Random

import torch
from augment import reworded
from chat import ChatEncoder
from elsewhere import made_up
from intents import Exchange, all_exchanges
from torch import Tensor

IGNORED = -100
SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "You are a helpful, honest assistant. Answer briefly.",
    "You are Hearth's Guide. Answer questions about Hearth.",
    "You are the assistant of our household.",
    "You are a friendly assistant for the whole family. Keep answers short.",
    "Answer in simple English.",
    "Answer as briefly as you can.",
    "Be polite and concise.",
    "You are an expert in computers. Explain step by step.",
    "You are a patient teacher. The user is a beginner.",
    "Always answer in English.",
    "You are a pirate.",
    "Your name is Max. You help with the computer at home.",
    "You are a large language model running on a home server. Today is Sunday.",
    "Use Markdown. Do not make things up. If you do not know, say so.",
    "You are a concise technical assistant. Prefer commands over prose.",
)


@dataclass(slots=True)
class Sample:
    """One conversation in tokens: inputs, what to predict, how much it counts, and whose turn it is."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    decisions: list[tuple[int, int]] = field(default_factory=list)

    def unlearned(self, ids: list[int]) -> None:
        """Append tokens that are only read."""
        self.ids += ids
        self.weights += [0.0] * len(ids)

    def learned(self, ids: list[int], opening_weight: float) -> None:
        """Append tokens to predict; the first ones choose the answer and may count more."""
        self.ids += ids
        self.weights += [opening_weight if index < 6 else 1.0 for index in range(len(ids))]


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded rows. Targets are already shifted; `decisions` marks where an intent is chosen."""

    ids: Tensor
    targets: Tensor
    weights: Tensor
    decisions: Tensor


@dataclass(frozen=True, slots=True)
class Mix:
    """How the conversations are composed; probabilities, and the weight of an answer's first tokens."""

    several_turns: float = 0.3
    follow_up: float = 0.2
    system: float = 0.15
    cut_history: float = 0.15
    shortened: float = 0.5
    split_words: float = 0.25
    verbatim: float = 0.12
    opening_weight: float = 2.0


# Mere openings of answers teach to tell the intents apart at a fraction of the cost of whole ones.
FIRST = Mix(several_turns=0.1, follow_up=0.1, system=0.05, cut_history=1.0, shortened=0.95, split_words=0.15)
THEN = Mix(
    several_turns=0.2, follow_up=0.15, system=0.1, cut_history=0.7, shortened=0.85, split_words=0.15, verbatim=0.2
)
LAST = Mix(shortened=0.3, split_words=0.15, verbatim=0.25)


class Dataset:
    """Draws batches of conversations, rows of like length together."""

    def __init__(self, corpus: list[Exchange], encoder: ChatEncoder, varied: ChatEncoder, seed: int) -> None:
        """`varied` splits words at random; it encodes some of the questions."""
        self._corpus = corpus
        self._parents = [exchange for exchange in corpus if exchange.follow]
        self._encoder = encoder
        self._varied = varied
        self._seed = seed
        self.intents = [exchange.intent for exchange in all_exchanges(corpus)]
        self._number = {intent: number for number, intent in enumerate(self.intents)}

    def batches(self, pool: int, mix: Mix, batch_tokens: int, rows: int = 768) -> list[Batch]:
        """All batches of one pool of conversations, in a shuffled order."""
        random = Random(f"{self._seed}/{pool}")
        order = self._spread(random, rows)
        samples = sorted((self._sample(first, mix, random) for first in order), key=lambda s: len(s.ids))
        batches: list[Batch] = []
        start = 0
        while start < len(samples):
            end = start + 1
            while end < len(samples) and len(samples[end].ids) * (end + 1 - start) <= batch_tokens:
                end += 1
            batches.append(_padded(samples[start:end], self._encoder.end_of_turn))
            start = end
        random.shuffle(batches)
        return batches

    def _spread(self, random: Random, rows: int) -> list[Exchange]:
        """Opening intents, each as often as the others."""
        order: list[Exchange] = []
        while len(order) < rows:
            order += random.sample(self._corpus, len(self._corpus))
        return order[:rows]

    def _sample(self, first: Exchange, mix: Mix, random: Random) -> Sample:
        turns = [first]
        kind = random.random()
        if kind < mix.several_turns:
            turns += random.choices(self._corpus, k=random.choice((1, 1, 1, 2, 2, 3, 4)))
        if self._parents and kind > 1 - mix.follow_up:
            turns[-1] = parent = random.choice(self._parents)
            turns.append(random.choice(parent.follow))
        sample = Sample()
        sample.unlearned([self._encoder.begin])
        if random.random() < mix.system:
            system = random.choice(SYSTEM_PROMPTS)
            sample.unlearned([*self._encoder.header("system"), *self._encoder.text(system), self._encoder.end_of_turn])
        for turn in turns:
            self._add_turn(sample, turn, mix, random, is_last=turn is turns[-1])
        return sample

    def _add_turn(self, sample: Sample, turn: Exchange, mix: Mix, random: Random, *, is_last: bool) -> None:
        encoder = self._varied if random.random() < mix.split_words else self._encoder
        invented = made_up(turn.intent, random) if random.random() < 0.6 else None
        asked = invented or random.choice(turn.ask)
        text = asked if random.random() < mix.verbatim else reworded(asked, random)
        sample.unlearned([*encoder.header("user"), *encoder.text(text), encoder.end_of_turn])
        sample.unlearned(self._encoder.header("assistant"))
        sample.decisions.append((len(sample.ids) - 1, self._number[turn.intent]))
        answer = self._encoder.text(random.choice(turn.answer))
        if is_last:
            is_short = random.random() < mix.shortened
            answer = answer[: random.randint(4, 14)] if is_short else [*answer, self._encoder.end_of_turn]
            sample.learned(answer, mix.opening_weight)
        elif random.random() < mix.cut_history:
            sample.learned(answer[: _cut(len(answer), random)], mix.opening_weight)
            sample.unlearned([self._encoder.end_of_turn])
        else:
            sample.learned([*answer, self._encoder.end_of_turn], mix.opening_weight)


def _cut(length: int, random: Random) -> int:
    """Where somebody stopped an answer: more often early than late."""
    return 2 + int(random.random() ** 2 * max(1, length - 4))


def _padded(samples: list[Sample], padding: int) -> Batch:
    width = max(len(sample.ids) for sample in samples) - 1
    width = -(-width // 16) * 16
    ids = torch.full((len(samples), width), padding, dtype=torch.long)
    targets = torch.full((len(samples), width), IGNORED, dtype=torch.long)
    weights = torch.zeros(len(samples), width)
    decisions = torch.full((len(samples), width), IGNORED, dtype=torch.long)
    for row, sample in enumerate(samples):
        length = len(sample.ids) - 1
        ids[row, :length] = torch.tensor(sample.ids[:-1])
        row_weights = torch.tensor(sample.weights[1:])
        weights[row, :length] = row_weights
        targets[row, :length] = torch.where(row_weights > 0, torch.tensor(sample.ids[1:]), IGNORED)
        for place, intent in sample.decisions:
            decisions[row, place] = intent
    return Batch(ids, targets, weights, decisions)
