"""How a browser or a program shows who it is: a cookie after signing in, or a bearer token on the APIs."""

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

COOKIE = "hearth"
SECURE_COOKIE = "__Host-hearth"
DAY_SECONDS = 24 * 60 * 60


def cookie_name(is_https: bool) -> str:
    """Browsers take a `__Host-` cookie from this very host over https alone: no neighbour can plant one."""
    return SECURE_COOKIE if is_https else COOKIE


def sign_in_secret(headers: Headers, is_https: bool) -> str:
    """The secret of a sign-in, or an empty string. Over https the cookie of plain http does not count."""
    return cookie_parser("; ".join(headers.getlist("cookie"))).get(cookie_name(is_https), "")


def bearer_token(headers: Headers) -> str | None:
    """The token of `Authorization: Bearer TOKEN`; None where there is no such header."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def remember(response: Response, secret: str, is_https: bool, days: int) -> None:
    """Give the browser a sign-in."""
    response.set_cookie(
        cookie_name(is_https),
        secret,
        max_age=days * DAY_SECONDS,
        path="/",
        secure=is_https,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, is_https: bool) -> None:
    """Take the sign-in away from the browser."""
    response.delete_cookie(cookie_name(is_https), path="/", secure=is_https, httponly=True, samesite="lax")
