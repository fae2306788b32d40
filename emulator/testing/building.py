"""Builds an engine from a test's arguments: scenarios, accounts and clocks in any of their accepted forms."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from emulator.account.terms import NO_LIMITS, Terms
from emulator.core.catalog import Catalog
from emulator.core.clock import VirtualClock, make_clock
from emulator.core.settings import Settings, SettingsError
from emulator.engine import Engine, make_engine
from emulator.scenario.library import Library
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.types import Scenario
from emulator.testing.files import calling_file, find_file, names_file

Playable: TypeAlias = str | Path | Mapping[str, Any] | Sequence[Any]
"""A scenario: a known name, a file (*.yaml, *.yml, *.json), YAML, a mapping, or a list of rules.

A relative path of a file is looked for beside the file of the code that names it, in each folder above that up to the
root of the project, and in the working directory.
"""
Time: TypeAlias = VirtualClock | str | Mapping[str, Any]
"""A clock, or its form in a scenario: a mode ("frozen", "x60"), or {"start": "2026-01-01", "mode": "frozen"}."""

_OTHERS = {
    "rpm": "requests_per_minute",
    "rate_limit": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "balance": "credits",
    "latency": "first_token",
    "delay": "first_token",
}
"""What else the keys of an account and of a pace are called, by those who do not know them."""
_FORMS = {
    "api_key": 'keys=["akml-..."]',
    "frozen": 'clock="frozen"',
    "rate": 'clock="x60"',
    "speed": 'clock="x60"',
    "strict": 'auth="strict"',
    "host": "the attribute url, with a free port of 127.0.0.1",
    "port": "the attribute url, with a free port of 127.0.0.1",
}
"""What stands for other words."""


def build_engine(
    account: Mapping[str, Any] | None, clock: Time | None, models: Mapping[str, Any] | None, settings: Mapping[str, Any]
) -> Engine:
    """A new engine with its own clock and record; the arguments are those of `Emulator`."""
    catalog = Catalog.load().with_models(models or {})
    terms = NO_LIMITS if account is None else read_account(account, catalog)
    chosen = Settings.read(settings, _elsewhere)
    return make_engine(chosen, catalog, read_clock(clock, catalog), terms=terms)


def _elsewhere() -> dict[str, str]:
    """Names that are not settings, and the keyword of `Emulator` to use instead, or the place within it."""
    from emulator.scenario.language.environment import ACCOUNT, CLOCK, POLICY  # noqa: PLC0415 (the same)
    from emulator.scenario.language.replies import REPLY  # noqa: PLC0415
    from emulator.scenario.language.scenarios import SCENARIO  # noqa: PLC0415 (the language is imported when it is needed)
    from emulator.scenario.language.timing import PACE  # noqa: PLC0415

    belongs: dict[str, Any] = {
        'scenario=[{{"reply": {{"{}": ...}}}}]': REPLY,
        'scenario=[{{"reply": {{"text": ..., "stream": {{"{}": ...}}}}}}]': PACE,
        'scenario={{"{}": ...}}': SCENARIO,
        'clock={{"{}": ...}}': CLOCK,
        'account={{"keys": {{"default": {{"{}": ...}}}}}}': POLICY,
        'account={{"{}": ...}}': ACCOUNT,
    }
    inside = {key.name: written.format(key.name) for written, section in belongs.items() for key in section.table()}
    others = {other: inside[name] for other, name in _OTHERS.items()}
    own = {name: f'"{name}"' for name in ("scenario", "reply", "error", "retry_after", "account", "clock", "models")}
    return {**own, **inside, **others, **_FORMS, **own}


def read_account(account: Mapping[str, Any], catalog: Catalog) -> Terms:
    """An account, written as `account` in a scenario. Raises ScenarioError with all mistakes."""
    from emulator.scenario.language.environment import ACCOUNT  # noqa: PLC0415
    from emulator.scenario.loader import read_objects  # noqa: PLC0415 (the language is imported when it is needed)

    return read_objects(ACCOUNT.reader, account, "account", catalog=catalog)


def read_clock(clock: Time | None, catalog: Catalog) -> VirtualClock:
    """The clock to use; None means the machine's time. A frozen clock stands at `EPOCH` unless it has a start.

    Raises ScenarioError with all mistakes.
    """
    if clock is None or isinstance(clock, VirtualClock):
        return clock or VirtualClock()
    from emulator.scenario.language.environment import CLOCK  # noqa: PLC0415
    from emulator.scenario.loader import read_objects  # noqa: PLC0415 (the language is imported when it is needed)

    written = {"mode": clock} if isinstance(clock, str) else clock
    told = read_objects(CLOCK.reader, written, "clock", catalog=catalog)
    return make_clock(1.0 if told.rate is None else told.rate, told.start)


def chosen(
    scenario: Playable | None, reply: str | None, error: int | str | None, retry_after: str | float | None
) -> Playable | Scenario | None:
    """What to play: the scenario, or one with only this reply or this error.

    Raises SettingsError if several are given or the error is unknown, and ScenarioError for a wrong duration.
    """
    if reply is None and error is None and retry_after is None:
        return scenario
    from emulator.scenario.quick import quick_scenario  # noqa: PLC0415 (imported when needed)

    if scenario is not None:
        raise SettingsError("scenario excludes reply, error and retry_after: write them as a rule of the scenario")
    try:
        return quick_scenario(reply, error, retry_after, catalog=Catalog.load())
    except ScenarioError:
        raise
    except ValueError as wrong:
        raise SettingsError(str(wrong)) from None


def find_scenario(scenario: Playable | Scenario, library: Library) -> Scenario:
    """The scenario to play. Raises ScenarioError with all mistakes, and LookupError for an unknown name."""
    from emulator.scenario.loader import load_file, load_objects, load_text  # noqa: PLC0415 (imported when needed)

    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, Mapping):
        return load_objects(scenario, "inline", catalog=library.catalog)
    if not isinstance(scenario, str | Path):
        return load_objects({"rules": scenario}, "inline", catalog=library.catalog)
    if names_file(scenario):
        return load_file(find_file(Path(scenario), calling_file()), catalog=library.catalog)
    if isinstance(scenario, str) and ("\n" in scenario or ": " in scenario):
        return load_text(scenario, "inline", catalog=library.catalog)
    return _known(str(scenario), library)


def _known(name: str, library: Library) -> Scenario:
    story = library.get(name)
    if story is None:
        raise LookupError(f"{library.unknown(name)} A file's name ends in .yaml, and YAML has a key.")
    return story.scenario


def over(account: Mapping[str, Any] | None, clock: Time | None, catalog: Catalog) -> dict[str, Any]:
    """Fields that override those of every scenario, because a test's own arguments take precedence."""
    told: dict[str, Any] = {} if account is None else {"account": read_account(account, catalog)}
    return told if clock is None else told | {"clock": None}


def slug(name: str) -> str:
    """A name in a form that an API key may contain: the end of it, which is the most specific.

    >>> slug("tests/test_shop.py::test_pay[€]")
    'tests-test-shop-py-test-pay'
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[-40:].strip("-")
