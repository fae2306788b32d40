"""/_emulator/account, /credits and /ledger: the limits and the credits of keys.

Values are written as in a scenario: "5.00 USD", "2026-12-31", {"requests_per_minute": 3}. `key` selects the account;
the default is the key of the request.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any, TypeVar

from msgspec import to_builtins
from starlette.responses import JSONResponse

from emulator.account.account import Account
from emulator.account.credits import Credits
from emulator.account.keys import presented, shown
from emulator.account.ledger import Ledger
from emulator.account.policy import Policy
from emulator.account.prices import usd
from emulator.core.clock import iso
from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import Fields
from emulator.engine import Engine
from emulator.scenario.library import LoadedScenario
from emulator.store.state import KeyState, SharedState
from emulator.web.control.bodies import ControlRequest, key_in, read_part

T = TypeVar("T")
_CHANGES = ("purchase", "trial", "take", "auto_top_up")


async def account(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET, PUT and POST /_emulator/account."""
    if request.method == "GET":
        key = _meant(request)
        found = await _looked_at(engine, key, account_shown)
        return JSONResponse({"key": shown(key, engine.library)} | found)
    fields = request.fields
    if request.method == "POST":
        key, policy = _meant(request, fields), read_policy(engine, fields)
        await engine.with_account(key, lambda account, now: account.set_own_policy(policy))
        return await _answer(engine, key)
    from emulator.scenario.language.environment import ACCOUNT  # noqa: PLC0415 (the language is imported when it is needed)

    terms = read_part(engine, ACCOUNT.reader, "account", _without_key(fields))
    if fields.has("key"):
        key = _meant(request, fields)
        await engine.open_account(key, terms)
        return await _answer(engine, key)
    await engine.store.shared_turn(lambda shared: shared.change_terms(terms))
    return JSONResponse({"key": None, "terms": "opened anew for every key of which no scenario says more"})


async def credits(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET and POST /_emulator/credits."""
    if request.method == "GET":
        return JSONResponse(await _looked_at(engine, _meant(request), _credits))
    fields = request.fields
    key, changes = _meant(request, fields), _changes(engine, fields, engine.clock.now())

    def change(account: Account, now: float) -> dict[str, Any] | None:
        credits = account.credits or Credits()
        for each in changes:
            each(credits)
        account.set_credits(credits)
        return _credits(account, now)

    return JSONResponse(await engine.with_account(key, change))


async def ledger(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/ledger."""
    key = _meant(request)
    playing, now = await engine.playing(key), engine.clock.now()

    def find(own: KeyState, shared: SharedState) -> str | Ledger | None:
        """The name of an account with credits, or the ledger of one that is not opened."""
        read = readable(engine, own, shared, playing)
        credits = engine.gate.opened(key, read, shared, playing, now).credits
        if credits is None:
            return None
        credits.balance(now)  # what has expired is noted now
        return engine.gate.place(shared, playing)[0] if read is own else credits.ledger

    found, told = await engine.store.turn(key, find), {"key": shown(key, engine.library)}
    if found is None:
        return JSONResponse(told | {"balance": None, "entries": []})
    ledger = await engine.store.ledger(key, found) if isinstance(found, str) else found
    return JSONResponse(told | {"balance": usd(ledger.balance), "entries": to_builtins(ledger.entries)})


def _meant(request: ControlRequest, fields: Fields | None = None) -> str:
    named = key_in(fields) if fields is not None else request.query_params.get("key")
    key = named or presented(request.headers, x_api_key=True)
    if not key:
        raise Rejected(ApiError("bad_request", 'Whose account? Name a "key", or send one as the API does.'))
    return key


def readable(engine: Engine, own: KeyState, shared: SharedState, playing: LoadedScenario | None) -> KeyState:
    """The state of a key, or a copy if its account is not opened: reading opens none, and so takes no room."""
    name, version, _ = engine.gate.place(shared, playing)
    return own if own.account(name, version) is not None else deepcopy(own)


async def _looked_at(engine: Engine, key: str, look: Callable[[Account, float], T]) -> T:
    """What `look` makes of the account of a key, as it is or would be opened, and of the time."""
    playing, now = await engine.playing(key), engine.clock.now()

    def read(own: KeyState, shared: SharedState) -> T:
        return look(engine.gate.opened(key, readable(engine, own, shared, playing), shared, playing, now), now)

    return await engine.store.turn(key, read)


async def _answer(engine: Engine, key: str) -> JSONResponse:
    """The account of a key; amounts are strings, because floats would round them."""
    return JSONResponse({"key": shown(key, engine.library)} | await engine.with_account(key, account_shown))


def account_shown(account: Account, now: float) -> dict[str, Any]:
    """An account as a JSON object, without its key."""
    return {
        "unlimited": account.unlimited,
        "policy": policy_shown(account.policy),
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


def policy_shown(policy: Policy) -> dict[str, Any]:
    """A policy as a JSON object."""
    told: dict[str, Any] = to_builtins(policy)
    return told | {"expires": iso(policy.expires) if policy.expires is not None else None}


def _without_key(fields: Fields) -> Mapping[str, Any]:
    return {name: value for name, value in fields.data.items() if name != "key"}


def read_policy(engine: Engine, fields: Fields) -> Policy:
    """The policy in the field `policy`. Raises `Rejected` with a 400 that lists all mistakes."""
    from emulator.scenario.language.environment import POLICY  # noqa: PLC0415 (the language is imported when it is needed)

    return read_part(engine, POLICY.reader, "policy", fields.required_object("policy").data)


def _changes(engine: Engine, fields: Fields, now: float) -> list[Callable[[Credits], object]]:
    """The changes to credits that the fields ask for. Raises `Rejected` unless all of them are possible."""
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
