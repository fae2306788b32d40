"""The environment variables with which clients bypass a proxy, as they must to reach a server on this machine."""

from collections.abc import Mapping

_NAMES = ("NO_PROXY", "no_proxy")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def proxied(environ: Mapping[str, str]) -> bool:
    """Whether the environment has a proxy for HTTP requests."""
    return any(value and name.lower() in ("http_proxy", "all_proxy") for name, value in environ.items())


def no_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """Return NO_PROXY and no_proxy with the hosts that they have, and this machine's loopback names.

    Some clients read the one and some the other, so if only one is set, both get its hosts. `*` is for all hosts, and
    some clients read it only if it stands alone.

    >>> no_proxy({"NO_PROXY": "example.com"})["no_proxy"]
    'example.com,127.0.0.1,localhost,::1'
    """
    hosts = [
        environ.get(name) or environ.get(other) or "" for name, other in zip(_NAMES, reversed(_NAMES), strict=True)
    ]
    return {name: _with_loopback(given) for name, given in zip(_NAMES, hosts, strict=True)}


def _with_loopback(hosts: str) -> str:
    given = [host.strip() for host in hosts.split(",") if host.strip()]
    return "*" if "*" in given else ",".join(dict.fromkeys([*given, *_LOOPBACK]))
