"""The routes for OpenAI's clients, below /v1."""

from fastapi import APIRouter

from app.api.openai import completions, models

router = APIRouter(prefix="/v1", tags=["openai"])
router.include_router(models.router)
router.include_router(completions.router)
