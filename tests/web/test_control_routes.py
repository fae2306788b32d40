"""The table of control routes: every row has its handler, which is imported when the route is first asked for."""

import inspect
import subprocess
import sys

import pytest
from support.asgi import ask, make_engine

from emulator.web.app import create_app
from emulator.web.control import ROUTES, handler

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
