"""A model's vocabulary: text to tokens and back. Needs no weights."""

import ctypes
from functools import cached_property

from llama_cpp import llama_cpp as c

from app.worker import reasoning
from app.worker.lexicon import Lexicon

MAX_PIECE_BYTES = 4096
SPM_VOCABULARY = 1
CONTROL_ATTRIBUTES = 1 | 8  # LLAMA_TOKEN_ATTR_UNKNOWN and _CONTROL: what parse_special turns into tokens.


class Vocabulary:
    """Text to tokens and back."""

    def __init__(self, handle: object) -> None:
        self.handle = handle
        self._pieces: dict[int, bytes] = {}
        self._buffer = ctypes.create_string_buffer(MAX_PIECE_BYTES)
        self.size = int(c.llama_vocab_n_tokens(handle))

    @property
    def is_spm(self) -> bool:
        """Whether a piece that is tokenized on its own would get a space in front."""
        return bool(c.llama_vocab_type(self.handle) == SPM_VOCABULARY)

    @property
    def bos(self) -> int | None:
        """The token that begins a text, where the model was made with one."""
        return int(c.llama_vocab_bos(self.handle)) if c.llama_vocab_get_add_bos(self.handle) else None

    def bos_text(self) -> str:
        """The beginning token as templates write it."""
        return self.text(int(c.llama_vocab_bos(self.handle)))

    def eos_text(self) -> str:
        """The end token as templates write it."""
        return self.text(int(c.llama_vocab_eos(self.handle)))

    def text(self, token: int) -> str:
        """The token as the vocabulary spells it; empty for no token."""
        return c.llama_vocab_get_text(self.handle, token).decode("utf-8", "replace") if token >= 0 else ""

    def special_texts(self) -> list[str]:
        """The spelling of every token that only a template may write."""
        attribute = c.llama_vocab_get_attr
        tokens = (token for token in range(self.size) if attribute(self.handle, token) & CONTROL_ATTRIBUTES)
        return [text for text in map(self.text, tokens) if text]

    def tokenize_input(self, text: str) -> list[int]:
        """Tokens of `text` as a whole input: with what the model was trained to see in front and behind."""
        return self.tokenize(text, parse_special=False, add_special=True)

    def tokenize(self, text: str, parse_special: bool, add_special: bool = False) -> list[int]:
        """Tokens of `text`, with nothing put in front or behind unless `add_special`."""
        data = text.encode("utf-8", "replace")
        capacity = len(data) + 8
        while True:
            buffer = (c.llama_token * capacity)()
            count = c.llama_tokenize(self.handle, data, len(data), buffer, capacity, add_special, parse_special)
            if count >= 0:
                return list(buffer[:count])
            capacity = -count

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; none for special tokens, but for those that mark reasoning."""
        piece = self._pieces.get(token)
        if piece is None:
            is_shown = self.text(token) in reasoning.ALL_TAGS
            length = c.llama_token_to_piece(self.handle, token, self._buffer, MAX_PIECE_BYTES, 0, is_shown)
            piece = self._pieces[token] = self._buffer.raw[: max(0, length)]
        return piece

    def is_end(self, token: int) -> bool:
        """Whether an answer is over with this token."""
        return bool(c.llama_vocab_is_eog(self.handle, token))

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """All tokens that end an answer, the usual one first."""
        usual = int(c.llama_vocab_eos(self.handle))
        return tuple(sorted(filter(self.is_end, range(self.size)), key=lambda token: token != usual))

    @cached_property
    def lexicon(self) -> Lexicon:
        """All tokens by their first byte; making it takes some tenths of a second with a large vocabulary."""
        return Lexicon(map(self.piece, range(self.size)))
