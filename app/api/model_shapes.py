"""How one model is to run, as the API shows and takes it."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from app.engine.events import ModelOptions

Name = Annotated[str, Field(max_length=500)]


class RopeShape(BaseModel):
    """How positions are stretched, `factor` times as far as the model was trained."""

    model_config = ConfigDict(extra="forbid")

    scaling: Literal["file", "none", "linear", "ntk", "yarn"] = "file"
    factor: Annotated[float, Field(allow_inf_nan=False)] = 1.0


class LoraShape(BaseModel):
    """A LoRA adapter, by the name that the list of models has for it."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    scale: Annotated[float, Field(allow_inf_nan=False)] = 1.0


class DraftShape(BaseModel):
    """Where guesses of the next words come from; `model` is the name of a small model of the same vocabulary."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["off", "lookup", "model"]
    model: Name = ""
    max_tokens: int = 8


class ModelOptionsShape(BaseModel):
    """All options of a model; null, and what is left out, is left to Hearth."""

    model_config = ConfigDict(extra="forbid")

    context_tokens: int | None = None
    kv_type: Literal["f16", "q8_0", "q4_0"] | None = None
    use_mmap: bool | None = None
    gpu_layers: int | None = None
    rope: RopeShape = RopeShape()
    loras: list[LoraShape] = []
    draft: DraftShape | None = None
    prompt_format: Name = ""
    is_pinned: bool = False
    is_preloaded: bool = False

    @classmethod
    def of(cls, options: ModelOptions) -> "ModelOptionsShape":
        """As the services know them."""
        values = msgspec.to_builtins(options)
        values["loras"] = [{"name": lora.path, "scale": lora.scale} for lora in options.loras]
        if options.draft is not None:
            draft = options.draft
            values["draft"] = {"kind": draft.kind, "model": draft.path, "max_tokens": draft.max_tokens}
        return cls.model_validate(values)

    def changes(self) -> dict[str, Any]:
        """Every option, for the service: None where it is to be left to Hearth."""
        values = self.model_dump()
        values["loras"] = [{"path": lora.name, "scale": lora.scale} for lora in self.loras]
        if self.draft is not None:
            values["draft"] = {
                "kind": self.draft.kind,
                "path": self.draft.model,
                "max_tokens": self.draft.max_tokens,
            }
        return values


class ModelOptionsPublic(BaseModel):
    """The options of a model. `rope_note` says what its positions cost; `prompt_formats` are those that there are."""

    options: ModelOptionsShape
    rope_note: str
    prompt_formats: list[str]
