"""Short answers that a text asks for: a number, one of some words, so many words or sentences, a list in a line."""

import re
from itertools import pairwise

from emulator.core.seeds import Seed
from emulator.generator.arithmetic import UP_TO_TWELVE, calculation, count
from emulator.generator.composing import Composition, composed, phrases
from emulator.generator.grammar import NonTerminal, Run, run, tokens
from emulator.generator.requested.asked import Asked, Make, sentences, spoken
from emulator.generator.requested.described import RANGE, quotations, split_options
from emulator.generator.requested.instructed import instructed
from emulator.generator.requested.things import things

_HALF = 2_000
_LONGEST = 1_000
_VERB = (
    r"(?:answer|reply|respond|return|output|say|classif\w+|categori[sz]e|label|choose|pick|select|print|give|decide"
    r"|determine|identify|must be|should be|is it|sentiment)"
)
_LIMIT = r"(?:only|just|exactly|nothing (?:but|else)|single|one of|strictly|simply|solely|one)"
_COLON = re.compile(
    r"\b(?:one of(?: the following| these)?|categor(?:y|ies)|labels?|options?|choices|classes|words?|either|intents?"
    r"|topics?|names?|letters?|values?|from|sentiments?|types?)(?: \w+){0,3}?\s*(?:\([^)\n]*\)\s*)?:[ \t]*"
    r"(?P<list>[^\n]{3,600}|(?:\n+\s*(?:[-*•]|\d+[.)])[^\n]+){2,40})",
    re.IGNORECASE,
)
_ONE_OF = re.compile(
    r"\bone of\b(?: the)?(?: following)?(?:(?: \w+){0,2}:|\s)\s*(?P<list>[^\n:]{3,600})", re.IGNORECASE
)
_LEAD = (
    r"(?:(?:with|by|as|in|using|either|an?|the|single|only|just|words?|letters?|digit|label|answer|exactly|one of"
    r"|whether it is|being|is it|is this|is that) ){0,6}"
)
_WORD = r"[\w'+-]+"
_SOME = rf"{_WORD}(?: (?!(?:only|just|please|nothing|if|as|for)\b){_WORD}){{0,2}}"
_END = r"(?=\s*(?:[.:;?!)\n]|$))"
_AS = re.compile(
    r"(?:^\W*|[:,?.]\s+|\b(?:as|into|either|between|among|whether|with|only|just|words?|answer|say|reply|respond|return"
    r"|output|choose|pick|print|letter|is it|is this|be)\s+)"
    rf"{_LEAD}(?P<list>{_SOME}(?:, {_SOME}){{0,20}},? or {_SOME}{_END}|{_WORD}(?:, {_WORD}){{0,20}},? or {_WORD}"
    rf"|(?<=into )(?:{_SOME}, ){{1,20}}and {_SOME}{_END}|(?<=between ){_WORD}(?:, {_WORD}){{0,20}},? and {_WORD})",
    re.IGNORECASE,
)
_SLASH = re.compile(r"(?<![\w/.:])(?P<list>[A-Za-z][\w-]{0,30}(?: ?[/|] ?[A-Za-z][\w-]{0,30}){1,15})(?![\w/]|\.\w)")
_BRACKETED = re.compile(r"[(\[](?P<list>[^()\[\]\n]{1,60}(?:,[^()\[\]\n]{1,60}){1,40})[)\]]")
_DEMANDS = re.compile(
    rf"\b{_VERB}\b[^\n]{{0,200}}\b{_LIMIT}\b|\b{_LIMIT}\b[^\n]{{0,120}}\b{_VERB}\b|^\W*(?:only|just)\b",
    re.IGNORECASE,
)
_CLASSIFIES = re.compile(
    r"\b(?:classif\w+|categori[sz]e|label|sentiment|choose|pick|select|decide|determine|identify)\b"
    r"|\bis it (?:about |an? |the )?[\w'-]+(?:,| or\b)"
    r"|\b(?:yes|true) ?(?:or|/) ?(?:no|false)\b",
    re.IGNORECASE,
)
_ANSWERS = re.compile(rf"\b{_VERB}\b", re.IGNORECASE)
_LETTERED = re.compile(r"(?:^|\n|\s)\(?([A-Z])[).:]\s*\S")
_BULLETS = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*(.+?)\s*$", re.MULTILINE)
_A_LETTER = re.compile(r"\b(?:letter|option)\b", re.IGNORECASE)
_A_NUMBER = r"\b(?:numbers?|integers?|digits?|numerals?|numeric value|float|percentage)\b(?! of)"
_NUMBER = re.compile(
    r"\b(?:answer|reply|respond|return|output|give|print|write|say|provide|state)\b[^.?!\n]{0,60}"
    rf"\b(?:only|just|single|one|as|with|in)\b[^.?!\n]{{0,25}}{_A_NUMBER}"
    rf"|\b(?:only|just) (?:(?:the|an?|one|as|with) ){{0,3}}(?:\w+ )?(?:{_A_NUMBER}|result\b)|\bnumbers? only\b"
    r"|\b(?:pick|choose|guess|generate|give me|think of|return) an? (?:(?:random|single) )?"
    r"(?:number|integer|digit)\b(?! of)"
    r"|(?:^|[.?!:,]\s+|\b(?:please|you|and) )(?:rate|score|rank)\b[^.?!\n]{0,160}\d ?(?:-|–|to|and|out of|/) ?\d"
    r"|\bon a scale\b",
    re.IGNORECASE,
)
_SCALE = re.compile(r"\b(?:rate|score|rank|scale|between|from|range)\b", re.IGNORECASE)
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(UP_TO_TWELVE)}|an?)"
_SO_MANY_WORDS = re.compile(
    rf"\b(?:in|with|using|of|exactly|only|just|precisely|at most|maximum)\s+"
    rf"(?:exactly |only |just |precisely |at most ){{0,2}}{_COUNT}[ -]words?\b"
    rf"|\b(?P<count2>\d{{1,3}}|{'|'.join(UP_TO_TWELVE)})-word (?:answer|sentence|reply|response|summary|title|slogan)",
    re.IGNORECASE,
)
_SO_MANY_SENTENCES = re.compile(
    rf"\b(?:in|with|using|of|exactly|only|just|write)\s+(?:exactly |only |just ){{0,2}}{_COUNT} "
    r"(?:short |long |simple |complete ){0,2}sentences?\b",
    re.IGNORECASE,
)
_COMMAS = re.compile(
    r"\b(?:as|in|only|return|output|give|list|name|write|respond|reply|answer|provide|produce)\b[^.?!\n]{0,60}"
    r"(?:\bcomma[- ]?(?:separated|delimited)\b|\bseparated by commas\b)",
    re.IGNORECASE,
)
_ELABORATES = re.compile(
    r"\b(?:explain|why|justify|describe|discuss|compare|elaborate|reasons?|details?|essay|story|poem|how|pros)\b",
    re.IGNORECASE,
)
_PARSES = re.compile(r"\b(?:parse|file|csv|split|read|how|why)\b", re.IGNORECASE)
_ONE_COUNT = re.compile(rf"\b(?P<count>\d{{1,2}}|{'|'.join(UP_TO_TWELVE)})\b", re.IGNORECASE)
_PLURAL = re.compile(r"\b(?!(?:items|words|values|things|elements|commas)\b)([a-z]{3,}s)\b", re.IGNORECASE)


def find(asked: Asked) -> Make | None:
    """The short answer that a request asks for, if it does."""
    if asked.request.response_format.kind != "text" or asked.is_about_code:
        return None
    for whole in asked.instructions:
        text = whole if len(whole) <= 2 * _HALF else f"{whole[:_HALF]}\n{whole[-_HALF:]}"
        for reader in (_line_of_list, _offered, _number, _words, _sentences):
            if reader(asked, text, text) and (make := reader(asked, text, instructed(text))):
                return make
    return None


def _said(asked: Asked, *texts: str) -> Composition:
    """One of these texts; the first is the likeliest."""
    return Composition([NonTerminal("said", False)], {**phrases(asked.request), "said": texts})


# ---------------------------------------------------------------------------------------------- one of some words


def _offered(asked: Asked, text: str, told: str) -> Make | None:
    options = options_in(text, told)
    if not options:
        return None
    rest = asked.user if asked.user not in text else _without(text, options)
    lower = "lower case" in text.lower() or "lowercase" in text.lower()

    def make(seed: Seed) -> Composition:
        order = [option.lower() for option in options] if lower else list(options)
        seed.child("offered").random().shuffle(order)
        order.sort(key=lambda option: not _is_spoken_of(option, rest))
        return _said(asked, *order)

    return make


def options_in(text: str, told: str | None = None) -> list[str]:
    """Return the words of which a text wants one as its answer; none if it offers none. `told` is what it instructs.

    >>> options_in("Answer with just the word yes or no."), options_in("Tea or coffee?")
    (['yes', 'no'], [])
    """
    told = instructed(text) if told is None else told
    demands = bool(_DEMANDS.search(told))
    if not demands and (not _CLASSIFIES.search(told) or _ELABORATES.search(text)):
        return []
    if demands and _A_LETTER.search(text) and len(letters := list(dict.fromkeys(_LETTERED.findall(text)))) > 1:
        return letters
    for sentence in sentences(text):
        if quoted := _quoted_options(sentence):
            return quoted
    for pattern in (_COLON, _ONE_OF):
        for found in pattern.finditer(text):
            bullets = [each.strip("\"'`* ") for each in _BULLETS.findall(found["list"])]
            options = bullets if len(bullets) > 1 else split_options(found["list"])
            if options and (demands or _CLASSIFIES.search(text[: found.end()])):
                return [re.sub(r"\s*[:–-]\s.*$", "", option) for option in options]
    for sentence in sentences(text):
        if _ANSWERS.search(sentence) or _DEMANDS.search(sentence) or _CLASSIFIES.search(sentence):
            lists = filter(None, (pattern.search(sentence[:_LONGEST]) for pattern in (_AS, _BRACKETED, _SLASH)))
            if options := next(filter(None, (split_options(found["list"]) for found in lists)), []):
                return options
    return []


def _quoted_options(sentence: str) -> list[str]:
    """Two or more quotations that are alternatives."""
    found = quotations(sentence)
    if len(found) < 2 or not _ANSWERS.search(sentence):
        return []
    between = [sentence[one.end() : other.start()] for one, other in pairwise(found)]
    if not re.search(r"\bor\b|/|\|", between[-1]) and not re.search(r"\bone of\b", sentence, re.IGNORECASE):
        return []
    return list(dict.fromkeys(next(filter(None, each.groups())) for each in found))


def _without(text: str, options: list[str]) -> str:
    """A text without the sentences that list the options."""
    return " ".join(each for each in sentences(text) if sum(option in each for option in options) < 2)


def _is_spoken_of(option: str, text: str) -> bool:
    return len(option) > 3 and re.search(rf"\b{re.escape(option)}", text, re.IGNORECASE) is not None


# ---------------------------------------------------------------------------------------------- numbers


def _number(asked: Asked, text: str, told: str) -> Make | None:
    if not _NUMBER.search(told):
        return None
    scale = RANGE.search(text) if _SCALE.search(text) else None
    if not scale and (calculated := calculation(text) or calculation(asked.user)):
        return lambda seed: _said(asked, calculated.result)

    def make(seed: Seed) -> Composition:
        if scale and float(scale[1]) < float(scale[2]):
            return _said(asked, *_on_scale(scale[1], scale[2], text, seed.child("number")))
        random = seed.child("number").random()
        return _said(asked, *(str(random.randint(1, 100)) for _ in range(5)))

    return make


def _on_scale(low: str, high: str, text: str, seed: Seed) -> list[str]:
    random = seed.random()
    if "." in low + high or float(high) - float(low) <= 1 or re.search(r"\b(?:float|decimal)\b", text, re.IGNORECASE):
        return [f"{random.uniform(float(low), float(high)):.2f}" for _ in range(5)]
    return [str(random.randint(int(low), int(high))) for _ in range(5)]


# ---------------------------------------------------------------------------------------------- so many of them


def _words(asked: Asked, text: str, told: str) -> Make | None:
    found = _SO_MANY_WORDS.search(told)
    count = _counted(found["count"] or found["count2"]) if found else 0
    if count < 2 or count > 200:
        return None

    def make(seed: Seed) -> Composition:
        words = spoken(asked, _so_many(1 + count // 4), seed.child("words")).split() * count
        return _said(asked, " ".join(words[:count]).rstrip(".,:;") + ".")

    return make


def _sentences(asked: Asked, text: str, told: str) -> Make | None:
    found = _SO_MANY_SENTENCES.search(told)
    count = _counted(found["count"]) if found else 0
    if count < 2 or count > 50:
        return None
    return lambda seed: composed([*_so_many(count), NonTerminal("final", False)], asked.request)


def _so_many(count: int) -> list[NonTerminal | Run]:
    """So many sentences."""
    symbols: list[NonTerminal | Run] = []
    for number in range(count):
        symbols += [NonTerminal("sentence", number > 0), *run(tokens("."))]
    return symbols


def _counted(text: str) -> int:
    return 1 if text.lower() in ("a", "an") else count(text)


def _line_of_list(asked: Asked, text: str, told: str) -> Make | None:
    if not _COMMAS.search(told) or _PARSES.search(text):
        return None
    found = _ONE_COUNT.search(text)
    size = max(1, min(_counted(found["count"]), 50)) if found else 3
    known = things(text)
    noun = _PLURAL.search(text, found.end()) if found else None
    name = noun[1].lower() if noun else "keywords"
    array = {"type": "array", "items": {"type": "string"}, "minItems": size, "maxItems": size, "uniqueItems": True}
    schema = {"type": "object", "properties": {name: array}, "required": [name]}

    def make(seed: Seed) -> Composition:
        if len(known) >= size:
            return _said(asked, ", ".join(seed.child("list").random().sample(known, size)))
        items = asked.value(schema, seed.child("list"))[name]
        return _said(asked, ", ".join(re.sub(r"[,\s]+", " ", item).strip() or "none" for item in items))

    return make
