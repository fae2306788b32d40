"""Templates: texts with `{{` or `{%` in them, and the variables that they can use.

A template is compiled when its scenario is loaded, so that a mistake in it is reported with its line, and rendered for
each request. Jinja2 is imported when the first template is compiled.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from emulator.core.clock import moment
from emulator.core.lazy import lazy
from emulator.core.passages import Passage, split_parts
from emulator.core.seeds import Seed
from emulator.core.tokens import Tokens
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
_REQUEST: Mapping[str, Callable[[Subject], Any]] = {
    "model": lambda subject: subject.request.model,
    "last_user": lambda subject: "\n".join(each.text for each in subject.last_user),
    "system": lambda subject: "\n".join(each.text for each in subject.system),
    "turn": lambda subject: subject.turn,
    "tools": lambda subject: [tool.name for tool in subject.request.tools],
    "body": lambda subject: subject.request.body,
    "headers": lambda subject: dict(subject.request.headers),
}
REQUEST_FIELDS = tuple(_REQUEST)
"""The attributes of the variable `request`."""
_MAX_MESSAGE = 300


class Reads(msgspec.Struct, frozen=True):
    """What a template reads: attributes of the variable `request`, and the names of other variables."""

    request: tuple[str, ...]
    others: tuple[str, ...]


class RenderError(Exception):
    """A template failed. `line` is the line of the scenario's source, or 0 if it has none."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class CompiledTemplate(Protocol):
    """A template that was compiled; the sandbox makes one. `passages` are its fixed texts."""

    reads: Reads
    passages: Mapping[str, Passage]

    def run(self, values: dict[str, Any], budget: Budget) -> tuple[str, Sequence[str]]:
        """The text, and its parts. Raises whatever the template raises."""
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

    def render(self, values: "Variables") -> str:
        """The text. Raises RenderError if the template fails, or exceeds the budget or the length of a text."""
        return self._run(values)[0]

    def tokens(self, values: "Variables") -> Tokens:
        """The text in tokens. Raises RenderError as `render` does."""
        return split_parts(*self._run(values), self.compiled.passages)

    def _run(self, values: "Variables") -> tuple[str, Sequence[str]]:
        try:
            return self.compiled.run(values.read(self.compiled.reads), values.budget)
        except Exception as error:  # whatever a template does is answered to the client
            line = self.line + self.compiled.line_of(error) if self.block else self.line
            raise RenderError(line, f"{type(error).__name__}: {error}"[:_MAX_MESSAGE]) from None


class Variables:
    """The variables of templates, and the `budget` that these pay from. A value is made when a template first reads it.

    `now` is in Unix seconds; fake values derive from `seed()`.
    """

    def __init__(
        self, subject: Subject, groups: Mapping[str, str], seed: Callable[[], Seed], now: float, budget: Budget
    ) -> None:
        self.match = groups
        self.budget = budget
        self._subject = subject
        self._seed = seed
        self._now = now

    def read(self, reads: Reads) -> dict[str, Any]:
        """The values that a template reads."""
        values = {name: getattr(self, name) for name in reads.others}
        if reads.request:
            values["request"] = {name: _REQUEST[name](self._subject) for name in reads.request}
        if "tool_result" in values and not self._subject.tool_results:
            del values["tool_result"]
        return values

    @lazy
    def now(self) -> datetime:
        """The time in UTC."""
        return moment(self._now)

    @lazy
    def fake(self) -> Fake:
        """Faker, whose values go on from one template to the next."""
        return Fake(self._seed())

    @property
    def tool_result(self) -> str:
        """What the last tool answered."""
        results = self._subject.tool_results
        return results[-1][1] if results else ""


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


def rendered(value: Any, values: Variables) -> Any:
    """The same text or JSON value with its templates rendered. Raises RenderError."""
    if isinstance(value, Template):
        return value.render(values)
    if isinstance(value, Mapping):
        return {key: rendered(inner, values) for key, inner in value.items()}
    return [rendered(inner, values) for inner in value] if isinstance(value, list) else value
