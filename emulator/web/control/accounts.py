"""/_emulator/accounts: the keys that asked something, what plays for them, and what they have left."""

from decimal import Decimal
from typing import Any

from starlette.responses import JSONResponse

from emulator.account.keys import fingerprint, shown
from emulator.account.prices import usd
from emulator.core.errors import Rejected
from emulator.core.slices import sliced
from emulator.engine import Engine
from emulator.inferences import Inference
from emulator.inferences.readable import brief
from emulator.inferences.selecting import Selection
from emulator.scenario.library import LoadedScenario
from emulator.store.state import KeyState, SharedState
from emulator.web.control.account import account_shown, readable
from emulator.web.control.bodies import ControlRequest
from emulator.web.control.usage import dollars


async def accounts(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/accounts. The key that asked last comes first."""
    record = engine.store.inferences
    await record.refresh()
    asked = {key: _Asked() for key in record.keys()}  # noqa: SIM118 (it is no mapping)
    by_namespace = {record.namespace(key): each for key, each in asked.items()}
    async for each in sliced(record.select(Selection(), read=brief)):
        if each is not None:
            by_namespace[each.namespace].add(each)
    told = [await _told(engine, *each) async for each in sliced(asked.items())]
    return JSONResponse({"accounts": sorted(told, key=lambda each: each["newest"], reverse=True)})


class _Asked:
    """What was asked with one key: how much, its price, and when the last of it came."""

    def __init__(self) -> None:
        self.requests = 0
        self.newest = 0
        self.last = 0.0
        self.charge: Decimal | None = None

    def add(self, inference: Inference) -> None:
        """Count one inference."""
        self.requests += 1
        self.newest, self.last = inference.number, inference.started
        if inference.charge is not None:
            self.charge = (self.charge or Decimal(0)) + dollars(inference.charge)


async def _told(engine: Engine, key: str, asked: _Asked) -> dict[str, Any]:
    written = shown(key, engine.library) if key else ""
    playing = await _playing(engine, key)
    return {
        "key": written,
        "namespace": fingerprint(key) if key else "",
        "secret": written != key,
        "scenario": None if playing is None else playing.scenario.name,
        "requests": asked.requests,
        "newest": asked.newest,
        "last": asked.last,
        "charge": None if asked.charge is None else usd(asked.charge),
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
