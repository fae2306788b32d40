"""Where a frame fault happens, and what its frames are told by.

A frame is one server-sent event with its blank line, or a whole JSON body, which has none. Frames are read by what
every dialect writes into them. A marker is never found in what an answer says, for within a JSON string each quote has
a backslash before it; only the input of a tool call in a whole message is no string.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from emulator.core.tokens import count
from emulator.core.vocabulary import FrameFault
from emulator.faults.text_events import size
from emulator.faults.where import Divided, Where, after, before

_PLACES: Mapping[str, re.Pattern[bytes]] = {
    # anything, also nothing
    "response": re.compile(b""),
    # text that is not empty (a chat's first chunk has a role and ""); a tool call; the opening of a block
    "first_token": re.compile(
        rb'"(?:content|reasoning_content|reasoning|text)":"[^"]|"tool_calls":\[|"function_call":\{'
        rb'|\Aevent: content_block_start\n|"type":"tool_use"'
    ),
    # a piece of a tool call's arguments on /v1; on /anthropic; in a whole message
    "tool_arguments": re.compile(rb'"arguments":"[^"]|"type":"input_json_delta"|"input":\{"'),
    # both surfaces have null before the end
    "finish": re.compile(rb'"(?:finish_reason|stop_reason)":"'),
    # the chunk without choices; Anthropic's last word on tokens; a whole body of either
    "usage": re.compile(rb'"choices":\[\],"usage":\{|\Aevent: message_delta\n|\A\{.*"usage":\{', re.DOTALL),
    # the last frame of either surface
    "done": re.compile(rb"\Adata: \[DONE\]|\Aevent: message_stop\n"),
}
"""The frames right before which each place lies."""

_SAID = re.compile(
    rb'"(?:content|reasoning_content|reasoning|text|thinking|arguments|partial_json)":("(?:[^"\\]++|\\.)*+")'
)


class Alone(bytes):
    """A frame, or a part of one, that goes out in a write of its own."""


def is_body(frame: bytes) -> bool:
    """Whether this is a whole JSON body."""
    return not frame.endswith(b"\n\n")


def from_there(where: Where, change: FrameFault) -> FrameFault:
    """The fault that leaves all frames before a place as they are, and changes all that follow.

    A whole body is changed if the place lies anywhere in it.
    """

    def changed(frames: Iterator[bytes]) -> Iterator[bytes]:
        rest = yield from divided(where, frames)
        if rest is not None:
            yield from change(rest)

    return changed


def divided(where: Where, frames: Iterable[bytes]) -> Divided[bytes]:
    """Yield the frames before a place, and return the others."""
    match where.name:
        case "tokens":
            return after(frames, where.count, lambda frame: sum(map(count, _said(frame))), _behind)
        case "bytes":
            return after(frames, where.count, lambda frame: sum(map(size, _said(frame))), _behind)
        case "events":
            return after(frames, where.count, lambda frame: 1, _behind)
        case name:
            return before(frames, lambda frame: _PLACES[name].search(frame) is not None)


def _behind(frame: bytes, left: int) -> tuple[Iterable[bytes], Iterable[bytes]]:
    return ((), (frame,)) if is_body(frame) else ((frame,), ())


def _said(frame: bytes) -> Iterator[str]:
    """The texts that a frame says: all those of a body; of an event one, which may stand under two names."""
    for found in _SAID.finditer(frame):
        yield msgspec.json.decode(found[1], type=str)
        if not is_body(frame):
            return
