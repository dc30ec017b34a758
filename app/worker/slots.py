"""The places of the KV cache: which tokens each one holds, and which one suits a new prompt best."""

from collections.abc import Sequence


class Slot:
    """One sequence of the KV cache. `tokens` are exactly those whose keys and values are there."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.tokens: list[int] = []
        self.is_free = True
        self.last_used = 0


class Slots:
    """All places of one worker."""

    def __init__(self, num_slots: int) -> None:
        self._slots = [Slot(number) for number in range(num_slots)]
        self._uses = 0

    @property
    def num_free(self) -> int:
        """How many more sequences can be taken."""
        return sum(slot.is_free for slot in self._slots)

    def take(self, tokens: Sequence[int]) -> Slot:
        """The free place to use for this prompt; one is free.

        A place that the prompt continues is best, longest prefix first. It counts as continued when at least half of
        what it holds is kept; otherwise a shared system prompt would drive another chat out of its place while an
        empty or older one is there.
        """
        free = [slot for slot in self._slots if slot.is_free]
        shared = {slot.number: num_shared(slot.tokens, tokens) for slot in free}
        continued = [slot for slot in free if slot.tokens and 2 * shared[slot.number] >= len(slot.tokens)]
        if continued:
            slot = max(continued, key=lambda each: (shared[each.number], -each.last_used))
        else:
            slot = min(free, key=lambda each: (bool(each.tokens), each.last_used))
        slot.is_free = False
        return slot

    def give_back(self, slot: Slot) -> None:
        """The sequence is over; what the place holds may serve its next turn."""
        self._uses += 1
        slot.last_used = self._uses
        slot.is_free = True


def num_shared(left: Sequence[int], right: Sequence[int]) -> int:
    """Length of the common prefix."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
