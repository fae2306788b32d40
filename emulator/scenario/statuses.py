"""The scenarios that need no file: each is named by a documented status, and answers every request with that error."""

from typing import TYPE_CHECKING

import msgspec

from emulator.core.catalog import Catalog

if TYPE_CHECKING:
    from emulator.scenario.types import Scenario

STATUSES = tuple(map(str, (400, 401, 402, 403, 404, 413, 429, 500, 503, 504, 529)))
"""The names of these scenarios."""
SOURCE = "built in"


def status_scenario(status: str, catalog: Catalog) -> "Scenario":
    """The scenario of a status."""
    from emulator.scenario.quick import error_scenario  # noqa: PLC0415 (imported when it is needed)

    description = f"Every request is answered with the error {status}."
    made = error_scenario(status, catalog=catalog)
    return msgspec.structs.replace(made, name=status, description=description, source=SOURCE)
