"""Writing scenarios as YAML that people read: short things in one line, long texts line by line.

What is written is read again before it is returned, so that YAML which says something else is never written.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from emulator.core import retry_after, units
from emulator.core.catalog import Catalog
from emulator.core.decimals import decimal
from emulator.core.printable import lines
from emulator.core.regexes import late
from emulator.scenario.reading import nodes
from emulator.scenario.reading.mistakes import MistakeCollector
from emulator.scenario.template import is_template

_ONE_LINE = 100
_PRINTED = r"[ -~\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffe]"
_PLAIN = late(
    rf"(?![-+.])(?![0-9][0-9a-fA-FxXoO_.:TZ +-]*\Z)(?!(?i:true|false|null|yes|no|on|off|y|n|~)?\Z){_PRINTED}*"
)
"""What PyYAML may write as it likes: it quotes what would not be read back as a text, by YAML 1.1 at least."""
_LINES = late(rf"\S(?:{_PRINTED}|(?<! )\n)*")
_TEMPLATE = late(r"\{[{%#]|\r")
"""What a template's text cannot have: tags, and a carriage return, which Jinja reads as a line feed."""
_ROOMY: Mapping[str, Any] = {
    "context_length": 10_000_000,
    "max_output_length": 10_000_000,
    "pricing": {"input": "0", "output": "0"},
    "input_modalities": ["text", "image", "audio", "video", "file"],
    "supported_features": ["tools", "json_mode", "structured_outputs", "reasoning", "logprobs"],
}


class Unwritable(ValueError):
    """A value that YAML, as scenarios are read, cannot say; the message completes a sentence."""


class BlockMapping(dict[str, Any]):
    """A mapping that is written key by key, however short it is."""


class Blocks(list[Any]):
    """A list that is written item by item."""


class _Dumper(yaml.SafeDumper):
    """YAML's safe dumper, with a hand for what reads well."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say everything where it stands."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Items stand further in than their list's key."""
        super().increase_indent(flow, False)

    def write_literal(self, text: str) -> None:
        """A text whose blank lines count ends no document: more may follow it here."""
        super().write_literal(text)
        self.open_ended = False


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and _LINES.fullmatch(text) else None if _PLAIN.fullmatch(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _flowing(dumper: _Dumper, data: Any) -> yaml.CollectionNode:
    """A mapping or list in one line, where it is short."""
    node = _blocked(dumper, data)
    node.flow_style = _length(node) <= _ONE_LINE
    return node


def _blocked(dumper: _Dumper, data: Any) -> yaml.CollectionNode:
    if isinstance(data, dict):
        return dumper.represent_mapping("tag:yaml.org,2002:map", list(data.items()), flow_style=False)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=False)


def _length(node: yaml.Node) -> int:
    """Characters in one line; more than there may be for what has lines of its own."""
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 2 if "\n" not in node.value else _ONE_LINE + 1
    parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    return 2 + sum(_length(part) for part in parts)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dict, _flowing)
_Dumper.add_representer(list, _flowing)
_Dumper.add_representer(BlockMapping, _blocked)
_Dumper.add_representer(Blocks, _blocked)


def dump(value: Any) -> str:
    """A mapping or list as YAML, which the loader of scenarios reads as the same value.

    Raises Unwritable for a value that it would not read so: half a surrogate pair, a number with hundreds of digits,
    what is nested too deep or is too large.
    """
    try:
        text: str = lines(yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf")))
    except RecursionError:
        raise Unwritable("it is nested too deep") from None
    report = MistakeCollector("", text)
    node = nodes.from_text(text, report)
    if node is None or report.mistakes():
        raise Unwritable("; ".join(mistake.message for mistake in report.mistakes()))
    if node.plain() != value:
        raise Unwritable("it would be read as another value")
    return text


def dump_rule(rule: dict[str, Any]) -> str:
    """A rule as an item of `rules`: key by key, its replies one by one. Raises Unwritable."""
    replies = [BlockMapping(reply) for reply in rule["replies"]]
    told = BlockMapping({key: value for key, value in rule.items() if key != "replies"})
    if isinstance(when := rule.get("when"), dict):
        told["when"] = BlockMapping(when)
    return _indented(dump(Blocks([BlockMapping({**told, "replies": Blocks(replies)})])))


def _indented(lines: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in lines.splitlines(keepends=True))


# ---------------------------------------------------------------------------------------------- parts of the language


def literal(text: str) -> str:
    """A text that a scenario does not take for a template.

    >>> literal("{a}"), literal("{{ a }}")
    ('{a}', "{{ '{{' }} a }}")
    """
    if not is_template(text):
        return text
    return _TEMPLATE.sub(lambda found: "{{ '\\r' }}" if found[0] == "\r" else f"{{{{ '{found[0]}' }}}}", text)


def duration(seconds: float) -> str:
    """A duration to the millisecond.

    >>> duration(0.25), duration(1.5), duration(90), duration(120)
    ('250ms', '1.5s', '1m30s', '2m')
    """
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    return (f"{minutes}m" if minutes else "") + (f"{decimal(rest / 1000, 3)}s" if rest or not minutes else "")


def wait(header: str) -> str | None:
    """The `retry_after` that sends exactly this Retry-After; None for one that only `headers` can send.

    >>> wait("90"), wait("1.500"), wait("1.5"), wait("Thu, 01 Jan 1970 00:01:00 GMT")
    ('1m30s', '1.5s', None, None)
    """
    seconds = retry_after.read(header, 0.0)
    if seconds is None or retry_after.write(seconds) != header:
        return None
    try:
        units.duration(told := duration(seconds))
    except ValueError:
        return None
    return told


def models(ids: Iterable[str], catalog: Catalog) -> dict[str, Any]:
    """Entries of `models` for those that the catalogue does not have: roomy ones, since the answer is known."""
    return {id: dict(_ROOMY) for id in ids if catalog.get(id, aliased=True) is None}
