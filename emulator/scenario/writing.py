"""Writing scenarios as YAML that people read: short things in one line, long texts line by line."""

import re
from typing import Any

import yaml

_ONE_LINE = 100
_PRINTED = r"[ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffe]"
_PLAIN = re.compile(
    rf"(?![-+.])(?![0-9][0-9a-fA-FxXoO_.:TZ +-]*\Z)(?!(?i:true|false|null|yes|no|on|off|y|n|~)?\Z){_PRINTED}*"
)
"""What PyYAML may write as it likes: it quotes what would not be read back as a text, by YAML 1.1 at least."""
_LINES = re.compile(rf"\S(?:{_PRINTED}|(?<! )\n)*")


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
    """A mapping or list as YAML, which the loader of scenarios reads as the same value."""
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000)


def dump_rule(rule: dict[str, Any]) -> str:
    """A rule as an item of `rules`: key by key, its replies one by one."""
    replies = [BlockMapping(reply) for reply in rule["replies"]]
    told = BlockMapping({key: value for key, value in rule.items() if key != "replies"})
    if isinstance(when := rule.get("when"), dict):
        told["when"] = BlockMapping(when)
    return _indented(dump(Blocks([BlockMapping({**told, "replies": Blocks(replies)})])))


def _indented(lines: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in lines.splitlines(keepends=True))
