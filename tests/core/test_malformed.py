"""Why a body is no JSON: a byte order mark and half of a character are named, with their place, at every POST."""

import codecs
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.asgi import COUNT, SAMPLES, ask, make_engine

from emulator.core.errors import Rejected
from emulator.core.fields import decode
from emulator.web.app import create_app
from emulator.web.control.rows import ROUTES

PATHS = [
    *SAMPLES,
    COUNT,
    *(row.path for row in ROUTES if row.method == "POST" and row.fields is not None and "{" not in row.path),
]
JSON = '{"key": "x"}'
ROWS = {
    "a mark": (codecs.BOM_UTF8 + JSON.encode(), "byte order mark at line 1, column 1"),
    "a mark in the third line": (b"\n\n " + codecs.BOM_UTF8 + JSON.encode(), "byte order mark at line 3, column 2"),
    "a mark at the end": (JSON.encode() + codecs.BOM_UTF8, "byte order mark at line 1, column 13"),
    "a mark between fields": ('{"ä": "\ufeff",\ufeff "b": 1}'.encode(), "byte order mark at line 1, column 11"),
    "only a mark": (codecs.BOM_UTF8, "byte order mark at line 1, column 1"),
    "UTF-16": (JSON.encode("utf-16"), "it is UTF-16, by the byte order mark ff fe"),
    "UTF-16, the other way round": (codecs.BOM_UTF16_BE + JSON.encode("utf-16-be"), "by the byte order mark fe ff"),
    "UTF-16 without a mark": (JSON.encode("utf-16-le"), "it is UTF-16 or UTF-32, by the zero byte"),
    "UTF-32": (JSON.encode("utf-32"), "it is UTF-32, by the byte order mark ff fe 00 00"),
    "a high half at the end": (
        rb'{"a": "cut \ud83d"}',
        r"half of a surrogate pair, \ud83d, at line 1, column 12, in a:",
    ),
    "a high half within": (
        rb'{"a": "cut \uD83D here"}',
        r"half of a surrogate pair, \uD83D, at line 1, column 12, in a:",
    ),
    "a low half": (rb'{"a": "\ude00"}', r"half of a surrogate pair, \ude00, at line 1, column 8, in a:"),
    "halves in a wrong order": (rb'{"a": "\ude00\ud83d"}', r"\ude00, at line 1, column 8, in a:"),
    "a high half before another escape": (rb'{"a": "\ud83d\u0041"}', r"\ud83d, at line 1, column 8, in a:"),
    "half of it in a text that is cut": (rb'{"a": "\ud83d\ude', r"\ud83d, at line 1, column 8, in a:"),
    "behind a pair and a backslash": (rb'{"a": "\ud83d\ude00 \\ud83d \\\ud83d"}', r"column 31, in a:"),
    "in a key": (rb'{"a": {"\ud83d": 1}}', r"in a key of a:"),
    "in a key of the whole": (rb'{"\ud83d": 1}', r"in a key:"),
    "deep, in the second line": (
        b'{"m": [1, {"b": "x, [y"},\n{"c": [[], "z", "\\ud83d"]}]}',
        r"at line 2, column 18, in m[2].c[2]:",
    ),
    "as bytes": (
        b'{"a": ["\xed\xa0\xbd"]}',
        "half of a surrogate pair as bytes, ed a0 bd, at line 1, column 9, in a[0]:",
    ),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ROWS)
def test_what_is_wrong_with_the_bytes_is_named(path: str, name: str) -> None:
    """A 400 that says what is there, and where."""
    body, words = ROWS[name]
    answer = ask(create_app(make_engine()), "POST", path, body)
    assert answer.status == 400
    assert words in answer.json["error"]["message"]


def test_a_mistake_before_it_is_told_first() -> None:
    """Half of a character that is behind what is wrong is not the reason."""
    with pytest.raises(Rejected, match=r"invalid character \(byte 10\)"):
        decode(rb'{"a": tru, "b": "\ud83d"}')
    assert decode(rb'{"a": "\\ud83d, \ud83d\ude00"}') == {"a": "\\ud83d, 😀"}


@given(
    st.recursive(
        st.text(max_size=5) | st.integers(0, 9),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text('ab\\"]{,:', max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.booleans(),
)
@example({"a": ['\\"', {"b": []}]}, True)
def test_the_place_of_a_text_is_found_in_any_json(around: Any, ascii: bool) -> None:
    """Whatever stands before it."""
    body = json.dumps({"before": around, "here": ["CUT"]}, ensure_ascii=ascii, indent=1)
    line = body.partition('"CUT"')[0].count("\n") + 1
    with pytest.raises(Rejected) as refused:
        decode(body.replace('"CUT"', r'"\ud83d"').encode())
    told = refused.value.error.message
    assert rf"half of a surrogate pair, \ud83d, at line {line}, column 4, in here[0]:" in told


@pytest.mark.parametrize("piece", [rb"\n", rb"\\", b'","', rb"\ud83d\ude00", b"[", b"{", "é".encode()])
def test_a_large_body_costs_a_bounded_number_of_steps(piece: bytes) -> None:
    """What is not found within them is told as any other mistake."""
    with pytest.raises(Rejected, match=r"not valid JSON|nested too deeply"):
        decode(b'{"a": ["' + piece * (4_000_000 // len(piece)) + rb'\ud83d"]}')
