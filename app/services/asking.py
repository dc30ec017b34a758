"""What is asked in a chat: read before anything is decided, and stored together with the answer that is to come.

Synchronous; knows the database, no engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from app.errors import InvalidInput
from app.services import chats
from app.services.characters import one_line
from app.services.cut import Cut, Summary, cut_of, newest_summary
from app.services.exchanges import Exchange, Said, exchanges_of
from app.services.message_tree import MessageTree
from app.services.replies import Place
from app.store import chats as chats_store
from app.store import messages as messages_store
from app.store import replies as replies_store
from app.store import summaries as summaries_store
from app.store.database import Database
from app.store.tables import MessageTable, ReplyTable, SummaryTable
from app.worker.messages import Turn
from app.worker.reasoning import without_reasoning

ACTIVE_LEAF: Final = "<active leaf>"
TITLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be answered: a new message below `parent_id`, or, without a text, the message `parent_id` itself."""

    person_id: str
    chat_id: str
    parent_id: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a chat before a reply starts. `cuts` are how its prompts were cut last, by model."""

    model: str
    system_prompt: str
    parent_id: str | None
    exchanges: tuple[Exchange, ...]
    cuts: Mapping[str, Cut | None]
    summary: Summary | None

    @property
    def before_last_id(self) -> str | None:
        """The last message before the question that is to be answered."""
        return self.exchanges[-2].ids[-1] if len(self.exchanges) > 1 else None


def read(database: Database, question: Question) -> Asked:
    """Raises NotFound (chat_unknown, message_unknown) and InvalidInput("parent_not_answer")."""
    with database.reading() as session:
        chat = chats.owned(session, question.person_id, question.chat_id)
        tree = chats.tree_of(session, question.chat_id)
        summaries = summaries_store.of_chat(session, question.chat_id)
    if question.text is None:
        path = _path_to_question(tree, question.parent_id)
        said = _said(path)
    else:
        parent_id = chat.active_leaf_id if question.parent_id == ACTIVE_LEAF else question.parent_id
        path = tree.path_to(parent_id)
        if path and path[-1].role != "assistant":
            raise InvalidInput("parent_not_answer")
        said = [*_said(path), Said(None, Turn("user", question.text))]
    return Asked(
        model=chat.model,
        system_prompt=chat.system_prompt,
        parent_id=path[-1].id if path else None,
        exchanges=tuple(exchanges_of(said)),
        cuts=_cuts(tree, path, summaries),
        summary=newest_summary(path, summaries),
    )


def store(database: Database, question: Question, asked: Asked, model: str, cut: Cut | None) -> Place:
    """Store the message and the answer that begins. Raises NotFound("chat_unknown")."""
    with database.transaction() as session:
        chat = chats.owned(session, question.person_id, question.chat_id)
        asked_id = asked.parent_id
        if question.text is not None:
            message = messages_store.add(
                session, chat_id=chat.id, parent_id=asked.parent_id, role="user", text=question.text
            )
            asked_id = message.id
        answer = messages_store.add(session, chat_id=chat.id, parent_id=asked_id, role="assistant")
        reply = ReplyTable(chat_id=chat.id, message_id=answer.id, model=model)
        if cut is not None:
            reply.cut_after_id, reply.cut_until_id = cut.after_id, cut.until_id
            reply.summary_id = cut.summary.id if cut.summary else None
        replies_store.add(session, reply)
        chat.title = chat.title or title_of(question.text or "")
        chat.model = model
        chat.active_leaf_id = answer.id
        chats_store.touch(session, chat)
        return Place(reply.id, chat.id, answer.id)


def title_of(text: str) -> str:
    """The beginning of what was said first, cut between words where there are any."""
    title = one_line(text)
    if len(title) <= TITLE_CHARACTERS:
        return title
    cut = title[:TITLE_CHARACTERS]
    return (cut.rsplit(" ", 1)[0] if " " in cut[TITLE_CHARACTERS // 2 :] else cut) + "…"


def _path_to_question(tree: MessageTree, message_id: str | None) -> list[MessageTable]:
    path = tree.path_to(message_id)
    return path if path[-1].role == "user" else path[:-1]


def _said(path: Sequence[MessageTable]) -> list[Said]:
    """What was thought before an answer is not read again: models are trained without it."""
    return [
        Said(
            message.id,
            Turn(
                cast(Literal["user", "assistant"], message.role),
                without_reasoning(message.text) if message.role == "assistant" else message.text,
            ),
        )
        for message in path
    ]


def _cuts(
    tree: MessageTree, path: Sequence[MessageTable], summaries: Sequence[SummaryTable]
) -> Mapping[str, Cut | None]:
    replies = [reply for message in path if (reply := tree.reply_of(message)) is not None]
    return {reply.model: cut_of(reply, summaries) for reply in replies}
