"""From a request to a plan: the one place where a decision is made.

What depends on the past is decided in a turn of the request's key: which scenario plays, whether the request may run,
which rule and reply answer it, and what its ids derive from. What is made of that decision, the text and its steps, is
made outside.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from emulator.account.keys import ANONYMOUS, INVALID, PREFIX, key_of
from emulator.core.catalog import Catalog, Model
from emulator.core.clock import VirtualClock
from emulator.core.errors import ApiError, Rejected
from emulator.core.plan import Plan
from emulator.core.prompt_sizes import PromptSize, prompt_tokens
from emulator.core.seeds import Seed, canonical
from emulator.core.settings import Settings
from emulator.core.vocabulary import InferenceRequest
from emulator.engine.admission import Admitted, Entry, Gate, Holding, enter, until_spent
from emulator.engine.planner import PlannedAnswer, Planner, failing, readable, unknown_model
from emulator.scenario.library import Library, LoadedScenario
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.store import Store
from emulator.store.state import KeyState, SharedState

if TYPE_CHECKING:
    from emulator.account.account import Account
    from emulator.account.terms import Terms
    from emulator.engine.scripted import Chosen

T = TypeVar("T")
SCENARIO_HEADER = "x-emulator-scenario"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_NOT_THE_QUESTION = frozenset({"stream", "stream_options"})


class _Decision(NamedTuple):
    """What a turn decided. `refused` is the refusal; `chosen` the scenario's reply, and None: the generator answers.

    `elsewhere` is the id of a model whose backends all keys share: they have to be entered before it can be decided.
    """

    identity: Seed
    size: PromptSize
    model: Model | None = None
    playing: LoadedScenario | None = None
    admitted: Admitted | None = None
    chosen: "Chosen | None" = None
    refused: Rejected | None = None
    elsewhere: str | None = None


class Engine:
    """Decides what is answered. `make_engine` makes one.

    `terms` are those of every account of which no scenario says more.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        clock: VirtualClock,
        store: Store,
        library: Library,
        terms: "Terms | None" = None,
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.clock = clock
        self.store = store
        self.library = library
        self.gate = Gate(terms)
        self._planner = Planner(settings)
        self._seed = Seed.of(settings.seed)
        self._tickets = count()
        self.key_seed = self._seed.child("keys")

    # ------------------------------------------------------------------------------------------ deciding

    async def plan(self, request: InferenceRequest) -> Plan:
        """What will be answered. Every refusal is a plan too: one `Failure` before any `Start`."""
        question = _question(request)
        holding = Holding(self.store, self.clock, request.key, str(next(self._tickets)))
        try:
            decision = await self._decided(request, question, holding)
            return self._planned(request, question, decision, holding)
        except BaseException:  # a mistake of ours is no reason to keep a slot
            await holding.end(None)
            raise

    async def _decided(self, request: InferenceRequest, question: bytes, holding: Holding) -> _Decision:
        """Decide in one turn of the key; or, for a model whose backends all keys share, in one around their turn."""
        ticket, now = holding.ticket, self.clock.now()
        decide = partial(self._decide, request, question, PromptSize(request), ticket, now)
        decision = await self.store.turn(request.key, decide)
        if decision.elsewhere is None:
            return decision
        model, holding.everywhere = decision.elsewhere, True
        entry = await self.store.shared_turn(lambda shared: enter(shared.backends().get(model), ticket, now))
        again = partial(decide, identity=decision.identity, entered=entry)
        decision = await self.store.turn(request.key, again)
        if decision.admitted is None:
            await holding.end(None)
        return decision

    def _decide(
        self,
        request: InferenceRequest,
        question: bytes,
        size: PromptSize,
        ticket: str,
        now: float,
        own: KeyState,
        shared: SharedState,
        identity: Seed | None = None,
        entered: Entry | None = None,
    ) -> _Decision:
        identity = identity or self._occurrence(request.key, question, own)
        playing = model = admitted = chosen = None
        try:
            playing = self._playing(request.headers, request.key, own, shared)
            account = self.gate.account(request.key, own, shared, playing, now)
            if account is not None:
                account.policy.authorize(now)
            model = self.model(request.model, playing, aliased=request.aliased)
            if entered is None and shared.fleet is not None and shared.fleet.get(model.id) is not None:
                return _Decision(identity, size, elsewhere=model.id)
            pool = self.gate.pool(model.id, own, playing, now) if entered is None else None
            admitted = self.gate.admit(ticket, identity.uuid4(), size, model, account, pool, entered, now)
            if playing is not None:
                from emulator.engine.scripted import choose  # noqa: PLC0415 (imported when the first scenario plays)

                chosen = choose(playing, own, request, identity, now)
        except Rejected as rejected:
            return _Decision(identity, size, model, playing, admitted, refused=rejected)
        return _Decision(identity, size, model, playing, admitted, chosen)

    def _planned(self, request: InferenceRequest, question: bytes, decision: _Decision, holding: Holding) -> Plan:
        """The plan of a decision."""
        ids = _ids(decision.identity)
        try:
            answered_by, answer = self._answer(request, question, decision)
        except Rejected as rejected:
            answered_by, answer = rejected.error.kind, PlannedAnswer(failing(rejected.error), rejected.headers)
        steps, headers = answer.steps, answer.headers
        pricing = decision.model.pricing if decision.model is not None else None
        if decision.admitted is None:
            return Plan(steps, answered_by, *ids, headers, answer.frame_faults, pricing)
        holding.entry = decision.admitted.entry
        if self.settings.credits_run_out == "error" and decision.admitted.affordable is not None:
            steps = until_spent(steps, decision.admitted.affordable)
        place = holding if holding.waits else None
        headers = (*decision.admitted.headers, *headers)
        return Plan(steps, answered_by, *ids, headers, answer.frame_faults, pricing, place, holding.end)

    def _answer(self, request: InferenceRequest, question: bytes, decision: _Decision) -> tuple[str, PlannedAnswer]:
        """Who answers, and what. Raises `Rejected` for a refusal."""
        if decision.refused is not None or decision.model is None:
            raise decision.refused or Rejected(unknown_model(request.model, self.catalog))
        if decision.chosen is not None:
            from emulator.engine.scripted import answer  # noqa: PLC0415 (imported when the first scenario plays)

            chosen, model = decision.chosen, decision.model
            return answer(self._planner, chosen, model, decision.size, decision.identity, self._seed, question)
        asked = self._planner.check(request, decision.model, decision.size)
        drafted = self._planner.generated(asked, question)
        now, whole = self.clock.now(), not request.stream
        steps = self._planner.steps(asked, drafted, decision.identity.hex(32), now, whole=whole)
        return "generator", PlannedAnswer(steps, self._planner.warnings(request, decision.model))

    def _playing(
        self, headers: Mapping[str, str], key: str, own: KeyState, shared: SharedState
    ) -> LoadedScenario | None:
        """The scenario that plays: the header's, the one activated for the key, the key's own, or the server's.

        Raises `Rejected` for one that cannot be played.
        """
        named = headers.get(SCENARIO_HEADER)
        if named is None:
            named = own.scenario or self._of_key(key) or shared.scenario
        return self._named(named) if named is not None else None

    def _of_key(self, key: str) -> str | None:
        """The scenario that a key of the form akml-<scenario> or akml-<scenario>--<anything> names, if there is one."""
        name = key.removeprefix(PREFIX).partition("--")[0]
        return name if key.startswith(PREFIX) and name in self.library else None

    def _named(self, name: str) -> LoadedScenario:
        try:
            found = self.library.get(name)
        except ScenarioError as error:
            told = f"The scenario '{name}' cannot be played. {error.mistakes[0].render().partition(chr(10))[0]}"
            raise Rejected(ApiError("bad_request", told)) from None
        if found is None:
            near = self.library.nearest(name)
            hint = f" Did you mean '{near}'?" if near else ""
            raise Rejected(ApiError("not_found", f"There is no scenario '{name[:100]}'.{hint}"))
        return found

    # ------------------------------------------------------------------------------------------ keys

    async def authenticate(self, headers: Mapping[str, str], *, x_api_key: bool) -> str:
        """The API key of a request. Raises `Rejected` with a 401 for a missing, malformed or unknown one.

        `x_api_key` says that this header can carry the key. What has become of a managed key is told by `authorize`.
        """
        key = key_of(headers, self.settings.auth, x_api_key=x_api_key)
        if self.settings.auth == "strict" and key not in self.settings.keys and not await self.manages(key):
            raise Rejected(INVALID)
        return key or ANONYMOUS

    async def manages(self, key: str) -> bool:
        """Whether this is a key that was created here."""
        return await self.store.shared_turn(lambda shared: shared.keys is not None and shared.keys.knows(key))

    async def authorize(self, key: str, headers: Mapping[str, str]) -> None:
        """Let a key pass. Raises `Rejected` with a 401 or 403 if it may do nothing."""
        now = self.clock.now()
        await self.store.turn(key, lambda own, shared: self._authorize(key, headers, now, own, shared))

    def _authorize(self, key: str, headers: Mapping[str, str], now: float, own: KeyState, shared: SharedState) -> None:
        account = self.gate.account(key, own, shared, self._playing(headers, key, own, shared), now)
        if account is not None:
            account.policy.authorize(now)

    async def refuse(self, error: ApiError, key: str, question: bytes, headers: Mapping[str, str] = NO_HEADERS) -> Plan:
        """The plan that answers an error to something that never became a request, such as a body that is no JSON.

        A key that may do nothing gets the error for that instead.
        """
        now = self.clock.now()

        def decide(own: KeyState, shared: SharedState) -> tuple[ApiError, Seed]:
            first = error
            if key:
                try:
                    self._authorize(key, headers, now, own, shared)
                except Rejected as rejected:
                    first = rejected.error
            return first, self._occurrence(key, question, own)

        told, identity = await self.store.turn(key, decide)
        return Plan(failing(told), told.kind, *_ids(identity))

    async def ids(self, key: str, question: bytes) -> tuple[str, str]:
        """The inference id and the request id of an answer that needs no plan."""
        return _ids(await self.store.turn(key, lambda own, shared: self._occurrence(key, question, own)))

    def _occurrence(self, key: str, question: bytes, own: KeyState) -> Seed:
        """Where ids come from: the question, the key, and how often it was asked; never the order of arrival."""
        asked = self._seed.child(key, question)
        return asked.child(own.count(asked.hex(32)))

    # ------------------------------------------------------------------------------------------ what plays

    async def activate(self, name: str | None, key: str | None = None) -> None:
        """Let a scenario play for one key, or without a key for all that name no other; its clock starts then.

        Raises KeyError for an unknown name and ScenarioError for one that cannot be read.
        """
        found = self.library.get(name) if name is not None else None
        if name is not None and found is None:
            raise KeyError(name)
        if key is not None:
            await self.store.turn(key, lambda own, shared: setattr(own, "scenario", name))
            return
        await self.store.shared_turn(lambda shared: setattr(shared, "scenario", name))
        if found is not None:
            found.start(self.clock)

    async def active(self) -> str | None:
        """The name of the scenario that plays for keys that name no other."""
        return await self.store.shared_turn(lambda shared: shared.scenario)

    async def playing(self, key: str, headers: Mapping[str, str] = NO_HEADERS) -> LoadedScenario | None:
        """The scenario that plays for a request with this key. Raises `Rejected` for one that cannot be played."""
        return await self.store.turn(key, lambda own, shared: self._playing(headers, key, own, shared))

    async def explain(self, request: InferenceRequest) -> Mapping[str, Any]:
        """Which scenario and rule would answer a request, or what kept the nearest from it. Changes nothing."""
        from emulator.engine.scripted import explain  # noqa: PLC0415 (imported when the first scenario plays)

        def decide(own: KeyState, shared: SharedState) -> Mapping[str, Any]:
            playing = self._playing(request.headers, request.key, own, shared)
            if playing is None:
                return {"scenario": None, "rule": None, "nearest": []}
            return explain(playing, own, request)

        return await self.store.turn(request.key, decide)

    # ------------------------------------------------------------------------------------------ models and accounts

    async def models(self, playing: LoadedScenario | None) -> list[Model]:
        """The models as they are listed while a scenario plays."""
        catalog = self.catalog if playing is None else playing.catalog
        return await self.store.shared_turn(
            lambda shared: [model for model in catalog if self.gate.lists(model.id, shared, playing)]
        )

    def model(self, id: str, playing: LoadedScenario | None = None, *, aliased: bool = False) -> Model:
        """The model of that id while a scenario plays. Raises `Rejected` with a 404 for an unknown one."""
        catalog = self.catalog if playing is None else playing.catalog
        model = catalog.get(id, aliased=aliased)
        if model is None:
            raise Rejected(unknown_model(id, catalog))
        return model

    def prompt_tokens(self, request: InferenceRequest) -> int:
        """How many tokens the request is. Raises `Rejected` for an unknown model, and for what the model refuses."""
        model = self.model(request.model, aliased=request.aliased)
        return prompt_tokens(readable(request, model))

    async def with_account(self, key: str, act: "Callable[[Account, float], T]") -> T:
        """What `act` makes of the account of a key, under the scenario that plays for it, and of the time.

        The account is opened, if it was not. `act` returns a value, and runs in a turn of the key (see `Store`).
        """
        now = self.clock.now()

        def decide(own: KeyState, shared: SharedState) -> T:
            return act(self.gate.opened(key, own, shared, self._playing(NO_HEADERS, key, own, shared), now), now)

        return await self.store.turn(key, decide)

    async def open_account(self, key: str, terms: "Terms") -> None:
        """Open the account of a key anew, on these terms, under the scenario that plays for it."""
        now = self.clock.now()

        def decide(own: KeyState, shared: SharedState) -> None:
            self.gate.reopen(key, own, shared, self._playing(NO_HEADERS, key, own, shared), now, terms)

        await self.store.turn(key, decide)


def _question(request: InferenceRequest) -> bytes:
    """What is asked, whether the answer is to be streamed or not, and whatever the order of the keys."""
    asked = {name: value for name, value in request.body.items() if name not in _NOT_THE_QUESTION}
    return canonical((request.endpoint, asked))


def _ids(identity: Seed) -> tuple[str, str]:
    """The inference id and the request id."""
    return identity.uuid4(), f"req_{identity.letters(24)}"
