"""/_emulator/scenarios, /check and /schema: listing, reading, checking, replacing and deleting scenarios."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from emulator.core.catalog import Catalog
from emulator.core.errors import ApiError, Rejected
from emulator.engine import Engine
from emulator.engine.planner import unknown_scenario
from emulator.scenario.reading.mistakes import Mistake, ScenarioError
from emulator.scenario.summaries import is_built_in, source_of, summaries
from emulator.store.state import SharedState
from emulator.web.control import saving
from emulator.wire.receive import headers_of, read_body

if TYPE_CHECKING:
    from emulator.scenario.types import Scenario


# ruff: noqa: PLC0415 # the loader and the language are imported when they are needed

SENT = "scenario.yaml"
"""How mistakes name a text that was sent."""


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
            return await _delete(engine, name)
    try:
        story = library.get(name)
    except ScenarioError as error:
        return JSONResponse({"name": name, "mistakes": _dicts(error.mistakes)})
    if story is None:
        raise unknown_scenario(name, library)
    return JSONResponse(shown(story.scenario))


async def source(engine: Engine, request: Request) -> JSONResponse:
    """GET and PUT /_emulator/scenarios/{name}/source."""
    library = engine.library
    name = library.canonical(request.path_params["name"]) or request.path_params["name"]
    if name not in library:
        raise unknown_scenario(name, library)
    folder: Path | None = request.app.state.edited
    if request.method == "PUT":
        try:
            text = (await _body(engine, request)).decode()
            library.check_names(await asyncio.to_thread(library.read, name, text, exact=True))
        except UnicodeDecodeError as error:
            raise Rejected(ApiError("bad_request", f"The text is not UTF-8: byte {error.start} is wrong.")) from None
        except ScenarioError as error:
            return JSONResponse({"name": name, "mistakes": _dicts(error.mistakes)}, 400)
        library.load([await saving.save(library, name, text, request.query_params.get("digest"), folder)])
    path = None if is_built_in(library, name) else library.source(name)
    written, digest, writable = library.text(name), None, False
    if path is not None:
        with suppress(OSError):  # a file may go at any time
            written, digest = saving.read(path)
            writable = saving.is_writable(path, folder)
    told = {"name": name, "source": source_of(library, name), "text": written}
    return JSONResponse({**told, "digest": digest if writable else None, "writable": writable})


async def check(engine: Engine, request: Request) -> JSONResponse:
    """POST /_emulator/check. The text is read in a thread, since a long one takes longer than others should wait."""
    body = await _body(engine, request)
    return JSONResponse(await asyncio.to_thread(_checked, body, engine.catalog))


def _checked(body: bytes, catalog: Catalog) -> dict[str, Any]:
    """The name of a scenario, or its mistakes, and the warnings of the command `check`."""
    from emulator.scenario.language.shadowing import warnings
    from emulator.scenario.loader import decoded, load_text
    from emulator.scenario.reading.comments import cut_texts

    try:
        text = decoded(body, SENT)
        scenario = load_text(text, SENT, catalog=catalog)
    except ScenarioError as error:
        return {"name": None, "mistakes": _dicts(error.mistakes), "warnings": []}
    told = _dicts([*warnings(scenario), *cut_texts(SENT, text)])
    return {"name": scenario.name, "mistakes": [], "warnings": told}


async def schema(engine: Engine, request: Request) -> JSONResponse:
    """GET /_emulator/schema."""
    from emulator.scenario.language.schema import json_schema

    return JSONResponse(json_schema())


def _dicts(mistakes: Iterable[Mistake]) -> list[dict[str, Any]]:
    return [mistake.as_dict() for mistake in mistakes]


async def _body(engine: Engine, request: Request) -> bytes:
    return await read_body(headers_of(request.scope), request.receive, engine.settings.max_body_bytes)


async def _put(engine: Engine, request: Request, name: str) -> JSONResponse:
    """Store the scenario in the body, as YAML. It replaces an earlier one, and its rules start from the beginning."""
    from emulator.scenario.loader import decoded

    body = await _body(engine, request)
    try:
        text = decoded(body, f"{name}.yaml")
        scenario = await asyncio.to_thread(engine.library.read, name, text, exact=True)
        engine.library.place(scenario, text)
    except ScenarioError as error:
        told = {"name": name, "mistakes": _dicts(error.mistakes)}
        return JSONResponse(told, 400)
    await engine.store.share(name, text)
    return JSONResponse(shown(scenario))


async def _delete(engine: Engine, name: str) -> JSONResponse:
    """Delete a scenario. If it is active for all keys that name none, none is from then on, and the answer says so."""
    library = engine.library
    found = library.canonical(name)
    if found is None:
        raise unknown_scenario(name, library)

    def deactivate(shared: SharedState) -> bool:
        active = shared.scenario is not None and library.canonical(shared.scenario) == found
        shared.scenario = None if active else shared.scenario
        return active

    deactivated = await engine.store.shared_turn(deactivate)
    library.remove(found)
    await engine.store.share(found, None)
    return JSONResponse({"deleted": found, "deactivated": deactivated})


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
