"""Chat templates are found wherever checkpoints keep them."""

import json
from pathlib import Path

import pytest

from app.errors import BadFile
from app.weights import chat_templates


def test_the_config_of_the_tokenizer_may_hold_it(tmp_path: Path) -> None:
    assert chat_templates.read(tmp_path, {"chat_template": "{{ a }}"}) == {"default": "{{ a }}"}


def test_a_file_of_its_own_wins(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text("{{ b }}")
    assert chat_templates.read(tmp_path, {"chat_template": "{{ a }}"}) == {"default": "{{ b }}"}


def test_more_files_are_more_templates(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text("{{ b }}")
    (tmp_path / "additional_chat_templates").mkdir()
    (tmp_path / "additional_chat_templates" / "tool-use.jinja").write_text("{{ c }}")
    assert chat_templates.read(tmp_path, {}) == {"default": "{{ b }}", "tool_use": "{{ c }}"}


def test_an_old_json_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": "{{ d }}"}))
    assert chat_templates.read(tmp_path, {}) == {"default": "{{ d }}"}


def test_a_list_of_named_templates_becomes_keys_of_their_own(tmp_path: Path) -> None:
    listed = [{"name": "default", "template": "{{ a }}"}, {"name": "tool use", "template": "{{ t }}"}, {"name": 5}]
    entries = chat_templates.entries(chat_templates.read(tmp_path, {"chat_template": listed}))
    assert [(entry.key, entry.value or entry.items) for entry in entries] == [
        ("tokenizer.chat_template.tool_use", "{{ t }}"),
        ("tokenizer.chat_templates", ["tool_use"]),
        ("tokenizer.chat_template", "{{ a }}"),
    ]


def test_none_at_all_is_fine(tmp_path: Path) -> None:
    assert chat_templates.entries(chat_templates.read(tmp_path, {})) == []


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (5 << 20)])
def test_a_template_that_is_no_text_or_too_long_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_bytes(content)
    with pytest.raises(BadFile) as refusal:
        chat_templates.read(tmp_path, {})
    assert refusal.value.code == "json_wrong"
