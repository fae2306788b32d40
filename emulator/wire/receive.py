"""Reading a request off the wire: its headers, and its body within a limit."""

from collections.abc import Mapping
from sys import intern

from starlette.types import Receive, Scope

from emulator.core.clock import Turns, VirtualClock, real_time
from emulator.core.errors import ApiError, Rejected
from emulator.wire import codings

_DISCARDED = 64 * 1024 * 1024
_LISTS = frozenset({"anthropic-beta", "content-encoding", "transfer-encoding"})


class UploadCut(Rejected):
    """The client left before it had sent the whole body; `received` is the part that came."""

    def __init__(self, received: bytes) -> None:
        super().__init__(ApiError("bad_request", "The client left before it had sent the whole request."))
        self.received = received


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, with lower-case names as ASGI gives them; lists in several lines are one."""
    given = scope["headers"]
    headers = {intern(name.decode("latin-1")): value.decode("latin-1") for name, value in given}
    if len(headers) < len(given):
        for listed in _LISTS & headers.keys():
            headers[listed] = ", ".join(
                value.decode("latin-1") for name, value in given if name.decode("latin-1") == listed
            )
    return headers


def arrival(scope: Scope, clock: VirtualClock) -> float:
    """When a request was complete, in the clock's time; now, if the server does not tell."""
    arrived = scope.get("state", {}).get("arrived")
    return clock.now() if arrived is None else clock.now() - (real_time() - arrived) * clock.rate


async def read_body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    """The body of a request, without its content coding.

    Raises `Rejected` with a 413 for one over `limit` bytes, packed or unpacked, with a 415 for a coding that is not
    known, with a 501 for a transfer coding, with a 400 for data that is not of its coding, and `UploadCut`.

    The excess is read and discarded, up to a bound: a client that is still sending when the connection is closed would
    see a reset instead of the answer. A client that sent `Expect: 100-continue` gets the answer at once.
    """
    if "," in (transfer := headers.get("transfer-encoding", "")):  # others than chunks alone are no valid HTTP
        told = f"Unsupported Transfer-Encoding {transfer[:40]!r}: request bodies may be chunked, nothing else."
        raise Rejected(ApiError("bad_request", told, status=501))
    coding = headers.get("content-encoding")
    unpacking = codings.unpacking(coding, limit) if coding else None
    announced = headers.get("content-length", "")
    length = int(announced[:20]) if announced.isascii() and announced.isdigit() else 0
    if length > limit and headers.get("expect", "").lower() == "100-continue":
        raise _too_large(limit)
    read, size, more, what = bytearray(), length if length > limit else 0, True, "the body"
    while more and size <= _DISCARDED + limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise UploadCut(bytes(read))
        part, more = message.get("body", b""), bool(message.get("more_body"))
        size += len(part)
        if size > limit:
            read.clear()
        elif unpacking is not None:
            if not await _unpack(unpacking, part, read):
                size, what = limit + 1, "the unpacked body"
                read.clear()
        elif not more and not read:
            return bytes(part)
        else:
            read += part
    if size > limit:
        raise _too_large(limit, what)
    if unpacking is not None:
        unpacking.end()
    return bytes(read)


async def _unpack(unpacking: codings.Unpacking, part: bytes, read: bytearray) -> bool:
    """Unpack a part of a body, while others have their turns; False if it is over the limit."""
    turns = Turns()
    try:
        for piece in unpacking.pieces(part):
            read += piece
            if turns.over:
                await turns.end()
    except codings.Overflow:
        return False
    return True


def _too_large(limit: int, what: str = "the body") -> Rejected:
    return Rejected(ApiError("too_large", f"Request too large: {what} is over the limit of {limit} bytes."))
