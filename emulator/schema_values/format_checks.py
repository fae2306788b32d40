"""Recognises texts by their `format`: those of JSON Schema 2020-12, section 7.3, and of pydantic and Zod."""

import json
import re
from collections.abc import Callable
from datetime import date
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
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
_NUMERIC = re.compile(r"[+-]?\d+(\.\d+)?\Z")
_CHECKS |= {
    "name-email": _matches(re.compile(r"([^<>]*<)?[^@\s<>]+@[^@\s<>]+>?\Z")),
    **dict.fromkeys(("cidr", "cidrv4", "ipv4network"), _parses(IPv4Network, ValueError)),
    **dict.fromkeys(("cidrv6", "ipv6network"), _parses(IPv6Network, ValueError)),
    "ipv4interface": _parses(IPv4Interface, ValueError),
    "ipv6interface": _parses(IPv6Interface, ValueError),
    "ipvanyaddress": _parses(ip_address, ValueError),
    "ipvanynetwork": _parses(ip_network, ValueError),
    "ipvanyinterface": _parses(ip_interface, ValueError),
    "multi-host-uri": _matches(_URI),
    "ulid": _matches(re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")),
    "nanoid": _matches(re.compile(r"[\w-]{21}\Z", re.ASCII)),
    "cuid": _matches(re.compile(r"[cC][0-9a-z]{8,}\Z")),
    "cuid2": _matches(re.compile(r"[a-z][0-9a-z]+\Z")),
    "jwt": _matches(re.compile(r"[\w-]+\.[\w-]+\.[\w-]*\Z", re.ASCII)),
    **dict.fromkeys(("byte", "base64"), _matches(re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2,3}={1,2})?\Z"))),
    "base64url": _matches(re.compile(r"([\w-]{4})*([\w-]{2,3}={0,2})?\Z", re.ASCII)),
    **dict.fromkeys(("json", "json-string"), _parses(json.loads, ValueError, RecursionError)),
    "e164": _matches(re.compile(r"\+[1-9]\d{6,14}\Z", re.ASCII)),
    **dict.fromkeys(("phone", "phone-number", "tel"), _matches(re.compile(r"\+?[\d(][\d\s().-]{5,18}\Z", re.ASCII))),
    **dict.fromkeys(("decimal", "double", "float", "number"), _matches(_NUMERIC)),
    **dict.fromkeys(("int32", "int64", "uint32", "uint64", "integer"), _matches(re.compile(r"-?\d+\Z", re.ASCII))),
}
_CHECKS["ip-address"], _CHECKS["host-name"] = _CHECKS["ipv4"], _CHECKS["hostname"]
