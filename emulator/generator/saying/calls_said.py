"""The calls of one tool that a part of a text asks for."""

from collections.abc import Callable, Collection, Sequence

from emulator.generator.arithmetic import calculation
from emulator.generator.saying.assigning import Said, assigned
from emulator.generator.saying.mentions import Mention, Text, behind, read
from emulator.generator.saying.notation import set_to
from emulator.generator.saying.parameters import Parameter, Signature, nested
from emulator.generator.saying.phrases import about, beside, flag, option, phrases, series, words_of
from emulator.generator.saying.words import stems

_FORMAL = frozenset(["email", "url", "date", "time", "path", "currency", "symbol", "command", "id"])
"""What a phrase cannot be."""

_ECHOES = frozenset(["text", "input", "prompt", "query", "original", "sentence"])
"""Names of what an answer repeats of a text."""

_TITLES = frozenset(["title", "name", "subject"])
"""What a text gives an object behind a colon, as in "A task: mend the fence"."""


def said(of: Signature, text: str, start: int = 0, end: int | None = None) -> list[Said]:
    """The calls, each with the values that the text clearly says."""
    reading = read(text)
    end = len(reading.tokens) if end is None else end
    fixed = {
        **_calculation(of, reading, start, end),
        **_objects(reading, start, end, of),
        **set_to(reading, start, end, of.parameters),
    }
    own = [each for each in of.parameters if each.name not in fixed]
    lists = {name: _Listing(reading, start, end, name, items) for name, items in of.rows.items() if name not in fixed}
    titles = {
        each.at
        for each in reading.mentions
        if (each.kind == "name" and of.parts.issuperset(stems(each.value))) or _counts(reading, each, frozenset())
    }
    parts = assigned(reading, start, end, own, titles.union(*(each.places for each in lists.values())))
    taken = {at for part in parts for at in part.places}
    items = {name: found for name, each in lists.items() if (found := each.items(taken))}
    for part in parts:
        part.values.update({**items, **part.values, **fixed})
        _choose(part.values, of, reading, part.start, part.end)
    calls = [part.values for part in parts]
    if len(calls) > 1:
        _share(calls, lambda call: _choose(call, of, reading, start, end))
    return calls


def _calculation(of: Signature, reading: Text, start: int, end: int) -> Said:
    """The expression of what the text says in words to calculate, for a tool that only needs an expression."""
    needed = [each for each in of.parameters if each.required]
    if (
        len(needed) != 1
        or needed[0].role != "expression"
        or any(each.kind == "expression" for each in reading.mentions)
    ):
        return {}
    found = calculation(reading.source(start, end))
    return {needed[0].name: found.written} if found else {}


def _objects(reading: Text, start: int, end: int, of: Signature) -> Said:
    """The values of an object in JSON that has only properties which the tool has."""
    names = frozenset(each.name for each in of.parameters)
    objects = [each.value for each in reading.mentions if each.kind == "object" and start <= each.at < end]
    return next((each for each in objects if isinstance(each, dict) and each and names.issuperset(each)), {})


class _Listing:
    """The items of a list of objects: "Ana is 31, Bo is 30". A single one has what no other parameter has."""

    def __init__(self, reading: Text, start: int, end: int, name: str, parameters: Sequence[Parameter]) -> None:
        self._part = (reading, start, end, parameters)
        self._parameters = parameters
        names = frozenset(stems(name))
        self._counts = {
            each.at for each in reading.mentions if _counts(reading, each, names) or _is_heading(reading, each)
        }
        self._found = assigned(*self._part, self._counts)
        self.places = {at for each in self._found for at in each.places} if len(self._found) > 1 else set()

    def items(self, taken: Collection[int]) -> list[Said]:
        found = self._found if self.places else assigned(*self._part, self._counts.union(taken))
        return [nested(self._parameters, each.values) for each in found if each.values]


def _counts(reading: Text, mention: Mention, names: frozenset[str]) -> bool:
    """Whether a number says how many items there are: "2 users: Ana (31), Bo (30)"."""
    if mention.kind not in ("number", "count") or not mention.unit:
        return False
    behind = reading.tokens[mention.to + 1 : mention.to + 2]
    return not names.isdisjoint(stems(mention.unit)) or any(token.text == ":" for token in behind)


def _is_heading(reading: Text, mention: Mention) -> bool:
    """Whether a name says what the items behind it belong to: "Team A: Ana is 31, Bo is 30"."""
    first, second = behind(reading.tokens, mention.to, 2)
    return mention.kind == "name" and first.text == ":" and second.kind != "number"


def worded(
    of: Signature, calls: list[Said], text: str, start: int = 0, end: int | None = None, *, named: bool = False
) -> list[Said]:
    """The calls, each with phrases of the text for texts; with `named`, only for what it names and for titles."""
    reading = read(text)
    last = len(reading.tokens) if end is None else end
    _share(calls, lambda call: _word(call, of, reading, start, last, named))
    return calls


def _share(calls: list[Said], add: Callable[[Said], None]) -> None:
    """Add to the first call what the whole text says, and the same to the others."""
    first, *others = calls
    before = set(first)
    add(first)
    for other in others:
        for name in first.keys() - before:
            other.setdefault(name, first[name])


def _choose(call: Said, of: Signature, reading: Text, start: int, end: int) -> None:
    """Add the listed values and truth values that a part of the text speaks of."""
    tokens = reading.tokens[start:end]
    left = [each for each in of.parameters if each.name not in call and (each.options or each.type == "boolean")]
    if not left:
        return
    text, words = " ".join(token.text for token in tokens), words_of(tokens)
    for each in left:
        value = flag(each, tokens) if each.type == "boolean" else option(each, text, words, of.parts)
        if value is not None:
            call[each.name] = [value] if each.type == "array" else value


def _word(call: Said, of: Signature, reading: Text, start: int, end: int, named: bool) -> None:
    """Add phrases of the text for other texts."""
    left = [each for each in of.parameters if each.name not in call and not each.schema.get("enum")]
    loose: list[Parameter] = []
    for each in left:
        if each.type == "array" and each.items == "string" and (items := series(each, reading.tokens[start:end])):
            call[each.name] = items
        elif each.type in ("string", "") and (plain := _plain(each, reading, start, end, named)):
            call[each.name] = plain
        elif (
            each.type in ("string", "array")
            and each.required
            and (not named or (each.name in _TITLES and ": " in reading.source(start, end)))
            and each.role not in _FORMAL
            and each.items in ("string", "")
        ):
            loose.append(each)
    if loose:
        names = frozenset(part for each in of.parameters for part in each.names)
        used = " ".join(str(value).lower() for value in call.values())
        free = [phrase for phrase in phrases(reading, start, end, of.parts | names) if phrase.lower() not in used]
        for each, phrase in zip(loose, free, strict=False):
            call[each.name] = [phrase] if each.type == "array" else phrase


def _plain(parameter: Parameter, reading: Text, start: int, end: int, named: bool) -> str:
    """The words of a text for a parameter that is a text itself, a topic, or named in it.

    In an answer, which is no echo, only what is called so is the text itself.
    """
    if parameter.role == "text" and (not named or not _ECHOES.isdisjoint(parameter.name.lower().split("_"))):
        return " ".join(reading.source(start, end).split())[:200]
    if words := beside(parameter, reading.tokens[start:end]):
        return words
    return about(reading.source(start, end)) if parameter.role == "topic" else ""
