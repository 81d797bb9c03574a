"""Where a webhook may go: never into the office's own network, unless that is allowed. Pure."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

NAT64 = IPv6Network("64:ff9b::/96")
MOST_CHARACTERS = 2048


def fault_of_url(url: str, *, allow_private: bool) -> str | None:
    """Why the URL cannot be a webhook's, None when it can. Names are resolved at each attempt, not here."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it cannot be read"
    if len(url) > MOST_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        return f"it has to be at most {MOST_CHARACTERS} printable ASCII characters"
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        return "it has to begin with https://"
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        return "it needs a host, and may have neither credentials nor a fragment"
    if not allow_private and (host == "localhost" or host.endswith(".localhost") or _is_private_literal(host)):
        return "it leads to a private address"
    return None


def is_public(address: str) -> bool:
    """Whether the address is on the public internet, also when it is wrapped in an IPv6 one."""
    ip = ip_address(address.split("%", 1)[0])
    inner = _wrapped(ip) if isinstance(ip, IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _wrapped(ip: IPv6Address) -> IPv4Address | None:
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip.teredo:
        return ip.teredo[1]
    return ip.ipv4_mapped or ip.sixtofour


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return False
