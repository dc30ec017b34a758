"""Draws a chat: the bubbles for Gradio's view, and the note that stands below each of them."""

from collections.abc import Mapping, Sequence

from app.services.chats import ChatView, MessageView, ReplyView
from app.services.reply import Reply
from app.ui import message_text
from app.ui.frame import Bubble, CutState, Note, TalkState
from app.words.say import say
from app.worker import reasoning

MESSAGES_AT_ONCE = 50


def bubble(role: str, text: str, thoughts_title: str = "") -> Bubble:
    """One message for Gradio's view. Given as content of a type, since it would unindent a bare string."""
    shown = message_text.plain(text) if role == "user" else _answer(text, thoughts_title)
    return {"role": role, "content": {"type": "text", "text": shown}}


def _answer(text: str, thoughts_title: str) -> str:
    """An answer; what was thought before it is folded below its title."""
    thoughts, said = reasoning.split(text)
    if not thoughts:
        return message_text.markdown(said)
    return f"{message_text.folded(thoughts_title, thoughts)}\n\n{message_text.markdown(said)}"


class Conversation:
    """A chat as one person sees it in their language. `titles` are the titles of models by name."""

    def __init__(self, view: ChatView, limit: int, titles: Mapping[str, str], language: str) -> None:
        self._view = view
        self._messages: Sequence[MessageView] = view.messages[-limit:]
        self._titles = titles
        self._language = language

    def bubbles(self, reply: Reply | None = None) -> list[Bubble]:
        """The messages. What a running `reply` has written so far is newer in it than in the database."""
        return [self._bubble(message, reply) for message in self._messages]

    def talk(self, reply: Reply | None = None) -> TalkState:
        """What else is shown of the chat."""
        return TalkState(
            asked=self._view.id,
            id=self._view.id,
            title=self._view.title,
            model=self._view.model,
            num_hidden=len(self._view.messages) - len(self._messages),
            notes=[self._note(message, reply) for message in self._messages],
            cut=self._cut(),
        )

    def _bubble(self, message: MessageView, reply: Reply | None) -> Bubble:
        text = self._text(message, reply)
        is_thinking = _is_of(reply, message) and not reasoning.without_reasoning(text)
        title = self._say("page_reasoning_running" if is_thinking else "page_reasoning")
        return bubble(message.role, text, title)

    def _cut(self) -> CutState | None:
        cut = self._view.cut
        if cut is None:
            return None
        places = {message.id: place for place, message in enumerate(self._messages)}
        last = places.get(cut.until_message_id, -1)
        code = "page_cut_summarised" if cut.num_summarised == cut.num_messages else "page_cut_partly"
        label = self._say(code if cut.summary else "page_cut", count=cut.num_messages, summarised=cut.num_summarised)
        return CutState(max(0, last - cut.num_messages + 1) if last >= 0 else -1, last, label, cut.summary)

    def _note(self, message: MessageView, reply: Reply | None) -> Note:
        ended = None if message.reply is None or message.reply.status == "running" else message.reply
        text = self._text(message, reply)
        return Note(
            id=message.id,
            role=message.role,
            text=reasoning.without_reasoning(text) or text,
            numbers=self._numbers(ended) if ended else "",
            problem=self._problem(ended) if ended else "",
            versions=message.sibling_ids if len(message.sibling_ids) > 1 else [],
        )

    @staticmethod
    def _text(message: MessageView, reply: Reply | None) -> str:
        return reply.text if reply is not None and _is_of(reply, message) else message.text

    def _problem(self, reply: ReplyView) -> str:
        return say(reply.error_code, reply.error_params, self._language) if reply.error_code else ""

    def _numbers(self, reply: ReplyView) -> str:
        """The small line: model, tokens, speed, first token, and why it ended where that is not the usual end."""
        parts = [self._titles.get(reply.model, reply.model)]
        if reply.completion_tokens:
            parts.append(self._say("page_tokens", count=reply.completion_tokens))
        if reply.tokens_per_second:
            parts.append(self._say("page_speed", speed=f"{reply.tokens_per_second:.1f}"))
        if reply.first_token_seconds is not None:
            parts.append(self._say("page_first_token", seconds=f"{reply.first_token_seconds:.1f}"))
        if reply.status == "stopped":
            parts.append(self._say("page_ended_stopped"))
        elif reply.status == "finished" and reply.stop_reason in ("length", "context"):
            parts.append(self._say(f"page_ended_{reply.stop_reason}"))
        return " · ".join(part for part in parts if part)

    def _say(self, code: str, **params: object) -> str:
        return say(code, params, self._language)


def _is_of(reply: Reply | None, message: MessageView) -> bool:
    """Whether `reply` is writing this message now."""
    return reply is not None and reply.message_id == message.id
