"""The tokens of a vocabulary by the one or two bytes that they begin with, to find those that a grammar allows."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]
MAX_REMEMBERED = 64
# The number of a beginning: its first byte times this, and one more than its second byte where there is one.
PLACES = 257


class Lexicon:
    """Made once for a vocabulary: `pieces` are the bytes of its tokens; tokens without bytes are in no list."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        numbers = np.fromiter((_number(piece[:2]) if piece else -1 for piece in pieces), np.int32)
        self._tokens = np.argsort(numbers, kind="stable").astype(np.int32)
        self._numbers = numbers[self._tokens]
        self._unions: dict[tuple[bool, frozenset[bytes]], Tokens] = {}

    def beginnings(self, first_bytes: Iterable[int]) -> list[bytes]:
        """What tokens begin with that begin with one of these bytes: two bytes, or the one that there is."""
        numbers = np.unique(np.concatenate([self._numbers[self._slice(bytes([byte]), True)] for byte in first_bytes]))
        return [_beginning(number) for number in numbers.tolist()]

    def beginning_with(self, first_bytes: frozenset[int]) -> Tokens:
        """All tokens that begin with one of these bytes."""
        return self._union(frozenset(bytes([byte]) for byte in first_bytes), is_whole=False)

    def with_beginnings(self, beginnings: frozenset[bytes]) -> Tokens:
        """All tokens that have one of these `beginnings`."""
        return self._union(beginnings, is_whole=True)

    def _union(self, beginnings: frozenset[bytes], is_whole: bool) -> Tokens:
        known = self._unions.get((is_whole, beginnings))
        if known is None:
            if len(self._unions) >= MAX_REMEMBERED:
                self._unions.clear()
            parts = [self._tokens[self._slice(each, not is_whole)] for each in sorted(beginnings)]
            known = np.concatenate(parts) if parts else np.empty(0, np.int32)
            self._unions[is_whole, beginnings] = known
        return known

    def _slice(self, beginning: bytes, or_longer: bool) -> slice:
        number = _number(beginning)
        width = PLACES if or_longer and len(beginning) == 1 else 1
        start, end = np.searchsorted(self._numbers, (number, number + width)).tolist()
        return slice(start, end)


def _number(beginning: bytes) -> int:
    return beginning[0] * PLACES + (beginning[1] + 1 if len(beginning) > 1 else 0)


def _beginning(number: int) -> bytes:
    first, second = divmod(number, PLACES)
    return bytes([first, second - 1]) if second else bytes([first])
