"""A byte-level BPE vocabulary (GPT-2, Llama 3): from a Hugging Face folder to the keys of a GGUF file.

The pre-tokenizer is recognised by its regular expression, so that newly trained vocabularies work too. What llama.cpp
could not split in just the same way is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from app.errors import BadFile
from app.weights import chat_templates, gguf_writer, json_file
from app.weights.gguf_types import ValueType
from app.weights.gguf_writer import Entry

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# llama.cpp's names for a split and for whether whole words of the vocabulary are taken without merging.
PRE_TOKENIZERS: Final = {(LLAMA3_SPLIT, True): "llama-bpe", (LLAMA3_SPLIT, False): "smaug-bpe"}
SPECIAL_KINDS = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
GGUF_NAMES: Final = {"unk": "unknown", "sep": "seperator", "pad": "padding"}
# End-of-turn tokens that llama.cpp finds by their text, without a key.
KNOWN_ENDS = frozenset(("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|im_end|>", "<|end|>", "<|endoftext|>"))


class TokenType(IntEnum):
    """llama.cpp's kinds of token."""

    NORMAL = 1
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`tokens[i]` is the token with the id i, in the letters of byte-level BPE; `merges` in order of rank."""

    tokens: Sequence[str]
    types: Sequence[TokenType]
    merges: Sequence[str]
    pre_tokenizer: str
    special_ids: Mapping[str, int]
    added_ends: Mapping[str, bool]
    chat_templates: Mapping[str, str]

    def entries(self) -> list[Entry]:
        """The keys, in the order in which llama.cpp's converter writes them."""
        return [
            gguf_writer.text("tokenizer.ggml.model", "gpt2"),
            gguf_writer.text("tokenizer.ggml.pre", self.pre_tokenizer),
            gguf_writer.texts("tokenizer.ggml.tokens", self.tokens),
            Entry("tokenizer.ggml.token_type", ValueType.INT32, items=[int(kind) for kind in self.types]),
            gguf_writer.texts("tokenizer.ggml.merges", self.merges),
            *(
                gguf_writer.count(f"tokenizer.ggml.{GGUF_NAMES.get(kind, kind)}_token_id", token_id)
                for kind, token_id in self.special_ids.items()
            ),
            *(gguf_writer.flag(f"tokenizer.ggml.add_{kind}_token", value) for kind, value in self.added_ends.items()),
            *chat_templates.entries(self.chat_templates),
        ]


def read_vocabulary(folder: Path, size: int, config: Mapping[str, Any]) -> Vocabulary:
    """The vocabulary of the folder, filled up with unused tokens to `size`, the rows of the embedding."""
    if not (folder / "tokenizer.json").exists():
        has_other = any((folder / name).exists() for name in ("tokenizer.model", "vocab.json", "tekken.json"))
        raise BadFile("tokenizer_kind_unsupported" if has_other else "tokenizer_missing", folder=str(folder))
    tokenizer = json_file.read_object(folder / "tokenizer.json")
    tokenizer_config = json_file.read_object_if_there(folder / "tokenizer_config.json")
    generation_config = json_file.read_object_if_there(folder / "generation_config.json")
    model = _bpe_model(tokenizer)
    added = _added_tokens(tokenizer, tokenizer_config)
    tokens, types = _tokens(model["vocab"], added, size)
    special_ids = _special_ids(tokenizer_config, added, [config, generation_config], size)
    return Vocabulary(
        tokens=tokens,
        types=types,
        merges=_merges(model),
        pre_tokenizer=_pre_tokenizer(tokenizer, bool(model.get("ignore_merges", False))),
        special_ids=special_ids | _end_of_turn(special_ids, tokens, [generation_config, config]),
        added_ends=_added_ends(tokenizer, tokenizer_config, tokens, special_ids),
        chat_templates=chat_templates.read(folder, tokenizer_config),
    )


def _bpe_model(tokenizer: Mapping[str, Any]) -> dict[str, Any]:
    model = tokenizer.get("model")
    kind = model.get("type", "BPE") if isinstance(model, dict) else None
    if not isinstance(model, dict) or kind != "BPE" or model.get("byte_fallback") or model.get("unk_token"):
        raise BadFile("tokenizer_model_unsupported", kind=str(kind)[:80])
    for setting in ("continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(setting):
            raise BadFile("tokenizer_model_unsupported", kind=f"BPE with {setting}")
    if tokenizer.get("normalizer") is not None:
        raise BadFile("tokenizer_normalizer_unsupported")
    if not isinstance(model.get("vocab"), dict) or not isinstance(model.get("merges"), list):
        raise _wrong("model has no vocab or no merges")
    return model


def _added_tokens(tokenizer: Mapping[str, Any], tokenizer_config: Mapping[str, Any]) -> dict[int, tuple[str, bool]]:
    """Id → text and whether it is special, from both files; tokenizer.json wins."""
    entries: list[tuple[object, object]] = []
    decoder = tokenizer_config.get("added_tokens_decoder")
    if isinstance(decoder, dict):
        entries += [(int(number) if number.isdecimal() else number, entry) for number, entry in decoder.items()]
    listed = tokenizer.get("added_tokens")
    if isinstance(listed, list):
        entries += [(entry.get("id"), entry) for entry in listed if isinstance(entry, dict)]
    added: dict[int, tuple[str, bool]] = {}
    for number, entry in entries:
        match number, entry:
            case int(token_id), {"content": str(content), **rest} if token_id >= 0 and content:
                added[token_id] = content, bool(rest.get("special", False)) or _looks_special(content)
            case _:
                raise _wrong(f"the added token {str(number)[:40]} is malformed")
    return added


def _looks_special(content: str) -> bool:
    """Some checkpoints forget to mark their control tokens; llama.cpp's converter goes by these looks too."""
    ends = (("<|", "|>"), ("<\N{FULLWIDTH VERTICAL LINE}", "\N{FULLWIDTH VERTICAL LINE}>"))
    return content in ("<pad>", "<mask>") or any(content.startswith(a) and content.endswith(b) for a, b in ends)


def _tokens(
    vocab: Mapping[str, object], added: Mapping[int, tuple[str, bool]], size: int
) -> tuple[list[str], list[TokenType]]:
    tokens = [f"[PAD{token_id}]" for token_id in range(size)]
    types = [TokenType.UNUSED] * size
    for content, token_id in vocab.items():
        if not isinstance(token_id, int) or isinstance(token_id, bool) or token_id < 0:
            raise _wrong(f"the token {content[:40]!r} has no proper id")
        if token_id >= size:
            raise BadFile("tokenizer_larger_than_model", token_id=token_id, size=size)
        if types[token_id] is not TokenType.UNUSED:
            raise _wrong(f"two tokens have the id {token_id}")
        tokens[token_id], types[token_id] = content, TokenType.NORMAL
    for token_id, (content, is_special) in added.items():
        if token_id >= size:
            raise BadFile("tokenizer_larger_than_model", token_id=token_id, size=size)
        tokens[token_id] = content
        types[token_id] = TokenType.CONTROL if is_special else TokenType.USER_DEFINED
    if len(set(tokens)) < size:
        raise _wrong("two ids have the same text")
    return tokens, types


def _merges(model: Mapping[str, Any]) -> list[str]:
    """Each as "left right": older files have them so, newer ones as pairs."""
    vocab: Mapping[str, object] = model["vocab"]
    merges = []
    for rank, merge in enumerate(model["merges"]):
        parts = merge.split(" ") if isinstance(merge, str) else merge
        match parts:
            case [str(left), str(right)] if left in vocab and right in vocab and left + right in vocab:
                merges.append(f"{left} {right}")
            case _:
                raise _wrong(f"merge {rank} does not fit the vocabulary")
    return merges


def _pre_tokenizer(tokenizer: Mapping[str, Any], takes_whole_words: bool) -> str:
    """llama.cpp's name for how text is cut before merging."""
    stage = tokenizer.get("pre_tokenizer")
    stages = stage.get("pretokenizers") if isinstance(stage, dict) and stage.get("type") == "Sequence" else [stage]
    match stages:
        case [
            {"type": "Split", "pattern": {"Regex": str(regex)}, "behavior": "Isolated", **split},
            {"type": "ByteLevel", "add_prefix_space": False, **as_bytes},
        ] if not split.get("invert") and as_bytes.get("use_regex") is False:
            name = PRE_TOKENIZERS.get((regex, takes_whole_words))
            if name is not None:
                return name
            raise BadFile("pre_tokenizer_unknown", found=regex[:200])
    kinds = [str(part.get("type"))[:40] for part in stages or () if isinstance(part, dict)]
    raise BadFile("pre_tokenizer_unknown", found=" + ".join(kinds) or "nothing")


def _special_ids(
    tokenizer_config: Mapping[str, Any],
    added: Mapping[int, tuple[str, bool]],
    configs: Sequence[Mapping[str, Any]],
    size: int,
) -> dict[str, int]:
    """Begin, end and so on: by their text in tokenizer_config.json, else by the ids that the other files give."""
    ids = {content: token_id for token_id, (content, _) in sorted(added.items(), reverse=True)}
    found: dict[str, int] = {}
    for kind in SPECIAL_KINDS:
        content = _content(tokenizer_config.get(f"{kind}_token"))
        if content in ids:
            found[kind] = ids[content]
    for kind in SPECIAL_KINDS:
        for config in configs:
            for token_id in _ids(config.get(f"{kind}_token_id")):
                if kind not in found and token_id < size:
                    found[kind] = token_id
    return found


def _end_of_turn(
    special_ids: Mapping[str, int], tokens: Sequence[str], configs: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """A second token that ends a reply, where llama.cpp would not find it by its text."""
    for config in configs:
        for token_id in _ids(config.get("eos_token_id")):
            is_known = token_id >= len(tokens) or tokens[token_id] in KNOWN_ENDS
            if not is_known and token_id != special_ids.get("eos"):
                return {"eot": token_id}
    return {}


def _added_ends(
    tokenizer: Mapping[str, Any],
    tokenizer_config: Mapping[str, Any],
    tokens: Sequence[str],
    special_ids: Mapping[str, int],
) -> dict[str, bool]:
    """Whether begin and end are put around a text: what the post-processor does, else what the config says."""
    post = tokenizer.get("post_processor")
    processors = post.get("processors") if isinstance(post, dict) and post.get("type") == "Sequence" else [post]
    for processor in processors or ():
        if isinstance(processor, dict) and processor.get("type") == "TemplateProcessing":
            pieces = processor.get("single")
            if isinstance(pieces, list) and pieces:
                return {
                    "bos": _is_token(pieces[0], tokens, special_ids.get("bos")),
                    "eos": len(pieces) > 1 and _is_token(pieces[-1], tokens, special_ids.get("eos")),
                    "sep": False,
                }
    return {kind: tokenizer_config.get(f"add_{kind}_token") is True for kind in ("bos", "eos", "sep")}


def _is_token(piece: object, tokens: Sequence[str], token_id: int | None) -> bool:
    match piece:
        case {"SpecialToken": {"id": str(content)}}:
            return token_id is not None and content == tokens[token_id]
    return False


def _content(entry: object) -> str:
    content = entry.get("content") if isinstance(entry, dict) else entry
    return content if isinstance(content, str) else ""


def _ids(value: object) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, int) and not isinstance(item, bool) and item >= 0]


def _wrong(detail: str) -> BadFile:
    return BadFile("json_wrong", file="tokenizer.json", detail=detail)
