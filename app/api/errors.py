"""Turns refusals and failures into HTTP answers, in the shape that the asked path's clients read.

Under /v1 that is OpenAI's shape, for a person who opens a page a small page, else `{"code", "message"}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from app import errors
from app.api import page_templates
from app.api.body_limit import BodyTooLarge
from app.api.openai import problems as openai_problems
from app.api.validation import first_problem
from app.api.visit import API, OPENAI, is_below
from app.errors import HearthError
from app.words.say import best_language, say

STATUSES: Mapping[type[HearthError], int] = {
    errors.InvalidInput: 422,
    errors.NotSignedIn: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.Busy: 429,
    errors.Unavailable: 503,
    errors.BadFile: 422,
    errors.BadSetup: 500,
}
STATUSES_BY_CODE: Mapping[str, int] = {"host_unknown": 421, "method_unknown": 405}
CODES_BY_STATUS: Mapping[int, str] = {404: "route_unknown", 405: "method_unknown"}
STARTING = "pages_starting"


class ErrorPublic(BaseModel):
    """Why something was refused or failed: a code for programs, and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal, worded. `param` is the part of the request that is wrong, where it is known."""

    status: int
    code: str
    message: str
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def install(app: FastAPI) -> None:
    """Make an application answer in these shapes. An unexpected error is logged by the server, with its traceback."""
    app.add_exception_handler(HearthError, _on_hearth_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected_error)


def sentence(code: str, params: Mapping[str, object], language: str) -> str:
    """The sentence for a code, also for one that only another version of Hearth knew, read from the database."""
    try:
        return say(code, params, language)
    except KeyError:
        return say("reason_unknown", {"code": code}, language)


def answer(path: str, headers: Headers, error: HearthError) -> Response:
    """The response to a refusal of `path`, to a client with these request headers."""
    return respond(path, headers, problem_of(error, language_of(headers)))


def language_of(headers: Headers) -> str:
    """The language in which to answer."""
    return best_language(headers.get("accept-language", ""))


def problem_of(error: HearthError, language: str) -> Problem:
    """A HearthError, worded."""
    status = STATUSES_BY_CODE.get(error.code) or next(
        (STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500
    )
    extra: dict[str, str] = {}
    if status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if "seconds" in error.params and status in (429, 503):
        extra["Retry-After"] = str(max(1, round(float(error.params["seconds"]))))
    param = str(error.params["name"]) if error.code == "sampling_invalid" else None
    return Problem(status, error.code, sentence(error.code, error.params, language), param, extra)


def respond(path: str, headers: Headers, problem: Problem) -> Response:
    """The response that carries a problem, in the shape that fits the path."""
    if is_below(path, OPENAI):
        status, body = openai_problems.error_body(problem.status, problem.code, problem.message, problem.param)
        return JSONResponse(body, status, headers=problem.headers)
    if "text/html" in headers.get("accept", "") and not is_below(path, API):
        page = page_templates.render(
            "problem.html", language_of(headers), problem=problem, is_starting=problem.code == STARTING
        )
        return HTMLResponse(page, problem.status, headers=problem.headers)
    return JSONResponse({"code": problem.code, "message": problem.message}, problem.status, headers=problem.headers)


async def _on_hearth_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HearthError)
    return answer(request.scope["path"], request.headers, error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    where, code, params = first_problem(error.errors())
    message = say(code, {"field": where, **params}, language_of(request.headers))
    return respond(
        request.scope["path"], request.headers, Problem(422, "request_invalid", message, param=where or None)
    )


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, BodyTooLarge):
        return answer(request.scope["path"], request.headers, error.refusal)
    if isinstance(error.__cause__, (UnicodeDecodeError, RecursionError)):
        message = say("request_no_json", {}, language_of(request.headers))
        return respond(request.scope["path"], request.headers, Problem(422, "request_invalid", message))
    code, status = CODES_BY_STATUS.get(error.status_code, "http_error"), error.status_code
    message = say(code, {"status": status, "path": request.scope["path"]}, language_of(request.headers))
    return respond(request.scope["path"], request.headers, Problem(status, code, message, headers=error.headers or {}))


async def _on_unexpected_error(request: Request, _error: Exception) -> Response:
    message = say("internal_error", {}, language_of(request.headers))
    return respond(request.scope["path"], request.headers, Problem(500, "internal_error", message))
