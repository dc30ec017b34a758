"""Runs greedy requests over the real llama.cpp, alone or together, and keeps how firm each choice was."""

import time
from dataclasses import dataclass
from pathlib import Path

from app.worker.llama import ContextPlan, LlamaContext, Log
from app.worker.messages import Finished, FromWorker, Generate, Sampling
from app.worker.scheduler import Scheduler

# Logits move by rounding when the same sum is taken in another order. Measured on this suite's random weights, in
# F16 with flash attention: up to 0.012; in Q4_K_M: up to 0.13. A wrong cell or position moves them by whole units.
LARGEST_ROUNDING = 0.25


@dataclass(frozen=True, slots=True)
class Choice:
    """A token, and how far its logit stood above the second best."""

    token: int
    margin: float


class WatchedContext(LlamaContext):
    """A context that notes the margin of each choice."""

    def __init__(self, path: Path, slots: int = 8, batch_tokens: int = 64, context_tokens: int = 512) -> None:
        plan = ContextPlan(path, context_tokens, slots, batch_tokens, threads=1)
        super().__init__(plan, Log(), lambda _fraction: None)
        self.choices: dict[int, list[Choice]] = {}

    def sample(self, sampler: object, index: int) -> int:
        token = super().sample(sampler, index)
        self.choices.setdefault(id(sampler), []).append(Choice(token, self.margin(index)))
        return token

    def sampler(self, sampling: Sampling, history: list[int]) -> object:
        sampler = super().sampler(sampling, history)
        self.choices[id(sampler)] = []
        return sampler


class ReadingRoom:
    """One context with its scheduler."""

    def __init__(self, path: Path, slots: int = 8) -> None:
        self._context = WatchedContext(path, slots)
        self._said: list[FromWorker] = []
        self._scheduler = Scheduler(self._context, self._said.append, time.monotonic)

    def write_all(self, prompts: list[list[int]], max_tokens: int) -> list[list[Choice]]:
        """The choices for each prompt, all of them asked for at once; there is a slot for each."""
        self._context.choices.clear()
        for number, prompt in enumerate(prompts):
            self._scheduler.submit(Generate(str(number), prompt, max_tokens, Sampling(temperature=0)))
        while self._scheduler.has_work:
            self._scheduler.step()
        return list(self._context.choices.values())

    def num_cached(self) -> int:
        """Prompt tokens that the last request found in its slot."""
        return [each for each in self._said if isinstance(each, Finished)][-1].numbers.cached_tokens


def first_difference(left: list[Choice], right: list[Choice]) -> Choice | None:
    """The less firm of the two choices at the first place where the texts part; None when they are the same."""
    for one, other in zip(left, right, strict=True):
        if one.token != other.token:
            return min(one, other, key=lambda choice: choice.margin)
    return None
