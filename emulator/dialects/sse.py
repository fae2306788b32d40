"""Server-sent events: the frames of a stream, and the fields of a frame."""

import re

_BLANK_LINE = re.compile(rb"(?<=\n)\r?\n")
_FRAME_LINE = re.compile(rb"^(?:event|data)?:", re.MULTILINE)


def is_stream(body: bytes) -> bool:
    r"""Whether a body has server-sent events. Within JSON no line begins as theirs do.

    >>> is_stream(b": wait\n\ndata: {}"), is_stream(b'{"text": "data: {}"}')
    (True, False)
    """
    return _FRAME_LINE.search(body) is not None


def split_frames(stream: bytes) -> list[bytes]:
    r"""The frames of a stream, each with its blank line; the last one may be cut. Joined they are the stream.

    >>> split_frames(b"event: ping\ndata: {}\n\ndata: [DO")
    [b'event: ping\ndata: {}\n\n', b'data: [DO']
    """
    frames, start = [], 0
    for found in _BLANK_LINE.finditer(stream):
        frames.append(stream[start : found.end()])
        start = found.end()
    return [*frames, stream[start:]] if start < len(stream) else frames


def count_frames(stream: bytes) -> int:
    """The number of frames of a stream that are complete."""
    return len(_BLANK_LINE.findall(stream))


def field(frame: bytes, name: bytes) -> bytes:
    r"""The value of a field of a frame, line by line where it has several; empty where it has none.

    >>> field(b"event: ping\r\ndata: {}\r\n\r\n", b"event")
    b'ping'
    """
    start = name + b":"
    return b"\n".join(line[len(start) :].strip() for line in frame.splitlines() if line.startswith(start))
