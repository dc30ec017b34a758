"""Runs `hearth bench chat` in turn with llama-server on the same file: `python -m tests.bench.peer SERVER [OPTIONS]`.

SERVER (or the variable LLAMA_SERVER) is the path of llama-server, built of the same llama.cpp with the same flags. The
options are those of `hearth bench chat`, and `--peer-argument=ARGUMENT`, as often as wanted, for llama-server.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.commands import bench_models, parts
from app.commands.bench_chat import streams_of
from app.commands.bench_server import end_in_order, free_port, until
from app.fetch import client


def main(arguments: Sequence[str]) -> int:
    """Start the peer, run the command beside it, end the peer; the command's exit status."""
    own = _parser()
    chosen, rest = own.parse_known_args(arguments)
    folder = Path(chosen.cache) if chosen.cache else bench_models.cache_folder()
    model = bench_models.find_or_make(chosen.model, chosen.quantization, chosen.vocabulary, folder)
    end_in_order()
    with _peer(chosen, model) as (url, pid):
        words = [sys.executable, "-m", "app.cli", "bench", "chat", "--model", str(model), "--peer", url]
        words += ["--peer-pid", str(pid), "--streams", chosen.streams, "--context", str(chosen.context)]
        words += ["--threads", str(chosen.threads), *rest]
        command = subprocess.Popen(words)
        try:
            return command.wait()
        finally:
            command.terminate()
            command.wait()


def _parser() -> argparse.ArgumentParser:
    """The options that the peer must know too; their defaults are the command's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    server = os.environ.get("LLAMA_SERVER")
    parser.add_argument("server", nargs="?" if server else None, default=server)
    parser.add_argument("--model", default="160M")
    parser.add_argument("--quantization", default="Q4_K_M")
    parser.add_argument("--vocabulary", default="32k")
    parser.add_argument("--cache", default="")
    parser.add_argument("--streams", default="1,4,8")
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--peer-argument", action="append", default=[])
    return parser


@contextmanager
def _peer(chosen: argparse.Namespace, model: Path) -> Iterator[tuple[str, int]]:
    """A llama-server on a free port: its address and its process id."""
    port, slots = free_port(), max(streams_of(chosen.streams))
    threads = chosen.threads or parts.threads(parts.settings())
    words = [chosen.server, "-m", str(model), "--host", "127.0.0.1", "--port", str(port), "--no-webui"]
    words += ["-np", str(slots), "-c", str(slots * chosen.context), "-t", str(threads), *chosen.peer_argument]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with client(f"http://127.0.0.1:{port}", "") as visitor:
            until(lambda: visitor.get("/health").is_success)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
