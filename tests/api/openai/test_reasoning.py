"""What a model thinks aloud is told apart from its answer."""

import json
from typing import Any

from app.engine.events import Delta
from app.worker.messages import TokenChance, TokenLogprobs
from tests.api.house import MODEL, Served
from tests.scripted_engine import Finish

ASK = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}


def deltas(text: str) -> list[dict[str, Any]]:
    """Of each chunk with a choice; with its probabilities."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    choices = [choice for line in lines for choice in json.loads(line)["choices"]]
    return [{**choice["delta"], "logprobs": choice["logprobs"]} for choice in choices]


def ask(served: Served, **more: object) -> str:
    headers = {"Authorization": f"Bearer {served.house.token()}"}
    with served.visitor(headers) as visitor:
        answer = visitor.post("/v1/chat/completions", json={**ASK, **more})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_whole_answer_comes_with_its_reasoning_beside_it(served: Served) -> None:
    served.house.engine.will_say(Delta("<think>\n1 + 1", 3), Delta(" = 2\n</think>\n\nTwo.", 4), Finish())
    message = json.loads(ask(served))["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "Two.", "reasoning_content": "1 + 1 = 2"}


def test_a_streamed_answer_comes_in_two_parts(served: Served) -> None:
    pieces = ["<thi", "nk>\n1 ", "+ 1 = 2\n<", "/think>", "\n\n", "Two", ".\n"]
    served.house.engine.will_say(*(Delta(piece, 1) for piece in pieces), Finish())
    told = deltas(ask(served, stream=True))
    assert "".join(one.get("reasoning_content", "") for one in told) == "1 + 1 = 2"
    assert "".join(one.get("content", "") for one in told) == "Two.\n"


def test_no_probability_is_lost_while_text_is_held_back(served: Served) -> None:
    def said(text: str) -> Delta:
        chance = TokenChance(1, text.encode(), -0.5)
        return Delta(text, 1, (TokenLogprobs(chance, [chance]),))

    served.house.engine.will_say(said("<th"), said("e"), said("n"), Finish())
    told = deltas(ask(served, stream=True, logprobs=True))
    assert "".join(one.get("content", "") for one in told) == "<then"
    tokens = [each["token"] for one in told if one["logprobs"] for each in one["logprobs"]["content"]]
    assert tokens == ["<th", "e", "n"]
