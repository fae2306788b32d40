"""/_emulator/scenarios: listing, reading, replacing and deleting scenarios."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from emulator.core.errors import ApiError, Rejected
from emulator.engine import Engine
from emulator.engine.planner import unknown_scenario
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.summaries import is_built_in, summaries
from emulator.wire.receive import headers_of, read_body

if TYPE_CHECKING:
    from emulator.scenario.types import Scenario


async def listing(engine: Engine, request: Request) -> JSONResponse:
    """GET /_emulator/scenarios."""
    library = engine.library
    return JSONResponse({"active": await engine.active(), "scenarios": summaries(library)})


async def one(engine: Engine, request: Request) -> JSONResponse:
    """GET, PUT and DELETE /_emulator/scenarios/{name}."""
    name, library = request.path_params["name"], engine.library
    match request.method:
        case "PUT":
            return await _put(engine, request, name)
        case "DELETE":
            if is_built_in(library, name):
                raise Rejected(ApiError("bad_request", f"The scenario '{name}' is built in, and stays."))
            found = library.canonical(name)
            if found is None or not library.remove(found):
                raise unknown_scenario(name, library)
            await engine.store.share(found, None)
            return JSONResponse({"deleted": found})
    try:
        story = library.get(name)
    except ScenarioError as error:
        return JSONResponse({"name": name, "mistakes": [mistake.as_dict() for mistake in error.mistakes]})
    if story is None:
        raise unknown_scenario(name, library)
    return JSONResponse(shown(story.scenario))


async def _put(engine: Engine, request: Request, name: str) -> JSONResponse:
    """Store the scenario in the body, as YAML. It replaces an earlier one, and its rules start from the beginning."""
    body = await read_body(headers_of(request.scope), request.receive, engine.settings.max_body_bytes)
    text = body.decode(errors="replace")
    try:
        scenario = engine.library.put(name, text, exact=True).scenario
    except ScenarioError as error:
        told = {"name": name, "mistakes": [mistake.as_dict() for mistake in error.mistakes]}
        return JSONResponse(told, 400)
    await engine.store.share(name, text)
    return JSONResponse(shown(scenario))


def shown(scenario: "Scenario") -> dict[str, Any]:
    """A summary of a scenario, for lists."""
    return {
        "name": scenario.name,
        "aliases": list(scenario.aliases),
        "description": scenario.description,
        "source": scenario.source,
        "rules": [{"name": rule.name, "line": rule.line, "replies": len(rule.replies)} for rule in scenario.rules],
        "unscripted": scenario.unscripted,
        "mistakes": [],
    }
