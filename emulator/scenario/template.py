"""Templates: texts with `{{` or `{%` in them. What they may use is told here; Jinja2 is loaded when one is met.

A template is compiled when the scenario is loaded, so that a wrong one is a mistake with its line, and rendered for
each request.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from emulator.core.seeds import Seed
from emulator.scenario.fakes import Fake
from emulator.scenario.match import Subject
from emulator.scenario.reading.mistakes import Span
from emulator.scenario.reading.readers import TEXT, VALUE, Place, Reader, Unreadable, read_all

VARIABLES: Mapping[str, str] = {
    "request": "what was asked: model, last_user, system, turn, tools (names), body, headers",
    "match": "the named groups of the regular expressions in `when`",
    "tool_result": "what the last tool answered; `(tool_result | fromjson).field` looks into JSON",
    "fake": "Faker, such as fake.name(); the same request reads the same name",
    "now": "the time of the emulator's clock, as a datetime in UTC",
}
REQUEST = ("model", "last_user", "system", "turn", "tools", "body", "headers")


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong in a template: the line in it, from 0, and a message."""

    line: int
    message: str


class Failed(Exception):
    """A template that cannot be rendered for a request. `line` is that of the source, 0 where there is none."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class Compiled(Protocol):
    """What the sandbox makes of a template. `render` raises what the template raises; `line_of` finds where."""

    def render(self, variables: Mapping[str, Any]) -> str:
        """The text."""
        ...

    def line_of(self, error: Exception) -> int:
        """The line in the template that raised the error, from 0."""
        ...


class Template(msgspec.Struct, frozen=True):
    """A compiled template; `line` is where it begins in the source, from 1, or 0. Of a `block` each line is known."""

    compiled: Compiled
    line: int
    block: bool

    def render(self, values: Mapping[str, Any]) -> str:
        """The text. Raises Failed for a template that fails, or whose text is too long."""
        try:
            return self.compiled.render(values)
        except Exception as error:  # whatever a template does is answered to the client
            line = self.line + self.compiled.line_of(error) if self.block else self.line
            raise Failed(line, f"{type(error).__name__}: {error}") from None


def variables(subject: Subject, groups: Mapping[str, str], seed: Seed, now: Any) -> dict[str, Any]:
    """What a template can use. `now` is a datetime; `seed` is where fake values come from."""
    request = subject.request
    values: dict[str, Any] = {
        "request": {
            "model": request.model,
            "last_user": "\n".join(said.text for said in subject.last_user),
            "system": "\n".join(said.text for said in subject.system),
            "turn": subject.turn,
            "tools": [tool.name for tool in request.tools],
            "body": request.body,
            "headers": dict(request.headers),
        },
        "match": groups,
        "now": now,
        "fake": Fake(seed),
    }
    if subject.tool_results:
        values["tool_result"] = subject.tool_results[-1][1]
    return values


# ---------------------------------------------------------------------------------------------- reading


def _read(place: Place) -> "str | Template":
    text = TEXT.read(place)
    if not is_written(text):
        return text
    from emulator.scenario.sandbox import compiled, mistakes  # noqa: PLC0415 (loading Jinja2 takes time)

    wrong = list(mistakes(text, place.loading.groups))
    for each in wrong:
        place.tell(each.message, _span(place, each))
    if wrong:
        raise Unreadable
    return Template(compiled(text), place.node.span.line + 1 + place.node.block, place.node.block)


def is_written(text: str) -> bool:
    """Whether a text is a template."""
    return "{{" in text or "{%" in text


def _span(place: Place, wrong: Wrong) -> Span | None:
    """Where it is: in a block of text its own line, otherwise the text as a whole."""
    return place.loading.report.whole_line(place.node.span.line + 1 + wrong.line) if place.node.block else None


WRITTEN: Reader["str | Template"] = Reader("text, may be a template", _read, TEXT.schema)


def _read_json(place: Place) -> Any:
    node = place.node
    if isinstance(node.value, str) and is_written(node.text):
        return WRITTEN.read(place)
    if node.kind == "mapping":
        return read_all({key: (JSON, inner) for key, inner in place.pairs("")})
    if node.kind == "sequence":
        return list(read_all({str(at): (JSON, place.item(at, item)) for at, item in enumerate(node.value)}).values())
    return VALUE.read(place)


JSON: Reader[Any] = Reader("a JSON value, its texts may be templates", _read_json, {})


def is_template(value: Any) -> bool:
    """Whether there is a template in a text or JSON value."""
    return any(isinstance(part, Template) for part in _parts(value))


def _parts(value: Any) -> Iterator[Any]:
    inner: Iterable[Any] = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    yield value
    for item in inner:
        yield from _parts(item)


def rendered(value: Any, values: Mapping[str, Any]) -> Any:
    """The same text or JSON value with its templates rendered. Raises Failed."""
    if isinstance(value, Template):
        return value.render(values)
    if isinstance(value, Mapping):
        return {key: rendered(inner, values) for key, inner in value.items()}
    return [rendered(inner, values) for inner in value] if isinstance(value, list) else value
