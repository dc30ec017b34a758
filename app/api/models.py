"""The models that a chat can use, and which of them are in memory."""

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from app.api.deps import AdminDep, LanguageDep, PartsDep
from app.api.errors import ErrorPublic, sentence
from app.api.model_shapes import ModelOptionsPublic, ModelOptionsShape
from app.engine.events import ModelOptions
from app.services.library import LibraryModel
from app.worker import formats, rope

router = APIRouter(prefix="/models", tags=["models"])


class ModelPublic(BaseModel):
    """One model file. `state` is empty while it is not in memory; `problem` says why it cannot be used for chats.

    `kind` is chat, embedding, adapter (a LoRA) or other.
    """

    name: str
    title: str
    file_bytes: int
    quantization: str
    architecture: str
    context_length: int
    num_parameters: int
    is_guide: bool
    state: str
    kind: str
    problem: ErrorPublic | None


@router.get("", summary="List the models")
async def list_models(parts: PartsDep, language: LanguageDep) -> list[ModelPublic]:
    """Those below the models folder, and the built-in Guide. The usable ones come first, LoRA adapters last."""
    states = {model.name: model.state for model in parts.engine.loaded()}
    models = await run_in_threadpool(parts.library.models) + await run_in_threadpool(parts.library.adapters)
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
            kind=model.kind,
            problem=_problem(model, language),
        )
        for model in models
    ]


@router.get("/{name}/options", summary="How a model is to run")
def get_options(name: str, parts: PartsDep, language: LanguageDep) -> ModelOptionsPublic:
    """What is null is left to Hearth."""
    return _public(parts.model_settings.get(name), language)


@router.put("/{name}/options", summary="Choose how a model is to run")
def put_options(
    name: str, wish: ModelOptionsShape, parts: PartsDep, _admin: AdminDep, language: LanguageDep
) -> ModelOptionsPublic:
    """Admins only. It holds from the next time that the model is loaded."""
    return _public(parts.model_settings.update(name, wish.changes()), language)


def _public(options: ModelOptions, language: str) -> ModelOptionsPublic:
    note = sentence(rope.NOTES[options.rope.scaling], {}, language)
    return ModelOptionsPublic(options=ModelOptionsShape.of(options), rope_note=note, prompt_formats=list(formats.NAMES))


def _problem(model: LibraryModel, language: str) -> ErrorPublic | None:
    if model.problem is None:
        return None
    return ErrorPublic(code=model.problem, message=sentence(model.problem, model.problem_params, language))
