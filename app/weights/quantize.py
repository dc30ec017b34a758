"""An unquantized GGUF file in, a smaller one out, by llama.cpp. One of the two doors to llama_cpp.

llama.cpp checks little and cannot be stopped half-way: everything refusable is refused here first, and whoever wants
to cancel, or does not trust the file, runs this in a child process and kills that.
"""

import ctypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import llama_cpp

from app.errors import BadFile, InvalidInput, Unavailable
from app.weights import gguf_file, output_file
from app.weights.gguf_header import GgufHeader
from app.weights.gguf_types import FILE_TYPE_NUMBERS
from app.weights.progress import Progress, Report
from app.weights.quantizations import NEED_IMATRIX, QUANTIZATIONS

UNQUANTIZED: Final = ("F32", "F16", "BF16")
TENSOR_LINE: Final = re.compile(r"\[ *\d+/ *\d+\] (\S+)")
SIZE_LINE: Final = re.compile(r"quant size *= *([0-9.]+) MiB")
REASON_LINE: Final = re.compile(r"failed to quantize: (.*)")


@dataclass(slots=True)
class Hearing:
    """What llama.cpp's log tells of one run: `report` hears of every tensor, the rest is kept for later."""

    report: Report | None = None
    done_bytes: int = 0
    current_bytes: int = 0
    predicted_mebibytes: float = 0.0
    reason: str = ""
    failure: BaseException | None = None
    sizes: dict[str, int] = field(default_factory=dict)

    def hear(self, line: str) -> None:
        """Take in one piece of the log."""
        if match := TENSOR_LINE.search(line):
            self.done_bytes += self.current_bytes
            self.current_bytes = self.sizes.get(match[1], 0)
            if self.report is not None:
                self.report(Progress(self.done_bytes, sum(self.sizes.values()), "quantizing"))
        elif match := SIZE_LINE.search(line):
            self.predicted_mebibytes = float(match[1])
        elif match := REASON_LINE.search(line):
            self.reason = match[1].strip()


def quantize(source: Path, output: Path, quantization: str, report: Report, threads: int) -> None:
    """Make `output` of the F32, F16 or BF16 file `source`, with `threads` threads of llama.cpp.

    The output appears only when it is whole and checked. An exception out of `report` is raised at the end.
    """
    name = _known(quantization)
    _check_paths(source, output)
    header = _checked_source(source)
    needed_bytes = predicted_bytes(source, name)
    with output_file.new_file(output, needed_bytes) as part:
        report(Progress(0, _data_bytes(header), "quantizing"))
        hearing = _hearing(header, report)
        _run(source, part, name, hearing, threads=max(1, threads))
        if hearing.failure is not None:
            raise hearing.failure
        report(Progress(_data_bytes(header), _data_bytes(header), "verifying"))
        _verify(part, header, name)


def predicted_bytes(source: Path, quantization: str) -> int:
    """How long the result will be, within a few kilobytes, without making it."""
    header = _checked_source(source)
    hearing = _hearing(header, None)
    _run(source, Path(os.devnull), _known(quantization), hearing, threads=1, is_dry=True)
    keys_bytes = min((tensor.offset for tensor in header.tensors), default=0)
    return int(hearing.predicted_mebibytes * (1 << 20)) + keys_bytes


def _known(quantization: str) -> str:
    name = quantization.upper()
    if name in NEED_IMATRIX:
        raise InvalidInput("quantization_needs_imatrix", name=name, instead=NEED_IMATRIX[name])
    if name not in QUANTIZATIONS:
        raise InvalidInput("quantization_unknown", name=quantization[:40], known=", ".join(QUANTIZATIONS))
    return name


def _check_paths(source: Path, output: Path) -> None:
    """llama.cpp destroys a file that it both reads and writes, under whatever name."""
    for written in (output, output_file.part_path(output)):
        if written.exists() and source.exists() and written.samefile(source):
            raise InvalidInput("quantize_onto_itself", file=str(source))
    output_file.check_free(output)


def _checked_source(source: Path) -> GgufHeader:
    header = gguf_file.read_header(source)
    if header.split_count > 1:
        raise BadFile("gguf_is_split", file=source.name, count=header.split_count)
    if not header.tensors or not header.architecture:
        raise BadFile("gguf_no_weights", file=source.name)
    quantized = {tensor.type for tensor in header.tensors} - {*UNQUANTIZED, "I8", "I16", "I32", "I64", "F64"}
    if quantized:
        raise BadFile("quantize_source_quantized", file=source.name, quantization=header.quantization)
    return header


def _data_bytes(header: GgufHeader) -> int:
    return sum(tensor.bytes for tensor in header.tensors)


def _hearing(header: GgufHeader, report: Report | None) -> Hearing:
    return Hearing(report, sizes={tensor.name: tensor.bytes for tensor in header.tensors})


def _run(source: Path, output: Path, name: str, hearing: Hearing, *, threads: int, is_dry: bool = False) -> None:
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.nthread = threads
    parameters.ftype = FILE_TYPE_NUMBERS[name]
    parameters.dry_run = is_dry
    llama_cpp.llama_backend_init()
    with _heard(hearing):
        result = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(output), ctypes.byref(parameters))
    if result != 0:
        output_file.check_room(output.parent, 0)
        raise Unavailable("quantize_failed", reason=hearing.reason[:300] or f"llama.cpp: {result}")


@contextmanager
def _heard(hearing: Hearing) -> Iterator[None]:
    """Send llama.cpp's log to `hearing`, and then again to where it went before."""
    before, data_before = llama_cpp.llama_log_callback(), ctypes.c_void_p()
    llama_cpp.llama_log_get(ctypes.byref(before), ctypes.byref(data_before))
    llama_cpp.llama_log_set(_ON_LOG, ctypes.c_void_p(id(hearing)))
    try:
        yield
    finally:
        llama_cpp.llama_log_set(before, data_before)


def _on_log(_level: int, line: bytes, data: int) -> None:
    """Called from inside llama.cpp, where an exception cannot pass: it waits in the hearing."""
    hearing: Hearing = ctypes.cast(data, ctypes.py_object).value
    try:
        if hearing.failure is None:
            hearing.hear(line.decode("utf-8", errors="replace"))
    except BaseException as error:  # noqa: BLE001 - kept, and raised by `quantize` when llama.cpp is done
        hearing.failure = error


# llama.cpp keeps the pointer, so the object must live as long as the process.
_ON_LOG: Final = llama_cpp.llama_log_callback(_on_log)


def _verify(part: Path, source: GgufHeader, name: str) -> None:
    """Read the result back as a stranger would: the same tensors, and the type that was asked for."""
    header = gguf_file.read_header(part)
    same_tensors = {(tensor.name, tensor.shape) for tensor in header.tensors} == {
        (tensor.name, tensor.shape) for tensor in source.tensors
    }
    if not same_tensors or header.quantization != name or header.architecture != source.architecture:
        raise BadFile("result_wrong", file=part.name)
