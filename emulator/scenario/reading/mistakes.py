"""Mistakes in a scenario: the line and path of each, and a message that says what to write instead."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

_SHOWN = 120
_INDENT = 5
_MAX_MISTAKES = 100
_MAX_MESSAGE = 1_000
"""An unknown word is compared with so many known ones: comparing is slow, and a file can have thousands of each."""


class Mistake(msgspec.Struct, frozen=True):
    """One mistake. `line` and `column` begin at 1; they are 0 if the scenario was not a text.

    `path` is the path of the value, such as rules[1].replies[0]. `snippet` is the line of the source with a caret under
    the mistake, or empty.
    """

    source: str
    """The name of the file, or "inline"."""
    line: int
    column: int
    path: str
    message: str
    """What is wrong, and what would be right."""
    snippet: str = ""

    def render(self) -> str:
        """The mistake as it is printed: source, line, path and message, then the snippet.

        >>> print(Mistake("hello.yaml", 3, 7, "rules[0]", "this cannot be").render())
        hello.yaml:3:7: rules[0]: this cannot be
        """
        source = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        text = ": ".join(part for part in (source, self.path, self.message) if part)
        return f"{text}\n{self.snippet}" if self.snippet else text

    def as_dict(self) -> dict[str, Any]:
        """The mistake as a dict of its fields."""
        return msgspec.structs.asdict(self)


class ScenarioError(ValueError):
    """A scenario has mistakes. `mistakes` are all of them, in the order of the source."""

    mistakes: tuple[Mistake, ...]

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(mistake.render() for mistake in self.mistakes))


class Span(msgspec.Struct, frozen=True):
    """`length` characters of a text. Line and column begin at 0; `NOWHERE` is for what has no text."""

    line: int
    column: int
    length: int = 1


NOWHERE = Span(-1, -1, 0)


class MistakeCollector:
    """Collects the mistakes of one source. A mistake that is found twice, since its value has an alias, is kept once.

    Too many mistakes end the reading: the ScenarioError says that there are more. `count` is the number of mistakes
    that were added, repetitions included.
    """

    def __init__(self, source: str, text: str = "") -> None:
        self.source = source
        self.count = 0
        self._lines = text.split("\n")
        self._mistakes: dict[tuple[Span | str, str], Mistake] = {}

    def add(self, span: Span, path: str, message: str) -> None:
        """Add a mistake. Raises ScenarioError if there are too many."""
        self.count += 1
        if len(message) > _MAX_MESSAGE:
            message = f"{message[:_MAX_MESSAGE]}..."
        nowhere = span.line < 0
        span = span if nowhere else self.inside(span)
        key = (path if nowhere else span, message)
        if key in self._mistakes:
            return
        if len(self._mistakes) == _MAX_MISTAKES:
            told = f"more than {_MAX_MISTAKES} mistakes; the rest of the scenario was not read"
            raise ScenarioError([*self.mistakes(), Mistake(self.source, 0, 0, "", told)])
        if nowhere:
            self._mistakes[key] = Mistake(self.source, 0, 0, path, message)
        else:
            snippet = _snippet(self._lines[span.line].rstrip("\r"), span)
            self._mistakes[key] = Mistake(self.source, span.line + 1, span.column + 1, path, message, snippet)

    def whole_line(self, line: int) -> Span:
        """The span of a line's text. Lines are counted from 0."""
        text = self._lines[line]
        return Span(line, len(text) - len(text.lstrip()), max(1, len(text.strip())))

    def inside(self, span: Span) -> Span:
        """The same span, or the end of the text if it lies behind it."""
        last = len(self._lines) - 1
        return span if span.line <= last else Span(last, len(self._lines[last]))

    def character(self, span: Span) -> str:
        """The first character of a span, or an empty string at the end of a line."""
        return self._lines[span.line][span.column : span.column + 1]

    def check(self) -> None:
        """Raise ScenarioError if there were mistakes."""
        if self._mistakes:
            raise ScenarioError(self.mistakes())

    def mistakes(self) -> list[Mistake]:
        """All mistakes, in the order of the source."""
        return sorted(self._mistakes.values(), key=lambda mistake: (mistake.line, mistake.column))


def _snippet(line: str, span: Span) -> str:
    """The line, and carets under the span; of a long line only the surroundings of the span."""
    start = max(0, span.column - _SHOWN // 2) if len(line) > _SHOWN else 0
    shown = line[start : start + _SHOWN]
    at = span.column - start
    carets = "^" * max(1, min(span.length, len(shown) - at))
    margin = "".join("\t" if character == "\t" else " " for character in shown[:at])
    return f"{span.line + 1:>{_INDENT}} | {shown}\n{'':>{_INDENT}} | {margin}{carets}"


def quoted(text: str) -> str:
    """A text in quotes, shortened, on one line."""
    return json.dumps(text if len(text) <= 60 else f"{text[:57]}...", ensure_ascii=False)
