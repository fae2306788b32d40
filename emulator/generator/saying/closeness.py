"""How close a mention of a text stands to each parameter of a tool that may have a value of its kind.

The words before a mention and directly behind it are compared with the parameter's name and description. A unit
("5 years", "$20", "5 %") and a preposition ("from Oslo", "by Ana") speak for the names that they usually go with.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from emulator.generator.saying.mentions import Mention, Text, joins
from emulator.generator.saying.parameters import Parameter
from emulator.generator.saying.suiting import OWN, suits
from emulator.generator.saying.tokens import Token
from emulator.generator.saying.words import grouped, listed, stem, stems
from emulator.generator.topics import says_little

_REACH = 7
"""So many words before a mention are looked at."""
_BEHIND = 3
"""So many words behind a mention are looked at."""
CLOSE = 0.3
"""The closeness from which a mention belongs to a parameter."""

BREAKS = frozenset([".", ";", "?", "!", "\n", "。", "？"])
_MEASURED = {unit: frozenset(map(stem, names)) for units, names in grouped("unit").items() for unit in units.split()}
"""The names that go with a unit."""
_SPANS = frozenset(["from", "between", "to", "in", "for"])
"""The prepositions that tell of a number what it is."""
_COUNTING = frozenset(map(stem, listed("counting")))
_LEADS = {lead: frozenset(map(stem, names)) for leads, names in grouped("lead").items() for lead in leads.split()}
"""The names that go with a preposition."""

_NOTED = 0.4
"""How close a word of the description is, against one of the name."""
_ASSIGNED = 2.0
"""How close a mention is to the name that it is assigned to, as in `name=mention`."""
_NAMED_BEFORE = 9
"""So many tokens before a list are looked through for the names that it is for."""


class Closeness(NamedTuple):
    """A parameter, and how close a mention stands to it."""

    score: float
    parameter: Parameter


def compared(reading: Text, mentions: Sequence[Mention], parameters: Sequence[Parameter]) -> list[list[Closeness]]:
    """For each mention, the parameters that it can be for, the closest first."""
    shares = Counter(part for each in parameters for part in set(each.names))
    rows = [_row(reading, mention, parameters, shares) for mention in mentions]
    for start, end in _lists(reading.tokens, mentions):
        named = _named_before(reading.tokens, mentions[start], rows[start])
        if len(named) == end - start:
            for at, parameter in zip(range(start, end), named, strict=True):
                if any(each.parameter is parameter for each in rows[at]):
                    rows[at] = [Closeness(1.0, parameter)]
    return rows


def _row(
    reading: Text, mention: Mention, parameters: Sequence[Parameter], shares: Mapping[str, int]
) -> list[Closeness]:
    possible = [each for each in parameters if suits(mention, each)]
    if not possible:
        return []
    tokens = reading.tokens
    around = reading.around.get(mention.at)
    if around is None:
        around = reading.around[mention.at] = _around(tokens, mention)
    lead, assigned = _leading(tokens, mention), _assigned(tokens, mention)
    row = [
        Closeness(_ASSIGNED if each.name == assigned else _closeness(each, around, lead, mention, shares), each)
        for each in possible
    ]
    if mention.kind == "count":
        row = [each for each in row if each.score >= 0.5 and _counts(each.parameter, mention)]
    return sorted(row, key=lambda each: -each.score)


def _lists(tokens: Sequence[Token], mentions: Sequence[Mention]) -> Iterator[tuple[int, int]]:
    """From where to where mentions are listed."""
    start = 0
    for at in range(1, len(mentions) + 1):
        if at == len(mentions) or not joins(tokens, mentions[at - 1], mentions[at]):
            if at - start > 1:
                yield start, at
            start = at


def _named_before(tokens: Sequence[Token], first: Mention, row: Sequence[Closeness]) -> list[Parameter]:
    """The parameters that are named before a list, in the order of the text: "the base and height as 6 and 10"."""
    named: dict[str, Parameter] = {}
    for token in tokens[max(0, first.at - _NAMED_BEFORE) : first.at]:
        parts = frozenset(stems(token.text)) if token.kind == "word" else frozenset()
        for each in row:
            if not parts.isdisjoint(each.parameter.names):
                named.setdefault(each.parameter.name, each.parameter)
    return list(named.values())


def _counts(parameter: Parameter, mention: Mention) -> bool:
    """Whether a number in words can be how many there are of something: "two days", but not "two charges"."""
    names = frozenset(parameter.names)
    counting = parameter.name.endswith("s") or not _COUNTING.isdisjoint(names)
    return counting or not _MEASURED.get(mention.unit, frozenset()).isdisjoint(names)


def _assigned(tokens: Sequence[Token], mention: Mention) -> str:
    """The name that a mention is assigned to, as in `name=mention` and `name: mention`."""
    return tokens[mention.at - 2].text if mention.at > 1 and tokens[mention.at - 1].text in ("=", ":") else ""


def _around(tokens: Sequence[Token], mention: Mention) -> Mapping[str, float]:
    """The stems around a mention, and how close each is at its closest."""
    around: dict[str, float] = {}
    for part, weight in (*_before(tokens, mention.at), *_behind(tokens, mention.to)):
        if weight > around.get(part, 0):
            around[part] = weight
    return around


def _before(tokens: Sequence[Token], end: int) -> Iterator[tuple[str, float]]:
    weight, words = 1.0, 0
    for at in range(end - 1, max(-1, end - 24), -1):
        token = tokens[at]
        if token.kind == "word" and token.text != "a":
            yield from ((part, weight) for part in stems(token.text))
            words += 1
        weight *= _fading(token)
        if words >= _REACH or weight < 0.1:
            return


def _fading(token: Token) -> float:
    """How much less close the words are that stand on the other side of a token."""
    if token.kind == "word":
        word = token.text.lower()
        return 0.7 if word in _LEADS else 0.97 if says_little(word) else 0.85
    if token.kind in ("mark", "line"):
        return 0.4 if token.text in BREAKS else 0.7 if token.text in ",)" else 1.0
    return 0.5


def _behind(tokens: Sequence[Token], start: int) -> Iterator[tuple[str, float]]:
    weight, words = 0.85, 0
    for token in tokens[start : start + 6]:
        if token.text in BREAKS or token.kind not in ("word", "mark") or words == _BEHIND:
            return
        if token.kind == "mark" or says_little(token.text.lower()):
            weight *= 0.3
        else:
            yield from ((part, weight) for part in stems(token.text))
            words += 1
            weight *= 0.7


def lead(tokens: Sequence[Token], start: int) -> str:
    """The word before a mention, which may be a preposition; of the second of two that it is between, "to"."""
    at = start - 1
    while at >= 0 and tokens[at].text.lower() in ("the", "a", "an", "of"):
        at -= 1
    word = tokens[at].text.lower() if at >= 0 else ""
    if word == "and" and any(token.text.lower() == "between" for token in tokens[max(0, at - 6) : at]):
        return "to"
    return word


def _leading(tokens: Sequence[Token], mention: Mention) -> str:
    """The preposition that speaks for a mention: of the first in "Oslo to Rome", that is "from"."""
    word = lead(tokens, mention.at)
    if word not in _LEADS and mention.to < len(tokens) and tokens[mention.to].text.lower() == "to":
        word = "from"
    return word if mention.kind != "number" or word in _SPANS else ""


def _closeness(
    parameter: Parameter, around: Mapping[str, float], lead: str, mention: Mention, shares: Mapping[str, int]
) -> float:
    names = parameter.names
    score = max((around[part] / shares[part] for part in names & around.keys()), default=0.0)
    if noted := parameter.notes & around.keys():
        score = max(score, _NOTED * max(around[part] for part in noted))
    if mention.unit in _MEASURED and not _MEASURED[mention.unit].isdisjoint(names):
        score += 0.5
    if lead in _LEADS and not _LEADS[lead].isdisjoint(names):
        score += 0.7
    if mention.kind not in ("quoted", "name", "wide") and parameter.role in OWN.get(mention.kind, ()):
        score += 0.35
    return score
