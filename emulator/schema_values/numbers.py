"""Builds numbers: within their bounds, multiples of their steps, and usual for their name."""

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from emulator.core.seeds import Random
from emulator.schema_values import believable, phrases
from emulator.schema_values.assertions import GREATEST, divides
from emulator.schema_values.facts import Facts
from emulator.schema_values.field_context import Builder, FieldContext
from emulator.schema_values.measures import USUAL
from emulator.schema_values.values import is_a

_TRIES = 40

_NARROW = 2
"""A range that is no wider has numbers with two decimals."""


_DEFAULTS = 0.5
"""How often a number is the default that a description names."""


class NumberRange(NamedTuple):
    """The numbers from `low` to `high`, both included, with a number of decimals."""

    low: Fraction
    high: Fraction
    decimals: int


def number(builder: Builder, facts: Facts, place: FieldContext) -> int | float:
    """Build a number that satisfies the facts. Raises Unsatisfiable."""
    bounds = (facts.low, facts.low_open, facts.high, facts.high_open, facts.steps, facts.not_steps)
    builder.budget.spend(20 + facts.excluded_weight // 8 + 4 * len(facts.steps))
    demands = ("number" in facts.types, "integer" in facts.types, bounds, facts.excluded)
    if not builder.hopeless or repr(demands) not in builder.hopeless:
        cost = 2 + 4 * (len(facts.steps) + len(facts.not_steps)) + facts.excluded_weight // 4
        for candidate in _candidates(builder, facts, place):
            builder.budget.spend(cost)
            if _accepts(facts, candidate):
                return candidate
        builder.hopeless.add(repr(demands))
    raise facts.conflict("no number satisfies all parts of the schema")


def _accepts(facts: Facts, value: int | float) -> bool:
    return (
        is_a(value, facts.types)
        and (value > facts.low or (value == facts.low and not facts.low_open))
        and (value < facts.high or (value == facts.high and not facts.high_open))
        and all(divides(step, value) for step in facts.steps)
        and not any(divides(step, value) for step in facts.not_steps)
        and not facts.excludes(value)
        and ("integer" in facts.types or not float(value).is_integer())
    )


def _candidates(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[int | float]:
    hint = builder.hint(place)
    if hint is not None:
        yield from _read(hint)
    samples = [sample for sample in facts.samples if isinstance(sample, int | float) and not isinstance(sample, bool)]
    if samples and builder.random.random() < 0.5:
        yield builder.random.choice(samples)
    whole = "number" not in facts.types
    step, told = _step(facts, whole), None if facts.steps else _told_step(facts)
    spans = _spans(facts, place, whole)
    first = next(spans)
    usual = next((default for default in map(phrases.default, facts.notes) if default is not None), None)
    if usual is not None and math.isfinite(usual) and builder.random.random() < _DEFAULTS:
        yield int(usual) if usual.is_integer() else usual
    if (there := believable.coordinate(place.name, place.persona)) is not None:
        yield there
    if options := _offered(facts):
        yield builder.random.choice(options)
    if told is not None:
        yield _drawn(builder.random, first, told, whole)
    for span in chain([first], spans):
        for _ in range(_TRIES):
            yield _drawn(builder.random, span, step, whole)
    yield from _edges(facts, step)


def _read(text: str) -> Iterator[int | float]:
    try:
        value = float(text)
    except ValueError:
        return
    if math.isfinite(value):
        yield int(value) if value.is_integer() else value


def _told_step(facts: Facts) -> Fraction | None:
    """What the descriptions say that the number is a multiple of."""
    steps = (phrases.bounds(note).step for note in facts.notes)
    return next((exact(step) for step in steps if step), None)


def _offered(facts: Facts) -> list[int | float]:
    """The numbers that a description lists, if they are more than a least and a greatest one."""
    for note in facts.notes:
        words = phrases.offered(note)
        if len(words) > _NARROW and all(sign in "0123456789.-" for word in words for sign in word):
            return [number for word in words for number in _read(word)]
    return []


def _step(facts: Facts, whole: bool) -> Fraction | None:
    """The least common multiple of all steps."""
    steps = [exact(step) for step in facts.steps] + ([Fraction(1)] if whole else [])
    if not steps:
        return None
    numerator, denominator = 1, math.gcd(*(step.denominator for step in steps))
    for step in steps:
        numerator = math.lcm(numerator, step.numerator)
        if numerator // denominator > GREATEST:
            break  # whatever follows, the only multiple is 0
    return Fraction(numerator, denominator)


@lru_cache(maxsize=1024)
def exact(value: float) -> Fraction:
    """The exact value of a number in decimal notation: 0.1 is a tenth."""
    return Fraction(Decimal(str(value)))


def _spans(facts: Facts, place: FieldContext, whole: bool) -> Iterator[NumberRange]:
    """The ranges to draw from, the most usual first; the last one is everything that the bounds allow."""
    low = exact(facts.low) if math.isfinite(facts.low) else None
    high = exact(facts.high) if math.isfinite(facts.high) else None
    notes = facts.notes or tuple(note for note in place.notes if phrases.bounds(note)[:2] != phrases.counts(note))
    named = believable.number(place.name, place.parent, notes)
    yield from _told(facts, named, notes, low, high, whole)
    for least, most, decimals in (named, USUAL):
        if whole and most < 1:
            continue
        usual = NumberRange(
            exact(least) if low is None else max(low, exact(least)),
            exact(most) if high is None else min(high, exact(most)),
            decimals,
        )
        if usual.low <= usual.high:
            yield usual
    reach = Fraction(100)
    if low is None:
        low = Fraction(0) if high is None else high - reach
    if high is None:
        high = low + reach
    yield NumberRange(low, high, 2)
    yield NumberRange(low, high, 9)


def _told(
    facts: Facts,
    usual: tuple[float, float, int],
    notes: tuple[str, ...],
    low: Fraction | None,
    high: Fraction | None,
    whole: bool,
) -> Iterator[NumberRange]:
    """The ranges of which the descriptions speak, in the bounds of the schema."""
    for note in notes:
        facts.budget.spend(10 + min(len(note), phrases.LONGEST) // 4)
        usual_low, usual_high, decimals = usual
        default = phrases.default(note)
        if default and default > 0 and not usual_low <= default <= usual_high:
            usual_low, usual_high = default / 2, default * 2
            decimals = max(decimals, 2 if default < _NARROW else 0)
        said_low, said_high, _, vague = phrases.bounds(note)
        if said_low is None and said_high is None:
            if not default or whole:
                continue
            said_low, said_high = usual_low, usual_high
        if vague and _holds(said_low, said_high, usual_low, usual_high):
            said_low, said_high = usual_low, usual_high
        least = exact(said_low) if said_low is not None else min(exact(usual_low), exact(said_high or 0))
        most = exact(said_high) if said_high is not None else max(exact(usual_high), least * 2)
        least, most = least if low is None else max(low, least), most if high is None else min(high, most)
        if least <= most:
            yield NumberRange(least, most, 0 if whole else 2 if most - least <= _NARROW else decimals or 1)


def _holds(low: float | None, high: float | None, usual_low: float, usual_high: float) -> bool:
    """Whether what a description says only vaguely is said more exactly by a name, and not as a fraction of it."""
    return (
        (usual_low, usual_high) != USUAL[:2]
        and (low is None or low <= usual_low)
        and (high is None or usual_low > high or (usual_high <= high and (usual_high > 1 or high <= 1)))
    )


def _drawn(random: Random, span: NumberRange, step: Fraction | None, whole: bool) -> int | float:
    if step is None:
        unit = Fraction(1, 10**span.decimals)
        return _plain(_multiple(random, span, unit), False)
    return _plain(_multiple(random, span, step), whole)


def _multiple(random: Random, span: NumberRange, step: Fraction) -> Fraction:
    first, last = math.ceil(span.low / step), math.floor(span.high / step)
    return step * random.randint(first, max(first, last))


def _plain(value: Fraction, whole: bool) -> int | float:
    if abs(value) > GREATEST:
        return 0  # the only multiple of so large a step
    return int(value) if whole or value.denominator == 1 else float(value)


def _edges(facts: Facts, step: Fraction | None) -> Iterator[int | float]:
    """Candidates if no drawn number is valid: the bounds, the numbers next to them, and one between them."""
    for bound in (facts.low, facts.high):
        if math.isfinite(bound):
            yield bound
            yield from (math.nextafter(bound, math.inf), math.nextafter(bound, -math.inf))
            yield from (math.floor(bound) + shift for shift in (-1, 0, 1))
            if step:
                yield from (_plain(step * (math.floor(exact(bound) / step) + shift), False) for shift in (-1, 0, 1, 2))
    if math.isfinite(facts.low) and math.isfinite(facts.high):
        yield (facts.low + facts.high) / 2
    yield from (0, 0.5)
