"""English sentences about how a model is to run: its options, adapters, prompt format and positions."""

SENTENCES: dict[str, str] = {
    "prompt_format_unknown": "There is no prompt format named {name}. Take one of these, or none at all: {known}.",
    "option_unknown": "A model has no option named {name}. These can be set: {known}.",
    "option_invalid": "The option {name} cannot be {value}. It takes: {known}.",
    "adapter_unknown": (
        "There is no LoRA adapter named {name} in the models folder. Put its GGUF file there, or take it out of the "
        "model's option loras."
    ),
    "adapter_other_model": (
        "The LoRA adapter {name} was made for models of the kind {architecture}, and {model} is {wanted}. Choose an "
        "adapter that was made from this model."
    ),
    "lora_does_not_fit": (
        "A LoRA adapter of {model} does not fit it: {detail}. Choose one that was made from this model, or take it out "
        "of the model's option loras."
    ),
    "rope_factor_invalid": "The context cannot be stretched {value} times. Give a factor from 1 to {most}.",
    "rope_note_file": "Positions are as the model's file says. This costs nothing.",
    "rope_note_none": (
        "Positions are not stretched at all, whatever the model's file says: the model is at its best, and forgets "
        "what lies beyond the context that it was first trained on. The context is that short then."
    ),
    "rope_note_linear": (
        "Positions are moved closer together. Answers get worse at once, in short chats too, and soon beyond a factor "
        "of 2; choose it for models that were trained further in this way."
    ),
    "rope_note_ntk": (
        "The base of the positions is raised. Short chats lose little, up to a factor of about 2 with any model; the "
        "last part of the longer context may be less reliable. More memory is needed for it."
    ),
    "rope_note_yarn": (
        "Positions are stretched by frequency. It loses least at factors of 2 to 4, and short chats become slightly "
        "worse; best with models that were trained further with it. More memory is needed for the longer context."
    ),
    "model_unreadable": "The file of {model} cannot be read just now. Check the disk, and try again.",
    "model_options_default": "{model} runs as Hearth thinks best: no option is set.",
    "adapter_listed": "A LoRA adapter: hearth models options MODEL loras=NAME",
    "option_takes": "takes: {known}",
    "option_pair": "Write an option as NAME=VALUE, such as kv_type=q8_0; {given} is none. NAME= takes it back.",
}
