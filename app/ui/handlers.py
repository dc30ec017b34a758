"""What happens on the chat page: each method answers one wish with a step to draw, or raises a `HearthError`.

Knows no Gradio. Every chat is asked for with the person's id; the services answer NotFound for other people's.
"""

from dataclasses import dataclass, replace

import anyio

from app.errors import HearthError
from app.ui import library_bar
from app.ui.frame import BarState, Frame, Verdict
from app.ui.parts import Parts
from app.ui.showing import Showing, side_state
from app.ui.visitor import Visitor
from app.ui.wishes import Again, Glance, OneChat, Open, Rename, Send, Version
from app.words.say import say


@dataclass(frozen=True, slots=True)
class Step:
    """What to draw at once, and what to show from then on, if it is something else than before."""

    frame: Frame
    then: Open | None = None


class Handlers:
    """The events of the chat page. Replies that they start belong to the server, whoever looks at the page."""

    def __init__(self, parts: Parts, showing: Showing) -> None:
        self._parts = parts
        self._showing = showing

    async def load(self, visitor: Visitor, wish: Open) -> Step:
        """The page was opened: show what its address names, and go on with the answer that runs there."""
        return Step(Frame(bar=await self._bar(visitor)), then=wish)

    async def open(self, _visitor: Visitor, wish: Open) -> Step:
        """Show a chat, or the beginning of a new one."""
        return Step(Frame(), then=wish)

    async def send(self, visitor: Visitor, wish: Send) -> Step:
        """Say something. What is refused changes nothing: the text stays in the box, with the reason above it."""
        try:
            chat_id = await self._start(visitor, wish)
        except HearthError as error:
            frame = Frame(verdict=Verdict(wish.key, wish.chat, say(error.code, error.params, visitor.language)))
            # Refused because an answer is being written there already: then that is worth seeing.
            is_answering = self._showing.reply_in(visitor, wish.chat) is not None
            return Step(frame, then=Open(wish.chat, turn=wish.turn) if is_answering else None)
        return Step(Frame(verdict=Verdict(wish.key, chat_id)), then=Open(chat_id, turn=wish.turn))

    async def again(self, visitor: Visitor, wish: Again) -> Step:
        """Have a question answered once more."""
        await self._parts.chat.retry(visitor.person.id, wish.chat, wish.message, model=wish.model or None)
        return Step(Frame(), then=Open(wish.chat, turn=wish.turn))

    async def version(self, visitor: Visitor, wish: Version) -> Step:
        """Show another version of an answer, and what was said after it."""
        update, person_id = self._parts.chats.update, visitor.person.id
        await anyio.to_thread.run_sync(lambda: update(person_id, wish.chat, active_leaf_id=wish.message))
        return Step(Frame(), then=Open(wish.chat, turn=wish.turn))

    async def stop(self, visitor: Visitor, wish: OneChat) -> Step:
        """End the answer that is being written; who follows it draws the end."""
        reply = self._showing.reply_in(visitor, wish.chat)
        if reply is not None:
            await reply.stop()
        return Step(await self._side(visitor))

    async def rename(self, visitor: Visitor, wish: Rename) -> Step:
        """Give a chat another title."""
        update, person_id = self._parts.chats.update, visitor.person.id
        await anyio.to_thread.run_sync(lambda: update(person_id, wish.chat, title=wish.title))
        return Step(await self._side(visitor))

    async def remove(self, visitor: Visitor, wish: OneChat) -> Step:
        """Delete a chat, and end what is being written in it."""
        await self._parts.chat.delete(visitor.person.id, wish.chat)
        return Step(await self._side(visitor))

    async def refresh(self, visitor: Visitor, _wish: Glance) -> Step:
        """Somebody looks at the page again: chats and models may have changed meanwhile."""
        side = await self._side(visitor)
        return Step(replace(side, bar=await self._bar(visitor)))

    async def _start(self, visitor: Visitor, wish: Send) -> str:
        """Start the answer, in a new chat where none is named; returns the chat."""
        person_id, model = visitor.person.id, wish.model or None
        if wish.chat:
            await self._parts.chat.start_reply(person_id, wish.chat, wish.text, model=model)
            return wish.chat
        chat = await anyio.to_thread.run_sync(self._parts.chats.create, person_id)
        try:
            await self._parts.chat.start_reply(person_id, chat.id, wish.text, model=model)
        except BaseException:
            # Nothing was said in it: an empty chat would only be left lying about.
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._parts.chats.delete, person_id, chat.id)
            raise
        return chat.id

    async def _bar(self, visitor: Visitor) -> BarState:
        return await anyio.to_thread.run_sync(library_bar.bar_state, self._parts.library, visitor.language)

    async def _side(self, visitor: Visitor) -> Frame:
        return Frame(side=await side_state(self._parts.chats, visitor))
