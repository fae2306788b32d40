"""What is wrong with a scenario, told so that its author finds the place and knows what to write instead."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Any

import msgspec

_SHOWN = 120
_INDENT = 5
_CANDIDATES = 250
"""So many known words are compared with an unknown one: comparing is slow, and a file can have thousands of each."""


class Mistake(msgspec.Struct, frozen=True):
    """One mistake. `line` and `column` begin at 1, and are 0 where the scenario was no text.

    `path` leads to the place by keys and positions, such as rules[1].replies[0]; `snippet` is the line of the source
    with a caret under the place, or empty.
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
        """The mistake as it is printed: place and message, then the snippet.

        >>> print(Mistake("hello.yaml", 3, 7, "rules[0]", "this cannot be").render())
        hello.yaml:3:7: rules[0]: this cannot be
        """
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        told = ": ".join(part for part in (place, self.path, self.message) if part)
        return f"{told}\n{self.snippet}" if self.snippet else told

    def as_dict(self) -> dict[str, Any]:
        """The mistake as data, with a key for every field."""
        return msgspec.structs.asdict(self)


class ScenarioError(ValueError):
    """A scenario with mistakes: all of them, in the order of their places."""

    mistakes: tuple[Mistake, ...]

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(mistake.render() for mistake in self.mistakes))


class Span(msgspec.Struct, frozen=True):
    """A place in a text: line and column begin at 0, and `length` characters are meant. `NOWHERE` is no place."""

    line: int
    column: int
    length: int = 1


NOWHERE = Span(-1, -1, 0)


class MistakeCollector:
    """Collects the mistakes of one source. What is found again at the same place, through an alias, is told once.

    `told` counts what was found, repetitions included.
    """

    def __init__(self, source: str, text: str = "") -> None:
        self.source = source
        self.told = 0
        self._lines = text.split("\n")
        self._mistakes: dict[tuple[Span | str, str], Mistake] = {}

    def add(self, span: Span, path: str, message: str) -> None:
        """Note a mistake."""
        self.told += 1
        if span.line < 0:
            self._mistakes.setdefault((path, message), Mistake(self.source, 0, 0, path, message))
            return
        span = self.inside(span)
        snippet = _snippet(self._lines[span.line].rstrip("\r"), span)
        mistake = Mistake(self.source, span.line + 1, span.column + 1, path, message, snippet)
        self._mistakes.setdefault((span, message), mistake)

    def whole_line(self, line: int) -> Span:
        """The place of all that stands in a line, counted from 0."""
        text = self._lines[line]
        return Span(line, len(text) - len(text.lstrip()), max(1, len(text.strip())))

    def inside(self, span: Span) -> Span:
        """The same place, or the end of the text where it lies behind it."""
        last = len(self._lines) - 1
        return span if span.line <= last else Span(last, len(self._lines[last]))

    def character(self, span: Span) -> str:
        """The character that stands at a place, or nothing at the end of a line."""
        return self._lines[span.line][span.column : span.column + 1]

    def check(self) -> None:
        """Raise ScenarioError if there were mistakes."""
        if self._mistakes:
            raise ScenarioError(self.mistakes())

    def mistakes(self) -> list[Mistake]:
        """All mistakes, in the order of their places."""
        return sorted(self._mistakes.values(), key=lambda mistake: (mistake.line, mistake.column))


def _snippet(line: str, span: Span) -> str:
    """The line, and carets under the place; of a long line only the surroundings of the place."""
    start = max(0, span.column - _SHOWN // 2) if len(line) > _SHOWN else 0
    shown = line[start : start + _SHOWN]
    at = span.column - start
    carets = "^" * max(1, min(span.length, len(shown) - at))
    margin = "".join("\t" if character == "\t" else " " for character in shown[:at])
    return f"{span.line + 1:>{_INDENT}} | {shown}\n{'':>{_INDENT}} | {margin}{carets}"


def did_you_mean(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """The end of a message that names the nearest known word, or nothing. `alike` is from 0 (any) to 1 (the same).

    >>> did_you_mean("tool_call", ["text", "tool_calls"])
    '; did you mean "tool_calls"?'
    """
    spelled = {candidate.lower(): candidate for candidate in islice(known, _CANDIDATES)}
    near = get_close_matches(word.lower()[:100], spelled, 1, alike)
    return f'; did you mean "{spelled[near[0]]}"?' if near else ""


def quoted(text: str) -> str:
    """A text in quotes, shortened, on one line."""
    return json.dumps(text if len(text) <= 60 else f"{text[:57]}...", ensure_ascii=False)
