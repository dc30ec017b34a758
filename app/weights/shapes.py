"""The sizes of the LLaMAs that Hearth measures itself with. Knows no weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a LLaMA is. Its embeddings are tied: the output takes the rows of the input."""

    num_layers: int
    width: int
    num_heads: int
    num_kv_heads: int
    ffn: int

    @property
    def head_size(self) -> int:
        """Numbers of one head."""
        return self.width // self.num_heads


SHAPES: Final[Mapping[str, Shape]] = {
    "tiny": Shape(2, 256, 4, 2, 512),
    "160M": Shape(12, 768, 12, 12, 2048),
    "1B": Shape(16, 2048, 32, 8, 8192),
    "8B": Shape(32, 4096, 32, 8, 14336),
}
VOCABULARIES: Final[Mapping[str, int]] = {"1k": 1_024, "32k": 32_000, "128k": 128_256}
