"""What a test has in its hands, whatever the emulator runs on: where to ask, what plays, and what was asked."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from emulator.engine.engine import Engine
from emulator.inferences import Inference
from emulator.inferences.verdict import Verdict, verdict
from emulator.scenario.types import Scenario
from emulator.testing.building import Playable, find_scenario
from emulator.testing.reports import problems, told

T = TypeVar("T")


class EmulatorInterface(ABC):
    """The members that `Emulator`, `Session` and `InProcess` share.

    Those of a session cover the requests of its key, the others all requests.
    """

    key: str
    """The API key that a client has to send."""

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
        """Return the environment variables that make the SDKs use this emulator and its key."""
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
        """Activate a `scenario`, from its beginning; None deactivates the present one.

        Raises ScenarioError for mistakes, LookupError for an unknown scenario, and in a session ValueError for a
        scenario with a clock.
        """
        found = None if scenario is None else self._adapted(find_scenario(scenario, self.engine.library))
        self._in_loop(lambda: self._play(found))

    def reset(self) -> None:
        """Start the scenario and the account again from their beginning, and delete the record."""
        self._in_loop(self._begin)

    def _adapted(self, found: Scenario) -> Scenario:
        return msgspec.structs.replace(found, name=f"{found.name}{self._suffix}", **self._over)

    def _play(self, found: Scenario | None) -> None:
        """Each time it is added it is another version, which begins anew."""
        if found is not None:
            self.engine.library.add(found)
            self._added.append(found.name)
        self.engine.activate(None if found is None else found.name, self._only)

    def _begin(self) -> None:
        self.engine.store.reset(self._only, keep_scenario=True)

    def _in_loop(self, function: Callable[[], T]) -> T:
        """What a function returns that is called where answers are made, between two of them."""
        return function()

    # ------------------------------------------------------------------------------------------ what was asked

    @property
    def inferences(self) -> list[Inference]:
        """The record of all requests since the beginning or the last reset, in order."""
        return self._in_loop(lambda: self.engine.store.inferences.all(self._only))

    def verify(self) -> None:
        """Raise AssertionError if an expectation of the scenario was not met, or a request matched none of its rules.

        The message is the `story`.
        """
        if story := self.complaint():
            raise AssertionError(story)

    def verdict(self) -> Verdict:
        """What is to be said of the client that asked: its `sins`, and remarks on what is none (docs/inferences.md)."""
        return verdict(self.inferences)

    def complaint(self) -> str:
        """Return the message of `verify`; empty if there is none."""
        return self.story() if problems(self._in_loop(self._playing), self.inferences) else ""

    def story(self) -> str:
        """Return the expectations that were not met, and all requests and answers, as text."""
        return told(self._in_loop(self._playing), self.inferences)

    def _playing(self) -> Scenario | None:
        story = self.engine.playing(self.key)
        return story and story.scenario
