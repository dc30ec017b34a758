"""A result that appears whole or not at all: written as `<name>.part`, made safe on the disk, then given its name.

Knows nothing of what is written. What a killed run left behind under `.part` is overwritten by the next one.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import BadSetup, Conflict, InvalidInput

SPARE_BYTES = 16 << 20


@contextmanager
def new_file(output: Path, needed_bytes: int) -> Iterator[Path]:
    """The path to write to. It becomes `output` at the end of the block, and is removed when the block fails.

    Refuses an output that exists, a folder that does not, and a disk without `needed_bytes`.
    """
    check_free(output)
    check_room(output.parent, needed_bytes)
    part = part_path(output)
    with _locked(part):
        try:
            yield part
            _sync(part)
            check_free(output)
            part.rename(output)
            _sync(output.parent)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise _refusal(error, output, needed_bytes) from error
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def part_path(output: Path) -> Path:
    """Where the file lies while it is not finished."""
    return output.with_name(output.name + ".part")


def check_free(output: Path) -> None:
    """Refuse a name that is taken, or in a folder that is not there."""
    if not output.parent.is_dir():
        raise InvalidInput("output_folder_missing", folder=str(output.parent))
    if output.exists() or output.is_symlink():
        raise Conflict("output_exists", file=str(output))


def check_room(folder: Path, needed_bytes: int) -> None:
    """Refuse when the disk of `folder` cannot take `needed_bytes`."""
    if shutil.disk_usage(folder).free < needed_bytes + SPARE_BYTES:
        raise _no_room(folder, needed_bytes)


def readable(num_bytes: int) -> str:
    """Such as "1.2 GB": powers of ten, as disks are sold."""
    amount = float(num_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


@contextmanager
def _locked(part: Path) -> Iterator[None]:
    """Hold `part`, empty, for ourselves; a run that was killed has let go of it."""
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _refusal(error, part, 0) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        yield
    except BlockingIOError as error:
        raise Conflict("output_in_work", file=str(part)) from error
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refusal(error: OSError, output: Path, needed_bytes: int) -> BadSetup:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _no_room(output.parent, needed_bytes)
    return BadSetup("output_unwritable", file=str(output), reason=error.strerror or str(error))


def _no_room(folder: Path, needed_bytes: int) -> BadSetup:
    free = shutil.disk_usage(folder).free
    return BadSetup("disk_full", folder=str(folder), needed=readable(needed_bytes), free=readable(free))
