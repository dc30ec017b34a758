"""A byte-level BPE vocabulary arrives whole: llama.cpp tokenizes as Hugging Face does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.errors import BadFile
from app.weights import vocab
from app.weights.vocab import TokenType, Vocabulary
from tests import tiny_model
from tests.tiny_model import TinyModel
from tests.weights import golden_tokens, llama_view

SIZE = tiny_model.VOCABULARY_SIZE
Change = Callable[[dict[str, Any]], object]


def changed(folder: Path, file: str, change: Change) -> None:
    """Change a JSON file of the folder in place."""
    content = json.loads((folder / file).read_text(encoding="utf-8"))
    change(content)
    (folder / file).write_text(json.dumps(content), encoding="utf-8")


def read(folder: Path, size: int = SIZE) -> Vocabulary:
    """The folder's vocabulary."""
    return vocab.read_vocabulary(folder, size, json.loads((folder / "config.json").read_text()))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder of our own to spoil."""
    return tiny_model.write_checkpoint(tmp_path / "hf")


def test_llama_cpp_tokenizes_as_hugging_face_does(tiny_gguf: Path) -> None:
    with llama_view.opened(tiny_gguf) as view:
        wrong = [text for text, ids in golden_tokens.cases() if view.tokens(text) != ids]
        text, ids = golden_tokens.with_special_tokens()
        assert view.tokens(text, with_begin=True) == ids
    assert len(golden_tokens.cases()) >= 50
    assert wrong == []


def test_llama_cpp_knows_the_special_tokens(tiny_gguf: Path) -> None:
    with llama_view.opened(tiny_gguf) as view:
        assert view.special_tokens() == {"bos": 506, "eos": 510, "eot": 510}
        assert [token for token in range(SIZE) if view.ends_reply(token)] == [507, 510, 511]


def test_both_ways_to_write_merges_mean_the_same(checkpoint: Path, tmp_path: Path) -> None:
    as_texts = tiny_model.write_checkpoint(tmp_path / "texts", TinyModel(merges_are_pairs=False))
    assert read(as_texts) == read(checkpoint)


def test_missing_ids_are_filled_with_unused_tokens(checkpoint: Path) -> None:
    found = read(checkpoint, SIZE + 3)
    assert found.tokens[-3:] == ["[PAD512]", "[PAD513]", "[PAD514]"]
    assert found.types[-4:] == [TokenType.CONTROL, *[TokenType.UNUSED] * 3]


def test_added_tokens_that_are_not_special_are_marked_so(checkpoint: Path) -> None:
    added = {"id": 512, "content": "<think>", "special": False}
    changed(checkpoint, "tokenizer.json", lambda content: content["added_tokens"].append(added))
    assert read(checkpoint, SIZE + 1).types[512] is TokenType.USER_DEFINED


def test_a_vocabulary_that_merges_whole_words_too_has_its_own_name(checkpoint: Path) -> None:
    assert read(checkpoint).pre_tokenizer == "llama-bpe"
    changed(checkpoint, "tokenizer.json", lambda content: content["model"].update(ignore_merges=False))
    assert read(checkpoint).pre_tokenizer == "smaug-bpe"


def test_begin_is_added_only_where_the_post_processor_does(checkpoint: Path) -> None:
    assert read(checkpoint).added_ends == {"bos": True, "eos": False, "sep": False}
    changed(checkpoint, "tokenizer.json", lambda content: content.update(post_processor=None))
    assert read(checkpoint).added_ends == {"bos": False, "eos": False, "sep": False}
    changed(checkpoint, "tokenizer_config.json", lambda content: content.update(add_bos_token=True))
    assert read(checkpoint).added_ends["bos"]


def test_an_unusual_end_of_turn_is_written_down(checkpoint: Path) -> None:
    def rename(content: dict[str, Any]) -> None:
        content["added_tokens"][5]["content"] = "<turn-over>"

    assert "eot" not in read(checkpoint).special_ids
    changed(checkpoint, "tokenizer.json", rename)
    assert read(checkpoint).special_ids["eot"] == 511


def test_special_tokens_come_from_config_when_nothing_else_tells(checkpoint: Path) -> None:
    (checkpoint / "tokenizer_config.json").unlink()
    assert dict(read(checkpoint).special_ids) == {"bos": 506, "eos": 510}


def test_special_tokens_may_be_objects(checkpoint: Path) -> None:
    changed(checkpoint, "tokenizer_config.json", lambda content: content.update(eos_token={"content": "<|eom_id|>"}))
    assert read(checkpoint).special_ids["eos"] == 511


SPOILT: dict[str, tuple[Change, str]] = {
    "another regex": (
        lambda content: content["pre_tokenizer"]["pretokenizers"][0]["pattern"].update(Regex="\\w+"),
        "pre_tokenizer_unknown",
    ),
    "another pre-tokenizer": (
        lambda content: content.update(pre_tokenizer={"type": "Metaspace"}),
        "pre_tokenizer_unknown",
    ),
    "no pre-tokenizer": (lambda content: content.update(pre_tokenizer=None), "pre_tokenizer_unknown"),
    "a normalizer": (lambda content: content.update(normalizer={"type": "NFC"}), "tokenizer_normalizer_unsupported"),
    "a unigram model": (lambda content: content["model"].update(type="Unigram"), "tokenizer_model_unsupported"),
    "byte fallback": (lambda content: content["model"].update(byte_fallback=True), "tokenizer_model_unsupported"),
    "no model": (lambda content: content.update(model=None), "tokenizer_model_unsupported"),
    "no merges": (lambda content: content["model"].pop("merges"), "json_wrong"),
    "a merge of strangers": (lambda content: content["model"]["merges"].append(["qq", "zz"]), "json_wrong"),
    "a merge of three": (lambda content: content["model"]["merges"].append("a b c"), "json_wrong"),
    "an id twice": (lambda content: content["model"]["vocab"].update(unheard=5), "json_wrong"),
    "a negative id": (lambda content: content["model"]["vocab"].update(unheard=-1), "json_wrong"),
    "an id that is text": (lambda content: content["model"]["vocab"].update(unheard="5"), "json_wrong"),
    "an id of the sky": (
        lambda content: content["model"]["vocab"].update(unheard=1 << 60),
        "tokenizer_larger_than_model",
    ),
    "an added token of the sky": (
        lambda content: content["added_tokens"].append({"id": 1 << 60, "content": "x"}),
        "tokenizer_larger_than_model",
    ),
    "an added token without text": (lambda content: content["added_tokens"].append({"id": 5}), "json_wrong"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_tokenizer_that_cannot_be_carried_over_is_refused(kind: str, checkpoint: Path) -> None:
    change, code = SPOILT[kind]
    changed(checkpoint, "tokenizer.json", change)
    with pytest.raises(BadFile) as refusal:
        read(checkpoint)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("file", "code"), [("tokenizer.model", "tokenizer_kind_unsupported"), ("x", "tokenizer_missing")]
)
def test_a_folder_without_tokenizer_json_says_what_is_missing(file: str, code: str, checkpoint: Path) -> None:
    (checkpoint / "tokenizer.json").unlink()
    (checkpoint / file).touch()
    with pytest.raises(BadFile) as refusal:
        read(checkpoint)
    assert refusal.value.code == code
