"""Rotary positions stretched: which numbers llama.cpp is given, and how far a model reaches with them."""

import math
from typing import get_args, get_type_hints

import pytest

from app.errors import InvalidInput
from app.weights.gguf_header import Value
from app.words.say import CHINESE, ENGLISH, say
from app.worker import rope
from app.worker.messages import Rope
from app.worker.rope import RopeFacts, RopeNumbers

LLAMA2 = RopeFacts(trained_context=4096, freq_base=10_000.0, head_dim=128)


def test_without_a_wish_everything_is_left_to_the_file() -> None:
    assert rope.context_numbers(rope.FILE, LLAMA2) == RopeNumbers(4096, -1, 0.0, 0.0, 0, -1.0)


def test_linear_scaling_divides_positions_by_the_factor() -> None:
    numbers = rope.context_numbers(Rope("linear", 4.0), LLAMA2)
    assert numbers == RopeNumbers(16384, rope.LINEAR, 0.0, 0.25, 0, 0.0)


def test_ntk_raises_the_base_so_that_the_slowest_turn_is_stretched_by_the_factor() -> None:
    numbers = rope.context_numbers(Rope("ntk", 8.0), LLAMA2)
    assert (numbers.context_tokens, numbers.rope_scaling_type, numbers.rope_freq_scale) == (32768, -1, 0.0)
    assert numbers.rope_freq_base == pytest.approx(10_000 * 8 ** (128 / 126))
    # The lowest frequency is base^(-(d-2)/d); it becomes an eighth, and the highest stays 1.
    slowest = [base ** (-126 / 128) for base in (10_000.0, numbers.rope_freq_base)]
    assert slowest[1] / slowest[0] == pytest.approx(1 / 8)


def test_yarn_remembers_the_context_that_the_model_was_trained_on() -> None:
    numbers = rope.context_numbers(Rope("yarn", 2.0), LLAMA2)
    assert numbers == RopeNumbers(8192, rope.YARN, 0.0, 0.5, 4096, 1.0)


def test_a_factor_multiplies_what_the_files_own_scaling_has_reached() -> None:
    long = RopeFacts(trained_context=16384, original_context=4096, head_dim=128, file_factor=4.0)
    assert rope.context_numbers(Rope("linear", 2.0), long) == RopeNumbers(32768, rope.LINEAR, 0.0, 0.125, 0, 0.0)
    assert rope.context_numbers(Rope("yarn", 2.0), long) == RopeNumbers(32768, rope.YARN, 0.0, 0.125, 4096, 1.0)
    assert rope.context_numbers(Rope("none"), long) == RopeNumbers(4096, rope.NONE, 0.0, 1.0, 0, 0.0)


@pytest.mark.parametrize("make", [str, float])
def test_facts_are_read_from_values_and_from_the_texts_that_llama_cpp_makes(make: type[str] | type[float]) -> None:
    metadata: dict[str, Value] = {
        "general.architecture": "llama",
        "llama.context_length": make(8192),
        "llama.rope.freq_base": make(500000),
        "llama.rope.dimension_count": make(64),
        "llama.rope.scaling.type": "yarn",
        "llama.rope.scaling.factor": make(2),
        "llama.rope.scaling.original_context_length": make(4096),
    }
    assert rope.facts(metadata) == RopeFacts(8192, 4096, 500000.0, 64, 2.0)


def test_a_header_that_says_nothing_useful_gives_defaults() -> None:
    assert rope.facts({}) == RopeFacts(0)
    nonsense = {"general.architecture": "x", "x.context_length": "nan", "x.rope.freq_base": -1.0, "x.rope.scaling": []}
    assert rope.facts(nonsense) == RopeFacts(0)
    assert rope.context_numbers(Rope("ntk", 2.0), RopeFacts(0)).rope_freq_base == 20_000.0


def test_head_size_follows_from_width_and_heads_where_it_is_not_said() -> None:
    metadata = {"general.architecture": "llama", "llama.embedding_length": 4096, "llama.attention.head_count": 32}
    assert rope.facts(metadata).head_dim == 128


@pytest.mark.parametrize("factor", [0.0, 0.5, -2.0, math.nan, math.inf, 65.0])
def test_a_factor_that_cannot_be_is_refused(factor: float) -> None:
    with pytest.raises(InvalidInput) as caught:
        rope.check(Rope("linear", factor))
    assert caught.value.code == "rope_factor_invalid"


def test_each_kind_says_in_both_languages_what_it_costs() -> None:
    kinds = get_args(get_type_hints(Rope)["scaling"])
    assert set(kinds) == set(rope.NOTES)
    for language in (ENGLISH, CHINESE):
        assert len({say(code, {}, language) for code in rope.NOTES.values()}) == len(kinds)
