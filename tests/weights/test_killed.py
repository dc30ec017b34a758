"""A run that is killed half-way, as by a power cut: no half file under the result's name, and the next run succeeds."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.weights import convert, output_file, quantize
from app.weights.gguf_file import read_header
from app.weights.progress import Progress

PROGRAM = """
import sys
from pathlib import Path
from app.weights import convert, quantize

def stop_half_way(progress):
    if progress.done_bytes > progress.total_bytes // 2:
        print("half", flush=True)
        sys.stdin.read()

kind, source, output = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
if kind == "convert":
    convert.convert(source, output, "f16", stop_half_way)
else:
    quantize.quantize(source, output, "Q8_0", stop_half_way, 1)
"""


def ignore(_progress: Progress) -> None:
    """Nobody watches."""


def kill_half_way(kind: str, source: Path, output: Path) -> None:
    """Run in a process of its own, and kill that when half is done."""
    command = [sys.executable, "-c", PROGRAM, kind, str(source), str(output)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.kill()


@pytest.mark.parametrize("kind", ["convert", "quantize"])
def test_a_killed_run_leaves_no_result_and_the_next_one_succeeds(
    kind: str, tiny_checkpoint: Path, tiny_gguf: Path, tmp_path: Path
) -> None:
    output = tmp_path / "model.gguf"
    source = tiny_checkpoint if kind == "convert" else tiny_gguf
    kill_half_way(kind, source, output)
    assert list(tmp_path.iterdir()) == [output_file.part_path(output)]
    if kind == "convert":
        convert.convert(source, output, "f16", ignore)
    else:
        quantize.quantize(source, output, "Q8_0", ignore, 1)
    assert list(tmp_path.iterdir()) == [output]
    assert read_header(output).name == "Tiny Llama"
