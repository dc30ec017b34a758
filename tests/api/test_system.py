"""Health, and the documentation."""

from tests.api.house import House


def test_health_and_readiness_are_open_to_everybody(hearth: House) -> None:
    for path in ("/healthz", "/readyz"):
        answer = hearth.visitor().get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_documentation_lists_every_operation_and_loads_nothing(hearth: House) -> None:
    client = hearth.person()
    document = client.get("/api/openapi.json").json()
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    page = answer.text
    assert "<script" not in page
    assert "src=" not in page
    for path, methods in document["paths"].items():
        assert f"<code>{path}</code>" in page
        for about in methods.values():
            assert about["summary"] in page
            assert about["tags"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_documentation_says_how_refusals_look(hearth: House) -> None:
    document = hearth.person().get("/api/openapi.json").json()
    refusal = document["paths"]["/api/v1/chats"]["post"]["responses"]["422"]
    assert refusal["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorPublic")
