"""Turns at states in Redis.

A worker decides on the state as it last knew it, and sends what it wants to change together with the tokens of what it
has decided on. If nobody has committed meanwhile, this was all: one round trip. Otherwise the answer has the state as
it is, on which is decided again. Turns that come while one is committed wait, and are then committed together.
"""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import msgspec

from emulator.core.clock import Tasks
from emulator.core.errors import ApiError
from emulator.core.seeds import Seed
from emulator.store import Away
from emulator.store.redis import ledgers
from emulator.store.redis.line import Counts, Line, Waiting
from emulator.store.redis.link import Lost
from emulator.store.redis.names import SHARED, Names, name_of, shown, split_url
from emulator.store.redis.scripts import BEGIN, COMMIT, Script
from emulator.store.redis.session import Session, Sessions
from emulator.store.saved import decoded, decoded_shared, encoded
from emulator.store.state import MAX_REQUESTS, KeyState, SharedState
from emulator.store.states import MAX_KEYS, no_room

FORMAT = b"4"
"""The version of what is stored. Another one is not read."""
_PATIENCE = 2
"""Attempts at a turn before others have to wait."""
_LOCKED = 0.002
"""Seconds until a turn is tried again at a key that is locked."""
_KNOWN = 2000
"""Keys whose state a worker remembers, so that it need not ask for it."""
_SETTLING = 1.0
"""Seconds to wait at most for turns that are asked for, if Redis is slow."""
_SETTLING_ROUNDS = 10
"""How often to wait for turns that these have led to."""
_LAPSED = (
    "it has heard nothing of this worker for so long that others have ended its requests, or what it had was deleted; "
    "try again"
)
Outcome: TypeAlias = tuple[Any, Exception | None]


class Turns:
    """Takes turns at the states of names. `scenario` is active at first, if nobody has used the store before."""

    def __init__(self, url: str, scenario: str | None) -> None:
        self.url, prefix = split_url(url)
        self.names = Names(prefix)
        self.turns: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()
        self._scenario = scenario
        self._most = MAX_KEYS
        self._numbers = count()
        self._worker = 0, ""
        self._leased = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shared: Line[SharedState] = Line(SHARED, lambda: SharedState(scenario), decoded_shared)
        self._lines: OrderedDict[str, Line[Any]] = OrderedDict()
        self._sessions = Sessions(self.url, self.names.events, self._hear, self._begin, self._beat, self._end)

    @property
    def worker(self) -> str:
        """The id of this worker. A process that was forked has another one."""
        process, worker = self._worker
        if process != os.getpid():
            worker = Seed.unpredictable().hex(16)
            self._worker = os.getpid(), worker
        return worker

    def _end_worker(self) -> str:
        """Be another worker from now on, since the others end what this one holds; return the id that it had."""
        ended, self._worker = self.worker, (0, "")
        return ended

    def lapsed(self, ticket: str) -> bool:
        """Whether the others have ended this request, because this worker had lost its lease."""
        return not ticket.startswith(f"{self.worker}.")

    async def lapse(self, worker: str) -> None:
        """Go on as another worker, since this one has no lease any more. Raises Lost."""
        if worker == self.worker:
            self._end_worker()
            gone = self._unreachable(Lost(_LAPSED))
            self._cut(gone.error)
            for line in (self._shared, *self._lines.values()):
                for each in line.waiting:
                    _tell(each.decision, None, gone)
            await self._begin(await self._sessions.get())

    def _hear(self, message: bytes) -> None:
        """Act on a message of a worker."""

    def _cut(self, error: ApiError) -> None:
        """Cut the answers that are being sent."""

    def _begun(self, origin: bytes) -> None:
        """Note with what record of the store this worker has begun."""

    async def _beat(self) -> None:
        """Do what is done at short intervals."""

    async def _end(self) -> None:
        """End what was started, before the event loop ends."""

    async def _refresh(self) -> None:
        """Do what has to be done before it is decided on a shared state that is new here."""

    async def _make_room(self) -> bool:
        """Make room for another key. Returns whether there is room."""
        return False

    # ------------------------------------------------------------------------------------------ asking Redis

    async def run(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Return what a script returns; it is sent again once if the connection was lost. Raises Lost."""
        session = await self._sessions.get()
        try:
            return await session.link.run(script, keys, *arguments)
        except Lost:
            if session.alive:
                raise
        try:
            return await (await self._sessions.get()).link.run(script, keys, *arguments)
        except Lost as lost:
            lost.unsure = True
            raise

    async def call(self, *command: Any) -> Any:
        """Return the answer to a command. Raises Lost."""
        return await (await self._sessions.get()).link.call(*command)

    async def tell(self, message: str) -> int:
        """Tell all workers, this one included, and return how many have heard it. Raises Lost."""
        heard: int = await self.call("PUBLISH", self.names.events, message)
        return heard

    async def sure(self, asked: Awaitable[Any]) -> Any:
        """Return the result of one of these. Raises Away instead of Lost."""
        try:
            return await asked
        except Lost as lost:
            raise self._unreachable(lost) from None

    def _unreachable(self, lost: Lost) -> Away:
        error = ApiError("unavailable", f"The emulator's store, {shown(self.url)}, cannot be used: {lost}.")
        return Away(error, unsure=lost.unsure)

    async def _begin(self, session: Session) -> None:
        """Begin with what is stored, or store what this worker begins with. Raises Lost for another format."""
        state, first = self.names.of(SHARED, "state"), encoded(SharedState(self._scenario))
        keys = [state, self.names.of(SHARED, "leases"), self.names.of(SHARED, "counters")]
        worker = self.worker
        new = worker if worker != self._leased else ""
        version, token, data, origin = await session.link.run(BEGIN, keys, FORMAT, self._token(), first, new)
        if version != FORMAT:
            raise Lost(
                f"its state under the prefix {self.names.prefix} is of version {version.decode()}, but this emulator "
                f"needs {FORMAT.decode()}; name another prefix (?prefix=NAME), or delete that state"
            )
        self._leased = worker
        self._shared.learn(token, data)
        self._begun(origin)

    async def settled(self, tasks: Tasks) -> None:
        """Return once the turns are over that these tasks ask for, and all is heard that others have told before."""
        loop = asyncio.get_running_loop()
        for _ in range(_SETTLING_ROUNDS):
            if self._loop is not loop:
                return
            if asked := self._asked_for(tasks):
                await asyncio.wait(asked, timeout=_SETTLING)
            session = self._sessions.current
            if session is not None:
                await session.subscription.caught_up()
            if not self._asked_for(tasks):
                return

    def _asked_for(self, tasks: Tasks) -> "list[asyncio.Future[Any]]":
        """What is not decided yet of what these tasks ask for."""
        lines = (self._shared, *self._lines.values())
        turns = (each for line in lines for each in (*line.deciding, *line.waiting))
        return [each.decision for each in turns if each.task in tasks and not each.decision.done()]

    # ------------------------------------------------------------------------------------------ turns

    async def take(self, name: str, decide: Callable[[Any, Any], Any]) -> Any:
        """Take a turn at the state of a name. Raises Away if Redis is not reached."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._shared = Line(SHARED, lambda: SharedState(self._scenario), decoded_shared)
            self._lines.clear()
        line: Line[Any] = self._shared if name == SHARED else self._line(name)
        decision = loop.create_future()
        line.waiting.append(Waiting(decide, decision, asyncio.current_task(loop)))
        if line.task is None:
            line.task = loop.create_task(self._work(line))
        return await decision

    async def _work(self, line: Line[Any]) -> None:
        """Take the turns that wait for a state, until there are no more."""
        try:
            while line.waiting:
                waiting = line.deciding = line.waiting
                line.waiting = []
                try:
                    await self._together(line, waiting)
                except Exception as error:
                    wrong = self._unreachable(error) if isinstance(error, Lost) else error
                    for each in waiting:
                        if not each.decision.done():
                            each.decision.set_exception(wrong)
        finally:
            line.task, line.deciding = None, []

    async def _together(self, line: Line[Any], waiting: list[Waiting]) -> None:
        """Decide these turns, one after the other, and commit them. Raises Lost, and Rejected if there is no room."""
        token, worker = self._token(), self.worker
        for attempt in count():
            await self._refresh()
            asked = [each for each in waiting if not each.decision.done()]
            if not asked:
                return
            base, shared = line.token, self._shared.token
            state, everyone = self._states(line)
            before = ledgers.carried(state) if line is not self._shared else {}
            outcomes = [_decided(each, state, everyone) for each in asked]
            admitted, state.admitted = state.admitted, []
            counts: dict[str, int] = {}
            appended = b""
            if line is not self._shared:
                counts, state.seen = state.seen.changed, {}
                if added := ledgers.taken(state, before):
                    appended = msgspec.json.encode(added)
            data = encoded(state)
            if data == line.data:
                data = b""
            new = token + b"@%d" % line.revision if line.revision else token
            told = await self.run(
                COMMIT, *self._asked(line, worker, base, shared, new, data, admitted, appended, counts, attempt)
            )
            if told[0] == 1:
                line.commit(new, data, state, counts)
                number = next(self._numbers)
                for each, outcome in zip(asked, outcomes, strict=True):
                    if each.task is not None:
                        self.turns[each.task] = number
                    _tell(each.decision, *outcome)
                return
            if told[0] == 3:
                await self.lapse(worker)
                raise Lost(_LAPSED)
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
                await asyncio.sleep(_LOCKED)

    def _states(self, line: Line[Any]) -> tuple[Any, Any]:
        """The state for a turn that may change it, and the shared state."""
        if line is self._shared:
            state = decoded_shared(line.data)
            return state, state
        state = line.take()
        state.seen = Counts(line.counts)
        return state, self._shared.view()

    def _asked(
        self,
        line: Line[Any],
        worker: str,
        base: bytes,
        shared: bytes,
        token: bytes,
        data: bytes,
        admitted: Sequence[str],
        appended: bytes,
        counts: Mapping[str, int],
        attempt: int,
    ) -> tuple[Any, ...]:
        """The keys and arguments of a commit (see `COMMIT`)."""
        name, of = line.name, self.names.of
        keys = [
            of(name, "state"),
            of(SHARED, "state"),
            of(name, "seen"),
            of(name, "recent"),
            of(SHARED, "keys"),
            of(worker, "held"),
            of(name, "lock"),
            of(name, "last"),
            of(name, "ledgers"),
            of(SHARED, "leases"),
        ]
        most = -1 if name in (SHARED, name_of("")) else self._most
        held = "1" if worker.encode() in data else ""
        lock = "1" if attempt >= _PATIENCE else ""
        wake = f"wake {' '.join(admitted)}" if admitted else ""
        numbers = [(digest, line.counts.get(digest, 0), after) for digest, after in counts.items()]
        first = (base, shared, token, data, worker, name, most, held, lock, self.names.events, wake, MAX_REQUESTS)
        return keys, *first, appended, *ledgers.LIMITS, *(part for number in numbers for part in number)

    def _line(self, name: str) -> Line[Any]:
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

    def _token(self) -> bytes:
        return f"{self.worker}-{next(self._numbers)}".encode()


def _decided(waiting: Waiting, state: Any, everyone: Any) -> Outcome:
    try:
        return waiting.decide(state, everyone), None
    except Exception as error:
        return None, error


def _tell(future: "asyncio.Future[Any]", decision: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(decision)
    else:
        future.set_exception(error)
