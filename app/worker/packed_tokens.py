"""Tokens packed into bytes, four each: what is compared often, kept long and written to files.

Comparing packed tokens is a memory comparison; the numbers themselves are only needed when a state is chosen.
"""

from array import array
from collections.abc import Sequence

TOKEN_BYTES = 4


def pack(tokens: Sequence[int]) -> bytes:
    """Tokens as 32-bit integers in the machine's own byte order, as the states that they go with."""
    return array("i", tokens).tobytes()


def unpack(packed: bytes) -> tuple[int, ...]:
    """The tokens again."""
    return tuple(array("i", packed))


def num_packed(packed: bytes) -> int:
    """How many tokens there are."""
    return len(packed) // TOKEN_BYTES


def num_shared(left: bytes, right: bytes) -> int:
    """How many tokens two packed texts begin with in common."""
    end = min(len(left), len(right))
    if left[:end] == right[:end]:
        return end // TOKEN_BYTES
    start = 0
    while end - start > 1:  # The first byte that differs lies in [start, end).
        middle = (start + end) // 2
        if left[start:middle] == right[start:middle]:
            start = middle
        else:
            end = middle
    return start // TOKEN_BYTES
