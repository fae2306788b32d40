"""Writes and recognises texts by their `format`.

The tables have the formats of JSON Schema 2020-12, section 7.3 (validation), and others in common use.
"""

import re
from collections.abc import Callable
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from emulator.core.seeds import Random
from emulator.schema_values.persona import Persona
from emulator.schema_values.regex import compiled

Writer = Callable[[Random, Persona, tuple[str, ...]], str]

_HEX = "0123456789abcdef"
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*\Z")
_REFERENCE = re.compile(r"[^\s<>\"{}|\\^`]*\Z")
_HOST = re.compile(
    r"(?=.{1,253}\Z)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([zZ]|[+-]([01]\d|2[0-3]):[0-5]\d)\Z")
_DURATION = re.compile(r"P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)\Z")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*\Z")
_RELATIVE_POINTER = re.compile(r"(0|[1-9]\d*)(#|(/([^~/]|~[01])*)*)\Z")
_LONGEST_REGEX = 1_000
_TEMPLATE = re.compile(r"([^{}\s<>\"\\^`|]|\{[^{}\s]+\})*\Z")


def conforms(name: str, text: str) -> bool:
    """Whether a text has the format. Every text has an unknown format."""
    check = _CHECKS.get(_plain(name))
    return check is None or check(text)


def known(name: str) -> bool:
    """Whether texts of this format can be written."""
    return _plain(name) in WRITERS


def written(name: str, random: Random, persona: Persona, words: tuple[str, ...]) -> str | None:
    """A text of the format, or None if it is unknown. `words` are the words of the property's name."""
    write = WRITERS.get(_plain(name))
    return write(random, persona, words) if write else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def digits(random: Random, size: int, alphabet: str = _HEX) -> str:
    """`size` characters of an alphabet."""
    return "".join(random.choices(alphabet, k=size))


def uuid(random: Random) -> str:
    """A version 4 UUID (RFC 9562)."""
    raw = digits(random, 30)
    return f"{raw[:8]}-{raw[8:12]}-4{raw[12:15]}-{random.choice('89ab')}{raw[15:18]}-{raw[18:30]}"


def _matches(regex: "re.Pattern[str]") -> Callable[[str], bool]:
    return lambda text: regex.match(text) is not None


def _parses(parse: Callable[[str], Any], *errors: type[Exception]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except errors:
            return False
        return True

    return check


def _is_date(text: str) -> bool:
    return len(text) == 10 and _parses(date.fromisoformat, ValueError)(text)


def _is_moment(text: str) -> bool:
    return _is_date(text[:10]) and text[10:11] in ("T", "t") and _TIME.match(text[11:]) is not None


def _is_ascii(check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: text.isascii() and check(text)


_CHECKS: dict[str, Callable[[str], bool]] = {
    "date-time": _is_moment,
    "date": _is_date,
    "time": _matches(_TIME),
    "duration": _matches(_DURATION),
    "email": _matches(_EMAIL),
    "idn-email": _matches(_EMAIL),
    "hostname": _matches(_HOST),
    "ipv4": _parses(IPv4Address, AddressValueError),
    "ipv6": _parses(IPv6Address, AddressValueError),
    "uri": _is_ascii(_matches(_URI)),
    "uri-reference": _is_ascii(_matches(_REFERENCE)),
    "iri": _matches(_URI),
    "iri-reference": _matches(_REFERENCE),
    "uri-template": _matches(_TEMPLATE),
    "uuid": _matches(_UUID),
    "json-pointer": _matches(_POINTER),
    "relative-json-pointer": _matches(_RELATIVE_POINTER),
    "regex": lambda text: len(text) <= _LONGEST_REGEX and _parses(compiled, ValueError)(text),
}
_CHECKS["ip-address"], _CHECKS["host-name"] = _CHECKS["ipv4"], _CHECKS["hostname"]


def _moment(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"{persona.moment(words):%Y-%m-%dT%H:%M:%SZ}"


def _date(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"{persona.moment(words):%Y-%m-%d}"


def _duration(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return random.choice(("PT15M", "PT30M", "PT1H", "PT2H30M", "P1D", "P7D", "P1M"))


def _ipv6(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"2001:db8::{random.randint(1, 9999):x}:{random.randint(1, 9999):x}"


def _uri(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    if not {"image", "avatar", "photo", "picture", "logo", "thumbnail", "icon", "img"}.isdisjoint(words):
        return f"https://images.{persona.domain}/{persona.word}.png"
    return persona.url


def _ipv4(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"192.0.2.{random.randint(1, 254)}"


def _mac(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return ":".join(["02", *(digits(random, 2) for _ in range(5))])


def _base64(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return random.choice(("aGVsbG8=", "d29ybGQ=", "ZXhhbXBsZQ==", "c2FtcGxl", "ZGF0YQ=="))


def _color(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"#{digits(random, 6)}"


def _version(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"{random.randint(0, 5)}.{random.randint(0, 20)}.{random.randint(0, 12)}"


def _password(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"{persona.word.title()}-{persona.last}-{random.randint(10, 99)}"


WRITERS: dict[str, Writer] = {
    "date-time": _moment,
    "datetime": _moment,
    "timestamp": _moment,
    "date": _date,
    "full-date": _date,
    "time": lambda random, persona, words: f"{persona.moment(words):%H:%M:%SZ}",
    "duration": _duration,
    "email": lambda random, persona, words: persona.email,
    "idn-email": lambda random, persona, words: persona.email,
    "hostname": lambda random, persona, words: persona.host,
    "host-name": lambda random, persona, words: persona.host,
    "idn-hostname": lambda random, persona, words: persona.host,
    "domain": lambda random, persona, words: persona.host,
    "ipv4": _ipv4,
    "ip-address": _ipv4,
    "ip": _ipv4,
    "ipv6": _ipv6,
    "cidr": lambda random, persona, words: f"10.{random.randint(0, 255)}.0.0/16",
    "uri": _uri,
    "url": _uri,
    "uri-reference": _uri,
    "iri": _uri,
    "iri-reference": _uri,
    "uri-template": lambda random, persona, words: f"https://{persona.domain}/{persona.word}/{{id}}",
    "uuid": lambda random, persona, words: uuid(random),
    "guid": lambda random, persona, words: uuid(random),
    "json-pointer": lambda random, persona, words: f"/{persona.word}/0",
    "relative-json-pointer": lambda random, persona, words: f"1/{persona.word}",
    "regex": lambda random, persona, words: f"^{persona.word}-[0-9]+$",
    "byte": _base64,
    "binary": _base64,
    "base64": _base64,
    "phone": lambda random, persona, words: persona.phone,
    "phone-number": lambda random, persona, words: persona.phone,
    "tel": lambda random, persona, words: persona.phone,
    "color": _color,
    "colour": _color,
    "mac": _mac,
    "mac-address": _mac,
    "password": _password,
    "semver": _version,
    "version": _version,
    "slug": lambda random, persona, words: f"{persona.word}-{persona.number}",
}

SHORTEST = {
    "email": "a@b.io",
    "hostname": "a.io",
    "uri": "a:b",
    "uri-reference": "a",
    "url": "a:b",
    "time": "09:00:00Z",
    "ipv4": "1.1.1.1",
    "ipv6": "::1",
    "duration": "P1D",
    "json-pointer": "",
    "regex": "a",
    "date-time": "2024-01-08T09:00:00Z",
}
"""A short text of each format, for where there is little room."""


def stretched(name: str, text: str, size: int) -> str:
    """Extend the local part or the path of a text, up to `size` characters."""
    more = "x" * (size - len(text))
    if _plain(name) in ("email", "idn-email"):
        return more + text
    return text + "/" + more[1:]
