"""All routes of Hearth's own, in the order in which they are asked."""

from fastapi import APIRouter

from app.api import chats, docs_page, models, replies, session, setup, sign_in_page, system
from app.api.errors import ErrorPublic
from app.api.openai.router import router as openai_router

REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"model": ErrorPublic, "description": "Nobody is signed in, or the proof is wrong."},
    404: {"model": ErrorPublic, "description": "No such thing, or not yours."},
    422: {"model": ErrorPublic, "description": "Something in the request is wrong."},
}


def routers() -> list[APIRouter]:
    """To be included in an application before anything is mounted."""
    api = APIRouter(prefix="/api/v1", responses=REFUSALS)
    for router in (setup.router, session.router, chats.router, replies.router, models.router):
        api.include_router(router)
    return [system.router, sign_in_page.router, api, openai_router, docs_page.router, system.last_router]
