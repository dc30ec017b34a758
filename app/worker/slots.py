"""The places of the KV cache: which tokens each one holds, for whom, and which one suits a new prompt best."""

import sys
from collections.abc import Sequence

from app.worker.messages import Generate

# Hearth itself may overwrite so much of a chat's end while there is room elsewhere.
MOST_LOST = 16
ALL = sys.maxsize


class Slot:
    """One sequence of the KV cache. `tokens` are exactly those whose keys and values are there.

    They belong to `owner`, and to `chat` where there is one. `is_dirty`: they are worth a snapshot, and there is none.
    `is_background`: Hearth read them for itself. `num_exact` of them are as if the rest had never been: in a place
    that has slid, the others were read behind tokens that are gone.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.tokens: list[int] = []
        self.owner = ""
        self.chat = ""
        self.is_dirty = False
        self.is_background = False
        self.num_exact = ALL
        self.is_free = True
        self.last_used = 0

    def is_of_chat(self, owner: str, chat: str) -> bool:
        """Whether it holds this very chat; texts without a chat belong to none."""
        return bool(chat) and self.chat == chat and self.owner == owner

    def num_usable(self, generate: Generate) -> int:
        """How many of its tokens the prompt begins with, as far as its owner may know of them.

        The last prompt token never counts: it is always read again, since its logits are what the first token is
        drawn from.
        """
        limit = min(self.num_exact, len(generate.tokens) - 1)
        if self.owner != generate.owner:
            limit = min(limit, generate.num_shared)
        return min(limit, num_shared(self.tokens, generate.tokens))


class Slots:
    """All places of one worker."""

    def __init__(self, num_slots: int) -> None:
        self.all = [Slot(number) for number in range(num_slots)]
        self._uses = 0

    @property
    def num_free(self) -> int:
        """How many more sequences can be taken."""
        return sum(slot.is_free for slot in self.all)

    def take(self, generate: Generate) -> Slot:
        """The free place to use for this prompt; one is free.

        Its own chat's place is best. A text without a chat continues one of its owner's that has none either, longest
        prefix first; it counts as continued when at least half of what is there is kept, otherwise a shared system
        prompt would drive another text out of its place while an empty or older one is there.
        """
        free = [slot for slot in self.all if slot.is_free]
        oldest = self._least_missed(free)
        slot = own_slot(free, generate) or continued_slot(free, generate) or oldest
        if generate.is_background and not oldest.tokens and len(slot.tokens) - slot.num_usable(generate) > MOST_LOST:
            slot = oldest
        slot.is_free = False
        self._uses += 1
        slot.last_used = self._uses
        return slot

    def give_back(self, slot: Slot) -> None:
        """The sequence is over; what the place holds may serve its next turn."""
        slot.is_free = True

    def _least_missed(self, free: list[Slot]) -> Slot:
        """An empty place, one that Hearth filled for itself, or the oldest of the others.

        llama.cpp runs neighbours in one pass, and each other group in a pass of its own: with four writers that is a
        third of the speed. So while there are places beside one in use, it is the oldest of these; what a chat loses
        by that is in a snapshot.
        """
        spare = [slot for slot in free if not slot.tokens] or [slot for slot in free if slot.is_background]
        if spare:
            return min(spare, key=lambda each: each.number)
        used = {slot.number for slot in self.all if not slot.is_free}
        beside = [each for each in free if {each.number - 1, each.number + 1} & used]
        return min(beside or free, key=lambda each: each.last_used)


def own_slot(free: list[Slot], generate: Generate) -> Slot | None:
    """The place of the same chat; of several the one that has more of the prompt."""
    own = [slot for slot in free if slot.is_of_chat(generate.owner, generate.chat)]
    return max(own, key=lambda each: each.num_usable(generate)) if own else None


def continued_slot(free: list[Slot], generate: Generate) -> Slot | None:
    """A place of no chat that the prompt continues."""
    loose = [slot for slot in free if slot.tokens and not slot.chat and slot.owner == generate.owner]
    usable = {slot.number: slot.num_usable(generate) for slot in loose}
    continued = [slot for slot in loose if 2 * (usable[slot.number] + 1) >= len(slot.tokens)]
    if not continued:
        return None
    return max(continued, key=lambda each: (usable[each.number], -each.last_used))


def num_shared(left: Sequence[int], right: Sequence[int]) -> int:
    """Length of the common prefix: by halves, since comparing slices is done in C."""
    low, high = 0, min(len(left), len(right))
    if left[:high] == right[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low
