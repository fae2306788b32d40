"""A server on a free port, for tests that use a real socket, and isolated sessions on it."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from emulator.account.terms import Terms
from emulator.core.seeds import Seed
from emulator.inferences import Inference
from emulator.scenario.types import Scenario
from emulator.testing.building import Playable, chosen, find_scenario, over, slug
from emulator.testing.in_process import InProcess
from emulator.testing.interface import EmulatorInterface, EmulatorWithEngine
from emulator.web.app import create_app
from emulator.web.doors import Access
from emulator.wire.server import Background

HOST = "127.0.0.1"
T = TypeVar("T")


class ServerClock:
    """The clock of a running server, which any thread may read and set."""

    def __init__(self, emulator: "Emulator") -> None:
        self._emulator = emulator
        self._clock = emulator.engine.clock

    @property
    def rate(self) -> float:
        """Emulated seconds per real second; 0 when frozen."""
        return self._clock.rate

    def now(self) -> float:
        """Return the time, in Unix seconds."""
        return self._clock.now()

    def freeze(self) -> None:
        """Stop the clock at its current time."""
        self._emulator._call(self._clock.freeze)

    def run(self, rate: float | str = 1.0) -> None:
        """Run the clock at `rate` emulated seconds per real second, as a number or as in "x60".

        Raises ValueError for a negative rate, and for a text that is no rate.
        """
        self._emulator._call(lambda: self._clock.run(rate))

    def set(self, moment: float | str | datetime) -> None:
        """Set the clock to `moment`, in Unix seconds, as a datetime, or as in "2026-01-01".

        Pending waits keep their remaining duration. Raises ValueError for a text that is no moment.
        """
        to = moment.timestamp() if isinstance(moment, datetime) else moment
        self._emulator._call(lambda: self._clock.set(to))

    def advance(self, seconds: float | str) -> None:
        """Advance the clock by `seconds`, or as in "60s", and return when all that became due has been sent, in order.

        Raises ValueError for a negative number of seconds or a text that is no duration, and RuntimeError before the
        server runs.
        """
        self._emulator._wait_for(lambda: self._clock.advance(seconds))


class Emulator(EmulatorWithEngine):
    """A server on a free port of 127.0.0.1, which runs inside the `with` block.

    `scenario` answers every key that does not name another one: the name of a shipped scenario, a file, YAML, a
    mapping, or a list of rules. Without a scenario, `reply` is a text that answers every request, or `error` an error:
    a status such as 429, or a kind such as "overloaded", with `retry_after` in seconds or as "2s". `account` sets the
    credits and limits of each key, and `clock` how time passes; both are written as in a scenario, and override the
    scenario's own. A clock may also be a `VirtualClock`; the default is the machine's time. `models` maps model ids to
    fields that are added to the catalogue or override it. Every other keyword is one of the `settings` that `akashml-
    emulator settings` lists.

    Raises ScenarioError for mistakes in a scenario, an account or a clock, LookupError for an unknown scenario,
    CatalogError for mistakes in models, and SettingsError for an unknown setting or an invalid value.

    `reset`, `inferences`, `verify` and `verdict` cover all requests to the server, with any key.

        with Emulator(scenario="rate-limited-then-recovers") as akash:
            client = openai.OpenAI(base_url=akash.openai_base_url, api_key=akash.key)
    """

    in_process: ClassVar[type[InProcess]] = InProcess
    """An emulator without a socket or a thread, with the same keywords: an ASGI app, and an httpx client for it."""
    _server: Background | None = None
    _url = ""

    @property
    def clock(self) -> ServerClock:
        """The clock of the server."""
        return ServerClock(self)

    def __enter__(self) -> Self:
        access = Access.on([HOST], self.engine.settings)
        self._server = Background(create_app(self.engine, access), HOST, 0, self.engine.settings)
        host, port = self._server.start()
        self._url = f"http://{host}:{port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def url(self) -> str:
        """The base URL of the server, without a path; empty until it runs."""
        return self._url

    def session(
        self,
        name: str,
        *,
        scenario: Playable | None = None,
        reply: str | None = None,
        error: int | str | None = None,
        retry_after: str | float | None = None,
        account: Mapping[str, Any] | None = None,
    ) -> "Session":
        """Return a session: an API key with its own scenario, account and record.

        A session with the `name` of an earlier one replaces it. `scenario`, `reply`, `error`, `retry_after` and
        `account` are those of `Emulator`. Raises ScenarioError for mistakes, LookupError for an unknown scenario,
        SettingsError for an unknown error, and ValueError for a scenario with a clock.
        """
        return Session(self, name, chosen(scenario, reply, error, retry_after), account)

    def _sets_the_clock(self, scenario: Playable | None) -> bool:
        """Whether a scenario sets the clock, which a session must not do. Raises as `session` does."""
        return scenario is not None and find_scenario(scenario, self.engine.library).clock is not None

    def _run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return super()._run(make) if self._server is None else self._wait_for(make)

    def _wait_for(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine that may wait, and return its result. Raises RuntimeError before the server runs."""
        if self._server is None:
            raise RuntimeError("the emulator is not running: use it inside its `with` block")
        return self._server.run(make())


class Session(EmulatorInterface):
    """An API key of a server, with its own scenario, account and record. `Emulator.session` returns one.

    Leaving its `with` block deletes them.
    """

    clock: ServerClock
    """The clock of the server, which all its sessions share."""

    def __init__(
        self, emulator: Emulator, name: str, scenario: Playable | Scenario | None, account: Mapping[str, Any] | None
    ) -> None:
        self._emulator = emulator
        engine = emulator.engine
        key = f"akml-test--{slug(name)}-{Seed.of('session', name).hex(8)}"
        super().__init__(engine, key, key, over(account, None, engine.catalog))
        self.clock = emulator.clock
        self._terms: Terms | None = self._over.get("account")
        self._run(lambda: engine.store.forget(key))
        self._before = engine.store.inferences.newest
        self._activate(scenario)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._run(self._forget)

    @property
    def url(self) -> str:
        """The base URL of the server, without a path."""
        return self._emulator.url

    def _strays(self) -> list[Inference]:
        own = {each.number for each in self.inferences}
        return [each for each in self._emulator.inferences if each.number > self._before and each.number not in own]

    def _adapted(self, found: Scenario) -> Scenario:
        if found.clock is not None:
            raise ValueError(
                f"the scenario '{found.name}' sets the clock, which all sessions of a server share: "
                "let it play on an Emulator of its own"
            )
        return super()._adapted(found)

    async def _play(self, found: Scenario | None) -> None:
        await super()._play(found)
        await self._open()

    async def _begin(self) -> None:
        await super()._begin()
        await self._open()

    async def _open(self) -> None:
        """Open the account, since without a scenario nothing else defines the account of the key."""
        if self._terms is not None:
            await self.engine.open_account(self.key, self._terms)

    async def _forget(self) -> None:
        await self.engine.store.forget(self.key)
        for name in self._added:
            self.engine.library.remove(name)

    def _run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self._emulator._run(make)
