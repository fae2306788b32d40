"""A store in Redis, which any number of workers share.

A worker decides on the state as it last knew it, and sends what it wants to change together with the tokens of what it
has decided on. If nobody has committed meanwhile, this was all: one round trip. Otherwise the answer has the state as
it is, on which is decided again. Turns that come while one is committed wait, and are then committed together.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import count
from typing import Any, TypeVar

from emulator.core.clock import VirtualClock
from emulator.core.errors import ApiError, Rejected
from emulator.core.seeds import Seed
from emulator.inferences.journal import Journal
from emulator.store import Decide
from emulator.store.redis.line import Line, Waiting
from emulator.store.redis.link import Lost
from emulator.store.redis.names import SHARED, Names, name_of, shown, split_url
from emulator.store.redis.scripts import ALL, BEGIN, COMMIT, EVICT, FORGET, RESTORE, Script
from emulator.store.redis.session import Session, Sessions
from emulator.store.redis.workers import Workers
from emulator.store.saved import decoded, decoded_shared, encoded, saved, states_of
from emulator.store.saved import key_state as restored_state
from emulator.store.state import MAX_REQUESTS, KeyState, SharedState
from emulator.store.states import MAX_KEYS, no_room

T = TypeVar("T")
FORMAT = b"1"
"""The version of what is stored. Another one is not read."""
_PATIENCE = 2
"""Attempts at a turn before others have to wait."""
_KNOWN = 2000
"""Keys whose state a worker remembers, so that it need not ask for it."""
_BATCH = 100
_PAUSE = 1.0

log = logging.getLogger("emulator")


class RedisStore:
    """The store at `url`, such as redis://127.0.0.1:6379/0?prefix=akml.

    `scenario` is the name of the scenario that is active at first, if nobody has used the store before.
    """

    def __init__(self, url: str, scenario: str | None = None) -> None:
        self.inferences = Journal()
        self.url, prefix = split_url(url)
        self.names = Names(prefix)
        self.worker = Seed.unpredictable().hex(16)
        self.workers = Workers(self.worker, self.names, self.take, self.run, self._call, lambda: self._now())
        self._scenario = scenario
        self._most = MAX_KEYS
        self._now: Callable[[], float] = lambda: 0.0
        self._searched: float | None = None
        self._numbers = count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shared = self._shared_line()
        self._lines: OrderedDict[str, Line[KeyState]] = OrderedDict()
        self._busy = 0
        self.sessions = Sessions(self.url, self.names.events, self._heard, self._begin, self.workers.beat)

    def remember(self, most: int, clock: VirtualClock) -> None:
        """Remember at most so many keys. What a key holds depends on the time of `clock`."""
        self._most, self._now = most, clock.now
        clock.elsewhere = self.settled

    # ------------------------------------------------------------------------------------------ turns

    async def turn(self, key: str, decide: Decide[T]) -> T:
        """Call `decide` with the state of a key and the shared state."""
        decision: T = await self.take(name_of(key), decide)
        return decision

    async def shared_turn(self, decide: Callable[[SharedState], T]) -> T:
        """Call `decide` with the shared state."""
        decision: T = await self.take(SHARED, lambda shared, _: decide(shared))
        return decision

    async def surely(self, turn: Callable[[], Awaitable[object]]) -> None:
        """Take a turn that has no effect a second time: now, or as soon as Redis is reached again."""
        try:
            await turn()
        except Rejected:
            self.workers.owe(turn)

    async def take(self, name: str, decide: Callable[[Any, Any], Any]) -> Any:
        """Take a turn at the state of a name. Raises `Rejected` with a 503 if Redis is not reached."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._shared, self._busy = loop, self._shared_line(), 0
            self._lines.clear()
        line = self._shared if name == SHARED else self._line(name)
        decision = loop.create_future()
        line.waiting.append(Waiting(decide, decision))
        if line.task is None:
            self._busy += 1
            line.task = loop.create_task(self._work(line))
        return await decision

    async def _work(self, line: Line[Any]) -> None:
        try:
            while line.waiting:
                waiting, line.waiting = line.waiting, []
                try:
                    await self._together(line, waiting)
                except Exception as error:
                    wrong = self._unreachable(error) if isinstance(error, Lost) else error
                    for each in waiting:
                        if not each.decision.done():
                            each.decision.set_exception(wrong)
        finally:
            line.task = None
            self._busy -= 1

    async def _together(self, line: Line[Any], waiting: list[Waiting]) -> None:
        """Decide these turns, one after the other, and commit them. Raises Lost, and Rejected if there is no room."""
        token = self._token()
        for attempt in count():
            asked = [each for each in waiting if not each.decision.done()]
            if not asked:
                return
            base, shared = line.token, self._shared.token
            state = line.taken() if line is not self._shared else decoded_shared(line.data)
            everyone = state if line is self._shared else self._shared.view()
            before = line.counts
            if line is not self._shared:
                state.seen = dict(before)
            outcomes = [_decided(each.decide, state, everyone) for each in asked]
            admitted, state.admitted = state.admitted, []
            counts: dict[str, int] = {}
            if line is not self._shared:
                counts = {digest: after for digest, after in state.seen.items() if before.get(digest, 0) != after}
                state.seen = {}
            data = encoded(state)
            changed = data != line.data
            told = await self._commit(line, base, shared, token, data if changed else b"", admitted, counts, attempt)
            if told[0] == 1:
                if changed:
                    line.committed(token, data, state)
                elif line is not self._shared:
                    line.committed(base, data, state)
                for digest, after in counts.items():
                    line.count(digest, after)
                for each, (decision, error) in zip(asked, outcomes, strict=True):
                    _tell(each.decision, decision, error)
                return
            if told[0] == 2:
                if not await self._make_room():
                    raise no_room(self._most)
                continue
            _, free, own_token, own, shared_token, everyones, *found = told
            line.learn(own_token, own)
            self._shared.learn(shared_token, everyones)
            for digest, known in zip(counts, found, strict=True):
                line.count(digest, int(known))
            if not free:
                await asyncio.sleep(0.002)

    async def _commit(
        self,
        line: Line[Any],
        base: bytes,
        shared: bytes,
        token: bytes,
        data: bytes,
        admitted: list[str],
        counts: dict[str, int],
        attempt: int,
    ) -> list[Any]:
        name, of = line.name, self.names.of
        keys = [
            of(name, "state"),
            of(SHARED, "state"),
            of(name, "seen"),
            of(name, "recent"),
            of(SHARED, "keys"),
            of(self.worker, "held"),
            of(name, "lock"),
        ]
        counted = name not in (SHARED, name_of(""))
        arguments = [
            base,
            shared,
            token,
            data,
            self.worker,
            name,
            self._most if counted else -1,
            "1" if self.worker.encode() in data else "",
            "1" if attempt >= _PATIENCE else "",
            self.names.events,
            f"wake {' '.join(admitted)}" if admitted else "",
            MAX_REQUESTS,
        ]
        for digest, after in counts.items():
            arguments += [digest, line.counts.get(digest, 0), after]
        told: list[Any] = await self.run(COMMIT, keys, *arguments)
        return told

    async def run(self, script: Script, keys: list[str], *arguments: Any) -> Any:
        """Return what a script returns; it is sent again once if the connection was lost. Raises Lost."""
        session = await self.sessions.get()
        try:
            return await session.link.run(script, keys, *arguments)
        except Lost:
            if session.alive:
                raise
        return await (await self.sessions.get()).link.run(script, keys, *arguments)

    def _line(self, name: str) -> Line[KeyState]:
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = Line(name, KeyState, decoded)
            if len(self._lines) > _KNOWN:
                idle = next((each for each in self._lines.values() if each.task is None and each is not line), None)
                if idle is not None:
                    del self._lines[idle.name]
        else:
            self._lines.move_to_end(name)
        return line

    def _shared_line(self) -> Line[SharedState]:
        return Line(SHARED, lambda: SharedState(self._scenario), decoded_shared)

    def _token(self) -> bytes:
        return f"{self.worker}-{next(self._numbers)}".encode()

    def _unreachable(self, lost: Lost) -> Rejected:
        return Rejected(ApiError("unavailable", f"The emulator's store, {shown(self.url)}, cannot be used: {lost}."))

    # ------------------------------------------------------------------------------------------ sessions

    async def _begin(self, session: Session) -> None:
        """Begin with what is stored, or store what this worker begins with. Raises Lost for another format."""
        first = encoded(SharedState(self._scenario))
        state = self.names.of(SHARED, "state")
        version, token, data = await session.link.run(BEGIN, [state], FORMAT, self._token(), first)
        if version != FORMAT:
            raise Lost(
                f"its state under the prefix {self.names.prefix} is of version {version.decode()}, but this emulator "
                f"needs {FORMAT.decode()}; name another prefix (?prefix=NAME), or delete that state"
            )
        if self._loop is asyncio.get_running_loop():
            self._shared.learn(token, data)

    async def check(self) -> None:
        """Connect, before a server starts. Raises Lost."""
        session = await self.sessions.get()
        await session.link.call("SET", self.names.of(self.worker, "check"), "", "PX", 1000)

    def _heard(self, message: bytes) -> None:
        kind, _, rest = message.partition(b" ")
        if kind == b"wake":
            self.workers.wake(rest.decode().split(" "))

    async def settled(self) -> None:
        """Return once nothing is under way here, and all is heard that others have told before."""
        session = self.sessions.current
        if session is None:
            return
        while True:
            while self._busy and session.alive:
                await asyncio.sleep(0)
            await session.subscription.caught_up()
            if not self._busy or not session.alive:
                return

    # ------------------------------------------------------------------------------------------ waiting for a slot

    def ticket(self) -> str:
        """Return a new text that identifies a request in flight; it begins with the worker that plays it."""
        return f"{self.worker}.{next(self._numbers)}"

    def on_slot(self, ticket: str, wake: Callable[[], object] | None) -> None:
        """Call `wake` once the waiting request gets a slot; None removes the callback."""
        self.workers.on_slot(ticket, wake)

    # ------------------------------------------------------------------------------------------ all of it

    async def forget(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Delete the state of one key, or of all keys; with `keep_scenario`, activated scenarios stay active."""
        self.inferences.clear(key)
        index = [self.names.of(SHARED, "keys")]
        if key is not None:
            gone = await self._sure(FORGET, index, self.names.prefix, "", name_of(key))
        else:
            await self._replace(lambda shared: SharedState(shared.scenario))
            gone = await self._sure(FORGET, index, self.names.prefix, "all", name_of(""))
        waiting = []
        for name, data in gone:
            state = decoded(data)
            waiting += state.waiting()
            if keep_scenario and state.scenario is not None:
                await self.take(name.decode(), partial(_activate, state.scenario))
        if waiting:  # what they waited for is forgotten, so that they run
            await self._tell_all(f"wake {' '.join(waiting)}")

    async def _replace(self, new: Callable[[SharedState], SharedState]) -> None:
        """Replace the shared state by one that is made from it."""

        def replace(shared: SharedState) -> None:
            made, version = new(shared), shared.terms_version + 1
            admitted = shared.waiting()
            for name in SharedState.__struct_fields__:
                setattr(shared, name, getattr(made, name))
            shared.terms_version, shared.admitted = version, admitted

        await self.shared_turn(replace)

    async def _tell_all(self, message: str) -> None:
        await self._call("PUBLISH", self.names.events, message)

    async def _call(self, *command: Any) -> Any:
        return await (await self.sessions.get()).link.call(*command)

    async def _sure(self, script: Script, keys: list[str], *arguments: Any) -> Any:
        try:
            return await self.run(script, keys, *arguments)
        except Lost as lost:
            raise self._unreachable(lost) from None

    async def snapshot(self) -> dict[str, Any]:
        """Return all state in types that JSON has, with fingerprints instead of API keys."""
        of = self.names.of
        keys = [of(SHARED, "state"), of(SHARED, "keys")]
        shared, *found = await self._sure(ALL, keys, self.names.prefix, name_of(""))
        states = {}
        for name, data, seen in found:
            if data is not None or seen:
                state = decoded(data) if data is not None else KeyState()
                state.seen = {digest.decode(): int(times) for digest, times in zip(seen[::2], seen[1::2], strict=True)}
                states[name.decode()] = saved(state)
        return {"shared": saved(decoded_shared(shared)), "keys": states}

    async def restore(self, data: Any) -> None:
        """Replace all state by that of a snapshot, without requests in flight. Raises `msgspec.ValidationError`."""
        shared, keys = states_of(data, self._most)
        await self.forget()
        for name, each in keys.items():
            state = restored_state(each).resumed()
            seen, state.seen = state.seen, {}
            counts = [part for digest, times in seen.items() for part in (digest, times)]
            index = [self.names.of(SHARED, "keys")]
            counted = "" if name == name_of("") else "1"
            await self._sure(RESTORE, index, self.names.prefix, name, counted, self._token(), encoded(state), *counts)
        await self._replace(lambda _: shared)

    async def _make_room(self) -> bool:
        """Forget keys that hold nothing, the least recently used first. Returns whether one was forgotten."""
        now = self._now()
        if self._searched is not None and abs(now - self._searched) < _PAUSE:
            return False
        of, link = self.names.of, (await self.sessions.get()).link
        for start in count(0, _BATCH):
            names = await link.call("ZRANGE", of(SHARED, "keys"), start, start + _BATCH - 1)
            for each in names:
                name = each.decode()
                token, data = await link.call("HMGET", of(name, "state"), "t", "s")
                if data is None or not decoded(data).holds(now):
                    keys = [of(name, "state"), of(name, "seen"), of(name, "recent"), of(SHARED, "keys")]
                    if await link.run(EVICT, keys, token or b"", name):
                        return True
            if len(names) < _BATCH:
                break
        self._searched = now
        return False

    # ------------------------------------------------------------------------------------------ what is not saved

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


def _decided(decide: Callable[[Any, Any], Any], state: Any, everyone: Any) -> tuple[Any, BaseException | None]:
    try:
        return decide(state, everyone), None
    except Exception as error:
        return None, error


def _tell(future: "asyncio.Future[Any]", decision: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(decision)
    else:
        future.set_exception(error)


def _activate(name: str, own: KeyState, shared: SharedState) -> None:
    if own.scenario is None:
        own.scenario = name
