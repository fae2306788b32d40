"""What a list of scenarios shows of each: its names, what it is about, and the errors and faults in it."""

from typing import TYPE_CHECKING, Any

from emulator.core.errors import ERRORS
from emulator.scenario.library import Library
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.statuses import SOURCE, STATUSES

if TYPE_CHECKING:
    from emulator.scenario.types import Reply, Scenario


def summaries(library: Library) -> list[dict[str, Any]]:
    """All scenarios by name, and after them those of the documented statuses."""
    return [
        summary(library, name)
        for name in (*library.names(), *(each for each in STATUSES if is_built_in(library, each)))
    ]


def is_built_in(library: Library, name: str) -> bool:
    """Whether a name is that of a documented status, and no other scenario has it."""
    return name in STATUSES and library.canonical(name) is None


def summary(library: Library, name: str) -> dict[str, Any]:
    """What a list shows of one that is known; its file is read, if it was not before."""
    try:
        loaded = library.get(name)
    except ScenarioError:
        loaded = None
    scenario = loaded.scenario if loaded else None
    return {
        "name": name,
        "aliases": list(scenario.aliases) if scenario else [],
        "description": scenario.description if scenario else "",
        "errors": _distinct(scenario, _errors),
        "faults": _distinct(scenario, _faults),
        "source": source_of(library, name),
        "mistakes": [mistake.as_dict() for mistake in library.mistakes(name)],
    }


def source_of(library: Library, name: str) -> str:
    """Where a scenario comes from: its file, "put", or what a built-in one has."""
    return SOURCE if is_built_in(library, name) else str(library.source(name) or "put")


def _distinct(scenario: "Scenario | None", of: Any) -> list[str]:
    rules = scenario.rules if scenario else ()
    return list(dict.fromkeys(word for rule in rules for reply in rule.replies for word in of(reply)))


def _errors(reply: "Reply") -> list[str]:
    if reply.error is not None:
        return [f"{reply.error.status or ERRORS[reply.error.kind].status} {reply.error.kind}"]
    return [str(reply.raw.status)] if reply.raw is not None and reply.raw.status >= 400 else []


def _faults(reply: "Reply") -> list[str]:
    return [f"{fault.what} {fault.value}" if isinstance(fault.value, str) else fault.what for fault in reply.faults]
