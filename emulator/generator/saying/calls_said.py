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
    left = [each for each in given if each.name not in fixed]
    named = frozenset(telling(tool.name))
    calls = [{**fixed, **call} for call in assigned(text, start, end, left)]
    for call in calls:
        _fill(call, given, text, reading, start, end, named, loosely)
    return calls


def _fill(
    call: dict[str, Any], given: Sequence[Parameter], text: str, reading: Text, start: int, end: int, named: frozenset[str], loosely: bool
) -> None:
    tokens = reading.tokens[start:end]
    part = " ".join(token.text for token in tokens)
    words = words_of(tokens)
    loose: list[Parameter] = []
    for each in given:
        if each.name in call:
            continue
        if each.type == "boolean":
            if (value := flag(each, tokens)) is not None:
                call[each.name] = value
        elif each.options and (chosen := option(each, part, words, named)) is not None:
            call[each.name] = [chosen] if each.type == "array" else chosen
        elif not loosely or each.schema.get("enum"):
            continue
        elif each.type in ("string", "") and (plain := _plain(each, part, tokens)):
            call[each.name] = plain
        elif each.type in ("string", "array") and each.required and each.role not in _FORMAL and each.items in ("string", ""):
            loose.append(each)
    if loose:
        used = " ".join(str(value).lower() for value in call.values())
        free = [phrase for phrase in phrases(reading, start, end, named) if phrase.lower() not in used]
        for each, phrase in zip(loose, free, strict=False):
            call[each.name] = [phrase] if each.type == "array" else phrase


def _plain(parameter: Parameter, part: str, tokens: Sequence[Token]) -> str:
    """The words of a text for a parameter that is a text itself, a topic, or named in it."""
    if parameter.role == "text":
        return " ".join(part.split())[:200]
    if words := beside(parameter, tokens):
        return words
    return about(part) if parameter.role == "topic" else ""
