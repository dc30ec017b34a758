"""How answers are drawn, as a client may ask for it: every number has bounds, since they go on to C++ code."""

from typing import Annotated

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from app.worker.messages import Sampling

Temperature = Annotated[
    float, Field(ge=0, le=5, allow_inf_nan=False, description="0 always takes the likeliest token.")
]
TopK = Annotated[
    int, Field(strict=True, ge=0, le=1000, description="Draw from the k likeliest tokens only; 0: from all.")
]
TopP = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, description="Draw from the likeliest p of all.")]
MinP = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, description="Least chance, relative to the likeliest.")]
RepeatPenalty = Annotated[float, Field(ge=0.5, le=2, allow_inf_nan=False, description="Over 1: fewer repetitions.")]
Seed = Annotated[int, Field(strict=True, ge=0, le=2**32 - 1, description="The same seed draws the same answer.")]
MaxTokens = Annotated[
    int, Field(strict=True, ge=1, le=2**31 - 1, description="Most tokens to write; never more than there is room.")
]


class SamplingCreate(BaseModel):
    """How the answer is drawn. What is left out has Hearth's default."""

    model_config = ConfigDict(extra="forbid")

    temperature: Temperature | None = None
    top_k: TopK | None = None
    top_p: TopP | None = None
    min_p: MinP | None = None
    repeat_penalty: RepeatPenalty | None = None
    seed: Seed | None = None


def sampling_of(wish: BaseModel) -> Sampling | None:
    """The defaults with what `wish` says of them; None when it says nothing, so that each model has its own."""
    said = wish.model_dump(include=set(Sampling.__struct_fields__), exclude_none=True)
    return msgspec.structs.replace(Sampling(), **said) if said else None
