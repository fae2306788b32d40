"""Templates: texts with `{{` or `{%` in them, and the variables that they can use.

A template is compiled when its scenario is loaded, so that a mistake in it is reported with its line, and rendered for
each request. Jinja2 is imported when the first template is compiled.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from emulator.core.seeds import Seed
from emulator.scenario.budget import Budget
from emulator.scenario.fakes import Fake
from emulator.scenario.subject import Subject

VARIABLES: Mapping[str, str] = {
    "request": "what was asked: model, last_user, system, turn, tools (names), body, headers",
    "match": "the named groups of the regular expressions in `when`",
    "tool_result": "what the last tool answered; `(tool_result | fromjson).field` looks into JSON",
    "fake": "Faker, such as fake.name(); the same request reads the same name",
    "now": "the time of the emulator's clock, as a datetime in UTC",
}
"""The variables, each with its meaning for the reference."""
REQUEST_FIELDS = ("model", "last_user", "system", "turn", "tools", "body", "headers")
"""The attributes of the variable `request`."""
_MAX_MESSAGE = 300


class RenderError(Exception):
    """A template failed. `line` is the line of the scenario's source, or 0 if it has none."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class CompiledTemplate(Protocol):
    """A template that was compiled; the sandbox makes one."""

    def render(self, variables: dict[str, Any], budget: Budget) -> str:
        """The text. Raises whatever the template raises."""
        ...

    def line_of(self, error: Exception) -> int:
        """The line of the template that raised the error, from 0."""
        ...


class Template(msgspec.Struct, frozen=True):
    """A template of a scenario.

    `line` is the first line of its text in the source, from 1, or 0 if the source has no lines. In a `block`, a line of
    the template is a line of the source.
    """

    compiled: CompiledTemplate
    line: int
    block: bool

    def render(self, values: dict[str, Any], budget: Budget) -> str:
        """The text. Raises RenderError if the template fails, or exceeds the budget or the length of a text."""
        try:
            return self.compiled.render(values, budget)
        except Exception as error:  # whatever a template does is answered to the client
            line = self.line + self.compiled.line_of(error) if self.block else self.line
            raise RenderError(line, f"{type(error).__name__}: {error}"[:_MAX_MESSAGE]) from None


def variables(subject: Subject, groups: Mapping[str, str], seed: Seed, now: Any) -> dict[str, Any]:
    """The values of the variables. `now` is a datetime; fake values derive from `seed`."""
    request = subject.request
    values: dict[str, Any] = {
        "request": {
            "model": request.model,
            "last_user": "\n".join(each.text for each in subject.last_user),
            "system": "\n".join(each.text for each in subject.system),
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


def is_template(text: str) -> bool:
    """Whether a text is a template."""
    return "{{" in text or "{%" in text


def has_template(value: Any) -> bool:
    """Whether a text is a template, or a JSON value contains one."""
    return any(isinstance(part, Template) for part in _parts(value))


def _parts(value: Any) -> Iterator[Any]:
    inner: Iterable[Any] = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    yield value
    for item in inner:
        yield from _parts(item)


def rendered(value: Any, values: dict[str, Any], budget: Budget) -> Any:
    """The same text or JSON value with its templates rendered. Raises RenderError."""
    if isinstance(value, Template):
        return value.render(values, budget)
    if isinstance(value, Mapping):
        return {key: rendered(inner, values, budget) for key, inner in value.items()}
    return [rendered(inner, values, budget) for inner in value] if isinstance(value, list) else value
