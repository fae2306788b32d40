"""A server on a free port, for tests that ask it over a real socket, and namespaces of their own on it."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from emulator.account.terms import Terms
from emulator.core.seeds import Seed
from emulator.scenario.types import Scenario
from emulator.store.memory import at_once
from emulator.testing.building import Playable, Time, build_engine, find_scenario, over, slug
from emulator.testing.interface import EmulatorInterface
from emulator.web.app import create_app
from emulator.wire.server import Background

if TYPE_CHECKING:
    from emulator.testing.in_process import InProcess

T = TypeVar("T")


class ServerClock:
    """The clock of a running server, for other threads. Times are in Unix seconds, durations in seconds."""

    def __init__(self, emulator: "Emulator") -> None:
        self._emulator = emulator
        self._clock = emulator.engine.clock

    @property
    def rate(self) -> float:
        """Emulated seconds per real second; 0 when frozen."""
        return self._clock.rate

    def now(self) -> float:
        """The time."""
        return self._clock.now()

    def freeze(self) -> None:
        """Let the time stand still where it is."""
        self._emulator.in_loop(self._clock.freeze)

    def run(self, rate: float = 1.0) -> None:
        """Let the time pass, `rate` emulated seconds a real second. Raises ValueError for a negative rate."""
        self._emulator.in_loop(lambda: self._clock.run(rate))

    def set(self, moment: float | datetime) -> None:
        """Make it `moment`. What waits keeps waiting for as long as it would have."""
        to = moment.timestamp() if isinstance(moment, datetime) else moment
        self._emulator.in_loop(lambda: self._clock.set(to))

    def advance(self, seconds: float) -> None:
        """Move the time forward; returns when everything that falls due on the way was sent, in its order.

        Raises ValueError for a negative number of seconds.
        """
        self._emulator.run(lambda: self._clock.advance(seconds))


class Emulator(EmulatorInterface):
    """A running emulator, from `with` to the end of its block: a real socket on a free port of 127.0.0.1.

    `scenario` is what plays, for every key that names no other: the name of one that is shipped, a file, YAML, or a
    mapping or list of objects. `account` is what each key has and may do, and `clock` how the time passes, each as a
    scenario writes it, before what a scenario says (a clock may also be a `VirtualClock`; without one it is the
    machine's time). `models` adds to and overrides the catalogue; every other keyword is a field of `Settings`.

    Here and in `Session`, `reset`, `inferences` and `verify` are about everything that came to the server.

        with Emulator(scenario="rate-limited-then-recovers") as akash:
            client = openai.OpenAI(base_url=akash.openai_base_url, api_key=akash.key)
    """

    def __init__(
        self,
        *,
        scenario: Playable | None = None,
        account: Mapping[str, Any] | None = None,
        clock: Time | None = None,
        models: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        engine = build_engine(account, clock, models, settings)
        key = engine.settings.keys[0] if engine.settings.keys else "akml-test"
        super().__init__(engine, key, None, over(account, clock, engine.catalog))
        self._server: Background | None = None
        self._url = ""
        self.clock = ServerClock(self)
        if scenario is not None:
            self.scenario(scenario)

    @staticmethod
    def in_process(
        *,
        scenario: Playable | None = None,
        account: Mapping[str, Any] | None = None,
        clock: Time | None = None,
        models: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> "InProcess":
        """An emulator without socket and thread: an ASGI app, and a client of httpx that asks it in process."""
        from emulator.testing.in_process import InProcess  # noqa: PLC0415 (a server has no need of it)

        return InProcess(scenario=scenario, account=account, clock=clock, models=models, **settings)

    def __enter__(self) -> Self:
        self._server = Background(create_app(self.engine), "127.0.0.1", 0)
        host, port = self._server.start()
        self._url = f"http://{host}:{port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def url(self) -> str:
        """Where the emulator is, without a path; empty before it was started."""
        return self._url

    def session(
        self, name: str, *, scenario: Playable | None = None, account: Mapping[str, Any] | None = None
    ) -> "Session":
        """A namespace of its own on this server. The same name is the same namespace, which begins anew.

        Raises ScenarioError for mistakes, LookupError for an unknown scenario, and ValueError for one with a clock.
        """
        return Session(self, name, scenario, account)

    def sets_the_clock(self, scenario: Playable | None) -> bool:
        """Whether a scenario says what time it is, so that no session can play it. Raises as `session` does."""
        return scenario is not None and find_scenario(scenario, self.engine.library).clock is not None

    def run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What a coroutine returns that runs in the server's loop. Raises RuntimeError before the server runs."""
        if self._server is None:
            raise RuntimeError("the emulator is not running: use it inside its `with` block")
        return self._server.run(make())

    def in_loop(self, function: Callable[[], T]) -> T:
        """What a function returns that is called in the server's loop, between two answers, if it runs."""

        async def call() -> T:
            return function()

        return function() if self._server is None else self.run(call)

    def take_turns(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What a coroutine returns that takes turns, in the server's loop if it runs."""
        return at_once(make()) if self._server is None else self.run(make)

    _in_loop, _run = in_loop, take_turns


class Session(EmulatorInterface):
    """A namespace of its own on a server: an API key whose scenario, account and record nobody else sees.

    The clock is the server's, and so everybody's. As a context manager it is forgotten at the end.
    """

    def __init__(
        self, emulator: Emulator, name: str, scenario: Playable | None, account: Mapping[str, Any] | None
    ) -> None:
        self._emulator = emulator
        engine = emulator.engine
        key = f"akml-test--{slug(name)}-{Seed.of('session', name).hex(8)}"
        super().__init__(engine, key, key, over(account, None, engine.catalog))
        self.clock: ServerClock = emulator.clock
        self._terms: Terms | None = self._over.get("account")
        self._run(lambda: engine.store.forget(key))
        self.scenario(scenario)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._run(self._forget)

    @property
    def url(self) -> str:
        """Where the server is, without a path."""
        return self._emulator.url

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
        """Where no scenario plays, nothing else says what the account of the key is."""
        if self._terms is not None:
            await self.engine.open_account(self.key, self._terms)

    async def _forget(self) -> None:
        await self.engine.store.forget(self.key)
        for name in self._added:
            self.engine.library.remove(name)

    def _in_loop(self, function: Callable[[], T]) -> T:
        return self._emulator.in_loop(function)

    def _run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self._emulator.take_turns(make)
