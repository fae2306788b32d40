"""Tables that map the words of property names to usual texts, numbers and keys."""

from collections.abc import Callable
from operator import attrgetter
from typing import TypeAlias

from emulator.core.seeds import Random
from emulator.schema_values import formats
from emulator.schema_values.identifiers import CAPITALS, DIGITS, drawn
from emulator.schema_values.persona import Persona
from emulator.schema_values.phrases import one_of
from emulator.schema_values.prose import PROSE, Prose
from emulator.schema_values.things import THINGS
from emulator.schema_values.words import COMMON, JOBS, PRODUCTS, TITLES

Words: TypeAlias = tuple[str, ...]
TextMaker: TypeAlias = Callable[[Random, Persona, Words], str]


def _about(path: str) -> TextMaker:
    """Return a writer of an attribute of the persona."""
    read = attrgetter(path)
    return lambda random, persona, words: str(read(persona))


_SIDES = {"home": 0, "away": 1, "visiting": 1, "opponent": 1, "buyer": 0, "seller": 1, "subject": 0, "object": 1}
_SIDES |= {"source": 0, "target": 1, "before": 0, "after": 1, "old": 0, "new": 1, "front": 0, "back": 1}


def _one_of(*options: str) -> TextMaker:
    """Return a writer of one of the texts: another one for each of two sides, such as the home and the away team."""

    def write(random: Random, persona: Persona, words: Words) -> str:
        side = _SIDES.get(words[0]) if words else None
        return random.choice(options) if side is None else options[(persona.number + side) % len(options)]

    return write


def _said(prose: Prose) -> TextMaker:
    """Return a writer of a text of this kind."""
    return lambda random, persona, words: " ".join(random.sample(prose.sentences, random.randint(1, prose.most)))


def _numbered(pattern: str) -> TextMaker:
    """Return a writer that puts a digit for each `#` of a pattern, and a capital letter for each `@`."""

    def write(random: Random, persona: Persona, words: Words) -> str:
        signs = {"#": DIGITS[1:], "@": CAPITALS}
        return "".join([random.choice(signs[sign]) if sign in signs else sign for sign in pattern])

    return write


def _joined(joint: str) -> TextMaker:
    return lambda random, persona, words: random.choice(COMMON) + joint + random.choice(COMMON)


def _day(layout: str) -> TextMaker:
    return lambda random, persona, words: persona.moment(words).strftime(layout)


def _between(low: int, high: int, ending: str = "") -> TextMaker:
    return lambda random, persona, words: f"{random.randint(low, high)}{ending}"


_PREFIXES = {"user": "usr", "transaction": "txn", "message": "msg", "payment": "pay", "account": "acct"}


def _identifier(random: Random, persona: Persona, words: Words) -> str:
    prefix = _PREFIXES.get(words[-2], words[-2][:3]) if len(words) > 1 else "id"
    return f"{prefix}_{drawn(random, 8)}"


_PROFILES = {
    "linkedin": "https://www.linkedin.com/in/{}-example",
    "github": "https://github.com/{}-example",
    "gitlab": "https://gitlab.com/{}-example",
    "twitter": "https://twitter.com/{}-example",
    "facebook": "https://www.facebook.com/{}-example",
    "instagram": "https://www.instagram.com/{}-example",
}


def _profile(random: Random, persona: Persona, words: Words) -> str:
    """The address of a person's page at the service that the words name."""
    service = next(word for word in words if word in _PROFILES)
    return _PROFILES[service].format(persona.user.replace(".", "-"))


def _account(random: Random, persona: Persona, words: Words) -> str:
    return persona.user.replace(".", "-")


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
    ("initial, initials", lambda random, persona, words: f"{persona.first[0]}{persona.last[0]}"),
    ("middle name", _one_of("A.", "C.", "J.", "M.", "R.")),
    (
        "full name, display name, person, author, owner, contact, customer, student, employee, patient, doctor",
        _about("name"),
    ),
    ("teacher, recipient, sender, member, attendee, passenger, guest, manager, assignee, maintainer", _about("name")),
    ("participant, friend, artist, actor, director, creator, contributor, customer name, author name", _about("name")),
    ("email, mail, email address, e mail, correo, correo electronico, courriel", _about("email")),
    ("user, nickname, user name, screen name, account name", _about("user")),
    ("username, login name", _about("user")),
    ("github username, github user, github login, repository owner, repository assignee, git user", _account),
    (", ".join(f"{name}{end}" for name in _PROFILES for end in ("", " url", " profile", " link", " page")), _profile),
    ("github profile url, linkedin profile url", _profile),
    (
        "podcast host, show host, event host, speaker, narrator, presenter, organizer, organiser, reporter",
        _about("name"),
    ),
    (
        "address name, shipping name, billing name, contact name, card holder, cardholder, cardholder name",
        _about("name"),
    ),
    ("reviewer, quote speaker, landlord, tenant, performer, claimant, witness, lawyer, therapist", _about("name")),
    ("agency, agent agency, broker, clinic, contractor, insurer, issuer, client company", _about("company")),
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
    ("house number, building number, street number, room number, unit number", _between(1, 120)),
    (
        "city, town, locality, municipality, origin, departure, stadt, ort, ville, ciudad, municipio",
        _about("town.city"),
    ),
    ("venue, place, location, departure city, from city, origin city, birthplace", _about("town.city")),
    ("destination, arrival, arrival city, destination city, to city, dropoff, dropoff location", _about("goal.city")),
    ("state, region, province, county", _about("town.region")),
    ("country, nationality, land, pays, pais", _about("town.country")),
    ("country code, iso code, nationality code", _about("town.code")),
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
    ("date, day, birthday, birthdate, dob, due, deadline, since, until, start, end, datum, fecha", _day("%Y-%m-%d")),
    ("check in, check out, checkin, checkout, payment due, valid from, valid until, valid to", _day("%Y-%m-%d")),
    ("date of birth, birth date, born, expiration, expiry, geburtsdatum", _day("%Y-%m-%d")),
    ("datetime, timestamp, created, updated, modified, at, expires, published, time stamp", _day("%Y-%m-%dT%H:%M:%SZ")),
    ("on, last login, last seen, last active, login, date time, as of", _day("%Y-%m-%dT%H:%M:%SZ")),
    ("next meeting, next appointment, next visit, open house, next review, next session", _day("%Y-%m-%dT%H:%M:%SZ")),
    ("time, hour, pickup time, opening time, closing time, uhrzeit, hora, heure", _day("%H:%M")),
    ("session day, workout day, training day, class day", _day("%A")),
    ("month, month name", _day("%B")),
    ("weekday, day of week, day name, wochentag", _day("%A")),
    ("year", _day("%Y")),
    ("duration, interval, timeout, ttl, period, delay", _one_of("30s", "5m", "15m", "1h", "24h")),
    ("schedule, cron", _one_of("0 6 * * *", "*/15 * * * *", "0 9 * * 1")),
    ("uuid, guid", formats.WRITERS["uuid"]),
    ("id, identifier, key, ref, reference, uid, number, no", _identifier),
    ("order, order id, order number, order no", _numbered("ORD-####")),
    ("invoice, invoice id, invoice number, invoice no", _numbered("INV-####")),
    ("ticket, ticket id, ticket number, issue key, case id, case number", _numbered("TCK-####")),
    ("employee id, employee number", _numbered("EMP-####")),
    ("vat id, vat number, tax id, tax number, vat identification number, vat", _numbered("DE#########")),
    ("ein, employer identification number", _numbered("##-#######")),
    ("clause number, section number, article number of law", _numbered("#.#")),
    ("sku, product code, item code, part number, article number, model number", _numbered("@@-####")),
    ("serial, serial number", _numbered("SN-######")),
    ("flight, flight number, flight no", _numbered("LH###")),
    ("account number, bank account, bank account number, routing number", _numbered("##########")),
    ("policy number, contract number, claim number, claim id", _numbered("POL-######")),
    ("last 4, last four", _numbered("####")),
    ("cvv, cvc, pin code, pin, otp, verification code", _numbered("###")),
    ("license plate, plate, plate number", _numbered("@@@-####")),
    ("hash, sha, checksum, digest, commit, fingerprint, etag, revision", _hash),
    ("token, secret, api key, access key, signature, client secret", _secret),
    ("api version", _one_of("v1", "v2", "v1beta1")),
    ("version, release, semver", formats.WRITERS["semver"]),
    (
        "title, headline, subject, heading, book, movie, song, course, playlist, album, titel, titre, titulo",
        _one_of(*TITLES),
    ),
    ("book title, movie title, project, project name, show", _one_of(*TITLES)),
    ("product, item, article, product name, item name, line description, line item", _one_of(*PRODUCTS)),
    ("query, search, search term, q", _joined(" ")),
    ("status, condition, phase", _one_of("active", "pending", "completed")),
    ("gender, sex", _one_of("female", "male", "other")),
    ("color, colour", formats.WRITERS["color"]),
    ("size", _one_of("small", "medium", "large")),
    ("priority, severity, importance, urgency, prioritat, prioritaet, impact level", _one_of("low", "medium", "high")),
    ("level, tier", _one_of("basic", "standard", "advanced")),
    ("role, permission, scope", _one_of("admin", "editor", "viewer")),
    ("environment, env, stage", _one_of("development", "staging", "production")),
    ("unit", _one_of("metric", "imperial")),
    ("method, http method, verb", _one_of("GET", "POST", "PUT")),
    ("path, filepath, directory, dir, folder, root, workdir, cwd", _joined("/")),
    ("file, filename, attachment, file name, document, document name", _file),
    ("file path, absolute path, output path, input path, image path", formats.WRITERS["path"]),
    ("slug", formats.WRITERS["slug"]),
    ("handle, twitter handle", formats.WRITERS["handle"]),
    ("hashtag", formats.WRITERS["hashtag"]),
    ("epoch, unix timestamp, unix time", formats.WRITERS["epoch"]),
    ("user agent", _one_of("Mozilla/5.0 (X11; Linux x86_64)", "curl/8.5.0")),
    ("command, cmd, script, run, entrypoint, exec", _one_of("make test", "npm run build", "ls -l", "echo ready")),
    ("arg, argument, flag, cli option", _one_of("--verbose", "--all", "--quiet", "--force")),
    ("encoding, charset", _one_of("utf-8", "ascii", "latin-1")),
    ("license, licence, spdx", _one_of("Apache-2.0", "MIT", "BSD-3-Clause")),
    ("media type, content type, mime type, mime, file type", _one_of("application/json", "text/plain", "image/png")),
    ("percentage, percent, cpu", _between(5, 95, "%")),
    ("amount, price, cost, total, balance, fee, salary, budget, subtotal, tax, discount", _price),
    (
        "count, quantity, limit, offset, index, page, rank, score, rating, length, width, height, total count",
        _between(1, 60),
    ),
    ("weight, age, max, min, distance, capacity", _between(1, 60)),
    ("format, extension", _one_of("json", "csv", "xml")),
    ("programming language, coding language, code language", _one_of("python", "typescript", "go", "rust")),
    ("operator, op, comparison", _one_of("eq", "lt", "gt")),
    ("symbol, ticker, stock", _one_of("ACME", "GLOB", "INIT", "NOVA", "ORBT", "HLTH")),
    ("ingredient", _one_of("tomato", "basil", "olive oil", "garlic", "rice")),
    ("cuisine", _one_of("Italian", "Japanese", "Mexican", "Indian")),
    ("equation, expression, formula", _one_of("2 * (3 + 4)", "12 / 4 + 1", "3 * 7 - 2")),
)

TEXTS: dict[str, TextMaker] = {
    **{key: _said(prose) for prose in PROSE for key in prose.keys.split(", ")},
    **{key: _one_of(*options.split("|")) for keys, options in THINGS for key in keys.split(", ")},
    **{key: write for keys, write in _WRITERS for key in keys.split(", ")},
}
"""How a text is written, by the words of the name that it goes by."""

THING_KEYS = frozenset(key for keys, _ in THINGS for key in keys.split(", "))
"""Keys of names of things, which are those of a "... name" also."""

ABOUT = frozenset(key for prose in PROSE if prose.about for key in prose.keys.split(", "))
"""Keys of texts about a conversation."""

TOGETHER = {key.replace(" ", ""): key for key in TEXTS if " " in key}
"""Names of several words, written as one."""

TELLING = frozenset(
    {"full name", "first name", "last name", "email", "email address", "mail", "phone", "phone number", "url", "uri"}
    | {"website", "date", "city", "country", "company", "address", "ip address", "hostname"}
    | {"currency", "language", "color", "timezone", "uuid", "postal code", "zip code", "username", "github username"}
)
"""Keys that tell what a text is wherever they stand in a name or a description, not only at its end."""

PEOPLE = frozenset(
    {"person", "user", "customer", "client", "author", "owner", "member", "employee", "student", "teacher", "patient"}
    | {"doctor", "contact", "contributor", "maintainer", "recipient", "sender", "guest", "passenger", "player"}
    | {"buyer", "seller", "manager", "attendee", "artist", "actor", "director", "applicant", "candidate", "driver"}
    | {"celebrity", "singer", "lawyer", "musician", "performer", "judge", "scientist", "speaker", "instructor", "nurse"}
    | {"ceo", "founder", "president", "chair", "captain", "coach", "character", "witness", "winner", "hero", "relative"}
    | {
        "leader",
        "mayor",
        "minister",
        "senator",
        "governor",
        "reporter",
        "lead",
        "engineer",
        "developer",
        "lecturer",
        "professor",
        "signatory",
        "beneficiary",
        "holder",
        "tenant",
    }
    | {"landlord", "resident", "victim", "suspect", "referee", "composer", "writer", "narrator", "protagonist"}
    | {"participant", "reviewer", "assignee", "creator", "editor", "friend", "parent", "child", "spouse", "traveler"}
    | {"from", "to", "shipper", "stylist", "therapist", "dentist", "host", "agent", "people"}
)
THINGS_THAT_DO = one_of(
    "server container cluster folder number order layer filter header footer router sensor monitor color "
    "cursor calendar chapter register paper newsletter letter power error provider printer parameter worker "
    "computer controller adapter docker helper trigger handler parser loader builder logger buffer pointer "
    "integer character river corner center floor door sector vector motor factor indicator connector "
    "identifier locker poster banner marker timer counter weather water tower theater quarter semester flower"
)
"""Words that end like those of people, and are none."""

COMPANIES = frozenset(
    {"company", "organization", "organisation", "employer", "vendor", "supplier", "publisher", "business", "brand"}
    | {"org", "hotel", "restaurant", "school", "university", "airline", "store", "shop"}
)
