"""Who lives here: accounts, their passwords, sign-ins and API tokens, and the one-time setup of the first account.

Knows nothing of cookies or HTTP. All methods are synchronous and safe to call from several threads. Passwords are
hashed outside of transactions, since that takes long on a small box.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from app.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn
from app.services import account_names, setup_token
from app.services.passwords import Passwords
from app.services.setup_token import sha256
from app.services.sign_in_throttle import SignInThrottle
from app.settings import Settings
from app.store import api_tokens, facts, sign_ins, users
from app.store.database import Database, Session
from app.store.tables import UserTable, now

SETUP_DONE_FACT = "setup_done"
TOKEN_PREFIX = "hearth_"
MAX_LABEL_CHARACTERS = 200
# No account can have this key: names have no control characters.
SETUP_KEY = "\0setup"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. `name` is as they wrote it."""

    id: str
    name: str
    is_admin: bool


class Accounts:
    """The accounts of one Hearth."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        passwords: Passwords | None = None,
        throttle: SignInThrottle | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._passwords = passwords or Passwords()
        self._throttle = throttle or SignInThrottle()

    def needs_setup(self) -> bool:
        """Whether the first account is still to be made. Never again after that, even if all accounts are removed."""
        with self._database.reading() as session:
            return _needs_setup(session)

    def prepare_setup(self) -> str | None:
        """The one-time token to print, while setup is needed: from the settings, or made and kept in a 0600 file."""
        with self._database.transaction() as session:
            return setup_token.prepare(session, self._settings) if _needs_setup(session) else None

    def set_up(self, token: str, name: str, password: str) -> Person:
        """Make the first account, an admin. Of several at the same time, one succeeds.

        Raises Conflict("setup_done"), Forbidden("setup_token_wrong"), Busy("sign_in_throttled"), and InvalidInput for
        the name or the password; the token stays good then.
        """
        with self._database.reading() as session:
            self._check_setup(session, token)
        clean, password_hash = account_names.cleaned(name), self._passwords.hash(password)
        with self._database.transaction() as session:
            self._check_setup(session, token)
            person = _add(session, clean, password_hash, is_admin=True)
            setup_token.forget(session)
        setup_token.remove_file(self._settings)
        return person

    def sign_in(self, name: str, password: str, device: str) -> tuple[Person, str]:
        """The person, and the secret for their cookie; only its hash is kept.

        Raises NotSignedIn("sign_in_wrong"), whichever of the two is wrong, and Busy("sign_in_throttled", seconds=).
        """
        name_key = account_names.key_of(name)
        self._throttle.take(name_key)
        with self._database.reading() as session:
            user = users.with_key(session, name_key)
        checked = self._passwords.check(user.password_hash if user else None, password)
        if user is None or not checked.is_right:
            raise NotSignedIn("sign_in_wrong")
        self._throttle.was_right(name_key)
        new_hash = self._passwords.hash(password) if checked.is_outdated else None
        secret = secrets.token_urlsafe(32)
        with self._database.transaction() as session:
            current = users.with_key(session, name_key)
            if current is None or current.password_hash != user.password_hash:
                # The password was changed meanwhile, which ends all sign-ins: this one too.
                raise NotSignedIn("sign_in_wrong")
            if new_hash is not None:
                users.set_password_hash(session, user.id, new_hash)
            sign_ins.remove_expired(session, now())
            sign_ins.add(
                session,
                user_id=user.id,
                secret_sha256=sha256(secret),
                device=device[:MAX_LABEL_CHARACTERS],
                expires_at=now() + timedelta(days=self._settings.session_days),
            )
        return _person(user), secret

    def person_of_sign_in(self, secret: str) -> Person | None:
        """Whose cookie this is; None when it is nobody's or has expired."""
        with self._database.reading() as session:
            user = sign_ins.user_of(session, sha256(secret), now())
        return None if user is None else _person(user)

    def sign_out(self, secret: str) -> None:
        """End this sign-in. One that is unknown is fine."""
        with self._database.transaction() as session:
            sign_ins.remove(session, sha256(secret))

    def person_of_token(self, token: str) -> Person | None:
        """Whose API token this is."""
        if not token.startswith(TOKEN_PREFIX):
            return None
        with self._database.reading() as session:
            user = api_tokens.user_of(session, sha256(token))
        return None if user is None else _person(user)

    def add(self, name: str, password: str, is_admin: bool = False) -> Person:
        """Add an account. The first one is an admin whatever is asked for, and ends the setup.

        Raises Conflict("name_taken", name=) and InvalidInput for the name or the password.
        """
        clean, password_hash = account_names.cleaned(name), self._passwords.hash(password)
        with self._database.transaction() as session:
            person = _add(session, clean, password_hash, is_admin or users.is_empty(session))
            setup_token.forget(session)
        setup_token.remove_file(self._settings)
        return person

    def set_password(self, name: str, password: str) -> None:
        """Change a password and end all sign-ins of that person. Raises NotFound("person_unknown", name=)."""
        password_hash = self._passwords.hash(password)
        with self._database.transaction() as session:
            user = _named(session, name)
            users.set_password_hash(session, user.id, password_hash)
            sign_ins.remove_of_user(session, user.id)

    def create_token(self, user_name: str, label: str) -> str:
        """A new API token; it is shown this once. Raises NotFound("person_unknown", name=), InvalidInput."""
        clean = " ".join(label.split())
        if not 1 <= len(clean) <= MAX_LABEL_CHARACTERS:
            raise InvalidInput("label_invalid", most=MAX_LABEL_CHARACTERS)
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self._database.transaction() as session:
            user = _named(session, user_name)
            api_tokens.add(session, user_id=user.id, label=clean, token_sha256=sha256(token))
        return token

    def people(self) -> list[Person]:
        """Everybody, the oldest account first."""
        with self._database.reading() as session:
            return [_person(user) for user in users.all_users(session)]

    def _check_setup(self, session: Session, token: str) -> None:
        if not _needs_setup(session):
            raise Conflict("setup_done")
        # A token that was chosen by hand may be short: tries are limited as for a password.
        self._throttle.take(SETUP_KEY)
        if not setup_token.is_right(session, token):
            raise Forbidden("setup_token_wrong")
        self._throttle.was_right(SETUP_KEY)


def _needs_setup(session: Session) -> bool:
    return facts.get(session, SETUP_DONE_FACT) is None and users.is_empty(session)


def _add(session: Session, name: str, password_hash: str, is_admin: bool) -> Person:
    name_key = account_names.key_of(name)
    if users.with_key(session, name_key) is not None:
        raise Conflict("name_taken", name=name)
    user = users.add(session, name=name, name_key=name_key, password_hash=password_hash, is_admin=is_admin)
    facts.put(session, SETUP_DONE_FACT, now().isoformat())
    return _person(user)


def _named(session: Session, name: str) -> UserTable:
    user = users.with_key(session, account_names.key_of(name))
    if user is None:
        raise NotFound("person_unknown", name=name)
    return user


def _person(user: UserTable) -> Person:
    return Person(user.id, user.name, user.is_admin)
