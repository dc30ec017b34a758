"""A real Hearth to measure: its own process, a new data folder, one model, a person with a token. Linux only."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from app.commands import parts
from app.errors import Unavailable
from app.fetch import Client, RequestFailed, client
from app.settings import Settings

WAIT_SECONDS = 90.0
PAUSE_SECONDS = 0.02
STOP_SECONDS = 30.0


class BenchServer:
    """A Hearth below `folder`, which holds the model already. It can be stopped and started again."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._base_url = ""
        self.token = _make_person(folder / "data")

    def start(self) -> None:
        """Start it and wait until it is ready."""
        port = free_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
        own = {
            "HEARTH_PORT": str(port),
            "HEARTH_DATA_DIR": str(self._folder / "data"),
            "HEARTH_MODELS_DIR": str(self._folder / "models"),
            "HEARTH_CONFIG_FILE": os.devnull,
        }
        self._base_url = f"http://127.0.0.1:{port}"
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve"],
                env={**inherited, **own, **self._settings},
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        with self.visitor() as visitor:
            until(lambda: visitor.get("/readyz").is_success)

    def stop(self) -> None:
        """End it as a service manager does; kill it when that takes too long."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def visitor(self) -> Client:
        """A client that speaks as the person."""
        return client(self._base_url, self.token)

    def log(self) -> str:
        """What it has printed."""
        return (self._folder / "server.log").read_text(errors="replace")

    def worker_peak_bytes(self) -> int:
        """The most memory that the largest process below the server had: the worker that holds the model."""
        assert self._process is not None
        return max((peak_bytes(pid) for pid in descendants(self._process.pid)), default=0)


def _make_person(data: Path) -> str:
    """An account in a new database, and a token for it."""
    data.mkdir(parents=True, exist_ok=True)
    accounts = parts.accounts(Settings(data_dir=data, database_url=""))
    accounts.add("bench", secrets.token_urlsafe(12))
    return accounts.create_token("bench", "bench")


def end_in_order() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does: what was started is ended first."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until(is_true: Callable[[], bool]) -> None:
    """Ask again and again until it is so; nothing that listens counts as not yet."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if is_true():
                return
        except RequestFailed:
            pass
        time.sleep(PAUSE_SECONDS)
    raise Unavailable("bench_not_ready", seconds=WAIT_SECONDS)


def peak_bytes(pid: int) -> int:
    """The most resident memory that a process ever had; 0 when it is gone."""
    return _status_bytes(pid, "VmHWM")


def resident_bytes(pid: int) -> int:
    """Resident memory of a process now; 0 when it is gone."""
    return _status_bytes(pid, "VmRSS")


def descendants(pid: int) -> list[int]:
    """The children of a process, their children, and so on."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(word) for task in tasks for word in (task / "children").read_text().split()]
    except OSError:
        return []
    return children + [grandchild for child in children for grandchild in descendants(child)]


def _status_bytes(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), 0)
