"""Write docs/units.md: what the same value is called at the command line, in scenarios, over HTTP and in Python.

The page is written by `make api`. Each cell of its tables is tried by tests/docs/test_units_page.py.
"""

from pathlib import Path
from typing import Any, NamedTuple

from emulator.core import units
from emulator.core.units import Notation

PAGE = Path(__file__).parents[2] / "docs" / "units.md"


class Unit(NamedTuple):
    """A kind of value, and texts that all mean the same."""

    kind: str
    notation: Notation[Any]
    texts: tuple[str, ...]
    bare: str


class Noun(NamedTuple):
    """One thing that can be set, in each place; empty where it cannot."""

    what: str
    command: str
    scenario: str
    http: str
    python: str


UNITS = (
    Unit("duration", units.duration, ("60s", "1m", "60000ms", "60"), "seconds"),
    Unit("money", units.amount, ("5.00 USD", "5 USD", "5.00", "5"), "US dollars"),
    Unit("size", units.size, ("32MiB", "33554432"), "bytes"),
    Unit("moment", units.moment, ("2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"), "not accepted"),
    Unit("rate of the clock", units.rate, ("x60", "60"), "emulated seconds per second"),
    Unit("mode of the clock", units.speed, ("running", "x1"), "not accepted"),
    Unit("switch", units.switch, ("true", "yes", "on", "1"), "1 or 0"),
)
NOUNS = (
    Noun(
        "the balance of each key",
        "serve --credits 5.00",
        "account: {credits: 5.00 USD}",
        'PUT /_emulator/account {"credits": 5}',
        'Emulator(account={"credits": "5.00"})',
    ),
    *(
        Noun(
            name.replace("_", " "),
            f"serve --{name.replace('_', '-')} 3",
            f"account: {{keys: {{default: {{{name}: 3}}}}}}",
            f'PUT /_emulator/account {{"keys": {{"default": {{"{name}": 3}}}}}}',
            f'Emulator(account={{"keys": {{"default": {{"{name}": 3}}}}}})',
        )
        for name in ("requests_per_minute", "tokens_per_minute", "concurrency")
    ),
    Noun(
        "how time passes",
        "serve --clock x60",
        "clock: {mode: x60}",
        'POST /_emulator/clock {"rate": "x60"}',
        'Emulator(clock="x60")',
    ),
    Noun(
        "the time",
        "clock set 2026-06-01",
        "clock: {start: 2026-06-01, mode: frozen}",
        'POST /_emulator/clock {"set": "2026-06-01"}',
        'akash.clock.set("2026-06-01")',
    ),
    Noun(
        "a step in time",
        "clock advance 60s",
        "",
        'POST /_emulator/clock {"advance": "60s"}',
        'akash.clock.advance("60s")',
    ),
    Noun(
        "a stopped clock",
        "clock freeze",
        "clock: {mode: frozen}",
        'POST /_emulator/clock {"freeze": true}',
        "akash.clock.freeze()",
    ),
    Noun(
        "the scenario",
        "activate hello",
        "",
        'POST /_emulator/activate {"scenario": "hello"}',
        'akash.scenario("hello")',
    ),
    Noun("no scenario", "activate --none", "", 'POST /_emulator/activate {"scenario": null}', "akash.scenario(None)"),
    Noun("a new beginning", "reset", "", "POST /_emulator/reset {}", "akash.reset()"),
)


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            "# The same words everywhere",
            "",
            "A value is written alike at the command line, in scenarios, over HTTP and in Python. Texts and numbers",
            'mean the same: `60`, `"60"` and `"60s"` are a minute in each of them.',
            "",
            "This page is written by `make api`, and a test tries each of its cells.",
            "",
            "## Units",
            "",
            "| value | the same, written in several ways | a bare number |",
            "| --- | --- | --- |",
            *(f"| {unit.kind} | {', '.join(map(_code, unit.texts))} | {unit.bare} |" for unit in UNITS),
            "",
            "## Nouns",
            "",
            "Commands begin with `akashml-emulator`. Those other than `serve` ask a running server.",
            "",
            "| what | command line | scenario | HTTP | Python |",
            "| --- | --- | --- | --- | --- |",
            *(f"| {noun.what} | {' | '.join(map(_code, noun[1:]))} |" for noun in NOUNS),
            "",
        ]
    )


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
