"""Greedy generation with a cache, one conversation at a time."""

from dataclasses import dataclass

import torch
from model import Guide, empty_cache


@dataclass(frozen=True, slots=True)
class Generated:
    """Tokens written, without the stop token, and how far the best logit led the second at each step, its included."""

    ids: list[int]
    margins: list[float]


@torch.no_grad()
def generate(guide: Guide, prompt: list[int], limit: int, stop: frozenset[int]) -> Generated:
    """At most `limit` tokens after the prompt, always the likeliest, in evaluation mode."""
    guide.eval()
    cache = empty_cache(guide.config)
    hidden = guide(torch.tensor([prompt]), cache)
    written = Generated([], [])
    for _ in range(limit):
        best = guide.logits(hidden[0, -1]).float().topk(2)
        token = int(best.indices[0])
        written.margins.append(float(best.values[0] - best.values[1]))
        if token in stop:
            break
        written.ids.append(token)
        hidden = guide(torch.tensor([[token]]), cache)
    return written
