"""Deciding which tools a text asks for, and which part of it each is called for.

A tool fits a text as far as its name, its description and its parameters speak of the same things, and as far as the
text says the values of its parameters. The weights were fitted to the even prompts of the benchmark. The text is cut
into clauses; each clause belongs to the tool that fits it best, or to that of the clause before.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from emulator.core.vocabulary import Tool
from emulator.generator.saying.calls_said import said
from emulator.generator.saying.mentions import Token, read
from emulator.generator.saying.parameters import parameters
from emulator.generator.saying.words import stems, telling

ENOUGH = 5.4
"""How well a tool must fit a text so that it is called unasked."""
_CLAUSE = 2.0
"""How well another tool must fit a clause so that the clause is its own."""
_MOST = 24
"""So many calls are made at once."""

_GENERAL = frozenset(
    stems(
        "get find calculate compute search retrieve fetch tool set by web given return value data api user provide "
        "determine create make show list check info information details based specific number name using"
    )
)
_TURNS = frozenset(["then", "also", "finally", "additionally", "next", "afterwards", "lastly", "moreover", "plus"])
_STOPS = frozenset([".", "?", "!", ";", "\n", "。", "？", "！"])


class Task(NamedTuple):
    """A call that a text asks for, and what it says of its parameters."""

    tool: Tool
    values: Mapping[str, Any]


def tasks(tools: Sequence[Tool], text: str, *, forced: bool) -> list[Task]:
    """The calls that the text asks for; with `forced`, at least one."""
    fits = [_fit(tool, text) for tool in tools]
    best = max(range(len(tools)), key=fits.__getitem__)
    if not forced and fits[best] < ENOUGH and not any(f"{tool.name}(" in text for tool in tools):
        return []
    found: list[Task] = []
    for at, start, end in _spans(tools, text, best):
        found += [Task(tools[at], values) for values in said(tools[at], text, start, end)]
    return _completed(found, text)[:_MOST]


def _completed(found: list[Task], text: str) -> list[Task]:
    """The calls, each with what only the rest of the text says of its required parameters; none twice."""
    if len(found) < 2:
        return found
    done: dict[str, Task] = {}
    whole: dict[str, list[dict[str, Any]]] = {}
    for tool, values in found:
        required = tool.parameters.get("required")
        needed = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        missing = [name for name in needed if name not in values]
        rest: list[dict[str, Any]] = [{}]
        if missing:
            rest = whole.setdefault(tool.name, []) or said(tool, text)
            whole[tool.name] = rest
        for others in rest if len(missing) == len(needed) else rest[:1]:
            more = {name: others[name] for name in missing if name in others}
            done.setdefault(f"{tool.name} {values!r} {more!r}", Task(tool, {**values, **more}))
    return list(done.values())


# ---------------------------------------------------------------------------------------------- how well


def _fit(tool: Tool, text: str) -> float:
    """How well a tool fits a text that may have nothing to do with it."""
    given = parameters(tool.parameters)
    needed = [each for each in given if each.required] or given
    values = said(tool, text, loosely=False)[0]
    filled = [each.name in values for each in needed]
    counted = [each.name in values for each in needed if each.type in ("integer", "number")]
    score = _speaks(tool, frozenset(stems(text)))
    if not score and not any(filled):
        return 0.0
    said_of = 3 * sum(filled) / len(filled) if filled else min(3, score)
    return score + said_of + 0.75 * (sum(counted) / len(counted) if counted else 1)


def _speaks(tool: Tool, words: frozenset[str]) -> float:
    """How far the words of a text are those of a tool."""
    parts = frozenset(telling(tool.name)) or frozenset(stems(tool.name))
    names = parts - _GENERAL or parts
    notes = frozenset(telling(tool.description[:300])) - _GENERAL - names
    own = frozenset(part for each in parameters(tool.parameters) if each.required for part in each.names)
    own = own - _GENERAL - names
    name = len(names & words)
    share = name / max(1, len(names))
    return (
        3 * share
        + min(name, 3)
        + 3 * (len(notes & words) / len(notes) if notes else share)
        + 0.5 * len(own & words) / max(1, len(own))
        + (1 if (parts & _GENERAL) & words else 0)
    )


# ---------------------------------------------------------------------------------------------- which part


def _spans(tools: Sequence[Tool], text: str, best: int) -> list[tuple[int, int, int]]:
    """The tools, each with the tokens from where to where it is called for."""
    tokens = read(text).tokens
    if len(tools) == 1:
        return [(0, 0, len(tokens))]
    spans: list[tuple[int, int, int]] = []
    for start, end in _clauses(tokens):
        words = frozenset(part for token in tokens[start:end] for part in stems(token.text))
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


def _besides(tools: Sequence[Tool], at: int, tokens: Sequence[Token]) -> list[int]:
    """The tools that a part of a text names besides the one it is for: "the median and the variance"."""
    words = frozenset(part for token in tokens for part in stems(token.text))
    known = [frozenset(telling(tool.name)) - _GENERAL for tool in tools]
    taken, found = known[at], []
    for other, parts in enumerate(known):
        own = parts - taken
        if other != at and own and own <= words and parts <= words | taken and len(parts & words) >= len(taken & words):
            found.append(other)
            taken |= parts
    return found


def _clauses(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where the clauses of a text begin and end: at the ends of sentences, and before "and then", "also" and verbs."""
    starts = [0]
    for at in range(1, len(tokens)):
        before = tokens[at - 1].text.lower()
        word = tokens[at].text.lower()
        if before in _STOPS or word in _TURNS or (word == "and" and at + 1 < len(tokens) and _turns(tokens, at + 1)):
            starts.append(at)
        elif before == "," and _turns(tokens, at):
            starts.append(at)
    return [(start, end) for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True) if end > start]


def _turns(tokens: Sequence[Token], at: int) -> bool:
    """Whether something else begins here: a verb in the imperative, or a question."""
    return tokens[at].text.lower() in _VERBS


_VERBS = frozenset(
    "find get calculate compute show give tell list search book create check look fetch retrieve determine identify "
    "convert add set order buy send estimate predict generate analyze play what who when where how which withdraw "
    "invest reserve schedule update delete remove compare translate solve draw plot cancel call email write read open "
    "if i can could please".split()
)
