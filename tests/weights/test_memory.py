"""What a model takes is known beforehand: compared with what llama.cpp logs for tiny models of many shapes."""

from dataclasses import replace
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType as Type

from app.child import ChildProcess
from app.weights import cache_memory, memory
from app.weights.cache_memory import CacheShape
from app.weights.gguf_file import read_header
from app.worker import messages
from app.worker.llama import context
from app.worker.llama.log import Log
from app.worker.messages import Draft, Generate, KvType, Load, Sampling
from tests.weights import shaped_models
from tests.weights.allocation_log import ROUNDING_BYTES, allocate, allocations
from tests.weights.shaped_models import Shape

MIB = 1024 * 1024
SHAPES = {
    "160M": Shape(num_layers=3, width=768, num_heads=12, kv_heads=(12,), head_size=64, ffn=2048),
    "MHA": Shape(ffn=768),
    "GQA": Shape(kv_heads=(2,), ffn=768),
    "MQA": Shape(kv_heads=(1,), ffn=1024),
    "tied": Shape(is_tied=True, quantization=Type.Q4_0, vocabulary=4096),
    "Gemma 2": Shape("gemma2", num_layers=5, window=300, is_tied=True, ffn=1024),
    "Gemma 3": Shape("gemma3", num_layers=8, window=512, is_tied=True, ffn=1024),
    "Mamba": Shape("mamba"),
    "Jamba": Shape("jamba", kv_heads=(0, 8, 0, 2)),
    "large vocabulary": Shape(num_layers=1, vocabulary=128_256, width=64, num_heads=2, kv_heads=(2,), ffn=256),
}
LAYOUTS = {
    "flash": CacheShape(2048, 4, 132),
    "plain": CacheShape(1024, 2, 130, has_flash_attention=False),
    "one slot": CacheShape(4096, 1, 257),
    "q8_0": CacheShape(1000, 4, 132, "q8_0"),
    "q4_0": CacheShape(512, 3, 67, "q4_0"),
    "guessing": CacheShape(1024, 4, 132, num_outputs=36),
    "unified": CacheShape(1024, 4, 132, is_unified=True),
    "short window": CacheShape(2048, 2, 130, keeps_whole_window=False),
    "short window, unified": CacheShape(2048, 2, 130, is_unified=True, keeps_whole_window=False),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", SHAPES)
def test_memory_is_what_llama_cpp_allocates(name: str, layout: str, tmp_path: Path) -> None:
    file = shaped_models.write(tmp_path / "model.gguf", SHAPES[name])
    header, shape = read_header(file), LAYOUTS[layout]
    logged = allocate(file, shape)
    caches = cache_memory.cache_bytes(header, shape)
    assert caches == pytest.approx(logged["KV"] + logged["RS"], abs=2 * ROUNDING_BYTES)
    # The buffer of the logits grows when guesses are checked for the first time.
    buffers = logged["compute"] + max(logged["output"], 4 * header.vocabulary_size * shape.num_outputs)
    assert buffers - ROUNDING_BYTES <= memory.compute_bytes(header, shape) <= 1.3 * buffers + MIB
    weights = memory.weights_bytes(header)
    assert sum(tensor.bytes for tensor in header.tensors) <= weights <= logged["model"] + ROUNDING_BYTES


def test_tied_embeddings_are_counted_twice_where_llama_cpp_lays_them_out_anew(tmp_path: Path) -> None:
    plain = read_header(shaped_models.write(tmp_path / "plain.gguf", Shape(is_tied=True)))
    anew = read_header(shaped_models.write(tmp_path / "anew.gguf", Shape(is_tied=True, quantization=Type.Q4_0)))
    assert memory.weights_bytes(plain) == sum(tensor.bytes for tensor in plain.tensors)
    embeddings = next(tensor.bytes for tensor in anew.tensors if tensor.name == "token_embd.weight")
    assert memory.weights_bytes(anew) == sum(tensor.bytes for tensor in anew.tensors) + embeddings


def test_attention_is_plain_exactly_where_the_worker_makes_it_plain(tmp_path: Path) -> None:
    assert memory.MAX_EXACT_SCORES_BYTES == context.MAX_EXACT_SCORES_BYTES
    assert memory.MAX_EXACT_WEIGHTS_BYTES == context.MAX_EXACT_WEIGHTS_BYTES
    header = read_header(shaped_models.write(tmp_path / "model.gguf", Shape()))
    cells = memory.MAX_EXACT_SCORES_BYTES // (4 * 8 * (60 + 4))
    assert not memory.cache_shape(header, cells, 4, 60, "f16").has_flash_attention
    assert memory.cache_shape(header, cells + 1, 4, 60, "f16").has_flash_attention
    assert memory.cache_shape(header, cells, 4, 60, "q8_0").has_flash_attention


@pytest.mark.parametrize(
    ("name", "kv_type", "context_tokens", "draft"),
    [
        ("GQA", "f16", 1024, Draft("lookup")),
        ("GQA", "f16", 4096, Draft()),
        ("Gemma 2", "q8_0", 1024, Draft("lookup", max_tokens=20)),
        ("Mamba", "f16", 1024, Draft("lookup")),
    ],
)
def test_the_worker_asks_llama_cpp_for_what_is_counted(
    name: str, kv_type: KvType, context_tokens: int, draft: Draft, tmp_path: Path
) -> None:
    file = shaped_models.write(tmp_path / "model.gguf", SHAPES[name])
    log = Log()
    with allocations() as logged:
        context.LlamaContext(
            Load(str(file), context_tokens, 4, 60, 1, kv_type, draft=draft), log, lambda _fraction: None
        )
    said = memory.needs(
        read_header(file), context_tokens, 4, 60, kv_type, draft_tokens=draft.max_tokens if draft.kind != "off" else 0
    )
    assert said.kv_bytes == pytest.approx(logged["KV"] + logged["RS"], abs=2 * ROUNDING_BYTES)
    buffers = logged["compute"] + logged["output"]
    assert buffers - ROUNDING_BYTES <= said.compute_bytes <= 1.3 * buffers + MIB


def test_context_that_fits_is_the_largest(tmp_path: Path) -> None:
    header = read_header(shaped_models.write(tmp_path / "model.gguf", Shape(context=32768)))
    room = memory.needs(header, 5120, 2, 64, "q8_0").total_bytes
    assert memory.best_context(header, room, 100_000, 2, 64, "q8_0") == 5120
    assert memory.best_context(header, room - 1, 100_000, 2, 64, "q8_0") == 4864
    assert memory.best_context(header, room, 3000, 2, 64, "q8_0") == 3000
    assert memory.best_context(header, 10 * room, 100_000, 2, 64, "q8_0") == 32768
    assert memory.best_context(header, room, 100_000, 2, 64, "q8_0", least=8192) is None


def test_smaller_quantization_is_named_when_one_fits(tmp_path: Path) -> None:
    shape = replace(SHAPES["160M"], num_layers=8, vocabulary=32_000)
    header = read_header(shaped_models.write(tmp_path / "model.gguf", shape))
    settings = (2048, 1, 64, "f16")
    rest = memory.needs(header, *settings).total_bytes - memory.weights_bytes(header)

    def best_in(bits: float) -> str | None:
        return memory.next_best_quantization(header, rest + int(header.num_parameters * bits / 8) + 1, *settings)

    assert [best_in(bits) for bits in (8.6, 5.0, 4.4, 3.2, 3.0)] == ["Q8_0", "Q4_K_M", "Q3_K_L", "Q2_K", None]


def test_worker_takes_no_more_than_was_said(tiny_gguf: Path) -> None:
    """A real worker that reads a long prompt and writes: its own highest mark."""
    said = memory.needs(read_header(tiny_gguf), 2048, 4, 256, "f16")
    with ChildProcess("app.worker.main:run", "memory") as child:
        child.pipe.send(messages.write(Load(str(tiny_gguf), 2048, 4, 256, 1)))
        child.pipe.send(messages.write(Generate("a", [*range(2, 402)], 8, Sampling(temperature=0))))
        while not isinstance(answer(child), messages.Finished):
            pass
        status = Path(f"/proc/{child.pid}/status").read_text()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    assert 0.6 * said.total_bytes <= peak <= said.total_bytes


def answer(child: ChildProcess) -> messages.FromWorker:
    """The next message of a worker."""
    frame = child.pipe.receive(60.0)
    assert frame is not None
    return messages.read_from_worker(frame)


def test_lora_and_mmproj_are_part_of_the_whole(tmp_path: Path) -> None:
    header = read_header(shaped_models.write(tmp_path / "model.gguf", Shape()))
    bare = memory.needs(header, 2048, 4, 256, "f16")
    more = memory.needs(header, 2048, 4, 256, "f16", mmproj_bytes=5_000, lora_bytes=70)
    assert more.total_bytes == bare.total_bytes + 5_070
