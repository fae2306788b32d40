"""The pytest plugin: the fixture `akashml`, the marker of the same name, and a story of what a test was not met by.

Every pytest run imports this, so the emulator itself is imported when the first test wants it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.testing import Emulator, Session

MARKER = """akashml(scenario=None, account=None, **more): The scenario and the account of the test's key, as \
emulator.Emulator takes them. With other keywords of Emulator, such as clock, models or a setting, and with a scenario \
that sets the clock, the test has a server of its own."""
_AKASH = pytest.StashKey["Emulator | Session"]()
_OUTCOME = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker."""
    config.addinivalue_line("markers", MARKER)


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test with the marker has the fixture, whether it asks for it or not: the environment is set for both."""
    if isinstance(item, pytest.Function) and item.get_closest_marker("akashml") and "akashml" not in item.fixturenames:
        item.fixturenames = ["akashml", *item.fixturenames]


@pytest.fixture(scope="session")
def akashml_server() -> Iterator[Emulator]:
    """The server of the test run, or with pytest-xdist of each worker. Override it for other settings or models."""
    from emulator.testing import Emulator  # noqa: PLC0415 (imported when the first test wants it)

    with Emulator() as akash:
        yield akash


@pytest.fixture
def akashml(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator | Session]:
    """The emulator of this test, to which the environment variables of the SDKs lead.

    A test that passed fails at its end if `verify` raises.
    """
    with _begun(request) as akash:
        request.node.stash[_AKASH] = akash
        for name, value in akash.env().items():
            monkeypatch.setenv(name, value)
        yield akash
        if request.node.stash.get(_OUTCOME, "") == "passed" and (failure := akash._failure()):
            pytest.fail(failure, pytrace=False)


def _begun(request: pytest.FixtureRequest) -> AbstractContextManager[Emulator | Session]:
    """What the markers of a test ask for; the nearest goes before those of its class and its module.

    What is wrong with them fails the test with the message alone.
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
        from emulator.testing import Emulator  # noqa: PLC0415 (imported when the first test wants it)

        return Emulator(**keywords)
    except (ValueError, LookupError) as error:
        told = f"@pytest.mark.akashml: {type(error).__name__}: {error}"
        raise pytest.fail.Exception(told, pytrace=False) from None


@pytest.hookimpl(wrapper=True, tryfirst=True)  # the outermost: it sees what skipping has made of the outcome
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed by itself shows what was asked and answered."""
    report = yield
    if call.when == "call" and _AKASH in item.stash:
        item.stash[_OUTCOME] = report.outcome
        if report.failed:
            report.sections.append(("AkashML", item.stash[_AKASH].report()))
    return report
