"""Runs greedy requests over the real llama.cpp, alone or together, and keeps how firm each choice was."""

import time
from dataclasses import dataclass
from pathlib import Path

from app.worker.llama.context import LlamaContext
from app.worker.llama.log import Log
from app.worker.llama.samplers import Sampler
from app.worker.messages import Finished, FromWorker, Generate, Load, Sampling
from app.worker.scheduler import Parts, Scheduler

# Logits move by rounding when the same sum is taken in another order. Measured on this suite's random weights, in
# F16 with flash attention: up to 0.012; in Q4_K_M: up to 0.13. A wrong cell or position moves them by whole units.
LARGEST_ROUNDING = 0.25
GREEDY = Sampling(temperature=0)


@dataclass(frozen=True, slots=True)
class Choice:
    """A token, and how far its logit stood above the second best."""

    token: int
    margin: float


class WatchedSampler(Sampler):
    """Notes the margin of each choice."""

    def watch(self, context: LlamaContext, choices: list[Choice]) -> None:
        self._watched, self._choices = context, choices

    def sample(self, index: int) -> int:
        token = super().sample(index)
        self._choices.append(Choice(token, self._watched.margin(index)))
        return token


class WatchedContext(LlamaContext):
    """A context whose samplers are watched; `choices` are theirs, in the order in which they began."""

    def __init__(self, load: Load) -> None:
        super().__init__(load, Log(), lambda _fraction: None)
        self.choices: list[list[Choice]] = []

    def sampler(self, sampling: Sampling, history: list[int]) -> Sampler:
        sampler = WatchedSampler(self.vocabulary, self._context, sampling, history)
        self.choices.append([])
        sampler.watch(self, self.choices[-1])
        return sampler


def eight_slots(path: Path) -> Load:
    """Short steps and one thread."""
    return Load(str(path), 512, 8, 64, 1)


def one_slot(path: Path) -> Load:
    """The same, for one at a time."""
    return Load(str(path), 512, 1, 64, 1)


class ReadingRoom:
    """One context with its scheduler."""

    def __init__(self, load: Load, parts: Parts | None = None) -> None:
        self.context = WatchedContext(load)
        self.said: list[FromWorker] = []
        self.scheduler = Scheduler(self.context, self.said.append, time.monotonic, parts)

    def write_all(self, prompts: list[list[int]], max_tokens: int) -> list[list[Choice]]:
        """The choices for each prompt, all of them asked for at once; there is a slot for each."""
        return self.answer_all(
            [Generate(str(number), prompt, max_tokens, GREEDY) for number, prompt in enumerate(prompts)]
        )

    def answer_all(self, requests: list[Generate]) -> list[list[Choice]]:
        """The choices for each request, in the order in which they began."""
        self.context.choices.clear()
        for generate in requests:
            self.scheduler.submit(generate)
        while self.scheduler.has_work:
            self.scheduler.step()
        return list(self.context.choices)

    def num_cached(self) -> int:
        """Prompt tokens that the last request found in its slot."""
        return [each for each in self.said if isinstance(each, Finished)][-1].numbers.cached_tokens


def first_difference(left: list[Choice], right: list[Choice]) -> Choice | None:
    """The less firm of the two choices at the first place where the texts part; None when they are the same."""
    for one, other in zip(left, right, strict=True):
        if one.token != other.token:
            return min(one, other, key=lambda choice: choice.margin)
    return None
