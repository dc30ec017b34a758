"""Refusals in the shape that OpenAI's clients read: which status, type and code they know for which of ours."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "model_unknown": "model_not_found",
    "message_too_long": "context_length_exceeded",
    "prompt_too_long": "context_length_exceeded",
    "token_wrong": "invalid_api_key",
    "token_missing": "invalid_api_key",
    "queue_full": "rate_limit_exceeded",
    "request_invalid": "invalid_value",
}
PARAMS: Mapping[str, str] = {
    "model_not_found": "model",
    "context_length_exceeded": "messages",
    "grammar_invalid": "grammar",
    "json_schema_unsupported": "response_format",
    "embedding_tokens": "input",
}


def error_body(status: int, code: str, message: str, param: str | None = None) -> tuple[int, dict[str, object]]:
    """The status and the body for a problem that has `status` and `code` elsewhere."""
    known = CODES.get(code, code)
    if status == 422 or known == "context_length_exceeded":
        status = 400
    error = {"message": message, "type": _type(status), "param": param or PARAMS.get(known), "code": known}
    return status, {"error": error}


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
