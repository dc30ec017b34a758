"""How a model is to run: everybody may see it, admins choose."""

from tests.api.house import MODEL, House
from tests.services.model_files import write_adapter

PATH = f"/api/v1/models/{MODEL}/options"


def test_an_admin_chooses_and_a_member_sees(hearth: House) -> None:
    admin = hearth.person()
    before = admin.get(PATH).json()
    assert before["options"]["kv_type"] is None
    assert "vicuna" in before["prompt_formats"]
    write_adapter(hearth.parts.settings.models_dir / "pirate.gguf")
    wish = before["options"] | {
        "kv_type": "q8_0",
        "rope": {"scaling": "linear", "factor": 2.0},
        "loras": [{"name": "pirate", "scale": 0.5}],
        "draft": {"kind": "lookup"},
    }
    done = admin.put(PATH, json=wish)
    assert done.status_code == 200, done.text
    seen = hearth.person("Ben").get(PATH).json()
    assert seen == done.json()
    assert seen["options"]["loras"] == [{"name": "pirate", "scale": 0.5}]
    assert seen["options"]["draft"] == {"kind": "lookup", "model": "", "max_tokens": 8}
    assert seen["rope_note"] != before["rope_note"]
    assert hearth.parts.library.find(MODEL).options.kv_type == "q8_0"
    assert admin.put(PATH, json={}).json() == before


def test_a_member_may_not_choose(hearth: House) -> None:
    refused = hearth.person("Ben").put(PATH, json={"kv_type": "q8_0"})
    assert (refused.status_code, refused.json()["code"]) == (403, "admin_only")
    assert hearth.person().get(PATH).json()["options"]["kv_type"] is None


def test_wrong_options_are_refused_by_name(hearth: House) -> None:
    admin = hearth.person()
    for wish, code in (
        ({"kv_type": "f3"}, "request_invalid"),
        ({"colour": "red"}, "request_invalid"),
        ({"context_tokens": 1}, "option_invalid"),
        ({"prompt_format": "klingon"}, "prompt_format_unknown"),
        ({"rope": {"scaling": "ntk", "factor": 0.1}}, "rope_factor_invalid"),
    ):
        refused = admin.put(PATH, json=wish)
        assert (refused.status_code, refused.json()["code"]) == (422, code), wish
    missing = admin.put(PATH, json={"loras": [{"name": "../../etc/passwd"}]})
    assert (missing.status_code, missing.json()["code"]) == (404, "adapter_unknown")
    assert admin.get("/api/v1/models/nobody/options").status_code == 404


def test_adapters_are_listed_as_such(hearth: House) -> None:
    write_adapter(hearth.parts.settings.models_dir / "pirate.gguf")
    kinds = {model["name"]: model["kind"] for model in hearth.person().get("/api/v1/models").json()}
    assert kinds == {MODEL: "chat", "pirate": "adapter"}
