"""/_emulator/explain: what a scenario makes of a request, without playing it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace
from starlette.responses import JSONResponse

from emulator.core.clock import VirtualClock
from emulator.core.errors import ApiError, Rejected
from emulator.core.explanation import Explanation
from emulator.core.fields import Fields
from emulator.core.vocabulary import InferenceRequest
from emulator.dialects.endpoints import ENDPOINTS, endpoint_of
from emulator.engine import Engine, make_engine
from emulator.engine.planner import unknown_model, unknown_scenario
from emulator.scenario.library import Library
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.types import Scenario
from emulator.web.control.bodies import ControlRequest
from emulator.web.control.inferences import none_such
from emulator.web.control.scenarios import SENT

_KEY = "akml-explain"
_STEERING = "x-emulator-"
"""What the names of headers begin with that would choose another scenario."""


async def explain(engine: Engine, request: ControlRequest) -> JSONResponse:
    """POST /_emulator/explain."""
    fields = request.fields
    asked = _asked(engine, fields)
    try:
        scenario = await _scenario(engine, fields)
    except ScenarioError as error:
        mistakes = [mistake.as_dict() for mistake in error.mistakes]
        return JSONResponse({**_shown(Explanation(answered_by="")), "why": "", "mistakes": mistakes})
    return JSONResponse({**_shown(await _explained(engine, scenario, asked)), "mistakes": []})


async def _explained(engine: Engine, scenario: Scenario, asked: InferenceRequest) -> Explanation:
    """What a scenario makes of a request, at its beginning: the sequences and states of no key are looked at."""
    library = Library(engine.catalog, [])
    catalog = library.add(scenario).catalog
    alone = make_engine(engine.settings, engine.catalog, VirtualClock(engine.clock.now(), 0), library, scenario.name)
    found = await alone.explain(asked)
    known = catalog.named(asked.model, aliased=asked.aliased, other=engine.settings.any_model) is not None
    warning = "" if known else unknown_model(asked.model, catalog).message
    return replace(found, chosen_by="the request to explain", warning=warning)


def _shown(found: Explanation) -> dict[str, Any]:
    names = ("scenario", "answered_by", "rules", "warning")
    return {"why": str(found), **{name: to_builtins(getattr(found, name)) for name in names}}


async def _scenario(engine: Engine, fields: Fields) -> Scenario:
    """The scenario that is named, or whose text is sent. Raises `Rejected` and ScenarioError."""
    _one_of(fields, "scenario", "text")
    if fields.has("text"):
        from emulator.scenario.loader import load_text  # noqa: PLC0415 (imported when it is needed)

        text = fields.required_string("text", empty=True)
        return await asyncio.to_thread(lambda: load_text(text, SENT, catalog=engine.catalog))
    name = fields.required_string("scenario")
    found = engine.library.get(name)
    if found is None:
        raise unknown_scenario(name, engine.library)
    return found.scenario


def _asked(engine: Engine, fields: Fields) -> InferenceRequest:
    """The request that is sent, or that of a recorded inference. Raises `Rejected` if the API would refuse it."""
    _one_of(fields, "inference", "request")
    if fields.has("request"):
        body, headers = dict(fields.required_object("request").data), _headers(fields)
        endpoint = fields.one_of("endpoint", tuple(ENDPOINTS)) or endpoint_of(body)
        return _parsed(engine, endpoint, body, headers)
    for name in ("endpoint", "headers"):
        if fields.has(name):
            fields.reject(name, "no such field: a recorded inference has its own")
    id = fields.required_string("inference")
    record = engine.store.inferences.get(id)
    if record is None:
        raise none_such(id)
    if not record.exists or not isinstance(record.request, dict):
        raise Rejected(ApiError("bad_request", "The recorded request cannot be read: no rule is asked about it."))
    return _parsed(engine, record.endpoint, record.request, record.headers)


def _parsed(engine: Engine, endpoint: str, body: dict[str, Any], headers: Mapping[str, str]) -> InferenceRequest:
    plain = {name: value for name, value in headers.items() if not name.startswith(_STEERING)}
    return ENDPOINTS[endpoint].make(engine.settings).parse(body, plain, _KEY)


def _headers(fields: Fields) -> dict[str, str]:
    given = fields.object("headers")
    if given is None:
        return {}
    for name in given.data:
        given.required_string(name, empty=True)
    return {name.lower(): value for name, value in given.data.items()}


def _one_of(fields: Fields, one: str, other: str) -> None:
    """Check that exactly one of two fields is there."""
    if fields.has(one) and fields.has(other):
        fields.reject(other, f"no such field beside '{one}'")
    if not fields.has(one) and not fields.has(other):
        fields.missing(one, f"'{one}' or '{other}'")
