"""Loads scenarios: YAML, or dicts and lists, to a `Scenario`."""

from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from emulator.core.catalog import Catalog
from emulator.core.files import out_of_descriptors, read_regular
from emulator.core.seeds import Seed
from emulator.scenario.language.checks import check
from emulator.scenario.language.notes import Notes
from emulator.scenario.language.scenarios import SCENARIO
from emulator.scenario.reading import nodes
from emulator.scenario.reading.mistakes import Mistake, MistakeCollector, ScenarioError
from emulator.scenario.reading.nodes import Node
from emulator.scenario.reading.readers import Cursor, InvalidValue, Reader
from emulator.scenario.types import Scenario

T = TypeVar("T")


def load_text(text: str, source: str, *, catalog: Catalog) -> Scenario:
    """Load a scenario from YAML. Mistakes refer to it as `source`, whose stem is the name of a scenario without one.

    Raises ScenarioError with all mistakes.
    """
    collector = MistakeCollector(source, text)
    return _load(nodes.from_text(text, collector), collector, catalog)


def load_file(path: Path, *, catalog: Catalog) -> Scenario:
    """Load a scenario from a file. Raises ScenarioError with all mistakes, also if the file cannot be read."""
    return load_text(read_file(path), str(path), catalog=catalog)


def read_file(path: Path) -> str:
    """Read the text of a file. Raises ScenarioError if it cannot be read."""
    try:
        content = read_regular(path, nodes.MAX_BYTES + 1)
    except OSError as error:
        if out_of_descriptors(error):
            raise
        _refuse(str(path), f"cannot be read: {error.strerror}")
    return decoded(content, str(path))


def decoded(content: bytes, source: str) -> str:
    """The text in these bytes. Raises ScenarioError if they are not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(source, f"not UTF-8: byte {error.start} is 0x{content[error.start]:02x}")


def version_of(text: str) -> int:
    """Return the version of a scenario that a file has: the same for the same text, in every process."""
    return int(Seed.of(text).hex(12), 16)


def version_in(path: Path) -> int | None:
    """Return the version of what is in a file now; None if it cannot be read."""
    try:
        return version_of(read_file(path))
    except ScenarioError:
        return None


def load_objects(value: Any, source: str = "scenario", *, catalog: Catalog) -> Scenario:
    """Load a scenario from dicts, lists and scalars. Its mistakes have paths, but no lines.

    Raises ScenarioError with all mistakes.
    """
    collector = MistakeCollector(source)
    return _load(nodes.from_objects(value, collector), collector, catalog)


def read_objects(reader: Reader[T], value: Any, source: str, *, catalog: Catalog) -> T:
    """Read a part of a scenario, such as its account, from dicts, lists and scalars. Mistakes refer to it as `source`.

    Raises ScenarioError with all mistakes.
    """
    collector = MistakeCollector(source)
    node = nodes.from_objects(value, collector)
    with suppress(InvalidValue):
        if node is not None:
            return reader.read(Cursor(node, "", collector, Notes(catalog)))
    raise ScenarioError(collector.mistakes())


def _refuse(source: str, message: str) -> NoReturn:
    raise ScenarioError([Mistake(source, 0, 0, "", message)])


def _load(node: Node | None, collector: MistakeCollector, catalog: Catalog) -> Scenario:
    notes = Notes(catalog)
    scenario = None
    if node is not None:
        with suppress(InvalidValue):
            scenario = SCENARIO.reader.read(Cursor(node, "", collector, notes))
        check(notes)
    collector.check()
    return cast(Scenario, scenario)
