"""Finding what a text mentions: quoted words, numbers, dates, places, names, lists and the like.

One scan splits the text into tokens. Each row of `_TOKENS` is a form, the first that fits wins, and none of them looks
back, so the time is linear in the length of the text. Tokens with a value are mentions; words that belong together
become mentions in a second pass: capitalised words are a name, "City, ST" is one place, "twenty five" is a number.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from emulator.generator.saying.words import listed, meant
from emulator.generator.topics import says_little

MOST = 96
"""So many mentions of a text are used."""

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
    ("quoted", r"\"[^\"\n]{1,400}\"|“[^”\n]{1,400}”|«[^»\n]{1,400}»|`[^`\n]{1,400}`|「[^」\n]{1,400}」|『[^』\n]{1,400}』|《[^》\n]{1,400}》|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){1,300}'(?!\w)"),  # noqa: E501
    ("url", r"https?://[^\s\"'<>)\]]+[^\s\"'<>).,;!?\]]"),
    ("email", r"[A-Za-z0-9][\w.+-]{0,64}@[\w-]+(?:\.[\w-]+)+"),
    ("date", rf"\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}\b|\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{4}}\b|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s(?:of\s)?\d{{4}}\b|\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH},?\s\d{{4}}\b|\d{{4}}年\d{{1,2}}月\d{{1,2}}日|(?:[Tt]oday|[Tt]omorrow|[Yy]esterday|[Tt]onight)\b|(?:[Nn]ext|[Tt]his|[Ll]ast)\s(?:week|month|year|weekend|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b(?!\')"),  # noqa: E501
    ("time", r"\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AaPp]\.?[Mm]\b\.?)?|\d{1,2}\s?[AaPp]\.?[Mm]\b\.?"),
    ("list", r"\[[^\[\]\n]{0,400}(?:\[[^\[\]\n]{0,100}\][^\[\]\n]{0,100}){0,20}\]"),
    ("object", r"\{[^{}\n]{1,400}\}"),
    ("tuple", rf"\(\s*{_NUMBER}(?:\s*,\s*{_NUMBER}){{1,20}}\s*\)"),
    ("path", r"(?:~?/|\.{1,2}/)?(?:[\w-]{1,64}/){0,12}[\w-]{1,64}\.[A-Za-z]\w{0,4}(?![\w/@]|\.\w)|~?/[\w.-]{1,64}(?:/[\w.-]{1,64}){0,12}/?"),  # noqa: E501
    ("formula", r"(?:\d{1,9}(?:\.\d{1,9})?)?\*?[a-z](?:(?:\^|\*\*)\d{1,3})?(?:\s?[-+*/]\s?(?:\d{1,9}(?:\.\d{1,9})?\*?)?(?:[a-z](?![a-z]))?(?:(?:\^|\*\*)\d{1,3})?){1,12}(?![\w/])|(?:\d{1,9}(?:\.\d{1,9})?)?[a-z](?:\^|\*\*)\d{1,3}"),  # noqa: E501
    ("id", r"\d{2,12}/[A-Z]{1,6}\d[\w-]*|[A-Za-z]{1,12}[-_#]?\d[\w-]{0,60}|\d+[A-Za-z_][\w-]*-[\w-]+|#\d+\b|\d{1,8}[-x×]\d{1,8}(?:[-x×]\d{1,8}){0,4}\b"),  # noqa: E501
    ("number", rf"[$€£¥₹]\s?{_PLAIN}{_MONEY_SCALE}?|-[$€£]{_PLAIN}|(?<![\w)])-{_PLAIN}(?:[eE][+-]?\d{{1,3}}(?!\w))?|{_PLAIN}(?:st|nd|rd|th)\b|{_PLAIN}(?:[eE][+-]?\d{{1,3}}(?!\w)|{_SCALE})?"),  # noqa: E501
    ("word", r"[^\W\d_](?:[\w'’]|[-&.](?=\w)){0,60}"),
    ("mark", r"\S"),
    ("line", r"\n"),
)  # fmt: skip
_SCAN = re.compile("|".join(f"(?P<{kind}>{form})" for kind, form in _TOKENS))
_WRAPPED = re.compile(r"\s*\"[^\"]{60,}\"\s*|\s*“[^“”]{60,}”\s*")
"""A text that is quoted as a whole."""
_SCALES = {"thousand": 3, "k": 3, "million": 6, "m": 6, "billion": 9, "bn": 9, "b": 9, "trillion": 12}
_UNITS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
} | {word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_TIMES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_OTHER_NUMBERS = {
    **dict(zip("一二三四五六七八九十", range(1, 11), strict=True)),
    "两": 2,
}
_LISTING = frozenset([",", "and", "or", "&", ";", "、", "和", "与", "y", "et", "und", "と", "e", "и"])
_JOINING = frozenset(["of", "the", "de", "la", "do", "da", "von", "van", "di", "and", "&", "del", "el", "le"])
_NO_NAMES = frozenset(["I", "A", "An", "I'm", "I'd", "I've", "I'll", "ID", "OK", "My"])
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_PARTICLES = re.compile(
    r"请问|请|帮我|告诉我|查询|查一下|查找|搜索|怎么样|如何|是多少|多少|什么|今天|明天|现在|的|在|是|和|与|到|从|了|吗|呢|把|给|用|有|为|"
    r"翻译成|翻译|预订|预定|订|"
    r"から|まで|です|ます|ください|について|教えて|今日|明日|(?<=[\u30a0-\u30ff\u3400-\u9fff])[のはをにでへとがも]|か$"
)


class Token(NamedTuple):
    """A piece of the text, and the value that it has."""

    kind: str
    text: str
    value: Any = None
    unit: str = ""


class Mention(NamedTuple):
    """What the tokens from `at` to before `to` mention."""

    kind: str
    value: Any
    at: int
    to: int
    unit: str = ""


class Text(NamedTuple):
    """A text as tokens, where they start in it, its mentions in order, and a memo of the words around them."""

    text: str
    tokens: Sequence[Token]
    starts: Sequence[int]
    mentions: Sequence[Mention]
    around: dict[int, Sequence[tuple[str, float]]]

    def source(self, start: int, end: int) -> str:
        """The text of the tokens from `start` to before `end`."""
        return self.text[self.starts[start] if start else 0 : self.starts[end] if end < len(self.starts) else None]


@lru_cache(maxsize=64)
def read(text: str) -> Text:
    """Split a text into tokens and find its mentions.

    >>> [mention.value for mention in read("Pay $1,200 to 'Ana' in Boston, MA").mentions]
    [1200, 'Ana', 'Boston, MA']
    """
    if _WRAPPED.fullmatch(text):
        text = text.strip()[1:-1]
    tokens, starts = [], []
    for found in _SCAN.finditer(text):
        for token in _token(found.lastgroup or "", found[0]):
            tokens.append(token)
            starts.append(found.start())
    return Text(text, tokens, starts, _measured_alike(tokens, list(_mentions(tokens))), {})


# ---------------------------------------------------------------------------------------------- tokens


def _token(kind: str, text: str) -> Iterator[Token]:
    match kind:
        case "quoted":
            yield Token(kind, text, text[1:-1].strip())
        case "number":
            yield _number(text)
        case "list" | "object" | "tuple":
            yield Token(kind, text, _parsed(text))
        case "path" if re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]|e\.g|i\.e|[A-Z][a-z]+\.[A-Z][a-z]*", text):
            yield Token("word", text)
        case "word" if _WIDE.match(text):
            yield from _wide(text)
        case "date":
            yield Token(kind, text, _date(text))
        case "word" if text[0].lower() == text[0].upper():
            yield Token("particle" if text in listed("particles") or meant([text]) else "wide", text, text)
        case "mark" | "line" | "word":
            yield Token(kind, text.rstrip(".") if kind == "word" else text)
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
    """A script without spaces: the pieces between particles."""
    at = 0
    for found in _PARTICLES.finditer(text):
        if found.start() > at:
            yield _wide_piece(text[at : found.start()])
        yield Token("particle", found[0])
        at = found.end()
    if at < len(text):
        yield _wide_piece(text[at:])


def _wide_piece(text: str) -> Token:
    return Token("wide", text, text)


def _number(text: str) -> Token:
    unit = next((sign for sign in "$€£¥₹" if sign in text), "")
    plain = re.sub(r"[$€£¥₹,\s]", "", text)
    found = re.match(r"(-?[\d.]+(?:[eE][+-]?\d+)?)(.*)", plain)
    if found is None:
        return Token("mark", text)
    digits, tail = found[1].rstrip("."), found[2].lower()
    if tail in ("st", "nd", "rd", "th"):
        return Token("number", text, int(float(digits)), "th")
    value: float = int(digits) if digits.lstrip("-").isdigit() else float(digits)
    if tail in _SCALES:
        value = round(value * 10 ** _SCALES[tail], 6)
    return Token("number", text, int(value) if isinstance(value, float) and _whole(value, digits) else value, unit)


def _whole(value: float, digits: str) -> bool:
    return value.is_integer() and "." not in digits and abs(value) < 1e18


def _parsed(text: str) -> Any:
    """The value of a list, an object or a tuple of numbers."""
    if text[0] == "(":
        text = f"[{text[1:-1]}]"
    for attempt in (text, text.replace("'", '"').replace("True", "true").replace("False", "false")):
        try:
            return json.loads(attempt)
        except (ValueError, RecursionError):
            continue
    return [part.strip(" '\"") for part in text[1:-1].split(",") if part.strip()] if text[0] == "[" else None


# ---------------------------------------------------------------------------------------------- mentions


def _mentions(tokens: Sequence[Token]) -> Iterator[Mention]:
    at, left = 0, MOST
    while at < len(tokens) and left:
        mention = _mention(tokens, at)
        if mention is None:
            at += 1
            continue
        left -= 1
        yield mention
        at = mention.to


def joins(tokens: Sequence[Token], one: Mention, other: Mention) -> bool:
    """Whether there are only a comma and "and" between two mentions of a kind."""
    between = [token.text.lower() for token in tokens[one.to : other.at]]
    if one.kind == "number" and between and between[0] == one.unit:
        between = between[1:]
    return one.kind == other.kind and 0 < len(between) <= 2 and all(word in _LISTING for word in between)


def _measured_alike(tokens: Sequence[Token], mentions: list[Mention]) -> list[Mention]:
    """The mentions, where the unit behind a list of numbers is that of each: "10, 20 and 30 years"."""
    for at in range(len(mentions) - 2, -1, -1):
        one, other = mentions[at], mentions[at + 1]
        if one.kind == "number" and not one.unit and other.unit not in ("", "th") and joins(tokens, one, other):
            mentions[at] = one._replace(unit=other.unit)
    return mentions


def _mention(tokens: Sequence[Token], at: int) -> Mention | None:
    token = tokens[at]
    match token.kind:
        case "mark" | "line" | "particle":
            return None
        case "word":
            return _counted(tokens, at) or _named(tokens, at)
        case "number":
            return _measured(tokens, at)
        case "wide" if (worth := _OTHER_NUMBERS.get(token.text[0])) and len(token.text) <= 2:
            return Mention("number", worth, at, at + 1, token.text[1:])
        case "list" | "object" | "tuple" if token.value is None:
            return None
        case "id" if token.text[0] == "#":
            return Mention("number", int(token.text[1:]), at, at + 1)
        case "formula":
            return Mention("expression", token.value.strip(), at, at + 1)
        case kind:
            return Mention(kind, token.value, at, at + 1)


def _measured(tokens: Sequence[Token], at: int) -> Mention:
    """A number with the unit behind it."""
    token = tokens[at]
    to = at + 1
    unit = token.unit
    following = tokens[to].text if to < len(tokens) else ""
    if following in ("%", "°"):
        unit, to = following, to + 1
    elif not unit and to < len(tokens) and tokens[to].kind == "word" and following.lower() not in _JOINING:
        unit = following.lower()
    sum = _expression(tokens, at) if unit not in ("%", "°") else None
    return sum or Mention("number", token.value, at, to, unit)


def _expression(tokens: Sequence[Token], at: int) -> Mention | None:
    """Numbers with signs of arithmetic between them."""
    to, depth = at + 1, 0
    last = to
    while to < len(tokens) and to < at + 60:
        text, kind = tokens[to].text, tokens[to].kind
        if kind == "number" and tokens[to - 1].text in "+-*/^×÷(%":
            last = to + 1 if depth == 0 else last
        elif kind == "number" and text.startswith("-"):
            last = to + 1
        elif text == "(" and tokens[to - 1].text in "+-*/^×÷(":
            depth += 1
        elif text == ")" and depth:
            depth -= 1
            last = to + 1 if depth == 0 else last
        elif text not in ("+", "-", "*", "/", "^", "×", "÷"):
            break
        to += 1
    if last == at + 1:
        return None
    parts = [token.text for token in tokens[at:last]]
    return Mention("expression", re.sub(r"\( | (?=\))", lambda found: found[0].strip(), " ".join(parts)), at, last)


def _counted(tokens: Sequence[Token], at: int) -> Mention | None:
    """A number in words."""
    if tokens[at].text.partition("-")[0].lower() not in _UNITS:
        return None
    total, current, to = 0, -1, at
    while to < len(tokens) and tokens[to].kind == "word":
        parts = tokens[to].text.lower().split("-")
        if all(part in _UNITS for part in parts):
            current = max(current, 0) + sum(_UNITS[part] for part in parts)
        elif current >= 0 and parts[0] in _TIMES:
            times = _TIMES[parts[0]]
            current *= times
            if times > 100:
                total, current = total + current, 0
        else:
            break
        to += 1
    if to == at:
        return None
    unit = tokens[to].text.lower() if to < len(tokens) and tokens[to].kind == "word" else ""
    if unit in _JOINING:
        unit = ""
    value = total + max(current, 0)
    return Mention("count", value, at, to, unit)


def _named(tokens: Sequence[Token], at: int) -> Mention | None:
    """Capitalised words: a name, or a place with its state or country."""
    if not _is_name(tokens, at):
        return None
    to = at + 1
    while to < len(tokens):
        if (
            tokens[to].kind in ("word", "id")
            and _capital(tokens[to].text)
            and not tokens[to - 1].text.endswith(("'s", "’s"))
        ):
            to += 1
        elif (
            tokens[to].text == "."
            and len(tokens[to - 1].text) <= 2
            and to + 1 < len(tokens)
            and _capital(tokens[to + 1].text)
        ):
            to += 1
        elif (
            tokens[to].text.lower() in _JOINING - {"and"}
            and to + 1 < len(tokens)
            and tokens[to + 1].kind == "word"
            and _capital(tokens[to + 1].text)
        ):
            to += 2
        else:
            break
    text = _joined(tokens[at:to])
    if (
        to + 1 < len(tokens)
        and tokens[to].text == ","
        and tokens[to + 1].kind == "word"
        and (state := _state(tokens, to + 1))
    ):
        return Mention("place", f"{text}, {state}", at, to + 1 + len(state.split()))
    return Mention("name", text, at, to)


_COUNTRIES = listed("countries")
_STATES = listed("states")


def _state(tokens: Sequence[Token], at: int) -> str:
    """The state or country that follows a city."""
    text = tokens[at].text
    if (len(text) == 2 and text.isupper()) or text in _COUNTRIES or text in _STATES:
        return text
    two = f"{text} {tokens[at + 1].text}" if at + 1 < len(tokens) else ""
    return two if two in ("New York", "New Jersey", "New Mexico", "New Zealand", "South Korea", "South Africa",
                          "United Kingdom", "United States", "North Carolina", "South Carolina") else ""  # fmt: skip


def _is_name(tokens: Sequence[Token], at: int) -> bool:
    """Whether a name begins here: a capital letter, and no function word; at the start of a sentence, no common one."""
    token = tokens[at]
    if not _capital(token.text) or token.text in _NO_NAMES:
        return False
    follows = tokens[at + 1] if at + 1 < len(tokens) else None
    before_name = follows is not None and follows.kind == "word" and _capital(follows.text)
    if says_little(token.text.lower()) and token.text != "US":
        return before_name and (token.text in ("New", "The") or not _starts(tokens, at))
    if not _starts(tokens, at):
        return True
    upper = len(token.text) > 1 and token.text.isupper()
    return follows is None or upper or token.text.endswith(("'s", "’s")) or follows.text == ","


def _starts(tokens: Sequence[Token], at: int) -> bool:
    """Whether a sentence begins here."""
    return at == 0 or tokens[at - 1].kind == "line" or tokens[at - 1].text in '.!?:"“•*)。！？'


def _capital(text: str) -> bool:
    return text[:1].isupper()


def _joined(tokens: Sequence[Token]) -> str:
    text = " ".join(token.text for token in tokens).replace(" .", ".")
    return re.sub(r"['’]s?$", "", text)
