"""Where a prompt is read, and what of it need not be: its place, and the tokens that are there, elsewhere, or saved.

What was read for one owner serves another only as far as a prompt is declared to be shared.
"""

from collections.abc import Iterable

from app.worker.face import Llama
from app.worker.messages import Generate
from app.worker.sequence import Sequence
from app.worker.slots import ALL, Slot, Slots, num_shared
from app.worker.snapshots import Snapshots

# Fewer tokens than these are read sooner than copied, restored, waited for, or worth a snapshot.
LEAST_COPIED = 16
LEAST_RESTORED = 32
LEAST_WAITED_FOR = 64
LEAST_SAVED = 32
# llama.cpp copies a whole slot, however little it holds: about as long as reading this part of it takes.
COPYING_COST = 256
# How many of the first tokens stay when an answer slides: attention needs them (Xiao et al. 2023, arXiv 2309.17453).
NUM_SINKS = 4


class Prefixes:
    """The slots of one model with what they hold, and the snapshots of what they held."""

    def __init__(self, llama: Llama, snapshots: Snapshots | None) -> None:
        self._llama = llama
        self._snapshots = snapshots
        self._slots = Slots(llama.slots)
        self._least_copied = max(LEAST_COPIED, llama.context_tokens // COPYING_COST)
        self._being_copied: set[int] = set()
        self._has_unwritten = False
        for number in range(llama.slots):
            llama.keep(number, 0)

    @property
    def num_free(self) -> int:
        """How many more sequences can be started."""
        return self._slots.num_free

    @property
    def has_unsaved(self) -> bool:
        """Whether `save_next` has something to do."""
        return self._snapshots is not None and (self._has_unwritten or any(map(is_unsaved, self._slots.all)))

    def should_wait(self, generate: Generate, reading: Iterable[Sequence]) -> bool:
        """Whether somebody is just reading what this prompt begins with: it need not be read twice."""
        if self._llama.is_whole_only:
            return False
        promised = max((num_promised(generate, each) for each in reading), default=0)
        if promised < LEAST_WAITED_FOR:
            return False
        return promised - max(each.num_usable(generate) for each in self._slots.all) >= LEAST_WAITED_FOR

    def start(self, generate: Generate) -> tuple[Slot, int]:
        """A place for this prompt, and how many of its tokens are there; there is a free one."""
        slot = self._slots.take(generate)
        own = self._num_usable(slot, generate)
        self._save_before(slot, own, generate)
        source = max(self._slots.all, key=lambda each: self._num_usable(each, generate))
        copied = self._num_usable(source, generate)
        if copied < own + self._least_copied:
            source, copied = slot, own
        if not self._restore(slot, generate, copied + LEAST_RESTORED) and source is not slot:
            self._copy(source, slot)
        self._cut(slot, self._num_usable(slot, generate))
        slot.num_exact = ALL
        slot.owner, slot.chat, slot.is_background = generate.owner, generate.chat, generate.is_background
        return slot, len(slot.tokens)

    def give_back(self, slot: Slot) -> None:
        """The sequence in it is over; what it holds may serve the next turn."""
        self._cut(slot, slot.num_exact)
        slot.num_exact = ALL
        slot.is_dirty = bool(slot.chat) and not slot.is_background and len(slot.tokens) >= LEAST_SAVED
        self._slots.give_back(slot)

    def slide(self, slot: Slot, num_first: int) -> bool:
        """Forget half of a full place but for its first tokens; False where this kind of memory cannot."""
        length = len(slot.tokens)
        num_kept = max(NUM_SINKS, min(num_first, length // 2))
        num_dropped = (length - num_kept) // 2
        if num_dropped < 1 or not self._llama.shift(slot.number, num_kept, num_dropped, length):
            return False
        del slot.tokens[num_kept : num_kept + num_dropped]
        slot.num_exact = num_kept
        return True

    def empty(self, slot: Slot) -> None:
        """Nothing of what it holds is of use any more."""
        self._llama.keep(slot.number, 0)
        slot.tokens.clear()
        slot.is_dirty = False

    def note_decoded(self) -> None:
        """A batch was run, and with it all copying was done."""
        self._being_copied.clear()

    def forget(self, owner: str, chat: str) -> None:
        """Drop all that is known of a chat; nothing is written in it just now."""
        for slot in self._slots.all:
            if slot.is_of_chat(owner, chat):
                self.empty(slot)
                slot.owner = slot.chat = ""
        if self._snapshots is not None:
            self._snapshots.forget(owner, chat)

    def save_next(self) -> None:
        """Save one place that is worth it; when there is none left, let what was saved be written to disk."""
        for slot in self._slots.all:
            if is_unsaved(slot):
                self._save(slot)
                return
        if self._snapshots is not None and self._has_unwritten:
            self._has_unwritten = False
            self._snapshots.write_out()

    def close(self, seconds: float) -> None:
        """Save everything, and have it on disk within so many seconds."""
        while self.has_unsaved:
            self.save_next()
        if self._snapshots is not None:
            self._snapshots.close(seconds)

    def _num_usable(self, slot: Slot, generate: Generate) -> int:
        usable = slot.num_usable(generate)
        return 0 if self._llama.is_whole_only and usable < len(slot.tokens) else usable

    def _save_before(self, slot: Slot, num_kept: int, generate: Generate) -> None:
        """What a place holds goes into a snapshot before another chat, or Hearth itself, overwrites it."""
        is_another = not slot.is_of_chat(generate.owner, generate.chat)
        is_lost = num_kept < len(slot.tokens) or self._llama.is_whole_only
        if slot.is_dirty and is_lost and (is_another or generate.is_background):
            self._save(slot)

    def _save(self, slot: Slot) -> None:
        slot.is_dirty = False
        if self._snapshots is not None:
            self._snapshots.put(slot.owner, slot.chat, slot.tokens, self._llama.save(slot.number))
            self._has_unwritten = True

    def _restore(self, slot: Slot, generate: Generate, at_least: int) -> bool:
        """Whether a snapshot of at least so many of the prompt's tokens was put into the place."""
        if self._snapshots is None or len(generate.tokens) <= at_least or slot.number in self._being_copied:
            return False
        whole = self._llama.saves_whole
        found = self._snapshots.find(
            generate.owner, generate.chat, generate.tokens[:-1], whole=whole, at_least=at_least - 1
        )
        if found is None or len(found.tokens) > self._llama.context_tokens:
            return False
        slot.tokens = []
        if not self._llama.restore(slot.number, found.state):
            return False
        slot.owner = generate.owner
        slot.tokens = list(found.tokens)
        return True

    def _copy(self, source: Slot, target: Slot) -> None:
        self._llama.copy(source.number, target.number)
        self._being_copied |= {source.number, target.number}
        target.owner = source.owner
        target.tokens = list(source.tokens)
        target.num_exact = source.num_exact

    def _cut(self, slot: Slot, num_kept: int) -> None:
        if num_kept < len(slot.tokens) and not self._llama.keep(slot.number, num_kept):
            num_kept = 0
        del slot.tokens[num_kept:]


def is_unsaved(slot: Slot) -> bool:
    """Whether it rests, and holds what is worth a snapshot."""
    return slot.is_free and slot.is_dirty


def num_promised(generate: Generate, reading: Sequence) -> int:
    """How much of the prompt there will be in the place of a sequence that is reading."""
    other = reading.generate
    if other.is_background and not generate.is_background:
        return 0
    limit = len(generate.tokens) - 1 if other.owner == generate.owner else generate.num_shared
    return min(limit, num_shared(other.tokens, generate.tokens))
