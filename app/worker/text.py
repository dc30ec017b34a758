"""From the bytes of tokens to text that may be sent: whole characters only, and no part of a stop string.

Knows nothing of tokens or of the model.
"""

import codecs
from collections.abc import Sequence


class TextStream:
    """The text of one answer. `is_stopped` once a stop string was met; nothing is given out after that."""

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._stop = tuple(string for string in stop if string)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""
        self.is_stopped = False

    def add(self, piece: bytes) -> str:
        """Take the bytes of one more token and give out what is sure to belong to the answer."""
        if self.is_stopped:
            return ""
        self._held += self._decoder.decode(piece)
        if not self._stop:
            return self._give(len(self._held))
        found = [(at + len(string), at) for string in self._stop if (at := self._held.find(string)) >= 0]
        if found:
            self.is_stopped = True
            # The one that is complete first: so it does not matter how tokens cut the text.
            return self._give(min(found)[1])
        return self._give(len(self._held) - self._num_held_back())

    def finish(self) -> str:
        """The end of the answer: what was held back after all, without the bytes of an unfinished character."""
        return "" if self.is_stopped else self._give(len(self._held))

    def _num_held_back(self) -> int:
        """Length of the longest end of the held text that begins a stop string."""
        longest = max(len(string) for string in self._stop) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(string.startswith(self._held[-length:]) for string in self._stop):
                return length
        return 0

    def _give(self, length: int) -> str:
        text, self._held = self._held[:length], self._held[length:]
        return text
