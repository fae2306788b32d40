"""/_emulator/accounts: the keys that asked something, what plays for them, and what they have left."""

from decimal import Decimal
from typing import Any

from starlette.responses import JSONResponse

from emulator.account.keys import shown
from emulator.account.prices import usd
from emulator.account.registry import fingerprint
from emulator.core.errors import Rejected
from emulator.engine import Engine
from emulator.inferences import LiveRecord
from emulator.inferences.readable import charge
from emulator.scenario.library import LoadedScenario
from emulator.store.state import KeyState, SharedState
from emulator.web.control.account import account_shown
from emulator.web.control.bodies import ControlRequest
from emulator.web.control.inferences import others_turn


async def accounts(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/accounts. The key that asked last comes first."""
    by_key: dict[str, list[LiveRecord]] = {}
    for record in engine.store.inferences.noted(None, 0, engine.store.inferences.newest + 1, newest=True):
        by_key.setdefault(record.key, []).append(record)
    told = []
    for key, records in by_key.items():
        told.append(await _told(engine, key, records))
        await others_turn()
    return JSONResponse({"accounts": told})


async def _told(engine: Engine, key: str, records: list[LiveRecord]) -> dict[str, Any]:
    written = shown(key, engine.library) if key else ""
    prices = [price for record in records if (price := charge(record)) is not None]
    playing = await _playing(engine, key)
    return {
        "key": written,
        "namespace": fingerprint(key) if key else "",
        "secret": written != key,
        "scenario": None if playing is None else playing.scenario.name,
        "requests": len(records),
        "last": records[0].started,
        "charge": usd(sum(prices, Decimal(0))) if prices else None,
        "account": await _account(engine, key, playing),
    }


async def _playing(engine: Engine, key: str) -> LoadedScenario | None:
    """The scenario that plays for a key; None also for one that cannot be played."""
    try:
        return await engine.playing(key)
    except Rejected:
        return None


async def _account(engine: Engine, key: str, playing: LoadedScenario | None) -> dict[str, Any] | None:
    """The account of a key, which is not opened for this; None if nothing is limited, or the key is not valid."""
    now = engine.clock.now()

    def look(own: KeyState, shared: SharedState) -> dict[str, Any] | None:
        account = engine.gate.account(key, own, shared, playing, now)
        return None if account is None else account_shown(account, now)

    try:
        found = await engine.store.turn(key, look)
    except Rejected:
        return None
    return None if found is None else {"key": shown(key, engine.library)} | found
