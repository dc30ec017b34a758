"""How answers are drawn, by the names that OpenAI's clients have for it."""

from typing import Annotated

from pydantic import Field, field_validator

from app.api.sampling import SamplingFields, Whole

MAX_LIKELIEST = 20


class ChatSamplingFields(SamplingFields):
    """How the answer is drawn. What is left out has Hearth's default."""

    logprobs: bool | None = None
    top_logprobs: Annotated[Whole, Field(ge=0, le=MAX_LIKELIEST)] | None = None

    @field_validator("seed", mode="before")
    @classmethod
    def _any_seed(cls, seed: object) -> object:
        """Many clients say -1 where they want any seed."""
        return None if seed == -1 else seed

    @property
    def num_logprobs(self) -> int | None:
        """None when neither field asks for them."""
        return (self.top_logprobs or 0) if self.logprobs or self.top_logprobs else None
