"""The models that a chat can use, and which of them are in memory."""

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from app.api.deps import LanguageDep, PartsDep
from app.api.errors import ErrorPublic, sentence
from app.services.library import LibraryModel

router = APIRouter(prefix="/models", tags=["models"])


class ModelPublic(BaseModel):
    """One model file. `state` is empty while it is not in memory; `problem` says why it cannot be used."""

    name: str
    title: str
    file_bytes: int
    quantization: str
    architecture: str
    context_length: int
    num_parameters: int
    is_guide: bool
    state: str
    problem: ErrorPublic | None


@router.get("", summary="List the models")
async def list_models(parts: PartsDep, language: LanguageDep) -> list[ModelPublic]:
    """Those below the models folder, and the built-in Guide. The usable ones come first."""
    states = {model.name: model.state for model in parts.engine.loaded()}
    return [
        ModelPublic(
            name=model.name,
            title=model.title,
            file_bytes=model.file_bytes,
            quantization=model.quantization,
            architecture=model.architecture,
            context_length=model.context_length,
            num_parameters=model.num_parameters,
            is_guide=model.is_guide,
            state=states.get(model.name, ""),
            problem=_problem(model, language),
        )
        for model in await run_in_threadpool(parts.library.models)
    ]


def _problem(model: LibraryModel, language: str) -> ErrorPublic | None:
    if model.problem is None:
        return None
    return ErrorPublic(code=model.problem, message=sentence(model.problem, model.problem_params, language))
