"""Finding the topics of a text: the phrases between its function words."""

from functools import cache, lru_cache
from pathlib import Path

from emulator.core.regexes import late

_LOOKED_AT = 1_200
_LONGEST = 7
"""Words of a phrase."""
_REMINDER = "<system-reminder>", "</system-reminder>"
_WORD_OR_BREAK = late(r"[^\W_](?:[\w'’.-]{0,28}[^\W_])?|[^\w\s]|\n")
_DETERMINERS = frozenset(["a", "an", "the", "this", "these", "those", "my", "your", "our", "some", "any", "every"])
_CONNECTORS = frozenset(["of", "in", "for", "and", "with", "on", "at", "from", "or", "between"])
_SMALL = _DETERMINERS | _CONNECTORS
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
    phrases: dict[str, float] = {}
    is_ascii = text.isascii()
    for place, words in enumerate(_phrases(text)):
        content = [word for word in words if word.lower() not in _SMALL]
        names = sum([word[0].isupper() for word in content])
        size: float = len(content)
        if not is_ascii:
            size = max(size, sum([word > "\u0fff" for word in content]) * len(words[-1]) / 2)
        weight = min(size, 3) + 0.5 * min(names, 2) + 0.25 * (words[0] in _DETERMINERS) - 0.01 * place
        phrases.setdefault(turned(words), weight)
    return tuple(sorted(phrases, key=phrases.__getitem__, reverse=True)[:6])


def turned(words: list[str]) -> str:
    """Join the words, with the first and second person exchanged."""
    return " ".join([_TURNED.get(word.lower(), word) for word in words])


def says_little(word: str) -> bool:
    """Whether a lower-case word is a function word, which is no topic."""
    return word in _SMALL or word in _passed_over()


def _phrases(text: str) -> list[list[str]]:
    """Phrases of content words, such as "the capital of France"."""
    little = _passed_over()
    open: list[str] = []
    phrases = [open]
    for place, word in enumerate(_WORD_OR_BREAK.findall(text)):
        lower = word.lower()
        if lower in _SMALL:
            connects = lower in _CONNECTORS
            follows = bool(open) and open[-1].lower() not in _SMALL
            if (connects or open[-1].endswith("ing")) if follows else not connects:
                open.append(word if connects else lower)
            else:
                phrases.append(open := [] if connects else [lower])
        elif lower in little or len(open) >= _LONGEST or not word[0].isalnum():
            if lower == "than" and open and open[-1].endswith("er"):
                open.pop()
            if open:
                phrases.append(open := [])
        else:
            open.append(lower if place == 0 and word[1:].islower() else word)
    return [phrase for phrase in map(_trimmed, phrases) if any(map(str.isalpha, [word[0] for word in phrase]))]


def _trimmed(phrase: list[str]) -> list[str]:
    while phrase and phrase[-1].lower() in _SMALL:
        phrase.pop()
    return phrase


@cache
def _passed_over() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "data" / "passed_over.txt").read_text(encoding="utf-8").split())
