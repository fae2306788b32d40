"""Reading a request off the wire: its headers, and its body within a limit."""

from collections.abc import Mapping

from starlette.types import Receive, Scope

from emulator.vocabulary import ApiError, Rejected


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, with lower-case names as ASGI gives them."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    """The body of a request. Raises `Rejected` with a 413 as soon as it is known to be over `limit` bytes."""
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise _too_large(limit)
    message = await receive()
    if not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        return body
    read = bytearray(message.get("body", b""))
    while message.get("more_body"):
        if len(read) > limit:
            raise _too_large(limit)
        message = await receive()
        read += message.get("body", b"")
    if len(read) > limit:
        raise _too_large(limit)
    return bytes(read)


def _too_large(limit: int) -> Rejected:
    return Rejected(ApiError("too_large", f"Request too large: the body is over the limit of {limit} bytes."))
