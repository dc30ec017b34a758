"""Numbers that are none, huge or below zero, over both APIs of a real server: refused, or bounded; nothing breaks."""

import httpx

from tests.faults.site import Site

VALUES = ("NaN", "Infinity", "-Infinity", "-1e308", "1e308", "-99999999999999999999999", "99999999999999999999999")
NAMES = ("temperature", "top_k", "top_p", "min_p", "repeat_penalty", "seed")


def test_values_that_make_no_sense_are_refused_and_nothing_breaks(open_site: Site) -> None:
    ann = open_site.ann
    token = open_site.hearth.run("tokens", "create", "--user", "Ann", "--name", "faults").stdout.strip()
    for name in NAMES:
        for value in VALUES:
            own = f'{{"text": "Hi", "max_tokens": 4, "sampling": {{"{name}": {value}}}}}'
            answer = posted(ann.visitor, f"/api/v1/chats/{ann.chat}/replies", own)
            assert answer.status_code == 422, (name, value, answer.text)
            wish = f'{{"model": "tiny", "messages": [{{"role": "user", "content": "Hi"}}], "{name}": {value}}}'
            answer = posted(ann.visitor, "/v1/chat/completions", wish, authorization=f"Bearer {token}")
            assert answer.status_code == 400, (name, value, answer.text)
            assert answer.json()["error"]["type"] == "invalid_request_error"
    assert ann.visitor.get(f"/api/v1/chats/{ann.chat}/messages").json() == []
    assert ann.answer("Hello").ending == "finished"


def test_the_ends_of_what_is_allowed_work(open_site: Site) -> None:
    for extreme in ({"temperature": 5.0}, {"top_k": 1}, {"min_p": 1.0}, {"repeat_penalty": 10.0}, {"top_n_sigma": 100}):
        assert open_site.ann.ask("Hello", 16, **extreme).end().ending == "finished"


def posted(visitor: httpx.Client, path: str, body: str, **headers: str) -> httpx.Response:
    """Send JSON as text, since NaN is none."""
    return visitor.post(path, content=body, headers={"content-type": "application/json", **headers})
