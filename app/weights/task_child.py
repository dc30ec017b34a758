"""File work in a child of its own: one task comes down the pipe, reports go up, and the child ends.

A hostile or broken file may crash llama.cpp; then only this child is lost. The parent sees the end of the pipe.
"""

from pathlib import Path

import msgspec

from app import errors
from app.child import ChildPipe
from app.weights import convert, quantize, random_model, tasks
from app.weights.progress import Progress
from app.weights.shapes import SHAPES

REPORT_STEPS = 1000


def run(pipe: ChildPipe) -> None:
    """Take one task, do it, and say how it ended."""
    frame = pipe.receive(None)
    assert frame is not None
    task = msgspec.msgpack.decode(frame, type=tasks.Task)
    sent = -1

    def report(progress: Progress) -> None:
        nonlocal sent
        step = progress.done_bytes * REPORT_STEPS // max(1, progress.total_bytes)
        if step != sent:
            sent = step
            pipe.send(msgspec.msgpack.encode(tasks.Report(progress.done_bytes, progress.total_bytes, progress.stage)))

    try:
        match task:
            case tasks.Convert():
                convert.convert(Path(task.source), Path(task.output), task.output_type, report)
            case tasks.Quantize():
                quantize.quantize(Path(task.source), Path(task.output), task.quantization, report, task.threads)
            case tasks.MakeRandom(shape=shape, vocabulary_size=size, quantization=quantization, threads=threads):
                random_model.write_random_model(Path(task.output), SHAPES[shape], size, quantization, threads)
    except errors.HearthError as error:
        pipe.send(msgspec.msgpack.encode(tasks.Refused(type(error).__name__, error.code, dict(error.params))))
        return
    pipe.send(msgspec.msgpack.encode(tasks.Done()))
