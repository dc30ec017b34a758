"""Shows a chat on a page and goes on with it while an answer is being written there. Only attaches to the reply."""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import anyio

from app.errors import HearthError
from app.services.chats import Chats, ChatSummary
from app.services.reply import Reply
from app.ui import library_bar
from app.ui.conversation import MESSAGES_AT_ONCE, Conversation
from app.ui.following import Following
from app.ui.frame import ComposerState, Frame, SideChat, SideState, TalkState, Verdict
from app.ui.parts import Parts
from app.ui.viewing import Look, Viewing, first_of
from app.ui.visitor import Visitor
from app.ui.waiting import waiting_state
from app.ui.wishes import Open
from app.words.say import say

Frames = AsyncGenerator[Frame, None]

# Drawing is the browser's work and costs it more than the text costs us: at most so often, seldomer for long answers.
PAUSE_SECONDS = 0.08
LONG_TEXT = 12_000
LONG_PAUSE_SECONDS = 0.25


class Showing:
    """Draws chats. Of those who draw on one page only the newest goes on."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._viewing = Viewing()

    def reply_in(self, visitor: Visitor, chat_id: str) -> Reply | None:
        """The reply that is being written in the visitor's chat."""
        reply = self._parts.replies.of_chat(chat_id) if chat_id else None
        return reply if reply is not None and reply.person_id == visitor.person.id else None

    async def show(self, visitor: Visitor, wish: Open) -> Frames:
        """The chat as it is; while an answer is being written in it, that; then how it ended.

        Without a chat, or where there is no such chat, the beginning of a new one.
        """
        async with self._viewing.look(visitor.session, wish.turn) as look:
            if not look.is_current:
                return
            reply = self.reply_in(visitor, wish.chat)
            try:
                conversation = await self._conversation(visitor, wish) if wish.chat else None
            except HearthError as error:
                yield replace(await self._nothing(visitor, wish), verdict=refusal(visitor, error))
                return
            side = await side_state(self._parts.chats, visitor)
            if conversation is None:
                yield Frame([], TalkState(), ComposerState(), side=side)
                return
            composer = ComposerState(wish.chat, is_answering=reply is not None)
            yield Frame(conversation.bubbles(reply), conversation.talk(reply), composer, side=side)
            if reply is None:
                return
            async with aclosing(self._follow(visitor, look, conversation, reply)) as frames:
                async for frame in frames:
                    yield frame
            if look.is_current:
                yield await self._ended(visitor, wish)

    async def _follow(self, visitor: Visitor, look: Look, conversation: Conversation, reply: Reply) -> Frames:
        title = (await self._titles(visitor)).get(reply.model, reply.model)
        shown: ComposerState | None = None
        async with Following(reply) as following:
            while look.is_current and not following.is_over:
                state = waiting_state(reply, following.waiting, title, visitor.language)
                yield Frame(bubbles=conversation.bubbles(reply), composer=None if state == shown else state)
                shown = state
                pause = PAUSE_SECONDS if len(following.text) < LONG_TEXT else LONG_PAUSE_SECONDS
                await first_of(look.left, seconds=pause)
                await following.news(look.left)

    async def _ended(self, visitor: Visitor, wish: Open) -> Frame:
        try:
            conversation = await self._conversation(visitor, wish)
        except HearthError:
            # Deleted while it was being answered.
            return await self._nothing(visitor, wish)
        side = await side_state(self._parts.chats, visitor)
        return Frame(conversation.bubbles(), conversation.talk(), ComposerState(wish.chat), side=side)

    async def _nothing(self, visitor: Visitor, wish: Open) -> Frame:
        """There is no such chat: a new one is shown in its place."""
        side = await side_state(self._parts.chats, visitor)
        return Frame([], TalkState(asked=wish.chat), ComposerState(wish.chat), side=side)

    async def _conversation(self, visitor: Visitor, wish: Open) -> Conversation:
        view = await anyio.to_thread.run_sync(self._parts.chats.get, visitor.person.id, wish.chat)
        return Conversation(view, wish.limit or MESSAGES_AT_ONCE, await self._titles(visitor), visitor.language)

    async def _titles(self, visitor: Visitor) -> dict[str, str]:
        return await anyio.to_thread.run_sync(library_bar.model_titles, self._parts.library, visitor.language)


def refusal(visitor: Visitor, error: HearthError) -> Verdict:
    """Why something cannot be done, for the page to show."""
    return Verdict(secrets.token_hex(4), refusal=say(error.code, error.params, visitor.language))


async def side_state(chats: Chats, visitor: Visitor) -> SideState:
    """The visitor's list of chats."""
    read_at = time.time()
    found = await anyio.to_thread.run_sync(chats.list, visitor.person.id)
    return SideState(read_at, visitor.person.name, [_side_chat(chat) for chat in found])


def _side_chat(chat: ChatSummary) -> SideChat:
    return SideChat(chat.id, chat.title, chat.updated_at.timestamp(), chat.is_answering)
