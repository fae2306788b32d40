"""The table of control routes: every row has its handler, which is imported when the route is first asked for."""

import inspect
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.asgi import KEY, PLAIN, Exchange, ask, make_engine

from emulator.core.clock import EPOCH
from emulator.engine import Engine
from emulator.inferences.selecting import FILTERS
from emulator.scenario.language.environment import ACCOUNT
from emulator.store.outside import at_once
from emulator.store.snapshot import snapshot
from emulator.web.app import create_app
from emulator.web.control import handler
from emulator.web.control.rows import ROUTES, Row

LATE = {f"emulator.web.control.{row.handler.partition('.')[0]}" for row in ROUTES}


@pytest.mark.parametrize("name", sorted({row.handler for row in ROUTES}))
def test_every_row_has_a_handler(name: str) -> None:
    """It is a documented coroutine function of an engine and a request."""
    found = handler(name)
    assert inspect.iscoroutinefunction(found)
    assert [*inspect.signature(found).parameters] == ["engine", "request"]
    assert found.__doc__


@pytest.mark.parametrize("path", sorted({row.path for row in ROUTES}))
def test_other_methods_are_refused(path: str) -> None:
    """A method that no row of the path names is a 405, which names those that they do."""
    methods = [row.method for row in ROUTES if row.path == path]
    refused = ask(create_app(make_engine()), "PATCH", path.replace("{name}", "x").replace("{id}", "x"))
    named = refused.headers["allow"].split(", ")
    assert (refused.status, sorted({*named} - {"HEAD"})) == (405, sorted(methods))


def test_handlers_are_imported_late() -> None:
    """A server that is asked for inferences only pays for no control route."""
    code = "import sys, emulator.web.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert LATE & {*loaded} == set()


# ---------------------------------------------------------------------------------------------- what is refused

READING = [row for row in ROUTES if row.fields is not None]
FIELDS = [(row, name) for row in READING for name in (row.fields or "").split()]
GOOD: dict[str, Any] = {
    "POST /_emulator/activate": {"scenario": "hello", "key": KEY},
    "POST /_emulator/reset": {"key": KEY},
    "POST /_emulator/clock": {"advance": "60s"},
    "PUT /_emulator/account": {"key": KEY, "credits": 5},
    "POST /_emulator/account": {"key": KEY, "policy": {"concurrency": 1}},
    "POST /_emulator/credits": {"key": KEY, "purchase": 5},
    "POST /_emulator/keys": {"name": "ci"},
    "PUT /_emulator/keys/{id}": {"policy": {}},
    "PUT /_emulator/backends": {"model": PLAIN, "backends": 0},
}
"""Bodies that change something; rows that are not here need no body."""
NEEDLESS = {"POST /_emulator/reset", "POST /_emulator/keys", "PUT /_emulator/account"}
"""Rows that mean something without any field: reset everything, make a key, open accounts without limits."""


def of(row: Row) -> str:
    return f"{row.method} {row.path}"


def prepared() -> Engine:
    """An engine with a managed key and an account, of which something can be changed."""
    engine = make_engine()
    app = create_app(engine)
    ask(app, "POST", "/_emulator/keys", {"name": "first"})
    ask(app, "PUT", "/_emulator/account", {"key": KEY, "credits": 1})
    ask(app, "GET", "/nowhere")
    return engine


def tried(engine: Engine, row: Row, body: Any = None, query: str = "") -> Exchange:
    path = row.path.replace("{name}", "hello").replace("{id}", "key_1")
    return ask(create_app(engine), row.method, f"{path}{query}", body)


def state(engine: Engine) -> Any:
    """All that a request could change; how often a request was seen changes with every one."""
    store = at_once(snapshot(engine.store, engine.clock))["store"]
    keys = {key: {**own, "seen": None} for key, own in store["keys"].items()}
    return store["shared"], keys, engine.clock.now(), engine.clock.rate, engine.library.names()


def refused(row: Row, body: Any = None, query: str = "") -> dict[str, Any]:
    """The error of a request that is a 400 and leaves everything as it was."""
    engine = prepared()
    before = state(engine)
    done = tried(engine, row, body, query)
    assert done.status == 400, (of(row), body, query, done.body)
    assert state(engine) == before
    error: dict[str, Any] = done.json["error"]
    return error


@pytest.mark.parametrize("row", [row for row in ROUTES if row.query is not None], ids=of)
@settings(max_examples=20)
@given(name=st.text("abcdefghij_", min_size=1, max_size=12))
def test_an_unknown_query_parameter_is_refused(row: Row, name: str) -> None:
    """It would have no effect: a 400 names it, whatever stands in the body."""
    assert row.query is not None
    if name in row.query.split():
        return
    error = refused(row, GOOD.get(of(row)), f"?{name}=1")
    assert (error["param"], "Unknown query parameter" in error["message"]) == (name, True)


@pytest.mark.parametrize("row", READING, ids=of)
@settings(max_examples=20)
@given(name=st.text(min_size=1, max_size=12))
def test_an_unknown_field_is_refused(row: Row, name: str) -> None:
    """A 400 names it, though all else in the body is good; a route that takes no fields takes none."""
    if name in (row.fields or "").split():
        return
    error = refused(row, {**GOOD.get(of(row), {}), name: 1})
    assert (error["param"], "Unknown field" in error["message"]) == (name, True)


@pytest.mark.parametrize(("row", "name"), FIELDS, ids=lambda part: part if isinstance(part, str) else of(part))
def test_each_field_is_read(row: Row, name: str) -> None:
    """A value that no field can have is a 400 for each; a misspelt one leads to it."""
    refused(row, {**GOOD.get(of(row), {}), name: [[]]})
    message = refused(row, {**GOOD.get(of(row), {}), f"{name}s_": 1})["message"]
    assert f"did you mean '{name}'?" in message or f"did you mean '{name}s'?" in message


@pytest.mark.parametrize("row", READING, ids=of)
@pytest.mark.parametrize("body", [b"[1]", b"[]", b'"hello"', b"1", b"null", b"{", b"scenario=hello"])
def test_a_body_that_is_no_object_is_refused(row: Row, body: bytes) -> None:
    """A list, a scalar, JSON that breaks off and a form are no fields."""
    assert "The request body" in refused(row, body)["message"]


NEEDING = [row for row in READING if of(row) in GOOD and of(row) not in NEEDLESS]


@pytest.mark.parametrize("row", NEEDING, ids=of)
def test_missing_fields_are_told(row: Row) -> None:
    """A body without the fields that say what to do changes nothing, and says what was expected."""
    assert "expected" in refused(row, {})["message"]


def test_good_bodies_are_good() -> None:
    """What the tests above spoil is accepted as it is."""
    for row in READING:
        if of(row) in GOOD:
            assert tried(prepared(), row, GOOD[of(row)]).status in (200, 201), of(row)


def test_a_scenario_is_not_deactivated_by_mistake() -> None:
    """Only null does that: neither a misspelt field nor an empty body."""
    engine = make_engine()
    app = create_app(engine)
    ask(app, "POST", "/_emulator/activate", {"scenario": "hello"})
    for body in ({"name": "hello"}, {}, {"key": KEY}, None, {"scenario": ""}, {"scenario": 1}):
        assert ask(app, "POST", "/_emulator/activate", body).status == 400
        assert at_once(engine.active()) == "hello"
    assert ask(app, "POST", "/_emulator/activate", {"scenario": None}).status == 200
    assert at_once(engine.active()) is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?key=", "it is empty"),
        ("?key=akml-a&key=akml-b", "it is given twice"),
        ("?keys=akml-a", "did you mean 'key'?"),
        ("?policy=1", "GET /_emulator/account takes only key."),
    ],
)
def test_a_query_parameter_says_one_thing(query: str, words: str) -> None:
    """An empty one and one that is repeated are refused like one that is not known."""
    assert words in ask(create_app(make_engine()), "GET", f"/_emulator/account{query}").json["error"]["message"]


def test_a_name_in_the_wrong_place_is_told_where_it_belongs() -> None:
    """A field in the query, and a query parameter in the body."""
    app = create_app(make_engine())
    query = ask(app, "POST", "/_emulator/activate?scenario=hello").json["error"]["message"]
    field = ask(app, "GET", "/_emulator/account", {"key": KEY}).json["error"]["message"]
    assert "it is a field of the body here" in query
    assert "it is a query parameter here" in field


def test_the_rows_have_the_names_of_what_they_read() -> None:
    """The filters of inferences, and the keys of an account."""
    rows = {of(row): row for row in ROUTES}
    listed = (rows["GET /_emulator/inferences"].query or "").split()
    assert {*listed} == {*FILTERS, "limit", "after", "before", "order", "format", "follow"}
    account = (rows["PUT /_emulator/account"].fields or "").split()
    assert {*account} == {"key", *(key.name for key in ACCOUNT.table())}


# ---------------------------------------------------------------------------------------------- units


@pytest.mark.parametrize("minute", [60, 60.0, "60", "60s", "1m", "60000ms"])
def test_time_is_written_as_everywhere(minute: Any) -> None:
    """A number is in seconds, and a text may have a unit."""
    engine = make_engine()
    assert ask(create_app(engine), "POST", "/_emulator/clock", {"advance": minute}).json["unix"] == EPOCH + 60


@pytest.mark.parametrize("rate", [60, 60.0, "60", "x60"])
def test_a_rate_is_written_as_everywhere(rate: Any) -> None:
    """A number, or as at the command line."""
    assert ask(create_app(make_engine()), "POST", "/_emulator/clock", {"rate": rate}).json["rate"] == 60


@pytest.mark.parametrize(("rate", "status"), [(1_000_000, 200), ("x1000000", 200), (1_000_001, 400), ("x1000001", 400)])
def test_the_highest_rate_is_the_one_that_is_told(rate: Any, status: int) -> None:
    """The document and the error name it."""
    assert ask(create_app(make_engine()), "POST", "/_emulator/clock", {"rate": rate}).status == status


@pytest.mark.parametrize("amount", [5, 5.0, "5", "5.00", "5 USD", "5.00 USD"])
def test_money_is_written_as_everywhere(amount: Any) -> None:
    """A bare number is in US dollars, in an account and in a purchase."""
    app = create_app(make_engine())
    assert (
        ask(app, "PUT", "/_emulator/account", {"key": KEY, "credits": amount}).json["credits"]["balance"] == "5.00 USD"
    )
    bought = ask(app, "POST", "/_emulator/credits", {"key": KEY, "purchase": amount})
    assert bought.json["balance"] == "10.00 USD"


@pytest.mark.parametrize("body", [{"freeze": False}, {"run": 1}, {"freeze": True, "advance": 5}, {"advance": None}])
def test_a_clock_does_one_thing_at_a_time(body: dict[str, Any]) -> None:
    """A second field would be ignored, and `freeze: false` says nothing."""
    engine = make_engine()
    assert ask(create_app(engine), "POST", "/_emulator/clock", body).status == 400
    assert (engine.clock.now(), engine.clock.rate) == (EPOCH, 0)
