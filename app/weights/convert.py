"""Hugging Face folder in, GGUF file out. Streams: memory stays small whatever the model's size.

Knows the order of the work; what a model's tensors mean is in `architectures`, what a token is in `vocab`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from app.errors import BadFile, InvalidInput
from app.weights import card, gguf_file, gguf_writer, model_config, output_file, safetensors, vocab
from app.weights.architectures import llama
from app.weights.architectures.plan import Architecture, ModelPlan
from app.weights.gguf_writer import Entry, NewTensor
from app.weights.progress import Progress, Report

OUTPUT_TYPES: Final = {"f32": "F32", "f16": "F16", "bf16": "BF16"}
ARCHITECTURES: Final[Mapping[str, Architecture]] = {"LlamaForCausalLM": llama.plan}
QUANTIZATION_VERSION = 2


def convert(source: Path, output: Path, output_type: str, report: Report) -> None:
    """Make `output` of the checkpoint in the folder `source`, with matrices in `output_type`: f32, f16 or bf16.

    The output appears only when it is whole and checked. HearthError says what cannot be converted, and why.
    """
    gguf_type = OUTPUT_TYPES.get(output_type.lower())
    if gguf_type is None:
        raise InvalidInput("output_type_unknown", type=output_type[:40], known=", ".join(OUTPUT_TYPES))
    if not source.is_dir():
        raise InvalidInput("checkpoint_folder_missing", folder=str(source))
    output_file.check_free(output)
    plan, entries = _planned(source, gguf_type)
    header = gguf_writer.header(entries, [tensor.new for tensor in plan.tensors])
    with output_file.new_file(output, len(header) + sum(_padded(tensor.new) for tensor in plan.tensors)) as part:
        with part.open("r+b") as stream:
            stream.write(header)
            _write_tensors(stream, plan, report)
        _verify(part, [tensor.new for tensor in plan.tensors])


def _planned(source: Path, gguf_type: str) -> tuple[ModelPlan, Sequence[Entry]]:
    config = model_config.read_config(source)
    architecture = ARCHITECTURES.get(config.architecture)
    if architecture is None:
        raise BadFile(
            "architecture_unsupported", name=config.architecture[:80] or "?", supported=", ".join(ARCHITECTURES)
        )
    plan = architecture(config, safetensors.find_tensors(source), gguf_type)
    vocabulary = vocab.read_vocabulary(source, plan.vocabulary_size, config.values)
    num_parameters = sum(tensor.new.num_elements for tensor in plan.tensors)
    return plan, (
        *card.entries(source, plan.architecture, num_parameters),
        *plan.entries,
        gguf_writer.count("general.quantization_version", QUANTIZATION_VERSION),
        *vocabulary.entries(),
    )


def _write_tensors(stream: BinaryIO, plan: ModelPlan, report: Report) -> None:
    total = sum(tensor.new.num_bytes for tensor in plan.tensors)
    done = 0
    report(Progress(done, total, "converting"))
    for tensor in plan.tensors:
        for chunk in gguf_writer.written(stream, tensor.new, tensor.data()):
            done += chunk
            report(Progress(done, total, "converting"))


def _padded(tensor: NewTensor) -> int:
    return tensor.num_bytes + gguf_writer.padding(tensor.num_bytes)


def _verify(part: Path, tensors: Sequence[NewTensor]) -> None:
    """Read the result back as a stranger would."""
    header = gguf_file.read_header(part)
    expected = [(tensor.name, tuple(reversed(tensor.shape)), tensor.type) for tensor in tensors]
    if [(tensor.name, tensor.shape, tensor.type) for tensor in header.tensors] != expected:
        raise BadFile("result_wrong", file=part.name)
