"""The messages of one chat as a tree: paths, siblings, leaves. Works on rows that were read already."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal, cast

from app.errors import NotFound
from app.services.chat_views import MessageView, ReplyStatus, ReplyView
from app.store.tables import MessageTable, ReplyTable


class MessageTree:
    """All messages of a chat, given oldest first, and the replies that wrote some of them."""

    def __init__(self, messages: Sequence[MessageTable], replies: Sequence[ReplyTable]) -> None:
        self.messages = messages
        self._by_id = {message.id: message for message in messages}
        self._newest_reply = {reply.message_id: reply for reply in replies}
        self._children: defaultdict[str | None, list[MessageTable]] = defaultdict(list)
        for message in messages:
            self._children[message.parent_id].append(message)

    def message(self, message_id: str) -> MessageTable:
        """Raises NotFound("message_unknown")."""
        if message_id not in self._by_id:
            raise NotFound("message_unknown")
        return self._by_id[message_id]

    def path_to(self, message_id: str | None) -> list[MessageTable]:
        """The messages from the root to this one; none for None."""
        path: list[MessageTable] = []
        while message_id is not None:
            message = self.message(message_id)
            path.append(message)
            message_id = message.parent_id
        return path[::-1]

    def reply_of(self, message: MessageTable) -> ReplyTable | None:
        """The newest reply that wrote this message."""
        return self._newest_reply.get(message.id)

    def newest_leaf_below(self, message_id: str) -> str:
        """Down from this message by the newest child each time, to the end."""
        leaf = self.message(message_id)
        while children := self._children[leaf.id]:
            leaf = children[-1]
        return leaf.id

    def views(self, messages: Sequence[MessageTable]) -> list[MessageView]:
        """These messages as people see them."""
        return [self._view(message) for message in messages]

    def _view(self, message: MessageTable) -> MessageView:
        reply = self._newest_reply.get(message.id)
        return MessageView(
            id=message.id,
            parent_id=message.parent_id,
            role=cast(Literal["user", "assistant"], message.role),
            text=message.text,
            created_at=message.created_at,
            sibling_ids=[sibling.id for sibling in self._children[message.parent_id]],
            reply=None if reply is None else _reply_view(reply),
        )


def _reply_view(reply: ReplyTable) -> ReplyView:
    return ReplyView(
        id=reply.id,
        status=cast(ReplyStatus, reply.status),
        model=reply.model,
        prompt_tokens=reply.prompt_tokens,
        cached_tokens=reply.cached_tokens,
        completion_tokens=reply.completion_tokens,
        first_token_seconds=reply.first_token_seconds,
        tokens_per_second=reply.tokens_per_second,
        stop_reason=reply.stop_reason,
        error_code=reply.error_code,
        error_params=reply.error_params,
    )
