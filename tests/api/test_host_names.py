"""Names that the public DNS cannot hold are ours; others only when the settings say so."""

import pytest

from app.api.host_names import HostNames
from app.errors import InvalidInput
from app.settings import Settings

OURS = [
    "localhost",
    "localhost:7860",
    "127.0.0.1:7860",
    "[::1]:7860",
    "[fd00::5]",
    "192.168.1.5",
    "nas",
    "NAS.local:80",
    "nas.local.",
    "box.lan",
    "hearth.home.arpa",
    "box.example.net",
    "chat.example.org",
    "one.example",
    "two.example:8443",
]
FOREIGN = [
    "",
    "evil.example",
    "chat.example.org.evil.example",
    "evil.example@localhost",
    "localhost/evil.example",
    "localhost:99999999",
    "127.0.0.1.evil.example",
    "[::1",
    "evil.example:localhost",
]


@pytest.fixture
def host_names() -> HostNames:
    settings = Settings(public_url="https://chat.example.org:8443/x", allowed_hosts="one.example, Two.Example,")
    return HostNames.from_settings(settings, "box.example.net")


@pytest.mark.parametrize("host", OURS)
def test_own_name_is_answered(host_names: HostNames, host: str) -> None:
    host_names.check(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_foreign_or_broken_name_is_refused(host_names: HostNames, host: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        host_names.check(host)
    assert refusal.value.code == "host_unknown"
