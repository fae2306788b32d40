"""The counter of the house: which imports it sees, and what it makes of them."""

import graphlib
import json
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import house
from support.house import Counted, House, circles, floors
from support.imports import Import

NODES = "abcdef"
GRAPHS = st.fixed_dictionaries({node: st.sets(st.sampled_from(NODES)) for node in NODES}).map(
    lambda graph: {node: others - {node} for node, others in graph.items()}
)


def build(root: Path, modules: Mapping[str, str]) -> House:
    """The house of a checkout with these modules, named as their paths in the package."""
    root.mkdir(exist_ok=True)
    (root / "CONTRIBUTING.md").write_text("| 0 | `low/` | what all use |\n| 1 | `high.py` | what people start |\n")
    for name, source in {"__init__.py": "", "low/__init__.py": '"""The words. All use them."""', **modules}.items():
        (root / "emulator" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "emulator" / name).write_text(textwrap.dedent(source))
    return House(root)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import emulator.low.words", Import("emulator.low.words", 1)),
        ("from emulator.low import words", Import("emulator.low.words", 1)),
        ("from emulator.low.words import Word", Import("emulator.low.words", 1)),
        ("from emulator.low import Word", Import("emulator.low", 1)),
        ("from .low import words", Import("emulator.low.words", 1)),
        ("from .low.words import Word", Import("emulator.low.words", 1)),
        ("from . import low", Import("emulator.low", 1)),
        ("def read():\n    from emulator.low import words", Import("emulator.low.words", 2, late=True)),
        ("class Reader:\n    async def read(self):\n        import time", Import("time", 3, late=True)),
        ("class Reader:\n    import time", Import("time", 2)),
        ("if TYPE_CHECKING:\n    from emulator.low import words", Import("emulator.low.words", 2, typing=True)),
        ("if typing.TYPE_CHECKING:\n    import time", Import("time", 2, typing=True)),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import time", Import("time", 4)),
        ("try:\n    import time\nexcept ImportError:\n    pass", Import("time", 2)),
        ('import_module("time")', Import("time", 1)),
        ('def read():\n    return importlib.import_module("time")', Import("time", 2, late=True)),
        ('ALL = {"words": "emulator.low.words"}\nimport_module(ALL[name])', Import("emulator.low.words", 1, late=True)),
        ('ALL = ["emulator.low.words:Word"]\nload = import_module', Import("emulator.low.words", 1, late=True)),
        ('import_module(f"emulator.low.{name}")', Import("emulator.low.words", 1, late=True)),
        ('__import__(f"emulator.low.{name}")', Import("emulator.low.words", 1, late=True)),
        ('__import__("emulator.low." + name)', Import("emulator.low.words", 1, late=True)),
        ('import_module(__package__ + f".low.{name}")', Import("emulator.low.words", 1, late=True)),
        ('import_module(".low.words", __package__)', Import("emulator.low.words", 1)),
    ],
)
def test_an_import_is_seen(source: str, found: Import, tmp_path: Path) -> None:
    """Wherever in a module an import stands, and however it is written, it is counted for what it is."""
    counted = build(tmp_path, {"low/words.py": "", "high.py": source}).imports["emulator.high"]
    assert found in counted
    assert {each.name for each in counted if each.name.startswith("emulator.")} <= {found.name}


def test_a_relative_import_begins_at_its_package(tmp_path: Path) -> None:
    """In an `__init__` one dot is the folder itself, in a module the folder in which it is."""
    found = build(tmp_path, {"low/__init__.py": "from .a import x", "low/a.py": "from . import b", "low/b.py": ""})
    assert found.module_graph()["emulator.low"] == {"emulator.low.a"}
    assert found.module_graph()["emulator.low.a"] == {"emulator.low.b"}


def test_what_is_not_counted_makes_no_arrow(tmp_path: Path) -> None:
    """A circle of a late import and one for types is there or not as it is asked for."""
    late, types = "def f():\n    import emulator.high", "if TYPE_CHECKING:\n    import emulator.low"
    found = build(tmp_path, {"low/a.py": late, "high.py": types})
    assert found.circles_between_rooms() == [["high", "low"]]
    assert found.circles_between_rooms(Counted(late=False)) == []
    assert found.circles_between_rooms(Counted(typing=False)) == []
    assert found.upward() == [("low", "high")]


def test_circles_are_between_rooms_or_inside_one(tmp_path: Path) -> None:
    """Modules of one room are a circle inside it; one that leads through another room is between them."""
    inside = {"low/a.py": "import emulator.low.b", "low/b.py": "import emulator.low.a"}
    found = build(tmp_path / "inside", inside)
    assert found.circles_inside_rooms() == [["emulator.low.a", "emulator.low.b"]]
    assert found.circles_between_rooms() == []
    through = build(
        tmp_path / "through", {"__init__.py": "from emulator.low.a import f", "low/a.py": "import emulator"}
    )
    assert through.circles_inside_rooms() == []
    assert through.circles_between_rooms() == [["__init__", "low"]]


@given(GRAPHS)
def test_floors_rise_along_imports(graph: dict[str, set[str]]) -> None:
    """What imports is above what it imports, unless a circle holds both; and there is no floor without need."""
    floor, circle_of = floors(graph), {node: circle for circle in circles(graph) for node in circle}
    for node, others in graph.items():
        own = circle_of.get(node, [node])
        assert {floor[each] for each in own} == {floor[node]}
        assert all(floor[node] > floor[other] for other in others if other not in own)
        below = {floor[other] for each in own for other in graph[each] if other not in own}
        assert floor[node] == max(below, default=0) + 1


@given(GRAPHS)
def test_a_graph_without_circles_can_be_sorted(graph: dict[str, set[str]]) -> None:
    """There is a circle exactly if there is no order in which each node comes after what it imports."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError:
        assert circles(graph)
    else:
        assert not circles(graph)


def test_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawing has each room with its sentence and its imports; the figures can be had for two checkouts at once."""
    build(tmp_path, {"high.py": '"""The entrance.\n\nMore."""\nimport emulator.low\n\n\ndef f():\n    pass\n'})
    (tmp_path / "tests").mkdir()
    monkeypatch.setattr(sys, "argv", ["house.py", "--root", str(tmp_path)])
    house.main()
    told = capsys.readouterr().out
    assert "  2  high  The entrance.\n           imports low\n  1  low   The words.\n" in told
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--dot"])
    house.main()
    assert '"high" -> "low";' in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", [*sys.argv[:-1], "--against", str(tmp_path), "--json"])
    house.main()
    before, after = json.loads(capsys.readouterr().out)
    assert before == after
    assert (after["rooms"], after["floors"], after["loose modules"], after["emulator/: functions"]) == (2, 2, 1, 1)
