"""The workers that share a store: their leases, what they owe, and the requests that wait in them.

A ticket begins with the worker that plays its request. A worker whose lease has expired is gone: another one ends its
requests, which frees their slots, and charges what it has told of them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Protocol

import msgspec

from emulator.core.errors import ApiError, Rejected
from emulator.core.vocabulary import Usage
from emulator.store import Away
from emulator.store.redis.names import SHARED, Names
from emulator.store.redis.scripts import BEAT, Script
from emulator.store.state import KeyState, SharedState

EXPIRED = 2.5
"""Seconds after the last sign of life of a worker at which its lease expires."""
_AWAY = 1.0
"""Seconds without a sign of life of any worker after which it was the store that was away."""
_MOST_EARLY = 10_000

log = logging.getLogger("emulator")


class Store(Protocol):
    """What is needed of the store."""

    names: Names

    @property
    def worker(self) -> str:
        """The id of this worker."""
        ...

    async def lapse(self, worker: str) -> None:
        """Go on as another worker."""
        ...

    async def take(self, name: str, decide: Callable[[Any, Any], Any]) -> Any:
        """Take a turn at the state of a name."""
        ...

    async def run(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Run a script."""
        ...

    async def call(self, *command: Any) -> Any:
        """Send a command."""
        ...

    def now(self) -> float:
        """The time, in Unix seconds."""
        ...


class Workers:
    """The part of a worker among those that share a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, Callable[[], object]] = {}
        self._early: dict[str, None] = {}
        self._owed: list[Callable[[], Awaitable[object]]] = []
        self._meters: dict[str, tuple[Callable[[], Usage | None], Callable[[ApiError], None]]] = {}

    # ------------------------------------------------------------------------------------------ waiting for a slot

    def on_slot(self, ticket: str, wake: Callable[[], object] | None) -> None:
        """Call `wake` once the request gets a slot, or soon if it has one already; None removes the callback."""
        if wake is None:
            self._meters.pop(ticket, None)
        early = ticket in self._early
        self._early.pop(ticket, None)
        if wake is None:
            self._waiting.pop(ticket, None)
        elif early:
            asyncio.get_running_loop().call_soon(wake)
        else:
            self._waiting[ticket] = wake

    def wake(self, tickets: Iterable[str]) -> None:
        """Wake the requests that wait here. The message may come before the turn has returned in which one began to."""
        for ticket in tickets:
            if not ticket.startswith(f"{self._store.worker}."):
                continue
            if (wake := self._waiting.pop(ticket, None)) is not None:
                wake()
                continue
            self._early[ticket] = None
            if len(self._early) > _MOST_EARLY:
                del self._early[next(iter(self._early))]

    def wake_all(self) -> None:
        """Wake all requests that wait: they look whether they have to wait on."""
        waiting, self._waiting = self._waiting, {}
        for wake in waiting.values():
            wake()

    @property
    def waiting(self) -> int:
        """How many requests wait here for a slot."""
        return len(self._waiting)

    # ------------------------------------------------------------------------------------------ leases

    def owe(self, turn: Callable[[], Awaitable[object]]) -> None:
        """Take this turn as soon as Redis is reached again."""
        if not self._owed:
            log.warning("Redis is not reached: what ends now is settled once it is back.")
        self._owed.append(turn)

    def meter(self, ticket: str, used: Callable[[], Usage | None], cut: Callable[[ApiError], None]) -> None:
        """Tell the others what the answer to a request has used so far, as `used` returns it."""
        self._meters[ticket] = used, cut

    def cut_all(self, error: ApiError) -> None:
        """Cut all answers that are being sent: the others have charged what was sent of them."""
        meters, self._meters = self._meters, {}
        for _, cut in meters.values():
            cut(error)

    async def beat(self) -> None:
        """Renew the lease, settle what is owed, and end what the workers held that are gone. Raises Lost.

        A worker that has no lease any more goes on as another one.
        """
        of, worker, told = self._store.names.of, self._store.worker, list[Any]()
        for ticket, (meter, _) in self._meters.items():
            used = meter()
            if used is not None:
                told += [ticket, msgspec.json.encode(used)]
        keys = [of(SHARED, "leases"), of(worker, "used"), of(SHARED, "beats"), of(SHARED, "gone")]
        renewed, *gone = await self._store.run(BEAT, keys, worker, EXPIRED, _AWAY, *told)
        if not renewed:
            log.warning("The store has heard nothing of this worker for too long: its requests have ended.")
            return await self._store.lapse(worker)
        owed, self._owed = self._owed, []
        for turn in owed:
            try:
                await turn()
            except Away:
                self._owed.append(turn)
        for each in chain(*gone):
            await self._end_all(each.decode())
        return None

    async def _end_all(self, worker: str) -> None:
        """End the requests of a worker that is gone. It is no harm if several workers do this."""
        of, now = self._store.names.of, self._store.now()
        held, used = of(worker, "held"), of(worker, "used")
        found = await self._store.call("HGETALL", used)
        told = zip(found[::2], found[1::2], strict=True)
        usage = {ticket.decode(): msgspec.json.decode(each, type=Usage) for ticket, each in told}

        def of_worker(tickets: Iterable[str]) -> list[str]:
            return sorted(ticket for ticket in tickets if ticket.startswith(f"{worker}."))

        def end(own: KeyState, shared: SharedState) -> int:
            tickets = of_worker(own.tickets())
            for ticket in tickets:
                own.end(ticket, now, usage.get(ticket))
            return len(tickets)

        def leave(shared: SharedState, _: SharedState) -> int:
            tickets = of_worker(shared.tickets())
            for ticket in tickets:
                shared.leave(ticket)
            return len(tickets)

        try:
            ended = await self._store.take(SHARED, leave)
            for name in await self._store.call("SMEMBERS", held):
                if name.decode() != SHARED:
                    ended += await self._store.take(name.decode(), end)
        except Rejected:
            return
        await self._store.call("DEL", held, used)
        await self._store.call("SREM", of(SHARED, "gone"), worker)
        if ended:
            log.warning("The worker %s is gone: what it held of %s requests is free again.", worker, ended)
