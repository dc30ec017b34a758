"""The routes for OpenAI's clients, below /v1."""

from fastapi import APIRouter

from app.api.openai import completions, embeddings, models, raw_completions

router = APIRouter(prefix="/v1", tags=["openai"])
router.include_router(models.router)
router.include_router(completions.router)
router.include_router(raw_completions.router)
router.include_router(embeddings.router)
