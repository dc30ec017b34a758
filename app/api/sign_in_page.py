"""The pages to sign in, to set Hearth up, and the way out: plain forms that work without JavaScript and Gradio.

After each of them a person is sent to `/` and nowhere else: no address to go to is ever taken from the request.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Header, Query, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from app.api import credentials, page_templates
from app.api.deps import IsHttpsDep, LanguageDep, PartsDep, PersonDep, VisitorDep
from app.api.errors import problem_of
from app.api.session import DEVICE_LENGTH
from app.errors import HearthError
from app.services.passwords import MIN_CHARACTERS

router = APIRouter(include_in_schema=False)

SIGN_IN = "/sign-in"
SET_UP = "/set-up"
HOME = "/"
Field = Annotated[str, Form()]
UserAgent = Annotated[str, Header()]


@router.get(SIGN_IN)
def show_sign_in(parts: PartsDep, visitor: VisitorDep, language: LanguageDep) -> Response:
    """The page to sign in; or on to where the visitor should be."""
    if visitor is not None:
        return _go(HOME)
    return _go(SET_UP) if parts.accounts.needs_setup() else _sign_in_page(language)


@router.post(SIGN_IN)
def sign_in(
    parts: PartsDep,
    language: LanguageDep,
    https: IsHttpsDep,
    name: Field = "",
    password: Field = "",
    user_agent: UserAgent = "",
) -> Response:
    """Sign in, or show the page again with the reason why not."""
    try:
        _, secret = parts.accounts.sign_in(name, password, user_agent[:DEVICE_LENGTH])
    except HearthError as error:
        return _sign_in_page(language, error, name)
    return _signed_in(secret, https, parts.settings.session_days)


@router.get(SET_UP)
def show_set_up(parts: PartsDep, language: LanguageDep, token: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The page to make the first account; afterwards it leads to the page to sign in."""
    return _set_up_page(parts, language, token=token) if parts.accounts.needs_setup() else _go(SIGN_IN)


@router.post(SET_UP)
def set_up(
    parts: PartsDep,
    language: LanguageDep,
    https: IsHttpsDep,
    token: Field = "",
    name: Field = "",
    password: Field = "",
    user_agent: UserAgent = "",
) -> Response:
    """Make the first account and sign it in, or show the page again with the reason why not."""
    try:
        parts.accounts.set_up(token.strip(), name, password)
        _, secret = parts.accounts.sign_in(name, password, user_agent[:DEVICE_LENGTH])
    except HearthError as error:
        return _set_up_page(parts, language, error, name, token)
    return _signed_in(secret, https, parts.settings.session_days)


@router.post("/sign-out")
def sign_out(request: Request, parts: PartsDep, _person: PersonDep, https: IsHttpsDep) -> Response:
    """End this sign-in."""
    parts.accounts.sign_out(credentials.sign_in_secret(request.headers, https))
    response = _go(SIGN_IN)
    credentials.forget(response, https)
    return response


@router.get("/static-hearth/pages.css")
async def read_style() -> FileResponse:
    """How our own pages look."""
    return _file("pages.css", "text/css")


@router.get("/static-hearth/flame.svg")
async def read_flame() -> FileResponse:
    """The picture of our own pages in a browser's tab."""
    return _file("flame.svg", "image/svg+xml")


def _sign_in_page(language: str, error: HearthError | None = None, name: str = "") -> Response:
    problem = problem_of(error, language) if error else None
    page = page_templates.render("sign_in.html", language, problem=problem, name=name)
    return HTMLResponse(page, problem.status if problem else 200)


def _set_up_page(
    parts: PartsDep, language: str, error: HearthError | None = None, name: str = "", token: str = ""
) -> Response:
    problem = problem_of(error, language) if error else None
    token_file = parts.settings.setup_token_file
    page = page_templates.render(
        "set_up.html",
        language,
        problem=problem,
        name=name,
        token=token,
        # Its folder's name is enough: where that lies is no stranger's business.
        file=f"{token_file.parent.name}/{token_file.name}",
        least=MIN_CHARACTERS,
    )
    return HTMLResponse(page, problem.status if problem else 200)


def _signed_in(secret: str, https: bool, days: int) -> Response:
    response = _go(HOME)
    credentials.remember(response, secret, https, days)
    return response


def _file(name: str, media_type: str) -> FileResponse:
    headers = {"Cache-Control": "public, max-age=300"}
    return FileResponse(page_templates.PAGES / name, media_type=media_type, headers=headers)


def _go(path: str) -> Response:
    return RedirectResponse(path, status_code=303)
