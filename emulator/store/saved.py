"""The form in which a store is saved; imported when the first state is read."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from emulator.account.terms import Terms


class SavedProgress(Struct):
    """How far a scenario has come: positions by the number of the rule, states by machine."""

    positions: dict[Annotated[str, Meta(pattern="^[0-9]{1,9}$")], tuple[int, ...]]
    states: dict[str, str]


class SavedNamespace(Struct):
    """One namespace. `accounts` are their own snapshots, `seen` counts requests by their fingerprints."""

    scenario: str | None
    progress: dict[str, SavedProgress]
    accounts: dict[str, dict[str, Any]]
    seen: dict[Annotated[str, Meta(pattern="^([0-9a-f]{2})*$")], int]


class SavedStore(Struct):
    """All of a store; namespaces by the fingerprints of their keys."""

    keys: dict[str, Any]
    backends: dict[str, Any]
    terms: Terms | None
    namespaces: dict[str, dict[str, Any]]
