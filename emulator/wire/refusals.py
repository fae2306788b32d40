"""Why a connection refuses a request before the app has seen it: the bounds of a head, and their errors."""

import httptools

from emulator.core.decimals import decimal
from emulator.core.errors import ApiError

MAX_HEAD = 64 * 1024
"""Bytes of a request line with its headers, and of a body's chunk extensions and trailers."""
MAX_URL = 16 * 1024
MAX_HEADERS = 256
MAX_AHEAD = 1000
"""Requests that a client may send before it has the answer to the first of them."""
_TLS = b"\x16\x03"


def long_url(size: int) -> ApiError:
    """The 414 for a URL of so many bytes."""
    return _too_large(414, f"its URL is over the limit of {MAX_URL} bytes: {size} bytes came.")


def large_head(size: int) -> ApiError:
    """The 431 for a request line and headers of so many bytes."""
    return _too_large(
        431, f"its request line and headers are over the limit of {MAX_HEAD} bytes in all: {size} bytes came."
    )


def large_framing(size: int) -> ApiError:
    """The 431 for a body whose framing takes so many bytes."""
    return _too_large(
        431, f"its chunk extensions and trailers are over the limit of {MAX_HEAD} bytes in all: {size} bytes came."
    )


def many_headers(number: int) -> ApiError:
    """The 431 for so many headers."""
    return _too_large(431, f"it has {number} headers, over the limit of {MAX_HEADERS}.")


def many_ahead() -> ApiError:
    """The 429 for a client that sends requests and does not read the answers."""
    told = f"More than {MAX_AHEAD} requests were sent on this connection before their answers were read."
    return ApiError("rate_limited", told)


def late(what: str, seconds: float, setting: str) -> ApiError:
    """The 408 for a part of a request that took longer than a setting allows."""
    return ApiError("bad_request", f"{what} not complete within {decimal(seconds)} s ({setting}).", status=408)


def invalid(why: str) -> ApiError:
    """The 400 for bytes that are not an HTTP/1.1 request."""
    return ApiError("bad_request", f"This is not a valid HTTP/1.1 request: {why}.")


def unparsed(error: httptools.HttpParserError, method: bytes, data: bytes) -> ApiError:
    """The 400 for bytes that cannot be parsed, with what they are instead if that is clear."""
    if data.startswith(_TLS):
        return invalid("the client speaks TLS: the base URL has to begin with http://, not https://")
    if method == b"PRI":
        return invalid("the client speaks HTTP/2 without being asked to, and this server speaks only HTTP/1.1")
    if method == b"CONNECT":
        return invalid("the client takes this server for a proxy, which it is not")
    if isinstance(error, httptools.HttpParserCallbackError):
        return invalid("its URL is invalid")
    return invalid(str(error) or "it cannot be parsed")


def _too_large(status: int, told: str) -> ApiError:
    return ApiError("too_large", f"Request too large: {told}", status=status)
