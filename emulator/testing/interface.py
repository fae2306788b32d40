"""The interface for tests, common to all forms of the emulator: addresses, scenario, and record."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import msgspec

from emulator.core.proxies import no_proxy
from emulator.engine import Engine
from emulator.inferences import Inference
from emulator.inferences.verdict import Verdict, verdict
from emulator.scenario.types import Scenario
from emulator.store.outside import at_once
from emulator.testing.building import Playable, Time, build_engine, chosen, find_scenario, over
from emulator.testing.reports import problems, told
from emulator.web.expectations import Judged, judged, nothing_asked

T = TypeVar("T")


class EmulatorInterface(ABC):
    """The members that `Emulator`, `Session` and `InProcess` share.

    Those of a session cover the requests with its key, the others cover all requests.
    """

    key: str
    """The API key for clients to send."""

    def __init__(self, engine: Engine, key: str, only: str | None, over: Mapping[str, Any]) -> None:
        self.engine = engine
        self.key = key
        self._only = only
        self._suffix = f"--{key.rpartition('-')[2]}" if only else ""
        self._over = over
        self._added: list[str] = []

    # ------------------------------------------------------------------------------------------ where to ask

    @property
    @abstractmethod
    def url(self) -> str:
        """The base URL, without a path."""

    @property
    def openai_base_url(self) -> str:
        """The base URL for clients of the OpenAI API."""
        return f"{self.url}/v1"

    @property
    def anthropic_base_url(self) -> str:
        """The base URL for clients of the Anthropic API."""
        return f"{self.url}/anthropic"

    def env(self) -> dict[str, str]:
        """Return the environment variables that make the SDKs use this emulator and its key, and no proxy for it.

        NO_PROXY and no_proxy keep the hosts that they have now.
        """
        return {
            "OPENAI_BASE_URL": self.openai_base_url,
            "OPENAI_API_KEY": self.key,
            "ANTHROPIC_BASE_URL": self.anthropic_base_url,
            "ANTHROPIC_API_KEY": self.key,
            "ANTHROPIC_AUTH_TOKEN": self.key,
            "AKASHML_BASE_URL": self.openai_base_url,
            "AKASHML_API_KEY": self.key,
            **no_proxy(os.environ),
        }

    # ------------------------------------------------------------------------------------------ what plays

    def scenario(self, scenario: Playable | None) -> None:
        """Activate a `scenario`, from its beginning; None deactivates the current one.

        Raises ScenarioError for mistakes, LookupError for an unknown scenario, and in a session ValueError for a
        scenario with a clock.
        """
        self._activate(scenario)

    def _activate(self, scenario: Playable | Scenario | None) -> None:
        found = None if scenario is None else self._adapted(find_scenario(scenario, self.engine.library))
        self._run(lambda: self._play(found))

    def reset(self) -> None:
        """Restart the scenario and the account from their beginning, and delete the record."""
        self._run(self._begin)

    def _adapted(self, found: Scenario) -> Scenario:
        return msgspec.structs.replace(found, name=f"{found.name}{self._suffix}", aliases=(), **self._over)

    async def _play(self, found: Scenario | None) -> None:
        """Activate a scenario. Adding it creates a new version, which starts from the beginning."""
        if found is not None:
            self.engine.library.add(found)
            self._added.append(found.name)
        await self.engine.activate(None if found is None else found.name, self._only)

    async def _begin(self) -> None:
        await self.engine.store.forget(self._only, keep_scenario=True)

    def _run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run the coroutine that `make` returns in the event loop of the answers, and return its result."""
        return at_once(make())

    def _call(self, function: Callable[[], T]) -> T:
        """Call a function in the event loop of the answers, and return its result."""

        async def call() -> T:
            return function()

        return self._run(call)

    # ------------------------------------------------------------------------------------------ what was asked

    @property
    def inferences(self) -> list[Inference]:
        """The record of all requests since the beginning or the last reset, in order."""
        return self._call(lambda: self.engine.store.inferences.all(self._only))

    def verify(self) -> None:
        """Raise AssertionError if an expectation was not met, a request matched no rule, or nothing was asked.

        Expectations are to be met by the requests with each key. The message is the `report`.
        """
        self._check(self._call(lambda: nothing_asked(self.engine, self._only)))

    def verdict(self) -> Verdict:
        """Return the findings and remarks on the client's behaviour (docs/inferences.md)."""
        return verdict(self.inferences)

    def _check(self, nothing_asked: str | None = None) -> None:
        """Raise as `verify` does. At the end of a test, nothing has to be asked: that is for `expect` to say."""
        if message := self._failure(nothing_asked):
            raise AssertionError(message)

    def _failure(self, nothing_asked: str | None = None) -> str:
        """The error message of `verify`; empty if it does not raise. `nothing_asked` is a reason to fail by itself."""
        judgements = self._judged()
        found = [*([nothing_asked] if nothing_asked else []), *problems(judgements, self.inferences)]
        return told(found, judgements, self.inferences) if found else ""

    def report(self) -> str:
        """Return the expectations that were not met, and all requests and answers, as text."""
        judgements = self._judged()
        return told(problems(judgements, self.inferences), judgements, self.inferences, self._strays())

    def _strays(self) -> list[Inference]:
        """The requests with keys that are not covered, since the beginning."""
        return []

    def _judged(self) -> list[Judged]:
        return self._run(lambda: judged(self.engine, self._only, self.key))


class EmulatorWithEngine(EmulatorInterface):
    """An emulator with an engine of its own, which is built from the keywords that are described at `Emulator`."""

    def __init__(
        self,
        *,
        scenario: Playable | None = None,
        reply: str | None = None,
        error: int | str | None = None,
        retry_after: str | float | None = None,
        account: Mapping[str, Any] | None = None,
        clock: Time | None = None,
        models: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        playing = chosen(scenario, reply, error, retry_after)
        engine = build_engine(account, clock, models, settings)
        key = engine.settings.keys[0] if engine.settings.keys else "akml-test"
        super().__init__(engine, key, None, over(account, clock, engine.catalog))
        if playing is not None:
            self._activate(playing)
