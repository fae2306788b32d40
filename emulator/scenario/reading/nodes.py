"""A YAML text, or dicts and lists, as a tree of nodes with their spans. Only this module reads YAML.

Plain scalars follow the core schema of YAML 1.2: true, false, null and decimal numbers; any other is the text that was
typed, so that `on`, `yes`, `1:30` and `2026-01-01` are texts. Those that YAML 1.1 reads differently are marked as
`ambiguous`; readers that accept any type of value reject them.

The length of the text, the depth of the tree, and the number of values after the expansion of aliases are limited.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NoReturn, cast

import msgspec
import yaml

from emulator.core.regexes import late
from emulator.scenario.reading.mistakes import NOWHERE, MistakeCollector, Span, quoted
from emulator.scenario.reading.quoting import quoted_line
from emulator.scenario.reading.surrogates import HiddenPairs, hide_pairs

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_VALUES = 50_000

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FIXED = {"": None, "~": None, **dict.fromkeys(("null", "Null", "NULL"))}
_FIXED |= {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER = late(r"[-+]?[0-9]+\Z")
_NUMBER = late(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_AMBIGUOUS = late(
    r"(?i:yes|no|on|off)\Z|[-+]?0[0-9]+\Z|[-+]?0[xob][0-9a-fA-F_]+\Z|[-+]?[0-9][0-9_]*_[0-9_.]*\Z"
    r"|[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?\Z|(?i:[-+]?\.inf|\.nan)\Z"
)
_UNPRINTABLE = late("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BETWEEN_WORDS = str.maketrans("", "", "\t\n\r")
_EXPLANATIONS = {
    "mapping values are not allowed": 'a colon cannot stand here; a text that contains ": " must be in quotes',
    "found unexpected ':'": "a colon needs a space after it",
    "unexpected end of stream": "this quote is never closed",
    "cannot start any token": "a text that begins with {} must be in quotes",
    "alphabetic or numeric": "a text that begins with {} must be in quotes",
    "invalid Unicode character escape": "this is no character, but half of a surrogate pair or beyond U+10FFFF",
}
"""Messages for problems of the YAML parser, by words that these contain."""
_SURROGATE = late("[\ud800-\udfff]")
_HALF_PAIR = "half of a surrogate pair is no character"
_MAX_DIGITS = 300


class Node(msgspec.Struct, frozen=True):
    """A value of the tree.

    `value` is the value of a scalar, the nodes of a sequence, or the pairs of nodes of a mapping. `text` is a scalar as
    it was typed. `size` is the number of values in the node. The text of a `block` begins in the line after its span.
    """

    kind: Literal["scalar", "sequence", "mapping"]
    value: Any
    span: Span = NOWHERE
    text: str = ""
    ambiguous: bool = False
    size: int = 1
    block: bool = False

    def plain(self) -> Any:
        """The value as dicts, lists and scalars."""
        match self.kind:
            case "mapping":
                return {key.text: value.plain() for key, value in self.value}
            case "sequence":
                return [item.plain() for item in self.value]
            case _:
                return self.value

    def describe(self) -> str:
        """A short description for messages.

        >>> Node("scalar", "two", text="two").describe(), Node("sequence", ()).describe()
        ('"two"', 'a list')
        """
        if self.kind != "scalar":
            return "a list" if self.kind == "sequence" else "a mapping"
        if self.value is None:
            return "nothing"
        return quoted(self.text) if isinstance(self.value, str) else self.text


class _Refused(Exception):
    """The rest of the source cannot be read. The mistake has been added to the collector."""


def from_text(text: str, collector: MistakeCollector) -> Node | None:
    """The tree of a YAML text, or None if it cannot be read. Mistakes go to the collector."""
    try:
        return _Composer(text, collector).document()
    except _Refused:
        return None


def from_objects(value: Any, collector: MistakeCollector) -> Node | None:
    """The tree of a value made of dicts, lists and scalars, or None if it has another type, or is too deep or large."""
    try:
        return _ObjectComposer(collector).node(value)
    except _Refused:
        return None


# ---------------------------------------------------------------------------------------------- YAML


class _Composer:
    """Builds the tree from the events of the YAML parser."""

    def __init__(self, text: str, collector: MistakeCollector) -> None:
        self._text = text
        self._collector = collector
        self._events: Iterator[yaml.Event] = iter(())
        self._anchors: dict[str, Node | None] = {}
        self._unused: dict[str, Span] = {}
        """The anchors of texts that no alias has referred to."""
        self._values = 0
        self._hidden: HiddenPairs | None = None

    def document(self) -> Node:
        self._check_text()
        self._hidden = hide_pairs(self._text)
        self._events = yaml.parse(self._text if self._hidden is None else self._hidden.text, LOADER)
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            endless = "unexpected end of stream" in (error.problem or "")
            mark = cast(yaml.Mark, error.context_mark if endless else error.problem_mark)
            span = self._collector.inside(Span(mark.line, mark.column))
            self._refuse(span, self._explained(error, span))

    def _check_text(self) -> None:
        if len(self._text) > MAX_BYTES:
            self._refuse(NOWHERE, f"longer than {MAX_BYTES:,} bytes")
        if self._text.translate(_BETWEEN_WORDS).isprintable():
            return
        if found := _UNPRINTABLE.search(self._text):
            line = self._text.count("\n", 0, found.start())
            column = found.start() - (self._text.rfind("\n", 0, found.start()) + 1)
            written = f"\\u{ord(found[0]):04x}"
            self._refuse(Span(line, column), f'the character {written} cannot stand here; write "{written}" in quotes')

    def _document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                self._refuse(_span(event), "a scenario is one document; this is the second")
            if isinstance(event, yaml.NodeEvent):
                root = self._node(event, MAX_DEPTH)
        if root is None:
            self._refuse(Span(0, 0), "the scenario is empty")
        for name, span in self._unused.items():
            told = f'nothing refers to the anchor "{name}"; a text that begins with & must be in quotes'
            self._collector.add(span, "", told)
        return root

    def _node(self, event: yaml.NodeEvent, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._count(self._alias(event), event)
        if depth == 0:
            self._refuse(_span(event), f"nested deeper than {MAX_DEPTH} levels")
        tag = getattr(event, "tag", None)
        if tag is not None:
            unquoted = "" if tag.startswith(("tag:", "!!")) else "; a text that begins with ! must be in quotes"
            self._collector.add(_span(event), "", f"a tag (such as !!str) cannot be used here{unquoted}")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._made(event, depth - 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
            if node.kind == "scalar" and not node.block:
                self._unused[event.anchor] = _span(event)
        return self._count(node, event)

    def _made(self, event: yaml.NodeEvent, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            hidden, value = self._hidden, event.value
            text = value if hidden is None else hidden.restored(value, quoted=event.style == '"')
            if text is None or _SURROGATE.search(text):
                self._refuse(_span(event), _HALF_PAIR)
            return _scalar(event, text)
        if isinstance(event, yaml.SequenceStartEvent):
            items = tuple(self._node(item, depth) for item in self._until(yaml.SequenceEndEvent))
            return Node("sequence", items, _span(event), size=1 + sum(item.size for item in items))
        pairs = self._pairs(depth)
        return Node("mapping", pairs, _span(event), size=1 + sum(value.size for _, value in pairs))

    def _until(self, end: type[yaml.Event]) -> Iterator[Any]:
        while not isinstance(event := next(self._events), end):
            yield event

    def _count(self, node: Node, event: yaml.NodeEvent) -> Node:
        """Count the values that a node adds; those inside a collection have already been counted."""
        self._values += node.size if isinstance(event, yaml.AliasEvent) else 1
        if self._values > MAX_VALUES:
            self._refuse(_span(event), f"more than {MAX_VALUES:,} values, those of aliases included")
        return node

    def _alias(self, event: yaml.AliasEvent) -> Node:
        name = event.anchor or ""
        self._unused.pop(name, None)
        node = self._anchors.get(name)
        if node is None and name in self._anchors:
            self._refuse(_span(event), f'the value of the anchor "{name}" contains itself')
        if node is None:
            self._refuse(_span(event), f'there is no anchor "{name}"; a text that begins with * must be in quotes')
        return node

    def _pairs(self, depth: int) -> tuple[tuple[Node, Node], ...]:
        given: dict[str, tuple[Node, Node]] = {}
        merged: list[Node] = []
        for event in self._until(yaml.MappingEndEvent):
            key, value = self._node(event, depth), self._node(cast(yaml.NodeEvent, next(self._events)), depth)
            if key.kind != "scalar":
                self._collector.add(key.span, "", 'a key must be a text; a template must be in quotes: "{{ ... }}"')
            elif _merges(event):
                merged += self._merged(value)
            elif key.text in given:
                first = given[key.text][0].span.line + 1
                self._collector.add(key.span, "", f'"{key.text}" is given twice; the first is in line {first}')
            else:
                given[key.text] = (key, value)
        for mapping in merged:
            for key, value in mapping.value:
                given.setdefault(key.text, (key, value))
        return tuple(given.values())

    def _merged(self, node: Node) -> Sequence[Node]:
        mappings: Sequence[Node] = node.value if node.kind == "sequence" else (node,)
        for mapping in mappings:
            if mapping.kind != "mapping":
                self._collector.add(mapping.span, "", f"<< expects an alias of a mapping, got {mapping.describe()}")
        return [mapping for mapping in mappings if mapping.kind == "mapping"]

    def _explained(self, error: yaml.MarkedYAMLError, span: Span) -> str:
        problem = error.problem or "this cannot be read"
        character = self._collector.character(span)
        if character == "\t":
            return "a tab cannot indent; use spaces"
        if character and character in "]}" and "expected key" in problem:
            return f"this {character} closes nothing"
        explained = (text.format(character) for words, text in _EXPLANATIONS.items() if words in problem)
        told, meant = next(explained, None), self._meant(error, span)
        if told or meant:
            return f"{told or 'this cannot be read'}{meant}"
        opened = error.context_mark
        if opened is None or "expected ','" not in problem:
            return f"not YAML: {problem}"
        bracket = self._collector.character(Span(opened.line, opened.column))
        return f"not YAML: {problem}; is the {bracket} in line {opened.line + 1} closed?"

    def _meant(self, error: yaml.MarkedYAMLError, span: Span) -> str:
        """The line with the value in quotes that was meant, as the end of a message; empty if that does not help."""
        begun = error.context_mark
        lines = dict.fromkeys((span.line, *([begun.line] if begun else []), max(span.line - 1, 0)))
        found = quoted_line(self._text, [line for line in lines if line <= span.line], span.column, _readable)
        if found is None:
            return ""
        where = "" if found[0] == span.line else f" in line {found[0] + 1}"
        return f"; quote it{where}: {found[1].strip()}"

    def _refuse(self, span: Span, message: str) -> NoReturn:
        self._collector.add(span, "", message)
        raise _Refused


def _readable(text: str) -> bool:
    try:
        for _ in yaml.parse(text, LOADER):
            pass
    except yaml.YAMLError:
        return False
    return True


def _merges(key: yaml.Event) -> bool:
    """Whether a key is YAML's merge key; in quotes it is a key like any other."""
    return isinstance(key, yaml.ScalarEvent) and key.value == "<<" and bool(key.implicit[0])


def _span(event: yaml.Event) -> Span:
    start, end = cast(yaml.Mark, event.start_mark), cast(yaml.Mark, event.end_mark)
    length = end.column - start.column if end.line == start.line else 1
    return Span(start.line, start.column, max(length, 1))


def _scalar(event: yaml.ScalarEvent, text: str) -> Node:
    if not event.implicit[0]:
        return Node("scalar", text, _span(event), text, block=event.style == "|")
    return Node("scalar", resolve(text), _span(event), text, _AMBIGUOUS.match(text) is not None)


def resolve(text: str) -> Any:
    """The value of a plain scalar.

    >>> resolve("true"), resolve("yes"), resolve("1:30"), resolve("2"), resolve("1e3"), resolve("~")
    (True, 'yes', '1:30', 2, 1000.0, None)
    """
    if text in _FIXED:
        return _FIXED[text]
    if len(text) > _MAX_DIGITS:
        return text
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _NUMBER.match(text) else text


# ---------------------------------------------------------------------------------------------- objects


class _ObjectComposer:
    """Builds the tree from Python objects."""

    def __init__(self, collector: MistakeCollector) -> None:
        self._collector = collector
        self._values = 0

    def node(self, value: Any, path: str = "", depth: int = MAX_DEPTH) -> Node:
        self._values += 1
        if depth == 0 or self._values > MAX_VALUES:
            raise self._refused(path, f"nested deeper than {MAX_DEPTH} levels, or more than {MAX_VALUES:,} values")
        match value:
            case Mapping():
                pairs = [
                    (Node("scalar", str(key), text=str(key)), self.node(item, f"{path}.{key}", depth - 1))
                    for key, item in value.items()
                ]
                return Node("mapping", tuple(pairs))
            case list() | tuple():
                return Node(
                    "sequence", tuple([self.node(item, f"{path}[{at}]", depth - 1) for at, item in enumerate(value)])
                )
            case str():
                if _SURROGATE.search(value):
                    raise self._refused(path, _HALF_PAIR)
                return Node("scalar", value, text=value)
            case None | bool() | int() | float():
                return Node("scalar", value, text=json.dumps(value))
        raise self._refused(path, f"expected a text, number, list or dict, got {type(value).__name__}")

    def _refused(self, path: str, message: str) -> _Refused:
        self._collector.add(NOWHERE, path.removeprefix("."), message)
        return _Refused()
