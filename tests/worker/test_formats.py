"""Prompt formats for files without a chat template: what each writes, and which one a file gets."""

import pytest

from app.errors import InvalidInput
from app.worker import formats
from app.worker.template import ChatTemplate

SYSTEM = {"role": "system", "content": " Be brief. "}
TALK = [
    {"role": "user", "content": " Hi\n"},
    {"role": "assistant", "content": " Hello! "},
    {"role": "user", "content": "Who's there?"},
]
VICUNA_SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
ALPACA_SYSTEM = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request."
)

# Name, the conversation with a system turn, and without one.
WRITTEN = {
    "llama-2-chat": (
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello! </s><s>[INST] Who's there? [/INST]",
        "<s>[INST] Hi [/INST] Hello! </s><s>[INST] Who's there? [/INST]",
    ),
    "llama-3": (
        "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nWho's there?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nWho's there?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "mistral-instruct": (
        "<s>[INST] Be brief.\n\nHi [/INST] Hello!</s>[INST] Who's there? [/INST]",
        "<s>[INST] Hi [/INST] Hello!</s>[INST] Who's there? [/INST]",
    ),
    "vicuna": (
        "<s>Be brief. USER: Hi ASSISTANT: Hello!</s>USER: Who's there? ASSISTANT:",
        f"<s>{VICUNA_SYSTEM} USER: Hi ASSISTANT: Hello!</s>USER: Who's there? ASSISTANT:",
    ),
    "alpaca": (
        "<s>Be brief.\n\n### Instruction:\nHi\n\n### Response:\nHello!</s>\n\n"
        "### Instruction:\nWho's there?\n\n### Response:\n",
        f"<s>{ALPACA_SYSTEM}\n\n### Instruction:\nHi\n\n### Response:\nHello!</s>\n\n"
        "### Instruction:\nWho's there?\n\n### Response:\n",
    ),
    "zephyr": (
        "<s><|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello!</s>\n<|user|>\nWho's there?</s>\n"
        "<|assistant|>\n",
        "<s><|user|>\nHi</s>\n<|assistant|>\nHello!</s>\n<|user|>\nWho's there?</s>\n<|assistant|>\n",
    ),
    "chatml": (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nWho's there?<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nWho's there?<|im_end|>\n<|im_start|>assistant\n",
    ),
    "gemma": (
        "<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello!<end_of_turn>\n"
        "<start_of_turn>user\nWho's there?<end_of_turn>\n<start_of_turn>model\n",
        "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHello!<end_of_turn>\n"
        "<start_of_turn>user\nWho's there?<end_of_turn>\n<start_of_turn>model\n",
    ),
    "plain": (
        "<s>Be brief.\n\nUser: Hi\n\nAssistant: Hello!\n\nUser: Who's there?\n\nAssistant:",
        "<s>User: Hi\n\nAssistant: Hello!\n\nUser: Who's there?\n\nAssistant:",
    ),
}


def test_every_format_is_looked_at_here() -> None:
    assert set(formats.NAMES) == set(WRITTEN)


@pytest.mark.parametrize("name", formats.NAMES)
def test_a_format_writes_a_conversation_as_its_makers_published_it(name: str) -> None:
    template = ChatTemplate(formats.named(name).source, "<s>", "</s>")
    assert template.render([SYSTEM, *TALK]) == WRITTEN[name][0]
    assert template.render(TALK) == WRITTEN[name][1]


@pytest.mark.parametrize("name", formats.NAMES)
def test_a_format_takes_any_turns(name: str) -> None:
    template = ChatTemplate(formats.named(name).source, "<s>", "</s>")
    assert "Be brief." in template.render([SYSTEM])
    assert "Hello!" in template.render([TALK[1]])
    late = template.render([TALK[0], TALK[1], SYSTEM, TALK[2]])
    assert "Be brief." in late and "there?" in late


@pytest.mark.parametrize("name", formats.NAMES)
def test_a_format_has_a_string_that_ends_an_answer(name: str) -> None:
    assert all(formats.named(name).stop)
    assert formats.named(name).stop


LLAMA3_TOKENS = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
GEMMA_TOKENS = ["<bos>", "<start_of_turn>", "<end_of_turn>"]


@pytest.mark.parametrize(
    ("metadata", "specials", "file_name", "name"),
    [
        ({"general.name": "meta-llama_Llama-2-7b-chat-hf"}, [], "", "llama-2-chat"),
        ({"general.name": "LLaMA v2"}, [], "llama-2-7b-chat.Q4_K_M", "llama-2-chat"),
        ({"general.name": "LLaMA v2"}, [], "llama-2-7b.Q4_K_M", "plain"),
        ({"general.basename": "Llama-2", "general.finetune": "chat"}, [], "", "llama-2-chat"),
        ({"general.name": "codellama_codellama-7b-instruct-hf"}, [], "", "llama-2-chat"),
        ({"general.name": "Meta-Llama-3-8B-Instruct"}, LLAMA3_TOKENS, "", "llama-3"),
        ({"general.name": "Meta-Llama-3-8B"}, LLAMA3_TOKENS, "", "plain"),
        ({"general.finetune": "Lexi"}, LLAMA3_TOKENS, "", "llama-3"),
        ({"general.name": "mistralai_Mistral-7B-Instruct-v0.2"}, [], "", "mistral-instruct"),
        ({"general.name": "mistralai_Mistral-7B-v0.1"}, [], "", "plain"),
        ({"general.name": "lmsys_vicuna-13b-v1.5"}, [], "", "vicuna"),
        ({"general.name": "chavinlo_alpaca-native"}, [], "", "alpaca"),
        ({"general.name": "Gryphe_MythoMax-L2-13b"}, [], "", "alpaca"),
        ({"general.name": "TinyLlama-1.1B-Chat-v1.0"}, [], "", "zephyr"),
        ({"general.name": "Mistral-7B-Instruct"}, ["<|im_start|>", "<|im_end|>"], "", "chatml"),
        ({"general.name": "gemma-2b-it"}, GEMMA_TOKENS, "", "gemma"),
        ({"general.name": "gemma-2b"}, GEMMA_TOKENS, "", "plain"),
        ({}, [], "", "plain"),
    ],
)
def test_a_file_without_a_template_gets_the_format_that_it_was_most_likely_taught(
    metadata: dict[str, str], specials: list[str], file_name: str, name: str
) -> None:
    assert formats.choose(metadata, specials, file_name).name == name


def test_an_unknown_format_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInput) as caught:
        formats.named("klingon")
    assert caught.value.code == "prompt_format_unknown"
    assert caught.value.params["name"] == "klingon"
    assert "vicuna" in str(caught.value.params["known"])
