"""The table of endpoints: each row is true of its dialect, and one more row is all that one more endpoint needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.asgi import KEY, ask, make_engine
from support.served import ROOT

from emulator.core.settings import Settings
from emulator.dialects.endpoints import ENDPOINTS, Dialects, endpoint_of
from emulator.web.app import create_app

WITH_ECHO = "import sys, support.echo; support.echo.register(); import pytest; sys.exit(pytest.main(sys.argv[1:]))"


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_row_is_true_of_its_dialect(name: str) -> None:
    """Name and endpoint are the same, and the path is under the prefix of the dialect's surface."""
    endpoint, dialect = ENDPOINTS[name], ENDPOINTS[name].make(Settings())
    request = dialect.parse(dict(endpoint.sample), {}, KEY)
    assert name == endpoint.name == dialect.endpoint == request.endpoint
    assert endpoint.path.startswith(f"{dialect.surface.prefix}/")


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_sample_is_answered(name: str) -> None:
    """The sample request gets a 200, and with the fields for streaming, if there are any, a stream."""
    endpoint, app = ENDPOINTS[name], create_app(make_engine())
    whole = ask(app, "POST", endpoint.path, endpoint.sample)
    assert (whole.status, whole.headers["content-type"]) == (200, "application/json")
    if endpoint.streaming:
        stream = ask(app, "POST", endpoint.path, {**endpoint.sample, **endpoint.streaming})
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/v1", "/v1"),
        ("/v1/models", "/v1"),
        ("/anthropic", "/anthropic"),
        ("/anthropic/v1/nothing", "/anthropic"),
        ("/anthropical", None),
        ("/v10/models", None),
        ("/_emulator/health", None),
        ("/", None),
        ("", None),
    ],
)
def test_the_surface_of_a_path(path: str, prefix: str | None) -> None:
    """It is the one under whose prefix the path is, name by name; elsewhere errors have the shape of /v1."""
    dialects = Dialects(Settings())
    assert dialects.include(path) is (prefix is not None)
    assert dialects.surface(path).prefix == (prefix or "/v1")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"model": "m", "messages": []}, "chat"),
        ({"model": "m", "messages": [], "max_tokens": 5}, "chat"),
        ({"model": "m", "prompt": "x"}, "completions"),
        ({"model": "m", "messages": [], "system": "x"}, "messages"),
        ({"model": "zai-org--GLM-5.3", "messages": [], "max_tokens": 5}, "messages"),
        ({"model": "claude-sonnet-5", "messages": [], "max_tokens": 5}, "messages"),
        ({"model": "gpt-4o", "messages": [], "max_tokens": 5, "thinking": {"type": "adaptive"}}, "messages"),
        ({}, "chat"),
    ],
)
def test_the_endpoint_of_a_body(body: dict[str, object], name: str) -> None:
    """A request without its path is known by its fields."""
    assert endpoint_of(body) == name


def test_the_table_imports_no_dialect() -> None:
    """Whoever only lists the endpoints does not wait for what reads and writes them."""
    code = "import sys, json, emulator.dialects.endpoints; print(json.dumps([*sys.modules]))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert [name for name in loaded if name.startswith(("emulator.dialects.openai", "emulator.dialects.anth"))] == []


def test_one_row_is_all_that_an_endpoint_needs() -> None:
    """With a row more, the endpoint is served, suggested, recorded, exported, played dry, compared and listed."""
    promises = Path(__file__).with_name("one_more_endpoint.py")
    unwritten = "ignore::pytest.PytestAssertRewriteWarning"  # of the package, which the row has imported
    command = [sys.executable, "-c", WITH_ECHO, "-q", "-p", "no:cacheprovider", "-W", unwritten, str(promises)]
    path = f"{ROOT}:{ROOT / 'tests'}"
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={"PYTHONPATH": path}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
