"""The pages to set Hearth up and to sign in: plain forms, without JavaScript."""

from tests.api.house import ADMIN, PASSWORD, TOKEN, House

SETUP = {"token": TOKEN, "name": ADMIN, "password": PASSWORD}


def test_set_up_page_says_where_the_token_is(hearth: House) -> None:
    page = hearth.visitor().get("/set-up").text
    assert "data/setup-token" in page
    assert str(hearth.parts.settings.setup_token_file) not in page
    assert 'autocomplete="new-password"' in page
    assert "<script" not in page
    assert "style=" not in page


def test_set_up_signs_in_and_leads_home(hearth: House) -> None:
    client = hearth.visitor()
    answer = client.post("/set-up", data=SETUP)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert client.get("/").json()["person"] == ADMIN


def test_token_may_come_with_the_address_and_is_escaped(hearth: House) -> None:
    page = hearth.visitor().get("/set-up", params={"token": '"><script>'}).text
    assert "<script" not in page
    assert "&#34;&gt;&lt;script&gt;" in page


def test_refusal_is_shown_in_place_and_the_name_is_kept(hearth: House) -> None:
    answer = hearth.visitor().post("/set-up", data={**SETUP, "token": "wrong", "name": "<Anna>"})
    assert answer.status_code == 403
    assert 'role="alert"' in answer.text
    assert 'value="&lt;Anna&gt;"' in answer.text
    assert PASSWORD not in answer.text


def test_second_set_up_is_refused(hearth: House) -> None:
    hearth.sign_in()
    assert hearth.visitor().post("/set-up", data=SETUP).status_code == 409
    assert hearth.visitor().get("/set-up").headers["location"] == "/sign-in"


def test_sign_in_leads_home_and_nowhere_else(hearth: House) -> None:
    hearth.sign_in()
    client = hearth.visitor()
    assert 'autocomplete="current-password"' in client.get("/sign-in").text
    answer = client.post("/sign-in?next=https://evil.example", data={"name": ADMIN, "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert client.get("/sign-in").headers["location"] == "/"


def test_wrong_password_is_shown_in_place_and_the_name_is_kept(hearth: House) -> None:
    hearth.sign_in()
    answer = hearth.visitor().post("/sign-in", data={"name": ADMIN, "password": "not this one"})
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert f'value="{ADMIN}"' in answer.text
    assert "not this one" not in answer.text


def test_empty_form_is_refused_politely(hearth: House) -> None:
    hearth.sign_in()
    assert 'role="alert"' in hearth.visitor().post("/sign-in").text


def test_sign_in_page_leads_to_set_up_while_there_is_no_account(hearth: House) -> None:
    assert hearth.visitor().get("/sign-in").headers["location"] == "/set-up"


def test_page_speaks_chinese(hearth: House) -> None:
    page = hearth.visitor().get("/set-up", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
    assert '<html lang="zh-CN">' in page
    assert "设置令牌" in page


def test_sign_out_ends_the_sign_in(hearth: House) -> None:
    client = hearth.person()
    answer = client.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert client.get("/config").status_code == 401


def test_sign_out_from_another_site_is_refused(hearth: House) -> None:
    client = hearth.person()
    assert client.post("/sign-out", headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.get("/config").status_code == 200


def test_form_that_is_far_too_long_is_refused(hearth: House) -> None:
    assert hearth.visitor().post("/set-up", data={**SETUP, "password": "x" * 70_000}).status_code == 413


def test_style_is_our_own_file(hearth: House) -> None:
    answer = hearth.visitor().get("/static-hearth/pages.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "@import" not in answer.text
    assert "url(" not in answer.text
