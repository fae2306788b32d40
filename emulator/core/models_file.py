"""A user's file of models as YAML. Servers without one never import this module, and with it PyYAML."""

from collections import Counter
from pathlib import Path
from typing import Any

import yaml


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # C where PyYAML has it
    """YAML's safe loader, which also refuses duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        counts = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twice := next((key for key, count in counts.items() if count > 1), None):
            raise yaml.YAMLError(f"{twice} is given twice in the mapping that begins {node.start_mark}")
        return super().construct_mapping(node, deep)


def read(path: Path) -> Any:
    """Return what a file says. Raises OSError if it cannot be read, and ValueError if it is not YAML."""
    with path.open("rb") as stream:
        try:
            return yaml.load(stream, _Loader) or {}  # noqa: S506 (it is a safe one)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from None
