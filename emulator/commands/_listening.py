"""Listening on the address from the command line, for the commands that serve."""

import socket

import click


def listening(host: str, port: int) -> tuple[socket.socket, str]:
    """A listening socket, and its URL. Raises ClickException if the address cannot be used."""
    from emulator.wire.server import listen

    try:
        listener = listen(host, port)
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error.strerror}; --port 0 picks a free port") from None
    address, number = listener.getsockname()[:2]
    return listener, f"http://[{address}]:{number}" if ":" in address else f"http://{address}:{number}"
