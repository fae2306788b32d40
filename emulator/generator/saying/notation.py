"""Reading calls and assignments that are spelled out: `f(3)`, `f(a=1, b=2)`, `a=1`, `"a": 1`."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.generator.saying.mentions import Text
from emulator.generator.saying.parameters import Parameter, Signature

_ARGUMENT = re.compile(
    r"\s*(?:[\"']?([A-Za-z_]\w{0,60})[\"']?\s*[=:]\s*)?"
    r"(\"[^\"]{0,300}\"|'[^']{0,300}'|\[[^\[\]]{0,300}\]|\{[^{}]{0,300}\}|[^,()\"'\[\]{}]{1,200})\s*(?:,|$)"
)


def spelled(of: Signature, text: str) -> list[dict[str, Any]]:
    """The calls of a tool that a text spells out."""
    name, parameters = of.tool.name, [each for each in of.parameters if len(each.path) == 1]
    calls: list[dict[str, Any]] = []
    start = 0
    while (at := text.find(f"{name}(", start)) >= 0 and len(calls) < 16:
        start = at + len(name) + 1
        end = text.find(")", start, start + 400)
        if end >= 0 and (at == 0 or not (text[at - 1].isalnum() or text[at - 1] == "_")):
            values = dict(_arguments(text[start:end], parameters))
            if values or not text[start:end].strip():
                calls.append(values)
    return calls


def _arguments(inside: str, parameters: Sequence[Parameter]) -> Iterator[tuple[str, Any]]:
    known = {each.name for each in parameters}
    for at, found in enumerate(_ARGUMENT.finditer(inside)):
        name = found[1] or (parameters[at].name if at < len(parameters) else None)
        if name in known:
            yield str(name), _literal(found[2].strip())


def _literal(text: str) -> Any:
    if text[:1] in "\"'" and text[-1:] == text[:1] and len(text) > 1:
        return text[1:-1]
    for attempt in (text, text.replace("'", '"'), text.lower()):
        try:
            return json.loads(attempt)
        except (ValueError, RecursionError):
            continue
    return text


def set_to(reading: Text, start: int, end: int, parameters: Sequence[Parameter]) -> Mapping[str, Any]:
    """The parameters that the text sets by name: `limit=5`, `city: Oslo`, with underscores or quotes."""
    if "=" not in reading.text and ":" not in reading.text:
        return {}
    names = {each.name.lower(): each.name for each in parameters}
    at_mention = {each.at: each for each in reading.mentions}
    tokens, values = reading.tokens, {}
    for at in range(start, end - 2):
        name = names.get(str(tokens[at].value if tokens[at].kind == "quoted" else tokens[at].text).lower())
        if name is None or name in values or tokens[at + 1].text not in ("=", ":"):
            continue
        if at + 2 not in at_mention and tokens[at + 2].kind == "word":
            to = at + 2
            while to < min(end, at + 40) and tokens[to].text not in ",;)." and tokens[to].kind in ("word", "id"):
                to += 1
            words = " ".join(token.text for token in tokens[at + 2 : to])
            if tokens[at + 1].text == ":" and (to - at > 6 or (to < end and tokens[to].text not in ",;.\n")):
                continue
            values[name] = {"true": True, "false": False}.get(words.lower(), words)
    return values
