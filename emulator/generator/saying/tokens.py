"""Splitting a text into tokens: quoted words, numbers, dates, lists and the like, words and marks.

Each row of `_TOKENS` is a form of a token; the first that fits wins. Plain words, which are the most, come first. The
forms are bounded, so that the time is linear in the length of the text.
"""

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from emulator.generator.saying.words import listed, meant

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH = r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"  # noqa: E501
_PLAIN = r"(?:\d{1,3}(?:,\d{3})+|\d{1,18})(?:\.\d{1,18})?"
_SCALE = r"(?:\s?(?:thousand|million|billion|trillion)\b|k\b)"
_MONEY_SCALE = r"(?:\s?(?:thousand|million|billion|trillion|bn)\b|[kKmMbB]\b)"
_NUMBER = rf"-?{_PLAIN}(?:[eE][+-]?\d{{1,3}}(?!\w))?"
_TOKENS = (
    ("plain", rf"(?!(?:{_MONTH}|[Tt]oday|[Tt]omorrow|[Yy]esterday|[Tt]onight|[Nn]ext|[Tt]his|[Ll]ast)\b)[A-Za-z][a-z]{{1,24}}(?=[\s,;?!]|$)"),  # noqa: E501
    ("quoted", r"\"[^\"\n]{1,400}\"|“[^”\n]{1,400}”|«[^»\n]{1,400}»|`[^`\n]{1,400}`|「[^」\n]{1,400}」|『[^』\n]{1,400}』|《[^》\n]{1,400}》|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){1,300}'(?!\w)"),  # noqa: E501
    ("url", r"https?://[^\s\"'<>)\]]+[^\s\"'<>).,;!?\]]"),
    ("email", r"[A-Za-z0-9][\w.+-]{0,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}"),
    ("date", rf"\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}\b|\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{4}}\b|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s(?:of\s)?\d{{4}}\b|\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH},?\s\d{{4}}\b|\d{{4}}年\d{{1,2}}月\d{{1,2}}日|(?:[Tt]oday|[Tt]omorrow|[Yy]esterday|[Tt]onight)\b|(?:[Nn]ext|[Tt]his|[Ll]ast)\s(?:week|month|year|weekend|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b(?!\')"),  # noqa: E501
    ("time", r"\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AaPp]\.?[Mm]\b\.?)?|\d{1,2}\s?[AaPp]\.?[Mm]\b\.?"),
    ("list", r"\[[^\[\]\n]{0,400}(?:\[[^\[\]\n]{0,100}\][^\[\]\n]{0,100}){0,20}\]"),
    ("object", r"\{[^{}\n]{1,400}\}"),
    ("tuple", rf"\(\s*{_NUMBER}(?:\s*,\s*{_NUMBER}){{1,20}}\s*\)"),
    ("path", r"(?:~?/|\.{1,2}/)?(?:[\w-]{1,64}/){0,12}[\w-]{1,64}\.[A-Za-z]\w{0,4}(?![\w/@]|\.\w)|~?/[\w.-]{1,64}(?:/[\w.-]{1,64}){0,12}/?"),  # noqa: E501
    ("formula", r"(?!\d{1,18}(?:\.\d{1,18})?[eE][+-]?\d)(?:(?:\d{1,9}(?:\.\d{1,9})?)?\*?[a-z](?:(?:\^|\*\*)\d{1,3})?(?:\s?[-+*/]\s?(?:\d{1,9}(?:\.\d{1,9})?\*?)?(?:[a-z](?![a-z]))?(?:(?:\^|\*\*)\d{1,3})?){1,12}(?![\w/])|(?:\d{1,9}(?:\.\d{1,9})?)?[a-z](?:\^|\*\*)\d{1,3})"),  # noqa: E501
    ("id", r"\d{2,12}/[A-Z]{1,6}\d[\w-]*|[A-Za-z]{1,12}[-_#]?\d[\w-]{0,60}|\d{1,18}[A-Za-z_]\w{0,60}-[\w-]{1,60}|#\d{1,18}\b|\d{1,8}[-x×]\d{1,8}(?:[-x×]\d{1,8}){0,4}\b"),  # noqa: E501
    ("number", rf"[$€£¥₹]\s?{_PLAIN}{_MONEY_SCALE}?|-[$€£]{_PLAIN}|(?<![\w)])-{_PLAIN}(?:[eE][+-]?\d{{1,3}}(?!\w))?|{_PLAIN}(?:st|nd|rd|th)\b|{_PLAIN}(?:[eE][+-]?\d{{1,3}}(?!\w)|{_SCALE})?"),  # noqa: E501
    ("word", r"[^\W\d_](?:[\w'’]|[-&.](?=\w)){0,60}"),
    ("mark", r"\S"),
    ("line", r"\n"),
)  # fmt: skip
_SCAN = re.compile("|".join(f"(?P<{kind}>{form})" for kind, form in _TOKENS))
_WRAPPED = re.compile(r"\s*\"[^\"]{60,}\"\s*|\s*“[^“”]{60,}”\s*")
"""A text that is quoted as a whole."""
_SCALES = {"thousand": 3, "k": 3, "million": 6, "m": 6, "billion": 9, "bn": 9, "b": 9, "trillion": 12}
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_DIGITS = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)")
_PARTICLES = re.compile(
    r"请问|请|帮我|告诉我|查询|查一下|查找|搜索|怎么样|如何|是多少|多少|什么|今天|明天|今年|现在|的|在|是|和|与|到|从|了|吗|呢|把|给|用|有|为|"
    r"翻译成|翻译|换成|兑换成|兑换|预订|预定|订|"
    r"から|まで|です|ます|ください|について|教えて|今日|明日|(?<=[\u30a0-\u30ff\u3400-\u9fff])[のはをにでへとがも]|か$"
)


_NO_PATH = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]|e\.g|i\.e|[A-Z][a-z]+\.[A-Z][a-z]*")
"""What has the form of a file's name, and is none: initials, and sentences without a space between them."""


class Token(NamedTuple):
    """A piece of the text, and the value that it has."""

    kind: str
    text: str
    value: Any = None
    unit: str = ""


def tokens_of(text: str) -> Iterator[tuple[Token, int]]:
    """The tokens of a text, and where each starts."""
    for found in _SCAN.finditer(text):
        for token in _read(found.lastgroup or "", found[0]):
            yield token, found.start()


def unwrapped(text: str) -> str:
    """A text without the quotation marks around the whole of it."""
    return text.strip()[1:-1] if _WRAPPED.fullmatch(text) else text


def _read(kind: str, text: str) -> Iterator[Token]:
    match kind:
        case "plain":
            yield Token("word", text)
        case "quoted":
            yield Token(kind, text, text[1:-1].strip())
        case "number":
            yield _number(text)
        case "date":
            yield Token(kind, text, _date(text))
        case "list" | "object" | "tuple":
            yield Token(kind, text, _parsed(text))
        case "path" if _NO_PATH.fullmatch(text):
            yield Token("word", text)
        case "word" if _WIDE.match(text):
            yield from _wide(text)
        case "word" if text[0].lower() == text[0].upper():
            yield Token("particle" if text in listed("particles") or meant([text]) else "wide", text, text)
        case "word":
            yield Token(kind, text.rstrip("."))
        case "mark" | "line":
            yield Token(kind, text)
        case _:
            yield Token(kind, text, text)


def _date(text: str) -> str:
    """A date in ISO 8601; days without a year, and those in numbers of an unknown order, as they stand."""
    numbers = re.findall(r"\d+", text)
    word = re.search(r"[A-Za-z]{3}", re.sub(r"(?<=\d)(?:st|nd|rd|th)", "", text))
    if word and len(numbers) == 2:
        month = next((at for at, name in enumerate(_MONTHS, 1) if name.startswith(word[0].lower())), 0)
        day, year = sorted(map(int, numbers))
    elif len(numbers) == 3 and len(numbers[0]) == 4:
        year, month, day = map(int, numbers)
    else:
        return text
    return f"{year:04}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else text


def _wide(text: str) -> Iterator[Token]:
    """A script without spaces: the pieces between particles and numbers."""
    at = 0
    for found in [*_PARTICLES.finditer(text), None]:
        for piece in _DIGITS.split(text[at : found.start() if found else None]):
            if piece:
                yield _number(piece) if piece[0].isdecimal() and piece.isascii() else Token("wide", piece, piece)
        if found:
            yield Token("particle", found[0])
            at = found.end()


def _number(text: str) -> Token:
    unit = next((sign for sign in "$€£¥₹" if sign in text), "")
    plain = re.sub(r"[$€£¥₹,\s]", "", text)
    found = re.match(r"(-?[\d.]+(?:[eE][+-]?\d+)?)(.*)", plain)
    if found is None:
        return Token("mark", text)
    digits, tail = found[1].rstrip("."), found[2].lower()
    if tail in ("st", "nd", "rd", "th"):
        return Token("number", text, int(float(digits)), "th")
    value = int(digits) if digits.lstrip("-").isdigit() else float(digits)
    if tail in _SCALES:
        value *= 10 ** _SCALES[tail]
        value = int(value) if float(value).is_integer() else round(value, 6)
    return Token("number", text, value, unit) if math.isfinite(value) else Token("mark", text)


def _parsed(text: str) -> Any:
    """The value of a list, an object or a tuple of numbers."""
    if text[0] == "(":
        text = f"[{text[1:-1]}]"
    for attempt in (text, text.replace("'", '"').replace("True", "true").replace("False", "false")):
        with suppress(ValueError, RecursionError):
            return msgspec.json.decode(attempt)
    return [part.strip(" '\"") for part in text[1:-1].split(",") if part.strip()] if text[0] == "[" else None
