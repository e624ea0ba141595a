"""Choose the HTTP proxy for a connection to a service. A loopback address needs none.

CLI and Airflow read the same variables as curl: http_proxy or https_proxy according to the scheme, and no_proxy, each
also in capitals. They do not read ALL_PROXY, because it may name a SOCKS proxy, which the driver does not support.
"""

from __future__ import annotations

import ipaddress
import re

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*):(?P<port>\d+)")


def proxy_for(host: str, port: int, proxy: str, no_proxy: str) -> str | None:
    """Return the URL of the proxy for a connection to a service, None for a direct connection.

    `proxy` is the proxy for its scheme, '' for none. `no_proxy` names the hosts that are connected directly.
    """
    address = proxy.strip()
    if not address or _is_loopback(host) or _is_exempt(host, port, no_proxy):
        return None
    return address if "://" in address else f"http://{address}"


def _is_loopback(host: str) -> bool:
    name = host.lower().rstrip(".")
    if name in ("", "localhost", "localhost.localdomain") or name.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _is_exempt(host: str, port: int, no_proxy: str) -> bool:
    """Return whether NO_PROXY names a host: `*`, name, .domain, *.domain, address or network, each also with :port.

    A name includes its subdomains, as in curl, wget and Go.
    """
    return any(_matches(host, port, entry) for entry in re.split(r"[,\s]+", no_proxy) if entry)


def _matches(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    if with_port := _PORT.fullmatch(entry):
        if int(with_port["port"]) != port:
            return False
        entry = with_port["host"]
    address, net = _address(host), _net(entry.strip("[]"))
    if address is not None:
        return net is not None and address in net
    name, domain = host.lower().rstrip("."), entry.lower().removeprefix("*").strip(".")
    return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def _address(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def _net(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
