"""Walks all routes of an application, those of mounted ones too, and finds those that are open to a stranger."""

import re
from collections.abc import Iterator, Sequence

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount
from starlette.testclient import TestClient

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def all_routes(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path of an application, those of mounted ones too, with `x` for every parameter."""
    for found in iter_route_contexts(routes):
        if isinstance(found.original_route, Mount):
            yield from all_routes(found.original_route.routes, prefix + found.original_route.path)
        else:
            path = re.sub(r"\{[^}]*\}", "x", prefix + (found.path or ""))
            for method in METHODS:
                yield method, path


def opened(stranger: TestClient, routes: Sequence[BaseRoute]) -> set[tuple[str, str]]:
    """The methods and paths to which the gate does not answer that somebody must sign in."""
    walked = set(all_routes(routes))
    return {(method, path) for method, path in walked if not _is_turned_away(stranger, method, path)}


def _is_turned_away(stranger: TestClient, method: str, path: str) -> bool:
    answer = stranger.request(method, path)
    return answer.status_code == 401 and answer.headers.get("www-authenticate") == "Bearer"
