"""Chooses believable values by the name of a property.

Names are split into words (`billingPostalCode` -> billing postal code) and looked up by their last words first. For an
unknown name, Faker is used if it has a provider of that name, and a plain word otherwise.
"""

import re
import unicodedata
from collections.abc import Iterable, Set
from functools import lru_cache
from typing import Any

from emulator.core.seeds import Random
from emulator.schema_values import faked, phrases
from emulator.schema_values.kinds import KEYS, KINDS, LOOKS
from emulator.schema_values.lexicon import (
    ABOUT,
    COMPANIES,
    PEOPLE,
    TELLING,
    TEXTS,
    THING_KEYS,
    THINGS_THAT_DO,
    TOGETHER,
    Words,
)
from emulator.schema_values.measures import COUNTED, LARGE, LASTING, LOWER, NUMBERS, UNITS, UPPER, USUAL, VAGUE
from emulator.schema_values.persona import Persona
from emulator.schema_values.words import COMMON, PRODUCTS

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
LONGEST = 100
"""Characters of a name that are read."""

_GENERAL = (("number",), ("value",))
"""Names that say less than that of what they are in."""

_WEAK = phrases.one_of(
    "name title value number item entity source target object data result output input label key type code field "
    "content text id reference info detail option entry param arg argument element term"
)
"""Names that say less than a description."""

_TIMES = frozenset(["date", "time", "datetime", "timestamp", "day"])
"""Words of names that say nothing of when it is."""

_COORDINATES = frozenset(["latitude", "lat", "longitude", "lon", "lng", "long"])

_IN = re.compile(rf"\bin (?:whole )?({'|'.join(UNITS)})\b|\(({'|'.join(UNITS)})\)")

_LONG = re.compile(r"\b(?:describ|explain|detail|paragraph|sentence|essay|in words|free[- ]text|narrative)")
"""What a description of a longer text says, whatever it is called."""


@lru_cache(maxsize=4096)
def words_of(name: str) -> Words:
    """The words of a name, in lower case.

    >>> words_of("billingPostalCode"), words_of("HTTPServer-port_2")
    (('billing', 'postal', 'code'), ('http', 'server', 'port', '2'))
    """
    name = name[:LONGEST]
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return tuple(part.lower() for part in _PARTS.findall(name))


@lru_cache(maxsize=4096)
def singular(name: str) -> str:
    """The singular of a name.

    >>> singular("addresses"), singular("cities"), singular("emails"), singular("status")
    ('address', 'city', 'email', 'status')
    """
    lower = name.lower()
    if lower.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    if lower.endswith(("sses", "shes", "ches", "xes")):
        return name[:-2]
    if lower.endswith("s") and not lower.endswith(("ss", "us", "is")):
        return name[:-1]
    return name


def text(name: str, parent: str, notes: tuple[str, ...], random: Random, persona: Persona) -> str:
    """A text for the property `name` of an object called `parent`. If the names are unknown, the `notes` are used."""
    words, key = _meant(name, parent, notes)
    if key is not None:
        return TEXTS[key](random, persona, words) if key in TEXTS else faked.text(key, random)
    if not words:
        return persona.name if singular(" ".join(words_of(name)[-1:])) in PEOPLE else random.choice(COMMON)
    return _named(words[:-1] or words_of(parent), random, persona)


def words_at(name: str, parent: str) -> Words:
    """The words of a name, and of the object that has it if the name only says that it is a time."""
    words = words_of(name)
    return (*words_of(parent), *words) if words and _TIMES.issuperset(words) else words


def _arranged(words: Words) -> Words:
    """The words of a name in the order of one without a preposition: "number of guests" -> guests number."""
    if len(words) > 2 and " ".join(words) not in TEXTS:
        if "of" in words[1:-1]:
            at = words.index("of", 1)
            return words[at + 1 :] + words[:at]
        if "for" in words[1:-1]:
            return words[: words.index("for", 1)]
    return words


def _is_weak(words: Words) -> bool:
    return len(words) == 1 and words[0] in _WEAK


def fits(name: str, parent: str, notes: tuple[str, ...], said: Any) -> bool:
    """Whether what a conversation says of a property looks like what its name and its descriptions say it is."""
    if isinstance(said, list):
        return all(fits(singular(name), parent, notes, item) for item in said)
    if not isinstance(said, str):
        return True
    look = LOOKS.get(_meant(name, parent, notes)[1] or "")
    return (look is None or look.fullmatch(said) is not None) and all(phrases.agrees(note, said) for note in notes)


def _says_more(told: str, said: Words, key: str) -> bool:
    """Whether what a description says a value is tells more than its name."""
    return told.endswith(" " + key) or (
        told in TELLING and key not in TELLING and singular(said[-1]) == singular(told.rsplit(maxsplit=1)[-1])
    )


def is_about(name: str, parent: str, notes: tuple[str, ...]) -> bool:
    """Whether the text of a property is a few sentences about a conversation."""
    return _meant(name, parent, notes)[1] in ABOUT


@lru_cache(maxsize=4096)
def _meant(name: str, parent: str, notes: tuple[str, ...]) -> tuple[Words, str | None]:
    """The words for a property and their key in the table: its name's, or else what its descriptions say it is.

    Without a key, the words are those of a name that something has, or none.
    """
    words, parents = _arranged(words_of(name)), words_of(parent)
    key = (_key(parents) if words in _GENERAL else None) or _key(words)
    if words and words[-1] in _TIMES:
        words = words_at(name, parent)
    elif words and (inner := _inner(parents, (key, " ".join(words)))) in TEXTS:
        return words, inner
    for note in notes:
        said = phrases.head(note)
        said = (*said[:-1], singular(said[-1])) if said else ()
        told = _key(said)
        if told is not None and (key is None or _is_weak(words) or _says_more(told, said, key)):
            return said, told
        if said[1:] and said[-1] == "name" and (key is None or _is_weak(words)):
            return said, None
    if key is not None:
        return words, key
    if words[-1:] == ("name",):
        kind = _key(words[:-1])
        return (words, kind) if kind in THING_KEYS else (words, None)
    key = next(filter(None, map(_told, notes)), None)
    if key is None and any(_LONG.search(note.lower()) for note in notes):
        key = "description"
    return (words, key) if key else ((), None)


def _inner(parents: Words, keys: Iterable[str | None]) -> str:
    """The key of a property of a certain kind of object, such as "recipe step"; empty if there is none of its own."""
    pairs = (f"{singular(parent)} {key}" for parent in reversed(parents) for key in keys if key)
    return next((pair for pair in pairs if pair in TEXTS), "")


@lru_cache(maxsize=4096)
def _key(words: Words) -> str | None:
    """The best key in the table for these words: the longest known ending, or else known words before it."""
    while words[1:] and words[-1].isdecimal() and not _known(" ".join(words[-2:])):
        words = words[:-1]
    for end in range(len(words), 0, -1):
        for start in range(max(0, end - 3), end):
            key = _known(" ".join(words[start:end]))
            if key is not None and (end == len(words) or key in TELLING):
                return key
    return None


def _known(words: str) -> str | None:
    if words in TEXTS:
        return words
    for form in (TOGETHER.get(words, words), TOGETHER.get(one := singular(words), one)):
        if form in TEXTS or faked.offers(form):
            return form
    return None


@lru_cache(maxsize=4096)
def _told(note: str) -> str | None:
    """The first known words of a description."""
    words = words_of(note[:120])
    pairs = [" ".join(words[at : at + size]) for at in range(len(words)) for size in (2, 1)]
    return next((pair for pair in pairs if pair in TELLING), None)


def _named(parents: Words, random: Random, persona: Persona) -> str:
    """A name for an object whose kind is known from the words."""
    for word in map(singular, reversed(parents)):
        if word in PEOPLE:
            return persona.name
        if word in COMPANIES:
            return persona.company
        if word in THING_KEYS:
            return TEXTS[word](random, persona, (word,))
        if word.endswith(("er", "or")) and word not in THINGS_THAT_DO:
            return persona.name
        if word in ("product", "line", "item", "goods", "article"):
            return random.choice(PRODUCTS)
        if word in ("city", "town", "place", "location"):
            return persona.town.city
        if word == "country":
            return persona.town.country
    return f"{random.choice(COMMON)}-{random.choice(COMMON)}"


def is_numeric(name: str) -> bool:
    """Whether a property with this name is usually a number."""
    return any(word in NUMBERS for word in words_of(name)[-1:])


@lru_cache(maxsize=4096)
def number(name: str, parent: str, notes: tuple[str, ...] = ()) -> tuple[float, float, int]:
    """The usual minimum and maximum of a property of an object called `parent`, and its number of decimals.

    A name that is unknown or says less than the `notes` or the object gives way to them. A minimum or a start is in the
    lower half of the range, a maximum or an end in the upper half.
    """
    words, parents = _arranged(words_of(name)), words_of(parent)
    unit = UNITS.get(words[-1], "") if len(words) > 1 else ""
    said = words[:-1] if unit else words
    unit = unit or next(filter(None, map(_unit, notes)), "")
    keys = [_measure(said, unit, parents), *(_measure(phrases.head(note), unit) for note in notes)]
    if keys[0] is not None and (more := next((key for key in keys[1:] if _tells_more(key, keys[0], said)), None)):
        keys.insert(0, more)
    around = _measure(tuple(map(singular, parents)), unit) or _measure(parents, unit)
    keys.insert(0 if VAGUE.issuperset(said) else len(keys), around)
    key = next(filter(None, keys), f"unit {unit}" if unit else "")
    if unit in LASTING and not key.endswith(unit):
        key = unit
    otherwise = COUNTED if words and singular(words[-1]) != words[-1] else USUAL
    least, most, decimals = NUMBERS.get(f"unit {unit}" if unit in LARGE else key, otherwise)
    if unit == "cents" and not key.endswith(unit):
        least, most, decimals = 100 * least, 100 * most, 0
    middle = (least + most) // 2 if decimals == 0 else (least + most) / 2
    if not LOWER.isdisjoint(words):
        return least, middle, decimals
    if not UPPER.isdisjoint(words):
        return middle, most, decimals
    return least, most, decimals


def _unit(note: str) -> str:
    """The unit of a number that a description names: "the weight in grams"."""
    found = _IN.search(note.lower())
    return UNITS[found[1] or found[2]] if found else ""


def _tells_more(key: str | None, than: str, said: Words) -> bool:
    """Whether a key says what kind of the same quantity is meant: "body temperature" for a temperature."""
    first, _, last = (key or "").partition(" ")
    known = set(than.split())
    return (last in said and first not in known) or (" " in (key or "") and known < set((key or "").split()))


def coordinate(name: str, persona: Persona) -> float | None:
    """The latitude or longitude of where something is, if this is what the name says."""
    words = words_of(name)
    if not words or words[-1] not in _COORDINATES:
        return None
    place = persona.place(words)
    return place.latitude if words[-1] in ("latitude", "lat") else place.longitude


def _measure(words: Words, unit: str, parents: Words = ()) -> str | None:
    """The key in the table of numbers for these words: their last known ones, as many as are known."""
    for end in range(len(words), 0, -1):
        for start in range(max(0, end - 3), end):
            key = " ".join(words[start:end])
            keys = [*(f"{singular(parent)} {key}" for parent in reversed(parents)), key]
            known = (each for each in (*(f"{each} {unit}" for each in keys if unit), *keys) if each in NUMBERS)
            if (found := next(known, None)) is not None:
                return found
    return None


@lru_cache(maxsize=4096)
def is_someone(name: str) -> bool:
    """Whether a property with this name describes another person."""
    words = words_of(name)
    one = singular(words[-1]) if words else ""
    return one in PEOPLE or one in COMPANIES


def kind(names: Set[str]) -> str:
    """What an object with members of these names is, if they tell, such as a person or a product."""
    return next((kind for kind, members in KINDS if not names.isdisjoint(members)), "")


def keys(parent: str) -> Words:
    """Believable property names for a map with this name."""
    words = words_of(parent)
    return next((KEYS[word] for word in reversed(words) if word in KEYS), KEYS[""])
