"""The real samplers on a tiny model: each does what it is for, and none can be made to end the process."""

import math
from pathlib import Path

import pytest

from app.worker.errors import LlamaError
from app.worker.messages import Sampling
from tests.worker.sampler_bench import SamplerBench

PROMPT = [5, 6, 7, 8]
FREE = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, seed=7)


@pytest.fixture(scope="module")
def bench(tiny_gguf: Path) -> SamplerBench:
    return SamplerBench(tiny_gguf)


def free(**wishes: object) -> Sampling:
    """Nothing is left out, but for what is wished."""
    told = {name: getattr(FREE, name) for name in Sampling.__struct_fields__}
    return Sampling(**{**told, **wishes})


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"top_k": 5},
        {"top_p": 0.5},
        {"min_p": 0.3},
        {"typical_p": 0.5},
        {"top_n_sigma": 1.0},
        {"xtc_probability": 1.0, "xtc_threshold": 0.01},
        {"temperature": 0.8, "temperature_range": 0.5, "temperature_exponent": 2.0},
        {"mirostat": 1},
        {"mirostat": 2, "temperature": 0.5},
        {"repeat_penalty": 1.3, "frequency_penalty": 0.5, "presence_penalty": 0.5},
        {"dry_multiplier": 0.8},
        {"logit_bias": ((3, 2.5), (4, -100.0))},
        {"ignore_eos": True},
        {"grammar": "root ::= [a-z ]{5,}"},
    ],
)
def test_the_same_seed_gives_the_same_text(bench: SamplerBench, wishes: dict[str, object]) -> None:
    answers = [bench.answer(free(**wishes), PROMPT, 24) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0] != bench.answer(free(**{**wishes, "seed": 8}), PROMPT, 24)


def test_top_k_of_one_is_greedy(bench: SamplerBench) -> None:
    assert bench.answer(free(top_k=1), PROMPT, 24) == bench.answer(Sampling(temperature=0), PROMPT, 24)


def test_a_small_top_n_sigma_is_greedy(bench: SamplerBench) -> None:
    assert bench.answer(free(top_n_sigma=1e-6), PROMPT, 24) == bench.answer(Sampling(temperature=0), PROMPT, 24)


def test_xtc_leaves_the_likeliest_out(bench: SamplerBench) -> None:
    greedy = bench.answer(Sampling(temperature=0), PROMPT, 1)
    wishes = free(xtc_probability=1.0, xtc_threshold=0.001, seed=3)
    drawn = [bench.answer(reseeded(wishes, seed), PROMPT, 1) for seed in range(20)]
    assert greedy not in drawn


def reseeded(sampling: Sampling, seed: int) -> Sampling:
    """The same with another seed."""
    told = {name: getattr(sampling, name) for name in Sampling.__struct_fields__}
    return Sampling(**{**told, "seed": seed})


def test_a_boosted_token_is_drawn_and_a_banned_one_never(bench: SamplerBench) -> None:
    greedy = bench.answer(Sampling(temperature=0), PROMPT, 1)[0]
    assert bench.answer(Sampling(temperature=0, logit_bias=((42, 100.0),)), PROMPT, 8) == [42] * 8
    assert bench.answer(Sampling(temperature=0, logit_bias=((greedy, -100.0),)), PROMPT, 1) != [greedy]


def test_a_bias_on_a_token_that_does_not_exist_changes_nothing(bench: SamplerBench) -> None:
    plain = bench.answer(FREE, PROMPT, 16)
    assert bench.answer(free(logit_bias=((512, 50.0), (2**31 - 1, 50.0), (-1, 50.0))), PROMPT, 16) == plain


def test_ignored_end_tokens_are_never_drawn(bench: SamplerBench) -> None:
    end = bench.vocabulary.ends[0]
    assert bench.answer(free(logit_bias=((end, 100.0),)), PROMPT, 24) == []
    assert len(bench.answer(free(logit_bias=((end, 100.0),), ignore_eos=True), PROMPT, 24)) == 24


def test_a_presence_penalty_makes_an_answer_richer(bench: SamplerBench) -> None:
    plain = bench.answer(Sampling(temperature=0, logit_bias=((42, 30.0),)), PROMPT, 40)
    harsh = Sampling(temperature=0, logit_bias=((42, 30.0),), presence_penalty=10.0, frequency_penalty=10.0)
    assert len(set(bench.answer(harsh, PROMPT, 40))) > len(set(plain))


def test_dry_breaks_a_loop_that_the_prompt_has_begun(bench: SamplerBench) -> None:
    prompt = [10, 11, 12, 13] * 8
    looping = Sampling(temperature=0, logit_bias=((10, 20.0), (11, 20.0), (12, 20.0), (13, 20.0)))
    dry = Sampling(temperature=0, logit_bias=looping.logit_bias, dry_multiplier=50.0, dry_breakers=())
    assert bench.answer(dry, prompt, 12) != bench.answer(looping, prompt, 12)


def test_a_dynamic_temperature_draws_otherwise(bench: SamplerBench) -> None:
    assert bench.answer(free(temperature_range=0.9), PROMPT, 24) != bench.answer(FREE, PROMPT, 24)


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=5.0, top_k=1000, top_p=0.0001, min_p=1.0, typical_p=0.0001, top_n_sigma=100.0),
        Sampling(temperature=1e-6, temperature_range=5.0, temperature_exponent=10.0),
        Sampling(mirostat=1, mirostat_tau=0.0, mirostat_eta=1.0),
        Sampling(mirostat=1, mirostat_tau=100.0, mirostat_eta=1.0, logit_bias=((5, 100.0),)),
        Sampling(mirostat=2, mirostat_tau=0.0, mirostat_eta=1.0),
        Sampling(repeat_penalty=10.0, frequency_penalty=-10.0, presence_penalty=10.0, repeat_last_tokens=32768),
        Sampling(dry_multiplier=100.0, dry_base=8.0, dry_allowed_length=1, dry_last_tokens=32768),
        Sampling(logit_bias=tuple((token, -100.0) for token in range(512)), ignore_eos=True),
        Sampling(grammar='root ::= "a"*', mirostat=1, ignore_eos=True, xtc_probability=1.0, xtc_threshold=0.0),
        Sampling(grammar='root ::= "é" | "🦙"', mirostat=2),
    ],
)
def test_values_at_the_bounds_end_in_an_answer(bench: SamplerBench, sampling: Sampling) -> None:
    bench.answer(sampling, PROMPT, 24)


def test_log_probabilities_are_the_models_own(bench: SamplerBench) -> None:
    bench.feed(PROMPT, is_first=True)
    logits = bench.logits()
    total = math.log(sum(math.exp(logit) for logit in logits))
    told = bench.logprobs(9, 3)
    best = sorted(range(len(logits)), key=lambda token: -logits[token])[:3]
    assert [chance.token for chance in told.likeliest] == best
    assert told.drawn.token == 9
    assert told.drawn.piece == bench.vocabulary.piece(9)
    for chance in (told.drawn, *told.likeliest):
        assert math.isclose(chance.logprob, logits[chance.token] - total, abs_tol=1e-4)


def test_no_alternatives_are_told_where_none_are_wished(bench: SamplerBench) -> None:
    bench.feed(PROMPT, is_first=True)
    assert bench.logprobs(9, 0).likeliest == []


def test_text_that_is_no_grammar_is_refused(bench: SamplerBench) -> None:
    with pytest.raises(LlamaError) as refused:
        bench.sampler(Sampling(grammar="root := 1"))
    assert refused.value.code == "grammar_invalid"


@pytest.mark.parametrize("seed", range(6))
def test_a_grammar_is_followed_to_its_end(bench: SamplerBench, seed: int) -> None:
    assert bench.text(free(grammar='root ::= ("yes" | "no")', seed=seed), PROMPT) in ("yes", "no")


@pytest.mark.parametrize("seed", range(6))
def test_characters_of_several_bytes_come_whole(bench: SamplerBench, seed: int) -> None:
    text = bench.text(free(grammar="root ::= [à-öéü🦙]{4} [^a-z\\x00-\\x7f]", seed=seed), PROMPT)
    assert len(text) == 5
    assert all(character in "éü🦙" or "à" <= character <= "ö" for character in text[:4])


def test_a_grammar_that_ends_in_nothing_ends_the_answer(bench: SamplerBench) -> None:
    assert bench.text(Sampling(temperature=0, grammar='root ::= ""'), PROMPT) == ""
    assert bench.text(Sampling(temperature=0, grammar='root ::= "a" [b-a]'), PROMPT) == "a"


def test_ways_that_multiply_end_the_answer(bench: SamplerBench) -> None:
    grammar = 'root ::= "a" root "b" | "a" root "c" | "d"'
    text = bench.text(
        Sampling(temperature=0, grammar=grammar, logit_bias=((bench.vocabulary.tokenize("a", False)[0], 100.0),)),
        PROMPT,
    )
    assert set(text) == {"a"}
    assert len(text) < 64


def test_a_firm_greedy_choice_of_an_allowed_token_is_the_same_with_and_without_a_grammar(bench: SamplerBench) -> None:
    plain = bench.answer(Sampling(temperature=0), PROMPT, 24)
    anything = Sampling(temperature=0, grammar="root ::= .*")
    allowed = bench.answer(anything, PROMPT, 24)
    texts = [b"".join(map(bench.vocabulary.piece, tokens)) for tokens in (plain, allowed)]
    assert texts[1].decode().startswith(texts[0].decode(errors="ignore")[:1])
