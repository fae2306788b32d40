"""Recognises texts by their `format`: those of JSON Schema 2020-12, section 7.3 (validation), and of UUIDs."""

import re
from collections.abc import Callable
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from emulator.schema_values.regex import compiled

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*\Z")
_REFERENCE = re.compile(r"[^\s<>\"{}|\\^`]*\Z")
_HOST = re.compile(
    r"(?=.{1,253}\Z)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z")
_UUID_OF = r"[0-9a-fA-F]{{8}}-[0-9a-fA-F]{{4}}-{}[0-9a-fA-F]{{3}}-[89abAB][0-9a-fA-F]{{3}}-[0-9a-fA-F]{{12}}\Z"
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([zZ]|[+-]([01]\d|2[0-3]):[0-5]\d)\Z")
_DURATION = re.compile(r"P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)\Z")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*\Z")
_RELATIVE_POINTER = re.compile(r"(0|[1-9]\d*)(#|(/([^~/]|~[01])*)*)\Z")
_LONGEST_REGEX = 1_000
_TEMPLATE = re.compile(r"([^{}\s<>\"\\^`|]|\{[^{}\s]+\})*\Z")


def conforms(name: str, text: str) -> bool:
    """Whether a text has the format. Every text has an unknown format."""
    check = _CHECKS.get(plain(name))
    return check is None or check(text)


def plain(name: str) -> str:
    """The name of a format as the tables have it: in lower case, with hyphens."""
    return name.lower().replace("_", "-")


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
    **{f"uuid{version}": _matches(re.compile(_UUID_OF.format(version))) for version in range(1, 9)},
    "json-pointer": _matches(_POINTER),
    "relative-json-pointer": _matches(_RELATIVE_POINTER),
    "regex": lambda text: len(text) <= _LONGEST_REGEX and _parses(compiled, ValueError)(text),
}
_CHECKS["ip-address"], _CHECKS["host-name"] = _CHECKS["ipv4"], _CHECKS["hostname"]
