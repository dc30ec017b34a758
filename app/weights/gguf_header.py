"""What the header of a GGUF file holds. Knows no files: `gguf_file` reads it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.weights.gguf_types import FILE_TYPES, ValueType


@dataclass(frozen=True, slots=True)
class Array:
    """An array of `count` values. `items` is None when it was long and nobody asked for it."""

    type: ValueType
    count: int
    items: Sequence[str | int | float | bool] | None


Value = str | int | float | bool | Array


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: `shape` with the fastest dimension first, `offset` from the start of the file."""

    name: str
    shape: tuple[int, ...]
    type: str
    offset: int
    bytes: int

    @property
    def num_elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """The header of one file. What the file does not say is "" or 0."""

    version: int
    metadata: Mapping[str, Value]
    tensors: Sequence[TensorInfo]
    file_bytes: int

    @property
    def num_tensors(self) -> int:
        """Tensors in this file."""
        return len(self.tensors)

    @property
    def architecture(self) -> str:
        """Such as "llama"; it is the prefix of the keys of the model."""
        return self._text("general.architecture")

    @property
    def name(self) -> str:
        """The model's own title."""
        return self._text("general.name")

    @property
    def context_length(self) -> int:
        """Tokens that the model was trained for."""
        return self._of_model("context_length")

    @property
    def block_count(self) -> int:
        """Layers."""
        return self._of_model("block_count")

    @property
    def embedding_length(self) -> int:
        """Numbers of the hidden state."""
        return self._of_model("embedding_length")

    @property
    def head_count(self) -> int:
        """Attention heads; the largest where layers differ."""
        return self._of_model("attention.head_count")

    @property
    def head_count_kv(self) -> int:
        """Heads of keys and values (GQA); as many as heads where the file does not say."""
        return self._of_model("attention.head_count_kv") or self.head_count

    @property
    def key_length(self) -> int:
        """Numbers of a key in one head."""
        return self._of_model("attention.key_length") or self.embedding_length // max(1, self.head_count)

    @property
    def value_length(self) -> int:
        """Numbers of a value in one head."""
        return self._of_model("attention.value_length") or self.embedding_length // max(1, self.head_count)

    @property
    def vocabulary_size(self) -> int:
        """Tokens in the vocabulary."""
        tokens = self.metadata.get("tokenizer.ggml.tokens")
        return tokens.count if isinstance(tokens, Array) else self._of_model("vocab_size")

    @property
    def num_parameters(self) -> int:
        """Numbers in all the tensors of this file."""
        return sum(tensor.num_elements for tensor in self.tensors)

    @property
    def quantization(self) -> str:
        """Such as "Q4_K_M": what the file says, else the type of most of its numbers."""
        file_type = self.metadata.get("general.file_type")
        if isinstance(file_type, int) and not isinstance(file_type, bool) and file_type in FILE_TYPES:
            return FILE_TYPES[file_type]
        weights: Counter[str] = Counter()
        for tensor in self.tensors:
            weights[tensor.type] += tensor.num_elements
        return weights.most_common(1)[0][0] if weights else ""

    @property
    def chat_template(self) -> str | None:
        """The Jinja template that turns a conversation into a prompt."""
        return self._text("tokenizer.chat_template") or None

    @property
    def split_count(self) -> int:
        """Files that the model is split into; 1 when this one is all."""
        return max(1, self._number("split.count"))

    @property
    def split_number(self) -> int:
        """Which of them this is, from 0."""
        return self._number("split.no")

    def _of_model(self, key: str) -> int:
        return self._number(f"{self.architecture}.{key}")

    def _number(self, key: str) -> int:
        value = self.metadata.get(key)
        if isinstance(value, Array):
            return max((item for item in value.items or () if isinstance(item, int)), default=0)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    def _text(self, key: str) -> str:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""
