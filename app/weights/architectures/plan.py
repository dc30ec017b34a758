"""What an architecture makes of a checkpoint: keys for the file, and which stored tensor becomes which.

The only thing that `convert` and the architectures share.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from app.weights import numbers
from app.weights.gguf_writer import Entry, NewTensor
from app.weights.model_config import ModelConfig
from app.weights.numbers import RowOrder
from app.weights.safetensors import StoredTensor


class TensorPlan(Protocol):
    """One tensor of the result, and how to make its data."""

    @property
    def new(self) -> NewTensor:
        """Its name, shape and type."""

    def data(self) -> Iterator[memoryview]:
        """Its bytes, piece by piece."""


@dataclass(frozen=True, slots=True)
class FromStored:
    """A stored tensor under a new name, in the type of the file, perhaps with its rows in another order."""

    new: NewTensor
    stored: StoredTensor
    order: RowOrder | None = None

    def data(self) -> Iterator[memoryview]:
        """The numbers, converted."""
        return numbers.converted(self.stored, self.new.type, self.order)


@dataclass(frozen=True, slots=True)
class FromNumbers:
    """A small float32 tensor that was computed from the configuration."""

    new: NewTensor
    values: npt.NDArray[np.float32]

    def data(self) -> Iterator[memoryview]:
        """The numbers as they are."""
        yield memoryview(self.values.astype("<f4").tobytes())


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """The whole model: `entries` stand before the vocabulary's in the file."""

    architecture: str
    entries: Sequence[Entry]
    tensors: Sequence[TensorPlan]
    vocabulary_size: int


class Architecture(Protocol):
    """A module of this folder, as `convert` sees it."""

    def __call__(self, config: ModelConfig, stored: Mapping[str, StoredTensor], output_type: str) -> ModelPlan:
        """Plan the conversion, or raise BadFile where the checkpoint is not what its configuration says."""
