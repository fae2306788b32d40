"""Content codings of requests: a body is unpacked while it arrives, in small pieces, and never beyond a limit.

gzip and deflate are Python's own; br and zstd need a package that is not always there (`akashml-emulator[codings]`).
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from emulator.core.errors import ApiError, Rejected

_PIECE = 64 * 1024
_SLICE = 256
"""Bytes that are given at once to a library that cannot bound what it makes of them: each may become 32 KiB."""
_MAX_CODINGS = 5
_MAX_MEMBERS = 1000
"""Members or frames that a body may have one after the other. Each costs the same, whatever its size."""


class Overflow(Exception):
    """What was unpacked is over the limit."""


class _Decoder(Protocol):
    """One member of a coding. `rest` is what came after its end, and `error` what the library raises."""

    error: type[Exception]
    ended: bool
    rest: bytes

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Unpack what came, in pieces of bounded size, at least one. Raises `error`."""


class _Zlib:
    """gzip or deflate. The latter may lack the header of zlib, as some clients send it (RFC 9110, section 8.4.1.2)."""

    error: type[Exception] = zlib.error
    ended, rest = False, b""

    def __init__(self, window: int | None) -> None:
        self._window = window
        self._inflate: Any = None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            self._inflate = zlib.decompressobj(self._window or (15 if data[0] & 15 == zlib.DEFLATED else -15))
        while True:
            piece = self._inflate.decompress(data, _PIECE)
            data, self.ended, self.rest = self._inflate.unconsumed_tail, self._inflate.eof, self._inflate.unused_data
            yield piece
            if self.ended or (not data and len(piece) < _PIECE):
                return


class _Brotli:
    ended, rest = False, b""

    def __init__(self) -> None:
        library = import_module("brotli")
        self.error: type[Exception] = library.error
        self._decoder = library.Decompressor()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        piece = self._decoder.process(data, output_buffer_limit=_PIECE)
        while piece:
            yield piece
            piece = self._decoder.process(b"", output_buffer_limit=_PIECE)
        self.ended = self._decoder.is_finished()
        yield b""


class _Zstd:
    """zstd with a window of at most 8 MiB (RFC 9659)."""

    ended, rest = False, b""

    def __init__(self) -> None:
        library = import_module("zstandard")
        self.error: type[Exception] = library.ZstdError
        self._decoder = library.ZstdDecompressor(max_window_size=1 << 23).decompressobj()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), _SLICE):
            piece = self._decoder.decompress(data[at : at + _SLICE])
            self.ended = self._decoder.eof
            if self.ended:
                self.rest = self._decoder.unused_data + data[at + _SLICE :]
            yield piece
            if self.ended:
                return


class _Coding(NamedTuple):
    """`again` is how a further member begins; a coding without it has only one.

    `needs` is the class of a package that unpacks it, and the method that is asked for; None for Python's own.
    """

    decoder: Callable[[], _Decoder]
    again: bytes = b""
    needs: tuple[str, str, str] | None = None


_CODINGS = {
    "gzip": _Coding(lambda: _Zlib(31), b"\x1f"),
    "deflate": _Coding(lambda: _Zlib(None)),
    "br": _Coding(_Brotli, needs=("brotli", "Decompressor", "can_accept_more_data")),
    "zstd": _Coding(_Zstd, b"\x28", needs=("zstandard", "ZstdDecompressor", "decompressobj")),
}
_ALIASES = {"x-gzip": "gzip"}


@cache
def accepted() -> str:
    """The codings that are unpacked here, as the header Accept-Encoding lists them."""
    return ", ".join(name for name, row in _CODINGS.items() if row.needs is None or _is_there(*row.needs))


def _is_there(package: str, name: str, method: str) -> bool:
    try:
        return hasattr(getattr(import_module(package), name), method)
    except ImportError:
        return False


class _Stage:
    """One coding of a body, with all its members. `limit` is the number of bytes that it may become."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._coding = _CODINGS[name]
        self._limit = limit
        self._size = 0
        self._members = 0
        self._decoder: _Decoder | None = None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Unpack what came. Raises `Rejected` with a 400 for what is not of this coding, and Overflow."""
        while data:
            if self._decoder is None:
                self._decoder = self._next(data)
            try:
                for piece in self._decoder.pieces(data):
                    self._size += len(piece)
                    if self._size > self._limit:
                        raise Overflow
                    yield piece
            except self._decoder.error as error:
                raise self._invalid(str(error).rpartition(": ")[2]) from None
            if not self._decoder.ended:
                return
            data, self._decoder = self._decoder.rest, None

    def end(self) -> None:
        """Raises `Rejected` with a 400 if the data is not complete."""
        if self._decoder is not None:
            raise self._invalid("it ends too early")

    def _next(self, data: bytes) -> _Decoder:
        if self._members and not (self._coding.again and data.startswith(self._coding.again)):
            raise self._invalid("other data follows its end")
        if self._members == _MAX_MEMBERS:
            raise self._invalid(f"it has more than {_MAX_MEMBERS} members")
        self._members += 1
        return self._coding.decoder()

    def _invalid(self, why: str) -> Rejected:
        return Rejected(ApiError("bad_request", f"The request body is not valid {self._name}: {why}."))


class Unpacking:
    """The unpacking of one body, whose codings are named in the order in which they were applied."""

    def __init__(self, codings: Sequence[str], limit: int) -> None:
        self._stages = [_Stage(name, limit) for name in reversed(codings)]

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Unpack what came, in pieces; some are empty. Raises `Rejected` with a 400, and Overflow."""
        return _through(self._stages, data)

    def end(self) -> None:
        """Raises `Rejected` with a 400 if the body is not complete."""
        for stage in self._stages:
            stage.end()


def _through(stages: Sequence[_Stage], data: bytes) -> Iterator[bytes]:
    if not stages:
        yield data
        return
    for piece in stages[0].pieces(data):
        yield from _through(stages[1:], piece)


def unpacking(header: str, limit: int) -> Unpacking | None:
    """The unpacking for a Content-Encoding header; None if it names no coding. Raises `Rejected` with a 415."""
    names = [name for each in header.split(",") if (name := each.strip().lower()) not in ("", "identity")]
    codings = [_ALIASES.get(name, name) for name in names]
    for name in codings:
        if name not in accepted().split(", "):
            raise _unsupported(f"Unsupported Content-Encoding {name[:40]!r}", name)
    if len(codings) > _MAX_CODINGS:
        raise _unsupported(f"Content-Encoding names {len(codings)} codings, over the limit of {_MAX_CODINGS}")
    return Unpacking(codings, limit) if codings else None


def _unsupported(what: str, name: str = "") -> Rejected:
    message = f"{what}: request bodies may have {accepted()}, or none."
    if name in _CODINGS:
        message += f" For {name}, install akashml-emulator[codings] where the emulator runs."
    return Rejected(ApiError("bad_request", message, status=415))
