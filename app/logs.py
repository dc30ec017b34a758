"""One line per event on standard error, for `docker logs` and the terminal. Prompts and secrets are never logged."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
QUIET = ("httpx", "httpx2", "httpcore", "asyncio", "multipart", "alembic", "matplotlib", "PIL", "uvicorn")


class OneLine(logging.Formatter):
    """Keeps control characters out of the log, so that nothing that people send can forge a line."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The record's line with control characters written as escapes; tracebacks keep their lines."""
        line = super().formatMessage(record)
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def configure(level: str) -> None:
    """Send everything of `level` and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(FORMAT, datefmt="%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
