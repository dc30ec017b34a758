"""What of a chat goes to the model: all of it while it fits, then the beginning and the newest exchanges.

The system prompt and the first exchange stay, the middle is left out or told by a summary. A cut is kept until the
room is full again: what stands in front of the newest turns must not change, or nothing of it could be reused from
the KV cache. Lengths are true token counts: the model's own template renders what is to be counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.engine.events import ModelFile, RenderedPrompt
from app.engine.face import Engine
from app.errors import TooLarge
from app.services.cut import Cut, Summary
from app.services.exchanges import Exchange
from app.services.summary_words import summary_turns
from app.worker.messages import Turn

# Room that is kept free for the answer: this many tokens, but no more than this part of the context.
ANSWER_ROOM_TOKENS = 1024
ANSWER_ROOM_SHARE = 4
# A cut leaves this part of the room filled, so that many turns fit in before the next one.
FILLED_BY_CUT = 0.65
# The first exchange may be a whole pasted book: it stays when it takes no more than this part of the room.
FIRST_EXCHANGE_SHARE = 3
# A cut that leaves less than this part of the room filled was made for a smaller context: perhaps all fits now.
SMALL_SHARE = 3


@dataclass(frozen=True, slots=True)
class Prompt:
    """What goes to the model, and what was left out of it."""

    turns: tuple[Turn, ...]
    rendered: RenderedPrompt
    cut: Cut | None = None

    @property
    def tokens(self) -> tuple[int, ...]:
        """The tokens of `turns`, and the opening of an answer."""
        return self.rendered.tokens


@dataclass(frozen=True, slots=True)
class Past:
    """A chat that ends with the person's message: how it was cut last, and the newest summary of it."""

    system_prompt: str
    exchanges: tuple[Exchange, ...]
    cut: Cut | None = None
    summary: Summary | None = None
    keeps_first: bool = True


@dataclass(frozen=True, slots=True)
class _Window:
    """The exchanges from `start` on; in front of them the first one and a summary, or not."""

    start: int = 0
    has_first: bool = False
    summary: Summary | None = None


async def prompt_for(
    engine: Engine, model: ModelFile, context_tokens: int, past: Past, left_out: Cut | None = None
) -> Prompt:
    """What the model reads of `past`, with room for an answer left in `context_tokens`.

    `left_out` is what does not stand in `past` any more.
    Raises TooLarge("message_too_long", tokens=, limit=) when the last message alone does not fit.
    """
    limit = context_tokens - min(ANSWER_ROOM_TOKENS, context_tokens // ANSWER_ROOM_SHARE)
    prompt = await _Fitting(engine, model, past, limit).prompt()
    return prompt if prompt.cut is not None else replace(prompt, cut=left_out)


class _Fitting:
    """Finds what of one chat fits, with few renderings."""

    def __init__(self, engine: Engine, model: ModelFile, past: Past, limit: int) -> None:
        self._engine = engine
        self._model = model
        self._past = past
        self._limit = limit
        self._last = len(past.exchanges) - 1

    async def prompt(self) -> Prompt:
        """As it was cut before where that still fits, else whole, else cut anew."""
        window = self._window_of(self._past.cut)
        cut = await self._rendered(window) if window else None
        if cut is not None and len(cut.tokens) > self._limit:
            return await self._cut_anew()
        if cut is not None and len(cut.tokens) >= self._limit // SMALL_SHARE:
            return cut
        whole = await self._rendered(_Window())
        if len(whole.tokens) <= self._limit:
            return whole
        if self._last == 0:
            raise self._too_long(whole)
        return cut or await self._cut_anew()

    def _window_of(self, cut: Cut | None) -> _Window | None:
        """None where nothing was cut, or where the path that was cut is not this one."""
        for index, exchange in enumerate(self._past.exchanges[:-1]):
            if cut is not None and cut.until_id == exchange.ids[-1]:
                return _Window(index + 1, cut.after_id is not None, cut.summary)
        return None

    async def _cut_anew(self) -> Prompt:
        goal = int(self._limit * FILLED_BY_CUT)
        has_first = self._past.keeps_first and self._last > 1 and await self._is_first_short()
        fits: Prompt | None = None
        for window in self._narrowest(has_first):
            prompt = await self._rendered(window)
            if len(prompt.tokens) <= goal:
                return await self._widened(window, prompt, goal)
            if len(prompt.tokens) <= self._limit and fits is None:
                fits = prompt
        if fits is None:
            raise self._too_long(prompt)
        return fits

    def _narrowest(self, has_first: bool) -> Iterator[_Window]:
        """The last exchange with as much in front of it as is wanted, then with less."""
        summaries = (self._past.summary, None) if self._past.summary is not None else (None,)
        for keeps_first in (True, False) if has_first else (False,):
            for summary in summaries:
                yield _Window(self._last, keeps_first, summary)

    async def _widened(self, window: _Window, best: Prompt, goal: int) -> Prompt:
        """`best`, the rendering of `window`, with as many exchanges more as fit into `goal`."""
        # The first exchange that may stay lies after `low` (known to be too long) and at or before `high` (fits).
        low, high = int(window.has_first), window.start
        while high - low > 1:
            middle = (low + high) // 2
            prompt = await self._rendered(_Window(middle, window.has_first, window.summary))
            if len(prompt.tokens) <= goal:
                best, high = prompt, middle
            else:
                low = middle
        return best

    async def _is_first_short(self) -> bool:
        tokens = [await self._engine.count(self._model, turn.content) for turn in self._past.exchanges[0].turns]
        return sum(tokens) <= self._limit // FIRST_EXCHANGE_SHARE

    async def _rendered(self, window: _Window) -> Prompt:
        exchanges = self._past.exchanges
        kept = (*exchanges[: window.has_first], *exchanges[window.start :])
        turns = [turn for exchange in kept for turn in exchange.turns]
        if window.summary is not None:
            place = len(exchanges[0].turns) if window.has_first else 0
            turns[place:place] = summary_turns(window.summary.text)
        if self._past.system_prompt.strip():
            turns.insert(0, Turn("system", self._past.system_prompt))
        rendered = await self._engine.render(self._model, turns)
        return Prompt(tuple(turns), rendered, self._cut_at(window))

    def _cut_at(self, window: _Window) -> Cut | None:
        if window.start == 0:
            return None
        exchanges = self._past.exchanges
        until_id = exchanges[window.start - 1].ids[-1]
        assert until_id is not None, "only the last exchange is not stored yet"
        return Cut(exchanges[0].ids[-1] if window.has_first else None, until_id, window.summary)

    def _too_long(self, prompt: Prompt) -> TooLarge:
        return TooLarge("message_too_long", tokens=len(prompt.tokens), limit=self._limit)


def cut_before(exchanges: Sequence[Exchange], num_exchanges: int) -> Cut | None:
    """What is left out where only the last so many exchanges are read."""
    left_out = exchanges[:-num_exchanges]
    until_id = left_out[-1].ids[-1] if left_out else None
    return Cut(None, until_id) if until_id is not None else None
