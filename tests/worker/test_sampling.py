"""Which samplers a request gets."""

from app.worker.messages import Sampling
from app.worker.sampling import Draw, Greedy, MinP, Penalty, Temperature, TopK, TopP, history_length, plan


def test_all_steps_stand_in_the_order_of_llama_cpp() -> None:
    sampling = Sampling(0.5, top_k=40, top_p=0.9, min_p=0.1, repeat_penalty=1.1, repeat_last_tokens=32, seed=7)
    assert plan(sampling) == (Penalty(32, 1.1), TopK(40), TopP(0.9), MinP(0.1), Temperature(0.5), Draw(7))


def test_neutral_values_add_no_step() -> None:
    assert plan(Sampling(1.0, top_k=0, top_p=1.0, min_p=0.0, repeat_penalty=1.0, seed=7)) == (Draw(7),)


def test_temperature_zero_is_greedy_and_still_penalizes() -> None:
    assert plan(Sampling(0.0)) == (Greedy(),)
    assert plan(Sampling(0.0, repeat_penalty=1.2)) == (Penalty(64, 1.2), Greedy())


def test_without_a_seed_each_plan_draws_otherwise() -> None:
    assert len({plan(Sampling())[-1] for _ in range(8)}) > 1


def test_any_seed_fits_32_bits_and_is_never_the_one_that_means_random() -> None:
    last = plan(Sampling(seed=2**32 - 1))[-1]
    assert last == Draw(0)
    assert plan(Sampling(seed=-1))[-1] == Draw(2**32 - 2)


def test_history_is_only_kept_for_a_penalty() -> None:
    assert history_length(Sampling()) == 0
    assert history_length(Sampling(repeat_penalty=1.1, repeat_last_tokens=9)) == 9
