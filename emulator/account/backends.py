"""The backends that models run on: how many there are, whether they are healthy and free, and the queue for a free one.

Pools are data, as accounts are. Waiting itself is done by the player of the request, which also gives up.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from emulator.core.decimals import decimal
from emulator.core.errors import ApiError, Rejected

Count: TypeAlias = Annotated[int, Meta(ge=0)]
Slots: TypeAlias = Annotated[int, Meta(ge=1)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0)]
Phase: TypeAlias = Annotated[float, Meta(gt=0)]


class Flapping(Struct, frozen=True):
    """Healthy for `up` seconds, then not for `down` seconds, and so on, beginning when it was configured."""

    up: Phase
    down: Phase


class Backends(Struct, frozen=True):
    """The backends of one model.

    There are `total` of them, of which `healthy` are (None: all), each with `slots` for requests at the same time
    (None: any number). When all slots are busy, a request waits up to `queue` seconds. Flapping decides about requests
    that come, not about those that run or wait. A model that is not `listed` is to be left out of the lists of models.
    """

    total: Count = 1
    healthy: Count | None = None
    slots: Slots | None = None
    queue: Seconds = 0.0
    flapping: Flapping | None = None
    listed: bool = True

    @property
    def capacity(self) -> int | None:
        """How many requests run at the same time; None: any number."""
        healthy = self.total if self.healthy is None else min(self.healthy, self.total)
        return None if self.slots is None and healthy else (self.slots or 0) * healthy


class Pool(Struct):
    """The requests that run and wait on the backends of one model, which were configured at `since`, in Unix seconds.

    A request is named by its ticket. `waiting` has the deadline of each, in Unix seconds, in the order of arrival.
    Methods that may free a slot return the tickets that got one: whoever plays those requests has to be woken.
    """

    backends: Backends
    since: float
    running: set[str] = set()
    waiting: dict[str, float] = {}

    def configure(self, backends: Backends, now: float) -> list[str]:
        """Have other backends from now on; requests that run go on, and those for which there is a slot now get it."""
        self.backends, self.since = backends, now
        return self._hand_out()

    def enter(self, now: float, ticket: str) -> float | None:
        """Take a slot, or wait for one; returns until when, in Unix seconds, or None when the request has its slot.

        Raises `Rejected`: 504 without any backend; 529 when none of them is healthy, and when all slots are busy and
        there is no queue.
        """
        self._check_health(now)
        if self._has_room():
            self.running.add(ticket)
            return None
        if not self.backends.queue:
            raise Rejected(busy(0))
        self.waiting[ticket] = deadline = now + self.backends.queue
        return deadline

    def claim(self, ticket: str) -> bool:
        """The request stops waiting: whether it may run. It may not if it is in the queue, which it leaves."""
        return self.waiting.pop(ticket, None) is None

    def leave(self, ticket: str) -> list[str]:
        """Free the slot, which goes to the request that has waited longest, or the place in the queue."""
        if ticket in self.running:
            self.running.remove(ticket)
            return self._hand_out()
        self.waiting.pop(ticket, None)
        return []

    def healthy(self, now: float) -> bool:
        """Whether any backend is healthy now."""
        flapping = self.backends.flapping
        if flapping is not None and (now - self.since) % (flapping.up + flapping.down) >= flapping.up:
            return False
        return self.backends.capacity != 0

    def _check_health(self, now: float) -> None:
        if not self.backends.total:
            raise Rejected(ApiError("no_backend", "No backend available"))
        if not self.healthy(now):
            told = "No healthy backends are available for the requested model"
            raise Rejected(ApiError("no_healthy_backend", told))

    def _has_room(self) -> bool:
        capacity = self.backends.capacity
        return capacity is None or len(self.running) < capacity

    def _hand_out(self) -> list[str]:
        admitted = []
        while self.waiting and self._has_room():
            ticket = next(iter(self.waiting))
            del self.waiting[ticket]
            self.running.add(ticket)
            admitted.append(ticket)
        return admitted


def busy(waited: float) -> ApiError:
    """The 529 of a request that found no free slot, after it `waited` so many seconds."""
    after = f"; the request waited for {decimal(waited)} s" if waited else ""
    return ApiError("overloaded", f"All backends of the requested model are busy{after}.")


class Fleet(Struct):
    """The backends of all models, by the model's id. A model without any answers everyone at once."""

    pools: dict[str, Pool] = {}

    def get(self, model: str) -> Pool | None:
        """The pool of a model; None: every request runs, and none is counted."""
        return self.pools.get(model)

    def configure(self, model: str, backends: Backends | None, now: float) -> list[str]:
        """Give a model these backends from now on; None: any number of requests runs. Returns as `Pool.configure`."""
        pool = self.pools.get(model)
        admitted = pool.configure(backends or Backends(), now) if pool is not None else []
        if backends is None:
            self.pools.pop(model, None)
        elif pool is None:
            self.pools[model] = Pool(backends, now)
        return admitted

    def claim(self, ticket: str) -> bool:
        """The request stops waiting: whether it may run. It may not if it is in a queue, which it leaves."""
        return all(pool.claim(ticket) for pool in self.pools.values())

    def leave(self, ticket: str) -> list[str]:
        """The request has ended, on whatever model it ran. Returns as `Pool.leave`."""
        return [admitted for pool in self.pools.values() for admitted in pool.leave(ticket)]

    def lists(self, model: str) -> bool:
        """Whether the lists of models have the model."""
        pool = self.pools.get(model)
        return pool is None or pool.backends.listed

    def waiting(self) -> list[str]:
        """The tickets of all requests that wait."""
        return [ticket for pool in self.pools.values() for ticket in pool.waiting]

    def clear(self) -> None:
        """Nothing runs and nothing waits any more: the servers that played the requests are gone."""
        for pool in self.pools.values():
            pool.running.clear()
            pool.waiting.clear()
