"""What a scenario can be called, and the names that a file gives, found without reading the file as YAML."""

import re
from collections.abc import Iterator, Mapping

from emulator.core.regexes import late

NAME = late(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")
ENDINGS = (".yaml", ".yml", ".json")
"""The endings of files with scenarios; JSON is YAML."""
_FIRST = late(r"""(?:[ \t]*(?:\#.*)?\r?\n)*["']?[a-z_]+["']?[ \t]*:""")
_DOUBTFUL = late(r"""^(?:[\[{}?!&*|>%]|<<|---|"[^"\n]*\\)""", re.MULTILINE)
_KEYS = late(r"""^["']?(name|aliases)["']?[ \t]*:""", re.MULTILINE)
_END = r"[ \t]*(?:[ \t]\#.*)?\r?$(?!\n[ \t]+[^\s#])"
_WORD = rf"""[ \t]+(["']?)({NAME.pattern})\1{_END}"""
_VALUE = {"name": late(_WORD, re.MULTILINE), "aliases": late(rf"\s*\[([^\]]*)\]{_END}", re.MULTILINE)}
_ITEM = late(rf"""\s*(["']?)({NAME.pattern})\1\s*""")


def names_in(text: str) -> Mapping[str, int] | None:
    """The name and the aliases in a YAML text, each with its line; empty if it has none.

    None means that only reading the whole text can tell. The name, if there is one, comes first.
    """
    if not _FIRST.match(text) or _DOUBTFUL.search(text):
        return None
    found: dict[str, dict[str, int]] = {}
    for key in _KEYS.finditer(text):
        value = _VALUE[key[1]].match(text, key.end())
        if key[1] in found or value is None:
            return None
        items = [value] if key[1] == "name" else _items(text, value)
        if items is None:
            return None
        found[key[1]] = dict(zip((item[2] for item in items), _lines(text, items), strict=True))
    return {**found.get("name", {}), **found.get("aliases", {})} if "name" in found else None if found else {}


def _lines(text: str, items: list[re.Match[str]]) -> Iterator[int]:
    """The line of each item."""
    line, before = 1, 0
    for item in items:
        line += text.count("\n", before, item.start(2))
        before = item.start(2)
        yield line


def _items(text: str, value: re.Match[str]) -> list[re.Match[str]] | None:
    """The items of a list in brackets, or None if one is no name."""
    at, items = value.start(1), []
    while (item := _ITEM.match(text, at)) and item.end() <= value.end(1):
        items.append(item)
        if item.end() == value.end(1):
            return items
        if text[item.end()] != ",":
            return None
        at = item.end() + 1
    return None
