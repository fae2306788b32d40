"""Draw and count the house: the rooms of the package, what they import, the circles and the sizes.

A room is a folder or a module directly under the package. The package's own `__init__` is no room: it forwards to the
public names, and is counted only where it closes a circle. An arrow is a pair of rooms of which the first imports the
second, anywhere: at the top of a module, inside a function (a late import), under TYPE_CHECKING, or by `import_module`.
A circle is a set of rooms, or of modules, that all reach one another. A room's floor is the length of the longest chain
of imports that begins there; a circle is one link of it.

Nothing is imported, the source is only read: any checkout can be counted.

    PYTHONPATH=tests python -m support.house [--root CHECKOUT] [--against CHECKOUT] [--walks] [--dot | --json]
"""

import argparse
import ast
import json
import os
import re
import statistics
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

from support.imports import Module, read_modules

ROOT = Path(__file__).parents[2]
PACKAGE = "emulator"
MOST_LINES = 350
"""The lines that a module may have."""
FACE = "__init__"
Graph: TypeAlias = Mapping[str, set[str]]
"""What each room, or each module, imports."""


class Counted(NamedTuple):
    """Which imports are counted, besides those that are carried out when a module is imported."""

    late: bool = True
    typing: bool = True


ALL = Counted()
FEWER = {
    "without late imports": Counted(late=False),
    "without imports for types": Counted(typing=False),
    "without both": Counted(late=False, typing=False),
}


class House:
    """The modules of a package in a checkout, and what they import."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / PACKAGE
        self.modules = {module.name: module for module in read_modules(self.folder, root)}
        self.imports = {name: list(module.imports(self.modules)) for name, module in self.modules.items()}

    def module_graph(self, counted: Counted = ALL) -> Graph:
        """What each module imports of this package."""
        return {
            name: {
                each.name
                for each in imports
                if each.name in self.modules and each.late <= counted.late and each.typing <= counted.typing
            }
            - {name}
            for name, imports in self.imports.items()
        }

    def room_graph(self, counted: Counted = ALL, *, face: bool = False) -> Graph:
        """What each room imports; with the package's `__init__` if `face`."""
        graph: dict[str, set[str]] = {}
        for name, others in self.module_graph(counted).items():
            room = room_of(name)
            graph.setdefault(room, set()).update({room_of(other) for other in others} - {room})
        return graph if face else {room: others - {FACE} for room, others in graph.items() if room != FACE}

    def circles_between_rooms(self, counted: Counted = ALL) -> list[list[str]]:
        """The circles of rooms."""
        return circles(self.room_graph(counted, face=True))

    def circles_inside_rooms(self, counted: Counted = ALL) -> list[list[str]]:
        """The circles of modules, each in one room."""
        return circles(
            {
                name: {other for other in others if room_of(other) == room_of(name)}
                for name, others in self.module_graph(counted).items()
            }
        )

    def levels(self) -> dict[str, int]:
        """The level of each room that CONTRIBUTING.md's table announces."""
        rows = re.findall(r"^\| (\d+) \| (.+?) \|", (self.root / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
        return {room: int(level) for level, rooms in rows for room in re.findall(r"`([\w.]+?)(?:\.py)?/?`", rooms)}

    def upward(self) -> list[tuple[str, str]]:
        """The arrows between announced rooms that do not lead to a lower level."""
        levels = self.levels()
        return sorted(
            (room, other)
            for room, others in self.room_graph().items()
            for other in others
            if room in levels and other in levels and levels[room] <= levels[other]
        )

    def sentence(self, room: str) -> str:
        """The first sentence of a room's docstring."""
        docstring = ast.get_docstring(self.modules[f"{PACKAGE}.{room}"].tree) or ""
        return re.split(r"(?<=[.!?])\s", " ".join(docstring.partition("\n\n")[0].split()))[0]


def room_of(name: str) -> str:
    """The room of a module, by its dotted name."""
    return name.split(".")[1] if "." in name else FACE


def reachable(graph: Graph) -> dict[str, set[str]]:
    """What each node reaches by one arrow or more."""
    found = {}
    for start in graph:
        seen: set[str] = set()
        waiting = list(graph[start])
        while waiting:
            if (node := waiting.pop()) not in seen:
                seen.add(node)
                waiting.extend(graph[node])
        found[start] = seen
    return found


def circles(graph: Graph) -> list[list[str]]:
    """The sets of nodes that all reach one another, each sorted."""
    reach = reachable(graph)
    found = {frozenset(other for other in reach[node] if node in reach[other]) for node in graph}
    return sorted(sorted(circle) for circle in found if circle)


def floors(graph: Graph) -> dict[str, int]:
    """The floor of each node; the lowest is 1."""
    circle_of = {node: set(circle) for circle in circles(graph) for node in circle}

    @cache
    def floor(node: str) -> int:
        own = circle_of.get(node, {node})
        return 1 + max((floor(below) for member in own for below in graph[member] - own), default=0)

    return {node: floor(node) for node in graph}


def graph_figures(house: House, counted: Counted) -> dict[str, float]:
    """The figures that depend on which imports are counted."""
    graph = house.room_graph(counted)
    return {
        "floors": max(floors(graph).values()),
        "arrows between rooms": sum(map(len, graph.values())),
        "circles between rooms": len(house.circles_between_rooms(counted)),
        "circles inside a room": len(house.circles_inside_rooms(counted)),
    }


def size_figures(name: str, modules: Sequence[Module]) -> dict[str, float]:
    """The figures of the modules of a folder, alone."""
    lines = [line.strip() for module in modules for line in module.lines]
    lengths = [(node.end_lineno or 0) - node.lineno + 1 for module in modules for node in module.functions()]
    return {
        f"{name}: modules": len(modules),
        f"{name}: modules over {MOST_LINES} lines": sum(len(module.lines) > MOST_LINES for module in modules),
        f"{name}: lines": len(lines),
        f"{name}: lines neither blank nor comment": sum(bool(line) and line[0] != "#" for line in lines),
        f"{name}: functions": len(lengths),
        f"{name}: lines of the median function": statistics.median(lengths or [0]),
    }


def figures(house: House) -> dict[str, float]:
    """All figures by their names."""
    rooms = house.room_graph()
    late = {
        (name, each.line)
        for name, imports in house.imports.items()
        for each in imports
        if each.late and each.name in house.modules
    }
    fewer = {
        f"{name}, {which}": figure
        for which, counted in FEWER.items()
        for name, figure in graph_figures(house, counted).items()
    }
    return {
        "rooms": len(rooms),
        "loose modules": sum((house.folder / f"{room}.py").exists() and not room.startswith("__") for room in rooms),
        **graph_figures(house, ALL),
        "arrows upward": len(house.upward()),
        **fewer,
        "late imports": len(late),
        "modules with late imports": len({name for name, _ in late}),
        **size_figures(f"{PACKAGE}/", list(house.modules.values())),
        **size_figures("tests/", list(read_modules(house.root / "tests", house.root))),
    }


def drawing(house: House) -> str:
    """The floors from top to bottom: their rooms, each with its sentence and what it imports; then what is wrong."""
    graph = house.room_graph()
    level = floors(graph)
    margin = max(map(len, graph)) + 7
    lines = []
    for room in sorted(graph, key=lambda room: (-level[room], room)):
        imports = f"imports {', '.join(sorted(graph[room]))}" if graph[room] else "imports nothing"
        told = [line for part in (house.sentence(room), imports) for line in textwrap.wrap(part, 120 - margin)]
        first = f"{level[room]:>3}  {room}".ljust(margin) + told[0]
        lines += [first, *(" " * margin + line for line in told[1:])]
    between = [f"circle between rooms: {', '.join(circle)}" for circle in house.circles_between_rooms()]
    inside = [f"circle inside a room: {', '.join(circle)}" for circle in house.circles_inside_rooms()]
    upward = [f"arrow upward: {room} imports {other}" for room, other in house.upward()]
    return "\n".join([*lines, "", *between, *inside, *upward])


def dot(house: House) -> str:
    """The drawing for Graphviz. An arrow is dashed if all its imports are late or for types."""
    graph, eager = house.room_graph(), house.room_graph(FEWER["without both"])
    level = floors(graph)
    lines = ["digraph house {", "  node [shape=box];"]
    for floor in range(max(level.values()), 0, -1):
        lines.append("  {rank=same;" + "".join(f' "{room}";' for room in sorted(graph) if level[room] == floor) + "}")
    for room, other in sorted((room, other) for room, others in graph.items() for other in others):
        lines.append(f'  "{room}" -> "{other}"' + (";" if other in eager[room] else " [style=dashed];"))
    return "\n".join([*lines, "}"])


def walks(root: Path) -> dict[str, float]:
    """The calls and files of a few requests, counted in a process of its own, which imports this checkout."""
    command = [sys.executable, str(Path(__file__).with_name("walk.py")), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    found: dict[str, float] = json.loads(subprocess.check_output(command, env=environment, cwd=root))
    return found


def table(columns: Sequence[Mapping[str, float]]) -> str:
    """Figures by their names, with a column for each checkout."""
    width = max(map(len, columns[0])) + 2
    return "\n".join(f"{name:{width}}" + "".join(f"{column[name]:>10g}" for column in columns) for name in columns[0])


def main() -> None:
    """Print what the arguments ask for."""
    parser = argparse.ArgumentParser(description="Draw and count the house.")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    parser.add_argument("--against", type=Path, metavar="ROOT", help="another checkout, whose figures stand before")
    parser.add_argument("--walks", action="store_true", help="count the calls of a few requests too")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--dot", action="store_true", help="print the drawing for Graphviz")
    form.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    houses = [House(root.resolve()) for root in (given.against, given.root) if root]
    if given.dot:
        return print(dot(houses[-1]))
    columns = [figures(house) | (walks(house.root) if given.walks else {}) for house in houses]
    if given.json:
        return print(json.dumps(columns, indent=2))
    return print(drawing(houses[-1]), table(columns), sep="\n\n")


if __name__ == "__main__":
    main()
