"""Giving the mentions of a text to the parameters of a tool.

The mentions are taken in the order of the text. Each goes to the parameter of its type that it is closest to (see
`closeness`). A mention beside nothing goes to the first parameter of its type that is free. A mention of a parameter
that has one begins the next call, so that "the sum of 1 and 2, and of 3 and 4" is two calls. What one call lacks it
has from its neighbours: "in Oslo and Rome for 3 days". Lists for two parameters are paired if the text says
"respectively"; otherwise each of one goes with each of the other.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple, TypeAlias

from emulator.generator.saying.closeness import BREAKS, CLOSE, Closeness, compared, lead
from emulator.generator.saying.mentions import Mention, Text, is_subject, joins
from emulator.generator.saying.parameters import Parameter
from emulator.generator.saying.suiting import OWN, is_number, suits, value_of
from emulator.generator.saying.words import stem, stems

_TOWN = frozenset(map(stem, ["city", "town", "country", "zip"]))
"""The names of parameters for a part of an address."""
_BORDERS = BREAKS | {",", "and", "then", "while", "but", "another"}
_NUMBER = re.compile(r"\d+")
MOST = 24
"""So many calls are made at once."""
_SURE = 0.6
"""How close a listed mention must be to another parameter than the one that the list is for."""
_NEARLY = 0.75
"""How close a mention must be for another call, against that of the last one."""
_GIVEN = 0.5
"""How close a mention counts that has its parameter by its order."""

Said: TypeAlias = dict[str, Any]
"""The values that a text says for the parameters of one call."""


class Part(NamedTuple):
    """The values of a call, the tokens from where to where the text speaks of it, and where its mentions stand."""

    values: Said
    start: int
    end: int
    places: Sequence[int] = ()


class _Call(NamedTuple):
    """The values of a call, how close each stood to its parameter, and where the mentions stand."""

    values: Said
    taken: dict[str, float]
    places: list[int]


def assigned(
    reading: Text, start: int, end: int, parameters: Sequence[Parameter], taken: Collection[int] = ()
) -> list[Part]:
    """The calls that the tokens from `start` to before `end` ask for, with what they say of each parameter.

    The mentions that stand where something is `taken` are left out.
    """
    within = [each for each in reading.mentions if start <= each.at < end and each.at not in taken]
    mentions = list(_apart(within, parameters))
    stream = _Stream(reading, mentions, parameters)
    calls = stream.calls()
    if combined := stream.combined(calls):
        return [Part(values, start, end) for values in combined]
    borders = list(_borders(reading, calls, start, end))
    for one, other in [*pairwise(calls), *pairwise(calls[::-1])]:
        for name, value in one.values.items():
            other.values.setdefault(name, value)
    return [Part(call.values, *border, call.places) for call, border in zip(calls, pairwise(borders), strict=True)]


def _apart(mentions: Sequence[Mention], parameters: Sequence[Parameter]) -> Iterator[Mention]:
    """The mentions, with a city and its state, or numbers in brackets, as two where the parameters have them apart."""
    states = any("state" in each.names or stem("country") in each.names for each in parameters)
    arrays = any(each.type in ("array", "object", "") for each in parameters)
    named = frozenset(part for each in parameters for part in each.names)
    for mention in mentions:
        if mention.kind == "name" and named.issuperset(stems(mention.value)):
            continue
        if mention.kind == "place" and states:
            city, _, state = mention.value.rpartition(", ")
            yield mention._replace(kind="name", value=city)
            yield mention._replace(kind="state", value=state)
        elif mention.kind == "street" and any(not _TOWN.isdisjoint(each.names) for each in parameters):
            street, _, town = mention.value.partition(", ")
            yield mention._replace(value=street)
            if town:
                yield from _apart([mention._replace(kind="place" if ", " in town else "name", value=town)], parameters)
        elif mention.kind == "tuple" and not arrays:
            yield from (mention._replace(kind="number", value=value) for value in mention.value)
        elif mention.kind == "expression" and not any(suits(mention, each) for each in parameters):
            numbers = re.findall(r"(?:(?<![\d)] )(?<![\d)])-)?\d+(?:\.\d+)?", mention.value)
            yield from (mention._replace(kind="number", value=_read(number)) for number in numbers)
        else:
            yield mention


def _read(number: str) -> int | float:
    return float(number) if "." in number else int(number)


def _borders(reading: Text, calls: Sequence[_Call], start: int, end: int) -> Iterator[int]:
    """Where the text stops speaking of one call and begins with the next: at a comma or "and" between the mentions."""
    yield start
    for one, other in pairwise(calls):
        last, first = max(one.places), min(other.places)
        yield next((at for at in range(first - 1, last, -1) if reading.tokens[at].text.lower() in _BORDERS), first)
    yield end


class _Stream:
    """Gives mentions to parameters, one after the other."""

    def __init__(self, reading: Text, mentions: Sequence[Mention], parameters: Sequence[Parameter]) -> None:
        self._reading = reading
        self._mentions = mentions
        self._parameters = parameters
        self._rows = compared(reading, mentions, parameters)
        self._anchored = {row[0].parameter.name for row in self._rows if row and row[0].score >= CLOSE}
        self._by_order: set[str] = set()
        self._lists: dict[str, list[Any]] = {}
        self._calls = [_Call({}, {}, [])]
        self._before: tuple[Mention, Parameter] | None = None

    def calls(self) -> list[_Call]:
        """The calls, without a last one that has only a part of the numbers that stand side by side."""
        for mention, row in zip(self._mentions, self._rows, strict=True):
            self._take(mention, row)
        whole = self._calls[0].taken.keys() & self._by_order
        first, *others = self._calls
        return [
            first,
            *(call for call in others if not call.taken.keys() & self._by_order or whole <= call.taken.keys()),
        ]

    def combined(self, calls: Sequence[_Call]) -> list[Said]:
        """The calls for lists of two parameters, if that is why there are several calls."""
        lists = {name: values for name, values in self._lists.items() if len(values) > 1}
        if len(lists) < 2 or len(calls) != 1 + sum(len(values) - 1 for values in lists.values()):
            return []
        others = {name: value for call in calls[::-1] for name, value in call.values.items() if name not in lists}
        paired = "respectively" in self._reading.text.lower() and len({*map(len, lists.values())}) == 1
        rows = zip(*lists.values(), strict=True) if paired else product(*lists.values())
        return [{**others, **dict(zip(lists, row, strict=True))} for row in rows]

    def _take(self, mention: Mention, row: Sequence[Closeness]) -> None:
        taken = self._calls[-1].taken
        listed = self._before is not None and joins(self._reading.tokens, self._before[0], mention)
        item = self._listed(mention, row) if listed else None
        close = item or _closest(row, taken) or self._in_order(mention, row, taken)
        if close is None:
            return
        if close.parameter.name in taken:
            close = _numbered_alike(close, row, taken) or close
        self._before = (mention, close.parameter)
        if close.parameter.type == "array" and _is_item(mention, close.parameter):
            self._calls[-1].values.setdefault(close.parameter.name, []).append(mention.value)
            self._note(mention, close)
        elif close.parameter.name not in taken:
            self._put(mention, close, listed=False)
        elif listed or mention.kind == "number" or self._parallel(mention):
            sure = item is not None or close.parameter.name in self._by_order
            if len(self._calls) < MOST and (sure or close.score >= _NEARLY * taken[close.parameter.name]):
                self._calls.append(_Call({}, {}, []))
                self._put(mention, close, listed=listed)
        elif close.score > taken[close.parameter.name]:
            self._put(mention, close, listed=False)

    def _put(self, mention: Mention, close: Closeness, *, listed: bool) -> None:
        name, value = close.parameter.name, value_of(mention, close.parameter)
        self._calls[-1].values[name] = value
        if listed:
            self._lists.setdefault(name, []).append(value)
        else:
            self._lists[name] = [value]
        self._note(mention, close)

    def _note(self, mention: Mention, close: Closeness) -> None:
        self._calls[-1].taken[close.parameter.name] = close.score
        self._calls[-1].places.append(mention.at)

    def _listed(self, mention: Mention, row: Sequence[Closeness]) -> Closeness | None:
        """The parameter of the mention before, of a list, unless this one is closer to another."""
        if self._before is None:
            return None
        before, last = self._before
        own = next((each for each in row if each.parameter is last), None)
        if own is None or last.name in self._by_order:
            return None
        alike = last.type == "array" or (mention.unit != "" and mention.unit == before.unit)
        taken = self._calls[-1].taken
        if alike or (row[0].score < _SURE and not _is_free(row, taken, last)):
            return Closeness(max(own.score, _GIVEN), last)
        return None

    def _in_order(self, mention: Mention, row: Sequence[Closeness], taken: Mapping[str, float]) -> Closeness | None:
        """The first free parameter of the type, which no mention stands beside; if none is free, that of a new call."""
        if mention.kind in ("count", "time", "state") or mention.unit == "th":
            return None
        if mention.kind == "wide" and any(each.kind == "quoted" for each in self._mentions):
            return None
        parameter = self._free(mention, row, taken) or self._again(mention, taken)
        if parameter is None:
            return None
        self._by_order.add(parameter.name)
        return Closeness(_GIVEN, parameter)

    def _free(self, mention: Mention, row: Sequence[Closeness], taken: Mapping[str, float]) -> Parameter | None:
        own = ("name",) if is_subject(self._reading.tokens, mention) else OWN.get(mention.kind, ())
        free = [
            each
            for each in row
            if each.parameter.name not in taken
            and each.parameter.name not in self._anchored
            and (each.parameter.required or each.parameter.role in own)
            and (each.parameter.type == "array" or not each.parameter.options)
        ]
        order = {each.name: at for at, each in enumerate(self._parameters)}
        best = min(
            free,
            key=lambda each: (
                not each.parameter.required,
                each.parameter.role not in own,
                each.score <= CLOSE / 2,
                order[each.parameter.name],
            ),
            default=None,
        )
        return best.parameter if best else None

    def _again(self, mention: Mention, taken: Mapping[str, float]) -> Parameter | None:
        """The parameter with which another call like the last one begins, if all parameters of its type have values."""
        again = next((each for each in self._parameters if each.name in self._by_order and suits(mention, each)), None)
        if again is None:
            return None
        alike = (each for each in self._parameters if each.required and is_number(each) == is_number(again))
        return again if all(each.name in taken for each in alike) else None

    def _parallel(self, mention: Mention) -> bool:
        """Whether a mention may be another one of a kind: behind the same preposition, or in another clause."""
        tokens, last = self._reading.tokens, self._calls[-1].places[-1]
        between = (tokens[at].text.lower() for at in range(last + 1, mention.at))
        return lead(tokens, mention.at) == lead(tokens, last) or not _BORDERS.isdisjoint(between)


def _closest(row: Sequence[Closeness], taken: Mapping[str, float]) -> Closeness | None:
    """The parameter that a mention is closest to; of those that are nearly as close, the first that is free."""
    if not row or row[0].score < CLOSE:
        return None
    near = [each for each in row if each.score >= 0.8 * row[0].score]
    return next((each for each in near if each.parameter.name not in taken), near[0])


def _numbered_alike(close: Closeness, row: Sequence[Closeness], taken: Mapping[str, float]) -> Closeness | None:
    """The free parameter of the same name with another number: `year2` besides `year1`."""
    plain = _NUMBER.sub("", close.parameter.name)
    if plain == close.parameter.name:
        return None
    alike = (each for each in row if _NUMBER.sub("", each.parameter.name) == plain)
    return next((each for each in alike if each.parameter.name not in taken), None)


def _is_free(row: Sequence[Closeness], taken: Mapping[str, float], last: Parameter) -> bool:
    """Whether there is a free required parameter of the type and kind of the last one."""
    return any(
        each.parameter.name not in taken
        and each.parameter.required
        and (each.parameter.type, each.parameter.role) == (last.type, last.role)
        for each in row
    )


def _is_item(mention: Mention, parameter: Parameter) -> bool:
    """Whether the mention is one item of an array, and not the array."""
    if mention.kind not in ("list", "tuple"):
        return True
    return parameter.items == "array" and not (mention.value and isinstance(mention.value[0], list))
