"""A fact has one door: what only one place may do is done in one place."""

import ast

import pytest
from support.house import PACKAGE, ROOT
from support.imports import read_modules

from emulator.dialects.endpoints import ENDPOINTS

MODULES = list(read_modules(ROOT / PACKAGE, ROOT))
DOORS = {
    "Engine": "emulator.engine",
    "Encoder(order='sorted')": "emulator.core.seeds",
    "click.echo": "emulator.commands._printing",
    "os.fsync": "emulator.core.files",
    "log.info": (
        "emulator.inferences.journal emulator.recording.proxy emulator.scenario.watch emulator.web.doors "
        "emulator.wire.protocol"
    ),
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


def test_endpoints_are_compared_in_no_other_room() -> None:
    """Whatever depends on an endpoint is in its row or its dialect: no other room compares or looks up a name."""
    found = [
        f"{module.name}: {ast.unparse(node)}"
        for module in MODULES
        if not module.name.startswith("emulator.dialects")
        for node in ast.walk(module.tree)
        if any(isinstance(each, ast.Constant) and each.value in ENDPOINTS for each in _asked(node))
    ]
    assert found == []


def _asked(node: ast.AST) -> list[ast.AST]:
    """What a comparison, a case or a look-up in a table of endpoints asks for."""
    match node:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=others):
            return [left, *others]
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Tuple(elts=names) | ast.Set(elts=names)]):
            return [*names]
        case ast.MatchValue(value=value):
            return [value]
        case ast.Subscript(value=ast.Name(id="ENDPOINTS") | ast.Attribute(attr="by_name"), slice=name):
            return [name]
    return []
