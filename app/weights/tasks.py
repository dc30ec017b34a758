"""What a parent and its file-work child say to each other. The work itself is in `task_child`, which the parent never
imports: numpy and llama.cpp stay out of its memory.
"""

import msgspec

from app import errors


class Convert(msgspec.Struct, frozen=True, tag=True):
    """Make a GGUF of a Hugging Face folder."""

    source: str
    output: str
    output_type: str


class Quantize(msgspec.Struct, frozen=True, tag=True):
    """Make a smaller GGUF of an unquantized one."""

    source: str
    output: str
    quantization: str
    threads: int


class MakeRandom(msgspec.Struct, frozen=True, tag=True):
    """Make a GGUF with random weights; `shape` is a key of `app.weights.shapes.SHAPES`."""

    output: str
    shape: str
    vocabulary_size: int
    quantization: str
    threads: int


class Report(msgspec.Struct, frozen=True, tag=True):
    """How far the task is."""

    done_bytes: int
    total_bytes: int
    stage: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """The output is whole and in its place."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The task cannot be done: the name of the class in `app.errors`, the code, and the values of its sentence."""

    kind: str
    code: str
    params: dict[str, str | int | float]

    def error(self) -> errors.HearthError:
        """The refusal as the exception that it was in the child."""
        kind: type[errors.HearthError] = getattr(errors, self.kind, errors.HearthError)
        return kind(self.code, **self.params)


Task = Convert | Quantize | MakeRandom
Answer = Report | Done | Refused
