"""The LLaMA architecture in plain PyTorch, sized for the Guide.

Parameter names and the rotate-half RoPE layout are those of Hugging Face's LlamaForCausalLM,
so that the state dict is an ordinary Llama checkpoint. Knows nothing of text or training.
"""

from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

LayerCache: TypeAlias = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class GuideConfig:
    """The sizes of the network; the defaults are the shipped Guide."""

    vocab_size: int = 4096
    hidden_size: int = 256
    num_layers: int = 6
    num_heads: int = 8
    num_kv_heads: int = 4
    ffn_size: int = 768
    context_tokens: int = 2048
    rms_norm_eps: float = 1e-5
    rope_theta: float = 10000.0
    dropout: float = 0.1

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_heads


class Guide(nn.Module):
    """A Llama with the output layer tied to the embeddings."""

    def __init__(self, config: GuideConfig) -> None:
        """Build the network with fresh weights."""
        super().__init__()
        self.config = config
        self.model = Decoder(config)
        self.apply(_initialise)
        residual_std = 0.02 / (2 * config.num_layers) ** 0.5
        for name, parameter in self.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.normal_(parameter, std=residual_std)

    def forward(self, ids: Tensor, cache: list[LayerCache] | None = None) -> Tensor:
        """Hidden states (batch, time, hidden) of token ids (batch, time).

        With a cache, the ids continue what the cache holds, and the cache is extended in place.
        """
        hidden: Tensor = self.model(ids, cache)
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores over the vocabulary for any hidden states (..., hidden)."""
        return functional.linear(hidden, self.model.embed_tokens.weight)


class Decoder(nn.Module):
    """Embeddings, the layers and the last norm."""

    def __init__(self, config: GuideConfig) -> None:
        """Build the layers and the table of rotations."""
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.dropout = ChannelDropout(config.dropout)
        cos, sin = rotations(config)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, ids: Tensor, cache: list[LayerCache] | None = None) -> Tensor:
        """Hidden states after the last norm."""
        past = cache[0][0].shape[2] if cache else 0
        end = past + ids.shape[1]
        rotation = (self.cos[past:end], self.sin[past:end])
        hidden = self.dropout(self.embed_tokens(ids))
        for index, layer in enumerate(self.layers):
            before = cache[index] if cache else None
            hidden, kept = layer(hidden, rotation, before)
            if cache:
                cache[index] = kept
        normed: Tensor = self.norm(hidden)
        return normed


class Layer(nn.Module):
    """Attention and feed-forward, each behind a norm and a residual."""

    def __init__(self, config: GuideConfig) -> None:
        """Build one layer."""
        super().__init__()
        self.self_attn = Attention(config)
        self.mlp = FeedForward(config)
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.dropout = ChannelDropout(config.dropout)

    def forward(
        self, hidden: Tensor, rotation: tuple[Tensor, Tensor], past: LayerCache | None
    ) -> tuple[Tensor, LayerCache]:
        """The new hidden states, and this layer's keys and values."""
        attended, kept = self.self_attn(self.input_layernorm(hidden), rotation, past)
        hidden = hidden + self.dropout(attended)
        hidden = hidden + self.dropout(self.mlp(self.post_attention_layernorm(hidden)))
        return hidden, kept


class Attention(nn.Module):
    """Causal grouped-query attention with rotary positions."""

    def __init__(self, config: GuideConfig) -> None:
        """Build the four projections."""
        super().__init__()
        self.head_dim = config.head_dim
        self.num_groups = config.num_heads // config.num_kv_heads
        kv_size = config.num_kv_heads * config.head_dim
        self.q_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, kv_size, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, kv_size, bias=False)
        self.o_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(
        self, hidden: Tensor, rotation: tuple[Tensor, Tensor], past: LayerCache | None
    ) -> tuple[Tensor, LayerCache]:
        """Attend within each row, after whatever the cache holds."""
        query = rotate(self._heads(self.q_proj(hidden)), rotation)
        key = rotate(self._heads(self.k_proj(hidden)), rotation)
        value = self._heads(self.v_proj(hidden))
        if past is not None and past[0].shape[2]:
            key = torch.cat((past[0], key), dim=2)
            value = torch.cat((past[1], value), dim=2)
        mixed = attend(
            query,
            key.repeat_interleave(self.num_groups, dim=1),
            value.repeat_interleave(self.num_groups, dim=1),
        )
        joined = mixed.transpose(1, 2).flatten(2)
        return self.o_proj(joined), (key, value)

    def _heads(self, flat: Tensor) -> Tensor:
        batch, time, _ = flat.shape
        return flat.view(batch, time, -1, self.head_dim).transpose(1, 2)


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, config: GuideConfig) -> None:
        """Build the three projections."""
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.ffn_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.ffn_size, bias=False)
        self.down_proj = nn.Linear(config.ffn_size, config.hidden_size, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """Gate, widen and narrow again."""
        gated = functional.silu(self.gate_proj(hidden)) * self.up_proj(hidden)
        narrowed: Tensor = self.down_proj(gated)
        return narrowed


class ChannelDropout(nn.Module):
    """Dropout that silences whole channels of a row, at every position alike; cheap to draw."""

    def __init__(self, share: float) -> None:
        """`share` of the channels is dropped in training."""
        super().__init__()
        self.share = share

    def forward(self, hidden: Tensor) -> Tensor:
        """Drop and scale up what is left; in evaluation nothing changes."""
        if not self.training or self.share == 0:
            return hidden
        kept = torch.rand(hidden.shape[0], 1, hidden.shape[2]) >= self.share
        return hidden * (kept / (1 - self.share)).to(hidden.dtype)


class RMSNorm(nn.Module):
    """Root-mean-square norm with a learned scale."""

    def __init__(self, size: int, eps: float) -> None:
        """Start with a scale of one."""
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, hidden: Tensor) -> Tensor:
        """Normalise the last dimension."""
        mean_square = hidden.pow(2).mean(-1, keepdim=True)
        return hidden * torch.rsqrt(mean_square + self.eps) * self.weight


def rotations(config: GuideConfig) -> tuple[Tensor, Tensor]:
    """Cosines and sines (context, head_dim) of every position, both halves alike."""
    steps = torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim
    frequencies = 1.0 / config.rope_theta**steps
    angles = torch.outer(torch.arange(config.context_tokens, dtype=torch.float32), frequencies)
    doubled = torch.cat((angles, angles), dim=-1)
    return doubled.cos(), doubled.sin()


def rotate(heads: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn (batch, heads, time, head_dim) by the positions' angles, rotate-half layout."""
    cos, sin = rotation
    first, second = heads.chunk(2, dim=-1)
    turned = heads * cos + torch.cat((-second, first), dim=-1) * sin
    return turned.to(heads.dtype)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention, (batch, heads, time, head_dim) each.

    Spelled out because PyTorch's fused kernel takes five times as long on a CPU in bfloat16.
    """
    batch, heads, time, head_dim = query.shape
    rows = batch * heads
    future = torch.full((time, key.shape[2]), -1e4, dtype=query.dtype).triu(1 + key.shape[2] - time)
    scores = torch.baddbmm(
        future.expand(rows, -1, -1),
        (query * head_dim**-0.5).reshape(rows, time, head_dim),
        key.reshape(rows, -1, head_dim).transpose(1, 2),
    )
    mixed = scores.softmax(-1) @ value.reshape(rows, -1, head_dim)
    return mixed.view(batch, heads, time, head_dim)


def empty_cache(config: GuideConfig) -> list[LayerCache]:
    """A cache that holds nothing yet, for one row."""
    nothing = torch.empty(1, config.num_kv_heads, 0, config.head_dim)
    return [(nothing, nothing) for _ in range(config.num_layers)]


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
