"""A fact has one door: what only one place may do is done in one place."""

import ast

import pytest
from support.house import PACKAGE, ROOT
from support.imports import read_modules

MODULES = list(read_modules(ROOT / PACKAGE, ROOT))
DOORS = {
    "Engine": "emulator.engine",
    "Encoder(order='sorted')": "emulator.core.seeds",
    "os.fsync": "emulator.core.files",
    "log.info": "emulator.inferences.journal emulator.recording.proxy emulator.scenario.watch",
    "yaml.dump": "emulator.scenario.writing",
    "retry_after.write": "emulator.wire.errors emulator.scenario.reply emulator.scenario.writing",
}
"""Calls, and the modules in which they may stand; a room stands for its own `__init__`."""


def calls(name: str) -> set[str]:
    """The modules that make this call, by how its source begins."""
    found = set()
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and _is(ast.unparse(node), name):
                found.add(module.name)
    return found


def _is(source: str, name: str) -> bool:
    return source.endswith(name) if "(" in name else source.startswith(f"{name}(")


@pytest.mark.parametrize("name", DOORS)
def test_it_is_done_in_one_place(name: str) -> None:
    """One function makes an engine, one encodes what ids derive from, one writes YAML, one writes Retry-After."""
    assert calls(name) <= set(DOORS[name].split())
    assert calls(name)


def test_the_endpoints_are_listed_once() -> None:
    """Paths of inference endpoints stand in the table of endpoints, and in no other module."""
    listed = {
        module.name
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and node.value in ("/v1/chat/completions", "/v1/completions")
    }
    assert listed == {"emulator.dialects.endpoints"}
