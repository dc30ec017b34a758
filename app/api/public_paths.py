"""The whole list of what Hearth answers to somebody who is not signed in. What does not stand here needs a person.

`tests/api/test_open_doors.py` walks every route and fails for one that is open and not in its own copy of this list.
"""

ASSET_FOLDERS = ("/assets/", "/static/", "/svelte/", "/pwa_icon/", "/static-hearth/")
ASSETS = frozenset({"/theme.css", "/manifest.json", "/favicon.ico", "/pwa_icon", "/robots.txt"})
HEALTH = frozenset({"/healthz", "/readyz"})
OPEN_ROUTES = frozenset(
    {
        ("GET", "/sign-in"),
        ("POST", "/sign-in"),
        ("GET", "/set-up"),
        ("POST", "/set-up"),
        ("GET", "/api/v1/setup"),
        ("POST", "/api/v1/setup"),
        ("POST", "/api/v1/session"),
    }
)


def is_for_everybody(method: str, path: str) -> bool:
    """Whether the answer is the same whoever asks: files of the pages, and the health of the process."""
    if method not in ("GET", "HEAD") or ".." in path or "\\" in path:
        return False
    return path in HEALTH or path in ASSETS or path.startswith(ASSET_FOLDERS)


def is_open(method: str, path: str) -> bool:
    """Whether somebody who is not signed in may use it; who is signed in is known there all the same."""
    return ("GET" if method == "HEAD" else method, path) in OPEN_ROUTES
