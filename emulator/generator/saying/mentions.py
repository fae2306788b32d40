"""Finding what a text mentions: quoted words, numbers, dates, places, names, lists and the like.

Tokens with a value are mentions. Words that belong together become one in a second pass: capitalised words are a name,
"City, ST" is one place, "twenty five" is a number, and numbers with signs between them are an expression.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from emulator.generator.saying.tokens import Token, tokens_of, unwrapped
from emulator.generator.saying.words import grouped, listed, numbered
from emulator.generator.topics import says_little

_MOST = 64
"""So many mentions of a text are used."""
_LONGEST = 60
"""So many tokens has an expression."""

_COUNTS = numbered("count")
_TIMES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_CURRENCIES = {word: code for code, words in grouped("currency").items() for word in words}
_MONEY = frozenset(word.partition("_")[0] for word in _CURRENCIES)
_SIGNS = "+-*/^×÷"
_LISTED = frozenset([",", "and", "or", "&", ";", "、", "和", "与", "y", "et", "und", "と", "e", "и"])
_PLACING = frozenset(["in", "at", "to", "for", "of", "from"])
_JOINING = frozenset(["of", "the", "de", "la", "do", "da", "von", "van", "di", "and", "&", "del", "el", "le"])
_OF_NAMES = frozenset(["de", "la", "da", "von", "van", "di", "del"])
_NO_NAMES = frozenset(["I", "A", "An", "I'm", "I'd", "I've", "I'll", "ID", "OK", "My"])
_INSTRUCTING = listed("instructing") | listed("beginning") | listed("asking")
_EXTRACTING = frozenset(["extract", "parse", "that", "user", "person"])
_TELLING = listed("telling")
_BRAND = re.compile(r"[a-z]{1,2}[A-Z][a-z]+")
_POSSESSIVE = ("'s", "’s")


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
    around: dict[int, Mapping[str, float]]

    def source(self, start: int, end: int) -> str:
        """The text of the tokens from `start` to before `end`."""
        return self.text[self.starts[start] if start else 0 : self.starts[end] if end < len(self.starts) else None]


@lru_cache(maxsize=64)
def read(text: str) -> Text:
    """Split a text into tokens and find its mentions.

    >>> [mention.value for mention in read("Pay $1,200 to 'Ana' in Boston, MA").mentions]
    [1200, 'Ana', 'Boston, MA']
    """
    text = unwrapped(text)
    found = list(tokens_of(text))
    tokens = [token for token, _ in found]
    return Text(text, tokens, [start for _, start in found], _measured_alike(tokens, list(_mentions(tokens))), {})


def _mentions(tokens: Sequence[Token]) -> Iterator[Mention]:
    at, left = 0, _MOST
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
    return one.kind == other.kind and 0 < len(between) <= 2 and all(word in _LISTED for word in between)


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
            return _counted(tokens, at) or _money(tokens, at) or _named(tokens, at)
        case "number":
            return _street(tokens, at) or _measured(tokens, at)
        case "wide" if token.text[0] in _COUNTS and len(token.text) <= 2:
            return Mention("number", _COUNTS[token.text[0]], at, at + 1, token.text[1:])
        case "wide" if token.text in _CURRENCIES:
            return Mention("currency", _CURRENCIES[token.text], at, at + 1)
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


def _street(tokens: Sequence[Token], at: int) -> Mention | None:
    """A number and a street, with the city behind it: "123 Main St, Springfield"."""
    to = at + 1
    while to < min(len(tokens), at + 5) and tokens[to].kind == "word" and tokens[to].text[0].isupper():
        to += 1
        if to > at + 2 and tokens[to - 1].text.lower() in listed("streets"):
            break
    else:
        return None
    text = " ".join(token.text for token in tokens[at:to])
    if to + 1 < len(tokens) and tokens[to].text == "," and tokens[to + 1].kind == "word":
        town = _named(tokens, to + 1)
        if town is not None:
            return Mention("street", f"{text}, {town.value}", at, town.to)
    return Mention("street", text, at, to)


def _expression(tokens: Sequence[Token], at: int) -> Mention | None:
    """Numbers with signs of arithmetic between them."""
    to, depth, last = at + 1, 0, at + 1
    for to in range(at + 1, min(len(tokens), at + _LONGEST)):
        text, before = tokens[to].text, tokens[to - 1].text
        if text in ("(", ")"):
            depth += 1 if text == "(" else -1
            if depth < 0 or (text == "(" and before not in (*_SIGNS, "(")):
                break
        elif tokens[to].kind == "number":
            if before not in (*_SIGNS, "(") and not text.startswith("-"):
                break
        elif text not in (*_SIGNS,):
            break
        if depth == 0 and (text == ")" or tokens[to].kind == "number"):
            last = to + 1
    if last == at + 1:
        return None
    written = " ".join([token.text for token in tokens[at:last]]).replace("( ", "(").replace(" )", ")")
    return Mention("expression", written, at, last)


def _counted(tokens: Sequence[Token], at: int) -> Mention | None:
    """A number in words."""
    total, current, to = 0, 0, at
    while to < len(tokens) and tokens[to].kind == "word":
        parts = tokens[to].text.lower().split("-")
        if all(part in _COUNTS for part in parts):
            current += sum(_COUNTS[part] for part in parts)
        elif to > at and parts[0] in _TIMES:
            current *= _TIMES[parts[0]]
            if current >= 1000:
                total, current = total + current, 0
        else:
            break
        to += 1
    if to == at:
        return None
    unit = tokens[to].text.lower() if to < len(tokens) and tokens[to].kind == "word" else ""
    return Mention("count", total + current, at, to, "" if unit in _JOINING else unit)


def _money(tokens: Sequence[Token], at: int) -> Mention | None:
    """A currency by its name."""
    if tokens[at].text.lower() not in _MONEY:
        return None
    for size in (2, 1):
        words = "_".join(token.text.lower() for token in tokens[at : at + size])
        if words in _CURRENCIES:
            return Mention("currency", _CURRENCIES[words], at, at + size)
    return None


# ---------------------------------------------------------------------------------------------- names


def _named(tokens: Sequence[Token], at: int) -> Mention | None:
    """Capitalised words: a name, or a place with its state or country."""
    if not _is_name(tokens, at):
        return None
    to = at + 1
    while more := _more(tokens, to):
        to += more
    text = " ".join([token.text for token in tokens[at:to]]).replace(" .", ".")
    text = re.sub(r"['’]s?$", "", text)
    state = _statebehind(tokens, to)
    end = to + 1 + len(state.split())
    if not state or text in listed("states") or (len(state) > 2 and _is_listed(tokens, end)):
        return Mention("name", text, at, to)
    return Mention("place", f"{text}, {state}", at, end)


def _is_listed(tokens: Sequence[Token], at: int) -> bool:
    """Whether a list goes on behind a state, so that it may be a place itself: "Oslo, New York and Rome"."""
    start = at
    while at < len(tokens) and tokens[at].text in _LISTED | _PLACING:
        at += 1
    if at in (start, len(tokens)) or tokens[start].text not in _LISTED or not _is_name(tokens, at):
        return False
    at += 1
    while more := _more(tokens, at):
        at += more
    return not _statebehind(tokens, at)


def _more(tokens: Sequence[Token], at: int) -> int:
    """How many tokens at a place belong to the name before it."""
    if at == len(tokens) or tokens[at - 1].text.endswith(_POSSESSIVE):
        return 0
    token = tokens[at]
    if token.kind in ("word", "id") and token.text[0].isupper():
        return 1
    if token.kind == "number" and token.text.isdigit() and _BRAND.fullmatch(tokens[at - 1].text):
        return 1
    if token.text in _OF_NAMES and at + 2 < len(tokens) and tokens[at + 1].text in _OF_NAMES | {"der", "den"}:
        return 3 if tokens[at + 2].kind == "word" and tokens[at + 2].text[0].isupper() else 0
    if at + 1 == len(tokens) or tokens[at + 1].kind != "word" or not tokens[at + 1].text[0].isupper():
        return 0
    if token.text == "." and len(tokens[at - 1].text) <= 2:
        return 2
    return 2 if token.text.lower() in _JOINING - {"and"} else 0


def _statebehind(tokens: Sequence[Token], at: int) -> str:
    """The state or country that follows a city behind a comma."""
    if at + 1 >= len(tokens) or tokens[at].text != ",":
        return ""
    at += 1
    text = tokens[at].text
    if (len(text) == 2 and text.isalpha() and text.isupper()) or text in listed("states"):
        return text
    two = f"{text} {tokens[at + 1].text}" if at + 1 < len(tokens) else ""
    return two if two.replace(" ", "_") in listed("states") else ""


def is_subject(tokens: Sequence[Token], mention: Mention) -> bool:
    """Whether a name is what a sentence or an item is about: "Ana is 31", "Ana, 31"."""
    first, second = behind(tokens, mention.to, 2)
    if mention.kind != "name" or first.text.lower() in _TELLING:
        return mention.kind == "name"
    return first.kind == "number" or (first.text in (",", "(", ":") and second.kind == "number")


def _is_name(tokens: Sequence[Token], at: int) -> bool:
    """Whether a name begins here: a capital letter, and no function word; at the start of a sentence, no common one."""
    text = tokens[at].text
    if _BRAND.fullmatch(text):
        return True
    if text[0].islower():
        return _is_plainly_named(tokens, at)
    if not text[0].isupper() or text in _NO_NAMES:
        return False
    follows = tokens[at + 1] if at + 1 < len(tokens) else None
    starts = at == 0 or tokens[at - 1].kind == "line" or tokens[at - 1].text in _STARTS
    if says_little(text.lower()) and text != "US":
        before_name = follows is not None and follows.kind == "word" and follows.text[0].isupper()
        return before_name and (text in ("New", "The") or not starts)
    alone = follows is None or follows.text == ","
    clear = not starts or alone or (len(text) > 1 and text.isupper()) or text.endswith(_POSSESSIVE)
    return clear or (text.lower() not in _INSTRUCTING and _is_spoken_of(tokens, at))


def _is_plainly_named(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word in lower case is a name by what is said of it: "jason is 20, sarah is 30"."""
    if at + 2 >= len(tokens) or tokens[at + 1].text != "is" or tokens[at + 2].kind != "number":
        return False
    before = tokens[at - 1].text.lower() if at else "."
    return (before in _STARTS or before in _LISTED | _EXTRACTING) and not says_little(tokens[at].text)


def behind(tokens: Sequence[Token], at: int, count: int) -> list[Token]:
    """So many tokens from a place on; behind the last, marks without text."""
    found = list(tokens[at : at + count])
    return found + [_NONE] * (count - len(found))


def _is_spoken_of(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word at the start of a sentence begins a name: "Ana Silva", "Ana is 31", "Ana (31)"."""
    first, second, third, fourth = behind(tokens, at + 1, 4)
    if first.kind in ("word", "id"):
        return (
            first.text.lower() in _TELLING
            or first.text in _OF_NAMES
            or (first.text[0].isupper() and not says_little(first.text.lower()))
        )
    if first.kind == "number":
        return second.text in (",", "and", ";", "\n") and third.text[:1].isupper() and fourth.kind == "number"
    return first.text in ("(", ":", "-") and second.kind == "number" and third.text in (")", ",", ";", "\n", "and", "")


_NONE = Token("mark", "")
_STARTS = frozenset('.!?:"“•*)。！？¿¡')
