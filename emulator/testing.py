"""The emulator inside a test: a real socket on a free port, started and stopped in a few milliseconds."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emulator.app import create_app
from emulator.catalog import Catalog
from emulator.clock import VirtualClock
from emulator.engine import Engine
from emulator.scenario.mistakes import ScenarioError
from emulator.server import Background
from emulator.settings import Settings
from emulator.store.memory import MemoryStore


class Emulator:
    """A running emulator, from `with` to the end of its block.

    `scenario` is what plays: the name of one that is shipped, a file, or YAML. `clock` is its clock (real time unless
    one is given), `models` adds to and overrides the catalogue, and every other keyword is a field of `Settings`.

        with Emulator(seed="7") as akash:
            client = openai.OpenAI(base_url=akash.openai_base_url, api_key=akash.key)
    """

    key = "akml-test"

    def __init__(
        self,
        *,
        scenario: str | Path | None = None,
        clock: VirtualClock | None = None,
        models: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        catalog = Catalog.load().with_models(models or {})
        self.clock = VirtualClock() if clock is None else clock
        self.engine = Engine(Settings(**settings), catalog, self.clock, MemoryStore())
        if scenario is not None:
            self.play(scenario)
        self._server = Background(create_app(self.engine), "127.0.0.1", 0)
        self.url = ""

    def __enter__(self) -> Self:
        host, port = self._server.start()
        self.url = f"http://{host}:{port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.stop()

    def play(self, scenario: str | Path) -> None:
        """Let this scenario play: the name of one that is known, a file, or YAML.

        Raises ScenarioError for one with mistakes and KeyError for an unknown name.
        """
        if isinstance(scenario, str) and "\n" in scenario:
            name = self.engine.library.put("inline", scenario).scenario.name
        elif (path := Path(scenario)).suffix in (".yaml", ".yml"):
            if mistakes := self.engine.library.load([path]):
                raise ScenarioError(mistakes)
            name = path.stem
        else:
            name = str(scenario)
        self.engine.activate(name)

    @property
    def openai_base_url(self) -> str:
        """What OPENAI_BASE_URL should be."""
        return f"{self.url}/v1"

    @property
    def anthropic_base_url(self) -> str:
        """What ANTHROPIC_BASE_URL should be."""
        return f"{self.url}/anthropic"
