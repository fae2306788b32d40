"""Which scenario plays for a request, and what chose it."""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from emulator.account.keys import LOCAL, PREFIX, TEST
from emulator.core.errors import ApiError, Rejected
from emulator.core.nearest import did_you_mean, nearest
from emulator.core.settings import Settings
from emulator.core.vocabulary import InferenceRequest
from emulator.engine.planner import unknown_scenario
from emulator.scenario.library import Library, LoadedScenario
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.store.state import KeyState, SharedState

log = logging.getLogger("emulator")

SCENARIO_HEADER = "x-emulator-scenario"
ERROR_HEADER = "x-emulator-error"
WARNING_HEADER = "x-emulator-warning"
"""The header of an answer that says what of its request may be a mistake."""
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_OWN_HEADERS = "x-emulator-"
_HEADERS = (SCENARIO_HEADER, ERROR_HEADER)
_OF_KEY, _OF_ALL = "this key", "all keys that name none"
_MEND = "Activate another, or none: POST /_emulator/activate."
_ALIKE = 0.8
_LONGEST_NAME = 60
_MOST_REMEMBERED = 1000


class Choice(NamedTuple):
    """The scenario that plays for a request, or None: the generator answers.

    `by` is what chose it, as a phrase; empty if nothing did. `warning` is for a key that looks as if it meant a
    scenario, but names none, and for what of the request has no effect.
    """

    playing: LoadedScenario | None = None
    by: str = ""
    warning: str = ""

    def warning_of(self, request: InferenceRequest) -> "Choice":
        """The choice with the warning of the request added."""
        if not request.warning:
            return self
        return self._replace(warning=f"{self.warning} {request.warning}".lstrip())


NOTHING = Choice()


class Chooser:
    """Chooses the scenario for each request: by header, activation or key, or the server's own, in this order."""

    def __init__(self, settings: Settings, library: Library) -> None:
        self._strict = settings.strict_keys
        self._keys = frozenset(settings.keys)
        self._library = library
        self._errors: dict[str, LoadedScenario] = {}
        self._usual: dict[tuple[str, str | None], Choice] = {}
        self._changes = -1
        self._warnings: dict[str, tuple[int, str]] = {}

    def choose(self, headers: Mapping[str, str], key: str, own: KeyState, shared: SharedState) -> Choice:
        """Return the scenario for a request. Raises `Rejected` for one that is unknown or has mistakes."""
        if _OWN_HEADERS in " ".join(headers):
            by_header = self._by_header(headers)
            if by_header is not None:
                return by_header
        if own.scenario is not None:
            return Choice(self.get(own.scenario, _OF_KEY), "activation of the key")
        if self._changes != self._library.changes or len(self._usual) >= _MOST_REMEMBERED:
            self._usual.clear()
            self._changes = self._library.changes
        found = self._usual.get((key, shared.scenario))
        if found is None:
            found = self._usual[key, shared.scenario] = self._chosen(key, shared.scenario)
        return found

    def _by_header(self, headers: Mapping[str, str]) -> Choice | None:
        for name in headers:
            if name.startswith(_OWN_HEADERS) and name not in _HEADERS:
                hint = did_you_mean(name, _HEADERS) or f"; expected {' or '.join(_HEADERS)}"
                raise _bad(f"Unknown header {name[:60]}{hint}")
        scenario, error = headers.get(SCENARIO_HEADER), headers.get(ERROR_HEADER)
        if error is not None:
            if scenario is not None:
                raise _bad(f"{SCENARIO_HEADER} and {ERROR_HEADER} exclude each other: send one of them.")
            return Choice(self._error(error), f"the header {ERROR_HEADER}")
        return None if scenario is None else Choice(self.get(scenario), f"the header {SCENARIO_HEADER}")

    def _chosen(self, key: str, active: str | None) -> Choice:
        """The scenario that a key names, or else the one that is active for all keys."""
        chosen = self._of_key(key)
        if chosen.playing is None and active is not None:
            return Choice(self.get(active, _OF_ALL), "the server", chosen.warning)
        return chosen

    def get(self, name: str, whose: str = "") -> LoadedScenario:
        """Return the scenario of this name, which was activated if it is told for `whose` requests.

        Raises `Rejected` if it is unknown or has mistakes.
        """
        try:
            found = self._library.get(name)
        except ScenarioError as error:
            first = error.mistakes[0].render().partition("\n")[0]
            raise _bad(f"The scenario '{name}' cannot be played. {first}") from None
        if found is None and whose:
            raise Rejected(
                ApiError("not_found", f"The scenario '{name}' is gone, and still active for {whose}. {_MEND}")
            )
        if found is None:
            raise unknown_scenario(name, self._library)
        return found

    def _error(self, value: str) -> LoadedScenario:
        """The scenario that answers every request with the error that a header names."""
        from emulator.scenario.quick import error_scenario  # noqa: PLC0415 (imported when a header first asks for it)

        value = value.strip()
        found = self._errors.get(value)
        if found is None:
            try:
                scenario = error_scenario(value, catalog=self._library.catalog)
            except ValueError as error:
                message = f"The header {ERROR_HEADER} {error}"
                raise _bad(message if message.endswith("?") else f"{message}.") from None
            found = self._errors[value] = LoadedScenario(scenario, self._library.catalog, -1)
        return found

    def _of_key(self, key: str) -> Choice:
        """The scenario that a key of the form akml-<scenario> or akml-<scenario>--<anything> names, if there is one.

        Raises `Rejected` for an unknown name before `--`, and under `strict_keys` for one that is nearly known.
        """
        if not key.startswith(PREFIX) or len(key) > 2 * len(PREFIX) + 200:
            return NOTHING
        name, dashes, _ = key.removeprefix(PREFIX).partition("--")
        if name in self._library:
            return Choice(self.get(name), "the key")
        if name in (LOCAL, TEST) or key in self._keys:
            return NOTHING
        if dashes or name.startswith("-"):
            return Choice(self.get(name), "the key")
        warning = self._warning(name)
        if warning and self._strict:
            raise Rejected(ApiError("not_found", warning))
        return Choice(warning=warning)

    def _warning(self, name: str) -> str:
        """What to say of a key that names no scenario but nearly does; found once for each name."""
        if len(name) > _LONGEST_NAME:
            return ""
        known, warning = self._warnings.get(name, (-1, ""))
        if known != self._library.changes:
            warning = _near(name, self._library)
            if warning:
                log.warning(warning)
            if len(self._warnings) >= _MOST_REMEMBERED:
                self._warnings.clear()
            self._warnings[name] = self._library.changes, warning
        return warning


def _near(name: str, library: Library) -> str:
    if len(name) == 3 and name.isascii() and name.isdigit():
        told = f"no scenario '{name}', and {name} is no status that AkashML documents"
        example = name if 400 <= int(name) <= 599 else "429"
        return f"The key names {told}. The header X-Emulator-Error: {example} sends any status from 400 to 599."
    near = (
        library.in_file(name) or nearest(name.replace("_", "-"), library.known(), _ALIKE) or _beginning(name, library)
    )
    if near is None:
        return ""
    return f"The key names no scenario, but nearly '{near}'. To play that, put its name behind akml-."


def _beginning(name: str, library: Library) -> str | None:
    """The longest scenario's name with which a name begins, as in `rate-limited-2`."""
    lowered = f"{name.lower()}-".replace("_", "-")
    return max((known for known in library.known() if lowered.startswith(f"{known.lower()}-")), key=len, default=None)


def _bad(message: str) -> Rejected:
    return Rejected(ApiError("bad_request", message))
