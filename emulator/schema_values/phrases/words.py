"""The words to choose from: "one of: small, large", "either 'on' or 'off'", "(e.g. italian, chinese)"."""

import re
from collections.abc import Iterator
from functools import lru_cache

from emulator.schema_values.phrases.table import QUOTE, lowered, plain

_MOST_WORDS = 12
_LONGEST_WORD = 40

_QUOTED = re.compile(rf"(?<!\w)(?<!format )(?<!format of ){QUOTE}([^\"'`“”‘’]{{1,100}}){QUOTE}(?!\w)")
_LISTED = re.compile(
    r"\b(?:(?:one|any) of|either|eine[rs]? von|entweder|l'une? de|soit|un[oa] de|(?:can|could|may|must|should) be|choose from|select from|enum"
    r"|(?:(?:allowed|possible|valid|supported|available|accepted|permitted) )?(?:values?|options?|choices?|types?)"
    r"(?: are| is| include)?)(?: the following)?(?: values| options)?[:;]? ([^.;\n)]{1,300})",
    re.IGNORECASE,
)
_LISTING = (
    "of",
    "either",
    "be",
    "from",
    "enum",
    "value",
    "option",
    "choice",
    "type",
    "von",
    "entweder",
    "une de",
    "un de",
    "soit",
    "uno de",
    "una de",
)
_EXAMPLES = re.compile(
    r"\b(?:e\.g\.|eg\.|for example|for instance|examples?(?: are| include)?|such as|like)[,:]? ([^;\n)]{1,200})",
    re.IGNORECASE,
)
_EXEMPLARY = ("e.g.", "eg.", "example", "instance", "such as", "like")
_BRACKETS = re.compile(r"\(([^()]{3,200})\)")
_OR = r"(?:or|and|oder|und|ou|et|o|y|e)"
_SLASH = r"(?<=[a-z\s])/(?=[a-z\s])|(?<=[A-Z\d])/(?=[A-Z]\d)|(?<=[A-Z\s][A-Z\s])/(?=[A-Z\s]{2})|(?<=[a-z])/(?=[A-Z])"
_SPLIT = re.compile(rf"\s*(?:,\s*{_OR}\s|,|(?<=\s){_OR}\s|\||{_SLASH})\s*")
_SPLIT_EXAMPLES = re.compile(rf"\s*(?:,\s*{_OR}\s|,|(?<=\s){_OR}\s|\||(?<=\s)/(?=\s))\s*")
"""As before, but a slash may be part of an example, as in EUR/USD."""

_NO_MEMBERS = frozenset(
    ["etc", "e.g", "i.e", "others", "other", "optional", "required", "if any", "inclusive", "if known", "if applicable"]
    + ["case-sensitive", "case-insensitive", "lowercase", "uppercase", "nullable", "default", "more", "so on", "null"]
)
_DEFAULT = re.compile(
    rf"\bdefaults?(?: value)?(?: is| to|:|=)(?: the(?= )| an?(?= ))? ?(?:{QUOTE}([^\"'`“”‘’]{{1,{_LONGEST_WORD}}}){QUOTE}"
    rf"|([\w.+-]{{1,{_LONGEST_WORD}}}?)(?=[\s,;.)]|$))",
    re.IGNORECASE,
)
_NO_DEFAULTS = frozenset(["empty", "none", "null", "any", "today", "current", "now", "not", "no", "an", "a", "the", "same", "false", "true", "if", "value", "user"])
_ARTICLE = re.compile(
    r"(?:a(?=\s)|an|the|any|some|each|etc|other|others|your|its|this|that|in|of|to|be|more)\b", re.IGNORECASE
)
_LAYOUT = re.compile(r"[YMDHS]{2,4}(?:[-/:. T]{1,2}[YMDHS]{2,4}){1,5}Z?", re.IGNORECASE)
"""How a date is spelled, which is no date."""

_PLACE = re.compile(r"[A-Z][\w.' -]{1,30}, (?:[A-Z]{2,3}|USA|UK|[A-Z][a-z]{3,12}land|France|Japan|Germany|Italy|Spain)")
_EXAMPLE_END = re.compile(r"\.(?=\s|$)|,? etc\b|,? and so on\b")


@lru_cache(maxsize=4096)
def offered(note: str) -> tuple[str, ...]:
    """The texts that a description offers: those listed, those quoted beside each other, or examples.

    >>> offered("Either 'on' or 'off'"), offered("The cuisine (e.g. italian, chinese)")
    (('on', 'off'), ('italian', 'chinese'))
    """
    return tuple(dict.fromkeys(_offered(plain(note), lowered(note))))


def _offered(text: str, lower: str) -> Iterator[str]:
    for pattern, words in ((_LISTED, _LISTING), (_BRACKETS, ("(",))):
        if not any(word in lower for word in words):
            continue
        for found in pattern.finditer(text):
            listed = [] if _EXAMPLES.match(found[1]) else _members(found[1], least=2)
            if listed:
                yield from listed
                return
    for found in _EXAMPLES.finditer(text) if any(word in lower for word in _EXEMPLARY) else ():
        said = _EXAMPLE_END.split(found[1])[0].strip()
        listed = [said] if _PLACE.fullmatch(said) else _members(said, least=1, split=_SPLIT_EXAMPLES)
        if listed:
            yield from listed
            return
    last = text.rpartition(": ")[2]
    listed = _members(last.rstrip("."), least=2, plain=_is_bare(last))
    if listed:
        yield from listed
        return
    if "default" in lower and (found := _DEFAULT.search(text)) and (found[1] or found[2].lower() not in _NO_DEFAULTS):
        yield found[1] or found[2]


def _members(text: str, *, least: int, plain: bool = True, split: "re.Pattern[str]" = _SPLIT) -> list[str]:
    """The members of a list in a text: its quoted parts, or without any, its parts between commas and "or"."""
    quoted = _QUOTED.findall(text)
    quoted = [part for part in quoted if not _LAYOUT.fullmatch(part)]
    if len(quoted) >= least:
        return quoted[:_MOST_WORDS]
    if not plain:
        return []
    parts = [part.strip(" .:()[]") for part in split.split(text)]
    parts = [part for part in parts if part and part.lower() not in _NO_MEMBERS]
    if least <= len(parts) <= _MOST_WORDS and all(_is_word(part) for part in parts):
        return parts
    return []


@lru_cache(maxsize=4096)
def default(note: str) -> float | None:
    """The number that a description says is the default."""
    found = _DEFAULT.search(plain(note)) if "default" in lowered(note) else None
    try:
        return float((found[1] or found[2]).rstrip(".")) if found else None
    except ValueError:
        return None


def _is_word(part: str) -> bool:
    return (
        len(part) <= _LONGEST_WORD
        and not _LAYOUT.fullmatch(part)
        and len(part.split()) <= 3
        and not _ARTICLE.match(part)
        and "=" not in part
    )


def _is_bare(text: str) -> bool:
    """Whether a description is nothing but a list of a few single words, as in "positive, negative or neutral"."""
    parts = _SPLIT.split(text.rstrip("."))
    return len(parts) >= 2 and all(len(part.split()) == 1 for part in parts)
