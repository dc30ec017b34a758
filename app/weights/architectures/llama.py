"""Llama: which stored tensor becomes which, and the keys that describe the model.

RMSNorm, RoPE, SwiGLU, grouped-query attention. Rows of the query and key projections are put in the order in which
llama.cpp rotates them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.errors import BadFile
from app.weights import gguf_writer
from app.weights.architectures import rope
from app.weights.architectures.plan import FromNumbers, FromStored, ModelPlan, TensorPlan
from app.weights.gguf_types import FILE_TYPE_NUMBERS
from app.weights.gguf_writer import Entry, NewTensor
from app.weights.model_config import ModelConfig
from app.weights.numbers import STORED_TYPES, RowOrder
from app.weights.safetensors import StoredTensor

PREFIX = "llama"
MAX_LAYERS = 4096
NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers that shapes are made of."""

    vocabulary: int
    hidden: int
    ffn: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tensor that must be there: its name in the checkpoint, in the file, and its shape."""

    stored_name: str
    name: str
    shape: tuple[int, ...]
    order: RowOrder | None = None


def plan(config: ModelConfig, stored: Mapping[str, StoredTensor], output_type: str) -> ModelPlan:
    """The whole conversion of one Llama checkpoint."""
    sizes = _sizes(config)
    if config.text("hidden_act", "silu") != "silu":
        raise BadFile("config_value_wrong", key="hidden_act", value=config.text("hidden_act", "silu")[:80])
    wanted = {tensor.stored_name: tensor for tensor in _wanted(config, sizes)}
    _check_names(wanted, _without_ignored(config, stored))
    model_rope = rope.read_rope(config)
    divisors = model_rope.divisors(sizes.head_dim)
    tensors: list[TensorPlan] = []
    if divisors is not None:
        tensors.append(FromNumbers(NewTensor("rope_freqs.weight", divisors.shape, "F32"), divisors))
    tensors += [_planned(wanted[name], stored[name], output_type) for name in stored if name in wanted]
    return ModelPlan(PREFIX, _entries(config, sizes, model_rope, output_type), tensors, sizes.vocabulary)


def _sizes(config: ModelConfig) -> Sizes:
    hidden, heads = config.size("hidden_size"), config.size("num_attention_heads")
    sizes = Sizes(
        vocabulary=config.size("vocab_size"),
        hidden=hidden,
        ffn=config.size("intermediate_size"),
        layers=config.size("num_hidden_layers"),
        heads=heads,
        kv_heads=config.size("num_key_value_heads", heads),
        head_dim=config.size("head_dim", max(1, hidden // heads)),
    )
    if sizes.layers > MAX_LAYERS:
        raise BadFile("config_value_wrong", key="num_hidden_layers", value=sizes.layers)
    if sizes.heads % sizes.kv_heads:
        raise BadFile("config_value_wrong", key="num_key_value_heads", value=sizes.kv_heads)
    if sizes.head_dim % 2:
        raise BadFile("config_value_wrong", key="head_dim", value=sizes.head_dim)
    return sizes


def _wanted(config: ModelConfig, sizes: Sizes) -> Iterator[Wanted]:
    yield Wanted("model.embed_tokens.weight", "token_embd.weight", (sizes.vocabulary, sizes.hidden))
    yield Wanted("model.norm.weight", "output_norm.weight", (sizes.hidden,))
    if not config.flag("tie_word_embeddings"):
        yield Wanted("lm_head.weight", "output.weight", (sizes.vocabulary, sizes.hidden))
    for layer in range(sizes.layers):
        theirs, ours = f"model.layers.{layer}", f"blk.{layer}"
        yield Wanted(f"{theirs}.input_layernorm.weight", f"{ours}.attn_norm.weight", (sizes.hidden,))
        yield Wanted(f"{theirs}.post_attention_layernorm.weight", f"{ours}.ffn_norm.weight", (sizes.hidden,))
        for their_part, our_part, rows, columns, order in _projections(sizes):
            yield Wanted(f"{theirs}.{their_part}.weight", f"{ours}.{our_part}.weight", (rows, columns), order)
            if config.flag("mlp_bias" if their_part.startswith("mlp") else "attention_bias"):
                yield Wanted(f"{theirs}.{their_part}.bias", f"{ours}.{our_part}.bias", (rows,), order)


def _projections(sizes: Sizes) -> Sequence[tuple[str, str, int, int, RowOrder | None]]:
    """Of one layer: name there, name here, rows, columns, order of the rows."""
    query, key = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    order = RowOrder(sizes.head_dim)
    return (
        ("self_attn.q_proj", "attn_q", query, sizes.hidden, order),
        ("self_attn.k_proj", "attn_k", key, sizes.hidden, order),
        ("self_attn.v_proj", "attn_v", key, sizes.hidden, None),
        ("self_attn.o_proj", "attn_output", sizes.hidden, query, None),
        ("mlp.gate_proj", "ffn_gate", sizes.ffn, sizes.hidden, None),
        ("mlp.up_proj", "ffn_up", sizes.ffn, sizes.hidden, None),
        ("mlp.down_proj", "ffn_down", sizes.hidden, sizes.ffn, None),
    )


def _without_ignored(config: ModelConfig, stored: Mapping[str, StoredTensor]) -> list[str]:
    """Leaves out what is computed anyway: frequencies, and an output that is tied to the embedding."""
    is_tied = config.flag("tie_word_embeddings")
    return [
        name
        for name in stored
        if not name.endswith(".rotary_emb.inv_freq") and not (is_tied and name == "lm_head.weight")
    ]


def _check_names(wanted: Mapping[str, Wanted], found: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in set(found)]
    if missing:
        raise BadFile("tensors_missing", names=_listed(missing))
    unexpected = [name for name in found if name not in wanted]
    if unexpected:
        raise BadFile("tensors_unexpected", names=_listed(unexpected))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(name[:100] for name in names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} … ({len(names)})"


def _planned(wanted: Wanted, stored: StoredTensor, output_type: str) -> FromStored:
    if stored.dtype not in STORED_TYPES:
        raise BadFile("tensor_dtype_unsupported", tensor=stored.name, dtype=stored.dtype)
    if stored.shape != wanted.shape:
        expected, found = ("x".join(map(str, shape)) or "1" for shape in (wanted.shape, stored.shape))
        raise BadFile("tensor_shape_wrong", tensor=stored.name, expected=expected, found=found)
    kind = "F32" if len(wanted.shape) == 1 else output_type
    return FromStored(NewTensor(wanted.name, wanted.shape, kind), stored, wanted.order)


def _entries(config: ModelConfig, sizes: Sizes, model_rope: rope.Rope, output_type: str) -> list[Entry]:
    """In the order in which llama.cpp's converter writes them."""
    return [
        gguf_writer.count(f"{PREFIX}.block_count", sizes.layers),
        gguf_writer.count(f"{PREFIX}.context_length", config.size("max_position_embeddings", 2048)),
        gguf_writer.count(f"{PREFIX}.embedding_length", sizes.hidden),
        gguf_writer.count(f"{PREFIX}.feed_forward_length", sizes.ffn),
        gguf_writer.count(f"{PREFIX}.attention.head_count", sizes.heads),
        gguf_writer.count(f"{PREFIX}.attention.head_count_kv", sizes.kv_heads),
        *model_rope.scaling_entries(PREFIX),
        gguf_writer.real(f"{PREFIX}.rope.freq_base", model_rope.base),
        gguf_writer.real(f"{PREFIX}.attention.layer_norm_rms_epsilon", config.real("rms_norm_eps", 1e-6)),
        gguf_writer.count(f"{PREFIX}.attention.key_length", sizes.head_dim),
        gguf_writer.count(f"{PREFIX}.attention.value_length", sizes.head_dim),
        gguf_writer.count("general.file_type", FILE_TYPE_NUMBERS[output_type]),
        gguf_writer.count(f"{PREFIX}.vocab_size", sizes.vocabulary),
        gguf_writer.count(f"{PREFIX}.rope.dimension_count", sizes.head_dim),
    ]
