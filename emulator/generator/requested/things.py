"""Members of the kinds of things that lists are often asked of, such as colours and countries."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_WORD = re.compile(r"[a-z]+")


def things(text: str) -> Sequence[str]:
    """Return members of the first kind of things that a text names.

    >>> things("Name three primary colours.")[:3]
    ['red', 'green', 'blue']
    """
    known = _known()
    return next((known[word] for word in _WORD.findall(text.lower()) if word in known), ())


@cache
def _known() -> Mapping[str, Sequence[str]]:
    lines = (Path(__file__).parents[1] / "data" / "things.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(":") for line in lines if line and not line.startswith("#")]
    return {name: [each.strip() for each in members.split(",")] for names, members in rows for name in names.split()}
