"""The pytest plugin: the fixture and marker `akashml`, and a report of the expectations that were not met.

Every pytest run imports this module, so the emulator itself is imported when the first test needs it.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.testing import Emulator, Session

MARKER = """akashml(scenario=None, reply=None, error=None, retry_after=None, account=None, **more): What answers the \
requests of the test's key, and its account, as for emulator.Emulator. With other keywords of Emulator, such as clock, \
models or a setting, or with a scenario that sets the clock, the test gets its own server."""
_ANSWERS = frozenset({"scenario", "reply", "error", "retry_after"})
_AKASH = pytest.StashKey["Emulator | Session"]()
_OUTCOME = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Add the fixture to each test with the marker, so that its environment is set in any case."""
    if isinstance(item, pytest.Function) and item.get_closest_marker("akashml") and "akashml" not in item.fixturenames:
        item.fixturenames = ["akashml", *item.fixturenames]


@pytest.fixture(scope="session")
def akashml_server() -> Iterator[Emulator]:
    """The server of the test run, or of each worker with pytest-xdist. Override it to change settings or models."""
    from emulator.testing import Emulator  # noqa: PLC0415 (imported when the first test needs it)

    with Emulator() as akash:
        yield akash


@pytest.fixture
def akashml(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator | Session]:
    """The emulator of this test. The environment variables of the SDKs point to it.

    A test that passes fails at its end if `verify` would raise, except because nothing was asked.
    """
    with _begun(request) as akash:
        request.node.stash[_AKASH] = akash
        for name, value in akash.env().items():
            monkeypatch.setenv(name, value)
        yield akash
        if request.node.stash.get(_OUTCOME, "") == "passed" and (failure := akash._failure()):
            pytest.fail(failure, pytrace=False)


def _begun(request: pytest.FixtureRequest) -> AbstractContextManager[Emulator | Session]:
    """The emulator that a test's markers configure; the nearest marker overrides those of its class and module.

    A mistake in them fails the test with the place of the marker and its message, without a traceback.
    """
    server: Emulator = request.getfixturevalue("akashml_server")
    keywords: dict[str, Any] = {}
    place = _place(request.node)
    try:
        if hasattr(request, "param"):
            raise pytest.UsageError(f"the fixture takes no parameter, got {request.param!r}: use @pytest.mark.akashml")
        for node, own in _by_place(request.node):
            place = _place(node)
            given = _keywords(own)
            if given.keys() & _ANSWERS:  # the nearest marker decides what is answered
                keywords = {name: value for name, value in keywords.items() if name not in _ANSWERS}
            keywords |= given
        from emulator.testing import Emulator  # noqa: PLC0415 (imported when the first test needs it)
        from emulator.testing.files import located  # noqa: PLC0415

        keywords = located(keywords, request.node.path, request.config.rootpath)
        if keywords.keys() <= _ANSWERS | {"account"} and not server._sets_the_clock(keywords.get("scenario")):
            return server.session(request.node.nodeid, **keywords)
        return Emulator(**keywords)
    except (ValueError, LookupError, pytest.UsageError) as error:
        told = f"{place}: {type(error).__name__}: {error.args[0] if isinstance(error, LookupError) else error}"
        raise pytest.fail.Exception(told, pytrace=False) from None


def _by_place(item: pytest.Item) -> Iterator[tuple[Any, list[pytest.Mark]]]:
    """The markers of the module, the class, the function and the parameters, those of each place together.

    Each is with its node of pytest. The nearest comes last; a class comes after those that it inherits from.
    """
    marked: dict[Any, dict[Any, list[pytest.Mark]]] = {}
    for node, marker in item.iter_markers_with_node("akashml"):
        marked.setdefault(node, {}).setdefault(_owner(node, marker), []).append(marker)
    for node, owners in reversed(marked.items()):
        yield from ((node, markers) for markers in owners.values())


def _owner(node: Any, marker: pytest.Mark) -> Any:
    """What a marker is written at, as one node of pytest has those of base classes and of parameters too."""
    callspec = getattr(node, "callspec", None)
    if callspec is not None and any(each is marker for each in callspec.marks):
        return "parameters"
    for each in getattr(getattr(node, "obj", None), "__mro__", ()):
        written = vars(each).get("pytestmark", [])
        if any(getattr(one, "mark", one) is marker for one in (written if isinstance(written, list) else [written])):
            return each
    return node


def _keywords(markers: list[pytest.Mark]) -> dict[str, Any]:
    """The keywords of the markers of one place. Raises UsageError if two have the same."""
    keywords: dict[str, Any] = {}
    for marker in markers:
        if marker.args:
            raise pytest.UsageError(f"the marker has keywords only: write scenario={marker.args[0]!r}")
        if twice := keywords.keys() & marker.kwargs.keys():
            raise pytest.UsageError(f"two markers in one place set {', '.join(sorted(twice))}: keep one of them")
        keywords |= marker.kwargs
    return keywords


def _place(node: Any) -> str:
    """Where the marker of a function, a class or a module is."""
    path, line, _ = node.reportinfo()
    shown = os.path.relpath(path, node.config.invocation_params.dir)
    known = line is not None and not isinstance(node, pytest.Module)
    return f"{shown}{f':{line + 1}' if known else ''}: @pytest.mark.akashml"


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost, to see the outcome after skips and xfails are applied
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add all requests and answers to the report of a test that failed by itself."""
    report = yield
    if call.when == "call" and _AKASH in item.stash:
        item.stash[_OUTCOME] = report.outcome
        if report.failed:
            report.sections.append(("emulator", item.stash[_AKASH].report()))
    return report
