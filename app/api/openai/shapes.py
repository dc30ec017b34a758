"""What OpenAI's chat clients send and read. Fields that we do not know are ignored, as they expect."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from app.api.sampling import MaxTokens, MinP, RepeatPenalty, Seed, Temperature, TopK, TopP
from app.worker.messages import Turn

Text = Annotated[str, Field(max_length=1_000_000)]
StopString = Annotated[str, Field(min_length=1, max_length=200)]


class TextPart(BaseModel):
    """A part of a message. Only text is understood."""

    type: Literal["text"]
    text: Text


class ChatMessage(BaseModel):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | list[TextPart] | None

    @field_validator("content")
    @classmethod
    def _only_answers_are_empty(cls, content: Text | list[TextPart] | None, info: ValidationInfo) -> object:
        """An assistant that only called a tool said nothing; everybody else must say something."""
        if content is None and info.data.get("role") == "assistant":
            return ""
        if content is None:
            raise ValueError
        return content

    def turn(self) -> Turn:
        """As the chat template takes it; `developer` is OpenAI's newer word for `system`."""
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content or ())
        return Turn("system" if self.role == "developer" else self.role, text)


class StreamOptions(BaseModel):
    """What a stream is to tell besides the text."""

    include_usage: bool = False


class CompletionCreate(BaseModel):
    """A conversation to be continued."""

    model: Annotated[str, Field(max_length=500)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=10_000)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    max_tokens: MaxTokens | None = None
    max_completion_tokens: MaxTokens | None = None
    stop: StopString | Annotated[list[StopString], Field(max_length=16)] | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    top_k: TopK | None = None
    min_p: MinP | None = None
    repeat_penalty: RepeatPenalty | None = None
    seed: Seed | None = None

    @field_validator("seed", mode="before")
    @classmethod
    def _any_seed(cls, seed: object) -> object:
        """Many clients say -1 where they want any seed."""
        return None if seed == -1 else seed

    @property
    def most_tokens(self) -> int | None:
        """The limit, by its newer or by its older name."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def stop_strings(self) -> tuple[str, ...]:
        """The strings that end the answer."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


class PromptTokensDetails(BaseModel):
    """Of the prompt's tokens, how many were known from before."""

    cached_tokens: int


class Usage(BaseModel):
    """How many tokens it took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails


FinishReason = Literal["stop", "length"]


class AnswerMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one answer that there is."""

    index: int = 0
    message: AnswerMessage
    finish_reason: FinishReason
    logprobs: None = None


class CompletionPublic(BaseModel):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage | None
