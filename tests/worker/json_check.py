"""Whether a value is valid under a JSON schema: as much of it as the tests use, written apart from the grammars."""

import datetime
import re
import uuid
from collections.abc import Mapping
from typing import Any

TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def is_valid(value: Any, schema: Any, whole: Any = None) -> bool:  # noqa: ANN401
    """Under all that the schema says."""
    whole = schema if whole is None else whole
    if isinstance(schema, bool):
        return schema
    return all(_holds(word, said, value, schema, whole) for word, said in schema.items())


def _holds(word: str, said: Any, value: Any, schema: Any, whole: Any) -> bool:  # noqa: ANN401
    match word:
        case "type":
            kinds = [said] if isinstance(said, str) else said
            return any(
                isinstance(value, TYPES[kind]) and (kind == "boolean") >= isinstance(value, bool) for kind in kinds
            )
        case "const":
            return bool(value == said)
        case "enum":
            return value in said
        case "anyOf":
            return any(is_valid(value, part, whole) for part in said)
        case "oneOf":
            return sum(is_valid(value, part, whole) for part in said) >= 1
        case "allOf":
            return all(is_valid(value, part, whole) for part in said)
        case "$ref":
            found = whole
            for part in said.split("/")[1:]:
                found = found[part]
            return is_valid(value, found, whole)
    if isinstance(value, dict):
        return _object_holds(word, said, value, schema, whole)
    if isinstance(value, list):
        return _array_holds(word, said, value, schema, whole)
    if isinstance(value, str):
        return _string_holds(word, said, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_holds(word, said, value)
    return True


def _object_holds(word: str, said: Any, value: Any, schema: Any, whole: Any) -> bool:  # noqa: ANN401
    match word:
        case "properties":
            return all(is_valid(value[name], part, whole) for name, part in said.items() if name in value)
        case "required":
            return all(name in value for name in said)
        case "additionalProperties":
            others = [each for name, each in value.items() if name not in schema.get("properties", {})]
            return all(is_valid(each, said, whole) for each in others)
    return True


def _array_holds(word: str, said: Any, value: Any, schema: Any, whole: Any) -> bool:  # noqa: ANN401
    match word:
        case "prefixItems":
            return all(is_valid(each, part, whole) for each, part in zip(value, said, strict=False))
        case "items":
            return all(is_valid(each, said, whole) for each in value[len(schema.get("prefixItems", [])) :])
        case "minItems":
            return len(value) >= int(said)
        case "maxItems":
            return len(value) <= int(said)
    return True


def _string_holds(word: str, said: Any, value: str) -> bool:  # noqa: ANN401
    match word:
        case "minLength":
            return len(value) >= int(said)
        case "maxLength":
            return len(value) <= int(said)
        case "pattern":
            return re.search(said, value) is not None
        case "format":
            return _is_formatted(said, value)
    return True


def _is_formatted(form: str, value: str) -> bool:
    parse = {
        "date": datetime.date.fromisoformat,
        "time": datetime.time.fromisoformat,
        "date-time": datetime.datetime.fromisoformat,
        "uuid": uuid.UUID,
    }.get(form)
    if parse is not None:
        parse(value)
    return True


def _number_holds(word: str, said: Any, value: float) -> bool:  # noqa: ANN401
    match word:
        case "minimum":
            return bool(value >= said)
        case "maximum":
            return bool(value <= said)
        case "exclusiveMinimum":
            return bool(value > said)
        case "exclusiveMaximum":
            return bool(value < said)
    return True
