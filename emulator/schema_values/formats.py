"""Writes texts by their `format`.

The table has the formats of JSON Schema 2020-12, section 7.3 (validation), of OpenAPI's registry, and those that
pydantic and Zod write.
"""

import base64
import json
from collections.abc import Callable

from emulator.core.seeds import Random
from emulator.schema_values import identifiers
from emulator.schema_values.format_checks import plain
from emulator.schema_values.identifiers import CAPITALS, DIGITS, drawn
from emulator.schema_values.persona import Persona

Writer = Callable[[Random, Persona, tuple[str, ...]], str]


def known(name: str) -> bool:
    """Whether texts of this format can be written."""
    return plain(name) in WRITERS


def written(name: str, random: Random, persona: Persona, words: tuple[str, ...]) -> str | None:
    """A text of the format, or None if it is unknown. `words` are the words of the property's name."""
    write = WRITERS.get(plain(name))
    return write(random, persona, words) if write else None


def stretched(name: str, text: str, size: int) -> str:
    """Extend the local part or the path of a text, up to `size` characters."""
    more = "x" * (size - len(text))
    if plain(name) in ("email", "idn-email"):
        return more + text
    return text + "/" + more[1:]


def _of(make: Callable[[Random], str]) -> Writer:
    return lambda random, persona, words: make(random)


def _about(make: Callable[[Persona], str]) -> Writer:
    return lambda random, persona, words: make(persona)


def _one_of(*options: str) -> Writer:
    return lambda random, persona, words: random.choice(options)


def _day(layout: str) -> Writer:
    return lambda random, persona, words: persona.moment(words).strftime(layout)


def _hex(size: int) -> Writer:
    return lambda random, persona, words: drawn(random, size)


def _uuid(version: int) -> Writer:
    return lambda random, persona, words: identifiers.uuid(random, version)


_ADDRESS_WORDS = frozenset(["url", "uri", "link", "href", "urls", "website", "homepage", "site", "web", "endpoint"])
_IMAGES = frozenset({"image", "avatar", "photo", "picture", "logo", "thumbnail", "icon", "img"})
_SERVICES = {
    "redis": "redis://localhost:6379/0",
    "amqp rabbitmq rabbit": "amqp://guest:guest@localhost:5672/",
    "kafka": "kafka://localhost:9092",
    "nats": "nats://localhost:4222",
    "mysql": "mysql://app:example@localhost:3306/app",
    "mariadb": "mariadb://app:example@localhost:3306/app",
    "clickhouse": "clickhouse+http://app:example@localhost:8123/app",
    "snowflake": "snowflake://app:example@example/app",
    "mongo mongodb": "mongodb://app:example@localhost:27017/app",
    "postgres postgresql pg database db sql dsn": "postgresql://app:example@localhost:5432/app",
    "ws wss websocket socket": "wss://example.com/events",
    "ftp": "ftp://ftp.example.com/incoming",
}
_ADDRESSES = {word: address for words, address in _SERVICES.items() for word in words.split()}


def _service(words: tuple[str, ...], otherwise: str) -> str:
    """The address of a service that the words name."""
    start = "".join(words)  # as of `MySQLDsn`
    return next((address for word, address in _ADDRESSES.items() if word in words or start == f"{word}dsn"), otherwise)


def _uri(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    if not _IMAGES.isdisjoint(words):
        return f"https://images.{persona.domain}/{persona.word}.png"
    first = next((word for word in words if word not in _ADDRESS_WORDS and word.isalpha()), "")
    return _service(words, f"https://{first}.{persona.domain}/{persona.word}" if first else persona.url)


def _ipv4(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"192.0.2.{random.randint(1, 254)}"


def _ipv4_network(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"10.{random.randint(0, 255)}.0.0/16"


def _ipv6(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"2001:db8::{random.randint(1, 9999):x}:{random.randint(1, 9999):x}"


def _ipv6_network(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"2001:db8:{random.randint(1, 9999):x}::/48"


def _iata(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    """The airport of the persona's town, or of the town that it goes to."""
    return persona.place(words).airport


def _characters(size: int, alphabet: str) -> Writer:
    return lambda random, persona, words: drawn(random, size, alphabet)


def _mac(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return ":".join(["02", *(drawn(random, 2) for _ in range(5))])


_LASTING = frozenset(["trial", "retention", "period", "subscription", "validity", "notice", "expiry", "warranty"])


def _duration(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    """Some minutes or hours, or some days for what lasts."""
    options = ("PT15M", "PT30M", "PT45M", "PT1H", "PT1H30M") if _LASTING.isdisjoint(words) else ("P7D", "P14D", "P1M")
    return random.choice(options)


def _base64(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    """A text without padding, which not everyone reads."""
    text = f"{persona.word} {persona.user}"
    return base64.b64encode(text[: len(text) // 3 * 3].encode()).decode()


def _json(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return json.dumps({"name": persona.word, "value": persona.number})


def _number(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    return f"{random.randint(1, 500)}.{random.randint(10, 99)}"


def _phone(random: Random, persona: Persona, words: tuple[str, ...]) -> str:
    """A number of the range that is kept free for fiction, with an area code that exists."""
    return f"+1202555{100 + persona.number:04}"


WRITERS: dict[str, Writer] = {
    **dict.fromkeys(("date-time", "datetime", "timestamp", "iso-date-time"), _day("%Y-%m-%dT%H:%M:%SZ")),
    **dict.fromkeys(("date-time-local", "datetime-local", "local-date-time"), _day("%Y-%m-%dT%H:%M:%S")),
    **dict.fromkeys(("date", "full-date"), _day("%Y-%m-%d")),
    "time": _day("%H:%M:%SZ"),
    "time-local": _day("%H:%M:%S"),
    "year-month": _day("%Y-%m"),
    **dict.fromkeys(("duration", "iso8601-duration"), _duration),
    **dict.fromkeys(("email", "idn-email"), _about(lambda persona: persona.email)),
    "name-email": _about(lambda persona: f"{persona.name} <{persona.email}>"),
    **dict.fromkeys(("hostname", "host-name", "idn-hostname", "domain"), _about(lambda persona: persona.host)),
    **dict.fromkeys(("ipv4", "ip-address", "ip", "ipvanyaddress"), _ipv4),
    "ipv6": _ipv6,
    **dict.fromkeys(("cidr", "cidrv4", "ipv4network", "ipvanynetwork"), _ipv4_network),
    **dict.fromkeys(("ipv4interface", "ipvanyinterface"), lambda *given: f"{_ipv4(*given)}/24"),
    **dict.fromkeys(("cidrv6", "ipv6network"), _ipv6_network),
    "ipv6interface": lambda *given: f"{_ipv6(*given)}/64",
    **dict.fromkeys(("uri", "url", "uri-reference", "iri", "iri-reference"), _uri),
    "multi-host-uri": lambda random, persona, words: _service(words, _ADDRESSES["postgresql"]),
    "uri-template": _about(lambda persona: f"https://{persona.domain}/{persona.word}/{{id}}"),
    **dict.fromkeys(("uuid", "guid", "uuid4"), _uuid(4)),
    **{f"uuid{version}": _uuid(version) for version in (1, 3, 5, 6, 8)},
    "uuid7": lambda random, persona, words: identifiers.timed_uuid(random, persona.day),
    "ulid": lambda random, persona, words: identifiers.ulid(random, persona.day),
    "cuid": _of(identifiers.cuid),
    "cuid2": _of(identifiers.cuid2),
    "nanoid": _of(identifiers.nanoid),
    "ksuid": _of(identifiers.ksuid),
    "xid": _of(identifiers.xid),
    **dict.fromkeys(("objectid", "object-id", "mongo-id"), _of(identifiers.object_id)),
    "jwt": lambda random, persona, words: identifiers.jwt(random, persona.user, persona.day),
    **dict.fromkeys(("credit-card", "credit-card-number", "card-number"), _of(identifiers.card_number)),
    "iban": _of(identifiers.iban),
    "bic": _of(identifiers.bic),
    **dict.fromkeys(("isbn", "isbn13"), _of(identifiers.isbn)),
    **dict.fromkeys(("md5", "md5-hex"), _hex(32)),
    **dict.fromkeys(("sha1", "sha1-hex"), _hex(40)),
    **dict.fromkeys(("sha256", "sha256-hex", "hex"), _hex(64)),
    **dict.fromkeys(("sha384", "sha384-hex"), _hex(96)),
    **dict.fromkeys(("sha512", "sha512-hex"), _hex(128)),
    "json-pointer": _about(lambda persona: f"/{persona.word}/0"),
    "relative-json-pointer": _about(lambda persona: f"1/{persona.word}"),
    "regex": _about(lambda persona: f"^{persona.word}-[0-9]+$"),
    **dict.fromkeys(("byte", "binary", "base64", "base64url"), _base64),
    **dict.fromkeys(("json", "json-string"), _json),
    **dict.fromkeys(("phone", "phone-number", "tel", "e164"), _phone),
    **dict.fromkeys(("color", "colour", "hex-color"), lambda random, persona, words: f"#{drawn(random, 6)}"),
    **dict.fromkeys(("mac", "mac-address"), _mac),
    "password": lambda random, persona, words: f"{persona.word.title()}-{persona.last}-{random.randint(10, 99)}",
    **dict.fromkeys(
        ("semver", "version"),
        _of(lambda random: f"{random.randint(0, 5)}.{random.randint(0, 20)}.{random.randint(0, 12)}"),
    ),
    "slug": _about(lambda persona: f"{persona.word}-{persona.number}"),
    # Those who ask for a path of these formats may look whether it exists.
    "file-path": _one_of("/etc/hosts"),
    "directory-path": _one_of("/tmp"),  # noqa: S108 - a text, which nobody opens here
    "path": _about(lambda persona: f"/home/{persona.first.lower()}/{persona.word}.txt"),
    **dict.fromkeys(("country", "country-code", "iso-country"), _about(lambda persona: persona.town.code)),
    **dict.fromkeys(("currency", "currency-code"), _about(lambda persona: persona.town.currency)),
    **dict.fromkeys(("language", "language-code"), _about(lambda persona: persona.town.language)),
    "locale": _about(lambda persona: persona.town.locale),
    **dict.fromkeys(("timezone", "time-zone"), _about(lambda persona: persona.town.timezone)),
    **dict.fromkeys(("mime", "mime-type", "media-type"), _one_of("application/json", "text/plain", "image/png")),
    "cron": _one_of("0 6 * * *", "*/15 * * * *", "0 9 * * 1"),
    "emoji": _one_of("🎉", "🚀", "🌱", "🔥", "🎯"),
    "country-alpha-3": _one_of("PRT", "USA", "JPN", "DEU", "CAN", "FRA", "AUS", "KEN", "IND", "ESP"),
    "us-state": _one_of("TX", "WA", "CA", "NY", "CO", "OR"),
    "iata": _iata,
    "assignment": _one_of("LOG_LEVEL=info", "PORT=8080", "DEBUG=false"),
    "repository": _one_of("acme/website", "acme/api"),
    **{f"digits-{size}": _characters(size, DIGITS[1:]) for size in range(1, 20)},
    **{f"letters-{size}": _characters(size, CAPITALS) for size in range(1, 20)},
    "coordinates": _about(lambda persona: f"{persona.town.latitude},{persona.town.longitude}"),
    "epoch": lambda random, persona, words: str(round(persona.moment(words).timestamp())),
    "handle": _about(lambda persona: f"@{persona.user.replace('.', '_')}"),
    "hashtag": _about(lambda persona: f"#{persona.word}"),
    "sql": _one_of("SELECT name, total FROM orders WHERE status = 'open'", "SELECT COUNT(*) FROM users"),
    **dict.fromkeys(("decimal", "double", "float", "number", "money"), _number),
    **dict.fromkeys(
        ("int32", "int64", "uint32", "uint64", "integer"),
        _of(lambda random: str(random.randint(1, 9)) + drawn(random, 3, DIGITS)),
    ),
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
