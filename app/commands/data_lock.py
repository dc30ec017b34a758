"""One server for one data folder: a second one would take the first one's running replies for dead."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import BadSetup

LOCK_FILE = "lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder, which is made where it is missing. The system lets go of it when the process ends, however.

    Raises BadSetup: data_dir_in_use, data_dir_not_writable.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / LOCK_FILE).open("a")
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadSetup(
            "data_dir_not_writable", path=str(folder), uid=os.getuid(), gid=os.getgid(), reason=reason
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadSetup("data_dir_in_use", path=str(folder)) from error
        yield
