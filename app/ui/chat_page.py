"""The chat page: Gradio's view of the conversation and four parts of ours around it, wired to their handlers."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import gradio as gr

from app.errors import HearthError
from app.ui.frame import Frame
from app.ui.handlers import Handlers, Step
from app.ui.parts import Parts
from app.ui.showing import Showing, refusal
from app.ui.visitor import Visitor, visitor_of
from app.ui.wishes import Again, Glance, OneChat, Open, Rename, Send, Version, wish_of

Outputs = AsyncGenerator[tuple[object, ...], None]
Draw = Callable[[gr.EventData, gr.Request], Outputs]
Wish = TypeVar("Wish", Open, Send, Again, Version, Rename, OneChat, Glance)
Handle = Callable[[Visitor, Wish], Awaitable[Step]]

MATH: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]
# Nobody waits for a turn to look at the page, and an answer's place in the queue is the engine's matter.
EVENT: dict[str, Any] = {
    "show_progress": "hidden",
    "concurrency_limit": None,
    "api_visibility": "private",
    "trigger_mode": "multiple",
}


class ChatPage:
    """Builds the page and answers its events."""

    def __init__(self, parts: Parts) -> None:
        self._showing = Showing(parts)
        self._handlers = Handlers(parts, self._showing)

    def build(self) -> gr.Blocks:
        """The page, without any person's data: that comes with its events."""
        blocks = gr.Blocks(title="Hearth", fill_height=True, fill_width=True, analytics_enabled=False)
        with blocks:
            side = _part("side", "open", "rename", "remove", "refresh")
            bar = _part("bar")
            talk = gr.Chatbot(
                elem_id="talk",
                label="Conversation",
                show_label=False,
                container=False,
                buttons=[],
                latex_delimiters=MATH,
                allow_tags=False,
                feedback_options=None,
                group_consecutive_messages=False,
                height="100%",
            )
            notes = _part("notes", "again", "version", "open")
            composer = _part("composer", "send", "stop")
            verdict = _part("verdict")
            outputs = [talk, notes, composer, verdict, side, bar]
            handlers = self._handlers
            blocks.load(self._load, None, outputs, **EVENT)
            for part in (side, notes):
                part.open(self._draw(Open, handlers.open), None, outputs, **EVENT)
            side.rename(self._draw(Rename, handlers.rename), None, outputs, **EVENT)
            side.remove(self._draw(OneChat, handlers.remove), None, outputs, **EVENT)
            side.refresh(self._draw(Glance, handlers.refresh), None, outputs, **EVENT)
            notes.again(self._draw(Again, handlers.again), None, outputs, **EVENT)
            notes.version(self._draw(Version, handlers.version), None, outputs, **EVENT)
            composer.send(self._draw(Send, handlers.send), None, outputs, **EVENT)
            composer.stop(self._draw(OneChat, handlers.stop), None, outputs, **EVENT)
        return blocks

    async def _load(self, request: gr.Request) -> Outputs:
        visitor = visitor_of(request)
        wish = Open(str(request.query_params.get("c") or ""))
        async with aclosing(self._steps(visitor, self._handlers.load, wish)) as outputs:
            async for output in outputs:
                yield output

    def _draw(self, kind: type[Wish], handle: Handle[Wish]) -> Draw:
        """A function that Gradio can call, from a handler and the kind of wish that it takes."""

        async def draw(event: gr.EventData, request: gr.Request) -> Outputs:
            async with aclosing(self._steps(visitor_of(request), handle, wish_of(event, kind))) as outputs:
                async for output in outputs:
                    yield output

        return draw

    async def _steps(self, visitor: Visitor, handle: Handle[Wish], wish: Wish) -> Outputs:
        try:
            step = await handle(visitor, wish)
        except HearthError as error:
            yield Frame(verdict=refusal(visitor, error)).outputs()
            return
        yield step.frame.outputs()
        if step.then is not None:
            async with aclosing(self._showing.show(visitor, step.then)) as frames:
                async for frame in frames:
                    yield frame.outputs()


def _part(name: str, *events: str) -> gr.HTML:
    """A part of ours: `static/NAME.js` draws its JSON value and sends its events. Its template holds no data."""
    named = " ".join(f"'{event}'" for event in events)
    start = f"hearth.start('{name}', element, trigger, props, watch); // {named}"
    return gr.HTML(
        value="",
        elem_id=name,
        html_template=f'<div class="hearth-{name}"></div>',
        js_on_load=start,
        apply_default_css=False,
        padding=False,
    )
