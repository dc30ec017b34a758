"""The list of models in OpenAI's shape: those that can be used."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.deps import PartsDep
from app.errors import NotFound
from app.services.library import LibraryModel

router = APIRouter(prefix="/models")


class OpenAIModelPublic(BaseModel):
    """A model. `created` is not known of a file and always 0."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "hearth"


class OpenAIModelsPublic(BaseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[OpenAIModelPublic]


@router.get("", summary="List the models")
def list_openai_models(parts: PartsDep) -> OpenAIModelsPublic:
    """The default one first."""
    return OpenAIModelsPublic(data=[OpenAIModelPublic(id=model.name) for model in _usable(parts.library.models())])


@router.get("/{name:path}", summary="Read a model")
def read_openai_model(name: str, parts: PartsDep) -> OpenAIModelPublic:
    """The model with this name."""
    if not any(model.name == name for model in _usable(parts.library.models())):
        raise NotFound("model_unknown", name=name)
    return OpenAIModelPublic(id=name)


def _usable(models: list[LibraryModel]) -> list[LibraryModel]:
    return [model for model in models if model.problem is None]
