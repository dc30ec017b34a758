"""The probabilities of tokens as OpenAI's clients read them."""

from collections.abc import Iterable

from pydantic import BaseModel

from app.worker.messages import TokenChance, TokenLogprobs


class AlternativePublic(BaseModel):
    """A token that could have stood there. Its text is only whole where its bytes are whole characters."""

    token: str
    logprob: float
    bytes: list[int]


class TokenPublic(AlternativePublic):
    """A token of the answer."""

    top_logprobs: list[AlternativePublic]


class LogprobsPublic(BaseModel):
    """The tokens of an answer, or of a piece of it."""

    content: list[TokenPublic]
    refusal: None = None


def logprobs_of(told: Iterable[TokenLogprobs]) -> LogprobsPublic | None:
    """None when nothing is told."""
    tokens = [_token(each) for each in told]
    return LogprobsPublic(content=tokens) if tokens else None


def _token(told: TokenLogprobs) -> TokenPublic:
    drawn, others = _alternative(told.drawn), [_alternative(one) for one in told.likeliest]
    return TokenPublic(token=drawn.token, logprob=drawn.logprob, bytes=drawn.bytes, top_logprobs=others)


def _alternative(chance: TokenChance) -> AlternativePublic:
    text = chance.piece.decode("utf-8", "replace")
    return AlternativePublic(token=text, logprob=chance.logprob, bytes=list(chance.piece))
