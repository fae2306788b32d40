"""Deciding which tools a text asks for, and which part of it each is called for.

A tool fits a text as far as its name, its description and its parameters speak of the same things, and as far as the
text says the values of its parameters. The weights were fitted to the even prompts of the benchmark. The text is cut
into clauses; each clause belongs to the tool that fits it best, or to that of the clause before.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from emulator.core.vocabulary import Tool
from emulator.generator.saying.assigning import MOST, Said
from emulator.generator.saying.calls_said import said, worded
from emulator.generator.saying.mentions import read
from emulator.generator.saying.notation import spelled
from emulator.generator.saying.parameters import Signature, nested, signature
from emulator.generator.saying.suiting import is_number
from emulator.generator.saying.tokens import Token
from emulator.generator.saying.words import listed, meant, stems

ENOUGH = 6.2
"""How clearly a text must ask for a tool so that it is called unasked."""
_SUM = 3.0
"""How well a tool fits that only needs an expression, if the text has one."""
_MARKED = ("command", "path")
_MARK = 1.5
"""What it adds that a text marks a value as one of these, by backticks or by its form."""
_CLAUSE = 2.0
"""How well another tool must fit a clause so that the clause is its own."""
_READ = 512
"""So many tools are read."""
_LIKELY = 12
"""Of so many tools, those whose words the text has, the parameters are looked for in it."""
_PARAMETERS = 96
"""So many parameters of all these tools are looked for."""
_FEW = 2
"""The parameters of so many tools are looked for, however many they are."""

_TURNS = frozenset(["then", "also", "finally", "additionally", "next", "afterwards", "lastly", "moreover", "plus"])
_STOPS = frozenset([".", "?", "!", ";", "\n", "。", "？", "！"])


class Task(NamedTuple):
    """A call that a text asks for, and what it says of its parameters."""

    tool: Tool
    values: Mapping[str, Any]


def tasks(tools: Sequence[Tool], text: str, *, forced: bool) -> list[Task]:
    """The calls that the text asks for; with `forced`, at least one."""
    known = [signature(tool) for tool in tools[:_READ]]
    if "(" in text and (calls := [Task(of.tool, each) for of in known for each in spelled(of, text)]):
        return calls[:MOST]
    words = _words(read(text).tokens)
    known = _likely(known, words)
    calls_of = [said(of, text) for of in known]
    fits = [_preference(of, calls[0], words) for of, calls in zip(known, calls_of, strict=True)]
    best = fits.index(max(fits))
    if not forced and _asked_for(known[best], calls_of[best][0], words) < ENOUGH:
        return []
    spans = _spans(known, text, best)
    if len(spans) == 1:
        of = known[best]
        return [Task(of.tool, nested(of.parameters, values)) for values in worded(of, calls_of[best], text)][:MOST]
    found = []
    for at, start, end in spans:
        of = known[at]
        found += [(of, values) for values in worded(of, said(of, text, start, end), text, start, end)]
    return _completed(found, text)[:MOST]


def _likely(known: list[Signature], words: frozenset[str]) -> list[Signature]:
    """The tools whose parameters are looked for: those that the text speaks of most, as far as the work is bounded."""
    if len(known) <= _FEW:
        return known
    order = sorted(range(len(known)), key=lambda at: -_named(known[at], words))
    likely: list[int] = []
    left = _PARAMETERS
    for at in order[:_LIKELY]:
        left -= len(known[at].parameters)
        if left < 0 and likely:
            break
        likely.append(at)
    return [known[at] for at in sorted(likely)]


_Found: TypeAlias = tuple[Signature, Said]


def _completed(found: list[_Found], text: str) -> list[Task]:
    """The calls, each with what only the rest of the text says of its required parameters; none twice."""
    done: dict[str, Task] = {}
    whole: dict[str, list[Said]] = {}
    for of, values in found:
        needed = [each.name for each in of.parameters if each.required]
        missing = [name for name in needed if name not in values]
        if missing and of.tool.name not in whole:
            whole[of.tool.name] = worded(of, said(of, text), text)
        rest = whole[of.tool.name] if missing else [{}]
        for others in rest if len(missing) == len(needed) else rest[:1]:
            more = {name: others[name] for name in missing if name in others}
            task = Task(of.tool, nested(of.parameters, {**values, **more}))
            done.setdefault(f"{of.tool.name} {values!r} {more!r}", task)
    return list(done.values())


# ---------------------------------------------------------------------------------------------- how well


def _fit(of: Signature, values: Said, words: frozenset[str]) -> float:
    """How well a tool fits a text that may have nothing to do with it, and that says these values."""
    needed = [each for each in of.parameters if each.required] or of.parameters
    verb = not of.verbs.isdisjoint(words)
    filled = [each.name in values or (verb and each.role == "topic") for each in needed]
    counted = [each.name in values for each in needed if each.type in ("integer", "number")]
    score = _speaks(of, words)
    if not score and not any(filled):
        return 0.0
    if len(needed) == 1 and needed[0].role == "expression" and isinstance(values.get(needed[0].name), str):
        score += _SUM
    said_of = 3 * sum(filled) / len(filled) if filled else min(3, score)
    return score + said_of + 0.75 * all(counted)


def _preference(of: Signature, values: Said, words: frozenset[str]) -> float:
    """How much a tool is preferred to others: by how many values it has a parameter for, or since it searches."""
    sought = [each.role for each in of.parameters if each.required] == ["topic"]
    spoken_of = 0.5 * sought + len(words & of.parts) + len(words & of.notes)
    return _fit(of, values, words) + 0.4 * min(len(values), 5) + 0.2 * spoken_of


def _asked_for(of: Signature, values: Said, words: frozenset[str]) -> float:
    """How clearly a text asks for a tool: by the words of its name, and by the values that it must have."""
    needed = [each for each in of.parameters if each.required] or of.parameters
    named = len(of.names & words)
    filled = sum(each.name in values or (each.role == "text" and named == len(of.names)) for each in needed)
    counted = [each.name in values for each in needed if is_number(each)]
    score = 2.04 * named / max(1, len(of.names)) + 0.7 * min(named, 3)
    score += 2.6 * filled / max(1, len(needed)) + 0.18 * min(filled, 4) + 0.2 * _fit(of, values, words)
    if counted:
        score += 0.95 if all(counted) else -0.95
    if any(each.role == "expression" and isinstance(values.get(each.name), str) for each in needed):
        score += _SUM
    if any(each.role in _MARKED and each.name in values for each in needed):
        score += _MARK
    return score + 2.03 * (named > 0 or not of.notes.isdisjoint(words))


def _words(tokens: Sequence[Token]) -> frozenset[str]:
    """The stems of a text, and of what its words mean."""
    texts = [token.text for token in tokens]
    return frozenset(part for text in texts for part in stems(text)) | meant(text.lower() for text in texts)


def _speaks(of: Signature, words: frozenset[str]) -> float:
    """How far the words of a text are those of a tool."""
    return _named(of, words) + 0.5 * len(of.needs & words) / max(1, len(of.needs))


def _named(of: Signature, words: frozenset[str]) -> float:
    """How far the words of a text are those of a tool's name and description."""
    name = len(of.names & words)
    share = name / max(1, len(of.names))
    noted = len(of.notes & words) / len(of.notes) if of.notes else share
    return 3 * share + min(name, 3) + 3 * noted + (0 if of.verbs.isdisjoint(words) else 1)


# ---------------------------------------------------------------------------------------------- which part


def _spans(tools: Sequence[Signature], text: str, best: int) -> list[tuple[int, int, int]]:
    """The tools, each with the tokens from where to where it is called for."""
    tokens = read(text).tokens
    if len(tools) == 1:
        return [(0, 0, len(tokens))]
    spans: list[tuple[int, int, int]] = []
    for start, end in _clauses(tokens):
        words = _words(tokens[start:end])
        scores = [_speaks(tool, words) for tool in tools]
        at = max(range(len(tools)), key=lambda at: (scores[at], at == best))
        if scores[at] < _CLAUSE or scores[at] == scores[best]:
            at = best if scores[best] >= _CLAUSE else -1
        if spans and (at in (-1, spans[-1][0])):
            spans[-1] = (spans[-1][0], spans[-1][1], end)
        elif spans and spans[-1][0] == -1:
            spans[-1] = (at, spans[-1][1], end)
        else:
            spans.append((at, start, end))
    found = [(best if at < 0 else at, start, end) for at, start, end in spans] or [(best, 0, len(tokens))]
    return [(each, start, end) for at, start, end in found for each in [at, *_besides(tools, at, tokens[start:end])]]


def _besides(tools: Sequence[Signature], at: int, tokens: Sequence[Token]) -> list[int]:
    """The tools that a part of a text names besides the one it is for: "the median and the variance"."""
    words = _words([token for at, token in enumerate(tokens) if at == 0 or tokens[at - 1].kind != "number"])
    known = [tool.parts - tool.verbs for tool in tools]
    taken, found = known[at], []
    for other, parts in enumerate(known):
        own = parts - taken
        if other != at and own and own <= words and parts <= words | taken and len(parts & words) >= len(taken & words):
            found.append(other)
            taken |= parts
    return found


def _clauses(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where the clauses of a text begin and end: at the ends of sentences, and before "and then", "also" and verbs."""
    texts = [token.text.lower() for token in tokens]
    starts = [0]
    for at in range(1, len(texts)):
        joined = texts[at - 1] == "," and texts[at] in _VERBS
        added = texts[at] == "and" and at + 1 < len(texts) and texts[at + 1] in _VERBS
        if texts[at - 1] in _STOPS or texts[at] in _TURNS or joined or added:
            starts.append(at)
    return [(start, end) for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True) if end > start]


_VERBS = listed("beginning")
