"""Each control route, asked what nobody should ask: every answer is described, tells what is wrong, and is data."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from starlette.types import ASGIApp
from support.asgi import CHAT, KEY, PLAIN, Exchange, ask, chat, error_of, make_engine

from emulator.core.settings import Settings
from emulator.scenario.language.environment import AUTO_TOP_UP, BACKENDS, POLICY, TRIAL
from emulator.scenario.reading.readers import Section
from emulator.web.app import create_app
from emulator.web.control.rows import ROUTES, Row
from emulator.web.openapi import document
from emulator.web.presets import Presets

DOCUMENT = document(Settings())
LONG = "9" * 400
NAMES = [
    "x",
    "é",
    "🎈",
    "%00",
    "%ff",
    "a%2fb",
    "..",
    "%2e%2e",
    "good@1",
    "@",
    "%20",
    "x" * 3000,
    LONG,
    "-1",
    "٣",
    "1e3",
]
"""What may stand in a path."""
QUERIES = [
    "",
    "%20",
    "%00",
    "%ff",
    "🎈",
    LONG,
    "-1",
    "1e99",
    "1.5",
    "NaN",
    "null",
    "[",
    "*" * 2000,
    "0",
    "true",
    "٣",
    "a,b",
]
"""Values of a query parameter."""
VALUES = [
    *("null", "true", "0", "-1", "0.1", "1e99", "12345678901234567890123", '""', '" "', '"\\u0000"', '"a\\nb"', '"🎈"'),
    *("[]", "{}", "[[[[1]]]]", '{"a": {"b": 1}}', '{"": ""}', f'"{"x" * 9000}"', '"../x"', '"@preset/x"'),
]
"""Values of a field."""
BODIES = [
    *(
        b"",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"a": NaN}',
        b'{"\\ud800": 1}',
        b'{"": 1}',
    ),
    *(b"[" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"x" * 100_000, b'{"a": %b}' % (b"1" * 5000)),
]


def of(row: Row) -> str:
    return f"{row.method} {row.path}"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    """An app with something behind each name."""
    folder = tmp_path_factory.mktemp("folder")
    (folder / "mine.yaml").write_text("name: mine\nrules: [{reply: {text: One.}}]\n")
    engine = make_engine()
    engine.library.add_folder(folder)
    made = create_app(engine, presets=Presets(), edited=folder)
    ask(made, "POST", CHAT, chat())
    ask(made, "POST", "/_emulator/keys", {"name": "first"})
    ask(made, "PUT", "/_emulator/account", {"key": "akml-paid", "credits": 5})
    ask(made, "PUT", "/_emulator/presets/mine", {"model": PLAIN})
    return made


def path_of(row: Row, name: str = "") -> str:
    """The path of a row with a name in it, by default one of something that is there."""
    known = {"name": "mine", "file": "app.js", "id": "1" if "inferences" in row.path else "key_1"}
    return re.sub(r"{(\w+)}", lambda found: name or known[found[1]], row.path)


def described(row: Row, done: Exchange) -> None:
    """Check an answer: it is one that the document describes, and one that no browser runs, keeps or frames."""
    assert done.complete
    told = DOCUMENT["paths"][row.path][row.method.lower()]["responses"].get(str(done.status))
    assert told is not None, (of(row), done.status, done.body[:300])
    if "$ref" in told:
        told = DOCUMENT["components"]["responses"][told["$ref"].rpartition("/")[2]]
    media = done.headers.get("content-type", "").partition(";")[0]
    schemas = {name.partition(";")[0]: each["schema"] for name, each in told.get("content", {}).items()}
    assert media in schemas or (not schemas and not done.body), (of(row), done.status, media)
    if media == "application/json" and row.path != "/_emulator/console/{file}":
        schema = {**schemas[media], "components": DOCUMENT["components"]}
        assert Draft202012Validator(schema).is_valid(done.json), (of(row), done.body[:500])
    if done.status >= 400 and "mistakes" not in done.json:
        error_of(done)
    assert done.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in done.headers["content-security-policy"]
    assert done.headers["cache-control"] in ("no-store", "no-cache")


def tried(app: ASGIApp, row: Row, path: str, body: bytes | None = None) -> None:
    described(row, ask(app, row.method, path, body))


@pytest.mark.parametrize("row", ROUTES, ids=of)
def test_whatever_is_asked_is_answered(row: Row, app: ASGIApp) -> None:
    """Any name in the path, any value of each parameter and of each field, and any body."""
    for path, body in asked(row):
        tried(app, row, path, body)


NESTED: dict[str, dict[str, Section[Any]]] = {
    "POST /_emulator/account": {"policy": POLICY},
    "POST /_emulator/keys": {"policy": POLICY},
    "PUT /_emulator/keys/{id}": {"policy": POLICY},
    "PUT /_emulator/account": {"trial": TRIAL, "auto_top_up": AUTO_TOP_UP},
    "POST /_emulator/credits": {"trial": TRIAL, "auto_top_up": AUTO_TOP_UP},
    "PUT /_emulator/backends": {"backends": BACKENDS},
}
"""Fields with fields of their own, by their rows."""
INNER = [
    *VALUES,
    f'["{"*" * 2000}"]',
    f'["{"x" * 9000}", 1, null]',
    '["*"]',
    '"9999-12-31"',
    '"1e5"',
    f'"{LONG}"',
    LONG,
]
"""Values of a field within a field."""


@pytest.mark.parametrize("row", [row for row in ROUTES if of(row) in NESTED], ids=of)
def test_whatever_is_within_a_field_is_answered(row: Row, app: ASGIApp) -> None:
    """Each of its own fields with any value, and one that there is not, alone and beside another."""
    needed = {"model": PLAIN} if "model" in (row.fields or "").split() else {}
    for field, section in NESTED[of(row)].items():
        for name in [*(key.name for key in section.table()), "no_such_field", ""]:
            for value in INNER:
                body = json.dumps(needed)[:-1] + (", " if needed else "") + f'"{field}": {{"{name}": {value}}}}}'
                tried(app, row, path_of(row), body.encode())


def asked(row: Row) -> Iterator[tuple[str, bytes | None]]:
    usual = path_of(row)
    if "{" in row.path and "{file}" not in row.path:  # what is in the path may have slashes
        yield from ((path_of(row, name), None) for name in NAMES if "%2f" not in name and name not in ("..", "%2e%2e"))
    for name in (row.query or "").split():
        if name != "follow":
            yield from ((f"{usual}?{name}={value}", None) for value in QUERIES)
            yield f"{usual}?{name}=1&{name}=1", None
    yield f"{usual}?no_such_parameter=1", None
    if row.method != "GET":
        yield from ((usual, body) for body in BODIES)
    for name in (row.fields or "").split():
        yield from ((usual, f'{{"{name}": {value}}}'.encode()) for value in VALUES)


@pytest.mark.parametrize("path", sorted({row.path for row in ROUTES}))
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "get"])
def test_other_methods_are_data_too(method: str, path: str, app: ASGIApp) -> None:
    """What is not allowed, and what is no route, has the same headers."""
    row = Row(method, path, "")
    for each in (path_of(row), f"{path_of(row)}/no/route"):
        done = ask(app, method, each)
        assert (done.status < 500, done.headers["x-content-type-options"]) == (True, "nosniff")
        assert "frame-ancestors 'none'" in done.headers["content-security-policy"]


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {}],
    ids=str,
)
def test_a_refusal_at_the_door_is_data_too(headers: dict[str, str]) -> None:
    """The host, the origin and the token are checked before the route, and the answer has the same headers."""
    engine = make_engine(control_token="a-long-token-of-mine", allowed_hosts=["localhost"])
    for row in ROUTES:
        if row.path not in ("/_emulator/health", "/_emulator/ready"):
            done = ask(create_app(engine), row.method, path_of(row), headers={"host": "localhost", **headers})
            assert done.status in (401, 403, 421)
            assert (done.headers["x-content-type-options"], done.headers["cache-control"]) == ("nosniff", "no-store")


def test_the_emulated_api_is_as_it_is() -> None:
    """Its answers have none of these headers."""
    done = ask(create_app(make_engine()), "POST", CHAT, chat())
    assert not {"x-content-type-options", "content-security-policy", "referrer-policy"} & {*done.headers}


# ---------------------------------------------------------------------------------------------- names given twice

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2)
)


@pytest.mark.parametrize("row", [row for row in ROUTES if row.fields], ids=of)
@settings(max_examples=10)
@given(values=st.lists(JSON, min_size=2, max_size=3), depth=st.integers(0, 2), data=st.data())
def test_a_field_that_is_given_twice_is_refused(
    row: Row, app: ASGIApp, values: list[Any], depth: int, data: st.DataObject
) -> None:
    """At any depth, whatever its values: one of them would have no effect."""
    names = (row.fields or "").split()
    name = data.draw(st.sampled_from(names) if depth == 0 else st.text(max_size=5))
    pairs = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for value in values)
    body = f"{{{pairs}}}"
    for _ in range(depth):
        body = f"{{{json.dumps(names[0])}: [{body}]}}"
    done = ask(app, row.method, path_of(row), body.encode())
    assert (done.status, done.json["error"]["param"]) == (400, name or None)
    assert "given twice" in done.json["error"]["message"]


# ---------------------------------------------------------------------------------------------- files that are none


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link to nothing", "a link to a device", "nothing"])
def test_a_file_of_a_scenario_may_become_anything(kind: str, tmp_path: Path) -> None:
    """Its text is no longer there and cannot be saved, and nothing waits for it."""
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nrules: [{reply: {text: One.}}]\n")
    engine = make_engine()
    engine.library.add_folder(tmp_path)
    app = create_app(engine, edited=tmp_path)
    before = ask(app, "GET", "/_emulator/scenarios/mine/source").json
    path.unlink()
    match kind:
        case "a pipe":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case "a link to nothing":
            path.symlink_to(tmp_path / "none")
        case "a link to a device":
            path.symlink_to("/dev/zero")
    told = ask(app, "GET", "/_emulator/scenarios/mine/source").json
    assert [told[name] for name in ("text", "digest", "writable")] == [None, None, False]
    saved = ask(app, "PUT", f"/_emulator/scenarios/mine/source?digest={before['digest']}", before["text"].encode())
    assert (saved.status, "cannot be saved" in saved.json["error"]["message"]) == (400, True)
    assert not (tmp_path / "none").exists()
    asked = ask(app, "POST", CHAT, chat(), key="akml-mine")
    assert (asked.status, "mine" in asked.body.decode()) == (400, True)


def test_a_file_that_becomes_a_link_while_it_is_saved_stays(tmp_path: Path) -> None:
    """The text takes long to come; meanwhile the file is replaced by a link to one with the same text."""
    path, outside = tmp_path / "stories" / "mine.yaml", tmp_path / "outside.yaml"
    path.parent.mkdir()
    text = "name: mine\nrules: [{reply: {text: One.}}]\n"
    path.write_text(text)
    engine = make_engine()
    engine.library.add_folder(path.parent)
    app = create_app(engine, edited=path.parent)
    digest = ask(app, "GET", "/_emulator/scenarios/mine/source").json["digest"]

    async def replaced(scope: Any, receive: Any, send: Any) -> None:
        async def received() -> Any:
            if not path.is_symlink():
                outside.write_text(text)
                path.unlink()
                path.symlink_to(outside)
            return await receive()

        await app(scope, received, send)

    body = text.replace("One", "Two").encode()
    assert ask(replaced, "PUT", f"/_emulator/scenarios/mine/source?digest={digest}", body).status == 400
    assert outside.read_text() == text


@pytest.mark.parametrize("body", [b"\xff\xfe", b"name: mine\nrules: [{reply: {text: \xff}}]\n"])
def test_no_byte_of_a_scenario_is_replaced(body: bytes) -> None:
    """What is no UTF-8 is told with the byte that is wrong, and is not stored."""
    app = create_app(make_engine())
    for method, path in (("PUT", "/_emulator/scenarios/mine"), ("POST", "/_emulator/check")):
        told = ask(app, method, path, body).json["mistakes"]
        assert f"byte {body.index(0xFF)} is 0xff" in told[0]["message"]
    assert ask(app, "GET", "/_emulator/scenarios/mine").status == 404


def test_a_key_that_is_blank_is_none() -> None:
    """In a query as in a body."""
    app = create_app(make_engine())
    for path in ("account", "credits", "ledger", "backends", "inferences", "usage", "verify", "verdict"):
        told = ask(app, "GET", f"/_emulator/{path}?key=%20", key=KEY)
        assert (told.status, told.json["error"]["param"]) == (400, "key")
