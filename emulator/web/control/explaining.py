"""/_emulator/explain: what a scenario makes of a request, without playing it.

It is asked from the start of the scenario, or at the present position of a key: its turns, states, limits and credits.
"""

import asyncio
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from msgspec import to_builtins
from msgspec.structs import replace
from starlette.responses import JSONResponse

from emulator.account.keys import ANONYMOUS
from emulator.core.clock import VirtualClock
from emulator.core.errors import ApiError, Rejected
from emulator.core.explanation import Explanation
from emulator.core.fields import Fields
from emulator.core.vocabulary import InferenceRequest
from emulator.dialects.endpoints import ENDPOINTS, endpoint_of
from emulator.engine import Engine, make_engine
from emulator.engine.choosing import SCENARIO_HEADER
from emulator.engine.planner import unknown_model, unknown_scenario
from emulator.scenario.library import Library, LoadedScenario
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.types import Scenario
from emulator.store.state import KeyState, SharedState
from emulator.web.control.bodies import ControlRequest, key_in
from emulator.web.control.inferences import none_such
from emulator.web.control.scenarios import SENT
from emulator.web.presets import Added, Presets

_KEY = "akml-explain"
_STEERING = "x-emulator-"
"""What the names of headers begin with that would choose another scenario."""
_CHOSEN_BY = "the request to explain"
POSITIONS = ("start", "now")


async def explain(engine: Engine, request: ControlRequest) -> JSONResponse:
    """POST /_emulator/explain."""
    fields, presets = request.fields, request.app.state.presets
    if fields.has("inference"):
        await engine.store.inferences.refresh()
    if (fields.one_of("position", POSITIONS) or "start") == "now":
        return await _now(engine, presets, fields)
    if fields.has("key"):
        fields.reject("key", "no such field, since a key counts only with 'position': 'now'")
    _one_of(fields, "scenario", "text")
    asked, _ = _asked(engine, fields).parsed(engine, presets)
    try:
        scenario = await _scenario(engine, fields)
    except ScenarioError as error:
        return _mistaken(error)
    return _told(await _explained(engine, scenario, asked))


def _mistaken(error: ScenarioError) -> JSONResponse:
    """What is told of a scenario that has mistakes."""
    return _told(Explanation(answered_by=""), why="", mistakes=[mistake.as_dict() for mistake in error.mistakes])


def _told(found: Explanation, **more: Any) -> JSONResponse:
    names = ("scenario", "chosen_by", "answered_by", "rules", "warning", "turn")
    told = {"why": str(found), **{name: to_builtins(getattr(found, name)) for name in names}}
    return JSONResponse({**told, "message": None, "retry_after": None, "position": None, "mistakes": [], **more})


# ---------------------------------------------------------------------------------------------- from the start


async def _explained(engine: Engine, scenario: Scenario, asked: InferenceRequest) -> Explanation:
    """What a scenario makes of a request, at its beginning: the sequences and states of no key are looked at."""
    library = Library(engine.catalog, [])
    catalog = library.add(scenario).catalog
    alone = make_engine(engine.settings, engine.catalog, VirtualClock(engine.clock.now(), 0), library, scenario.name)
    found = await alone.explain(asked)
    known = catalog.named(asked.model, aliased=asked.aliased, other=engine.settings.any_model) is not None
    warning = "" if known else unknown_model(asked.model, catalog).message
    return replace(found, chosen_by=_CHOSEN_BY, warning=warning, turn=None)


async def _scenario(engine: Engine, fields: Fields) -> Scenario:
    """The scenario that is named, or whose text is sent. Raises `Rejected` and ScenarioError."""
    if fields.has("text"):
        from emulator.scenario.loader import load_text  # noqa: PLC0415 (imported when it is needed)

        text = fields.required_string("text", empty=True)
        return await asyncio.to_thread(lambda: load_text(text, SENT, catalog=engine.catalog))
    return _named(engine, fields.required_string("scenario")).scenario


def _named(engine: Engine, name: str) -> LoadedScenario:
    found = engine.library.get(name)
    if found is None:
        raise unknown_scenario(name, engine.library)
    return found


# ---------------------------------------------------------------------------------------------- as it is now


async def _now(engine: Engine, presets: Presets, fields: Fields) -> JSONResponse:
    """What would answer a key now: at its turns and states, within its limits and credits, and also a refusal."""
    if fields.has("text"):
        fields.reject("text", "no such field: a text has no position but its start")
    key, name = _key(engine, fields), fields.string("scenario")
    asked = _asked(engine, fields, key, steered=name is None)
    if name is not None:
        try:
            asked.headers[SCENARIO_HEADER] = _named(engine, name).scenario.name
        except ScenarioError as error:
            return _mistaken(error)
    try:
        await engine.authenticate({"authorization": f"Bearer {key}"}, x_api_key=False)
        request, preset = asked.parsed(engine, presets)
        found, refusal = await engine.foresee(request)
        refusal = refusal and preset.told(refusal)
    except Rejected as rejected:
        found, refusal = Explanation(answered_by=rejected.error.kind), rejected.error
    position = await _position(engine, asked)
    if name is not None:
        found = replace(found, chosen_by=_CHOSEN_BY)
    if refusal is None:
        return _told(found, position=position)
    return _told(found, position=position, message=refusal.message, retry_after=refusal.retry_after)


def _key(engine: Engine, fields: Fields) -> str:
    """The key that is named, or that of the recorded inference."""
    key = key_in(fields)
    if key is not None:
        return key
    if not fields.has("inference"):
        fields.missing("key", "the API key at whose position the request is explained")
    id = fields.required_string("inference")
    record = engine.store.inferences.find(id)
    if record is None and engine.store.inferences.get(id) is not None:
        fields.missing("key", "an API key, since another process has that of the inference")
    if record is None:
        raise none_such(id)
    return record.key or ANONYMOUS


async def _position(engine: Engine, asked: "_Asked") -> dict[str, Any] | None:
    """The states of the scenario that plays for a key, and how many replies each of its rules has given."""
    try:
        playing = await engine.playing(asked.key, asked.headers)
    except Rejected:
        return None
    if playing is None:
        return None
    scenario = playing.scenario

    def look(own: KeyState, shared: SharedState) -> dict[str, Any]:
        progress = deepcopy(own).progress_of(scenario.name, playing.version)
        counts = {number: sum(position) for number, position in progress.positions.items()}
        turns = [
            {"rule": rule.name, "given": counts.get(number, 0), "replies": len(rule.replies)}
            for number, rule in enumerate(scenario.rules)
            if rule.sole is None
        ]
        return {"states": dict(progress.states), "turns": turns}

    return await engine.store.turn(asked.key, look)


# ---------------------------------------------------------------------------------------------- what is asked


class _Asked(NamedTuple):
    """A request as it was sent, which the API may refuse."""

    endpoint: str
    body: Mapping[str, Any]
    headers: dict[str, str]
    key: str

    def parsed(self, engine: Engine, presets: Presets) -> tuple[InferenceRequest, Added]:
        """The request as the API understands it, with a preset's part. Raises `Rejected` if the API would refuse it."""
        body, preset = presets.resolved(self.body, self.endpoint, engine.settings)
        try:
            return ENDPOINTS[self.endpoint].make(engine.settings).parse(body, self.headers, self.key), preset
        except Rejected as rejected:
            raise Rejected(preset.told(rejected.error)) from None


def _asked(engine: Engine, fields: Fields, key: str = _KEY, *, steered: bool = False) -> _Asked:
    """The request that is sent, or that of a recorded inference.

    Headers that choose a scenario stay only in a request that is `steered`.
    """
    _one_of(fields, "inference", "request")
    if fields.has("request"):
        body, headers = fields.required_object("request").data, _headers(fields)
        endpoint = fields.one_of("endpoint", tuple(ENDPOINTS)) or endpoint_of(body)
    else:
        for name in ("endpoint", "headers"):
            if fields.has(name):
                fields.reject(name, "no such field: a recorded inference has its own")
        id = fields.required_string("inference")
        record = engine.store.inferences.get(id)
        if record is None:
            raise none_such(id)
        if not record.exists or not isinstance(record.request, dict):
            raise Rejected(ApiError("bad_request", "The recorded request cannot be read: no rule is asked about it."))
        endpoint, body, headers = record.endpoint, record.request, dict(record.headers)
    plain = {name: value for name, value in headers.items() if steered or not name.startswith(_STEERING)}
    return _Asked(endpoint, body, plain, key)


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
