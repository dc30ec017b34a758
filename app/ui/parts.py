"""What the pages need of the rest of Hearth. Whatever has these attributes will do; `main.py` has."""

from typing import Protocol

from app.services.chat import ChatService
from app.services.chats import Chats
from app.services.library import Library
from app.services.replies import Replies


class Parts(Protocol):
    """The services behind the pages."""

    @property
    def chats(self) -> Chats: ...

    @property
    def chat(self) -> ChatService: ...

    @property
    def replies(self) -> Replies: ...

    @property
    def library(self) -> Library: ...
