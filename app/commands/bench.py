"""`hearth bench start`: how long a start takes and what an idle server weighs. A measurement, not a test."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from statistics import median

from app.commands import output
from app.commands.bench_server import descendants, free_port, resident_bytes, until
from app.fetch import client

TOKEN = "bench-setup-token"


def start(rounds: int) -> None:
    """Start a server in a new folder `rounds` times; print each round and the medians."""
    measured = [_round() for _ in range(rounds)]
    for number, (ready, page, memory) in enumerate(measured, 1):
        _print(f"round {number}", ready, page, memory)
    _print("median", *(median(column) for column in zip(*measured, strict=True)))
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    output.console.print(f"load average {load}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")


def _print(name: str, ready: float, page: float, memory: float) -> None:
    output.console.print(
        f"{name:<8} /readyz after {ready:.2f} s   chat page after {page:.2f} s   idle memory {memory:.0f} MB"
    )


def _round() -> tuple[float, float, float]:
    """Seconds to /readyz, seconds to the chat page for a signed-in person, megabytes (RSS) of all processes after."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "HEARTH_PORT": str(port),
            "HEARTH_DATA_DIR": folder,
            "HEARTH_SETUP_TOKEN": TOKEN,
        }
        began = time.monotonic()
        server = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with client(f"http://127.0.0.1:{port}", "") as visitor:
                until(lambda: visitor.get("/readyz").is_success)
                ready = time.monotonic() - began
                person = {"token": TOKEN, "name": "bench", "password": secrets.token_urlsafe(12)}
                visitor.post("/api/v1/setup", json=person).raise_for_status()
                until(lambda: "gradio" in visitor.get("/", headers={"accept": "text/html"}).text)
                page = time.monotonic() - began
            return ready, page, sum(resident_bytes(pid) for pid in [server.pid, *descendants(server.pid)]) / 1e6
        finally:
            server.terminate()
            server.wait()
