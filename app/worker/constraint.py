"""What a grammar allows as the next token of an answer: bytes in, whole characters followed. Knows no token ids."""

from dataclasses import dataclass

from app.worker import gbnf
from app.worker.left_recursion import refuse_left_recursion
from app.worker.matching import Matcher, State, TooAmbiguous

CONTINUATION = range(0x80, 0xC0)
NO_BYTES: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Place:
    """A state of the grammar, and the bytes of a character that is not whole yet."""

    state: State
    pending: bytes


class Constraint:
    """One answer under one grammar. Raises InvalidInput("grammar_invalid") when it cannot be followed."""

    def __init__(self, grammar: str) -> None:
        read = gbnf.parse(grammar)
        refuse_left_recursion(read)
        try:
            self._matcher = Matcher(read)
        except TooAmbiguous:
            raise gbnf.invalid("it is too ambiguous") from None
        self._place = _Place(self._matcher.start, b"")

    @property
    def can_end(self) -> bool:
        """Whether the answer may end here."""
        return self._place.state.can_end and not self._place.pending

    def begin_token(self) -> None:
        """To be called once before each token: work may be spent again."""
        self._place = _Place(self._matcher.refresh(self._place.state), self._place.pending)

    def allows(self, piece: bytes) -> bool:
        """Whether a token of these bytes may come. Raises TooAmbiguous."""
        return bool(piece) and self._behind(self._place, piece) is not None

    def accept(self, piece: bytes) -> None:
        """The answer goes on with an allowed token of these bytes."""
        place = self._behind(self._place, piece)
        assert place is not None, "a token that the grammar does not allow"
        self._place = place

    def first_bytes(self) -> frozenset[int]:
        """With which bytes the next token may begin; none: there is nothing left to say. Raises TooAmbiguous."""
        if self._place.pending:
            return frozenset(byte for byte in CONTINUATION if self._behind(self._place, bytes([byte])) is not None)
        state = self._place.state
        if state.first_bytes is None:
            state.first_bytes = frozenset(
                byte for byte in range(256) if self._behind(self._place, bytes([byte])) is not None
            )
        return state.first_bytes

    def _behind(self, place: _Place, piece: bytes) -> _Place | None:
        data = place.pending + piece if place.pending else piece
        state: State | None = place.state
        at = 0
        while at < len(data) and state is not None:
            length = _length(data[at])
            if length == 1:
                character = data[at]
            elif length == 0:
                return None
            elif at + length > len(data):
                return _Place(state, data[at:]) if self._may_complete(state, data[at:], length) else None
            else:
                try:
                    character = ord(data[at : at + length].decode())
                except UnicodeDecodeError:
                    return None
            state = self._matcher.step(state, character)
            at += length
        return None if state is None else _Place(state, b"")

    def _may_complete(self, state: State, part: bytes, length: int) -> bool:
        """Whether a character that begins with these bytes may come."""
        if any(byte not in CONTINUATION for byte in part[1:]):
            return False
        value = part[0] & (0x7F >> length)
        for byte in part[1:]:
            value = value << 6 | byte & 0x3F
        shift = 6 * (length - len(part))
        least = (0x80, 0x800, 0x10000)[length - 2]
        first, last = max(value << shift, least), min((value + 1 << shift) - 1, gbnf.MAX_CODE_POINT)
        # Surrogates are no characters: no UTF-8 says them.
        parts = ((first, min(last, 0xD7FF)), (max(first, 0xE000), last))
        return any(low <= high and self._matcher.can_step(state, low, high) for low, high in parts)


def _length(first_byte: int) -> int:
    """Bytes of the UTF-8 character that begins so; 0: none begins so."""
    if first_byte < 0x80:
        return 1
    if first_byte < 0xC2 or first_byte > 0xF4:
        return 0
    return 2 if first_byte < 0xE0 else 3 if first_byte < 0xF0 else 4
