"""Packed tokens say what the tokens say."""

import random

from app.worker import packed_tokens


def test_packing_and_back_loses_nothing() -> None:
    tokens = [0, 1, 127_999, 2**31 - 1]
    packed = packed_tokens.pack(tokens)
    assert packed_tokens.unpack(packed) == tuple(tokens)
    assert packed_tokens.num_packed(packed) == 4


def test_common_beginning_is_that_of_the_tokens() -> None:
    draw = random.Random(3)
    for _ in range(300):
        left = [draw.choice((5, 256, 65_541)) for _ in range(draw.randrange(12))]
        right = left[: draw.randrange(12)] + [draw.choice((5, 256, 65_541)) for _ in range(draw.randrange(4))]
        expected = 0
        while expected < min(len(left), len(right)) and left[expected] == right[expected]:
            expected += 1
        assert packed_tokens.num_shared(packed_tokens.pack(left), packed_tokens.pack(right)) == expected
