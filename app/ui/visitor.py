"""Who asks in a handler, and in which language: the gate has put the person into the request's state."""

from dataclasses import dataclass

import gradio as gr

from app.errors import NotSignedIn
from app.services.accounts import Person
from app.words.say import best_language


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person in front of one page. `session` is Gradio's random id of that page, new with every load."""

    person: Person
    language: str
    session: str


def visitor_of(request: gr.Request) -> Visitor:
    """The visitor that sent a Gradio event."""
    asked = request.request
    person = asked.scope.get("state", {}).get("person") if asked is not None else None
    if asked is None or not isinstance(person, Person):
        raise NotSignedIn("not_signed_in")
    return Visitor(person, best_language(asked.headers.get("accept-language", "")), request.session_hash or "")
