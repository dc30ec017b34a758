"""Finds the chat templates of a Hugging Face folder. Reads them as text only: nothing here runs Jinja."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.errors import BadFile
from app.weights import gguf_writer, json_file
from app.weights.gguf_writer import Entry

DEFAULT = "default"
MAX_BYTES = 4 << 20


def read(folder: Path, tokenizer_config: Mapping[str, Any]) -> dict[str, str]:
    """Name → template. A file of its own wins over tokenizer_config.json, as in transformers."""
    file = folder / "chat_template.jinja"
    if file.exists():
        return {DEFAULT: _text(file)} | {
            _name(more.stem): _text(more) for more in sorted((folder / "additional_chat_templates").glob("*.jinja"))
        }
    in_json = json_file.read_object_if_there(folder / "chat_template.json").get("chat_template")
    return _named(tokenizer_config.get("chat_template") or in_json)


def entries(templates: Mapping[str, str]) -> list[Entry]:
    """The keys of a GGUF file: one for each named template, the list of the names, and the default."""
    names = [name for name in templates if name != DEFAULT]
    found = [gguf_writer.text(f"tokenizer.chat_template.{name}", templates[name]) for name in names]
    if names:
        found.append(gguf_writer.texts("tokenizer.chat_templates", names))
    if DEFAULT in templates:
        found.append(gguf_writer.text("tokenizer.chat_template", templates[DEFAULT]))
    return found


def _named(template: object) -> dict[str, str]:
    match template:
        case str():
            return {DEFAULT: template} if template else {}
        case list():
            return {
                _name(entry["name"]): entry["template"]
                for entry in template
                if isinstance(entry, dict) and isinstance(entry.get("name"), str)
                if isinstance(entry.get("template"), str)
            }
    return {}


def _name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", name)[:80]


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BadFile("json_wrong", file=file.name, detail="too large")
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadFile("json_wrong", file=file.name, detail="not UTF-8") from error
    except OSError as error:
        raise BadFile("checkpoint_unreadable", file=str(file), reason=error.strerror or str(error)) from error
