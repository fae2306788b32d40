"""The pytest plugin: the fixture and marker `akashml`, and a report of the expectations that were not met.

Every pytest run imports this module, so the emulator itself is imported when the first test needs it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.testing import Emulator, Session

MARKER = """akashml(scenario=None, account=None, **more): The scenario and the account of the test's key, as for \
emulator.Emulator. With other keywords of Emulator, such as clock, models or a setting, or with a scenario that sets \
the clock, the test gets its own server."""
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

    A test that passes fails at its end if `verify` raises.
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

    A mistake in them fails the test with only its message, without a traceback.
    """
    keywords: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("akashml"))):
        keywords |= marker.kwargs
        if marker.args:
            pytest.fail(f"@pytest.mark.akashml has keywords only: write scenario={marker.args[0]!r}", pytrace=False)
    server: Emulator = request.getfixturevalue("akashml_server")
    try:
        if keywords.keys() <= {"scenario", "account"} and not server._sets_the_clock(keywords.get("scenario")):
            return server.session(request.node.nodeid, **keywords)
        from emulator.testing import Emulator  # noqa: PLC0415 (imported when the first test needs it)

        return Emulator(**keywords)
    except (ValueError, LookupError) as error:
        told = f"@pytest.mark.akashml: {type(error).__name__}: {error}"
        raise pytest.fail.Exception(told, pytrace=False) from None


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost, to see the outcome after skips and xfails are applied
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add all requests and answers to the report of a test that failed by itself."""
    report = yield
    if call.when == "call" and _AKASH in item.stash:
        item.stash[_OUTCOME] = report.outcome
        if report.failed:
            report.sections.append(("AkashML", item.stash[_AKASH].report()))
    return report
