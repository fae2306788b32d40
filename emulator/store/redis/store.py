"""A store in Redis, which any number of workers share. `turns` has how a turn is taken."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any, TypeVar

import msgspec

from emulator.account.ledger import Ledger
from emulator.core.clock import VirtualClock
from emulator.core.errors import ApiError, Rejected
from emulator.core.vocabulary import Usage
from emulator.inferences.journal import Journal
from emulator.scenario.library import Library
from emulator.store import Away, Decide
from emulator.store.redis import ledgers
from emulator.store.redis.asking import Questions
from emulator.store.redis.clock import SharedClock
from emulator.store.redis.journal import SharedJournal
from emulator.store.redis.link import Lost
from emulator.store.redis.names import SHARED, name_of
from emulator.store.redis.scenarios import Scenarios
from emulator.store.redis.scripts import ALIVE, ALL, EVICT, FORGET, RESTORE, SHARE
from emulator.store.redis.session import Session
from emulator.store.redis.turns import Turns
from emulator.store.redis.workers import EXPIRED, Workers
from emulator.store.saved import decoded, decoded_shared, encoded, key_state, saved, states_of
from emulator.store.state import KeyState, SharedState

T = TypeVar("T")
_BATCH = 100
"""Keys that are looked at together for one that can be forgotten."""
_PAUSE = 1.0
"""Seconds after which keys that held something are looked at again."""

log = logging.getLogger("emulator")


class RedisStore(Turns):
    """The store at `url`, such as redis://127.0.0.1:6379/0?prefix=akml.

    `scenario` is the name of the scenario that is active at first, if nobody has used the store before.
    """

    def __init__(self, url: str, scenario: str | None = None) -> None:
        super().__init__(url, scenario)
        self._journal = SharedJournal(self)
        self.inferences: Journal = self._journal
        self._workers = Workers(self)
        self._clock: VirtualClock | None = None
        self._scenarios: Scenarios | None = None
        self._searched: float | None = None
        self._questions = Questions(self, self._answers())
        self._tasks: set[asyncio.Task[Any]] = set()

    def remember(self, most: int, clock: VirtualClock, library: Library) -> None:
        """Remember at most so many keys, share the clock, and put the scenarios of others into the library."""
        self._most, self._clock, self._scenarios = most, clock, Scenarios(library)
        clock.elsewhere = self.settled
        if isinstance(clock, SharedClock):
            clock.join(self)

    def now(self) -> float:
        """The time, in Unix seconds."""
        return 0.0 if self._clock is None else self._clock.now()

    # ------------------------------------------------------------------------------------------ turns

    async def turn(self, key: str, decide: Decide[T]) -> T:
        """Call `decide` with the state of a key and the shared state."""
        decision: T = await self.take(name_of(key), decide)
        return decision

    async def ledger(self, key: str, account: str) -> Ledger:
        """The ledger of an account of a key."""
        name = self.names.of(name_of(key), f"ledgers:{account}")
        return ledgers.ledger(await self.sure(self.call("LRANGE", name, 0, -1)))

    async def shared_turn(self, decide: Callable[[SharedState], T]) -> T:
        """Call `decide` with the shared state."""
        decision: T = await self.take(SHARED, lambda shared, _: decide(shared))
        return decision

    async def surely(self, turn: Callable[[], Awaitable[object]]) -> None:
        """Take a turn that has no effect a second time: now, or as soon as Redis is reached again."""
        try:
            await turn()
        except Away:
            self._workers.owe(turn)

    def ticket(self) -> str:
        """Return a new text that identifies a request in flight; it begins with the worker that plays it."""
        return f"{self.worker}.{next(self._numbers)}"

    def on_slot(self, ticket: str, wake: Callable[[], object] | None) -> None:
        """Call `wake` once the waiting request gets a slot; None removes the callback."""
        self._workers.on_slot(ticket, wake)

    def meter(self, ticket: str, used: Callable[[], Usage | None], cut: Callable[[ApiError], None]) -> None:
        """Charge what `used` returns, as of the last beat, if this process dies before the request has ended."""
        self._workers.meter(ticket, used, cut)

    def _cut(self, error: ApiError) -> None:
        self._workers.cut_all(error)

    # ------------------------------------------------------------------------------------------ other workers

    async def join(self) -> None:
        """Join the other workers as soon as the server has started, and not with its first request."""
        await self.sure(self.ask("look"))

    async def _begin(self, session: Session) -> None:
        await super()._begin(session)
        self._workers.wake_all()  # some may have been told in the meantime that they have a slot
        if isinstance(self._clock, SharedClock):
            self._start(self._clock.meet)

    def _begun(self, origin: bytes) -> None:
        self._journal.go_on_from(origin)

    async def _beat(self) -> None:
        try:
            await self._workers.beat()
        except (Lost, Rejected):
            return self._workers.wake_all()
        return self._journal.ended.go_on()

    async def _end(self) -> None:
        """Store what has not been stored yet, and tell the others that this worker is gone. Raises Lost.

        An event loop that ends cancels its tasks first, those that read from a connection among them: this has another.
        """
        try:
            if self._sessions.current is not None:
                await self._sessions.get()
                if self._journal.counts:
                    await self._count("")
        finally:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, self._journal.stop(), return_exceptions=True)
        session = self._sessions.current
        if session is not None and self._sessions.is_last:
            worker = self._end_worker()
            await session.link.call("SADD", self.names.of(SHARED, "gone"), worker)
            await session.link.call("ZREM", self.names.of(SHARED, "leases"), worker)

    def _hear(self, message: bytes) -> None:
        kind, _, rest = message.decode().partition(" ")
        match kind:
            case "wake":
                self._workers.wake(rest.split(" "))
            case "ask":
                self._start(partial(self._questions.answer, rest))
            case "answer":
                self._questions.hear(rest)
            case "follow":
                self._journal.at_work.tell()
            case "runs":
                self._journal.hear(rest)
            case "clock" if isinstance(self._clock, SharedClock):
                self._clock.follow(rest)

    async def ask(self, kind: str, about: str = "") -> list[str]:
        """Return what all workers answer. Raises Lost."""
        return await self._questions.ask(kind, about)

    def _answers(self) -> dict[str, Callable[[str], Awaitable[str]]]:
        own = self._journal
        return {
            "step": self._step,
            "look": self._look,
            "append": own.append,
            "erase": own.erase_here,
            "count": self._count,
            "replay": own.replay_for,
        }

    async def _step(self, moment: str) -> str:
        return await self._clock.step(moment) if isinstance(self._clock, SharedClock) else ""

    async def _look(self, _: str) -> str:
        await self.take(SHARED, lambda shared, _: None)
        return ""

    async def alive(self) -> set[str]:
        """The workers that are alive, this one included. Raises Lost."""
        found = await self.run(ALIVE, [self.names.of(SHARED, "leases")], EXPIRED)
        return {self.worker, *(each.decode() for each in found)}

    def _start(self, work: Callable[[], Awaitable[Any]]) -> None:
        async def quietly() -> None:
            try:
                await work()
            except Lost as lost:
                log.warning("The store cannot be used: %s", lost)
            except Rejected as rejected:
                log.warning("%s", rejected)

        task = asyncio.ensure_future(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def metrics(self) -> tuple[Mapping[str, float], int, int]:
        """What all workers have counted since the first call, and how many requests run and wait for a slot."""
        told = [each.partition(" ") for each in await self.sure(self.ask("count"))]
        running, waiting = sum(int(each[0]) for each in told), sum(int(each[2]) for each in told)
        found = await self.sure(self.call("HGETALL", self.names.of(SHARED, "metrics")))
        samples = zip(found[::2], found[1::2], strict=True)
        return {name.decode(): float(count) for name, count in samples}, running, waiting

    async def _count(self, _: str) -> str:
        """Add what was counted here to what all have counted; the counts of a worker that is gone stay."""
        for sample, more in self._journal.metrics().take().items():
            await self.call("HINCRBYFLOAT", self.names.of(SHARED, "metrics"), sample, more)
        return f"{self._journal.metrics().running} {self._workers.waiting}"

    @property
    def running(self) -> int:
        """How many inferences run here, or wait."""
        return len(self._journal.at_work.here)

    # ------------------------------------------------------------------------------------------ scenarios

    async def share(self, name: str, text: str | None) -> None:
        """Put a scenario for all workers, from YAML; None removes it. It was put into the library of this one."""
        keys = [self.names.of(SHARED, "state"), self.names.of(SHARED, "scenarios")]
        await self.sure(self.run(SHARE, keys, self._token(), name, text or ""))
        await self.sure(self.ask("look"))

    async def _refresh(self) -> None:
        """Put scenarios into the library that are newer than what it has."""
        revision = self._shared.revision
        if self._scenarios is not None and revision != self._scenarios.revision:
            self._scenarios.put(await self.call("HGETALL", self.names.of(SHARED, "scenarios")), revision)

    # ------------------------------------------------------------------------------------------ all of it

    async def forget(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Delete the state of one key, or of all keys; with `keep_scenario`, activated scenarios stay active."""
        await self._journal.erase(key)
        index = [self.names.of(SHARED, "keys")]
        if key is not None:
            asked = "", name_of(key)
        else:
            await self._replace(lambda own: SharedState(own.scenario, terms_version=own.terms_version + 1))
            asked = "all", name_of("")
        gone = await self.sure(self.run(FORGET, index, self.names.prefix, *asked))
        waiting = list[str]()
        for name, data in gone:
            state = decoded(data)
            waiting += state.waiting()
            if keep_scenario and state.scenario is not None:
                await self.take(name.decode(), partial(_activate, state.scenario))
        if waiting:  # what they waited for is forgotten, so that they run
            await self.sure(self.tell(f"wake {' '.join(waiting)}"))

    async def _replace(self, new: Callable[[SharedState], SharedState]) -> None:
        """Replace the shared state by one that is made from it."""

        def replace(shared: SharedState) -> None:
            made, waiting = new(shared), shared.waiting()
            for name in SharedState.__struct_fields__:
                setattr(shared, name, getattr(made, name))
            shared.admitted = waiting

        await self.shared_turn(replace)

    async def snapshot(self) -> dict[str, Any]:
        """Return all state in types that JSON has, with fingerprints instead of API keys."""
        keys = [self.names.of(SHARED, "state"), self.names.of(SHARED, "keys")]
        shared, *found = await self.sure(self.run(ALL, keys, self.names.prefix, name_of("")))
        states = {}
        for name, data, seen, lists in found:
            if data is not None or seen:
                state = decoded(data) if data is not None else KeyState()
                accounts = map(bytes.decode, lists[::2])
                ledgers.put_back(state, dict(zip(accounts, lists[1::2], strict=True)))
                state.seen = {digest.decode(): int(times) for digest, times in zip(seen[::2], seen[1::2], strict=True)}
                states[name.decode()] = saved(state)
        return {"shared": saved(decoded_shared(shared)), "keys": states}

    async def restore(self, data: Any) -> None:
        """Replace all state by that of a snapshot, without requests in flight. Raises `msgspec.ValidationError`."""
        shared, keys = states_of(data, self._most)
        await self.forget()
        index = [self.names.of(SHARED, "keys")]
        for name, each in keys.items():
            state = key_state(each).resumed()
            seen, state.seen = state.seen, {}
            counts = [part for digest, times in seen.items() for part in (digest, times)]
            appended = msgspec.json.encode(ledgers.taken(state, {}))
            asked = self.names.prefix, name, "" if name == name_of("") else "1", self._token(), encoded(state)
            await self.sure(self.run(RESTORE, index, *asked, appended, *ledgers.LIMITS, *counts))
        await self._replace(lambda _: shared)

    async def _make_room(self) -> bool:
        """Forget a key that holds nothing, the least recently used first. Returns whether one was forgotten."""
        now, of = self.now(), self.names.of
        if self._searched is not None and abs(now - self._searched) < _PAUSE:
            return False
        for start in count(0, _BATCH):
            names = await self.call("ZRANGE", of(SHARED, "keys"), start, start + _BATCH - 1)
            for name in map(bytes.decode, names):
                token, data = await self.call("HMGET", of(name, "state"), "t", "s")
                if data is not None and decoded(data).holds(now):
                    continue
                if await self.run(EVICT, [of(SHARED, "keys")], token or b"", name, self.names.prefix):
                    return True
            if len(names) < _BATCH:
                break
        self._searched = now
        return False

    # ------------------------------------------------------------------------------------------ for files

    @property
    def replaced(self) -> bool:
        """False: Redis itself saves the state."""
        return False

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """Nothing: Redis itself saves the state."""
        return iter(())

    def shared(self) -> bytes:
        """The shared state as this worker last knew it."""
        return self._shared.data


def _activate(name: str, own: KeyState, shared: SharedState) -> None:
    if own.scenario is None:
        own.scenario = name
