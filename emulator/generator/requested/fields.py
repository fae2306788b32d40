"""Fields that a text wants its answer to have, each with a marker before it, or in a tag of its own."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from emulator.core.seeds import Seed
from emulator.generator.arithmetic import calculation
from emulator.generator.composing import Composition
from emulator.generator.requested import words
from emulator.generator.requested.asked import Asked, Make, sentences
from emulator.generator.requested.described import described
from emulator.generator.requested.objects import written

_MOST = 20
_DEEPEST = 4
_LONGEST = 600
_SHOWN = 4_000
_MARKER = re.compile(r"\[\[ ?## ?(?P<name>[\w ]{1,60}?) ?## ?\]\]")
_WANTS_FIELDS = re.compile(r"\b(?:respond|reply|answer|output|structur\w*|format\w*|starting with)\b", re.IGNORECASE)
_TAG = re.compile(r"<(?P<name>[A-Za-z][\w-]{0,40})>")
_PAIR = re.compile(rf"<(?P<name>[A-Za-z][\w-]{{0,40}})>(?P<body>.{{0,{_LONGEST}}}?)</(?P=name)>", re.DOTALL)
_WANTS_TAGS = re.compile(
    r"\b(?:in|inside|within|between|into|wrap\w*|enclos\w*|surround\w*|put|place\w*|using|use|with|respond|format)\b"
    r"[^\n]{0,160}?(?:<[A-Za-z][\w-]*>[^\n]{0,80}\btags?\b|\btags?\b[^\n]{0,40}<[A-Za-z]|<([A-Za-z][\w-]*)>[^<\n]{0,60}</\1>)",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"\b(?:format|structure|template|layout|like this|as follows|following)\b[^\n]{0,60}\n+\s*"
    r"(?:```\w*\s*)?(?=<[A-Za-z])",
    re.IGNORECASE,
)
_ABOUT_MARKUP = re.compile(r"\b(?:html|css|svg|jsx)\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\w+\}|\.\.\.|…|\[[\w ]+\]")


class _Field(NamedTuple):
    """A field, and what is said of its value; None for a marker that only ends the answer."""

    name: str
    body: str | None


def find(asked: Asked) -> Make | None:
    """The answer in fields that a request asks for, if it does."""
    if asked.request.response_format.kind != "text":
        return None
    if fields := _marked(asked):
        return lambda seed: "\n\n".join(_below(field, asked, seed, last=field is _last(fields)) for field in fields)
    if fields := _tagged(asked):
        return lambda seed: "\n".join(_within(field, asked, seed, last=field is _last(fields)) for field in fields)
    return None


def _last(fields: Sequence[_Field]) -> _Field:
    """The last field with a value, which is the answer."""
    return [field for field in fields if field.body is not None or field is fields[0]][-1]


# ---------------------------------------------------------------------------------------------- below markers


def _marked(asked: Asked) -> Sequence[_Field]:
    """The fields with markers that stand in a sentence; if there are none, those that are not filled in yet."""
    found = [match for text in asked.texts for match in _MARKER.finditer(text)]
    if not found or not _WANTS_FIELDS.search(asked.whole):
        return ()
    told = {name: body for text in reversed(asked.texts) for name, body in _bodies(text)}
    within = [
        (match, line)
        for line in asked.user.splitlines()
        for match in _MARKER.finditer(line)
        if match[0] != line.strip()
    ]
    if not within and "json" not in asked.user.lower():
        within = [(match, "") for match in found if told.get(match["name"], "") == "" or "{" in told[match["name"]]]
    fields = {match["name"]: line[match.end() : match.end() + 120] for match, line in within}
    asked_for = dict.fromkeys(list(fields)[:_MOST])
    return [_Field(name, _body(told.get(name), fields[name])) for name in asked_for]


def _bodies(text: str) -> list[tuple[str, str]]:
    """What stands below each marker that has a line of its own."""
    found = [match for match in _MARKER.finditer(text) if text[match.end() : match.end() + 1] in ("\n", "")]
    ends = [*(match.start() for match in found[1:]), len(text)]
    return [
        (match["name"], text[match.end() : min(end, match.end() + _LONGEST)].strip())
        for match, end in zip(found, ends, strict=False)
    ]


def _body(told: str | None, said: str) -> str | None:
    if told is not None and "{" not in told.partition("\n")[0]:
        return None
    return told or re.split(r"\[\[", said)[0]


def _below(field: _Field, asked: Asked, seed: Seed, *, last: bool) -> str:
    marker = f"[[ ## {field.name} ## ]]"
    return marker if field.body is None else f"{marker}\n{_text(field, asked, seed, last=last)}"


# ---------------------------------------------------------------------------------------------- in tags


def _tagged(asked: Asked) -> Sequence[_Field]:
    for text in asked.instructions:
        if _ABOUT_MARKUP.search(text):
            continue
        found = [match["name"] for each in sentences(text) if _WANTS_TAGS.search(each) for match in _TAG.finditer(each)]
        if (template := _TEMPLATE.search(text)) and not found:
            found = [match["name"] for match in _PAIR.finditer(text[template.end() : template.end() + _SHOWN])]
        fields = [_Field(name, _between(name, asked.texts)) for name in list(dict.fromkeys(found))[:_MOST]]
        inner = {match["name"] for field in fields for match in _PAIR.finditer(field.body or "")}
        if fields:
            return [field for field in fields if field.name not in inner]
    return ()


def _between(name: str, texts: Sequence[str]) -> str:
    """What the last text with a tag of this name shows between it and its end."""
    shown = ""
    for text in texts:
        begin = text.find(f"<{name}>") + len(name) + 2
        end = text.find(f"</{name}>", begin, begin + _LONGEST)
        if begin > len(name) + 1 and end >= 0:
            shown = text[begin:end]
    return shown


def _within(field: _Field, asked: Asked, seed: Seed, *, last: bool, depth: int = 0) -> str:
    inner = [_Field(match["name"], match["body"]) for match in _PAIR.finditer(field.body or "")]
    if inner and depth < _DEEPEST:
        text = "".join(_within(each, asked, seed.child(each.name), last=False, depth=depth + 1) for each in inner)
    else:
        text = _text(field, asked, seed, last=last)
    return f"<{field.name}>{text}</{field.name}>"


# ---------------------------------------------------------------------------------------------- values


def _text(field: _Field, asked: Asked, seed: Seed, *, last: bool) -> str:
    """The value of a field as text: of the type that is described, or a sentence."""
    schema = described(_PLACEHOLDER.sub("", field.body or "").strip() or field.name)
    if schema == {"type": "string"}:
        return (_short(asked, seed) if last else "") or asked.sentence(seed.child(field.name))
    value = _value(schema, field.name, asked, seed.child(field.name))
    return value if isinstance(value, str) else written(value)


def _value(schema: Mapping[str, Any], name: str, asked: Asked, seed: Seed) -> Any:
    if "$defs" in schema:  # its references begin at the root
        return asked.value(schema, seed, asked.user)
    whole = {"type": "object", "properties": {name: schema}, "required": [name]}
    return asked.value(whole, seed, asked.user)[name]


def _short(asked: Asked, seed: Seed) -> str:
    """The short answer that the text asks for, too."""
    make = words.find(asked)
    made = make(seed) if make else None
    if isinstance(made, Composition) and "said" in made.phrases:
        return made.phrases["said"][0]
    calculated = calculation(asked.user)
    return calculated.result if calculated else ""
