"""How each model is to run, as people have chosen it: kept by the contents of its file, so that it may be renamed.

LoRA adapters and drafting models are given by their names in the library; a path would let anybody open any file.
"""

import dataclasses
import logging
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from app.engine.events import ModelOptions
from app.errors import BadFile, InvalidInput, NotFound, Unavailable
from app.services.library import Library, LibraryModel
from app.store import model_settings
from app.store.database import Database
from app.worker import formats, rope
from app.worker.messages import Draft, Lora

log = logging.getLogger(__name__)

MIN_CONTEXT_TOKENS, MAX_CONTEXT_TOKENS = 256, 1_048_576
MAX_GPU_LAYERS = 1000
MAX_LORA_SCALE = 100.0
MAX_LORAS = 8
MAX_DRAFT_TOKENS = 64

# What each option takes, for people who gave something else.
KNOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "context_tokens": f"{MIN_CONTEXT_TOKENS} … {MAX_CONTEXT_TOKENS}",
        "kv_type": "f16, q8_0, q4_0",
        "use_mmap": "true, false",
        "gpu_layers": f"-1 … {MAX_GPU_LAYERS}",
        "rope": "file, none, linear:4, ntk:2, yarn:4",
        "loras": "NAME, NAME:0.5",
        "draft": "off, lookup, model:NAME",
        "prompt_format": ", ".join(formats.NAMES),
        "is_pinned": "true, false",
        "is_preloaded": "true, false",
    }
)


def options_reader(database: Database) -> Callable[[str], ModelOptions]:
    """How a library finds out how the model with a fingerprint is to run."""

    def options_of(fingerprint: str) -> ModelOptions:
        with database.reading() as session:
            stored = dict(model_settings.get(session, fingerprint))
        try:
            return msgspec.convert(stored, ModelOptions)
        except msgspec.ValidationError as error:
            log.warning("Options of a model that this Hearth does not understand are left out: %s", error)
            return ModelOptions()

    return options_of


class ModelSettings:
    """The options of the models in a library."""

    def __init__(self, database: Database, library: Library) -> None:
        self._database = database
        self._library = library
        self._read = options_reader(database)

    def get(self, name: str) -> ModelOptions:
        """As they were chosen. Raises NotFound("model_unknown"), Unavailable("model_unreadable")."""
        return self._read(self._fingerprint(self._library.described(name)))

    def update(self, name: str, changes: Mapping[str, Any]) -> ModelOptions:
        """Choose some of the options anew; None takes one back. The values are as JSON has them.

        Raises InvalidInput, which names the option, and what `get` raises.
        """
        model = self._library.described(name)
        fingerprint = self._fingerprint(model)
        stored = {key: value for key, value in chosen(self._read(fingerprint)).items() if key not in changes}
        options = self._checked(model, stored | {key: value for key, value in changes.items() if value is not None})
        with self._database.transaction() as session:
            if options == ModelOptions():
                model_settings.remove(session, fingerprint)
            else:
                model_settings.put(session, fingerprint, chosen(options))
        return options

    def _fingerprint(self, model: LibraryModel) -> str:
        fingerprint = self._library.fingerprint(model)
        if not fingerprint:
            raise Unavailable("model_unreadable", model=model.name)
        return fingerprint

    def _checked(self, model: LibraryModel, values: Mapping[str, Any]) -> ModelOptions:
        for key in values:
            if key not in KNOWN:
                raise InvalidInput("option_unknown", name=key, known=", ".join(KNOWN))
            _convert(key, values[key])
        options = msgspec.convert(dict(values), ModelOptions)
        _check_range("context_tokens", options.context_tokens, MIN_CONTEXT_TOKENS, MAX_CONTEXT_TOKENS)
        _check_range("gpu_layers", options.gpu_layers, -1, MAX_GPU_LAYERS)
        rope.check(options.rope)
        if options.prompt_format:
            formats.named(options.prompt_format)
        if len(options.loras) > MAX_LORAS:
            raise InvalidInput("option_invalid", name="loras", value=len(options.loras), known=f"0 … {MAX_LORAS}")
        for lora in options.loras:
            self._check_lora(model, lora)
        if options.draft is not None:
            self._check_draft(model, options.draft)
        return options

    def _check_lora(self, model: LibraryModel, lora: Lora) -> None:
        if not math.isfinite(lora.scale) or abs(lora.scale) > MAX_LORA_SCALE:
            raise InvalidInput("option_invalid", name="loras", value=lora.scale, known=f"0.0 … {MAX_LORA_SCALE}")
        adapter = next((adapter for adapter in self._library.adapters() if adapter.name == lora.path), None)
        if adapter is None:
            raise NotFound("adapter_unknown", name=lora.path)
        if adapter.architecture != model.architecture:
            raise InvalidInput(
                "adapter_other_model",
                name=lora.path,
                architecture=adapter.architecture,
                model=model.name,
                wanted=model.architecture,
            )

    def _check_draft(self, model: LibraryModel, draft: Draft) -> None:
        _check_range("draft", draft.max_tokens, 1, MAX_DRAFT_TOKENS)
        if draft.kind != "model":
            return
        if draft.path == model.name:
            raise InvalidInput("option_invalid", name="draft", value=draft.path, known=KNOWN["draft"])
        wanted = self._library.described(draft.path)
        if wanted.problem is not None:
            raise BadFile(wanted.problem, **wanted.problem_params)


def chosen(options: ModelOptions) -> dict[str, Any]:
    """Those that differ from the defaults, as JSON has them."""
    default = ModelOptions()
    return {
        field.name: msgspec.to_builtins(getattr(options, field.name))
        for field in dataclasses.fields(ModelOptions)
        if getattr(options, field.name) != getattr(default, field.name)
    }


def _convert(key: str, value: object) -> None:
    try:
        msgspec.convert({key: value}, ModelOptions)
    except msgspec.ValidationError as error:
        raise InvalidInput("option_invalid", name=key, value=str(value)[:80], known=KNOWN[key]) from error


def _check_range(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidInput("option_invalid", name=name, value=value, known=f"{least} … {most}")
