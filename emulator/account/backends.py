"""The backends of models: their number, health and slots, and the queue for a free slot.

Pools are data, like accounts. The player of a request does the waiting, and removes a request that has waited too long.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from emulator.core.decimals import decimal
from emulator.core.errors import ApiError, Rejected
from emulator.core.saved_times import Moment, Phase, Seconds

_MOST = 10**12
_BUSY = "All backends of the requested model are busy"
Count: TypeAlias = Annotated[int, Meta(ge=0, le=_MOST)]
Slots: TypeAlias = Annotated[int, Meta(ge=1, le=_MOST)]


class Flapping(Struct, frozen=True, forbid_unknown_fields=True):
    """Alternately healthy for `up` seconds and unhealthy for `down` seconds, starting when it was configured."""

    up: Phase
    down: Phase


class Backends(Struct, frozen=True, forbid_unknown_fields=True):
    """The backends of one model.

    There are `total` backends. `healthy` of them are healthy (None: all), and each has `slots` for simultaneous
    requests (None: any number). When all slots are busy, a request waits up to `queue` seconds. `flapping` affects new
    requests, not those that run or wait. The lists of models omit a model that is not `listed`.
    """

    total: Count = 1
    healthy: Count | None = None
    slots: Slots | None = None
    queue: Seconds = 0.0
    flapping: Flapping | None = None
    listed: bool = True

    @property
    def capacity(self) -> int | None:
        """The number of requests that can run at the same time; None: any number."""
        healthy = self.total if self.healthy is None else min(self.healthy, self.total)
        return None if self.slots is None and healthy else (self.slots or 0) * healthy


class Pool(Struct, forbid_unknown_fields=True):
    """The requests that run on the backends of one model, or wait for them.

    The backends were configured at `since`, in Unix seconds. Requests are identified by their tickets. `waiting` maps
    tickets to deadlines in Unix seconds, in the order of arrival. Methods that may free a slot return the tickets that
    got one; the caller must wake those requests.
    """

    backends: Backends
    since: Moment
    running: set[str] = set()
    waiting: dict[str, float] = {}

    def configure(self, backends: Backends, now: float) -> list[str]:
        """Replace the backends. Running requests continue, and waiting requests get slots that are free now."""
        self.backends, self.since = backends, now
        return self._hand_out()

    def enter(self, now: float, ticket: str) -> float | None:
        """Take a slot and return None, or take a place in the queue and return its deadline in Unix seconds.

        Raises `Rejected`: 504 if there is no backend; 529 if none is healthy, or if all slots are busy and there is no
        queue.
        """
        self._check_health(now)
        if self._has_room():
            self.running.add(ticket)
            return None
        if not self.backends.queue:
            raise Rejected(ApiError("overloaded", f"{_BUSY}."))
        self.waiting[ticket] = deadline = now + self.backends.queue
        return deadline

    def claim(self, ticket: str) -> bool:
        """Stop waiting. Returns whether the request has a slot; if it was still in the queue, it is removed."""
        return self.waiting.pop(ticket, None) is None

    def leave(self, ticket: str) -> list[str]:
        """Free the slot of the request, which goes to the next in the queue, or its place in the queue."""
        if ticket in self.running:
            self.running.remove(ticket)
            return self._hand_out()
        self.waiting.pop(ticket, None)
        return []

    def healthy(self, now: float) -> bool:
        """Whether at least one backend is healthy at this time."""
        flapping = self.backends.flapping
        if flapping is not None and (now - self.since) % (flapping.up + flapping.down) >= flapping.up:
            return False
        return self.backends.capacity != 0

    def _check_health(self, now: float) -> None:
        if not self.backends.total:
            raise Rejected(ApiError("no_backend", "No backend available"))
        if not self.healthy(now):
            message = "No healthy backends are available for the requested model"
            raise Rejected(ApiError("no_healthy_backend", message))

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


def queue_timeout(waited: float, status: str) -> ApiError:
    """The error for a request that got no slot within `waited` seconds: a 429, or a 529 as when there is no queue.

    The 429 has a Retry-After of as many seconds.
    """
    message = f"{_BUSY}; the request waited for {decimal(waited)} s."
    if status == "429":
        return ApiError("queue_timeout", message, retry_after=waited)
    return ApiError("overloaded", message)


class Fleet(Struct, forbid_unknown_fields=True):
    """The pools of all models, by the model's id. A model without a pool has no limit."""

    pools: dict[str, Pool] = {}

    def get(self, model: str) -> Pool | None:
        """The pool of a model; None if its requests are not limited."""
        return self.pools.get(model)

    def configure(self, model: str, backends: Backends | None, now: float) -> list[str]:
        """Replace the backends of a model; None removes the limit. Returns the tickets that got a slot."""
        pool = self.pools.get(model)
        admitted = pool.configure(backends or Backends(), now) if pool is not None else []
        if backends is None:
            self.pools.pop(model, None)
        elif pool is None:
            self.pools[model] = Pool(backends, now)
        return admitted

    def claim(self, ticket: str) -> bool:
        """Stop waiting. Returns whether the request has a slot; if it was still in a queue, it is removed."""
        return all(pool.claim(ticket) for pool in self.pools.values())

    def leave(self, ticket: str) -> list[str]:
        """Free the slot or the place of the request in every pool. Returns the tickets that got a slot."""
        return [admitted for pool in self.pools.values() for admitted in pool.leave(ticket)]

    def lists(self, model: str) -> bool:
        """Whether the lists of models include the model."""
        pool = self.pools.get(model)
        return pool is None or pool.backends.listed

    def waiting(self) -> list[str]:
        """The tickets of all waiting requests."""
        return [ticket for pool in self.pools.values() for ticket in pool.waiting]

    def tickets(self) -> set[str]:
        """The tickets of all requests that run or wait."""
        return {ticket for pool in self.pools.values() for ticket in (*pool.running, *pool.waiting)}

    def holds(self) -> bool:
        """Whether there are requests, or backends that come and go since they were configured."""
        return any(pool.running or pool.waiting or pool.backends.flapping for pool in self.pools.values())

    def clear(self) -> None:
        """Remove all requests, after the servers that played them have ended."""
        for pool in self.pools.values():
            pool.running.clear()
            pool.waiting.clear()
