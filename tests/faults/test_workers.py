"""Workers that are killed, aborted or stopped in the middle of an answer: who is told, and who notices nothing."""

import json
import signal

import pytest

from tests.faults import site
from tests.faults.site import Site

LONG = 800
OTHER_ENDS = [signal.SIGABRT, signal.SIGSEGV, signal.SIGSTOP]


# One that is stopped is given up after half a minute; tests/engine/test_hangs.py has it with a shorter patience.
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, *(pytest.param(each, marks=pytest.mark.long) for each in OTHER_ENDS)]
)
def test_a_worker_that_is_lost_costs_its_own_replies_only(number: signal.Signals, open_site: Site) -> None:
    model = f"lost-{number.name.lower()}"
    ann, ben = open_site.add_model(model), open_site.ben
    alone = ben.answer("Tell me a story.", LONG)
    ben_again = site.sign_in(ben.visitor, "Ben", "other")
    untouched = ben_again.ask("Tell me a story.", LONG).begin()
    lost = ann.ask("Hello").begin()
    open_site.send(number, model)
    assert lost.end().ending == "failed", lost.said
    assert model in lost.said
    assert json.loads(lost.said)["message"]
    assert untouched.end().ending == "finished"
    assert untouched.text == alone.text
    assert open_site.is_up()
    assert kept_text(ann)
    assert ann.answer("Are you there?").ending == "finished"


def test_a_model_that_is_lost_twice_rests_while_others_work(open_site: Site) -> None:
    ann = open_site.add_model("twice")
    for _ in range(2):
        lost = ann.ask("Hello").begin()
        open_site.send(signal.SIGABRT, "twice")
        assert lost.end().ending == "failed"
        assert "twice" in lost.said
    resting = ann.answer("Hello")
    assert resting.ending in ("failed", "refused")
    assert "model_keeps_crashing" in resting.said
    assert open_site.workers("twice") == []
    assert open_site.ben.answer("Hello").ending == "finished"
    assert open_site.is_up()


def kept_text(person: site.Person) -> str:
    """What the chat keeps of the last answer."""
    text: str = person.visitor.get(f"/api/v1/chats/{person.chat}/messages").json()[-1]["text"]
    return text
