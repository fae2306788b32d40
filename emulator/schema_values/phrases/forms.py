"""The format of a text: "an ISO 8601 date", "in the form YYYY-MM", "two-letter country code"."""

import re
from functools import lru_cache

from emulator.schema_values.phrases.table import meaning, plain, table

_LAYOUTS = (
    ("yyyy", "%Y"),
    ("hh", "%H"),
    ("mmm", "%b"),
    ("ss", "%S"),
    ("dd", "%d"),
    ("yy", "%y"),
)
_LAYOUT = re.compile(
    r"(?<![A-Za-z])((?:YYYY|MM|DD|yyyy|dd|mm|HH|hh|YY|yy)(?:[-/. :T]{1,2}(?:YYYY|MMM|MM|DD|yyyy|dd|mm|HH|hh|ss|SS|YY|yy)){1,5})Z?(?![A-Za-z])"
)
_FORMS = table(
    (r"\b(?:unix|epoch) (?:time|timestamp|seconds)\b", "epoch"),
    (
        r"\biso[- ]?(?:8601)?[- ](?:formatted |format )?(?:date[- ]?time|timestamp|time ?stamp)|\brfc ?3339\b|\bdate and time in iso",
        "date-time",
    ),
    (r"\biso[- ]?8601 duration|\bduration in iso", "duration"),
    (r"\biso[- ]?(?:8601)?[- ](?:formatted |format )?date\b|\bdate\b.{0,20}\biso\b", "date"),
    (r"\b(?:date[- ]?time|timestamp)\b.{0,30}\biso[- ]?8601|\biso[- ]?8601\b", "date-time"),
    (r"\balpha-3\b|\bthree-letter country|\b3-letter country", "country-alpha-3"),
    (r"\biso[- ]?3166|\b(?:two|2)[- ]letter (?:iso )?country|\bcountry code|\balpha-2\b", "country-code"),
    (r"\biso[- ]?4217|\b(?:three|3)[- ]letter (?:iso )?currency|\bcurrency code", "currency-code"),
    (r"\biso[- ]?639|\b(?:two|2)[- ]letter (?:iso )?language|\blanguage code", "language-code"),
    (r"\bbcp[- ]?47|\blocale\b", "locale"),
    (r"\b(?:two|2)[- ]letter (?:us )?state|\bstate (?:code|abbreviation)", "us-state"),
    (r"\biata\b|\bairport code", "iata"),
    (r"\biana time ?zone|\btime ?zone (?:name|identifier)|\btz database", "timezone"),
    (r"\buuid\b|\bguid\b", "uuid"),
    (r"\bulid\b", "ulid"),
    (r"\be\.?164\b|\binternational (?:phone|format)", "e164"),
    (r"\be-?mail address\b|\bvalid e-?mail\b", "email"),
    (r"\b(?:valid |full |absolute |https? )?url\b|\bweb address\b|\buri\b", "uri"),
    (r"\bipv6\b", "ipv6"),
    (r"\bipv4\b|\bip address\b", "ipv4"),
    (r"\bhex(?:adecimal)? colou?r|\bcolou?r (?:in|as) hex|#rrggbb", "color"),
    (r"\bmac address\b", "mac"),
    (r"\bsemantic version|\bsemver\b", "semver"),
    (r"\bcron (?:expression|string|schedule|syntax)", "cron"),
    (r"\bbase64\b", "base64"),
    (r"\bjwt\b|\bjson web token", "jwt"),
    (r"\bjson (?:string|text|object as)|\bstringified json|\bserialized json", "json-string"),
    (r"\bmime type\b|\bmedia type\b", "mime-type"),
    (r"\bsingle emoji\b|\ban emoji\b", "emoji"),
    (r"\bregular expression\b|\bregex\b", "regex"),
    (r"\bsql (?:query|statement)\b", "sql"),
    (r"\biban\b", "iban"),
    (r"\bisbn\b", "isbn"),
    (r"\bsha-?256\b", "sha256"),
    (r"\bmd5\b", "md5"),
    (r"\bslug\b", "slug"),
    (r"\btwitter handle|\bstarts? with @|\b@handle", "handle"),
    (r"\bhashtag\b", "hashtag"),
    (r"\blatitude(?:,| and|/) ?longitude\b|\blat,? ?(?:lng|lon)\b", "coordinates"),
    (r"\b24[- ]hour\b", "%H:%M"),
    (r"\b12[- ]hour\b", "%I:%M %p"),
    (r"\bmonth name\b|\bname of the month", "%B"),
    (r"\bday name\b|\bday of the week\b|\bweekday\b", "%A"),
    (r"\bfour[- ]digit year\b", "%Y"),
)


@lru_cache(maxsize=4096)
def form(note: str) -> str:
    """The format that a description names, or the layout of strftime for a date that it spells, which has a `%`.

    >>> form("an ISO 8601 date"), form("in the form YYYY-MM")
    ('date', '%Y-%m')
    """
    text = plain(note)
    if found := _LAYOUT.search(text):
        return _layout(found[1] + ("Z" if found[0].endswith("Z") else ""))
    return meaning(_FORMS, text)


def _layout(spelled: str) -> str:
    """The layout of strftime for one as people spell it: mm is a month before a time of day, and minutes in it.

    >>> _layout("DD/MM/YYYY"), _layout("YYYY-MM-DD HH:MM")
    ('%d/%m/%Y', '%Y-%m-%d %H:%M')
    """
    clock = False

    def token(found: "re.Match[str]") -> str:
        nonlocal clock
        part = found[0].lower()
        clock = clock or part == "hh"
        if part == "mm":
            return "%M" if clock else "%m"
        return dict(_LAYOUTS)[part]

    return re.sub(r"yyyy|mmm|mm|dd|hh|ss|yy", token, spelled, flags=re.IGNORECASE)
