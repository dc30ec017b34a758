"""What the page's scripts ask for. It comes from a browser: every field is checked before it is used.

`turn` counts up with everything that changes what a page shows.
"""

from typing import TypeVar

import gradio as gr
import msgspec

from app.errors import InvalidInput


class Open(msgspec.Struct, frozen=True):
    """Show a chat; without one, a new one. `limit` is how many messages, newest first; 0 is the usual number."""

    chat: str = ""
    limit: int = 0
    turn: int = 0


class Send(msgspec.Struct, frozen=True):
    """Say something in a chat, or in a new one. `key` is the page's own number for it."""

    text: str
    key: str
    chat: str = ""
    model: str = ""
    turn: int = 0


class Again(msgspec.Struct, frozen=True):
    """Answer a question once more."""

    chat: str
    message: str
    model: str = ""
    turn: int = 0


class Version(msgspec.Struct, frozen=True):
    """Show another version of a message."""

    chat: str
    message: str
    turn: int = 0


class Rename(msgspec.Struct, frozen=True):
    """Give a chat another title."""

    chat: str
    title: str


class OneChat(msgspec.Struct, frozen=True):
    """Stop or delete: all that is needed is which chat."""

    chat: str


class Glance(msgspec.Struct, frozen=True):
    """Look at the list of chats once more."""


Wish = TypeVar("Wish", Open, Send, Again, Version, Rename, OneChat, Glance)


def wish_of(event: gr.EventData, kind: type[Wish]) -> Wish:
    """The wish that a script sent along with its event."""
    try:
        return msgspec.convert(event._data, kind)
    except msgspec.ValidationError as error:
        raise InvalidInput("page_wish_broken") from error
