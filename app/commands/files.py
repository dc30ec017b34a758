"""`hearth convert` and `hearth quantize`: the work runs in a child, this end shows how far it is."""

import signal
from pathlib import Path

import msgspec
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from app import hardware
from app.child import ChildProcess
from app.commands import output
from app.errors import Unavailable
from app.weights import tasks


def convert(source: Path, target: Path, output_type: str) -> None:
    """Write `target` (GGUF) from the Hugging Face folder `source`."""
    run_task(tasks.Convert(str(source.absolute()), str(target.absolute()), output_type))
    _tell(target)


def quantize(source: Path, target: Path, quantization: str) -> None:
    """Write `target`, a quantized copy of the GGUF `source`."""
    threads = hardware.cpu_budget().threads
    run_task(tasks.Quantize(str(source.absolute()), str(target.absolute()), quantization, threads))
    _tell(target)


def run_task(task: tasks.Task) -> None:
    """Have a child do it, and show how far it is."""
    child = ChildProcess("app.weights.task_child:run", "task")
    child.start()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        child.pipe.send(msgspec.msgpack.encode(task))
        with Progress(*columns, console=output.error_console, transient=True) as bar:
            row = bar.add_task("", total=None)
            while not isinstance(answer := _answer(child), tasks.Done):
                if isinstance(answer, tasks.Refused):
                    raise answer.error()
                bar.update(row, description=answer.stage, completed=answer.done_bytes, total=answer.total_bytes)
    finally:
        child.close()


def _tell(target: Path) -> None:
    output.tell("converted", {"path": target, "size": output.size(target.stat().st_size)})


def _answer(child: ChildProcess) -> tasks.Answer:
    try:
        frame = child.pipe.receive(None)
    except EOFError as error:
        raise Unavailable("worker_task_died", reason=_reason(child.close())) from error
    assert frame is not None
    answer: tasks.Answer = msgspec.msgpack.decode(frame, type=tasks.Answer)
    return answer


def _reason(status: int) -> str:
    """A process's end in words: the signal's name, or its exit status."""
    return signal.Signals(-status).name if status < 0 else f"status {status}"
