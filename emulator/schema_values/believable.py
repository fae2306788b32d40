"""Believable values by the name of a property, and by what its description says.

Names are taken apart into words (`billingPostalCode` -> billing postal code) and looked up by their last words first.
What is not known here is asked of Faker where it has something of that name, and else is a word.
"""

import re
from functools import lru_cache

from emulator.schema_values import faked
from emulator.schema_values.chance import Chance
from emulator.schema_values.lexicon import (
    COMPANIES,
    KEYS,
    LOWER,
    NUMBERS,
    PEOPLE,
    TELLING,
    TEXTS,
    TOGETHER,
    UPPER,
    USUAL,
    Words,
)
from emulator.schema_values.persona import Persona
from emulator.schema_values.words import COMMON, PRODUCTS

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_EXAMPLE = re.compile(
    r"(?:e\.g\.|eg\.|[Ff]or example|[Ee]xamples?|such as|[Ll]ike)[,:]?\s+[\"'`“‘]([^\"'`”’]{1,60})[\"'`”’]"
    r"|(?:e\.g\.|eg\.|Examples?:)[,:]?\s+([\w][\w ,+./:#@-]{0,40}?)(?=[);\n]|\.(?:\s|$)|,? (?:or|and|etc)\b|$)"
)
_GENERAL = (("number",), ("value",))
"""Names that say less than that of what they are in."""

_DATES = tuple(
    (re.compile(form, re.IGNORECASE), layout)
    for form, layout in (
        (r"YYYY-MM-DD[T ]HH:MM:SS", "%Y-%m-%dT%H:%M:%S"),
        (r"YYYY-MM-DD[T ]HH:MM", "%Y-%m-%d %H:%M"),
        (r"YYYY-MM-DD", "%Y-%m-%d"),
        (r"MM/DD/YYYY", "%m/%d/%Y"),
        (r"DD/MM/YYYY", "%d/%m/%Y"),
        (r"YYYY-MM\b", "%Y-%m"),
        (r"HH:MM:SS", "%H:%M:%S"),
        (r"HH:MM", "%H:%M"),
    )
)


@lru_cache(maxsize=4096)
def words_of(name: str) -> Words:
    """The words of a name, in lower case.

    >>> words_of("billingPostalCode"), words_of("HTTPServer-port_2")
    (('billing', 'postal', 'code'), ('http', 'server', 'port', '2'))
    """
    return tuple(part.lower() for part in _PARTS.findall(name))


def singular(name: str) -> str:
    """What one of them is called.

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


def text(name: str, parent: str, notes: tuple[str, ...], chance: Chance, persona: Persona) -> str:
    """A text for a property of that name in an object of that name; where they tell nothing, its descriptions may."""
    words = words_of(name)
    key = (_key(words_of(parent)) if words in _GENERAL else None) or _key(words)
    if key is None and words[-1:] == ("name",):
        return _named(words[:-1] or words_of(parent), chance, persona)
    if key is None:
        key = next(filter(None, map(_told, notes)), None)
    if key is None:
        return chance.choice(COMMON)
    return TEXTS[key](chance, persona, words) if key in TEXTS else faked.text(key, chance)


@lru_cache(maxsize=4096)
def _key(words: Words) -> str | None:
    """The key of the table that fits the words best: their end, as long as possible; else telling words before it."""
    while words[1:] and words[-1].isdecimal() and not _known(" ".join(words[-2:])):
        words = words[:-1]
    for end in range(len(words), 0, -1):
        for start in range(max(0, end - 3), end):
            key = _known(" ".join(words[start:end]))
            if key is not None and (end == len(words) or key in TELLING):
                return key
    return None


def _known(words: str) -> str | None:
    keys = (TOGETHER.get(form, form) for form in (words, singular(words)))
    return next((key for key in keys if key in TEXTS or faked.offers(key)), None)


@lru_cache(maxsize=4096)
def _told(note: str) -> str | None:
    """The first telling words of a description."""
    words = words_of(note[:120])
    pairs = [" ".join(words[at : at + size]) for at in range(len(words)) for size in (2, 1)]
    return next((pair for pair in pairs if pair in TELLING), None)


def _named(parents: Words, chance: Chance, persona: Persona) -> str:
    """The name of something of which the words tell what it is."""
    for word in map(singular, reversed(parents)):
        if word in PEOPLE:
            return persona.name
        if word in COMPANIES:
            return persona.company
        if word in ("product", "item", "goods", "article"):
            return chance.choice(PRODUCTS)
        if word in ("city", "town", "place", "location"):
            return persona.town.city
        if word == "country":
            return persona.town.country
    return f"{chance.choice(COMMON)}-{chance.choice(COMMON)}"


def described(description: str, chance: Chance, persona: Persona, words: Words) -> str | None:
    """A text that a description gives as an example ("e.g. Paris"), or whose form it names ("YYYY-MM-DD")."""
    for form, layout in _DATES:
        if form.search(description):
            return persona.moment(words).strftime(layout)
    found = [quoted or plain.strip() for quoted, plain in _EXAMPLE.findall(description)]
    found = [example for example in found if not example.startswith(("a ", "an ", "the "))]
    return chance.choice(found) if found else None


def is_numeric(name: str) -> bool:
    """Whether a property of that name usually has a number."""
    return any(word in NUMBERS for word in words_of(name)[-1:])


@lru_cache(maxsize=4096)
def number(name: str) -> tuple[float, float, int]:
    """The usual least and greatest value under that name, and how many decimals it has.

    What is called a minimum or a start is in the lower half, a maximum or an end in the upper one.
    """
    words = words_of(name)
    least, most, decimals = next((NUMBERS[word] for word in reversed(words) if word in NUMBERS), USUAL)
    middle = (least + most) // 2 if decimals == 0 else (least + most) / 2
    if not LOWER.isdisjoint(words):
        return least, middle, decimals
    if not UPPER.isdisjoint(words):
        return middle, most, decimals
    return least, most, decimals


@lru_cache(maxsize=4096)
def is_someone(name: str) -> bool:
    """Whether a property of that name is about somebody of its own."""
    words = words_of(name)
    return bool(words) and singular(words[-1]) in PEOPLE | COMPANIES


def keys(parent: str) -> Words:
    """Believable names of properties in a map of that name."""
    words = words_of(parent)
    return next((KEYS[word] for word in reversed(words) if word in KEYS), KEYS[""])
