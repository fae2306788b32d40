"""Patterns that authors write: regular expressions whose work is bounded, and globs.

Python's matcher backtracks: a repetition inside a repetition can take longer than the universe has. Such patterns are
refused when they are read, and only the beginning of a text is searched.
"""

import fnmatch
import re
import warnings

import msgspec

MAX_SEARCHED = 100_000
"""Characters of a text that a regular expression looks at."""
MAX_SEARCHED_FROM_ANYWHERE = 10_000
"""The same for a pattern that begins with an open repetition, which is tried from each character to the end."""
MAX_PATTERN = 2_000

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
    """A compiled regular expression and the number of characters that it may search."""

    regex: re.Pattern[str]
    limit: int

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in the beginning of the text."""
        return self.regex.search(text[: self.limit])


def compiled(pattern: str, *, case: bool) -> Pattern:
    """The pattern, ready to search. Raises ValueError for one that is wrong or may never end."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a regular expression has at most {MAX_PATTERN:,} characters")
    try:
        with warnings.catch_warnings(action="error"):  # what will mean something else one day
            regex = re.compile(pattern, 0 if case else re.IGNORECASE)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if regex.flags & re.VERBOSE:
        raise ValueError("the flag x (verbose) is not available in a regular expression")
    return Pattern(regex, MAX_SEARCHED_FROM_ANYWHERE if _check(pattern) else MAX_SEARCHED)


def glob(pattern: str) -> re.Pattern[str]:
    """The regular expression of a glob with * and ?, which ignores case."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")), re.IGNORECASE)


# ---------------------------------------------------------------------------------------------- how much work


class _Group:
    """What is known of a group while it is read, and of any piece when it has ended.

    `varies` is the most times that something is repeated in it whose number may vary; `starts` are the characters that
    its alternatives begin with, None for what is not one character; `overlaps` says that two may match the same.
    """

    def __init__(self, *, atomic: bool = False) -> None:
        self.atomic = atomic
        self.varies = 0
        self.overlaps = False
        self.starts: list[str | None] = []
        self.begun = False

    def add(self, piece: "_Group", start: str | None) -> None:
        self.varies = max(self.varies, piece.varies)
        self.overlaps = self.overlaps or piece.overlaps
        self.begin(start)

    def begin(self, start: str | None) -> None:
        if not self.begun:
            self.starts.append(start)
            self.begun = True

    def end(self) -> "_Group":
        self.begin(None)
        several = len(self.starts) > 1
        ended = _Group()
        if not self.atomic:
            ended.varies = self.varies
            ended.overlaps = self.overlaps or (
                several and (None in self.starts or len({*self.starts}) < len(self.starts))
            )
        return ended


def _check(pattern: str) -> bool:
    """Whether an open repetition comes before any literal. Raises ValueError for a repetition that may never end."""
    groups, last, solid, from_anywhere = [_Group()], _Group(), False, False
    parts = [(part.lastgroup, part[0]) for part in _PARTS.finditer(pattern)]
    following = [*(kind for kind, _ in parts), None][1:]
    for (kind, text), next_kind in zip(parts, following, strict=True):
        match kind:
            case "open":
                groups.append(_Group(atomic=text == "(?>"))
            case "close":
                last = groups.pop().end()
                groups[-1].add(last, None)
            case "or":
                groups[-1].begin(None)
                groups[-1].begun = False
            case "repeat":
                low, high, possessive = _times(text)
                _check_repeat(last, high)
                from_anywhere = from_anywhere or (high == _MANY and not solid)
                last.varies = 0 if possessive else max(last.varies, high if low != high else 0)
                groups[-1].varies = max(groups[-1].varies, last.varies)
            case "escape" | "set" | "one":
                last, literal = _Group(), _literal(kind, text)
                groups[-1].add(last, literal)
                solid = solid or ((literal is not None or text in ("^", r"\A")) and next_kind != "repeat")
    return from_anywhere


def _check_repeat(piece: _Group, high: int) -> None:
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
    """The character that this part stands for, in lower case, or None when it may be several or none."""
    if kind == "one":
        return None if text in ".^$" else text.lower()
    return text[1] if kind == "escape" and not text[1].isalnum() else None


def _times(text: str) -> tuple[int, int, bool]:
    """Least and most repetitions, and whether nothing is given back."""
    body = text.rstrip("+?") or text[0]
    possessive = len(text) > 1 and text.endswith("+")
    if body[0] != "{":
        return {"*": (0, _MANY), "+": (1, _MANY), "?": (0, 1)}[text[0]] + (possessive,)
    low, comma, high = body[1:-1].partition(",")
    least = int(low or 0)
    return least, (int(high) if high else _MANY) if comma else least, possessive
