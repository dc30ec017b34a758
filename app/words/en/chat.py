"""English sentences about chats, messages, replies and which model answers."""

SENTENCES: dict[str, str] = {
    "chat_unknown": (
        "There is no such chat. It may have been deleted; choose another one from the list, or begin a new one."
    ),
    "chat_busy": (
        "An answer is being written in this chat. Wait until it is done, or stop it; then send your message again."
    ),
    "message_unknown": "There is no such message in this chat. Load the chat again.",
    "message_empty": "The message is empty. Write something first.",
    "message_not_text": "The message has characters that are no text. Remove them and send it again.",
    "message_too_long": (
        "The message is too long for this model: {tokens} tokens, and {limit} fit. Shorten it, or take a model "
        "with a larger context."
    ),
    "parent_not_answer": (
        "A message can only follow an answer. Choose the answer that you mean, or ask the question once more."
    ),
    "model_unknown": "There is no model named {name}. Choose another one, or put its GGUF file into the models folder.",
    "model_not_chat": "{file} is no model that can chat. Choose a language model as a GGUF file.",
    "no_models": "There is no model that can be used. Put a GGUF file into the folder {folder}.",
    "reply_unknown": "There is no such answer. Its chat may have been deleted; load the page again.",
    "reply_broken_off": "The answer broke off. What was written is kept; try again.",
    "reply_internal_error": (
        "The answer ended by a mistake of Hearth's. What was written is kept; try again, and look into the log "
        "if it comes again."
    ),
    "reply_not_stored": (
        "The answer could not be stored yet. Make space on the disk of the data folder: Hearth keeps trying while "
        "it runs. Copy what you need of the answer before you stop it."
    ),
    "server_stopped": "Hearth was stopped while it wrote this answer. What was written is kept; try again.",
    "server_stopping": "Hearth is being stopped. Try again when it runs once more.",
    "summary_ask": (
        "Summarise our conversation so far, so that you can go on with it later: wishes, facts, names, numbers, "
        "decisions, open questions. At most 150 words, in the language of our conversation, and nothing else."
    ),
    "summary_asked": "Summarise what we said after that.",
}
