"""Two JSON schemas that both hold, as one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.worker.json_refusal import unsupported
from app.worker.json_words import DESCRIBING

Schema = Mapping[str, Any]
LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
MOST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def merged(one: Schema, other: Schema) -> Schema:
    """Raises InvalidInput("json_schema_unsupported") where both say something that cannot be said at once."""
    whole = dict(other)
    for word, said in one.items():
        if word not in whole or word in DESCRIBING:
            whole[word] = said
        elif whole[word] != said:
            whole[word] = _both(word, said, whole[word])
    return whole


def _both(word: str, one: Any, other: Any) -> Any:  # noqa: ANN401
    match word:
        case "properties":
            names = dict.fromkeys([*one, *other])
            return {name: _property(name, one, other) for name in names}
        case "required":
            return list(dict.fromkeys([*one, *other]))
        case "enum":
            return [value for value in one if value in other]
        case "type":
            return _types(one, other)
        case "allOf":
            return [*one, *other]
        case "additionalProperties" if one is False or other is False:
            return False
        case _ if word in LEAST or word in MOST:
            choose: Callable[[Any, Any], Any] = max if word in LEAST else min
            return choose(one, other)
        case _:
            raise unsupported(f"two different {word} for one value")


def _property(name: str, one: Schema, other: Schema) -> Any:  # noqa: ANN401
    if name in one and name in other and one[name] != other[name]:
        return {"allOf": [one[name], other[name]]}
    return one[name] if name in one else other[name]


def _types(one: str | list[str], other: str | list[str]) -> list[str]:
    kinds = [one] if isinstance(one, str) else one
    others = [other] if isinstance(other, str) else other
    both = [kind for kind in kinds if kind in others or (kind == "integer" and "number" in others)]
    both += [kind for kind in others if kind == "integer" and "number" in kinds and kind not in both]
    if not both:
        raise unsupported("two types for one value")
    return both
