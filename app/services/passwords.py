"""Password hashes: argon2id with the parameters that argon2-cffi recommends. Knows no accounts.

Each check takes 64 MiB and tens of milliseconds, so only a few run at once: a flood of guesses must not take a small
box's memory. This is the limit on sign-ins of the whole Hearth; the limit per account is in `sign_in_throttle.py`.
"""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import Busy, InvalidInput

MIN_CHARACTERS = 8
MAX_CHARACTERS = 1024
AT_ONCE = 2
WAIT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password is right, and whether its hash should be made anew with today's parameters."""

    is_right: bool
    is_outdated: bool


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._at_once = threading.BoundedSemaphore(AT_ONCE)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """The hash to store. Raises InvalidInput for a password that is too short, too long or no text."""
        if len(password) < MIN_CHARACTERS:
            raise InvalidInput("password_too_short", least=MIN_CHARACTERS)
        if len(password) > MAX_CHARACTERS:
            raise InvalidInput("password_too_long", most=MAX_CHARACTERS)
        try:
            encoded = _normalised(password).encode()
        except UnicodeEncodeError as error:
            raise InvalidInput("password_invalid") from error
        with self._turn():
            return self._hasher.hash(encoded)

    def check(self, password_hash: str | None, password: str) -> Checked:
        """Check against a hash. Without one (no such account) it takes the same time and is wrong."""
        # A wrong password may be anything; what cannot be encoded is only made comparable.
        encoded = _normalised(password[:MAX_CHARACTERS]).encode(errors="replace")
        with self._turn():
            try:
                self._hasher.verify(password_hash or self._hash_of_nobody(), encoded)
            except (VerificationError, InvalidHashError):
                return Checked(is_right=False, is_outdated=False)
        if password_hash is None:
            return Checked(is_right=False, is_outdated=False)
        return Checked(is_right=True, is_outdated=self._hasher.check_needs_rehash(password_hash))

    def _hash_of_nobody(self) -> str:
        self._nobody = self._nobody or self._hasher.hash("nobody's password")
        return self._nobody

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._at_once.acquire(timeout=WAIT_SECONDS):
            raise Busy("sign_in_throttled", seconds=WAIT_SECONDS)
        try:
            yield
        finally:
            self._at_once.release()


def _normalised(password: str) -> str:
    """Keyboards write the same letters in different ways, such as an é in one piece or in two."""
    return unicodedata.normalize("NFKC", password)
