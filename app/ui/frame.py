"""What is drawn on the chat page, as values: the JSON that its scripts read, and one update of all of them.

Nothing here is markup. Text reaches the page as JSON strings, and the scripts in `static/` put it in as text.
"""

from dataclasses import dataclass

import gradio as gr
import msgspec


class Note(msgspec.Struct, frozen=True):
    """What stands below a message: its numbers, what went wrong, which of several versions it is."""

    id: str
    role: str
    text: str
    numbers: str = ""
    problem: str = ""
    versions: list[str] = []


class CutState(msgspec.Struct, frozen=True):
    """What the model does not read of the chat: the notes from number `first` up to `last`, both counted from 0.

    -1 is a message that is not loaded. `label` says it in words; `summary` is what is read instead, or empty.
    """

    first: int
    last: int
    label: str
    summary: str = ""


class TalkState(msgspec.Struct, frozen=True):
    """The chat that is shown; all empty for a new one. `num_hidden` older messages are not loaded.

    `asked` is the chat that was asked for: the page lets go of what it does not look at any more. It differs from
    `id` where there is no such chat.
    """

    asked: str = ""
    id: str = ""
    title: str = ""
    model: str = ""
    num_hidden: int = 0
    notes: list[Note] = []
    cut: CutState | None = None


class ComposerState(msgspec.Struct, frozen=True):
    """What goes on in the chat `asked`.

    `status` says what the answer waits for, until its first words come; `fraction` is 0 to 1, or -1.
    """

    asked: str = ""
    is_answering: bool = False
    status: str = ""
    fraction: float = -1.0


class Verdict(msgspec.Struct, frozen=True):
    """What became of a wish. Of its own, since later states of another part would overwrite it unseen.

    `key` is the number that the page gave to what it sent, or one of ours; without a `refusal` it was taken, in `chat`.
    """

    key: str
    chat: str = ""
    refusal: str = ""


class SideChat(msgspec.Struct, frozen=True):
    """A chat in the list; `changed` are seconds since 1970."""

    id: str
    title: str
    changed: float
    is_answering: bool


class SideState(msgspec.Struct, frozen=True):
    """The list of chats, and whose it is; `read_at` are seconds since 1970.

    Lists may overtake each other on their way to the page, which keeps the one that was read last.
    """

    read_at: float
    person: str
    chats: list[SideChat]


class ModelChoice(msgspec.Struct, frozen=True):
    """A model that can be chosen; one with a problem cannot."""

    name: str
    title: str
    detail: str
    is_guide: bool
    problem: str


class BarState(msgspec.Struct, frozen=True):
    """The models; `default` is the name of the one that a new chat takes."""

    default: str
    models: list[ModelChoice]


BubbleContent = dict[str, str]
Bubble = dict[str, str | BubbleContent]


@dataclass(frozen=True, slots=True)
class Frame:
    """One update of the page. What is None stays as it is."""

    bubbles: list[Bubble] | None = None
    talk: TalkState | None = None
    composer: ComposerState | None = None
    verdict: Verdict | None = None
    side: SideState | None = None
    bar: BarState | None = None

    def outputs(self) -> tuple[object, ...]:
        """For Gradio, in the order in which the fields stand here."""
        states = (self.talk, self.composer, self.verdict, self.side, self.bar)
        bubbles = gr.skip() if self.bubbles is None else self.bubbles
        return (bubbles, *(gr.skip() if state is None else _json(state) for state in states))


def _json(state: msgspec.Struct) -> str:
    """JSON without `<`, so that it could not even be markup by mistake."""
    return msgspec.json.encode(state).decode().replace("<", "\\u003c")
