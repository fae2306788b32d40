"""Reading JSON that was cut off."""

import re
from typing import Any

import msgspec

from emulator.core.regexes import late

_TOKEN = late(r'[ \t\r\n]*(?:(?P<mark>[{}\[\]:,])|(?P<word>[-+.\w]+)|"(?:[^"\\]|\\.)*")', re.DOTALL | re.ASCII)
_WORD = late(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null", re.ASCII)
_CLOSING = {"{": "}", "[": "]"}


def whole_part(text: str) -> dict[str, Any] | None:
    """The largest object that a JSON text begins with: what is complete in it. None if the text begins no object.

    A member or an item is complete with its value, of which an object or array may itself be cut; a number at the end
    counts as it stands. Anthropic's SDKs make the same of the parts of a stream.

    >>> whole_part('{"city": "Oslo", "days": [1, 2, "thr'), whole_part('{"ci'), whole_part("Oslo")
    ({'city': 'Oslo', 'days': [1, 2]}, {}, None)
    """
    end, closing = _complete(text)
    try:
        value = msgspec.json.decode(text[:end] + closing) if end else None
    except (msgspec.MsgspecError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _complete(text: str) -> tuple[int, str]:
    """Where the text has its last complete value or opens its last container, and what closes the open ones there."""
    opened: list[str] = []
    end = at = 0
    before: str | None = None
    while found := _TOKEN.match(text, at):
        at, mark, word = found.end(), found["mark"], found["word"]
        if mark in _CLOSING:
            opened.append(mark)
        elif mark in ("}", "]") and opened:
            opened.pop()
        is_key = mark is None and before != ":" and opened[-1:] == ["{"]
        if mark not in (":", ",") and not is_key and (word is None or _WORD.fullmatch(word)):
            end = at
        before = mark
    return end, "".join(_CLOSING[mark] for mark in reversed(opened))
