"""Whether Hearth is alive and ready, for those who watch over it; and what nobody else has answered."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.routing import Match, Mount

from app.api.deps import PartsDep
from app.errors import NotFound

router = APIRouter(tags=["health"])
last_router = APIRouter(include_in_schema=False)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]


class HealthPublic(BaseModel):
    """All is well."""

    status: str = "ok"


@router.get("/healthz", summary="Whether the process is alive")
async def read_health() -> HealthPublic:
    """Touches nothing: a model that is loading or a slow disk are no reason to restart Hearth."""
    return HealthPublic()


@router.get("/readyz", summary="Whether Hearth can be used")
def read_readiness(parts: PartsDep) -> HealthPublic:
    """Whether the database answers and has today's tables."""
    parts.accounts.needs_setup()
    return HealthPublic()


@last_router.api_route("/api", methods=METHODS)
@last_router.api_route("/api/{_:path}", methods=METHODS)
@last_router.api_route("/v1", methods=METHODS)
@last_router.api_route("/v1/{_:path}", methods=METHODS)
async def answer_unknown_route(request: Request) -> None:
    """Nothing else has this path. It must not fall through to the pages, whose answer would have another shape."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        is_candidate = not isinstance(route.original_route, Mount) and route.endpoint is not answer_unknown_route
        if is_candidate and route.matches(request.scope)[0] is Match.PARTIAL:
            methods.update(route.methods or ())
    if methods:
        raise HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})
    raise NotFound("route_unknown", path=request.scope["path"])
