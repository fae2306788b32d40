"""Request bodies of the control routes: JSON objects, and parts of the scenario language written as JSON."""

from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request

from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import Fields, decode
from emulator.dialects.openai.surface import wording
from emulator.engine import Engine
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.wire.receive import read_body

if TYPE_CHECKING:
    from emulator.scenario.reading.readers import Reader

T = TypeVar("T")


async def read_fields(engine: Engine, request: Request) -> Fields:
    """The JSON object of a request; an empty body is an empty object."""
    body = await read_body(request.headers, request.receive, engine.settings.max_body_bytes)
    return Fields(decode(body) if body.strip() else {}, wording)


def read_part(engine: Engine, reader: "Reader[T]", name: str, value: Any) -> T:
    """Read a value written as in a scenario. Raises `Rejected` with a 400 that lists all mistakes."""
    from emulator.scenario.loader import read_objects  # noqa: PLC0415 (the loader is imported when it is needed)

    try:
        return read_objects(reader, value, name, catalog=engine.catalog)
    except ScenarioError as error:
        told = "; ".join(mistake.render() for mistake in error.mistakes)
        raise Rejected(ApiError("bad_request", told, param=name)) from None
