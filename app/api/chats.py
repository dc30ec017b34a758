"""The chats of the person who asks: begin, list, read, change, delete."""

from fastapi import APIRouter

from app.api.chat_shapes import ChatCreate, ChatPublic, ChatUpdate, ChatWithMessagesPublic, MessagePublic
from app.api.deps import LanguageDep, PartsDep, PersonDep

router = APIRouter(prefix="/chats", tags=["chats"])


@router.get("", summary="List your chats")
def list_chats(parts: PartsDep, person: PersonDep) -> list[ChatPublic]:
    """The one that changed last comes first."""
    return [ChatPublic.of(chat) for chat in parts.chats.list(person.id)]


@router.post("", status_code=201, summary="Begin a chat")
def create_chat(wish: ChatCreate, parts: PartsDep, person: PersonDep) -> ChatPublic:
    """An empty chat. Without a model it takes the default one."""
    if wish.model:
        parts.library.find(wish.model)
    return ChatPublic.of(parts.chats.create(person.id, wish.title, wish.model, wish.system_prompt))


@router.get("/{chat_id}", summary="Read a chat")
def read_chat(chat_id: str, parts: PartsDep, person: PersonDep, language: LanguageDep) -> ChatWithMessagesPublic:
    """With the messages of its active path."""
    return ChatWithMessagesPublic.of(parts.chats.get(person.id, chat_id), language)


@router.patch("/{chat_id}", summary="Change a chat")
def update_chat(chat_id: str, wish: ChatUpdate, parts: PartsDep, person: PersonDep) -> ChatPublic:
    """Its title, its model, its system prompt, or which branch is the active one."""
    if wish.model:
        parts.library.find(wish.model)
    return ChatPublic.of(parts.chats.update(person.id, chat_id, **wish.model_dump()))


@router.delete("/{chat_id}", status_code=204, summary="Delete a chat")
async def delete_chat(chat_id: str, parts: PartsDep, person: PersonDep) -> None:
    """With all of its messages and what the engine keeps of it. A reply that is being written there is stopped."""
    await parts.chat.delete(person.id, chat_id)


@router.get("/{chat_id}/messages", summary="Read all messages of a chat")
def list_messages(chat_id: str, parts: PartsDep, person: PersonDep, language: LanguageDep) -> list[MessagePublic]:
    """Those of all branches, oldest first; `parent_id` makes a tree of them."""
    return [MessagePublic.of(message, language) for message in parts.chats.tree(person.id, chat_id)]
