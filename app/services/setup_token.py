"""The one-time token that makes the first account: made, kept in a file for its owner, its hash in the database.

It is asked for on every path: behind a tunnel, an address at home proves nothing.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from app.errors import BadSetup
from app.settings import Settings
from app.store import facts
from app.store.database import Session

HASH_FACT = "setup_token_sha256"


def prepare(session: Session, settings: Settings) -> str:
    """The token, for printing: the one of the settings, else of the file, else a new one that is put there."""
    token = settings.setup_token.get_secret_value().strip()
    if token:
        remove_file(settings)
    else:
        token = _read(settings.setup_token_file) or _write(settings.setup_token_file)
    facts.put(session, HASH_FACT, sha256(token))
    return token


def is_right(session: Session, token: str) -> bool:
    """Whether this is the token; in constant time. Never when none was prepared."""
    wanted = facts.get(session, HASH_FACT)
    return wanted is not None and hmac.compare_digest(wanted, sha256(token.strip()))


def forget(session: Session) -> None:
    """It was used."""
    facts.remove(session, HASH_FACT)


def remove_file(settings: Settings) -> None:
    """Take the file away. Where that fails it does no harm: the token in it opens nothing any more."""
    with contextlib.suppress(OSError):
        settings.setup_token_file.unlink()


def sha256(secret: str) -> str:
    """The hash under which a random secret is stored. Passwords need a slow one: see `passwords.py`."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _read(file: Path) -> str | None:
    try:
        if file.stat().st_mode & 0o077:
            # Others could read it: it is made anew.
            return None
        return file.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _write(file: Path) -> str:
    token = secrets.token_urlsafe(18)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(token + "\n")
    except OSError as error:
        raise BadSetup(
            "data_dir_not_writable",
            path=str(file.parent),
            uid=os.getuid(),
            gid=os.getgid(),
            reason=error.strerror or str(error),
        ) from error
    return token
