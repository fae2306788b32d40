"""Finding the topics of a text: the phrases between its function words."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar

from emulator.core.regexes import late

T = TypeVar("T")

_LOOKED_AT = 1_200
_LONGEST = 7
"""Words of a phrase."""
_MOST = 6
"""Topics of a text."""
_MOST_REMEMBERED = 1 << 14
"""Words whose kinds are remembered."""
_REMINDER = "<system-reminder>", "</system-reminder>"
_WORD_OR_BREAK = late(r"[a-zA-Z0-9]{1,30}(?![\w'’.-])|[^\W_](?:[\w'’.-]{0,28}[^\W_])?|[^\w\s]|\n")
_DETERMINERS = frozenset(["a", "an", "the", "this", "these", "those", "my", "your", "our", "some", "any", "every"])
_CONNECTORS = frozenset(["of", "in", "for", "and", "with", "on", "at", "from", "or", "between"])
_SMALL = _DETERMINERS | _CONNECTORS
_CONTENT = late("[wWiIeEnjf]")
_PHRASE = late(r"d*(?:[wWiIeEnjf]+(?:\+d*|(?<=[iIj])d+)?)+")
"""A phrase, by the kinds of its words: see `_kind`. It may end with small words, which are left out."""
_COMPARED = "eEf"
_NUMBERS = "njf"
_TURNED = {"my": "your", "our": "your", "your": "my", "i": "you", "me": "you", "myself": "yourself"}


def relevant(text: str) -> str:
    """Return the part of a text that is analysed: its beginning and its end."""
    return text if len(text) <= _LOOKED_AT else f"{text[: _LOOKED_AT // 2]}\n{text[-_LOOKED_AT // 2 :]}"


def said(text: str) -> str:
    """Return what a user says: the text without the reminders that Claude Code puts beside it for the model.

    >>> said("<system-reminder>You have no tasks.</system-reminder> Hello!")
    'Hello!'
    """
    opening, closing = _REMINDER
    if opening not in text:
        return text
    first, *others = text.split(opening)
    kept = [first, *(part.partition(closing)[2] if closing in part else opening + part for part in others)]
    return "".join(kept).strip() or text


def topics(text: str) -> tuple[str, ...]:
    """Return up to six topics of a text, the most specific first.

    >>> topics("How do I reverse a list in Python?")
    ('a list in Python', 'reverse')
    """
    return _topics(relevant(text))


@lru_cache(maxsize=256)
def _topics(text: str) -> tuple[str, ...]:
    phrases, weights = _phrases(text), list[float]()
    is_ascii = text.isascii()
    for place, (words, kinds) in enumerate(phrases):
        weight = _WEIGHTS[kinds] if is_ascii else _weight(kinds, words)
        weights.append(weight - 0.01 * place)
    found: dict[str, None] = {}  # of equal phrases the first weighs most
    for place in sorted(range(len(weights)), key=weights.__getitem__, reverse=True):
        found[turned(phrases[place][0])] = None
        if len(found) == _MOST:
            break
    return tuple(found)


def turned(words: list[str]) -> str:
    """Join the words, with the first and second person exchanged."""
    return " ".join([_TURNED.get(word.lower(), word) for word in words])


def says_little(word: str) -> bool:
    """Whether a lower-case word is a function word, which is no topic."""
    return word in _SMALL or word in _passed_over()


def _phrases(text: str) -> list[tuple[list[str], str]]:
    """Phrases of content words, such as "the capital of France", each with the kinds of its words."""
    words = _WORD_OR_BREAK.findall(text)
    if words and words[0][1:].islower():
        words[0] = words[0].lower()
    kinds = "".join(map(_KINDS.__getitem__, words))
    return [phrase for begin, end in _places(kinds, 0, len(kinds)) if (phrase := _phrase(words, kinds, begin, end))]


def _places(kinds: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Where phrases begin and end, among words of these kinds."""
    for found in _PHRASE.finditer(kinds, begin, end):
        begin, end = found.span()
        if end - begin > _LONGEST and (next := _CONTENT.search(kinds, begin + _LONGEST, end)):
            yield begin, next.start()
            yield from _places(kinds, next.end(), end)
        elif kinds[end - 1] in _COMPARED and kinds.startswith("t", end):
            yield begin, end - 1
        else:
            yield begin, end


def _phrase(words: list[str], kinds: str, begin: int, end: int) -> tuple[list[str], str] | None:
    """The words of a phrase and their kinds, without small ones at its end; None if it has only numbers."""
    kinds = kinds[begin:end].rstrip("d+")
    if not kinds.strip(_NUMBERS):
        return None
    phrase = words[begin : begin + len(kinds)]
    if "d" in kinds:
        phrase = [word.lower() if kind == "d" else word for word, kind in zip(phrase, kinds, strict=True)]
    return phrase, kinds


class _Remembered(dict[str, T]):
    """What `compute` makes of each string; it is remembered of those that were asked for lately."""

    def __init__(self, compute: Callable[[str], T]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, key: str) -> T:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[key] = value = self._compute(key)
        return value


def _kind(word: str) -> str:
    """The kind of a word: a letter.

    `d` is a determiner, `+` a connector, `t` is "than", and `.` says little or is no word. Of the others, `i` ends in
    "ing", `e` in "er", and `w` is any other; upper case, if the word begins with a capital letter. `j`, `f` and `n` are
    the same for words that begin with a digit.
    """
    lower = word.lower()
    if lower in _SMALL:
        return "+" if lower in _CONNECTORS else "d"
    if lower in _passed_over() or not word[0].isalnum():
        return "t" if lower == "than" else "."
    ending = "ing" if word.endswith("ing") else "er" if word.endswith("er") else ""
    if not word[0].isalpha():
        return {"ing": "j", "er": "f", "": "n"}[ending]
    kind = {"ing": "i", "er": "e", "": "w"}[ending]
    return kind.upper() if word[0].isupper() else kind


def _weight(kinds: str, words: Sequence[str] = ()) -> float:
    """How specific a phrase of these kinds of words is. Of a text beyond ASCII, its `words` are looked at, too."""
    content = [place for place, kind in enumerate(kinds) if kind not in "d+"]
    size: float = len(content)
    if words:
        size = max(size, sum([words[place] > "\u0fff" for place in content]) * len(words[-1]) / 2)
    return min(size, 3) + 0.5 * min(sum(map(str.isupper, kinds)), 2) + 0.25 * (kinds[0] == "d")


@cache
def _passed_over() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "data" / "passed_over.txt").read_text(encoding="utf-8").split())


_KINDS = _Remembered(_kind)
_WEIGHTS = _Remembered(_weight)
