"""/_emulator/accounts: the keys that asked something, what plays for them, and what they have left."""

from decimal import Decimal
from typing import Any

from starlette.responses import JSONResponse

from emulator.account.keys import shown
from emulator.account.prices import usd
from emulator.account.registry import fingerprint
from emulator.core.errors import Rejected
from emulator.engine import Engine
from emulator.inferences import Inference
from emulator.inferences.readable import brief
from emulator.inferences.selecting import Selection
from emulator.scenario.library import LoadedScenario
from emulator.store.state import KeyState, SharedState
from emulator.web.control.account import account_shown, readable
from emulator.web.control.bodies import ControlRequest
from emulator.web.control.inferences import others_turn
from emulator.web.control.usage import dollars

_ALL = Selection()


async def accounts(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/accounts. The key that asked last comes first."""
    inferences, told = engine.store.inferences, []
    await inferences.refresh()
    for key in inferences.keys():  # noqa: SIM118 (they are no mapping)
        asked = [each for each in inferences.select(_ALL, key, brief) if each is not None]
        told.append(await _told(engine, key, asked))
        await others_turn()
    return JSONResponse({"accounts": sorted(told, key=lambda each: each["newest"], reverse=True)})


async def _told(engine: Engine, key: str, asked: list[Inference]) -> dict[str, Any]:
    written = shown(key, engine.library) if key else ""
    prices = [dollars(each.charge) for each in asked if each.charge is not None]
    playing = await _playing(engine, key)
    return {
        "key": written,
        "namespace": fingerprint(key) if key else "",
        "secret": written != key,
        "scenario": None if playing is None else playing.scenario.name,
        "requests": len(asked),
        "newest": asked[-1].number,
        "last": asked[-1].started,
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
        account = engine.gate.account(key, readable(engine, own, shared, playing), shared, playing, now)
        return None if account is None else account_shown(account, now)

    try:
        found = await engine.store.turn(key, look)
    except Rejected:
        return None
    return None if found is None else {"key": shown(key, engine.library)} | found
