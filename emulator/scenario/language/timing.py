"""The key `stream` of a reply: durations, distributions of durations, and the pace of an answer."""

from collections.abc import Mapping
from typing import Any

from emulator.core import units
from emulator.faults.distributions import Constant, Distribution, Exponential, Lognormal, Normal, Uniform
from emulator.scenario.language.foreign import hints_at_keys
from emulator.scenario.reading.readers import Cursor, Reader, Section, SectionKey, by_kind, number, parsed
from emulator.scenario.types import Pace

INFINITY = float("inf")
DURATION = parsed(units.duration)
_SIGMA = number(0, 10, "a number from 0 to 10")
RATE: Reader[float] = number(0, INFINITY, "a number above 0", above=True)


def _one(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    if len(given) != 1:
        cursor.report(f"expected one of lognormal, uniform, normal and exponential, got {len(given)}")


def _ordered(cursor: Cursor, values: dict[str, Any]) -> Uniform:
    if values["low"] > values["high"]:
        cursor.report("low is greater than high")
    return Uniform(**values)


_EXAMPLES = {"median": "800ms", "sigma": "0.5", "low": "1s", "high": "3s", "mean": "2s", "sd": "500ms"}


def _section(name: str, build: Any, **keys: tuple[Reader[float], str]) -> Section[Distribution]:
    table = tuple(SectionKey(key, reader, meaning, required=True) for key, (reader, meaning) in keys.items())
    example = ", ".join(f"{key}: {_EXAMPLES[key]}" for key in keys)
    return Section(name, f"the distribution {name}", f"{{{example}}}", lambda: table, build)


SHAPES = (
    _section(
        "lognormal",
        lambda cursor, values: Lognormal(**values),
        median=(DURATION, "half are shorter"),
        sigma=(_SIGMA, "the standard deviation of the logarithm; 0.5 has a moderate tail, 1 a long one"),
    ),
    _section("uniform", _ordered, low=(DURATION, "the shortest"), high=(DURATION, "the longest")),
    _section(
        "normal",
        lambda cursor, values: Normal(**values),
        mean=(DURATION, "the average"),
        sd=(DURATION, "the standard deviation; what would be negative is 0"),
    ),
    _section("exponential", lambda cursor, values: Exponential(**values), mean=(DURATION, "the average")),
)
_MEANINGS = ("latencies look like this", "all equally likely", "around an average", "as between independent arrivals")
DISTRIBUTION: Section[Distribution] = Section(
    "distribution",
    "a distribution",
    "{exponential: {mean: 2s}}",
    lambda: tuple(
        SectionKey(shape.name, shape.reader, meaning) for shape, meaning in zip(SHAPES, _MEANINGS, strict=True)
    ),
    lambda cursor, values: next(iter(values.values()), Constant(0)),
    _one,
)
DELAY: Reader[Distribution] = by_kind(
    "a duration such as 250ms, or a distribution",
    scalar=Reader(DURATION.what, lambda cursor: Constant(DURATION.read(cursor)), DURATION.schema),
    mapping=DISTRIBUTION.reader,
)


def _chunk(cursor: Cursor) -> Any:
    value = cursor.node.value
    if cursor.node.kind == "scalar" and (
        value in ("token", "word", "whole") or (type(value) is int and 0 < value < 10**6)
    ):
        return value
    raise cursor.expected("token, word, whole or a number of characters")


_CHUNK: Reader[Any] = Reader(
    "token, word, whole or a number of characters",
    _chunk,
    {"anyOf": [{"enum": ["token", "word", "whole"]}, {"type": "integer", "minimum": 1}]},
)


def _one_rate(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    if "tokens_per_second" in given and "between_tokens" in given:
        given["between_tokens"].report("tokens_per_second says this already; give one of the two")


def _pace(cursor: Cursor, values: Mapping[str, Any]) -> Pace:
    rate = values.get("tokens_per_second")
    return Pace(
        values.get("first_token", Constant(0.0)),
        Constant(1 / rate) if rate else values.get("between_tokens", Constant(0.0)),
        values.get("jitter", 0.0),
        values.get("chunk", "token"),
    )


PACE: Section[Pace] = Section(
    "stream",
    "a pace",
    "{first_token: 800ms, tokens_per_second: 40}",
    lambda: (
        SectionKey("first_token", DELAY, "the delay of the first token"),
        SectionKey("tokens_per_second", RATE, "the number of further tokens per second"),
        SectionKey("between_tokens", DELAY, "the delay of each further token"),
        SectionKey("jitter", number(0, 1, "a fraction from 0 to 1"), "the fraction by which each delay varies"),
        SectionKey("chunk", _CHUNK, "the size of a chunk: a token, a word, the whole text, or a number of characters"),
    ),
    _pace,
    _one_rate,
    hints=hints_at_keys("stream"),
)
