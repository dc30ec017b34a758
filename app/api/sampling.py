"""How answers are drawn, as a client may ask for it: every number has bounds, since they go on to C++ code.

Where llama.cpp's and vLLM's clients know a field by another name, that is understood too.
"""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from app.worker.gbnf import MAX_BYTES
from app.worker.grammar import JSON_GRAMMAR, from_json_schema
from app.worker.messages import Sampling
from app.worker.sampling import MAX_BIAS, MAX_BIASES, RANGES

Temperature = Annotated[
    float, Field(ge=0, le=5, allow_inf_nan=False, description="0 always takes the likeliest token.")
]
TopK = Annotated[
    int, Field(strict=True, ge=0, le=1000, description="Draw from the k likeliest tokens only; 0: from all.")
]
TopP = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, description="Draw from the likeliest p of all.")]
MinP = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, description="Least chance, relative to the likeliest.")]
Seed = Annotated[int, Field(strict=True, ge=0, le=2**32 - 1, description="The same seed draws the same answer.")]
MaxTokens = Annotated[
    int, Field(strict=True, ge=1, le=2**31 - 1, description="Most tokens to write; never more than there is room.")
]


def bounded(name: str, *others: str) -> FieldInfo:
    """A number with the bounds of the sampler's field `name`, which some clients know by other names."""
    allowed = RANGES[name]
    names = AliasChoices(name, *others)
    field: FieldInfo = Field(ge=allowed.least, le=allowed.most, allow_inf_nan=False, validation_alias=names)
    return field


Bias = Annotated[float, Field(ge=-MAX_BIAS, le=MAX_BIAS, allow_inf_nan=False)]
TokenId = Annotated[int, Field(ge=0, lt=2**31)]
Breaker = Annotated[str, Field(min_length=1, max_length=40)]
Whole = Annotated[int, Field(strict=True)]


class JsonSchemaFormat(BaseModel):
    """A schema with its name; `strict` makes no difference, since answers are always held to it."""

    name: str = ""
    schema_: Annotated[Any, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(BaseModel):
    """What an answer has to be. `schema` beside `json_object` is llama.cpp's older way to say it."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None
    schema_: Annotated[Any, Field(alias="schema")] = None

    @property
    def grammar(self) -> str:
        """The grammar that holds answers to it; empty for text."""
        if self.type == "text":
            return ""
        schema = self.json_schema.schema_ if self.json_schema else self.schema_
        if self.type == "json_object" and schema is None:
            return JSON_GRAMMAR
        return from_json_schema({} if schema is None else schema)


class SamplingFields(BaseModel):
    """How the answer is drawn. What is left out has Hearth's default."""

    temperature: Temperature | None = None
    top_k: TopK | None = None
    top_p: TopP | None = None
    min_p: MinP | None = None
    typical_p: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    top_n_sigma: Annotated[float | None, bounded("top_n_sigma")] = None
    xtc_probability: Annotated[float | None, bounded("xtc_probability")] = None
    xtc_threshold: Annotated[float | None, bounded("xtc_threshold")] = None
    temperature_range: Annotated[float | None, bounded("temperature_range", "dynatemp_range")] = None
    temperature_exponent: Annotated[float | None, bounded("temperature_exponent", "dynatemp_exponent")] = None
    repeat_penalty: Annotated[float | None, bounded("repeat_penalty", "repetition_penalty")] = None
    frequency_penalty: Annotated[float | None, bounded("frequency_penalty")] = None
    presence_penalty: Annotated[float | None, bounded("presence_penalty")] = None
    repeat_last_tokens: Annotated[Whole | None, bounded("repeat_last_tokens", "repeat_last_n")] = None
    dry_multiplier: Annotated[float | None, bounded("dry_multiplier")] = None
    dry_base: Annotated[float | None, bounded("dry_base")] = None
    dry_allowed_length: Annotated[Whole | None, bounded("dry_allowed_length")] = None
    dry_last_tokens: Annotated[Whole | None, bounded("dry_last_tokens", "dry_penalty_last_n")] = None
    dry_breakers: Annotated[
        list[Breaker] | None,
        Field(max_length=16, validation_alias=AliasChoices("dry_breakers", "dry_sequence_breakers")),
    ] = None
    mirostat: Literal[0, 1, 2] | None = None
    mirostat_tau: Annotated[float | None, bounded("mirostat_tau")] = None
    mirostat_eta: Annotated[float | None, bounded("mirostat_eta")] = None
    logit_bias: Annotated[dict[TokenId, Bias], Field(max_length=MAX_BIASES)] | None = None
    seed: Seed | None = None
    ignore_eos: bool | None = None
    response_format: ResponseFormat | None = None
    grammar: Annotated[str, Field(max_length=MAX_BYTES)] | None = None

    @field_validator("grammar")
    @classmethod
    def _one_form(cls, grammar: str | None, info: ValidationInfo) -> str | None:
        """An answer cannot be held to two things."""
        said: ResponseFormat | None = info.data.get("response_format")
        if grammar and said is not None and said.type != "text":
            raise ValueError
        return grammar

    @property
    def num_logprobs(self) -> int | None:
        """How many of the likeliest tokens are to be told with each token; None when nothing is to be told."""
        return None

    def sampling(self) -> Sampling | None:
        """The defaults with what is said here; None when nothing is said, so that each model has its own.

        A large schema takes a while. Raises InvalidInput("json_schema_unsupported", reason=).
        """
        others = {"logit_bias", "logprobs", "grammar", "dry_breakers"}
        said = self.model_dump(include=set(Sampling.__struct_fields__) - others, exclude_none=True)
        if self.logit_bias:
            said["logit_bias"] = tuple(self.logit_bias.items())
        if self.dry_breakers is not None:
            said["dry_breakers"] = tuple(self.dry_breakers)
        if self.num_logprobs is not None:
            said["logprobs"] = self.num_logprobs
        grammar = self.grammar or (self.response_format.grammar if self.response_format else "")
        if grammar:
            said["grammar"] = grammar
        return msgspec.structs.replace(Sampling(), **said) if said else None


class SamplingCreate(SamplingFields):
    """How the answer is drawn, and what it may be. What is left out has Hearth's default."""

    model_config = ConfigDict(extra="forbid")

    logprobs: Annotated[
        Whole | None,
        Field(
            ge=0,
            le=20,
            description="Tell how likely each token was, and this many of the likeliest in its place.",
        ),
    ] = None

    @property
    def num_logprobs(self) -> int | None:
        """As many as are asked for."""
        return self.logprobs
