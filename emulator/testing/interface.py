"""What a test has in its hands, whatever the emulator runs on: where to ask, what plays, and what was asked."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import msgspec

from emulator.engine import Engine
from emulator.inferences import Inference
from emulator.inferences.verdict import Verdict, verdict
from emulator.scenario.types import Scenario
from emulator.store.memory import at_once
from emulator.testing.building import Playable, find_scenario
from emulator.testing.reports import problems, told

T = TypeVar("T")


class EmulatorInterface(ABC):
    """All that happens under one API key, or on a whole server (`only` is None).

    `key` is what a client has to send; `over` are fields of every scenario that is played here, whatever it says.
    """

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
        """Where the emulator is, without a path."""

    @property
    def openai_base_url(self) -> str:
        """What OPENAI_BASE_URL should be."""
        return f"{self.url}/v1"

    @property
    def anthropic_base_url(self) -> str:
        """What ANTHROPIC_BASE_URL should be."""
        return f"{self.url}/anthropic"

    def env(self) -> dict[str, str]:
        """The environment variables that send the usual clients here, and keep a real key from being used."""
        return {
            "OPENAI_BASE_URL": self.openai_base_url,
            "OPENAI_API_KEY": self.key,
            "ANTHROPIC_BASE_URL": self.anthropic_base_url,
            "ANTHROPIC_API_KEY": self.key,
            "ANTHROPIC_AUTH_TOKEN": self.key,
            "AKASHML_BASE_URL": self.openai_base_url,
            "AKASHML_API_KEY": self.key,
        }

    # ------------------------------------------------------------------------------------------ what plays

    def scenario(self, scenario: Playable | None) -> None:
        """Let a scenario play from its beginning; None: none does.

        Raises ScenarioError for one with mistakes and LookupError for an unknown name.
        """
        found = None if scenario is None else self._adapted(find_scenario(scenario, self.engine.library))
        self._run(lambda: self._play(found))

    def reset(self) -> None:
        """Forget what has happened: the scenario and the account begin anew, and nothing was ever asked."""
        self._run(self._begin)

    def _adapted(self, found: Scenario) -> Scenario:
        return msgspec.structs.replace(found, name=f"{found.name}{self._suffix}", **self._over)

    async def _play(self, found: Scenario | None) -> None:
        """Each time it is added it is another version, which begins anew."""
        if found is not None:
            self.engine.library.add(found)
            self._added.append(found.name)
        await self.engine.activate(None if found is None else found.name, self._only)

    async def _begin(self) -> None:
        await self.engine.store.forget(self._only, keep_scenario=True)

    def _in_loop(self, function: Callable[[], T]) -> T:
        """What a function returns that is called where answers are made, between two of them."""
        return function()

    def _run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What a coroutine returns that takes turns where answers are made."""
        return at_once(make())

    # ------------------------------------------------------------------------------------------ what was asked

    @property
    def inferences(self) -> list[Inference]:
        """The record of what was asked and answered since the beginning, in the order in which it came."""
        return self._in_loop(lambda: self.engine.store.inferences.all(self._only))

    def verify(self) -> None:
        """Raise AssertionError if the scenario expects what did not happen, or no rule had an answer to a request.

        The message is the `story`.
        """
        if story := self.complaint():
            raise AssertionError(story)

    def verdict(self) -> Verdict:
        """What is to be said of the client that asked: its `sins`, and remarks on what is none (docs/inferences.md)."""
        return verdict(self.inferences)

    def complaint(self) -> str:
        """The story, if there is anything to complain of; else empty."""
        return self.story() if problems(self._run(self._playing), self.inferences) else ""

    def story(self) -> str:
        """What was asked and answered, after what was expected and did not happen, for people."""
        return told(self._run(self._playing), self.inferences)

    async def _playing(self) -> Scenario | None:
        story = await self.engine.playing(self.key)
        return story and story.scenario
