"""Tables that map the words of property names to usual texts, numbers and keys."""

from collections.abc import Callable
from operator import attrgetter
from typing import TypeAlias

from emulator.core.seeds import Random
from emulator.schema_values import formats
from emulator.schema_values.identifiers import drawn
from emulator.schema_values.persona import Persona
from emulator.schema_values.words import COMMON, JOBS, PRODUCTS, SENTENCES, TITLES

Words: TypeAlias = tuple[str, ...]
TextMaker: TypeAlias = Callable[[Random, Persona, Words], str]


def _about(path: str) -> TextMaker:
    """Return a writer of an attribute of the persona."""
    read = attrgetter(path)
    return lambda random, persona, words: str(read(persona))


def _one_of(*options: str) -> TextMaker:
    return lambda random, persona, words: random.choice(options)


def _joined(joint: str) -> TextMaker:
    return lambda random, persona, words: random.choice(COMMON) + joint + random.choice(COMMON)


def _day(layout: str) -> TextMaker:
    return lambda random, persona, words: persona.moment(words).strftime(layout)


def _between(low: int, high: int, ending: str = "") -> TextMaker:
    return lambda random, persona, words: f"{random.randint(low, high)}{ending}"


def _identifier(random: Random, persona: Persona, words: Words) -> str:
    prefix = words[-2][:3] if len(words) > 1 else "id"
    return f"{prefix}_{drawn(random, 8)}"


def _file(random: Random, persona: Persona, words: Words) -> str:
    return f"{random.choice(COMMON)}.{random.choice(('txt', 'json', 'csv', 'md'))}"


def _secret(random: Random, persona: Persona, words: Words) -> str:
    return f"example-{drawn(random, 24)}"


def _hash(random: Random, persona: Persona, words: Words) -> str:
    return drawn(random, 40)


def _price(random: Random, persona: Persona, words: Words) -> str:
    return f"{random.randint(5, 500)}.{random.randint(10, 99)}"


def _place_on_earth(random: Random, persona: Persona, words: Words) -> str:
    return f"{persona.town.latitude},{persona.town.longitude}"


_WRITERS: tuple[tuple[str, TextMaker], ...] = (
    ("first name, given name, forename, given", _about("first")),
    ("last name, family name, surname, family", _about("last")),
    ("middle name", _one_of("A.", "C.", "J.", "M.", "R.")),
    (
        "full name, display name, person, author, owner, contact, customer, student, employee, patient, doctor",
        _about("name"),
    ),
    ("teacher, recipient, sender, member, attendee, passenger, guest, manager, assignee, maintainer", _about("name")),
    ("participant, friend, artist, actor, director, creator, contributor, customer name, author name", _about("name")),
    ("email, mail, email address, e mail", _about("email")),
    ("user, login, nickname, handle, user name, screen name, account name", _about("user")),
    ("password, passphrase", formats.WRITERS["password"]),
    ("phone, telephone, mobile, fax, tel, cell, phone number", _about("phone")),
    (
        "company, organization, organisation, employer, vendor, supplier, publisher, business, manufacturer",
        _about("company"),
    ),
    ("org, institution, merchant, store, bank, company name, business name, organization name", _about("company")),
    ("job, occupation, position, profession, job title", _one_of(*JOBS)),
    ("address, full address, home address, billing address, shipping address", _about("address")),
    ("street, street address, address line, line, line 1, address 1, street name", _about("street")),
    ("line 2, address 2, address line 2, apartment, suite", _between(1, 60, " B")),
    ("city, town, locality, municipality, origin, destination, departure, arrival", _about("town.city")),
    ("venue, place, location, departure city, arrival city", _about("town.city")),
    ("state, region, province, county", _about("town.region")),
    ("country, nationality", _about("town.country")),
    ("country code, iso code", _about("town.code")),
    ("zip, zip code, postal code, postcode, postal", _about("town.postal_code")),
    ("timezone, time zone, tz", _about("town.timezone")),
    ("language, lang, language code", _about("town.language")),
    ("locale", _about("town.locale")),
    ("currency, currency code", _about("town.currency")),
    ("latitude, lat", _about("town.latitude")),
    ("longitude, lon, lng", _about("town.longitude")),
    ("coordinate, lat long, geo", _place_on_earth),
    ("url, uri, link, href, website, homepage, site, web, endpoint, webhook, callback, schema", formats.WRITERS["url"]),
    ("image, avatar, photo, picture, logo, thumbnail, icon, img", formats.WRITERS["url"]),
    ("domain, hostname, host, server, domain name, fqdn", _about("host")),
    ("ip, ip address, ipv 4, ip addr", formats.WRITERS["ipv4"]),
    ("ipv 6", formats.WRITERS["ipv6"]),
    ("mac, mac address", formats.WRITERS["mac"]),
    ("cidr, subnet, cidr block, network", formats.WRITERS["cidr"]),
    ("port", _one_of("80", "443", "3000", "5432", "8080")),
    ("date, day, birthday, birthdate, dob, due, deadline, since, until, start, end", _day("%Y-%m-%d")),
    ("datetime, timestamp, created, updated, modified, at, expires, published, time stamp", _day("%Y-%m-%dT%H:%M:%SZ")),
    ("time, hour", _day("%H:%M")),
    ("month", _day("%B")),
    ("weekday, day of week", _day("%A")),
    ("year", _day("%Y")),
    ("duration, interval, timeout, ttl, period, delay", _one_of("30s", "5m", "15m", "1h", "24h")),
    ("schedule, cron", _one_of("0 6 * * *", "*/15 * * * *", "0 9 * * 1")),
    ("uuid, guid", formats.WRITERS["uuid"]),
    ("id, identifier, key, ref, reference, uid, sku, code, number, no, serial", _identifier),
    ("hash, sha, checksum, digest, commit, fingerprint, etag, revision", _hash),
    ("token, secret, api key, access key, signature, client secret", _secret),
    ("api version", _one_of("v1", "v2", "v1beta1")),
    ("version, release, semver", formats.WRITERS["semver"]),
    ("title, headline, subject, heading, book, movie, event, song, course, task, playlist, album", _one_of(*TITLES)),
    ("book title, movie title, event name, event title", _one_of(*TITLES)),
    ("product, item, article, product name, item name", _one_of(*PRODUCTS)),
    (
        "description, summary, text, body, content, message, comment, note, bio, detail, reason, about",
        _one_of(*SENTENCES),
    ),
    ("abstract, instruction, remark, overview, explanation, feedback, review, caption, prompt", _one_of(*SENTENCES)),
    ("answer, question, desc, usage, help, excerpt, paragraph, sentence, info, statement", _one_of(*SENTENCES)),
    ("documentation, biography, definition, step, direction", _one_of(*SENTENCES)),
    ("query, search, search term, q", _joined(" ")),
    ("status, condition, phase", _one_of("active", "pending", "completed")),
    ("gender, sex", _one_of("female", "male", "other")),
    ("color, colour", formats.WRITERS["color"]),
    ("size", _one_of("small", "medium", "large")),
    ("priority, severity, importance, urgency", _one_of("low", "medium", "high")),
    ("level, tier, plan, difficulty", _one_of("basic", "standard", "advanced")),
    ("role, permission, scope", _one_of("admin", "editor", "viewer")),
    ("environment, env, stage", _one_of("development", "staging", "production")),
    ("unit", _one_of("metric", "imperial")),
    ("method, http method, verb", _one_of("GET", "POST", "PUT")),
    ("path, filepath, directory, dir, folder, root, workdir, cwd", _joined("/")),
    ("file, filename, attachment", _file),
    ("command, cmd, script, run, entrypoint, exec", _one_of("make test", "npm run build", "ls -l", "echo ready")),
    ("arg, argument, flag, option", _one_of("--verbose", "--all", "--quiet", "--force")),
    ("encoding, charset", _one_of("utf-8", "ascii", "latin-1")),
    ("license, licence, spdx", _one_of("Apache-2.0", "MIT", "BSD-3-Clause")),
    ("media type, content type, mime type, mime", _one_of("application/json", "text/plain", "image/png")),
    ("percentage, percent, cpu", _between(5, 95, "%")),
    ("amount, price, cost, total, balance, fee, salary, budget, subtotal, tax, discount", _price),
    ("count, quantity, limit, offset, index, page, rank, score, rating, length, width, height", _between(1, 60)),
    ("weight, age, max, min, distance, capacity", _between(1, 60)),
    ("format, extension", _one_of("json", "csv", "xml")),
    ("programming language", _one_of("python", "typescript", "go", "rust")),
    ("operator, op, comparison", _one_of("eq", "lt", "gt")),
    ("symbol, ticker, stock", _one_of("ACME", "GLOB", "INIT")),
    ("ingredient", _one_of("tomato", "basil", "olive oil", "garlic", "rice")),
    ("cuisine", _one_of("Italian", "Japanese", "Mexican", "Indian")),
    ("equation, expression, formula", _one_of("2 * (3 + 4)", "x + 1", "a * b")),
)

TEXTS: dict[str, TextMaker] = {key: write for keys, write in _WRITERS for key in keys.split(", ")}
"""How a text is written, by the words of the name that it goes by."""

TOGETHER = {key.replace(" ", ""): key for key in TEXTS if " " in key}
"""Names of several words, written as one."""

TELLING = frozenset(
    {"full name", "first name", "last name", "email", "email address", "mail", "phone", "phone number", "url", "uri"}
    | {"website", "date", "city", "country", "company", "address", "ip address", "hostname"}
    | {"currency", "language", "color", "timezone", "uuid", "postal code", "zip code"}
)
"""Keys that tell what a text is wherever they stand in a name or a description, not only at its end."""

USUAL = (1, 100, 2)
"""Where a number is when its name tells nothing."""

_SPANS = (
    ("age", (18, 80, 0)),
    ("year", (1995, 2026, 0)),
    ("month", (1, 12, 0)),
    ("day days", (1, 28, 0)),
    ("hour hours", (0, 23, 0)),
    ("minute minutes second seconds", (0, 59, 0)),
    ("port ports", (1024, 49151, 0)),
    ("latitude lat", (-60, 60, 4)),
    ("longitude lon lng", (-170, 170, 4)),
    ("price cost fee amount total subtotal tax value balance payment", (5, 500, 2)),
    ("salary income revenue budget loan principal", (20_000, 120_000, 0)),
    ("rating stars score", (1, 5, 1)),
    ("percent percentage discount progress", (5, 95, 0)),
    ("rate ratio probability confidence alpha opacity threshold factor", (0.05, 0.95, 2)),
    ("temperature temp", (0, 35, 1)),
    ("weight", (50, 100, 1)),
    ("height", (150, 200, 0)),
    ("width length depth radius side base diameter", (5, 200, 1)),
    ("distance", (1, 250, 1)),
    ("quantity count limit number num size", (1, 20, 0)),
    ("page index offset order priority level rank position version retries attempts replicas", (1, 9, 0)),
    ("timeout ttl interval duration delay", (5, 120, 0)),
    ("timestamp epoch", (1_704_700_000, 1_765_000_000, 0)),
    ("id", (1_000, 99_999, 0)),
    ("bytes", (1_024, 1_048_576, 0)),
    ("zip", (10_000, 99_999, 0)),
)
NUMBERS: dict[str, tuple[float, float, int]] = {key: span for keys, span in _SPANS for key in keys.split()}
"""The usual least and greatest number, and how many decimals it has, by a word of the name."""

LOWER = frozenset({"min", "minimum", "start", "from", "lower", "low", "first", "begin"})
UPPER = frozenset({"max", "maximum", "end", "to", "upper", "high", "last", "stop"})

PEOPLE = frozenset(
    {"person", "user", "customer", "client", "author", "owner", "member", "employee", "student", "teacher", "patient"}
    | {"doctor", "contact", "contributor", "maintainer", "recipient", "sender", "guest", "passenger", "player"}
    | {"buyer", "seller", "manager", "attendee", "artist", "actor", "director", "applicant", "candidate", "driver"}
    | {"participant", "reviewer", "assignee", "creator", "editor", "friend", "parent", "child", "spouse", "traveler"}
    | {"from", "to", "shipper", "stylist", "therapist", "dentist", "host", "agent", "people"}
)
COMPANIES = frozenset(
    {"company", "organization", "organisation", "employer", "vendor", "supplier", "publisher", "business", "brand"}
    | {"org", "hotel", "restaurant", "school", "university", "airline", "store", "shop"}
)

KEYS: dict[str, Words] = {
    "labels": ("app", "tier", "component", "version"),
    "annotations": ("description", "owner", "revision"),
    "selector": ("app", "tier", "component"),
    "headers": ("X-Request-Id", "Accept-Language", "Cache-Control"),
    "env": ("LOG_LEVEL", "DATABASE_URL", "PORT"),
    "environment": ("LOG_LEVEL", "DATABASE_URL", "PORT"),
    "scripts": ("build", "test", "start"),
    "dependencies": ("left-hand", "parser-core", "fast-queue"),
    "metadata": ("source", "owner", "revision"),
    "parameters": ("limit", "offset", "sort"),
    "": ("primary", "secondary", "fallback", "main", "other", "first", "second", "third", "default", "extra"),
}
"""What the properties of a map are called, by a word of the map's name."""
