"""From a request to a plan: the one place where a decision is made."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from emulator.core.catalog import Catalog, Model
from emulator.core.clock import VirtualClock
from emulator.core.prompt_sizes import prompt_tokens
from emulator.core.seeds import Seed, canonical
from emulator.core.settings import Settings
from emulator.core.vocabulary import ApiError, InferenceRequest, Plan, Rejected
from emulator.engine.admission import Gate, until_spent
from emulator.engine.planner import PlannedAnswer, Planner, failing, readable, unknown_model
from emulator.scenario.library import Library, LoadedScenario
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.store import Namespace, Store

if TYPE_CHECKING:
    from emulator.account.account import Account
    from emulator.account.terms import Terms

KEY_PREFIX = "akml-"
SCENARIO_HEADER = "x-emulator-scenario"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_NOT_THE_QUESTION = frozenset({"stream", "stream_options"})


class Engine:
    """Decides what is answered. Holds what deciding needs: settings, models, clock, scenarios, and what has happened.

    `scenario` is the name of the one that plays for keys that name no other; None: nothing is scripted for them.
    `terms` are those of every account of which no scenario says more.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        clock: VirtualClock,
        store: Store,
        library: Library | None = None,
        scenario: str | None = None,
        terms: "Terms | None" = None,
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.clock = clock
        self.store = store
        self.library = Library(catalog) if library is None else library
        self.scenario: str | None = None
        self._planner = Planner(settings)
        self.gate = Gate(store, clock, terms)
        self._seed = Seed.of(settings.seed)
        self.chance = self._seed.child("keys")
        if scenario is not None:
            self.activate(scenario)

    def activate(self, name: str | None, key: str | None = None) -> None:
        """Let a scenario play for one key, or without a key for all that name no other; its clock starts then.

        Raises KeyError for an unknown name and ScenarioError for one that cannot be read.
        """
        story = self.library.get(name) if name is not None else None
        if name is not None and story is None:
            raise KeyError(name)
        if key is not None:
            self.store.namespace(key).scenario = name
            return
        self.scenario = name
        if story is not None and (told := story.scenario.clock) is not None:
            if told.rate is not None:
                self.clock.run(told.rate)
            if told.start is not None:
                self.clock.set(told.start)

    # ------------------------------------------------------------------------------------------ deciding

    def plan(self, request: InferenceRequest) -> Plan:
        """What will be answered. Every refusal is a plan too: one `Failure` before any `Start`."""
        question = _question(request)
        namespace = self.store.namespace(request.key)
        identity = self._occurrence(request.key, question)
        ids = _ids(identity)
        answered_by, admitted = "generator", None
        try:
            story = self._story(request.headers, request.key, namespace)
            account = self.gate.account(request.key, namespace, story)
            if account is not None:
                account.policy.authorize(self.clock.now())
            model = self.model(request.model, story, aliased=request.aliased)
            pool = self.gate.pool(model.id, namespace, story)
            admitted = self.gate.admit(request, model, account, pool, ids[0])
            found = self._scripted(story, request, model, namespace, identity, question) if story else None
            if found is not None:
                answered_by, performance = found
            else:
                performance = self._unscripted(request, model, identity, question)
        except Rejected as rejected:
            answered_by, performance = rejected.error.kind, PlannedAnswer(failing(rejected.error), rejected.headers)
        except BaseException:
            if admitted is not None:  # a mistake of ours is no reason to keep the slot
                admitted.end(None)
            raise
        steps, headers, faults = performance.steps, performance.headers, performance.frame_faults
        if admitted is None:
            return Plan(steps, answered_by, *ids, headers, faults)
        if self.settings.credits_run_out == "error" and (paid := admitted.affordable()) is not None:
            steps = until_spent(steps, paid)
        turn = admitted if admitted.waits else None
        return Plan(steps, answered_by, *ids, (*admitted.headers, *headers), faults, turn, admitted.end)

    def _story(self, headers: Mapping[str, str], key: str, namespace: Namespace) -> LoadedScenario | None:
        """The scenario that plays: the header's, the one activated for the key, the key's own, or the server's."""
        asked = headers.get(SCENARIO_HEADER)
        if asked is not None:
            return self._named(asked)
        name = namespace.scenario or self._of_key(key) or self.scenario
        return self._named(name) if name is not None else None

    def _of_key(self, key: str) -> str | None:
        """The scenario that a key of the form akml-<scenario> or akml-<scenario>--<anything> names, if there is one."""
        name = key.removeprefix(KEY_PREFIX).partition("--")[0]
        return name if key.startswith(KEY_PREFIX) and name in self.library else None

    def _named(self, name: str) -> LoadedScenario:
        try:
            story = self.library.get(name)
        except ScenarioError as error:
            told = f"The scenario '{name}' cannot be played. {error.mistakes[0].render().partition(chr(10))[0]}"
            raise Rejected(ApiError("bad_request", told)) from None
        if story is None:
            near = self.library.nearest(name)
            hint = f" Did you mean '{near}'?" if near else ""
            raise Rejected(ApiError("not_found", f"There is no scenario '{name[:100]}'.{hint}"))
        return story

    def _scripted(
        self,
        story: LoadedScenario,
        request: InferenceRequest,
        model: Model,
        namespace: Namespace,
        identity: Seed,
        asked: bytes,
    ) -> tuple[str, PlannedAnswer] | None:
        from emulator.engine.scripted import Scene  # noqa: PLC0415 (imported when the first scenario plays)

        progress = namespace.progress(story.scenario.name, story.version)
        scene = Scene(story, progress, request, model, identity, self._seed, asked, self.clock.now())
        return scene.direct(self._planner)

    def _unscripted(self, request: InferenceRequest, model: Model, identity: Seed, question: bytes) -> PlannedAnswer:
        asked = self._planner.admit(request, model)
        said = self._planner.generated(asked, question)
        now, whole = self.clock.now(), not request.stream
        steps = self._planner.steps(asked, said, identity.hex(32), now, whole=whole)
        return PlannedAnswer(steps, self._planner.warnings(request, model))

    # ------------------------------------------------------------------------------------------ what else is asked

    def explain(self, request: InferenceRequest) -> Mapping[str, Any]:
        """Which scenario and rule would answer a request, or what kept the nearest from it. Changes nothing."""
        from emulator.engine.scripted import explain  # noqa: PLC0415 (imported when the first scenario plays)

        namespace = self.store.namespace(request.key)
        story = self._story(request.headers, request.key, namespace)
        if story is None:
            return {"scenario": None, "rule": None, "nearest": []}
        return explain(story, namespace.progress(story.scenario.name, story.version), request)

    def playing(self, key: str, headers: Mapping[str, str] = NO_HEADERS) -> LoadedScenario | None:
        """The scenario that plays for a request with this key. Raises `Rejected` for one that cannot be played."""
        return self._story(headers, key, self.store.namespace(key))

    def account(self, key: str, headers: Mapping[str, str] = NO_HEADERS) -> "Account":
        """The account of a key, under the scenario that plays for it; opened, if it was not."""
        return self.gate.opened(key, self.store.namespace(key), self.playing(key, headers))

    def manages(self, key: str) -> bool:
        """Whether a key was made here."""
        return self.store.has_keys and self.store.keys.knows(key)

    def authorize(self, key: str, headers: Mapping[str, str]) -> None:
        """Let a key pass. Raises `Rejected` with a 401 or 403 if it may do nothing."""
        account = self.gate.account(key, self.store.namespace(key), self.playing(key, headers))
        if account is not None:
            account.policy.authorize(self.clock.now())

    def refuse(self, error: ApiError, namespace: str, question: bytes, headers: Mapping[str, str] = NO_HEADERS) -> Plan:
        """The plan that answers an error to something that never became a request, such as a body that is no JSON.

        A key that may do nothing hears of that first.
        """
        if namespace:
            try:
                self.authorize(namespace, headers)
            except Rejected as rejected:
                error = rejected.error
        return Plan(failing(error), error.kind, *self.ids(namespace, question))

    def models(self, story: LoadedScenario | None) -> list[Model]:
        """The models as they are listed while a scenario plays."""
        catalog = self.catalog if story is None else story.catalog
        return [model for model in catalog if self.gate.lists(model.id, story)]

    def ids(self, namespace: str, question: bytes) -> tuple[str, str]:
        """The inference id and the request id of an answer that needs no plan."""
        return _ids(self._occurrence(namespace, question))

    def model(self, id: str, story: LoadedScenario | None = None, *, aliased: bool = False) -> Model:
        """The model of that id while a scenario plays. Raises `Rejected` with a 404 for an unknown one."""
        catalog = self.catalog if story is None else story.catalog
        model = catalog.get(id, aliased=aliased)
        if model is None:
            raise Rejected(unknown_model(id, catalog))
        return model

    def prompt_tokens(self, request: InferenceRequest) -> int:
        """How many tokens the request is. Raises `Rejected` for an unknown model, and for what the model refuses."""
        model = self.model(request.model, aliased=request.aliased)
        return prompt_tokens(readable(request, model))

    def _occurrence(self, namespace: str, question: bytes) -> Seed:
        """Where ids come from: what is asked, who asks, and how often it was asked; never the order of arrival."""
        asked = self._seed.child(namespace, question)
        return asked.child(self.store.namespace(namespace).seen(asked.digest))


def _question(request: InferenceRequest) -> bytes:
    """What is asked, whether the answer is to be streamed or not, and whatever the order of the keys."""
    asked = {name: value for name, value in request.body.items() if name not in _NOT_THE_QUESTION}
    return canonical((request.endpoint, asked))


def _ids(identity: Seed) -> tuple[str, str]:
    """The inference id and the request id."""
    return identity.uuid4(), f"req_{identity.letters(24)}"
