"""Who is not signed in gets nothing but what stands in this list, on any route, of ours or mounted."""

from tests.api.house import House
from tests.api.route_walk import all_routes, opened

# To open a door, put it here as well, and say in the commit why everybody may go through it.
OPEN_TO_READ = {
    "/healthz",
    "/readyz",
    "/sign-in",
    "/set-up",
    "/api/v1/setup",
    "/static-hearth/pages.css",
    "/static-hearth/flame.svg",
    "/assets/x",
    "/theme.css",
}
OPEN_TO_SEND = {"/sign-in", "/set-up", "/api/v1/setup", "/api/v1/session"}
OPEN = {(method, path) for path in OPEN_TO_READ for method in ("GET", "HEAD")} | {
    ("POST", path) for path in OPEN_TO_SEND
}
CLOSED = {303, 401}


def test_walk_finds_the_routes_of_every_part(hearth: House) -> None:
    paths = {path for _, path in all_routes(hearth.app.routes)}
    assert {"/healthz", "/sign-in", "/api/v1/chats", "/v1/models", "/api/docs", "/api/openapi.json", "/config"} <= paths


def test_nothing_answers_a_stranger_but_the_open_doors(hearth: House) -> None:
    hearth.sign_in()
    assert opened(hearth.visitor(), hearth.app.routes) == OPEN


def test_forged_credentials_open_nothing(hearth: House) -> None:
    hearth.sign_in()
    for headers in (
        {"Cookie": "hearth=forged"},
        {"Cookie": f"__Host-hearth={hearth.sign_in()}"},
        {"Authorization": "Bearer forged"},
        {"Authorization": "Basic YW5uYTpwYXNz"},
        {"X-API-Key": hearth.token()},
        {"Authorization": f"Bearer {hearth.sign_in()}"},
    ):
        assert hearth.visitor().get("/api/v1/chats", headers=headers).status_code == 401
    assert hearth.visitor().get(f"/api/v1/chats?token={hearth.token()}").status_code == 401


def test_cookie_does_not_count_for_openai_routes(hearth: House) -> None:
    assert hearth.person().get("/v1/models").status_code == 401


def test_token_does_not_count_for_pages(hearth: House) -> None:
    headers = {"Authorization": f"Bearer {hearth.token()}"}
    assert hearth.visitor().get("/api/v1/session", headers=headers).json()["name"] == "Anna"
    assert hearth.visitor().get("/config", headers=headers).status_code == 401


def test_dots_in_a_path_do_not_lead_around_the_gate(hearth: House) -> None:
    hearth.sign_in()
    for path in (
        "/assets/../config",
        "/assets/%2e%2e/config",
        "/assets/..%2fconfig",
        "/assets/..%5cconfig",
        "//config",
    ):
        assert hearth.visitor().get(path).status_code in CLOSED


def test_stranger_is_led_to_the_set_up_page_first_and_to_the_sign_in_page_later(hearth: House) -> None:
    page = {"Accept": "text/html,application/xhtml+xml"}
    assert hearth.visitor().get("/", headers=page).headers["location"] == "/set-up"
    hearth.sign_in()
    answer = hearth.visitor().get("/", headers=page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_program_is_told_in_the_shape_of_the_api(hearth: House) -> None:
    answer = hearth.visitor().get("/api/v1/chats", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert answer.json() == {"code": "not_signed_in", "message": "Please sign in first."}
    assert answer.headers["www-authenticate"] == "Bearer"


def test_pages_know_who_is_signed_in(hearth: House) -> None:
    assert hearth.person().get("/").json()["person"] == "Anna"
