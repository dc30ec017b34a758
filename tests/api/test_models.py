"""The list of models."""

from tests.api.house import MODEL, House


def test_models_are_listed_with_what_is_wrong_with_them(hearth: House) -> None:
    (hearth.parts.settings.models_dir / "broken.gguf").write_bytes(b"this is no model")
    listed = {model["name"]: model for model in hearth.person().get("/api/v1/models").json()}
    assert listed[MODEL]["problem"] is None
    assert listed[MODEL]["architecture"] == "llama"
    assert listed[MODEL]["file_bytes"] > 0
    assert listed[MODEL]["state"] == ""
    assert listed["broken"]["problem"]["code"] == "gguf_not_gguf"
    assert listed["broken"]["problem"]["message"]
