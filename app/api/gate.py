"""The gate in front of everything that Hearth serves, the Gradio pages included: pure ASGI, decided by path alone.

In this order: is the host name ours, does the page that sent it belong to us, is the body small enough, who is asking.
What is not in `public_paths` needs a person; they are found in `scope["state"]["person"]` afterwards.
"""

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import body_limit, credentials, errors, public_paths
from app.api.host_names import HostNames
from app.api.origin import check_origin
from app.api.security_headers import with_security_headers
from app.api.visit import Trust, Visit, cleaned, is_below
from app.errors import HearthError, NotSignedIn
from app.services.accounts import Accounts, Person

TOKEN_FOLDERS = ("/v1", "/api/v1")
EVENT_STREAM = "/gradio_api/queue/data"
NOT_SIGNED_IN = 4401
REFUSED = 4403


class Gate:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp, accounts: Accounts, host_names: HostNames, trust: Trust) -> None:
        self._app = app
        self._accounts = accounts
        self._host_names = host_names
        self._trust = trust

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        visit = Visit.of(scope, self._trust)
        limit = body_limit.limit_bytes(visit)
        send = with_security_headers(send, visit)
        try:
            self._host_names.check(visit.host)
            body_limit.check_announced(visit.headers, limit)
            person = await self._person(visit)
        except HearthError as refusal:
            await self._refuse(visit, refusal, scope, receive, send)
            return
        await self._app(let_in(scope, visit, person), body_limit.counted(receive, limit), send)

    async def _person(self, visit: Visit) -> Person | None:
        """Who is asking; None only where nobody needs to be known."""
        token = credentials.bearer_token(visit.headers)
        if token is not None and any(is_below(visit.path, folder) for folder in TOKEN_FOLDERS):
            return _known(await run_in_threadpool(self._accounts.person_of_token, token), "token_wrong")
        if visit.is_for_openai:
            raise NotSignedIn("token_missing")
        check_origin(visit)
        if public_paths.is_for_everybody(visit.method, visit.path):
            return None
        secret = credentials.sign_in_secret(visit.headers, visit.is_https)
        person = await run_in_threadpool(self._accounts.person_of_sign_in, secret) if secret else None
        return person if public_paths.is_open(visit.method, visit.path) else _known(person, "not_signed_in")

    async def _refuse(self, visit: Visit, refusal: HearthError, scope: Scope, receive: Receive, send: Send) -> None:
        if visit.is_websocket:
            await receive()
            code = NOT_SIGNED_IN if isinstance(refusal, NotSignedIn) else REFUSED
            await send({"type": "websocket.close", "code": code, "reason": refusal.code})
            return
        response: Response
        if isinstance(refusal, NotSignedIn) and visit.wants_page:
            needs_setup = await run_in_threadpool(self._accounts.needs_setup)
            response = RedirectResponse("/set-up" if needs_setup else "/sign-in", status_code=303)
        else:
            response = errors.answer(visit.path, visit.headers, refusal)
        await response(scope, receive, send)


def let_in(scope: Scope, visit: Visit, person: Person | None) -> Scope:
    """The scope as the application sees it.

    Some tunnels hold a streamed GET back until its end, so our pages ask for Gradio's event stream by POST; Gradio
    itself knows it as a GET only.
    """
    inner = cleaned(scope, visit)
    inner["state"]["person"] = person
    if visit.method == "POST" and visit.path == EVENT_STREAM:
        inner["method"] = "GET"
    return inner


def _known(person: Person | None, code: str) -> Person:
    if person is None:
        raise NotSignedIn(code)
    return person
