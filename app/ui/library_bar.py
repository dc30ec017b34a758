"""Describes the models for the picker in the top bar."""

from app.errors import NotFound
from app.services.library import Library, LibraryModel
from app.ui.frame import BarState, ModelChoice
from app.words.say import say

GIGABYTE = 1_000_000_000
MEGABYTE = 1_000_000


def bar_state(library: Library, language: str) -> BarState:
    """All models with their size and quantization. Reads the folder: call it in a thread."""
    try:
        default = library.default().name
    except NotFound:
        default = ""
    return BarState(default, [_choice(model, language) for model in library.models()])


def model_titles(library: Library, language: str) -> dict[str, str]:
    """What people call each model, by name."""
    return {model.name: _title(model, language) for model in library.models()}


def _choice(model: LibraryModel, language: str) -> ModelChoice:
    detail = " · ".join(part for part in (model.quantization, _size(model.file_bytes)) if part)
    if model.is_guide:
        detail = f"{say('page_guide_detail', {}, language)} · {_size(model.file_bytes)}"
    problem = say("page_model_problem", {}, language) if model.problem else ""
    return ModelChoice(model.name, _title(model, language), problem or detail, model.is_guide, problem)


def _title(model: LibraryModel, language: str) -> str:
    return say("page_guide_title", {}, language) if model.is_guide else model.title


def _size(num_bytes: int) -> str:
    if num_bytes >= GIGABYTE:
        return f"{num_bytes / GIGABYTE:.1f} GB"
    return f"{max(1, round(num_bytes / MEGABYTE))} MB"
