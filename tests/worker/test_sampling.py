"""Which samplers a request gets, and which numbers are refused before they come near C++."""

import pytest
from msgspec.structs import replace

from app.errors import InvalidInput
from app.worker.messages import Sampling
from app.worker.sampling import (
    RANGES,
    Draw,
    Dry,
    Greedy,
    LogitBias,
    MinP,
    Mirostat,
    Penalties,
    Temperature,
    TopK,
    TopNSigma,
    TopP,
    Typical,
    Xtc,
    check,
    history_length,
    plan,
)


def test_all_steps_stand_in_the_order_of_llama_cpp() -> None:
    sampling = Sampling(
        temperature=0.5,
        top_k=40,
        top_p=0.9,
        min_p=0.1,
        typical_p=0.8,
        top_n_sigma=2.0,
        xtc_probability=0.5,
        temperature_range=0.2,
        repeat_penalty=1.1,
        frequency_penalty=0.3,
        presence_penalty=0.4,
        repeat_last_tokens=32,
        dry_multiplier=0.8,
        logit_bias=((5, 1.0),),
        seed=7,
    )
    assert plan(sampling) == (
        LogitBias(((5, 1.0),), False),
        Penalties(32, 1.1, 0.3, 0.4),
        Dry(0.8, 1.75, 2, 1024, ("\n", ":", '"', "*")),
        TopNSigma(2.0),
        TopK(40),
        Typical(0.8),
        TopP(0.9),
        MinP(0.1),
        Xtc(0.5, 0.1, 7),
        Temperature(0.5, 0.2, 1.0),
        Draw(7),
    )


def test_neutral_values_add_no_step() -> None:
    assert plan(Sampling(1.0, top_k=0, top_p=1.0, min_p=0.0, repeat_penalty=1.0, seed=7)) == (Draw(7),)


def test_temperature_zero_is_greedy_and_still_penalizes() -> None:
    assert plan(Sampling(0.0)) == (Greedy(),)
    assert plan(Sampling(0.0, repeat_penalty=1.2)) == (Penalties(64, 1.2, 0.0, 0.0), Greedy())


def test_mirostat_stands_in_place_of_everything_that_leaves_tokens_out() -> None:
    sampling = Sampling(0.5, mirostat=2, mirostat_tau=4.0, mirostat_eta=0.2, ignore_eos=True, seed=7)
    assert plan(sampling) == (LogitBias((), True), Temperature(0.5, 0.0, 1.0), Mirostat(2, 4.0, 0.2, 7))


def test_without_a_seed_each_plan_draws_otherwise() -> None:
    assert len({plan(Sampling())[-1] for _ in range(8)}) > 1


def test_any_seed_fits_32_bits_and_is_never_the_one_that_means_random() -> None:
    last = plan(Sampling(seed=2**32 - 1))[-1]
    assert last == Draw(0)
    assert plan(Sampling(seed=-1))[-1] == Draw(2**32 - 2)


def test_history_is_only_kept_for_penalties() -> None:
    assert history_length(Sampling()) == 0
    assert history_length(Sampling(repeat_penalty=1.1, repeat_last_tokens=9)) == 9
    assert history_length(Sampling(presence_penalty=0.1)) == 64
    assert history_length(Sampling(dry_multiplier=0.1, repeat_penalty=1.1, dry_last_tokens=300)) == 300


def test_the_defaults_and_all_bounds_are_allowed() -> None:
    check(Sampling())
    for name, allowed in RANGES.items():
        for value in (allowed.least, allowed.most):
            if value or name not in ("top_p", "typical_p"):
                check(replace(Sampling(), **{name: value}))


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), -1e30, 1e30, -(2**63), 2**63, -20, pytest.param(10**400, id="huge")],
)
def test_numbers_out_of_bounds_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(replace(Sampling(), **{name: value}))
    assert refused.value.code == "sampling_invalid"
    assert refused.value.params["name"] == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("top_p", 0),
        ("typical_p", 0.0),
        ("seed", -1),
        ("seed", 2**32),
        ("logit_bias", ((5, float("nan")),)),
        ("logit_bias", ((5, float("-inf")),)),
        ("logit_bias", ((5, 1e9),)),
        ("logit_bias", ((-1, 1.0),)),
        ("logit_bias", ((2**31, 1.0),)),
        ("logit_bias", tuple((token, 1.0) for token in range(1025))),
        ("dry_breakers", ("",)),
        ("dry_breakers", ("a\0b",)),
        ("dry_breakers", ("x" * 41,)),
        ("dry_breakers", ("x",) * 17),
    ],
)
def test_what_no_sampler_takes_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(replace(Sampling(), **{name: value}))
    assert refused.value.code == "sampling_invalid"
    assert refused.value.params["name"] == name


@pytest.mark.parametrize("grammar", ["x", "root ::= root", "root ::= [a" + "b" * 70_000 + "]"])
def test_a_grammar_that_cannot_be_followed_is_refused(grammar: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(Sampling(grammar=grammar))
    assert refused.value.code == "grammar_invalid"
