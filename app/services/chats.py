"""The chats of a person: listed, read as a path or a tree, renamed, deleted. Starts no replies: see `chat.py`.

All methods are synchronous; somebody else's chat and no such chat are both NotFound("chat_unknown").
"""

from collections.abc import Sequence

from app.errors import NotFound
from app.services.characters import one_line
from app.services.chat_views import ChatSummary, ChatView, MessageView, ReplyStatus, ReplyView
from app.services.cut import CutView, cut_of, cut_view
from app.services.message_tree import MessageTree
from app.store import chats as chats_store
from app.store import messages as messages_store
from app.store import replies as replies_store
from app.store import summaries as summaries_store
from app.store.database import Database, Session
from app.store.tables import ChatTable, MessageTable

__all__ = ["ChatSummary", "ChatView", "Chats", "MessageView", "ReplyStatus", "ReplyView"]

MAX_TITLE_CHARACTERS = 200


class Chats:
    """The chats in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, person_id: str) -> Sequence[ChatSummary]:
        """The person's chats, the one that changed last first."""
        with self._database.reading() as session:
            answering = replies_store.answering_chats(session, person_id)
            return [_summary(chat, chat.id in answering) for chat in chats_store.of_user(session, person_id)]

    def create(self, person_id: str, title: str = "", model: str = "", system_prompt: str = "") -> ChatSummary:
        """A new, empty chat."""
        with self._database.transaction() as session:
            chat = chats_store.add(
                session, user_id=person_id, title=_title(title), model=model, system_prompt=system_prompt
            )
            return _summary(chat, is_answering=False)

    def get(self, person_id: str, chat_id: str) -> ChatView:
        """The chat with its active path."""
        with self._database.reading() as session:
            chat = owned(session, person_id, chat_id)
            tree = tree_of(session, chat_id)
            path = tree.path_to(chat.active_leaf_id)
            return ChatView(
                id=chat.id,
                title=chat.title,
                model=chat.model,
                system_prompt=chat.system_prompt,
                active_leaf_id=chat.active_leaf_id,
                messages=tree.views(path),
                cut=_cut(session, tree, path),
            )

    def tree(self, person_id: str, chat_id: str) -> Sequence[MessageView]:
        """All messages of all branches, oldest first."""
        with self._database.reading() as session:
            owned(session, person_id, chat_id)
            tree = tree_of(session, chat_id)
            return tree.views(tree.messages)

    def update(
        self,
        person_id: str,
        chat_id: str,
        *,
        title: str | None = None,
        model: str | None = None,
        system_prompt: str | None = None,
        active_leaf_id: str | None = None,
    ) -> ChatSummary:
        """Change what is not None. A message with others below it leads on to the newest leaf below.

        Raises NotFound("message_unknown") when there is no such message in the chat.
        """
        with self._database.transaction() as session:
            chat = owned(session, person_id, chat_id)
            if title is not None:
                chat.title = _title(title)
            if model is not None:
                chat.model = model
            if system_prompt is not None:
                chat.system_prompt = system_prompt
            if active_leaf_id is not None:
                chat.active_leaf_id = tree_of(session, chat_id).newest_leaf_below(active_leaf_id)
            else:
                # Looking at another branch is no change of the chat; the rest is.
                chats_store.touch(session, chat)
            return _summary(chat, chat_id in replies_store.answering_chats(session, person_id))

    def delete(self, person_id: str, chat_id: str) -> None:
        """Delete the chat with all that was said. A reply that is being written there ends within seconds.

        What the engine keeps of it is not touched: see `ChatService.delete`.
        """
        delete(self._database, person_id, chat_id)


def delete(database: Database, person_id: str, chat_id: str) -> None:
    """Delete a chat from the database. Raises NotFound("chat_unknown")."""
    with database.transaction() as session:
        chats_store.remove(session, owned(session, person_id, chat_id))


def owned(session: Session, person_id: str, chat_id: str) -> ChatTable:
    """The person's chat. Raises NotFound("chat_unknown")."""
    chat = chats_store.owned(session, person_id, chat_id)
    if chat is None:
        raise NotFound("chat_unknown")
    return chat


def tree_of(session: Session, chat_id: str) -> MessageTree:
    """All that was said in a chat."""
    return MessageTree(messages_store.of_chat(session, chat_id), replies_store.of_chat(session, chat_id))


def _cut(session: Session, tree: MessageTree, path: Sequence[MessageTable]) -> CutView | None:
    reply = next((reply for message in reversed(path) if (reply := tree.reply_of(message)) is not None), None)
    if reply is None or reply.cut_until_id is None:
        return None
    cut = cut_of(reply, summaries_store.of_chat(session, reply.chat_id))
    return None if cut is None else cut_view(path, cut)


def _summary(chat: ChatTable, is_answering: bool) -> ChatSummary:
    return ChatSummary(chat.id, chat.title, chat.model, chat.updated_at, is_answering)


def _title(title: str) -> str:
    return one_line(title)[:MAX_TITLE_CHARACTERS]
