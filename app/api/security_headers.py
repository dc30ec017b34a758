"""The headers that tell browsers to be careful with what Hearth sends. Set on every answer, Gradio's included."""

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from app.api import public_paths
from app.api.visit import Visit

# Gradio's pages run inline scripts, and its gr.HTML and js= use Function(); nothing may come from or go to elsewhere.
GRADIO_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "frame-src 'none'; object-src 'none'; form-action 'self'; base-uri 'self'; frame-ancestors 'self'; "
    "worker-src 'self' blob:"
)
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
OWN_PAGES = frozenset({"/sign-in", "/set-up", "/sign-out", "/api/docs"})


def with_security_headers(send: Send, visit: Visit) -> Send:
    """`send`, which adds the headers that fit the path, and takes away any leave for other origins."""
    policy = PAGE_POLICY if visit.path in OWN_PAGES else API_POLICY if visit.is_for_api else GRADIO_POLICY
    if visit.is_for_api or visit.path in OWN_PAGES:
        caching = "no-store"
    else:
        caching = "public, no-cache" if public_paths.is_for_everybody(visit.method, visit.path) else "private, no-cache"

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message.get("headers", [])))
            _take_away_cross_origin_leave(headers)
            headers.setdefault("content-security-policy", policy)
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin"
            headers["x-frame-options"] = "SAMEORIGIN"
            headers["cross-origin-resource-policy"] = "same-origin"
            if headers.get("content-type", "").startswith("text/event-stream"):
                headers["cache-control"] = "no-cache, no-transform"
                headers["x-accel-buffering"] = "no"
            else:
                headers.setdefault("cache-control", caching)
            message = {**message, "headers": headers.raw}
        await send(message)

    return send_with_headers


def _take_away_cross_origin_leave(headers: MutableHeaders) -> None:
    for name in [name for name in headers if name.startswith("access-control-")]:
        del headers[name]
