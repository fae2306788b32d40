"""The place of a frame fault: frames are divided into those before it and those after it.

A frame is one server-sent event with its blank line, or a whole JSON body, which has none. Frames are recognised by
patterns that cover all dialects. A pattern never matches the text of an answer, since quotes within a JSON string are
escaped; only the input of a tool call in a whole message is not a string.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from emulator.core.plan import FrameFault
from emulator.core.tokens import count
from emulator.faults.text_events import size
from emulator.faults.where import Divided, Where, after, before, change_rest

_PLACES: Mapping[str, re.Pattern[bytes]] = {
    # any frame
    "response": re.compile(b""),
    # text that is not empty (the first chunk of a chat has a role and ""); a tool call; the start of a block
    "first_token": re.compile(
        rb'"(?:content|reasoning_content|reasoning|text)":"[^"]|"tool_calls":\[|"function_call":\{'
        rb'|\Aevent: content_block_start\n|"type":"tool_use"'
    ),
    # arguments of a tool call on /v1; on /anthropic; in a whole message
    "tool_arguments": re.compile(rb'"arguments":"[^"]|"type":"input_json_delta"|"input":\{"'),
    # before the end both surfaces write null
    "finish": re.compile(rb'"(?:finish_reason|stop_reason)":"'),
    # the chunk without choices; Anthropic's message_delta; a whole body of either surface
    "usage": re.compile(rb'"choices":\[\],"usage":\{|\Aevent: message_delta\n|\A\{.*"usage":\{', re.DOTALL),
    # the last frame of either surface
    "done": re.compile(rb"\Adata: \[DONE\]|\Aevent: message_stop\n"),
}
"""The frame that each place is right before."""

_TEXT = re.compile(
    rb'"(?:content|reasoning_content|reasoning|text|thinking|arguments|partial_json)":("(?:[^"\\]++|\\.)*+")'
)


class Alone(bytes):
    """A frame, or a part of one, that is sent in a separate write."""


def is_body(frame: bytes) -> bool:
    """Whether this is a whole JSON body."""
    return not frame.endswith(b"\n\n")


def from_there(where: Where, change: FrameFault) -> FrameFault:
    """The fault that changes all frames after a place, and none before it.

    A whole body is changed if it contains the place.
    """
    return lambda frames: change_rest(divided(where, frames), change)


def divided(where: Where, frames: Iterable[bytes]) -> Divided[bytes]:
    """Yield the frames before a place, and return the others."""
    match where.name:
        case "tokens":
            return after(frames, where.count, lambda frame: sum(map(count, _texts(frame))), _behind)
        case "bytes":
            return after(frames, where.count, lambda frame: sum(map(size, _texts(frame))), _behind)
        case "events":
            return after(frames, where.count, lambda frame: 1, _behind)
        case name:
            return before(frames, lambda frame: _PLACES[name].search(frame) is not None)


def _behind(frame: bytes, left: int) -> tuple[Iterable[bytes], Iterable[bytes]]:
    return ((), (frame,)) if is_body(frame) else ((frame,), ())


def _texts(frame: bytes) -> Iterator[str]:
    """The texts of a frame: all those of a body, or the one of an event, which may have it under two names."""
    for found in _TEXT.finditer(frame):
        yield msgspec.json.decode(found[1], type=str)
        if not is_body(frame):
            return
