"""Which proxy a ClickHouse is reached by: the table of a proxy's variables and addresses."""

from __future__ import annotations

import pytest

from streamproof.environment import Environment
from streamproof.model.settings import WarehouseSettings

PROXY = "http://proxy.example:3128"
EVERY = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"), PROXY)


def proxy_for(settings, environ):
    return Environment.read(environ).through_proxy(settings).proxy


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.9.8.7", "localhost", "LOCALHOST", "localhost.", "db.localhost", "::1", "[::1]", "0.0.0.0",
     "::ffff:127.0.0.1"],
)  # fmt: skip
@pytest.mark.parametrize("secure", [False, True])
def test_no_proxy_stands_before_loopback(host, secure):
    assert proxy_for(WarehouseSettings(host, 8123, secure=secure), EVERY) is None


@pytest.mark.parametrize(
    ("secure", "environ", "expected"),
    [
        (False, {"http_proxy": PROXY}, PROXY),
        (False, {"HTTP_PROXY": "proxy.example:3128"}, PROXY),
        (False, {"http_proxy": PROXY, "HTTP_PROXY": "http://other"}, PROXY),
        (False, {"https_proxy": PROXY}, None),
        (True, {"https_proxy": PROXY}, PROXY),
        (True, {"HTTPS_PROXY": PROXY, "https_proxy": ""}, PROXY),
        (True, {"http_proxy": PROXY}, None),
        (True, {"ALL_PROXY": "socks5h://proxy.example:1080"}, None),
        (True, {}, None),
    ],
)
def test_outside_the_variable_of_the_scheme_is_obeyed(secure, environ, expected):
    assert proxy_for(WarehouseSettings("db.example.org", 8443, secure=secure), environ) == expected


@pytest.mark.parametrize(
    ("host", "no_proxy", "direct"),
    [
        ("db.example.org", "*", True),
        ("db.example.org", "db.example.org", True),
        ("DB.example.org.", "a.example, DB.EXAMPLE.ORG", True),
        ("db.example.org", "example.org", True),
        ("db.example.org", ".example.org", True),
        ("db.example.org", "*.example.org", True),
        ("mydb.org", "db.org", False),
        ("db.example.org", "db.example.org:8443", True),
        ("db.example.org", "db.example.org:9440", False),
        ("db.example.org", "a b  db.example.org", True),
        ("db.example.org", "", False),
        ("db.example.org", ",.,", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:8443", True),
        ("10.1.2.3", "11.0.0.0/8", False),
        ("10.1.2.3", "2.3", False),
        ("10.1.2.3", "fd00::/8", False),
        ("fd00::7", "fd00::/8", True),
        ("[fd00::7]", "[fd00::7]", True),
        ("fd00::7", "[fd00::7]:8443", True),
        ("fd00::7", "10.0.0.0/8", False),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("db10", "10.0.0.0/8", False),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_names_hosts_domains_addresses_and_nets(host, no_proxy, direct, name):
    settings = WarehouseSettings(host, 8443, secure=True)
    assert proxy_for(settings, {"https_proxy": PROXY, name: no_proxy}) == (None if direct else PROXY)
