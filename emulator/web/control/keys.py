"""/_emulator/keys: API keys that are made, changed and revoked while the server runs."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from emulator.account.policy import UNLIMITED
from emulator.account.registry import Record
from emulator.core.clock import iso
from emulator.core.vocabulary import ApiError, Rejected
from emulator.engine.engine import Engine
from emulator.web.control.account import policy_shown, read_policy
from emulator.web.control.bodies import read_fields


async def keys(engine: Engine, request: Request) -> JSONResponse:
    """GET and POST /_emulator/keys."""
    registry, now = engine.store.keys, engine.clock.now()
    if request.method == "GET":
        return JSONResponse({"keys": [_record(record, now) for record in registry.records()]})
    fields = await read_fields(engine, request)
    policy = read_policy(engine, fields) if fields.has("policy") else UNLIMITED
    name = fields.string("name") or ""
    try:
        return _told(engine, *registry.create(now, name, policy, engine.chance), 201)
    except ValueError as error:
        raise Rejected(ApiError("bad_request", str(error))) from None


async def one(engine: Engine, request: Request) -> JSONResponse:
    """GET, PUT and DELETE /_emulator/keys/{id}."""
    registry, id = engine.store.keys, _known(engine, request)
    match request.method:
        case "PUT":
            return _told(engine, registry.update(id, read_policy(engine, await read_fields(engine, request))))
        case "DELETE":
            return _told(engine, registry.revoke(id, engine.clock.now()))
    return _told(engine, registry.get(id))


async def regenerate(engine: Engine, request: Request) -> JSONResponse:
    """POST /_emulator/keys/{id}/regenerate."""
    return _told(engine, *engine.store.keys.regenerate(_known(engine, request), engine.chance))


def _known(engine: Engine, request: Request) -> str:
    id: str = request.path_params["id"]
    known = [record.id for record in engine.store.keys.records()]
    if id not in known:
        told = f"There is no key '{id[:100]}'. There are: {', '.join(known[:20]) or 'none'}."
        raise Rejected(ApiError("not_found", told))
    return id


def _told(engine: Engine, record: Record, key: str | None = None, status: int = 200) -> JSONResponse:
    """A managed key; `key` is the key itself, which is only shown when it was made."""
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
