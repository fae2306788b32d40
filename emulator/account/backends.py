"""What models run on: backends that are there, healthy and free, or are not; and who waits for a free one.

Who waits is told by a callback when its turn has come. The waiting itself, and giving up, is for whoever entered.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct, convert, json

from emulator.core.decimals import decimal
from emulator.core.vocabulary import ApiError, Rejected

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


class Ticket:
    """A request's place at a model: `admitted`, or waiting for that until `deadline`, in Unix seconds."""

    __slots__ = ("_pool", "_wake", "admitted", "deadline")

    def __init__(self, pool: "Pool", deadline: float, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._wake = wake
        self.admitted = False
        self.deadline = deadline

    def give_up(self) -> None:
        """The deadline has come: raises `Rejected` with a 529, and leaves, unless the ticket was admitted in time."""
        if not self.admitted:
            self.leave()
            raise _busy(self._pool.backends)

    def leave(self) -> None:
        """Free the slot, which goes to whoever waits longest, or the place in the queue. Only the first call counts."""
        self._pool.forget(self)

    def admit(self) -> None:
        """Tell the ticket's owner that it has a slot."""
        self.admitted = True
        self._wake()


class Pool:
    """Who runs and who waits on the backends of one model, which were configured at `since`, in Unix seconds."""

    def __init__(self, backends: Backends, since: float) -> None:
        self.backends = backends
        self.since = since
        self.running: set[Ticket] = set()
        self.waiting: OrderedDict[Ticket, None] = OrderedDict()

    def configure(self, backends: Backends, now: float) -> None:
        """Have other backends from now on; those that run go on, and those for whom there is a slot now get it."""
        self.backends, self.since = backends, now
        self._hand_out()

    def enter(self, now: float, wake: Callable[[], None]) -> Ticket:
        """Take a slot, or wait for one, in which case `wake` is called when the ticket is admitted.

        Raises `Rejected`: 504 without any backend; 529 when none of them is healthy, and when all slots are busy and
        there is no queue.
        """
        self._check_health(now)
        ticket = Ticket(self, now + self.backends.queue, wake)
        if self._has_room():
            ticket.admitted = True
            self.running.add(ticket)
        elif self.backends.queue:
            self.waiting[ticket] = None
        else:
            raise _busy(self.backends)
        return ticket

    def forget(self, ticket: Ticket) -> None:
        """A ticket has left."""
        self.running.discard(ticket)
        self.waiting.pop(ticket, None)
        self._hand_out()

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

    def _hand_out(self) -> None:
        while self.waiting and self._has_room():
            ticket, _ = self.waiting.popitem(last=False)
            self.running.add(ticket)
            ticket.admit()


def _busy(backends: Backends) -> Rejected:
    waited = f"; the request waited for {decimal(backends.queue)} s" if backends.queue else ""
    return Rejected(ApiError("overloaded", f"All backends of the requested model are busy{waited}."))


class _Configured(Struct, frozen=True):
    backends: Backends
    since: float


class Fleet:
    """The backends of all models, by the model's id. A model of which nothing is said answers everyone at once."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}

    def get(self, model: str) -> Pool | None:
        """Who runs on a model; None: everyone may, and nobody is counted."""
        return self._pools.get(model)

    def configure(self, model: str, backends: Backends | None, now: float) -> None:
        """Give a model these backends from now on; None: as if nothing had been said of it."""
        pool = self._pools.get(model)
        if pool is not None:
            pool.configure(backends or Backends(), now)
        elif backends is not None:
            self._pools[model] = Pool(backends, now)
        if backends is None:
            self._pools.pop(model, None)

    def lists(self, model: str) -> bool:
        """Whether the model belongs into the lists of models."""
        pool = self._pools.get(model)
        return pool is None or pool.backends.listed

    def snapshot(self) -> dict[str, Any]:
        """What is configured, in types that JSON has. Who runs and who waits is not part of it."""
        configured = {model: _Configured(pool.backends, pool.since) for model, pool in self._pools.items()}
        data: dict[str, Any] = json.decode(json.encode(configured))
        return data

    @classmethod
    def restore(cls, data: Mapping[str, Any]) -> "Fleet":
        """The fleet of a snapshot. Raises `msgspec.ValidationError` for data that are none."""
        fleet = cls()
        configured = convert(data, dict[str, _Configured])
        fleet._pools = {model: Pool(each.backends, each.since) for model, each in configured.items()}
        return fleet
