"""Reading a request off the wire: its headers, and its body within a limit."""

from collections.abc import Mapping

from starlette.types import Receive, Scope

from emulator.core.errors import ApiError, Rejected

_BETAS = b"anthropic-beta"
_DISCARDED = 64 * 1024 * 1024


class UploadCut(Rejected):
    """The client left before it had sent the whole body; `received` is the part that came."""

    def __init__(self, received: bytes) -> None:
        super().__init__(ApiError("bad_request", "The client left before it had sent the whole request."))
        self.received = received


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, with lower-case names as ASGI gives them; repeated betas are one list."""
    given = scope["headers"]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in given}
    if len(headers) < len(given) and _BETAS.decode() in headers:
        headers[_BETAS.decode()] = b", ".join(value for name, value in given if name == _BETAS).decode("latin-1")
    return headers


async def read_body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    """The body of a request. Raises `Rejected` with a 413 for one over `limit` bytes, and `UploadCut`.

    The excess is read and discarded, up to a bound: a client that is still sending when the connection is closed would
    see a reset instead of the answer. A client that sent `Expect: 100-continue` gets the answer at once.
    """
    announced = headers.get("content-length", "")
    length = int(announced[:20]) if announced.isascii() and announced.isdigit() else 0
    if length > limit and headers.get("expect", "").lower() == "100-continue":
        raise _too_large(limit)
    read, size, more = bytearray(), length if length > limit else 0, True
    while more and size <= _DISCARDED + limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise UploadCut(bytes(read))
        part, more = message.get("body", b""), bool(message.get("more_body"))
        size += len(part)
        if size > limit:
            read.clear()
        elif not more and not read:
            return bytes(part)
        else:
            read += part
    if size > limit:
        raise _too_large(limit)
    return bytes(read)


def _too_large(limit: int) -> Rejected:
    return Rejected(ApiError("too_large", f"Request too large: the body is over the limit of {limit} bytes."))
