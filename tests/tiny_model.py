"""Makes a small random-weight Llama 3 checkpoint, as Hugging Face folders are, with numpy only.

The vocabulary is byte-level BPE with a few hundred merges. Rows of the matrices are multiples of 256, so that every
K-quant can be tried. The output rows of special tokens are zero: greedy writing practically never ends by itself.
"""

import itertools
import json
import re
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL_TOKENS = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|eom_id|>",
)
CHAT_TEMPLATE = (
    "{{- bos_token }}{%- for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim"
    " + '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)
TRAINING_TEXT = (
    "A llama is a gentle animal of the mountains. How do I download a model? You ask for it, and the house finds the "
    "room for it. The weights of the model are numbers, and the numbers become smaller when they are quantized. "
    "It's a good day; we've seen that they're here, and I'm sure you'll say what he'd said. In 2024 there were 1234567 "
    "things to do, and 100 more. for i in range(10):\n    print(i)\n\nDie Straße führt über die Brücke. "
    "Le garçon a mangé une crêpe à Noël. 你好\uff0c世界。今天天气很好。 Привет, мир! こんにちは世界 🦙🦙 "
    "the the the of of and and to to in in is is that that it it was was for for on on are are as as with with his they"
)
VOCABULARY_SIZE = 512


@dataclass(frozen=True, slots=True)
class TinyModel:
    """What can be varied. The defaults are those of the shared fixture."""

    hidden: int = 256
    ffn: int = 512
    num_layers: int = 2
    num_heads: int = 4
    num_kv_heads: int = 2
    context: int = 2048
    rope_theta: float = 500000.0
    rope_scaling: Mapping[str, Any] | None = None
    is_tied: bool = False
    has_biases: bool = False
    head_dim: int = 64
    dtype: str = "F32"
    num_shards: int = 1
    merges_are_pairs: bool = True
    seed: int = 20261122
    more_config: Mapping[str, Any] = field(default_factory=dict)


DEFAULT = TinyModel()


def write_checkpoint(folder: Path, model: TinyModel = DEFAULT) -> Path:
    """Write the whole folder and give it back."""
    folder.mkdir(parents=True)
    tokens, merges = vocabulary()
    _write_json(folder / "config.json", config(model))
    _write_json(folder / "generation_config.json", {"bos_token_id": 506, "eos_token_id": [510, 507, 511]})
    _write_json(folder / "tokenizer.json", tokenizer(tokens, merges, merges_are_pairs=model.merges_are_pairs))
    _write_json(folder / "tokenizer_config.json", tokenizer_config())
    write_weights(folder, weights(model), model.dtype, model.num_shards)
    return folder


def config(model: TinyModel) -> dict[str, Any]:
    """What config.json says."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": VOCABULARY_SIZE,
        "hidden_size": model.hidden,
        "intermediate_size": model.ffn,
        "num_hidden_layers": model.num_layers,
        "num_attention_heads": model.num_heads,
        "num_key_value_heads": model.num_kv_heads,
        "head_dim": model.head_dim,
        "max_position_embeddings": model.context,
        "rms_norm_eps": 1e-5,
        "rope_theta": model.rope_theta,
        "rope_scaling": model.rope_scaling,
        "hidden_act": "silu",
        "attention_bias": model.has_biases,
        "mlp_bias": model.has_biases,
        "tie_word_embeddings": model.is_tied,
        "bos_token_id": 506,
        "eos_token_id": [510, 507, 511],
        "torch_dtype": {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}[model.dtype],
        **model.more_config,
    }


def weights(model: TinyModel = DEFAULT) -> dict[str, Array]:
    """Random weights by their Hugging Face names; the same for the same `model`."""
    random = np.random.default_rng(model.seed)

    def matrix(rows: int, columns: int) -> Array:
        numbers: Array = (random.standard_normal((rows, columns)) * 1.5 / np.sqrt(columns)).astype(np.float32)
        return numbers

    def norm() -> Array:
        return (1 + 0.1 * random.standard_normal(model.hidden)).astype(np.float32)

    query_size, kv_size = model.num_heads * model.head_dim, model.num_kv_heads * model.head_dim
    tensors = {"model.embed_tokens.weight": matrix(VOCABULARY_SIZE, model.hidden), "model.norm.weight": norm()}
    for layer in range(model.num_layers):
        tensors |= {
            f"model.layers.{layer}.{name}": tensor
            for name, tensor in {
                "self_attn.q_proj.weight": matrix(query_size, model.hidden),
                "self_attn.k_proj.weight": matrix(kv_size, model.hidden),
                "self_attn.v_proj.weight": matrix(kv_size, model.hidden),
                "self_attn.o_proj.weight": matrix(model.hidden, query_size),
                "mlp.gate_proj.weight": matrix(model.ffn, model.hidden),
                "mlp.up_proj.weight": matrix(model.ffn, model.hidden),
                "mlp.down_proj.weight": matrix(model.hidden, model.ffn),
                "input_layernorm.weight": norm(),
                "post_attention_layernorm.weight": norm(),
            }.items()
        }
    for name, tensor in list(tensors.items()):
        if model.has_biases and "_proj." in name:
            tensors[name.replace(".weight", ".bias")] = matrix(1, tensor.shape[0])[0]
    if not model.is_tied:
        tensors["lm_head.weight"] = matrix(VOCABULARY_SIZE, model.hidden)
        tensors["lm_head.weight"][-len(SPECIAL_TOKENS) :] = 0
    return tensors


def write_weights(folder: Path, tensors: Mapping[str, Array], dtype: str = "F32", num_shards: int = 1) -> None:
    """model.safetensors, or shards of it with their index."""
    if num_shards == 1:
        write_safetensors(folder / "model.safetensors", tensors, dtype)
        return
    names = sorted(tensors)
    places: dict[str, str] = {}
    for shard in range(num_shards):
        file = f"model-{shard + 1:05}-of-{num_shards:05}.safetensors"
        mine = names[shard::num_shards]
        write_safetensors(folder / file, {name: tensors[name] for name in mine}, dtype)
        places |= dict.fromkeys(mine, file)
    _write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": places})


def write_safetensors(path: Path, tensors: Mapping[str, Array], dtype: str = "F32") -> None:
    """One safetensors file: length of the header, header, numbers."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    blobs: list[bytes] = []
    end = 0
    for name, tensor in tensors.items():
        blobs.append(encoded(tensor, dtype))
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [end, end + len(blobs[-1])]}
        end += len(blobs[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def encoded(tensor: Array, dtype: str) -> bytes:
    """The numbers as they lie in the file; BF16 by cutting off the lower half."""
    if dtype == "BF16":
        return (tensor.view(np.uint32) >> 16).astype("<u2").tobytes()
    return tensor.astype({"F32": "<f4", "F16": "<f2"}[dtype]).tobytes()


def vocabulary() -> tuple[list[str], list[tuple[str, str]]]:
    """Tokens in the order of their ids (specials last), and the merges: a plain BPE training on TRAINING_TEXT."""
    alphabet = [bytes_to_letters(bytes([value])) for value in range(256)]
    words = Counter(tuple(bytes_to_letters(word.encode())) for word in re.findall(r" ?\w+|[^\w\s]+|\s+", TRAINING_TEXT))
    num_merges = VOCABULARY_SIZE - len(alphabet) - len(SPECIAL_TOKENS)
    merges: list[tuple[str, str]] = []
    while len(merges) < num_merges:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, count in words.items():
            for pair in itertools.pairwise(word):
                pairs[pair] += count
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        words = Counter({_merged(word, best): count for word, count in words.items()})
    return [*alphabet, *(left + right for left, right in merges), *SPECIAL_TOKENS], merges


def bytes_to_letters(data: bytes) -> str:
    """How byte-level BPE writes bytes: printable ones as themselves, the others as letters from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [value for value in range(256) if value not in printable]
    letters = {value: chr(value) for value in printable} | {value: chr(256 + i) for i, value in enumerate(others)}
    return "".join(letters[value] for value in data)


def tokenizer(tokens: list[str], merges: list[tuple[str, str]], *, merges_are_pairs: bool) -> dict[str, Any]:
    """What tokenizer.json says."""
    num_plain = len(tokens) - len(SPECIAL_TOKENS)
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    as_bytes = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    begin = {"SpecialToken": {"id": SPECIAL_TOKENS[0], "type_id": 0}}
    first, second = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
    template = {
        "single": [begin, first],
        "pair": [begin, first, begin, second],
        "special_tokens": {
            SPECIAL_TOKENS[0]: {"id": SPECIAL_TOKENS[0], "ids": [num_plain], "tokens": SPECIAL_TOKENS[:1]}
        },
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": num_plain + i, "content": token, **plain} for i, token in enumerate(SPECIAL_TOKENS)],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": LLAMA3_SPLIT}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
            ],
        },
        "post_processor": {"type": "Sequence", "processors": [as_bytes, {"type": "TemplateProcessing", **template}]},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {token: i for i, token in enumerate(tokens[:num_plain])},
            "merges": [list(pair) if merges_are_pairs else " ".join(pair) for pair in merges],
        },
    }


def tokenizer_config() -> dict[str, Any]:
    """What tokenizer_config.json says."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|begin_of_text|>",
        "eos_token": "<|eot_id|>",
        "clean_up_tokenization_spaces": False,
        "model_max_length": 2048,
        "chat_template": CHAT_TEMPLATE,
    }


def _merged(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    letters: list[str] = []
    for letter in word:
        if letters and (letters[-1], letter) == pair:
            letters[-1] += letter
        else:
            letters.append(letter)
    return tuple(letters)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
