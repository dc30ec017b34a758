"""What the gate needs to know of a request: where it goes, by which name and scheme, and from whom it may be believed.

Reads the raw ASGI scope. Headers that only a proxy may set are believed from trusted peers alone, and go no further.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Self
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from app.settings import Settings

PROXY_HEADERS = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-original-", b"x-rewrite-url", b"x-gradio-server")
DEFAULT_PORTS = {"http": "80", "https": "443"}
API = "/api"
OPENAI = "/v1"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word counts: the networks of trusted proxies, and the address that people use from outside."""

    proxies: Sequence[IPv4Network | IPv6Network] = ()
    public_url: str = ""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """As the settings say."""
        return cls(settings.trusted_proxies, settings.public_url)

    @property
    def public_origin(self) -> str:
        """The origin of the address from outside; empty when none is set or when it is written wrongly."""
        try:
            parts = urlsplit(self.public_url.strip().lower())
        except ValueError:
            return ""
        return origin_of(parts.scheme, parts.netloc) if parts.scheme in DEFAULT_PORTS and parts.netloc else ""

    def is_proxy(self, scope: Scope) -> bool:
        """Whether the other end of the connection is a trusted proxy."""
        client = scope.get("client")
        try:
            address = ip_address(client[0]) if client else None
        except ValueError:
            return False
        return address is not None and any(address in network for network in self.proxies)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request or WebSocket. `host` is `name[:port]` as the visitor's browser has it; `path` is the scope's own."""

    path: str
    method: str
    host: str
    is_https: bool
    is_websocket: bool
    headers: Headers

    @classmethod
    def of(cls, scope: Scope, trust: Trust) -> Self:
        """Read a scope."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        is_https = scope.get("scheme") in ("https", "wss")
        if trust.is_proxy(scope):
            host = _last(headers.get("x-forwarded-host", "")) or host
            is_https = is_https or _last(headers.get("x-forwarded-proto", "")).lower() in ("https", "wss")
        is_https = is_https or origin_of("https", host) == trust.public_origin
        is_websocket = scope["type"] == "websocket"
        method = "GET" if is_websocket else scope["method"]
        return cls(scope["path"], method, host, is_https, is_websocket, headers)

    @property
    def origin(self) -> str:
        """The origin that a page of ours has at this address, as browsers write it."""
        return origin_of("https" if self.is_https else "http", self.host)

    @property
    def is_for_openai(self) -> bool:
        """Whether it goes to the routes for OpenAI's clients."""
        return is_below(self.path, OPENAI)

    @property
    def is_for_api(self) -> bool:
        """Whether it goes to one of the APIs, and not to a page."""
        return self.is_for_openai or is_below(self.path, API)

    @property
    def wants_page(self) -> bool:
        """Whether a person looks at what comes back, and no program."""
        return not self.is_for_api and "text/html" in self.headers.get("accept", "")


def is_below(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it."""
    return path == folder or path.startswith(f"{folder}/")


def origin_of(scheme: str, host: str) -> str:
    """An origin, without the port where it is the scheme's own."""
    try:
        port = str(urlsplit(f"//{host}").port or "")
    except ValueError:
        return ""
    name = host.lower()
    return f"{scheme}://{name.removesuffix(f':{port}') if port == DEFAULT_PORTS[scheme] else name}"


def cleaned(scope: Scope, visit: Visit) -> Scope:
    """A copy of the scope that says what the visit says, and nothing that a stranger could have forged."""
    headers = [
        (name, value) for name, value in scope["headers"] if name != b"host" and not name.startswith(PROXY_HEADERS)
    ]
    headers.append((b"host", visit.host.encode("latin-1")))
    scheme = ("wss" if visit.is_https else "ws") if visit.is_websocket else ("https" if visit.is_https else "http")
    return {**scope, "headers": headers, "scheme": scheme, "state": dict(scope.get("state", {}))}


def _last(values: str) -> str:
    return values.rsplit(",", 1)[-1].strip()
