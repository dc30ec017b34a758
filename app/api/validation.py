"""Which field of a request is wrong, and how, out of what pydantic found. Never repeats what was sent."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import Param

# pydantic's type of error: our sentence, and the name of the limit that goes into it.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("request_field_missing", ""),
    "extra_forbidden": ("request_field_unknown", ""),
    "greater_than": ("request_field_not_above", "gt"),
    "greater_than_equal": ("request_field_too_small", "ge"),
    "less_than": ("request_field_too_big", "lt"),
    "less_than_equal": ("request_field_too_big", "le"),
    "string_too_short": ("request_field_too_short", "min_length"),
    "too_short": ("request_field_too_short", "min_length"),
    "string_too_long": ("request_field_too_long", "max_length"),
    "too_long": ("request_field_too_long", "max_length"),
    "json_invalid": ("request_no_json", ""),
}
# What pydantic puts between the fields: which kind of value of several it tried (`constrained-str`, `list[TextPart]`).
FIELD = re.compile(r"\d+|(?!(?:str|int|float|bool)$)[a-z][a-z0-9_]*")
PLACES = frozenset({"body", "query", "path", "header", "cookie"})


def first_problem(problems: Sequence[Any]) -> tuple[str, str, dict[str, Param]]:
    """The field of the first problem (`sampling.top_p`), the code of its sentence, and the values for that."""
    problem = problems[0]
    code, limit = SENTENCES.get(problem["type"], ("request_field_wrong", ""))
    location = [str(part) for part in problem["loc"]]
    parts = location[1:] if location and location[0] in PLACES else location
    if not parts and code != "request_no_json":
        code = "request_no_body"
    if code in ("request_no_json", "request_no_body"):
        return "", code, {}
    last = parts[-1:] if problem["type"] == "extra_forbidden" else []
    named = [part for part in parts[: len(parts) - len(last)] if FIELD.fullmatch(part)]
    value = problem.get("ctx", {}).get(limit, "")
    shown = int(value) if isinstance(value, float) and value.is_integer() else value
    return ".".join(named + last), code, {"limit": shown} if limit else {}
