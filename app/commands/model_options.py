"""`hearth models options`: how one model is to run, shown and changed."""

from collections.abc import Sequence
from typing import Any

from app.commands import output, parts
from app.engine.events import ModelOptions
from app.errors import InvalidInput
from app.services.model_settings import KNOWN, ModelSettings, chosen
from app.words.say import say
from app.worker import rope

WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
NUMBERS = frozenset({"context_tokens", "gpu_layers"})
SWITCHES = frozenset({"use_mmap", "is_pinned", "is_preloaded"})


def options(name: str, pairs: Sequence[str]) -> None:
    """Change what `NAME=VALUE` pairs say, and show what is set then."""
    settings = parts.settings()
    database = parts.database(settings)
    try:
        kept = ModelSettings(database, parts.library(settings, database))
        changes = dict(map(_parsed, pairs))
        _show(name, kept.update(name, changes) if changes else kept.get(name))
    finally:
        database.close()


def _show(name: str, found: ModelOptions) -> None:
    if not chosen(found):
        output.tell("model_options_default", {"model": name})
    for key in KNOWN:
        takes = say("option_takes", {"known": KNOWN[key]}, output.language())
        output.console.print(f"{key:<16} {_written(key, found):<24} {takes}", markup=False)
    output.tell(rope.NOTES[found.rope.scaling])


def _parsed(pair: str) -> tuple[str, Any]:
    """One option and its value as JSON has it; None for an empty one. The service looks whether they are right."""
    key, sign, text = pair.partition("=")
    if not sign:
        raise InvalidInput("option_pair", given=pair)
    text = text.strip()
    if not text:
        return key, None
    head, _, tail = text.partition(":")
    if key in NUMBERS:
        return key, int(text) if text.lstrip("-").isdecimal() else text
    if key in SWITCHES:
        return key, WORDS.get(text.lower(), text)
    if key == "rope":
        return key, {"scaling": head, "factor": _number(tail)} if tail else {"scaling": head}
    if key == "loras":
        return key, [_lora(part.strip()) for part in text.split(",")]
    if key == "draft":
        return key, {"kind": head, "path": tail}
    return key, text


def _lora(text: str) -> dict[str, Any]:
    head, colon, tail = text.rpartition(":")
    return {"path": head, "scale": _number(tail)} if colon else {"path": text}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _written(key: str, found: ModelOptions) -> str:
    """As it is given on the command line."""
    value = getattr(found, key)
    match key:
        case "rope":
            return value.scaling if value.factor == 1.0 else f"{value.scaling}:{value.factor:g}"
        case "loras":
            return ", ".join(f"{lora.path}:{lora.scale:g}" for lora in value) or "-"
        case "draft" if value is not None:
            return f"{value.kind}:{value.path}" if value.path else str(value.kind)
    return "-" if value in (None, "") else str(value).lower()
