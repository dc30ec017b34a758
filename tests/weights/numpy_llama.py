"""A Llama in numpy, straight from the Hugging Face names: the oracle for converted files. Slow and plain on purpose.

RoPE turns halves of a head, as transformers do; nothing here knows GGUF.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.tiny_model import Array, TinyModel


def logits(model: TinyModel, weights: Mapping[str, Array], tokens: Sequence[int]) -> Array:
    """Logits after each token: [tokens, vocabulary]."""
    hidden: Array = weights["model.embed_tokens.weight"][list(tokens)]
    angles: Array = np.outer(np.arange(len(tokens)), frequencies(model)).astype(np.float32)
    for layer in range(model.num_layers):
        mine = _Layer(model, weights, f"model.layers.{layer}.")
        hidden = hidden + mine.attention(_norm(hidden, mine.weight("input_layernorm")), angles)
        hidden = hidden + mine.feed_forward(_norm(hidden, mine.weight("post_attention_layernorm")))
    head = weights["model.embed_tokens.weight" if model.is_tied else "lm_head.weight"]
    result: Array = _norm(hidden, weights["model.norm.weight"]) @ head.T
    return result


def frequencies(model: TinyModel) -> Array:
    """Radians per position of each pair, with linear or Llama 3.1 scaling."""
    plain = model.rope_theta ** -(np.arange(0, model.head_dim, 2) / model.head_dim)
    scaling: Mapping[str, Any] = model.rope_scaling or {}
    kind = scaling.get("rope_type", scaling.get("type"))
    if kind == "linear":
        return np.asarray(plain / scaling["factor"], dtype=np.float32)
    if kind != "llama3":
        return np.asarray(plain, dtype=np.float32)
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    turns = scaling["original_max_position_embeddings"] * plain / (2 * np.pi)
    share = np.clip((turns - low) / (high - low), 0, 1)
    return np.asarray((1 - share) * plain / scaling["factor"] + share * plain, dtype=np.float32)


class _Layer:
    def __init__(self, model: TinyModel, weights: Mapping[str, Array], prefix: str) -> None:
        self._model = model
        self._weights = weights
        self._prefix = prefix

    def weight(self, name: str) -> Array:
        return self._weights[f"{self._prefix}{name}.weight"]

    def attention(self, hidden: Array, angles: Array) -> Array:
        query = _turned(self._heads(hidden, "q_proj"), angles)
        key = _turned(self._heads(hidden, "k_proj"), angles)
        value = self._heads(hidden, "v_proj")
        share = self._model.num_heads // self._model.num_kv_heads
        key, value = np.repeat(key, share, axis=0), np.repeat(value, share, axis=0)
        scores = query @ key.swapaxes(1, 2) / np.sqrt(self._model.head_dim)
        scores += np.triu(np.full(scores.shape[1:], -np.inf), 1)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (shares / shares.sum(axis=-1, keepdims=True)) @ value
        return self._projected(mixed.swapaxes(0, 1).reshape(len(hidden), -1), "self_attn.o_proj")

    def feed_forward(self, hidden: Array) -> Array:
        gate = self._projected(hidden, "mlp.gate_proj")
        return self._projected(gate / (1 + np.exp(-gate)) * self._projected(hidden, "mlp.up_proj"), "mlp.down_proj")

    def _heads(self, hidden: Array, name: str) -> Array:
        """[heads, tokens, head_dim]."""
        flat = self._projected(hidden, f"self_attn.{name}")
        return flat.reshape(len(hidden), -1, self._model.head_dim).swapaxes(0, 1)

    def _projected(self, hidden: Array, name: str) -> Array:
        result: Array = hidden @ self.weight(name).T
        return result + self._weights.get(f"{self._prefix}{name}.bias", np.float32(0))


def _norm(hidden: Array, weight: Array) -> Array:
    result: Array = hidden / np.sqrt((hidden**2).mean(axis=-1, keepdims=True) + 1e-5) * weight
    return result


def _turned(heads: Array, angles: Array) -> Array:
    """The first half of a head is the real part, the second the imaginary one."""
    first, second = np.split(heads, 2, axis=-1)
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate((first * cos - second * sin, second * cos + first * sin), axis=-1)
