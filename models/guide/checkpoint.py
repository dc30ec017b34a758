"""Writes and reads the Guide: checkpoints to resume from, and the ordinary Hugging Face folder."""

import json
from pathlib import Path
from typing import Any

import torch
from chat import BEGIN_OF_TEXT, CHAT_TEMPLATE, END_OF_TEXT, END_OF_TURN
from model import Guide, GuideConfig
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write all state of a run; a crash in between leaves the former file whole."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """State as `save_checkpoint` wrote it."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def save_folder(folder: Path, guide: Guide, tokenizer: Tokenizer) -> None:
    """Write the folder that Hugging Face tools and `hearth convert` read."""
    folder.mkdir(parents=True, exist_ok=True)
    ends = [_id(tokenizer, END_OF_TURN), _id(tokenizer, END_OF_TEXT)]
    begin = _id(tokenizer, BEGIN_OF_TEXT)
    _write(folder / "config.json", _model_config(guide.config) | {"bos_token_id": begin, "eos_token_id": ends})
    _write(
        folder / "generation_config.json",
        {"bos_token_id": begin, "eos_token_id": ends, "pad_token_id": ends[1], "do_sample": False},
    )
    _write(folder / "tokenizer_config.json", _tokenizer_config(guide.config, tokenizer))
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file(rounded(guide), folder / "model.safetensors", metadata={"format": "pt"})


def load_folder(folder: Path) -> tuple[Guide, Tokenizer]:
    """The model of such a folder, computing in float32, and its tokenizer."""
    sizes = json.loads((folder / "config.json").read_text("utf-8"))
    config = GuideConfig(
        vocab_size=sizes["vocab_size"],
        hidden_size=sizes["hidden_size"],
        num_layers=sizes["num_hidden_layers"],
        num_heads=sizes["num_attention_heads"],
        num_kv_heads=sizes["num_key_value_heads"],
        ffn_size=sizes["intermediate_size"],
        context_tokens=sizes["max_position_embeddings"],
        rms_norm_eps=sizes["rms_norm_eps"],
        rope_theta=sizes["rope_theta"],
    )
    guide = Guide(config)
    weights = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    guide.load_state_dict(weights)
    guide.eval()
    return guide, Tokenizer.from_file(str(folder / "tokenizer.json"))


def rounded(guide: Guide) -> dict[str, Tensor]:
    """The weights in float16, so that an F16 GGUF holds exactly the same numbers."""
    return {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in guide.state_dict().items()}


def _model_config(config: GuideConfig) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.ffn_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "max_position_embeddings": config.context_tokens,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_theta": config.rope_theta,
        "rope_scaling": None,
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        "initializer_range": 0.02,
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
        "use_cache": True,
    }


def _tokenizer_config(config: GuideConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    added = {
        str(token_id): {
            "content": token.content,
            "lstrip": token.lstrip,
            "normalized": token.normalized,
            "rstrip": token.rstrip,
            "single_word": token.single_word,
            "special": token.special,
        }
        for token_id, token in sorted(tokenizer.get_added_tokens_decoder().items())
    }
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": config.context_tokens,
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        "bos_token": BEGIN_OF_TEXT,
        "eos_token": END_OF_TURN,
        "pad_token": END_OF_TEXT,
        "added_tokens_decoder": added,
        "chat_template": CHAT_TEMPLATE,
    }


def _id(tokenizer: Tokenizer, token: str) -> int:
    token_id = tokenizer.token_to_id(token)
    if token_id is None:
        raise ValueError(f"the tokenizer has no {token}")
    return int(token_id)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
