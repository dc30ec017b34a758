"""Which host names Hearth answers to, so that a web page from elsewhere cannot point its own name at this box.

Such a page (DNS rebinding) needs a name of the public DNS. Names that the public DNS cannot hold are always answered:
addresses, single labels, and the endings of home networks. Every other name must stand in the settings.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.errors import InvalidInput
from app.settings import Settings

HOME_ENDINGS = (".local", ".lan", ".localhost", ".home.arpa")


class HostNames:
    """The names of one Hearth."""

    def __init__(self, more_names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.strip().lower().rstrip(".") for name in more_names if name.strip())

    @classmethod
    def from_settings(cls, settings: Settings, own_name: str) -> "HostNames":
        """`own_name` is what this machine calls itself."""
        public_name = urlsplit(settings.public_url).hostname or ""
        return cls([own_name, f"{own_name}.local", public_name, *settings.allowed_hosts.split(",")])

    def check(self, host: str) -> None:
        """Raise InvalidInput("host_unknown") unless `host`, the value of a Host header, is one of ours."""
        name = name_of(host)
        if not (is_address(name) or is_home_name(name) or name in self._names):
            raise InvalidInput("host_unknown", host=name or "?")


def name_of(host: str) -> str:
    """The name in `name:port`, in lower case; empty when it is not well-formed."""
    try:
        parts = urlsplit(f"//{host}")
        has_port_only = parts.port is None or parts.port >= 0
    except ValueError:
        return ""
    is_plain = has_port_only and not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return (parts.hostname or "").rstrip(".") if is_plain else ""


def is_address(name: str) -> bool:
    """Whether a name is an IP address, without the brackets of IPv6."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_home_name(name: str) -> bool:
    """Whether a name has no meaning in the public DNS."""
    return bool(name) and ("." not in name or name.endswith(HOME_ENDINGS))
