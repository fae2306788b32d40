"""The scenarios that need no file: each is named by a documented status, and answers every request with that error."""

from typing import TYPE_CHECKING

from emulator.core.catalog import Catalog

if TYPE_CHECKING:
    from emulator.scenario.types import Scenario

STATUSES = tuple(map(str, (400, 401, 402, 403, 404, 413, 429, 500, 503, 504, 529)))
"""The names of these scenarios."""
SOURCE = "built in"


def status_scenario(status: str, catalog: Catalog) -> "Scenario":
    """The scenario of a status. Its 429 has a Retry-After, as that of the shipped rate-limited has."""
    from emulator.scenario.loader import load_objects  # noqa: PLC0415 (imported when it is needed)

    reply = {"error": int(status)} | ({"retry_after": "1s"} if status == "429" else {})
    description = f"Every request is answered with the error {status}."
    story = {"name": status, "description": description, "rules": [{"name": "error", "reply": reply}]}
    return load_objects(story, SOURCE, catalog=catalog)
