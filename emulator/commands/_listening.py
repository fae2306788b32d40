"""Listening on the address from the command line, for the commands that serve."""

import socket
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from emulator.core.settings import Settings
    from emulator.web.doors import Access

_ALL = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1" if socket.has_dualstack_ipv6() else "::1"}  # noqa: S104 (only read)
"""Addresses that stand for every one of the machine, to which clients cannot connect, and one to which they can."""


def listening(host: str, port: int) -> tuple[list[socket.socket], str]:
    """The listening sockets, and a URL for clients on this machine.

    Raises ClickException for an unusable address, and if there are too few file descriptors.
    """
    from emulator.wire import descriptors
    from emulator.wire.server import listeners

    host = _bare(host)
    try:
        descriptors.check()
    except OSError as error:
        raise click.ClickException(f"cannot start: {error.strerror}") from None
    try:
        sockets = listeners(host, port)
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error.strerror}; --port 0 picks a free port") from None
    address, number = sockets[0].getsockname()[:2]
    shown = "localhost" if host.lower() == "localhost" else _ALL.get(address, address)
    return sockets, f"http://[{shown}]:{number}" if ":" in shown else f"http://{shown}:{number}"


def access_to(sockets: list[socket.socket], settings: "Settings", host: str) -> "Access":
    """Who is let in to a server on these sockets."""
    from emulator.web.doors import Access

    return Access.on((each.getsockname()[0] for each in sockets), settings, _bare(host))


def _bare(host: str) -> str:
    """The host without the brackets that an IPv6 address has in a URL."""
    return host.removeprefix("[").removesuffix("]")
