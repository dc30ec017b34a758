"""Runs the real command `hearth` in a process of its own, with its folders inside a test's."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

PASSWORD = "correct horse battery"
READY = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Hearth:
    """One Hearth on disk: `folder` holds its data and its models."""

    folder: Path

    @property
    def models(self) -> Path:
        """The models folder."""
        return self.folder / "models"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    def environment(self, **settings: str) -> dict[str, str]:
        """The variables of a run; nothing of the caller's own settings gets in."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
        own = {
            "HEARTH_DATA_DIR": str(self.data),
            "HEARTH_MODELS_DIR": str(self.models),
            "HEARTH_CONFIG_FILE": os.devnull,
            "HEARTH_PROBE": "false",
        }
        return {**inherited, "LANG": "C.UTF-8", **own, **settings}

    def run(self, *words: str, stdin: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run `hearth WORDS` to its end, whatever its exit status."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *words],
            input=stdin,
            env=self.environment(**settings),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self, *words: str, **settings: str) -> "subprocess.Popen[str]":
        """Start `hearth WORDS`; the caller ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli", *words],
            env=self.environment(**settings),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@contextmanager
def served(hearth: Hearth, **settings: str) -> Iterator[tuple["subprocess.Popen[str]", httpx.Client]]:
    """A running Hearth on a free port, and a visitor to it; killed at the end when it still runs."""
    server = hearth.start("serve", **{"HEARTH_PORT": "0", "HEARTH_SETUP_TOKEN": "let-me-in", **settings})
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        found = READY.search(line)
        assert found, line + server.stdout.read()
        with httpx.Client(base_url=found.group(0), timeout=60) as visitor:
            yield server, visitor
    finally:
        if server.poll() is None:
            server.kill()
        server.communicate(timeout=20)


def make_account(visitor: httpx.Client) -> None:
    """Make the first account; the visitor is signed in afterwards."""
    answer = visitor.post("/api/v1/setup", json={"token": "let-me-in", "name": "Ann", "password": PASSWORD})
    assert answer.status_code == 201, answer.text
