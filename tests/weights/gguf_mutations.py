"""Takes a GGUF file apart and puts it together again with one thing changed, by chance but the same for each seed.

Half of the changes are of bytes, as a broken disk makes them; half are of what the header says, as a hostile or
careless maker of files would: a head count of 0, a vocabulary that does not fit, a tensor of another shape or type.
"""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from app.weights.gguf_types import SCALAR_FORMATS, TENSOR_TYPES, ValueType
from tests.weights import gguf_maker

ALIGNMENT = 32
NUMBERS = (0, 1, 2, 3, 5, 7, 63, 64, 65, 255, 4096, 100_000, 2**31 - 1, 2**31, 2**32 - 1)
FRACTIONS = (0.0, -1.0, 1e-30, 1e30, float("inf"), float("-inf"), float("nan"), 0.5, 1e6)
WINDOWS = (bytes(4), bytes(8), b"\xff" * 4, b"\xff" * 8, b"\x00\x00\x00\x80", b"\x01" + bytes(7), b"\xff" * 7 + b"\x7f")


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name, the number of its type, its value as bytes."""

    name: str
    kind: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor's entry."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True, slots=True)
class Parts:
    """A whole file, taken apart."""

    keys: tuple[Key, ...]
    tensors: tuple[Tensor, ...]
    data: bytes

    def joined(self) -> bytes:
        """The file again."""
        parts = [b"GGUF", struct.pack("<IQQ", 3, len(self.tensors), len(self.keys))]
        parts += [gguf_maker.key(key.name, key.kind, key.value) for key in self.keys]
        parts += [gguf_maker.tensor(tensor.name, tensor.shape, tensor.kind, tensor.offset) for tensor in self.tensors]
        head = b"".join(parts)
        return head + bytes(-len(head) % ALIGNMENT) + self.data

    @property
    def header_bytes(self) -> int:
        """Where the data begins."""
        return len(self.joined()) - len(self.data)


def take_apart(path: Path) -> Parts:
    """Read a sound file."""
    data = path.read_bytes()
    num_tensors, num_keys = struct.unpack_from("<QQ", data, 8)
    at = 24
    keys: list[Key] = []
    tensors: list[Tensor] = []
    for _ in range(num_keys):
        name, at = _text(data, at)
        (kind,) = struct.unpack_from("<I", data, at)
        end = _value_end(data, at + 4, kind)
        keys.append(Key(name, kind, data[at + 4 : end]))
        at = end
    for _ in range(num_tensors):
        name, at = _text(data, at)
        (num_dimensions,) = struct.unpack_from("<I", data, at)
        *shape, kind, offset = struct.unpack_from(f"<{num_dimensions}QIQ", data, at + 4)
        tensors.append(Tensor(name, tuple(shape), kind, offset))
        at += 4 + 8 * num_dimensions + 12
    return Parts(tuple(keys), tuple(tensors), data[at + -at % ALIGNMENT :])


def mutated(parts: Parts, seed: int) -> tuple[str, bytes]:
    """What was changed, and the whole file."""
    chance = random.Random(seed)
    change = chance.choice(CHANGES)
    told, data = change(parts, chance)
    return f"{seed}: {change.__name__.strip('_')} {told}", data


def _flip_bytes(parts: Parts, chance: random.Random) -> tuple[str, bytes]:
    data = bytearray(parts.joined())
    places = [chance.randrange(4, parts.header_bytes) for _ in range(chance.randint(1, 3))]
    for place in places:
        data[place] ^= 1 << chance.randrange(8)
    return str(places), bytes(data)


def _overwrite(parts: Parts, chance: random.Random) -> tuple[str, bytes]:
    data = bytearray(parts.joined())
    window = chance.choice(WINDOWS)
    # The long lists of the vocabulary take most of the header; what lies before and behind them matters more.
    place = chance.choice((chance.randrange(4, 1200), chance.randrange(4, parts.header_bytes - 8)))
    data[place : place + len(window)] = window
    return f"{place} {window.hex()}", bytes(data)


def _cut(parts: Parts, chance: random.Random) -> tuple[str, bytes]:
    data = parts.joined()
    length = chance.choice((chance.randrange(parts.header_bytes), chance.randrange(len(data))))
    return str(length), data[:length]


def _set_number(parts: Parts, chance: random.Random) -> tuple[str, bytes]:
    place = chance.choice([i for i, key in enumerate(parts.keys) if key.kind in SCALAR_FORMATS])
    key = parts.keys[place]
    pattern = SCALAR_FORMATS[ValueType(key.kind)]
    (old,) = struct.unpack(pattern, key.value)
    if isinstance(old, bool):
        new: float = not old
    elif isinstance(old, float):
        new = chance.choice((*FRACTIONS, old * 2))
    else:
        new = chance.choice((*NUMBERS, old + 1, old - 1, old * 2, old // 2)) % 2**32
    return f"{key.name}={new}", _with_key(parts, place, replace(key, value=struct.pack(pattern, new))).joined()


def _drop_key(parts: Parts, chance: random.Random) -> tuple[str, bytes]:
    place = chance.randrange(len(parts.keys))
    keys = parts.keys[:place] + parts.keys[place + 1 :]
    return parts.keys[place].name, replace(parts, keys=keys).joined()


def _change_kind(parts: Parts, chance: random.Random) -> tuple[str, bytes]:
    """Another type of the same key, with a sound value of that type: a number, a text or a list of numbers."""
    place = chance.randrange(len(parts.keys))
    kind = chance.choice((4, 5, 6, 7, 8, 9, 10))
    if kind == ValueType.STRING:
        value = gguf_maker.text(chance.choice(("", "7", "llama", "x" * 300)))
    elif kind == ValueType.ARRAY:
        count = chance.choice((0, 1, 2, 3, 300))
        value = struct.pack("<IQ", 4, count) + struct.pack("<I", chance.choice(NUMBERS)) * count
    else:
        number = chance.randrange(2)
        value = struct.pack(SCALAR_FORMATS[ValueType(kind)], number)
    key = replace(parts.keys[place], kind=kind, value=value)
    return f"{key.name}: {kind} {value[:16]!r}", _with_key(parts, place, key).joined()


def _change_list(parts: Parts, chance: random.Random) -> tuple[str, bytes]:
    """A list of the vocabulary that is shorter, empty, or has its items changed."""
    place = chance.choice([i for i, key in enumerate(parts.keys) if key.kind == ValueType.ARRAY])
    key = parts.keys[place]
    kind, items = _items(key.value)
    how = chance.choice(("cut", "empty", "double", "scramble", "same"))
    if how == "cut":
        items = items[: chance.randrange(len(items))]
    elif how == "double":
        items = items + items
    elif how == "empty":
        items = []
    elif how == "same":
        items = [items[0]] * len(items)
    else:
        odd = [gguf_maker.text(text) for text in ("", " ", "a b c", "\u4f60", "x" * 1000)]
        for _ in range(20):
            number = struct.pack("<I", chance.choice(NUMBERS))
            items[chance.randrange(len(items))] = chance.choice(odd) if kind == ValueType.STRING else number
    value = struct.pack("<IQ", kind, len(items)) + b"".join(items)
    return f"{key.name} {how}", _with_key(parts, place, replace(key, value=value)).joined()


def _change_tensor(parts: Parts, chance: random.Random) -> tuple[str, bytes]:
    """Another shape, type or name; the data is laid out anew, so that the file is whole in itself."""
    place = chance.randrange(len(parts.tensors))
    tensor = parts.tensors[place]
    how = chance.choice(("turn", "grow", "shrink", "kind", "name", "flat", "drop", "deep", "same name"))
    shape = tensor.shape
    if how == "turn":
        tensor = replace(tensor, shape=shape[::-1])
    elif how == "grow":
        tensor = replace(tensor, shape=(*shape[:-1], shape[-1] * 2))
    elif how == "shrink":
        tensor = replace(tensor, shape=(*shape[:-1], max(1, shape[-1] // 2)))
    elif how == "flat":
        tensor = replace(tensor, shape=(_product(shape),))
    elif how == "deep":
        tensor = replace(tensor, shape=(shape[0], 1, *shape[1:]))
    elif how == "kind":
        tensor = replace(tensor, kind=chance.choice(list(TENSOR_TYPES)))
    elif how == "name":
        tensor = replace(tensor, name=chance.choice(("x", "blk.9.attn_q.weight", "rope_freqs.weight", "output.weight")))
    elif how == "same name":
        tensor = replace(tensor, name=chance.choice(parts.tensors).name)
    middle = () if how == "drop" else (tensor,)
    tensors = parts.tensors[:place] + middle + parts.tensors[place + 1 :]
    return f"{parts.tensors[place].name} {how} {tensor.kind}", _laid_out(replace(parts, tensors=tensors)).joined()


CHANGES: tuple[Callable[[Parts, random.Random], tuple[str, bytes]], ...] = (
    _flip_bytes, _overwrite, _cut, _set_number, _set_number, _set_number, _drop_key, _change_kind, _change_list,
    _change_tensor, _change_tensor,
)  # fmt: skip


def _with_key(parts: Parts, place: int, key: Key) -> Parts:
    return replace(parts, keys=(*parts.keys[:place], key, *parts.keys[place + 1 :]))


def _laid_out(parts: Parts) -> Parts:
    """Every tensor directly behind the one before, over the same data again and again."""
    end, tensors = 0, []
    for tensor in parts.tensors:
        tensors.append(replace(tensor, offset=end))
        kind = TENSOR_TYPES[tensor.kind]
        num_bytes = _product(tensor.shape) // kind.block_size * kind.block_bytes
        end += num_bytes + -num_bytes % ALIGNMENT
    times = end // len(parts.data) + 1
    return replace(parts, tensors=tuple(tensors), data=(parts.data * times)[:end])


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


def _items(value: bytes) -> tuple[int, list[bytes]]:
    kind, count = struct.unpack_from("<IQ", value)
    at, items = 12, []
    for _ in range(count):
        end = _value_end(value, at, kind)
        items.append(value[at:end])
        at = end
    return kind, items


def _text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", data, at)
    return data[at + 8 : at + 8 + length].decode(), at + 8 + length


def _value_end(data: bytes, at: int, kind: int) -> int:
    if kind == ValueType.STRING:
        return at + 8 + int(struct.unpack_from("<Q", data, at)[0])
    if kind != ValueType.ARRAY:
        return at + struct.calcsize(SCALAR_FORMATS[ValueType(kind)])
    item_kind, count = struct.unpack_from("<IQ", data, at)
    at += 12
    for _ in range(count):
        at = _value_end(data, at, item_kind)
    return at
