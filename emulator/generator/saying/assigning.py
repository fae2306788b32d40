"""Giving the mentions of a text to the parameters of a tool.

The mentions are taken in the order of the text. Each goes to the parameter of its type that it is closest to: whose
name, or words of whose description, stand beside it, whose unit it has, or whose preposition stands before it ("from",
"to"). A mention beside nothing goes to the first parameter of its type that is free. A mention of a parameter that has
one begins the next call, so that "the sum of 1 and 2, and of 3 and 4" is two calls. What one call lacks it has from
its neighbours: "in Oslo and Rome for 3 days". Then listed values, yes or no, and phrases are looked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from emulator.generator.saying.mentions import Mention, Text, Token, joins
from emulator.generator.saying.parameters import Parameter
from emulator.generator.saying.words import stem, stems
from emulator.generator.topics import says_little

_REACH = 7
"""So many words before a mention are looked at."""
_BEHIND = 3
"""So many words behind a mention are looked at."""
_CLOSE = 0.3
"""The closeness from which a mention belongs to a parameter."""

_BREAKS = frozenset([".", ";", "?", "!", "\n", "。", "？"])
_MEASURES = (
    (("year", "years", "yr"), ("year", "years", "time", "period", "duration", "term", "age", "tenure")),
    (("month", "months"), ("month", "time", "period", "duration", "term")),
    (("day", "days", "night", "nights"), ("day", "days", "duration", "nights", "period", "time")),
    (("week", "weeks"), ("week", "duration", "period")),
    (("hour", "hours", "h"), ("hour", "time", "duration")),
    (("minute", "minutes", "min"), ("minute", "time", "duration")),
    (("second", "seconds", "s"), ("second", "time", "duration")),
    (("%", "percent"), ("rate", "percent", "percentage", "interest", "discount", "tax", "tip", "yield", "return", "growth")),
    (("$", "€", "£", "dollars", "usd", "eur", "euros"),
     ("price", "amount", "cost", "principal", "salary", "income", "budget", "investment", "value", "deposit", "payment",
      "money", "balance", "loan", "revenue", "contribution")),
    (("kg", "kilograms", "pounds", "lbs", "grams", "g"), ("mass", "weight", "quantity")),
    (("m", "meters", "meter", "cm", "feet", "ft", "inches", "km", "kilometers", "miles", "mile", "kilometer"),
     ("length", "height", "distance", "radius", "width", "depth", "base", "range", "side")),
    (("m/s", "mph", "km/h"), ("velocity", "speed")),
    (("degrees", "°", "celsius", "fahrenheit", "kelvin", "k"), ("angle", "temperature", "temp")),
    (("people", "persons", "guests", "adults"), ("people", "guests", "party", "size", "number", "passengers")),
    (("th",), ("century", "position", "nth", "index")),
)  # fmt: skip
_MEASURED = {unit: frozenset(stem(name) for name in names) for units, names in _MEASURES for unit in units}
_SPANS = frozenset(["from", "between", "to", "in", "for"])
"""The prepositions that tell of a number what it is."""
_COUNTING = frozenset(map(stem, "number count num size quantity amount limit n times top".split()))
_LEADS = {
    "from": frozenset(map(stem, "origin from start source departure base initial begin depart sender since lower min in".split())),
    "between": frozenset(map(stem, "origin from start source departure first".split())),
    "to": frozenset(map(stem, "destination to end target arrival final recipient until goal upper receiver max out return".split())),
    "into": frozenset(map(stem, "to target destination".split())),
    "in": frozenset(map(stem, "city location place country region year state language currency month".split())),
    "at": frozenset(map(stem, "location place time venue store rate restaurant".split())),
    "near": frozenset(map(stem, "location city place".split())),
    "around": frozenset(map(stem, "location city place".split())),
    "nearby": frozenset(map(stem, "location city place".split())),
    "on": frozenset(map(stem, "date day platform".split())),
    "by": frozenset(map(stem, "author artist composer director deadline name".split())),
    "for": frozenset(map(stem, "duration customer name user recipient days years".split())),
    "named": frozenset(map(stem, "name title".split())),
    "called": frozenset(map(stem, "name title".split())),
    "with": frozenset(map(stem, "contact participant attendee".split())),
}  # fmt: skip
_CALENDAR = frozenset("jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun".split())
_TYPES = {
    "number": ("integer", "number", ""),
    "count": ("integer", "number"),
    "state": ("string",),
    "quoted": ("string", "array", "", "object"),
    "name": ("string", "array", ""),
    "place": ("string", "array", ""),
    "wide": ("string", "array", ""),
    "url": ("string", "array", ""),
    "email": ("string", "array", ""),
    "date": ("string", "array", ""),
    "time": ("string", ""),
    "path": ("string", "array", ""),
    "id": ("string", "array", ""),
    "expression": ("string", ""),
    "list": ("array", ""),
    "tuple": ("array", "object", ""),
    "object": ("object", ""),
}
_SUITS = {
    "place": ("place", "name"),
    "name": ("place", "name", "symbol", "language", "", "topic", "currency", "date"),
    "wide": ("place", "name", "language", "", "topic", "text", "currency"),
    "quoted": ("place", "name", "symbol", "language", "", "topic", "text", "expression", "command", "id", "path", "currency", "unit"),  # noqa: E501
    "url": ("url",),
    "email": ("email", "name"),
    "date": ("date", "time", ""),
    "time": ("time", "date"),
    "path": ("path", "name", "command"),
    "id": ("id", "symbol", "name", "", "expression"),
    "expression": ("expression", "text", ""),
}  # fmt: skip
_OWN = {
    "quoted": ("text", "command", "topic"),
    "name": ("place", "symbol"),
    "wide": ("place",),
    "place": ("place",),
    "url": ("url",),
    "email": ("email",),
    "date": ("date",),
    "time": ("time",),
    "path": ("path",),
    "expression": ("expression",),
    "id": ("id",),
}  # noqa: E501

_BORDERS = _BREAKS | {",", "and", "then", "while", "but", "another"}

Said = dict[str, Any]
"""The values that a text says for the parameters of one call."""


class Part(NamedTuple):
    """The values of a call, and the tokens from where to where the text speaks of it."""

    values: Said
    start: int
    end: int


class _Closeness(NamedTuple):
    score: float
    parameter: Parameter


def assigned(reading: Text, start: int, end: int, parameters: Sequence[Parameter]) -> list[Part]:
    """The calls that the tokens from `start` to before `end` ask for, with what they say of each parameter."""
    mentions = [each for each in reading.mentions if start <= each.at < end]
    mentions = list(_split(mentions, parameters))
    calls = _streamed(reading, mentions, parameters)
    parts = list(_parts(reading.tokens, calls, start, end))
    _share(calls)
    return [Part(call.values, *part) for call, part in zip(calls, parts, strict=True)]


class _Call(NamedTuple):
    """The values of a call, how close each stood to its parameter, and where its mentions stand."""

    values: Said
    taken: dict[str, float]
    places: list[int]


def _parts(tokens: Sequence[Token], calls: Sequence[_Call], start: int, end: int) -> Iterator[tuple[int, int]]:
    """From where to where the text speaks of each call: between the mentions of two, a comma or "and" is the border."""
    borders = [start]
    for one, other in pairwise(calls):
        last, first = max(one.places), min(other.places)
        borders.append(next((at for at in range(first - 1, last, -1) if tokens[at].text.lower() in _BORDERS), first))
    return zip(borders, [*borders[1:], end], strict=True)


def _split(mentions: Sequence[Mention], parameters: Sequence[Parameter]) -> Iterator[Mention]:
    """The mentions, with a city and its state, or numbers in brackets, as two where the parameters have them apart."""
    apart = any("state" in each.names or stem("country") in each.names for each in parameters)
    arrays = any(each.type in ("array", "object", "") for each in parameters)
    for mention in mentions:
        if mention.kind == "place" and apart:
            city, _, state = mention.value.rpartition(", ")
            yield mention._replace(kind="name", value=city)
            yield mention._replace(kind="state", value=state)
        elif mention.kind == "tuple" and not arrays:
            yield from (mention._replace(kind="number", value=value) for value in mention.value)
        else:
            yield mention


def _streamed(reading: Text, mentions: Sequence[Mention], parameters: Sequence[Parameter]) -> list[_Call]:
    tokens = reading.tokens
    calls = [_Call({}, {}, [])]
    rows = _rows(reading, mentions, parameters)
    anchored = {each.parameter.name for row in rows for each in row[:1] if each.score >= _CLOSE}
    positional: set[str] = set()
    before: tuple[Mention, Parameter] | None = None
    for mention, row in zip(mentions, rows, strict=True):
        values, taken, places = calls[-1]
        joined = before is not None and joins(tokens, before[0], mention)
        close = _chosen(row, taken)
        parameter = close.parameter if close else None
        score = close.score if close else 0.0
        if (
            joined
            and before is not None
            and before[1].name not in positional
            and any(each.parameter is before[1] for each in row)
        ):
            last = before[1]
            same = mention.unit != "" and mention.unit == before[0].unit
            if last.type == "array" or same or (score < 0.6 and not _others(last, taken, row)):
                parameter, score = last, 9.0
        if parameter is None:
            parameter = _free(mention, row, parameters, taken, anchored) or _again(
                mention, parameters, taken, positional
            )
            if parameter is None:
                continue
            positional.add(parameter.name)
            score = 9.0
        before = (mention, parameter)
        if parameter.type == "array" and (
            mention.kind not in ("list", "tuple") or parameter.items == "array" and not _nested(mention)
        ):
            values.setdefault(parameter.name, []).append(mention.value)
            taken[parameter.name] = score
            places.append(mention.at)
            continue
        if parameter.name in taken:
            if not joined and mention.kind != "number" and not _alike(tokens, places[-1], mention):
                if score > taken[parameter.name]:
                    values[parameter.name], taken[parameter.name] = value_of(mention, parameter), score
                continue
            if score < 0.75 * min(taken[parameter.name], 2):
                continue
            calls.append(_Call({}, {}, []))
            values, taken, places = calls[-1]
        places.append(mention.at)
        values[parameter.name] = value_of(mention, parameter)
        taken[parameter.name] = score if score < 9 else 0.5
    return _complete(calls, positional)


def _alike(tokens: Sequence[Token], last: int, mention: Mention) -> bool:
    """Whether a mention may be another one of a kind: behind the same preposition, or in another clause."""
    between = (tokens[at].text.lower() for at in range(last + 1, mention.at))
    return _lead(tokens, mention) == _lead_at(tokens, last) or not _BORDERS.isdisjoint(between)


def _chosen(row: Sequence[_Closeness], taken: Mapping[str, float]) -> _Closeness | None:
    """The parameter that a mention is closest to; of those that are nearly as close, the first that is free."""
    if not row or row[0].score < _CLOSE:
        return None
    near = [each for each in row if each.score >= 0.8 * row[0].score]
    return next((each for each in near if each.parameter.name not in taken), near[0])


def _others(last: Parameter, taken: Mapping[str, float], row: Sequence[_Closeness]) -> bool:
    """Whether a mention that is listed after one of `last` can be that of a free parameter of its type and kind."""
    return any(
        each.parameter.name not in taken and each.parameter.required
        and (each.parameter.type, each.parameter.role) == (last.type, last.role)
        for each in row
    )  # fmt: skip


def _again(
    mention: Mention, parameters: Sequence[Parameter], taken: Mapping[str, float], positional: set[str]
) -> Parameter | None:
    """The parameter with which a mention begins another call like the last one, whose parameters all have values."""
    again = [each for each in parameters if each.name in positional and _may(mention, each)]
    if not again or mention.kind == "count" or mention.unit == "th":
        return None
    missing = (each.required and each.name not in taken and _numeric(each) == _numeric(again[0]) for each in parameters)
    return None if any(missing) else again[0]


def _nested(mention: Mention) -> bool:
    return bool(mention.value) and isinstance(mention.value[0], list)


def _complete(calls: list[_Call], positional: set[str]) -> list[_Call]:
    """The calls without a last one that has only a part of the numbers that stand side by side."""
    whole = calls[0].taken.keys() & positional
    return [
        call
        for at, call in enumerate(calls)
        if at == 0 or not call.taken.keys() & positional or whole <= call.taken.keys()
    ]


def _share(calls: Sequence[_Call]) -> None:
    """Give each call what only its neighbours have been given."""
    for one, other in [*pairwise(calls), *pairwise(calls[::-1])]:
        for name, value in one.values.items():
            other.values.setdefault(name, value)


def _free(
    mention: Mention,
    row: Sequence[_Closeness],
    parameters: Sequence[Parameter],
    taken: Mapping[str, float],
    anchored: set[str],
) -> Parameter | None:
    """The first free parameter of the type, which no mention stands beside."""
    if mention.kind in ("count", "time", "state") or mention.unit == "th":
        return None
    free = [
        each for each in parameters
        if each.name not in taken and each.name not in anchored and _may(mention, each) and not (each.options and each.type != "array")
    ]  # fmt: skip
    free = [each for each in free if each.required] or [
        each for each in free if mention.kind in _OWN and each.role in _OWN[mention.kind]
    ]
    if not free:
        return None
    scores = {id(each.parameter): each.score for each in row}
    return max(free, key=lambda each: (each.role in _OWN.get(mention.kind, ()), scores.get(id(each), 0) > 0.15))


def _numeric(parameter: Parameter) -> bool:
    return parameter.type in ("integer", "number")


def _may(mention: Mention, parameter: Parameter) -> bool:
    """Whether the parameter can have a value of this kind."""
    if mention.kind in ("number", "count"):
        if parameter.type == "array":
            return parameter.items in ("integer", "number", "")
        if parameter.type == "string":
            return parameter.role == "id" and mention.kind == "number"
        return _whole(mention.value, parameter)
    if parameter.type not in _TYPES[mention.kind]:
        return False
    if (
        parameter.options
        and "enum" in parameter.schema
        and str(mention.value).lower() not in map(str.lower, map(str, parameter.options))
    ):
        return False
    if parameter.role in ("date", "time") and mention.kind == "name":
        return mention.value.split()[0][:3].lower() in _CALENDAR
    if parameter.role == "symbol" and mention.kind == "name":
        return bool(mention.value.isupper()) and len(mention.value) < 6
    if mention.kind == "state":
        return not {"state", stem("country")}.isdisjoint(parameter.names)
    if mention.kind == "tuple" or mention.kind == "list":
        return True
    if parameter.type == "array":
        return parameter.items in ("string", "")
    if mention.kind == "object" or parameter.type == "object":
        return mention.kind == "object"
    return parameter.role in _SUITS[mention.kind]


def _whole(value: float, parameter: Parameter) -> bool:
    return parameter.type in ("number", "") or (parameter.type == "integer" and float(value).is_integer())


def value_of(mention: Mention, parameter: Parameter) -> Any:
    """The value of a mention in the type of a parameter."""
    if parameter.type == "string":
        listed = next((each for each in parameter.options if str(each).lower() == str(mention.value).lower()), None)
        return listed or str(mention.value)
    if (
        mention.unit in ("%", "percent")
        and parameter.type == "number"
        and stem("percent") not in (*parameter.names, *parameter.notes)
    ):
        return round(mention.value / 100, 12)
    return mention.value


# ---------------------------------------------------------------------------------------------- closeness


def _rows(reading: Text, mentions: Sequence[Mention], parameters: Sequence[Parameter]) -> list[list[_Closeness]]:
    """For each mention, the parameters that it can be for, the closest first."""
    tokens = reading.tokens
    shares: dict[str, int] = {}
    for each in parameters:
        for part in set(each.names):
            shares[part] = shares.get(part, 0) + 1
    rows = []
    for mention in mentions:
        may = [each for each in parameters if _may(mention, each)]
        if not may:
            rows.append([])
            continue
        around = reading.around.get(mention.at)
        if around is None:
            around = reading.around[mention.at] = list(_around(tokens, mention))
        lead, exact = _lead(tokens, mention), _exact(tokens, mention)
        if tokens[mention.to : mention.to + 1] and tokens[mention.to].text.lower() == "to" and lead not in _LEADS:
            lead = "from"
        row = [
            _Closeness(2.0 if each.name == exact else _closeness(each, around, lead, mention, shares), each)
            for each in may
        ]
        if mention.kind == "count":
            row = [each for each in row if each.score >= 0.5 and _counts(each.parameter, mention)]
        rows.append(sorted(row, key=lambda each: -each.score))
    return _respectively(tokens, mentions, rows)


def _counts(parameter: Parameter, mention: Mention) -> bool:
    """Whether a number in words can be how many there are of something: "two days", but not "two charges"."""
    measured = _MEASURED.get(mention.unit, frozenset())
    return (
        parameter.name.endswith("s")
        or not measured.isdisjoint(parameter.names)
        or not _COUNTING.isdisjoint(parameter.names)
    )


def _respectively(
    tokens: Sequence[Token], mentions: Sequence[Mention], rows: list[list[_Closeness]]
) -> list[list[_Closeness]]:
    """The rows, where "the base and height as 6 and 10" gives the numbers to the names in their order."""
    at = 0
    while at < len(mentions):
        to = at + 1
        while to < len(mentions) and joins(tokens, mentions[to - 1], mentions[to]):
            to += 1
        if to - at > 1:
            names: dict[str, Parameter] = {}
            for back in range(max(0, mentions[at].at - 9), mentions[at].at):
                for each in rows[at]:
                    if tokens[back].kind == "word" and not set(stems(tokens[back].text)).isdisjoint(
                        each.parameter.names
                    ):
                        names.setdefault(each.parameter.name, each.parameter)
            if len(names) == to - at:
                for place, parameter in zip(range(at, to), names.values(), strict=True):
                    if any(each.parameter is parameter for each in rows[place]):
                        rows[place] = [_Closeness(1.0, parameter)]
        at = to
    return rows


def _exact(tokens: Sequence[Token], mention: Mention) -> str:
    """The name that a mention is set to, as in `name=mention` and `name: mention`."""
    return str(tokens[mention.at - 2].text) if mention.at > 1 and tokens[mention.at - 1].text in ("=", ":") else ""


def _around(tokens: Sequence[Token], mention: Mention) -> Iterator[tuple[str, float]]:
    """The stems around a mention, and how close each is."""
    weight, words = 1.0, 0
    for at in range(mention.at - 1, max(-1, mention.at - 24), -1):
        token = tokens[at]
        if token.kind == "word" and token.text != "a":
            little = says_little(token.text.lower())
            for part in stems(token.text):
                yield part, weight
            words += 1
            weight *= 0.7 if token.text.lower() in _LEADS else 0.97 if little else 0.85
        elif token.kind in ("mark", "line"):
            if token.text in _BREAKS:
                weight *= 0.4
            elif token.text in ",)":
                weight *= 0.7
        else:
            weight *= 0.5
        if words >= _REACH or weight < 0.1:
            break
    weight, words = 0.85, 0
    for at in range(mention.to, min(len(tokens), mention.to + 6)):
        token = tokens[at]
        if token.kind != "word" or says_little(token.text.lower()):
            weight *= 0.3
            if token.text in _BREAKS or token.kind not in ("word", "mark"):
                break
            continue
        for part in stems(token.text):
            yield part, weight
        words += 1
        weight *= 0.7
        if words >= _BEHIND:
            break


def _lead(tokens: Sequence[Token], mention: Mention) -> str:
    """The preposition before a mention; of the second of two, that they stand between, "to"."""
    return _lead_at(tokens, mention.at)


def _lead_at(tokens: Sequence[Token], start: int) -> str:
    at = start - 1
    while at >= 0 and tokens[at].text.lower() in ("the", "a", "an", "of"):
        at -= 1
    if at < 0:
        return ""
    word = tokens[at].text.lower()
    if word == "and" and any(tokens[back].text.lower() == "between" for back in range(max(0, at - 6), at)):
        return "to"
    return word


def _closeness(
    parameter: Parameter, around: Sequence[tuple[str, float]], lead: str, mention: Mention, shares: Mapping[str, int]
) -> float:
    score = 0.0
    for part, weight in around:
        if part in parameter.names:
            score = max(score, weight / shares[part])
        elif part in parameter.notes:
            score = max(score, 0.4 * weight)
    if not _MEASURED.get(mention.unit, frozenset()).isdisjoint(parameter.names):
        score += 0.5
    if mention.kind == "number" and lead not in _SPANS:
        lead = ""
    if not _LEADS.get(lead, frozenset()).isdisjoint(parameter.names):
        score += 0.7
    if mention.kind not in ("quoted", "name", "wide") and parameter.role in _OWN.get(mention.kind, ()):
        score += 0.35
    return score
