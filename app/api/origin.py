"""Refuses what another site makes a person's browser send, so that no page elsewhere can act as them.

SameSite cookies alone do not: strangers below one tunnel domain count as the same site.
"""

from app.api.visit import Visit
from app.errors import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_FETCH_SITES = frozenset({"same-origin", "none"})


def check_origin(visit: Visit) -> None:
    """Raise Forbidden("origin_foreign") for an unsafe method or a WebSocket that one of our pages did not send."""
    if visit.method in SAFE_METHODS and not visit.is_websocket:
        return
    origin = visit.headers.get("origin")
    if origin is None:
        is_ours = visit.headers.get("sec-fetch-site", "none") in OWN_FETCH_SITES
    else:
        is_ours = origin.lower() == visit.origin
    if not is_ours:
        raise Forbidden("origin_foreign", origin=origin or "?", own=visit.origin)
