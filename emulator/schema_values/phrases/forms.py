"""The format of a text: "an ISO 8601 date", "in the form YYYY-MM", "two-letter country code"."""

import re
from datetime import datetime
from functools import lru_cache

from emulator.schema_values.phrases.table import COUNTS, Table, lowered, plain, tokens
from emulator.schema_values.phrases.words import closed

_LAYOUTS = (
    ("yyyy", "%Y"),
    ("hh", "%H"),
    ("mmm", "%b"),
    ("ss", "%S"),
    ("dd", "%d"),
    ("yy", "%y"),
)
_PART = r"(?:YYYY|MMM|MM|DD|HH|SS|YY|yyyy|mm|dd|hh|ss|yy)"
_LAYOUT = re.compile(rf"(?<![A-Za-z])({_PART}(?:[-/. :T]{{1,2}}{_PART}){{1,5}}Z?)(?![A-Za-z])")
_CHARACTERS = re.compile(rf"\b([1-9]|1\d|{'|'.join(list(COUNTS)[1:11])})[- ](digit|letter)s?\b")
MASK = "mask:"
"""What stands before a mask, which has a letter for each digit, as in "NN-NN-NN"."""

_MASK = re.compile(r"(?<![\w-])(?:[NX#]{2,6}[-/. ]){1,4}[NX#]{2,6}(?![\w-])")
_LOOKS = {
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\d.+"),
    "country-code": re.compile(r"[A-Za-z]{2}"),
    "country-alpha-3": re.compile(r"[A-Za-z]{3}"),
    "currency-code": re.compile(r"[A-Za-z]{3}"),
    "language-code": re.compile(r"[A-Za-z]{2,3}(?:-\w{2,8})?"),
    "us-state": re.compile(r"[A-Z]{2}"),
    "iata": re.compile(r"[A-Z]{3}"),
    "email": re.compile(r".+@.+"),
    "uri": re.compile(r".*[.:].+"),
    "uuid": re.compile(r"[\w-]{32,}"),
}
"""What texts of a format look like."""

_SIZED = frozenset(["digit", "digits", "letter", "letters"])
_FORMS = Table(
    ("epoch unix", r"\b(?:unix|epoch) (?:time|timestamp|seconds)\b", "epoch"),
    ("iso iso8601", r"\biso[- ]?8601 duration|\bduration in iso", "duration"),
    ("iso iso8601", r"\biso[- ]?(?:8601)?[- ](?:formatted |format )?(?:date[- ]?time|time ?stamp)", "date-time"),
    ("rfc rfc3339", r"\brfc ?3339\b", "date-time"),
    ("iso", r"\bdate and time in iso", "date-time"),
    ("iso iso8601", r"\biso[- ]?(?:8601)?[- ](?:formatted |format )?date\b|\bdate\b.{0,20}\biso\b", "date"),
    ("iso iso8601", r"\biso[- ]?8601\b", "date-time"),
    ("alpha country", r"\balpha-3\b|\b(?:three|3)-letter country", "country-alpha-3"),
    ("phone telephone mobile", r"\b(?:phone|telephone|mobile)\b.{0,40}\bcountry code", "e164"),
    (
        "iso iso3166 country alpha",
        r"\biso[- ]?3166|\b(?:two|2)[- ]letter (?:iso )?country|\bcountry code|\balpha-2\b",
        "country-code",
    ),
    (
        "iso iso4217 currency",
        r"\biso[- ]?4217|\b(?:three|3)[- ]letter (?:iso )?currency|\bcurrency code",
        "currency-code",
    ),
    ("iso iso639 language", r"\biso[- ]?639|\b(?:two|2)[- ]letter (?:iso )?language|\blanguage code", "language-code"),
    ("bcp bcp47 locale", r"\bbcp[- ]?47|\blocale\b", "locale"),
    ("state", r"\b(?:two|2)[- ]letter (?:us )?state|\bstate (?:code|abbreviation)", "us-state"),
    ("iata airport", r"\biata\b|\bairport code", "iata"),
    ("iana zone timezone tz", r"\biana time ?zone|\btime ?zone (?:name|identifier)|\btz database", "timezone"),
    ("uuid guid", r"\b(?:uuid|guid)\b", "uuid"),
    ("ulid", r"\bulid\b", "ulid"),
    ("164 e164 international", r"\be\.?164\b|\binternational (?:phone|format)", "e164"),
    ("mail email", r"\be-?mail address\b|\bvalid e-?mail\b", "email"),
    ("owner org user", r"\b(?:owner|org|user)/(?:name|repo)", "repository"),
    ("key value", r"\bkey ?= ?value\b", "assignment"),
    ("slug", r"\bslug\b", "slug"),
    ("url uri web", r"\b(?:url|uri|web address)\b", "uri"),
    ("ipv6", r"\bipv6\b", "ipv6"),
    ("ipv4 ip", r"\bipv4\b|\bip address\b", "ipv4"),
    ("hex hexadecimal rrggbb", r"\bhex(?:adecimal)? colou?r|\bcolou?r (?:in|as) hex|#rrggbb", "color"),
    ("mac", r"\bmac address\b", "mac"),
    ("semantic semver", r"\bsemantic version|\bsemver\b", "semver"),
    ("cron", r"\bcron (?:expression|string|schedule|syntax)", "cron"),
    ("base64", r"\bbase64\b", "base64"),
    ("jwt json", r"\bjwt\b|\bjson web token", "jwt"),
    ("json", r"\bjson (?:string|text|object as)|\b(?:stringified|serialized) json", "json-string"),
    ("mime media", r"\b(?:mime|media) type\b", "mime-type"),
    ("emoji", r"\b(?:single|an) emoji\b", "emoji"),
    ("regular regex", r"\bregular expression\b|\bregex\b", "regex"),
    ("sql", r"\bsql (?:query|statement)\b", "sql"),
    ("iban", r"\biban\b", "iban"),
    ("isbn", r"\bisbn\b", "isbn"),
    ("sha sha256", r"\bsha-?256\b", "sha256"),
    ("md5", r"\bmd5\b", "md5"),
    ("handle @", r"\btwitter handle|\bstarts? with @|@handle", "handle"),
    ("hashtag", r"\bhashtag\b", "hashtag"),
    ("lat latitude", r"\blatitude(?:,| and|/) ?longitude\b|\blat,? ?(?:lng|lon)\b", "coordinates"),
    ("hour", r"\b24[- ]hour\b", "%H:%M"),
    ("hour", r"\b12[- ]hour\b", "%I:%M %p"),
    ("month", r"\bmonth name\b|\bname of the month", "%B"),
    ("day weekday", r"\bday name\b|\bday of the week\b|\bweekday\b", "%A"),
    ("digit", r"\b(?:four|4)[- ]digit year\b", "%Y"),
    ("jjjj aaaa", r"\bjjjj-mm-tt\b|\baaaa-mm-[jd][jd]\b", "%Y-%m-%d"),
    ("jjjj aaaa", r"\btt\.mm\.jjjj\b", "%d.%m.%Y"),
    ("aaaa", r"\b(?:jj|dd)/mm/aaaa\b", "%d/%m/%Y"),
)


@lru_cache(maxsize=512)
def form(note: str) -> str:
    """The format that a description names, or the layout of strftime for a date that it spells, which has a `%`.

    >>> form("an ISO 8601 date"), form("in the form YYYY-MM")
    ('date', '%Y-%m')
    """
    text = plain(note)
    if found := _LAYOUT.search(text):
        return _layout(found[1])
    if found := _MASK.search(text):
        return f"{MASK}{found[0]}"
    if named := _FORMS.meaning(note):
        return named
    if not _SIZED.isdisjoint(tokens(note)) and (found := _CHARACTERS.search(lowered(note))):
        return f"{found[2]}s-{COUNTS.get(found[1], found[1])}"
    return ""


def agrees(note: str, text: str) -> bool:
    """Whether a text is one of the words or has the format that a description names, as far as this is easily seen.

    >>> agrees("two-letter country code", "Leeds"), agrees("in the form YYYY-MM", "2025-03")
    (False, True)
    """
    if (words := closed(note)) and text.lower() not in words:
        return False
    named = form(note)
    if "%" not in named:
        return named not in _LOOKS or bool(_LOOKS[named].fullmatch(text))
    try:
        return bool(datetime.strptime(text, named))
    except ValueError:
        return False


def _layout(spelled: str) -> str:
    """The layout of strftime for one as people spell it: mm is a month before a time of day, and minutes in it.

    >>> _layout("DD/MM/YYYY"), _layout("YYYY-MM-DD HH:MM")
    ('%d/%m/%Y', '%Y-%m-%d %H:%M')
    """
    clock = spelled.lower().startswith("mm:ss")

    def token(found: "re.Match[str]") -> str:
        nonlocal clock
        part = found[0].lower()
        clock = clock or part == "hh"
        if part == "mm":
            return "%M" if clock else "%m"
        return dict(_LAYOUTS)[part]

    return re.sub(r"yyyy|mmm|mm|dd|hh|ss|yy", token, spelled, flags=re.IGNORECASE)
