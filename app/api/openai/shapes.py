"""What OpenAI's chat clients send and read. Fields that we do not know are ignored, as they expect."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from app.api.logprobs import LogprobsPublic
from app.api.openai.sampling import ChatSamplingFields
from app.api.sampling import MaxTokens
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


class AskingFields(BaseModel):
    """What is the same for a conversation and for a text."""

    model: Annotated[str, Field(max_length=500)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    max_tokens: MaxTokens | None = None
    stop: StopString | Annotated[list[StopString], Field(max_length=16)] | None = None

    @property
    def stop_strings(self) -> tuple[str, ...]:
        """The strings that end the answer."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def with_usage(self) -> bool:
        """Whether a stream is to tell the numbers."""
        return self.stream_options is not None and self.stream_options.include_usage


class CompletionCreate(AskingFields, ChatSamplingFields):
    """A conversation to be continued."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=10_000)]
    max_completion_tokens: MaxTokens | None = None

    @property
    def most_tokens(self) -> int | None:
        """The limit, by its newer or by its older name."""
        return self.max_completion_tokens or self.max_tokens


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
    """The answer; `reasoning_content` is what the model thought aloud before it."""

    role: Literal["assistant"] = "assistant"
    content: str
    reasoning_content: str | None = None


class Choice(BaseModel):
    """The one answer that there is."""

    index: int = 0
    message: AnswerMessage
    finish_reason: FinishReason
    logprobs: LogprobsPublic | None = None


class CompletionPublic(BaseModel):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage | None
