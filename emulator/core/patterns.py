"""Regular expressions and globs written by users, compiled so that the cost of a search is bounded.

Python's matcher backtracks: nested repetitions can take exponential time. Such expressions are recognised by their
form, and refused in scenarios. Expressions in JSON Schemas, which scenario authors do not control, are searched by
schema_values/search.py, which limits the number of steps.
"""

import fnmatch
import re
import sys
import warnings

import msgspec

MAX_SEARCHED = 100_000
"""Characters of a text that a bounded expression searches."""
MAX_SEARCHED_FROM_ANYWHERE = 10_000
"""The same for an expression that begins with an open repetition, which is tried from each character to the end."""
MAX_PATTERN = 2_000
"""Characters of a bounded expression."""

_MANY = 1_000_000
_MAX_STEPS = 1_000
_PARTS = re.compile(
    r"(?P<escape>\\(?:N\{[^}]*\}|.))"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<skip>\(\?(?:#[^)]*|[aiLmsux]+|P=\w+)\))"
    r"|(?P<open>\((?:\?(?:P<\w+>|<?[=!]|[aiLmsux-]*:|>|\(\w+\)))?)"
    r"|(?P<close>\))"
    r"|(?P<repeat>(?:[*+?]|\{[0-9]*,[0-9]*\}|\{[0-9]+\})[?+]?)"
    r"|(?P<or>\|)"
    r"|(?P<one>.)",
    re.DOTALL,
)


class Pattern(msgspec.Struct, frozen=True):
    """A compiled regular expression. A search covers the first `limit` characters of a text."""

    regex: re.Pattern[str]
    limit: int = sys.maxsize

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the groups."""
        return tuple(self.regex.groupindex)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match anywhere in the text."""
        return self.regex.search(text, 0, self.limit)

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the beginning of the text."""
        return self.regex.match(text, 0, self.limit)

    @property
    def flags(self) -> int:
        """The `re` flags that the expression was compiled with."""
        return self.regex.flags


def compile(pattern: str, *, ignore_case: bool = False, bounded: bool = True) -> Pattern:
    """Compile a regular expression in Python's syntax.

    A bounded expression is refused if it is long or if a search may take exponential time, and searches only the start
    of a text. Raises ValueError, with the reason, if it is refused or is not a regular expression.
    """
    if bounded and len(pattern) > MAX_PATTERN:
        raise ValueError(f"a regular expression has at most {MAX_PATTERN:,} characters")
    try:
        with warnings.catch_warnings(action="error"):  # what will mean something else one day
            regex = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if not bounded:
        return Pattern(regex)
    return Pattern(regex, MAX_SEARCHED_FROM_ANYWHERE if _has_open_start(regex) else MAX_SEARCHED)


def glob(pattern: str) -> Pattern:
    """Compile a glob, which matches a whole text, ignoring case. `*` and `?` are special, `[` is not."""
    return Pattern(re.compile(fnmatch.translate(pattern.replace("[", "[[]")), re.IGNORECASE))


# ---------------------------------------------------------------------------------------------- how much work


class _Piece:
    """A part of an expression that a repetition may follow: a character, a set or a group.

    `varies` is the highest limit of a repetition in it that has no fixed count; `starts` are the characters that its
    alternatives begin with, None for those that have no single one; `overlaps` says that two may match the same text.
    """

    def __init__(self, *, atomic: bool = False) -> None:
        self.atomic = atomic
        self.varies = 0
        self.overlaps = False
        self.starts: list[str | None] = []
        self.begun = False

    def add(self, piece: "_Piece", start: str | None) -> None:
        self.varies = max(self.varies, piece.varies)
        self.overlaps = self.overlaps or piece.overlaps
        self.begin(start)

    def begin(self, start: str | None) -> None:
        if not self.begun:
            self.starts.append(start)
            self.begun = True

    def end(self) -> "_Piece":
        self.begin(None)
        several = len(self.starts) > 1
        ended = _Piece()
        if not self.atomic:
            ended.varies = self.varies
            ended.overlaps = self.overlaps or (
                several and (None in self.starts or len({*self.starts}) < len(self.starts))
            )
        return ended


class _Reading:
    """The reader of an expression. `open_start` says that an open repetition came before any literal."""

    def __init__(self) -> None:
        self.groups = [_Piece()]
        self.last = _Piece()
        self.literal_seen = False
        self.open_start = False

    def part(self, kind: str | None, text: str, next_kind: str | None) -> None:
        """Read a part. Raises ValueError for a repetition that may take forever."""
        match kind:
            case "open":
                self.groups.append(_Piece(atomic=text == "(?>"))
            case "close":
                self._add(self.groups.pop().end(), None)
            case "or":
                self.groups[-1].begin(None)
                self.groups[-1].begun = False
            case "repeat":
                self._repeat(*_times(text))
            case "escape" | "set" | "one":
                literal = _literal(kind, text)
                self._add(_Piece(), literal)
                stands = literal is not None or text in ("^", r"\A")
                self.literal_seen = self.literal_seen or (stands and next_kind != "repeat")

    def _add(self, piece: _Piece, start: str | None) -> None:
        self.last = piece
        self.groups[-1].add(piece, start)

    def _repeat(self, low: int, high: int, possessive: bool) -> None:
        _check_repeat(self.last, high)
        self.open_start = self.open_start or (high == _MANY and not self.literal_seen)
        self.last.varies = 0 if possessive else max(self.last.varies, high if low != high else 0)
        self.groups[-1].varies = max(self.groups[-1].varies, self.last.varies)


def _has_open_start(regex: re.Pattern[str]) -> bool:
    """Whether an open repetition comes before any literal. Raises ValueError for one that may take forever."""
    if regex.flags & re.VERBOSE:
        raise ValueError("the flag x (verbose) is not available in a regular expression")
    parts = [(part.lastgroup, part[0]) for part in _PARTS.finditer(regex.pattern)]
    following = [*(kind for kind, _ in parts), None][1:]
    reading = _Reading()
    for (kind, text), next_kind in zip(parts, following, strict=True):
        reading.part(kind, text, next_kind)
    return reading.open_start


def _check_repeat(piece: _Piece, high: int) -> None:
    if high > 1 and piece.varies * high > _MAX_STEPS:
        raise ValueError(
            "a repetition inside a repetition can take forever; write the inner one so that it gives nothing back, "
            r"such as \w++ instead of \w+"
        )
    if piece.overlaps and high > _MAX_STEPS:
        raise ValueError(
            "a repeated choice can take forever unless each alternative begins with another character; "
            "write a set such as [ab] instead of (a|b)"
        )


def _literal(kind: str, text: str) -> str | None:
    """The one character that this part matches, in lower case, or None if it may match several or none."""
    if kind == "one":
        return None if text in ".^$" else text.lower()
    return text[1] if kind == "escape" and not text[1].isalnum() else None


def _times(text: str) -> tuple[int, int, bool]:
    """The minimum and maximum number of repetitions, and whether the repetition is possessive."""
    body = text.rstrip("+?") or text[0]
    possessive = len(text) > 1 and text.endswith("+")
    if body[0] != "{":
        return {"*": (0, _MANY), "+": (1, _MANY), "?": (0, 1)}[text[0]] + (possessive,)
    low, comma, high = body[1:-1].partition(",")
    least = int(low or 0)
    return least, (int(high) if high else _MANY) if comma else least, possessive
