"""English sentences about: engine."""

SENTENCES: dict[str, str] = {
    "queue_full": "{waiting} replies are waiting already, and no more fit. Try again in a minute.",
    "prompt_too_long": (
        "This is {tokens} tokens long, and the model takes {limit}. Shorten the message, or start a new chat."
    ),
    "prompt_does_not_fit": "{model} cannot take this much text ({detail}). Shorten the message, or start a new chat.",
    "engine_closed": "Hearth is shutting down. Send the message again once it is back.",
    "backend_unusable": (
        "{model} cannot be loaded, since llama.cpp's library for computing does not work here: {detail}. "
        "Run `hearth doctor`: it finds one that does."
    ),
    "worker_start_failed": (
        "The engine for {model} could not be started: {detail}. Close other programs on this machine, and try again."
    ),
    "worker_died": "The engine of {model} stopped unexpectedly (status {status}). Send the message again.",
    "worker_died_killed": (
        "The engine of {model} was killed ({signal}), most likely because the memory of this machine ran out. "
        "Send the message again; if it happens again, choose a smaller model or a shorter context."
    ),
    "worker_died_out_of_memory": (
        "The memory of this machine ran out, and the system ended the engine of {model}. Close other programs, "
        "choose a smaller model, or set HEARTH_CONTEXT_TOKENS lower; then send the message again."
    ),
    "worker_hung": (
        "The engine of {model} did nothing for {seconds} seconds and was ended. Send the message again; "
        "a new one starts by itself."
    ),
    "worker_nonsense": (
        "The engine of {model} answered with what makes no sense, and was ended. Send the message again; if it "
        "happens again, download the model anew or choose another."
    ),
    "worker_died_illegal_instruction": (
        "The engine of {model} used an instruction that this processor does not have ({signal}). "
        "Run `hearth doctor`, and build or choose the engine for this processor."
    ),
    "worker_died_crashed": (
        "The engine of {model} crashed ({signal}). Send the message again; if it happens again, "
        "download the model anew or choose another."
    ),
    "model_keeps_crashing": (
        "{model} has crashed its engine {crashes} times in a row and rests now. "
        "Try again in {seconds} seconds, or choose another model."
    ),
    "model_too_large": (
        "{model} needs {needs} of memory, and {available} can be had. Choose it in {quantization}, which fits, choose "
        "a smaller model, or close other programs."
    ),
    "model_far_too_large": (
        "{model} needs {needs} of memory, and {available} can be had, which no smaller version of it would fit into. "
        "Choose a smaller model, or close other programs."
    ),
    "model_unloaded": "{model} was taken out of memory while it wrote this. Send the message again to load it anew.",
    "preempted": "Somebody needed the model, so Hearth put its own work off. It is done later by itself.",
    "model_load_failed": "{model} cannot be loaded: {detail}. Download or convert it anew, or choose another model.",
    "model_architecture_unknown": (
        "{model} is of a kind that this version of Hearth cannot run: {detail}. Choose another model, or update Hearth."
    ),
    "model_memory": (
        "There is not enough memory for {model}: {detail}. Choose a smaller model, or set HEARTH_CONTEXT_TOKENS or "
        "HEARTH_SLOTS lower."
    ),
    "draft_vocabulary_differs": (
        "The small model that is set to guess for {model} uses other tokens ({detail}). Set a smaller model of the "
        "same family, or none."
    ),
    "draft_model_recurrent": (
        "The small model that is set to guess for {model} cannot take guesses back ({detail}). Set another, or none."
    ),
    "decode_failed": "{model} could not go on with this reply ({detail}). Send the message again.",
    "template_broken": "The chat template inside {model} does not work: {detail}. Choose another file of this model.",
    "template_refused": (
        "The chat template of {model} does not accept this conversation: {detail}. Start a new chat, "
        "or choose another model."
    ),
    "template_too_large": "The chat template inside {model} writes without end. Choose another file of this model.",
    "template_too_slow": (
        "The chat template inside {model} took longer than {seconds} seconds and was stopped. "
        "Choose another file of this model."
    ),
    "vocabulary_too_slow": (
        "Reading the vocabulary of {model} took longer than {seconds} seconds. Check the disk, and try again."
    ),
    "renderer_died": "Preparing the text for {model} failed unexpectedly. Try again, or choose another model.",
    "sampling_invalid": "{name} cannot be {value}. Choose a value within its bounds, or leave it out.",
    "grammar_invalid": "This grammar cannot be followed: {detail}. Mend the grammar, and try again.",
    "json_schema_unsupported": (
        "Answers cannot be held to this JSON schema: {reason}. Leave that out of the schema, and try again."
    ),
    "text_too_long": "A text is too long for {model} ({detail}). Cut it into shorter pieces, and try again.",
    "embedding_tokens": "Texts are taken here, not lists of token numbers. Send the texts themselves.",
    "model_writes_nothing": "{model} only turns texts into vectors. Choose another model to chat with.",
    "embedding_not_supported": (
        "{model} does not turn texts into vectors ({detail}). Choose a model that is made for embeddings."
    ),
}
