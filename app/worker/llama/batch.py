"""llama.cpp's batch: the tokens of several sequences that are computed in one pass."""

import ctypes
from collections.abc import Sequence

from llama_cpp import llama_cpp as c


class Batch:
    """Room for `capacity` tokens of `num_slots` sequences. `handle` is what llama_decode takes.

    The arrays are ours: filling a slice of one is a single call, however many tokens it is.
    """

    def __init__(self, capacity: int, num_slots: int) -> None:
        self._token = (ctypes.c_int32 * capacity)()
        self._position = (ctypes.c_int32 * capacity)()
        self._num_slots = (ctypes.c_int32 * capacity)(*[1] * capacity)
        self._output = (ctypes.c_int8 * capacity)()
        self._numbers = (ctypes.c_int32 * num_slots)(*range(num_slots))
        start, size = ctypes.addressof(self._numbers), ctypes.sizeof(ctypes.c_int32)
        self._addresses = [start + size * number for number in range(num_slots)]
        self._slot: ctypes.Array[ctypes.c_size_t] = (ctypes.c_size_t * capacity)()
        self._num_tokens = 0
        # Made by llama.cpp for its types, and then pointed at our arrays.
        self.handle = c.llama_batch_init(0, 0, 1)
        self._point("token", ctypes.addressof(self._token))
        self._point("pos", ctypes.addressof(self._position))
        self._point("n_seq_id", ctypes.addressof(self._num_slots))
        self._point("seq_id", ctypes.addressof(self._slot))
        self._point("logits", ctypes.addressof(self._output))

    def clear(self) -> None:
        """Begin anew."""
        self._num_tokens = 0

    def add(self, slot: int, position: int, tokens: Sequence[int], num_outputs: int) -> int:
        """Put in `tokens` of a slot; the index of the first of the last `num_outputs` tokens, which have outputs."""
        first = self._num_tokens
        count = len(tokens)
        if count == 1:
            self._token[first] = tokens[0]
            self._position[first] = position
            self._slot[first] = self._addresses[slot]
            self._output[first] = num_outputs
        else:
            end = first + count
            self._token[first:end] = list(tokens)
            self._position[first:end] = list(range(position, position + count))
            self._slot[first:end] = [self._addresses[slot]] * count
            outputs: list[ctypes.c_int8 | int] = [0] * (count - num_outputs)
            self._output[first:end] = outputs + [1] * num_outputs
        self._num_tokens = self.handle.n_tokens = first + count
        return first + count - num_outputs

    def _point(self, field: str, address: int) -> None:
        setattr(self.handle, field, ctypes.cast(address, type(getattr(self.handle, field))))
