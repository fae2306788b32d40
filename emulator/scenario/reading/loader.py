"""From what an author wrote to a `Scenario`, or to all the mistakes in it."""

from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from emulator.core.catalog import Catalog
from emulator.scenario.language.stories import SCENARIO
from emulator.scenario.reading import nodes
from emulator.scenario.reading.checks import check
from emulator.scenario.reading.mistakes import Mistake, MistakeCollector, ScenarioError
from emulator.scenario.reading.nodes import Node
from emulator.scenario.reading.readers import Loading, Place, Reader, Unreadable
from emulator.scenario.types import Scenario

__all__ = ["ScenarioError", "load_file", "load_objects", "load_text", "read_objects"]

T = TypeVar("T")


def load_text(text: str, source: str, *, catalog: Catalog) -> Scenario:
    """Read a scenario in YAML. `source` names it in messages, and without a `name` its stem is the name.

    Raises ScenarioError with all mistakes.
    """
    report = MistakeCollector(source, text)
    return _load(nodes.from_text(text, report), report, catalog)


def load_file(path: Path, *, catalog: Catalog) -> Scenario:
    """Read a scenario's file. Raises ScenarioError with all mistakes, also for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            text = file.read(nodes.MAX_BYTES + 1).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(path, f"not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}")
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror}")
    return load_text(text, str(path), catalog=catalog)


def load_objects(value: Any, source: str = "scenario", *, catalog: Catalog) -> Scenario:
    """Read a scenario made of dicts, lists and scalars; its mistakes have paths, but no lines.

    Raises ScenarioError with all mistakes.
    """
    report = MistakeCollector(source)
    return _load(nodes.from_objects(value, report), report, catalog)


def read_objects(reader: Reader[T], value: Any, source: str, *, catalog: Catalog) -> T:
    """Read a part of the language by itself, made of dicts, lists and scalars: `source` names it in messages.

    Raises ScenarioError with all mistakes.
    """
    report = MistakeCollector(source)
    node = nodes.from_objects(value, report)
    with suppress(Unreadable):
        if node is not None:
            return reader.read(Place(node, "", Loading(report, catalog)))
    raise ScenarioError(report.mistakes())


def _refuse(path: Path, message: str) -> NoReturn:
    raise ScenarioError([Mistake(str(path), 0, 0, "", message)])


def _load(node: Node | None, report: MistakeCollector, catalog: Catalog) -> Scenario:
    loading = Loading(report, catalog)
    scenario = None
    if node is not None:
        with suppress(Unreadable):
            scenario = SCENARIO.reader.read(Place(node, "", loading))
        check(loading)
    report.check()
    return cast(Scenario, scenario)
