"""Which HTTP proxy stands between this process and a ClickHouse: none where its address is loopback.

The faces read the variables of curl: http_proxy or https_proxy by the scheme of the address, and no_proxy; each also in
capitals. ALL_PROXY is not read: it may name a SOCKS proxy, which the driver does not speak.
"""

from __future__ import annotations

import ipaddress
import re

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*):(?P<port>\d+)")


def proxy_for(host: str, port: int, proxy: str, no_proxy: str) -> str | None:
    """Return the URL of the proxy to reach a ClickHouse by, None to reach it directly.

    `proxy` is the proxy of its scheme, '' for none; `no_proxy` names the hosts that are reached directly.
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
    """Tell whether NO_PROXY names a host: `*`, a name, .domain, *.domain, an address or a net, each with :port or not.

    A name stands for the names below it, too, as curl, wget and Go have it.
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
