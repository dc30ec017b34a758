"""Prompt formats by name, for models whose GGUF carries no chat template: the sources of their templates, and the
strings that end an answer where the vocabulary has no token for it.

Which one a model was taught is seen from what its file says about itself; people may name another. Knows no tokens.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Format:
    """A Jinja template, and the strings that end an answer besides the end token."""

    name: str
    source: str
    stop: tuple[str, ...] = ()


# A system turn stands first, if there is one at all; `ChatTemplate` folds one that does not show up into a user's.
_SYSTEM = (
    "{% if messages[0].role == 'system' %}{% set system = messages[0].content | trim %}{% set turns = messages[1:] %}"
    "{% else %}{% set system = '' %}{% set turns = messages %}{% endif %}"
)

# As Meta's own llama/generation.py writes it: each exchange is a text of its own, with a beginning and an end.
LLAMA_2_CHAT = Format(
    "llama-2-chat",
    _SYSTEM + "{% for turn in turns %}{% if turn.role == 'user' %}"
    "{{ bos_token }}[INST] {% if loop.first and system %}{{ '<<SYS>>\n' + system + '\n<</SYS>>\n\n' }}{% endif %}"
    "{{ turn.content | trim }} [/INST]"
    "{% elif turn.role == 'assistant' %}{{ ' ' + turn.content | trim + ' ' + eos_token }}{% endif %}{% endfor %}",
    ("[INST]",),
)
LLAMA_3 = Format(
    "llama-3",
    "{{ bos_token }}{% for turn in messages %}"
    "{{ '<|start_header_id|>' + turn.role + '<|end_header_id|>\n\n' + turn.content | trim + '<|eot_id|>' }}"
    "{% endfor %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}",
    ("<|eot_id|>",),
)
# Mistral's instruction format, version 1: one beginning for all; it knows no system turn.
MISTRAL_INSTRUCT = Format(
    "mistral-instruct",
    _SYSTEM + "{{ bos_token }}{% for turn in turns %}{% if turn.role == 'user' %}"
    "[INST] {% if loop.first and system %}{{ system + '\n\n' }}{% endif %}{{ turn.content | trim }} [/INST]"
    "{% elif turn.role == 'assistant' %}{{ ' ' + turn.content | trim + eos_token }}{% endif %}{% endfor %}",
    ("[INST]",),
)
# As FastChat writes version 1.1, which is 1.5's too.
VICUNA = Format(
    "vicuna",
    _SYSTEM + "{{ bos_token }}{{ system or 'A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user\\'s questions.' }} "
    "{% for turn in turns %}{% if turn.role == 'user' %}{{ 'USER: ' + turn.content | trim + ' ' }}"
    "{% elif turn.role == 'assistant' %}{{ 'ASSISTANT: ' + turn.content | trim + eos_token }}{% endif %}{% endfor %}"
    "ASSISTANT:",
    ("\nUSER:", "\nASSISTANT:"),
)
ALPACA = Format(
    "alpaca",
    _SYSTEM + "{{ bos_token }}{{ system or 'Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.' }}{{ '\n\n' }}"
    "{% for turn in turns %}{% if turn.role == 'user' %}{{ '### Instruction:\n' + turn.content | trim + '\n\n' }}"
    "{% elif turn.role == 'assistant' %}{{ '### Response:\n' + turn.content | trim + eos_token + '\n\n' }}{% endif %}"
    "{% endfor %}{{ '### Response:\n' }}",
    ("### Instruction:", "### Response:"),
)
ZEPHYR = Format(
    "zephyr",
    "{{ bos_token }}{% for turn in messages %}{{ '<|' + turn.role + '|>\n' + turn.content | trim + eos_token + '\n' }}"
    "{% endfor %}{{ '<|assistant|>\n' }}",
    ("<|user|>", "<|assistant|>"),
)
CHATML = Format(
    "chatml",
    "{% for turn in messages %}{{ '<|im_start|>' + turn.role + '\n' + turn.content | trim + '<|im_end|>\n' }}"
    "{% endfor %}{{ '<|im_start|>assistant\n' }}",
    ("<|im_end|>",),
)
# Gemma calls the assistant "model", and knows no system turn.
GEMMA = Format(
    "gemma",
    _SYSTEM + "{{ bos_token }}{% for turn in turns %}"
    "{{ '<start_of_turn>' + ('model' if turn.role == 'assistant' else 'user') + '\n' }}"
    "{% if loop.first and system %}{{ system + '\n\n' }}{% endif %}{{ turn.content | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{{ '<start_of_turn>model\n' }}",
    ("<end_of_turn>",),
)
# For models that were never taught a conversation: a dialogue as plain text, ended by the next speaker's name.
PLAIN = Format(
    "plain",
    "{{ bos_token }}{% for turn in messages %}"
    "{{ {'system': '', 'user': 'User: ', 'assistant': 'Assistant: '}[turn.role] + turn.content | trim + '\n\n' }}"
    "{% endfor %}Assistant:",
    ("\nUser:", "\nAssistant:"),
)

_ALL = (LLAMA_2_CHAT, LLAMA_3, MISTRAL_INSTRUCT, VICUNA, ALPACA, ZEPHYR, CHATML, GEMMA, PLAIN)
NAMES = tuple(each.name for each in _ALL)
# Tokens that only this format uses, and whether a file must also say that the model was taught to talk: base models of
# Llama 3 and Gemma have the tokens as well, and do not know what they are for.
_BY_TOKENS = (
    (CHATML, {"<|im_start|>", "<|im_end|>"}, False),
    (LLAMA_3, {"<|start_header_id|>", "<|eot_id|>"}, True),
    (GEMMA, {"<start_of_turn>", "<end_of_turn>"}, True),
)
# The first pattern found in what the file says about itself, in small letters with blanks between the words.
_BY_NAME = (
    (VICUNA, r"vicuna|wizardlm|wizard lm|samantha|llava v?1"),
    (ALPACA, r"alpaca|mythomax|nous hermes|platypus|wizardcoder|wizard coder|wizardmath"),
    (ZEPHYR, r"zephyr|tinyllama.*chat"),
    (CHATML, r"chatml|open ?hermes|dolphin"),
    (LLAMA_2_CHAT, r"llama ?v?2.*chat|code ?llama.*instruct"),
    (MISTRAL_INSTRUCT, r"(mistral|mixtral).*instruct"),
)
_TUNED = re.compile(r"\b(instruct\w*|chat\w*|it|assistant|tuned|finetuned?|sft|dpo|rlhf|hermes)\b")
_SAYS = ("general.basename", "general.name", "general.finetune", "general.base_model.0.name")


def named(name: str) -> Format:
    """The format of this name. Raises InvalidInput("prompt_format_unknown")."""
    for each in _ALL:
        if each.name == name:
            return each
    raise InvalidInput("prompt_format_unknown", name=name, known=", ".join(NAMES))


def choose(metadata: Mapping[str, str], special_texts: Collection[str], file_name: str = "") -> Format:
    """The format that a model without a template was most likely taught; the plain dialogue for base models.

    `metadata` is the GGUF's; `file_name` says in many old files what they do not say of themselves.
    """
    said = re.sub(r"[^a-z0-9.]+", " ", " ".join([*(metadata.get(key, "") for key in _SAYS), file_name]).lower())
    is_tuned = bool(metadata.get("general.finetune")) or _TUNED.search(said) is not None
    for each, tokens, must_be_tuned in _BY_TOKENS:
        if tokens <= set(special_texts) and (is_tuned or not must_be_tuned):
            return each
    return next((each for each, pattern in _BY_NAME if re.search(pattern, said)), PLAIN)
