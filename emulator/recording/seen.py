"""One inference as observed by the proxy: the request, and the answer with its timing and its end."""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from emulator.account.secrets import starred
from emulator.core.vocabulary import InferenceRequest
from emulator.dialects.sse import split_frames

Ending: TypeAlias = Literal["in order", "end", "reset", "truncate"]
"""How the upstream ended the answer: in order, or in one of the ways of a `hangup`."""


class BodyPart(msgspec.Struct, frozen=True):
    """Some bytes of a body, and when they arrived, in seconds after the request was sent."""

    at: float
    data: bytes


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One inference as observed. `status` is 0 if no answer arrived; header names are in lower case."""

    request: InferenceRequest
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    parts: tuple[BodyPart, ...] = ()
    begun: float = 0.0
    ended: Ending = "in order"

    @property
    def body(self) -> bytes:
        """All bytes of the body that arrived."""
        return b"".join(part.data for part in self.parts)

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters; empty if there is none."""
        return dict(self.headers).get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of server-sent events."""
        return self.media_type == "text/event-stream"

    def frames(self) -> list[BodyPart]:
        """The server-sent events, each with its blank line and the time of its last byte; the last may be cut."""
        return list(_frames(self.parts))


def _frames(parts: tuple[BodyPart, ...]) -> Iterator[BodyPart]:
    arrivals, end = _arrivals(parts), 0
    reached, at = next(arrivals, (0, 0.0))
    for frame in split_frames(b"".join(part.data for part in parts)):
        end += len(frame)
        while reached < end:
            reached, at = next(arrivals)
        yield BodyPart(at, frame)


def _arrivals(parts: tuple[BodyPart, ...]) -> Iterator[tuple[int, float]]:
    """The number of bytes received so far, and when."""
    size = 0
    for part in parts:
        size += len(part.data)
        yield size, part.at


def without_secrets(parts: list[BodyPart], secrets: Iterable[str]) -> tuple[BodyPart, ...]:
    """The parts with all secrets masked, including those that span several parts."""
    data, start, found = starred(b"".join(part.data for part in parts), secrets), 0, []
    for part in parts:
        found.append(BodyPart(part.at, data[start : start + len(part.data)]))
        start += len(part.data)
    return tuple(found)
