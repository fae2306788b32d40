"""Builds strings: the first valid one of several candidates, from the most believable to the most certain."""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import combinations

from emulator.core.seeds import Random
from emulator.schema_values import believable, formats, phrases
from emulator.schema_values.errors import Malformed, Unsatisfiable
from emulator.schema_values.facts import Facts
from emulator.schema_values.field_context import Builder, FieldContext
from emulator.schema_values.format_checks import conforms
from emulator.schema_values.identifiers import CAPITALS, DIGITS, drawn
from emulator.schema_values.persona import Persona
from emulator.schema_values.spelling import LONGEST, Matches, combined, matching
from emulator.schema_values.words import COMMON, SENTENCES

_TRIES = 6

_SEVERAL = 3
"""If so many patterns are not matched together, pairs of them may be at fault, and may be demanded again."""

_ITEMS = 12
"""The most items of a list that is one text."""

_CODE = 40
"""A text of an exact number of characters is a code, if there are no more of them."""

_LONG = frozenset(["duration", "length", "runtime", "elapsed", "pace"])
"""Names of how long something is."""

_SAMPLE = 40
"""So many of the texts that were written for them show which ones."""


def string(builder: Builder, facts: Facts, place: FieldContext) -> str:
    """Build a string that satisfies the facts, and their formats if possible. Raises Unsatisfiable."""
    if facts.min_length > min(facts.max_length, LONGEST):
        raise facts.conflict(f"no text of {facts.min_length} characters and more can be written")
    demands = (facts.patterns, facts.unlike, facts.excluded, facts.formats, facts.min_length, facts.max_length)
    builder.budget.spend(5 + facts.excluded_weight // 8 + sum(map(len, facts.patterns + facts.unlike)) // 64)
    hopeless = bool(builder.hopeless) and repr(demands) in builder.hopeless
    text = None if hopeless or opposed(facts.patterns, builder.opposed) else _found(builder, facts, place)
    if text is None:
        builder.hopeless.add(repr(demands))
        raise facts.conflict("no text satisfies all parts of the schema")
    return text


def opposed(patterns: tuple[str, ...], pairs: set[frozenset[str]]) -> bool:
    """Whether the patterns include a pair that no text was found to match."""
    return any(pair.issubset(patterns) for pair in pairs)


def _found(builder: Builder, facts: Facts, place: FieldContext) -> str | None:
    second_best = None
    tried = []
    for text in _proposals(builder, facts, place):
        builder.budget.spend(2 + len(text) // 64 + facts.excluded_weight // 32)
        if _accepts(facts, text, builder.document.matches):
            if all(conforms(name, text) for name in facts.formats):
                return text
            second_best = second_best or text
        tried.append(text)
    if second_best is None and len(facts.patterns) >= _SEVERAL:
        builder.opposed |= _opposed(facts.patterns, tried, builder.document.matches)
    return None if builder.document.formats else second_best


def _opposed(patterns: tuple[str, ...], texts: list[str], matches: Matches) -> set[frozenset[str]]:
    """The pairs of patterns of which no text matches both, though many were written for each."""
    some = texts[:: 1 + len(texts) // _SAMPLE]
    matched = [{pattern for pattern in patterns if matches(pattern, text)} for text in some]
    return {
        frozenset(pair) for pair in combinations(patterns, 2) if not any(found.issuperset(pair) for found in matched)
    }


def _accepts(facts: Facts, text: str, matches: Matches) -> bool:
    return (
        facts.min_length <= len(text) <= facts.max_length
        and text not in facts.excluded
        and all(matches(pattern, text) for pattern in facts.patterns)
        and not any(matches(pattern, text) for pattern in facts.unlike)
    )


def _proposals(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[str]:
    yield from _believable(builder, facts, place)
    random, matches, budget = builder.random, builder.document.matches, builder.budget
    low, high = facts.min_length, int(min(facts.max_length, LONGEST))
    for pattern in facts.patterns:
        yield from matching(pattern, random, low, high, matches, budget)
    if len(facts.patterns) > 1:
        yield from combined(facts.patterns, random, low, high, matches, budget)
    for _ in range(_TRIES):
        yield _fitted(builder, facts, random.choice(COMMON))
    yield "x" * low


def _believable(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[str]:
    yield from _meant(builder, facts, place)
    yield from _contained(builder, facts, place)
    if any(map(formats.known, facts.formats)):
        yield from _formatted(builder, facts, place)
    else:
        yield from _named(builder, facts, place)


def _meant(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[str]:
    """Yield the texts that the hints or the schema itself contain."""
    hint = builder.hint(place)
    if hint is not None and believable.fits(place.name, place.parent, facts.notes, hint):
        yield hint
    samples = [sample for sample in facts.samples if isinstance(sample, str) and sample]
    if samples:
        yield builder.random.choice(samples)


def _contained(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[str]:
    """Yield a text that holds the JSON that the schema describes (JSON Schema 2020-12 validation, section 8)."""
    if facts.content is None:
        return
    inner = place.inside([facts.content])
    room = FieldContext(place.name, place.parent, place.persona, place.depth + 1, place.room, place.optional, inner)
    with suppress(Unsatisfiable, Malformed):
        text = json.dumps(builder.build(((facts.content, True),), room), ensure_ascii=False)
        yield base64.b64encode(text.encode()).decode() if "base64" in facts.formats else text


def _formatted(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[str]:
    for name in facts.formats:
        for _ in range(_TRIES):
            text = formats.written(name, builder.random, place.persona, believable.words_at(place.name, place.parent))
            if text is not None:
                yield text if len(text) >= facts.min_length else formats.stretched(name, text, facts.min_length)
        if name in formats.SHORTEST:
            yield formats.SHORTEST[name]


def _told(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[str]:
    """Yield the texts of which the descriptions speak."""
    for note in facts.notes or place.notes:
        builder.budget.spend(10 + min(len(note), phrases.LONGEST) // 4)
        joint = phrases.joint(note)
        for _ in range(2):
            if joint:
                least, most = phrases.counts(note)
                count = builder.random.randint(least or min(2, most or 2), min(most or least or 3, _ITEMS))
                texts = [_one(builder, _another(builder, place), note) for _ in range(_TRIES + count)]
                yield joint.join(list(dict.fromkeys(texts))[:count])
            elif (text := _spoken_of(builder, place, note)) is not None:
                yield _cased(text, phrases.shape(note))
            elif length := phrases.length(note):
                yield " ".join(builder.random.sample(COMMON, min(builder.random.randint(*length), _ITEMS)))
            elif any(shape := phrases.shape(note)):
                yield _shaped(_one(builder, place, note), shape)


def _another(builder: Builder, place: FieldContext) -> FieldContext:
    """The same place, for another item of a list that is one text."""
    return place._replace(persona=Persona(builder.random))


def _one(builder: Builder, place: FieldContext, note: str) -> str:
    said = _spoken_of(builder, place, note)
    if said is not None:
        return said
    return believable.text(believable.singular(place.name), place.parent, (note,), builder.random, place.persona)


def _spoken_of(builder: Builder, place: FieldContext, note: str) -> str | None:
    """One of the words that a description offers, or a text in the format that it names."""
    form, names = phrases.form(note), believable.words_at(place.name, place.parent)
    if "%" in form:
        return (place.persona.moment(names) if _is_clock(form, names) else place.persona.span(names)).strftime(form)
    if form.startswith(phrases.MASK):
        mask = form.removeprefix(phrases.MASK)
        return "".join([drawn(builder.random, 1, DIGITS) if sign in "NX#" else sign for sign in mask])
    if words := [word for word in phrases.offered(note) if not form or phrases.agrees(note, word)]:
        return builder.random.choice(words)
    return formats.written(form, builder.random, place.persona, names) if form else None


def _is_clock(form: str, names: tuple[str, ...]) -> bool:
    """Whether a layout is that of a point in time, and not of how long something is or where in it something is."""
    return "%M:%S" not in form or ("%H" in form and _LONG.isdisjoint(names))


def _cased(text: str, shape: phrases.Shape) -> str:
    text = text.removeprefix(shape.without)
    return text.lower() if shape.style == "lower" else text.upper() if shape.style == "upper" else text


def _shaped(text: str, shape: phrases.Shape) -> str:
    text = text.removeprefix(shape.without)
    words = "".join([character if character.isalnum() else " " for character in text]).split()
    match shape.style:
        case "snake":
            text = "_".join(words).lower()
        case "kebab":
            text = "-".join(words).lower()
        case "camel" | "pascal":
            text = "".join([word.title() for word in words])
            text = text if shape.style == "pascal" else text[:1].lower() + text[1:]
        case "upper":
            text = text.upper()
        case "lower":
            text = text.lower()
    if shape.end.startswith("."):
        text = text.partition(".")[0].replace(" ", "-")
    start = "" if text.startswith(shape.start) else shape.start
    if start.endswith(("_", "-", ":")) and not shape.style and not text.islower():
        text = _code(start, text)
    return start + text + ("" if text.endswith(shape.end) else shape.end)


def _code(start: str, text: str) -> str:
    """What stands behind the prefix of an identifier, which no name of something is: the digits of one, or a hash."""
    if digits := "".join([sign for sign in text if sign.isdecimal()]):
        return digits
    code = text.encode(errors="replace")
    return code.hex()[-12:] if start.islower() else f"{sum(code) * 7 % 9000 + 1000}"


def _sized(text: str, note: str, random: Random) -> str:
    """The text, shortened to whole sentences or words, or made a code, if a description says how long it is."""
    if (said := phrases.size(note)) is None or said[0] <= len(text) <= said[1]:
        return text
    least, most = said
    if least == most and " " not in text:
        return text[:most] if len(text) > most else drawn(random, most, CAPITALS + DIGITS)
    if least == most:
        return drawn(random, most, CAPITALS + DIGITS) if most <= _CODE else text
    cut = text[: most + 1]
    whole = max(cut.rfind(". "), cut.rfind("? ")) + 1 or cut.rfind(" ")
    return text[:whole].rstrip(" ,;:") if len(text) > most and whole > 0 else text


def _named(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[str]:
    random, persona = builder.random, place.persona
    yield from _told(builder, facts, place)
    notes = facts.notes or place.notes
    if builder.sentences and believable.is_about(place.name, place.parent, notes):
        yield _fitted(builder, facts, builder.sentences(random))
    for _ in range(2):
        text = believable.text(place.name, place.parent, notes, random, persona)
        text = _sized(text, notes[0], random) if notes else text
        yield _fitted(builder, facts, text)
        if facts.patterns:
            yield from _restyled(text)


def _restyled(text: str) -> Iterator[str]:
    """Variants of the text that patterns often require: one word, lower case, upper case, or other separators."""
    words = "".join([character if character.isalnum() else " " for character in text]).split()
    for joint in "-_":
        yield joint.join(words).lower()
    yield "".join(words)
    yield "".join(words).lower()
    yield "".join([word.title() for word in words])
    yield "_".join(words).upper()


def _fitted(builder: Builder, facts: Facts, text: str) -> str:
    """The text, cut or extended to an allowed length."""
    if len(text) > facts.max_length:
        return text[: int(facts.max_length)].rstrip() or text[: int(facts.max_length)]
    while len(text) < facts.min_length:
        text += " " + (builder.random.choice(SENTENCES if facts.min_length > 60 else COMMON))
    return text[: int(facts.max_length)] if len(text) > facts.max_length else text
