"""/_emulator/keys: creating, changing and revoking API keys while the server runs."""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.responses import JSONResponse

from emulator.account.policy import UNLIMITED
from emulator.account.registry import Record, Registry
from emulator.core.clock import iso
from emulator.core.errors import ApiError, Rejected
from emulator.engine import Engine
from emulator.store.state import SharedState
from emulator.web.control.account import policy_shown, read_policy
from emulator.web.control.bodies import ControlRequest

T = TypeVar("T")
LONGEST_NAME = 200
"""How many characters the name of a key has at most; it is kept with the key."""


async def keys(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET and POST /_emulator/keys."""
    now = engine.clock.now()
    if request.method == "GET":
        records = await engine.store.shared_turn(lambda shared: shared.registry().records())
        return JSONResponse({"keys": [_record(record, now) for record in records]})
    fields = request.fields
    policy = read_policy(engine, fields) if fields.has("policy") else UNLIMITED
    name, seed = fields.string("name") or "", engine.key_seed()
    if len(name) > LONGEST_NAME:
        fields.reject("name", f"at most {LONGEST_NAME} characters", got=name)
    try:
        made = await engine.store.shared_turn(lambda shared: shared.registry().create(now, name, policy, seed))
    except ValueError as error:
        raise Rejected(ApiError("bad_request", str(error))) from None
    return _told(engine, *made, 201)


async def one(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET, PUT and DELETE /_emulator/keys/{id}."""
    now = engine.clock.now()
    match request.method:
        case "PUT":
            policy = read_policy(engine, request.fields)
            return _told(engine, await _of(engine, request, lambda registry, known: registry.update(known, policy)))
        case "DELETE":
            return _told(engine, await _of(engine, request, lambda registry, known: registry.revoke(known, now)))
    return _told(engine, await _of(engine, request, lambda registry, known: registry.get(known)))


async def regenerate(engine: Engine, request: ControlRequest) -> JSONResponse:
    """POST /_emulator/keys/{id}/regenerate."""
    seed = engine.key_seed()
    return _told(engine, *await _of(engine, request, lambda registry, known: registry.regenerate(known, seed)))


async def _of(engine: Engine, request: ControlRequest, act: Callable[[Registry, str], T]) -> T:
    """The result of `act` for the registry and the id in the path. Raises `Rejected` with a 404 for an unknown id."""
    id: str = request.path_params["id"]

    def decide(shared: SharedState) -> T:
        registry = shared.registry()
        known = [record.id for record in registry.records()]
        if id not in known:
            told = f"There is no key '{id[:100]}'. There are: {', '.join(known[:20]) or 'none'}."
            raise Rejected(ApiError("not_found", told))
        return act(registry, id)

    return await engine.store.shared_turn(decide)


def _told(engine: Engine, record: Record, key: str | None = None, status: int = 200) -> JSONResponse:
    """A managed key; `key` is the secret itself, which is shown only when it is created."""
    made = {} if key is None else {"key": key}
    return JSONResponse(made | _record(record, engine.clock.now()), status)


def _record(record: Record, now: float) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "shown": record.shown,
        "status": record.status(now),
        "created": iso(record.created),
        "policy": policy_shown(record.policy),
    }
