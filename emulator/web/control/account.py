"""/_emulator/account, /credits, /ledger, /keys and /backends: what keys may do and pay, and what models run on.

What is sent is written as a scenario has it: "5.00 USD", "2026-12-31", {"requests_per_minute": 3}. A `key` names whose
account is meant; without one it is the key of the request.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import to_builtins
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from emulator.account.account import Account
from emulator.account.credits import Credits
from emulator.account.keys import masked, presented
from emulator.account.policy import UNLIMITED, Policy
from emulator.account.prices import usd
from emulator.account.registry import Record
from emulator.core.clock import iso
from emulator.core.fields import Fields
from emulator.core.vocabulary import ApiError, Rejected
from emulator.engine.engine import Engine
from emulator.web.control.bodies import read_fields, read_part

_CHANGES = ("purchase", "trial", "take", "auto_top_up")


def routes(engine: Engine) -> list[BaseRoute]:
    """The routes for one engine."""

    def meant(request: Request, fields: Fields | None = None) -> str:
        named = fields.string("key") if fields is not None else request.query_params.get("key")
        key = named or presented(request.headers, x_api_key=True)
        if not key:
            raise Rejected(ApiError("bad_request", 'Whose account? Name a "key", or send one as the API does.'))
        return key

    async def account(request: Request) -> JSONResponse:
        if request.method == "GET":
            return JSONResponse(shown(engine, meant(request)))
        fields = await read_fields(engine, request)
        if request.method == "POST":
            key = meant(request, fields)
            engine.account(key).set_policy(_policy(engine, fields))
            return JSONResponse(shown(engine, key))
        from emulator.scenario.language.environment import ACCOUNT  # noqa: PLC0415 (the language is imported when it is needed)

        terms = read_part(engine, ACCOUNT.reader, "account", _without_key(fields))
        if fields.has("key"):
            key = meant(request, fields)
            engine.gate.open(key, engine.store.namespace(key), engine.playing(key), terms)
            return JSONResponse(shown(engine, key))
        engine.store.change(terms)
        return JSONResponse({"key": None, "terms": "opened anew for every key of which no scenario says more"})

    async def credits(request: Request) -> JSONResponse:
        if request.method == "GET":
            return JSONResponse(shown(engine, meant(request))["credits"])
        fields = await read_fields(engine, request)
        key = meant(request, fields)
        now, opened = engine.clock.now(), engine.account(key)
        changes, changed = _changes(engine, fields, now), opened.credits or Credits()
        for change in changes:
            change(changed)
        opened.set_credits(changed)
        return JSONResponse(shown(engine, key)["credits"])

    async def ledger(request: Request) -> JSONResponse:
        key = meant(request)
        credits = engine.account(key).credits
        if credits is None:
            return JSONResponse({"key": masked(key), "balance": None, "entries": []})
        balance = usd(credits.balance(engine.clock.now()))
        return JSONResponse({"key": masked(key), "balance": balance, "entries": to_builtins(credits.ledger.entries)})

    return [
        Route("/_emulator/account", account, methods=["GET", "PUT", "POST"]),
        Route("/_emulator/credits", credits, methods=["GET", "POST"]),
        Route("/_emulator/ledger", ledger),
        *_key_routes(engine),
        *_backend_routes(engine),
    ]


def shown(engine: Engine, key: str) -> dict[str, Any]:
    """The account of a key, for people and tests: amounts are texts, for floats would round them."""
    account, now = engine.account(key), engine.clock.now()
    return {
        "key": masked(key),
        "unlimited": account.unlimited,
        "policy": _told(account.policy),
        "in_flight": len(account.in_flight),
        "rate_limit": dict(account.headers(now)),
        "credits": _credits(account, now),
    }


def _credits(account: Account, now: float) -> dict[str, Any] | None:
    credits = account.credits
    if credits is None:
        return None
    top_up = credits.auto_top_up
    return {
        "balance": usd(credits.balance(now)),
        "available": usd(credits.available(now)),
        "purchased": usd(credits.purchased),
        "trials": [{"left": usd(trial.left), "expires": iso(trial.expires)} for trial in credits.trials],
        "auto_top_up": {"below": usd(top_up.threshold), "add": usd(top_up.amount)} if top_up is not None else None,
    }


def _told(policy: Policy) -> dict[str, Any]:
    told: dict[str, Any] = to_builtins(policy)
    return told | {"expires": iso(policy.expires) if policy.expires is not None else None}


def _without_key(fields: Fields) -> Mapping[str, Any]:
    return {name: value for name, value in fields.data.items() if name != "key"}


def _policy(engine: Engine, fields: Fields) -> Policy:
    from emulator.scenario.language.environment import POLICY  # noqa: PLC0415 (the language is imported when it is needed)

    return read_part(engine, POLICY.reader, "policy", fields.required_object("policy").data)


def _changes(engine: Engine, fields: Fields, now: float) -> list[Callable[[Credits], object]]:
    """What the fields say is to be done with credits: all of it can be done now, or a `Rejected` is raised."""
    wanted = [name for name in _CHANGES if name in fields.data]
    if not wanted:
        fields.missing("purchase", f"one of {', '.join(_CHANGES)}")
    return [_change(engine, fields, name, now) for name in wanted]


def _change(engine: Engine, fields: Fields, name: str, now: float) -> Callable[[Credits], object]:
    from emulator.scenario.language import environment  # noqa: PLC0415 (the language is imported when it is needed)

    value = fields.data[name]
    if name == "trial":
        trial = read_part(engine, environment.TRIAL.reader, name, value)
        if trial.expires <= now:
            fields.reject("trial", f"a time to expire after {iso(now)}, which is now", got=iso(trial.expires))
        return lambda to: to.grant_trial(now, trial.amount, trial.expires)
    if name == "auto_top_up":
        top_up = None if value is None else read_part(engine, environment.AUTO_TOP_UP.reader, name, value)
        return lambda to: to.top_up_automatically(now, top_up)
    amount: Decimal = read_part(engine, environment.POSITIVE_AMOUNT, name, value)
    if name == "purchase":
        return lambda to: to.purchase(now, amount)
    return lambda to: to.correct(now, -amount)


# ---------------------------------------------------------------------------------------------- keys


def _key_routes(engine: Engine) -> list[BaseRoute]:
    def told(record: Record, key: str | None = None, status: int = 200) -> JSONResponse:
        """A managed key; `key` is the key itself, which is only shown when it was made."""
        made = {} if key is None else {"key": key}
        return JSONResponse(made | _record(record, engine.clock.now()), status)

    async def keys(request: Request) -> JSONResponse:
        registry, now = engine.store.keys, engine.clock.now()
        if request.method == "GET":
            return JSONResponse({"keys": [_record(record, now) for record in registry.records()]})
        fields = await read_fields(engine, request)
        policy = _policy(engine, fields) if fields.has("policy") else UNLIMITED
        name = fields.string("name") or ""
        try:
            return told(*registry.create(now, name, policy, engine.chance), 201)
        except ValueError as error:
            raise Rejected(ApiError("bad_request", str(error))) from None

    async def one(request: Request) -> JSONResponse:
        registry, id = engine.store.keys, _known(request)
        match request.method:
            case "PUT":
                return told(registry.update(id, _policy(engine, await read_fields(engine, request))))
            case "DELETE":
                return told(registry.revoke(id, engine.clock.now()))
        return told(registry.get(id))

    async def regenerate(request: Request) -> JSONResponse:
        return told(*engine.store.keys.regenerate(_known(request), engine.chance))

    def _known(request: Request) -> str:
        id: str = request.path_params["id"]
        known = [record.id for record in engine.store.keys.records()]
        if id not in known:
            told = f"There is no key '{id[:100]}'. There are: {', '.join(known[:20]) or 'none'}."
            raise Rejected(ApiError("not_found", told))
        return id

    return [
        Route("/_emulator/keys", keys, methods=["GET", "POST"]),
        Route("/_emulator/keys/{id}", one, methods=["GET", "PUT", "DELETE"]),
        Route("/_emulator/keys/{id}/regenerate", regenerate, methods=["POST"]),
    ]


def _record(record: Record, now: float) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "shown": record.shown,
        "status": record.status(now),
        "created": iso(record.created),
        "policy": _told(record.policy),
    }


# ---------------------------------------------------------------------------------------------- backends


def _backend_routes(engine: Engine) -> list[BaseRoute]:
    def shown(model: str, key: str | None = None) -> dict[str, Any]:
        """The backends of a model, and with a key those that it meets, for its scenario may have its own."""
        pool, now = engine.store.fleet.get(model), engine.clock.now()
        if key:
            pool = engine.gate.pool(model, engine.store.namespace(key), engine.playing(key))
        if pool is None:
            return {"model": model, "backends": None, "healthy_now": True, "running": 0, "waiting": 0}
        return {
            "model": model,
            "backends": to_builtins(pool.backends),
            "healthy_now": pool.healthy(now),
            "running": len(pool.running),
            "waiting": len(pool.waiting),
        }

    async def backends(request: Request) -> JSONResponse:
        if request.method == "GET":
            key = request.query_params.get("key")
            return JSONResponse({"models": [shown(model.id, key) for model in engine.catalog]})
        fields = await read_fields(engine, request)
        model = engine.model(fields.required_string("model"), aliased=True).id
        if "backends" not in fields.data:
            fields.missing("backends", "a number, a mapping such as {slots: 4}, or null for no limits")
        wanted = fields.data["backends"]
        from emulator.scenario.language.environment import SOME_BACKENDS  # noqa: PLC0415 (the language is imported when it is needed)

        told = None if wanted is None else read_part(engine, SOME_BACKENDS, "backends", wanted)
        engine.store.fleet.configure(model, told, engine.clock.now())
        return JSONResponse(shown(model))

    return [Route("/_emulator/backends", backends, methods=["GET", "PUT"])]
