"""The words to choose from: "one of: small, large", "either 'on' or 'off'", "(e.g. italian, chinese)"."""

import re
from functools import lru_cache
from itertools import pairwise

from emulator.schema_values.phrases.table import QUOTE, one_of, plain, tokens

_MOST_WORDS = 12
_LONGEST_WORD = 40
_NO_QUOTE = r"[^\"'`“”‘’]"

_QUOTES = re.compile(QUOTE)
_QUOTED = re.compile(rf"(?<!\w)(?<!format )(?<!format of ){QUOTE}({_NO_QUOTE}{{1,100}}){QUOTE}(?!\w)")
_QUOTED_LIST = re.compile(
    rf"{QUOTE}{_NO_QUOTE}{{1,{_LONGEST_WORD}}}{QUOTE}(?:,? ?(?:or|and|oder|ou|o|/|\|)? ?"
    rf"{QUOTE}{_NO_QUOTE}{{1,{_LONGEST_WORD}}}{QUOTE}){{1,12}}"
)
_LISTED = re.compile(
    r"\b(?:(?:one|any) of|either|eine[rs]? von|entweder|l'une? de|soit|un[oa] de|(?:can|could|may|must|should) be"
    r"|cho(?:ose|sen|ice) (?:from|between|among|of)|(?:select|selected|picked|drawn|taken) (?:from|among)|enum"
    r"|(?:(?:allowed|possible|valid|supported|available|accepted|permitted) )?(?:values?|options?|choices?|types?)"
    r"(?: are| is| include)?)"
    r"(?: (?:one|any) of| either)?(?: the following)?(?: values| options)?[:;]? ([^.;\n)\]]{1,300})",
    re.IGNORECASE,
)
_LISTING = one_of(
    "one any either eine einer eines entweder une un soit uno una can could may must should choose chosen choice "
    "select selected picked drawn taken enum value values option options choice choices type types"
)
_EXAMPLES = re.compile(
    r"\b(?:e\.g\.|eg\.|for example|for instance|examples?(?: are| include)?|such as|like)[,:]? "
    r"((?:[^;\n()]|\([^()]{0,40}\)){1,200})",
    re.IGNORECASE,
)
_EXEMPLARY = frozenset(["e", "eg", "example", "examples", "instance", "such", "like"])
_EXAMPLE_END = re.compile(r"\.(?=\s|$)|,? etc\b|,? and so on\b")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]{3,200})[)\]]")

_OR = r"(?:or|and|oder|und|ou|et|o|y)"
_SLASH = r"(?<=[a-z\s])/(?=[a-z\s])|(?<=[A-Z\d])/(?=[A-Z]\d)|(?<=[A-Z\s][A-Z\s])/(?=[A-Z\s]{2})|(?<=[a-z])/(?=[A-Z])"
_SPLIT = re.compile(rf"\s?(?:,\s?{_OR}\s|,|(?<=\s){_OR}\s|\||{_SLASH})\s?")
_SPLIT_EXAMPLES = re.compile(rf"\s?(?:,\s?{_OR}\s|,|(?<=\s){_OR}\s|\||(?<=\s)/(?=\s))\s?")
"""As before, but a slash may be part of an example, as in EUR/USD."""
_LEAD = re.compile(r": | [-–] ")
_BETWEEN = frozenset(["|", "/", "or", "oder", "ou", "o"])

_OR_LAST = re.compile(r"^[a-z]+(?: [a-z]+)?(?:, [a-z]+(?: [a-z]+)?){1,8},? or [a-z]+(?: [a-z]+)?\.?$")
_FIELDS = one_of("name names address date number id code url email phone time title type")
"""What several parts of a description name if they are no words to choose from."""

_SCALE = re.compile(r"(?:\bfrom |\bbetween |[(:] ?)([A-Z])\+? ?(?:to|and|through|-|–) ?([A-Z])(?![\w-])")
_DEFAULT = re.compile(
    r"\bdefaults?(?: value)?(?: is| to|:|=)(?: the(?= )| an?(?= ))? ?"
    rf"(?:{QUOTE}({_NO_QUOTE}{{1,{_LONGEST_WORD}}}){QUOTE}|([\w+-]{{1,{_LONGEST_WORD}}}(?:\.\w{{1,20}}){{0,3}})(?=[\s,;.)]|$))",
    re.IGNORECASE,
)
_DEFAULTS = frozenset(["default", "defaults"])
_NO_DEFAULTS = one_of("empty none null any today current now not no an a the same")
_NO_MEMBERS = one_of(
    "etc e.g i.e others other optional required inclusive nullable default more null case-sensitive case-insensitive "
    "lowercase uppercase"
) | {"if any", "if known", "if applicable", "so on"}
_NO_WORD = re.compile(
    r"(?:a(?=\s)|an|the|any|some|each|etc|other|others|your|its|this|that|in|of|to|be|more)\b", re.IGNORECASE
)
_LAYOUT = re.compile(r"[YMDHS]{2,4}(?:[-/:. T]{1,2}[YMDHS]{2,4}){1,5}Z?", re.IGNORECASE)
"""How a date is spelled, which is no date."""

_PLACE = re.compile(r"[A-Z][\w.' -]{1,30}, (?:[A-Z]{2,3}|USA|UK|[A-Z][a-z]{3,12}land|France|Japan|Germany|Italy|Spain)")


@lru_cache(maxsize=512)
def offered(note: str) -> tuple[str, ...]:
    """The texts that a description offers: those listed, those quoted beside each other, or examples.

    >>> offered("Either 'on' or 'off'"), offered("The cuisine (e.g. italian, chinese)")
    (('on', 'off'), ('italian', 'chinese'))
    """
    text, words = plain(note), tokens(note)
    found = () if _LISTING.isdisjoint(words) else _listed(_LISTED, text)
    found = found or (_listed(_BRACKETS, text) if "(" in text or "[" in text else ())
    found = found or (() if _EXEMPLARY.isdisjoint(words) else _examples(text))
    found = found or _bare(_LEAD.split(text)[-1]) or _letters(text)
    said = None if found or _DEFAULTS.isdisjoint(words) else _default(text)
    return found or ((said,) if said else ())


@lru_cache(maxsize=512)
def closed(note: str) -> frozenset[str]:
    """The words, in lower case, of which a value is one, if a description lists them all.

    >>> sorted(closed("Either 'on' or 'off'")), sorted(closed("The cuisine (e.g. italian, chinese)"))
    (['off', 'on'], [])
    """
    text = plain(note)
    found = () if _LISTING.isdisjoint(tokens(note)) else _listed(_LISTED, text)
    if not found and _EXEMPLARY.isdisjoint(tokens(note)):
        found = _bare(_LEAD.split(text)[-1])
    return frozenset(word.lower() for word in found)


@lru_cache(maxsize=512)
def default(note: str) -> float | None:
    """The number that a description says is the default.

    >>> default("How many (default: 10)")
    10.0
    """
    if _DEFAULTS.isdisjoint(tokens(note)) or (said := _default(plain(note))) is None:
        return None
    try:
        return float(said)
    except ValueError:
        return None


def _letters(text: str) -> tuple[str, ...]:
    """The letters of a scale, as in "from A to F"."""
    found = _SCALE.search(text)
    return tuple(map(chr, range(ord(found[1]), ord(found[2]) + 1))) if found and found[1] < found[2] else ()


def _listed(pattern: "re.Pattern[str]", text: str) -> tuple[str, ...]:
    for found in pattern.finditer(text):
        if not _EXAMPLES.match(found[1]) and (members := _members(found[1], least=2)):
            return members
    return ()


def _examples(text: str) -> tuple[str, ...]:
    for found in _EXAMPLES.finditer(text):
        said = _EXAMPLE_END.split(found[1])[0].strip()
        if members := (said,) if _PLACE.fullmatch(said) else _members(said, least=1, split=_SPLIT_EXAMPLES):
            return members
    return ()


def _bare(text: str) -> tuple[str, ...]:
    """The members of a text that is nothing but a list, as "positive, negative or neutral", or has quoted ones."""
    words = text.rstrip(".").split(" ", 2)
    is_list = words[0].endswith((",", "|")) or "/" in words[0] or (len(words) > 2 and words[1] in _BETWEEN)
    parts = _SPLIT.split(text.rstrip(".")) if is_list else []
    parts = parts or (_SPLIT.split(text.rstrip(".")) if _OR_LAST.search(text) else [])
    is_list = len(parts) >= 2 and (all(len(part.split()) == 1 for part in parts) or _share(parts))
    if is_list:
        return _members(text.rstrip("."), least=2)
    if _QUOTES.match(text):
        return _members(text, least=2, plain=False)
    found = _QUOTED_LIST.search(text) if _QUOTES.search(text) else None
    return _members(found[0], least=2, plain=False) if found else ()


def _share(parts: list[str]) -> bool:
    """Whether the parts of a list are of one kind, such as "full sun, partial shade or full shade"."""
    words = [part.split() for part in parts]
    heads = {each[-1] for each in words if each}
    shared = any(set(one) & set(other) for one, other in pairwise(sorted(words)))
    return shared and all(len(each) <= 2 for each in words) and heads.isdisjoint(_FIELDS)


def _members(text: str, *, least: int, plain: bool = True, split: "re.Pattern[str]" = _SPLIT) -> tuple[str, ...]:
    """The members of a list in a text: its quoted parts, or without any, its parts between commas and "or"."""
    quoted = (
        [part for part in _QUOTED.findall(text) if part.strip() and not _LAYOUT.fullmatch(part)]
        if _QUOTES.search(text)
        else []
    )
    if len(quoted) >= least:
        return _different(quoted)
    if not plain:
        return ()
    parts = [_trimmed(part) for part in split.split(text)]
    parts = [part for part in parts if part and part.lower() not in _NO_MEMBERS]
    if least <= len(parts) <= _MOST_WORDS and all(_is_word(part) for part in parts):
        return _different(parts)
    return ()


def _different(parts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parts))[:_MOST_WORDS]


def _trimmed(part: str) -> str:
    part = part.strip(" .:[]")
    return part if part.count("(") == part.count(")") else part.strip("() ")


def _is_word(part: str) -> bool:
    return (
        len(part) <= _LONGEST_WORD
        and len(part.split()) <= 3
        and "=" not in part
        and not _LAYOUT.fullmatch(part)
        and not _NO_WORD.match(part)
    )


def _default(text: str) -> str | None:
    """What a text says is the default, unless it says that there is none."""
    if (found := _DEFAULT.search(text)) is None:
        return None
    said: str = found[1] or found[2].rstrip(".")
    return None if found[1] is None and said.lower() in _NO_DEFAULTS else said
