"""States of chats, kept in memory and on disk, so that an old chat goes on without being read again.

A state is what llama.cpp holds of a sequence: the tokens in it, and bytes. Nothing here knows how long a text takes to
read, nor which slot a state goes to. One thread calls; the disk is written by another one (`snapshot_writer`).
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.worker import packed_tokens, snapshot_folder
from app.worker.messages import SnapshotPlan
from app.worker.snapshot_file import State
from app.worker.snapshot_folder import SnapshotFolder
from app.worker.snapshot_writer import Kept, SnapshotWriter

log = logging.getLogger(__name__)

SPARE_SHARE = 4


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state to go on from: it holds exactly `tokens`."""

    tokens: tuple[int, ...]
    state: State


def forget_chat(folder: Path, owner: str, chat: str) -> None:
    """Remove what is kept of a chat on disk, of all models: for when no worker runs that could be told."""
    snapshot_folder.forget_chat(folder, owner, chat)


class Snapshots:
    """The states of one model's chats. In memory the newest of each chat, under a budget; on disk likewise."""

    def __init__(self, plan: SnapshotPlan) -> None:
        self._memory_bytes = plan.memory_bytes
        self._folder = Path(plan.folder)
        self._files: SnapshotFolder | None = None
        self._writer: SnapshotWriter | None = None
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._num_bytes = 0
        if plan.disk_bytes > 0:
            self._open(plan)

    def put(self, owner: str, chat: str, tokens: Sequence[int], state: State) -> None:
        """Keep the newest state of a chat, in memory until `write_out`. The state is ours from now on: not copied.

        Of an empty `chat` there is one in memory for each owner, and none on disk.
        """
        packed = packed_tokens.pack(tokens)
        known = self._kept.get((owner, chat))
        if known is not None and known.tokens == packed:
            self._kept.move_to_end((owner, chat))
            return
        self._drop(owner, chat)
        kept = Kept(owner, chat, packed, state, is_dirty=bool(chat) and self._writer is not None)
        if len(state) > self._memory_bytes:
            self._let_go(kept)
            return
        self._kept[owner, chat] = kept
        self._num_bytes += len(state)
        while self._num_bytes > self._memory_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._num_bytes -= len(oldest.state)
            self._let_go(oldest)

    def find(self, owner: str, chat: str, tokens: Sequence[int], *, whole: bool, at_least: int) -> Snapshot | None:
        """The state of this owner that shares the longest beginning with `tokens`, longer than `at_least`.

        `whole`: only states of which all tokens are shared, for models whose states cannot be cut; the last token of a
        prompt has to be left out of `tokens` then, since it must be read for its logits. Memory is preferred to disk,
        this chat to others, a short state to a long one.
        """
        packed = packed_tokens.pack(tokens)
        best: Kept | None = None
        best_rank = (at_least, False, 0)
        for kept in self._in_memory(owner):
            shared = packed_tokens.num_shared(kept.tokens, packed)
            if whole and shared < packed_tokens.num_packed(kept.tokens):
                continue
            rank = (shared, kept.chat == chat, -len(kept.tokens))
            if shared > at_least and (best is None or rank > best_rank):
                best, best_rank = kept, rank
        if best_rank[0] < len(tokens):
            found = self._find_on_disk(owner, packed, whole, best_rank[0])
            if found is not None:
                return found
        if best is None:
            return None
        if (best.owner, best.chat) in self._kept:
            self._kept.move_to_end((best.owner, best.chat))
        return Snapshot(packed_tokens.unpack(best.tokens), best.state)

    def forget(self, owner: str, chat: str) -> None:
        """Drop all that is kept of a chat, in memory and on disk, of other models too."""
        self._drop(owner, chat)
        if self._writer is not None:
            self._writer.forget(owner, chat)
        snapshot_folder.forget_chat(self._folder, owner, chat)

    def write_out(self) -> None:
        """Let the writer begin with what is not on disk yet, what was used last first."""
        if self._writer is not None:
            for kept in reversed(self._kept.values()):
                if kept.is_dirty:
                    self._writer.queue(kept)

    def close(self, seconds: float) -> None:
        """Write what is not on disk yet, as far as `seconds` reach."""
        self.write_out()
        if self._writer is not None:
            self._writer.close(seconds)

    def _open(self, plan: SnapshotPlan) -> None:
        files = SnapshotFolder(self._folder, plan.identity, plan.disk_bytes)
        try:
            files.prepare()
        except OSError as error:
            log.warning("Chats are kept in memory only, since their folder cannot be used: %s", error)
            return
        self._files = files
        self._writer = SnapshotWriter(files, plan.memory_bytes // SPARE_SHARE)

    def _in_memory(self, owner: str) -> list[Kept]:
        kept = [each for each in self._kept.values() if each.owner == owner]
        if self._writer is not None:
            kept += [each for each in self._writer.pending(owner) if each not in kept]
        return kept

    def _find_on_disk(self, owner: str, packed: bytes, whole: bool, at_least: int) -> Snapshot | None:
        if self._files is None:
            return None
        for candidate in self._files.candidates(owner, packed):
            if candidate.num_shared <= at_least:
                break
            if whole and candidate.num_shared < candidate.num_held:
                continue
            found = self._files.read(candidate.path, owner)
            if found is not None:
                return Snapshot(packed_tokens.unpack(found[0]), found[1])
        return None

    def _drop(self, owner: str, chat: str) -> None:
        known = self._kept.pop((owner, chat), None)
        if known is not None:
            self._num_bytes -= len(known.state)

    def _let_go(self, kept: Kept) -> None:
        if kept.is_dirty and self._writer is not None:
            kept.is_evicted = True
            self._writer.queue(kept)
