"""The calls of one tool that a part of a text asks for."""

from collections.abc import Sequence
from typing import Any

from emulator.core.vocabulary import Tool
from emulator.generator.saying.assigning import assigned
from emulator.generator.saying.mentions import Text, Token, read
from emulator.generator.saying.notation import set_to, spelled
from emulator.generator.saying.parameters import Parameter, parameters
from emulator.generator.saying.phrases import about, beside, flag, option, phrases, words_of
from emulator.generator.saying.words import telling

_FORMAL = frozenset(["email", "url", "date", "time", "path", "currency", "symbol", "command", "id"])
"""What a phrase cannot be."""


def said(tool: Tool, text: str, start: int = 0, end: int | None = None, *, loosely: bool = True) -> list[dict[str, Any]]:
    """The calls, each with the values that the text says."""
    given = parameters(tool.parameters)
    if calls := spelled(tool.name, text, given):
        return calls
    reading = read(text)
    end = len(reading.tokens) if end is None else end
    fixed = set_to(reading, start, end, given)
    parts = assigned(text, start, end, [each for each in given if each.name not in fixed])
    named = frozenset(telling(tool.name))
    for part in parts:
        part.values.update(fixed)
        _choose(part.values, given, reading, part.start, part.end, named)
    if len(parts) > 1:
        for part in parts:
            _choose(part.values, given, reading, start, end, named)
    if loosely:
        for part in parts:
            _word(part.values, given, reading, start, end, named)
    return [part.values for part in parts]


def _choose(
    call: dict[str, Any], given: Sequence[Parameter], reading: Text, start: int, end: int, named: frozenset[str]
) -> None:
    """Add the listed values and truth values that a part of the text speaks of."""
    tokens = reading.tokens[start:end]
    left = [each for each in given if each.name not in call and (each.options or each.type == "boolean")]
    if not left:
        return
    text, words = " ".join(token.text for token in tokens), words_of(tokens)
    for each in left:
        value = flag(each, tokens) if each.type == "boolean" else option(each, text, words, named)
        if value is not None:
            call[each.name] = [value] if each.type == "array" else value


def _word(
    call: dict[str, Any], given: Sequence[Parameter], reading: Text, start: int, end: int, named: frozenset[str]
) -> None:
    """Add phrases of the text for other texts."""
    tokens = reading.tokens[start:end]
    left = [each for each in given if each.name not in call and not each.schema.get("enum")]
    loose: list[Parameter] = []
    for each in left:
        if each.type in ("string", "") and (plain := _plain(each, tokens)):
            call[each.name] = plain
        elif each.type in ("string", "array") and each.required and each.role not in _FORMAL and each.items in ("string", ""):
            loose.append(each)
    if loose:
        used = " ".join(str(value).lower() for value in call.values())
        free = [phrase for phrase in phrases(reading, start, end, named) if phrase.lower() not in used]
        for each, phrase in zip(loose, free, strict=False):
            call[each.name] = [phrase] if each.type == "array" else phrase


def _plain(parameter: Parameter, tokens: Sequence[Token]) -> str:
    """The words of a text for a parameter that is a text itself, a topic, or named in it."""
    text = " ".join(token.text for token in tokens)
    if parameter.role == "text":
        return text[:200]
    if words := beside(parameter, tokens):
        return words
    return about(text) if parameter.role == "topic" else ""
