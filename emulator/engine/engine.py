"""The engine: makes the plan of a request, and answers questions about scenarios, models and accounts.

Everything that depends on the state is decided in a turn of the request's key: the active scenario, the admission, the
rule and reply, and the ids. The text and the steps are made outside the turn.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from emulator.account.keys import ANONYMOUS, INVALID, key_of
from emulator.core.catalog import Catalog, Model
from emulator.core.clock import VirtualClock
from emulator.core.errors import ApiError, Rejected
from emulator.core.explanation import Explanation
from emulator.core.lazy import lazy
from emulator.core.plan import Plan
from emulator.core.prompt_sizes import LONG, LongRequests, PromptSize
from emulator.core.question import question_of
from emulator.core.seeds import Seed
from emulator.core.settings import Settings
from emulator.core.vocabulary import InferenceRequest
from emulator.engine.admission import Gate, Holding, SlotResult, enter, until_spent
from emulator.engine.away import RequestTurns
from emulator.engine.choosing import NO_HEADERS, NOTHING, WARNING_HEADER, Choice, Chooser
from emulator.engine.decision import Decision, ids_of
from emulator.engine.explaining import Foreseen, expected, explanation
from emulator.engine.media import readable
from emulator.engine.planner import PlannedAnswer, Planner, failing, unknown_model
from emulator.scenario.library import Library, LoadedScenario
from emulator.store import Away, Store
from emulator.store.state import KeyState, SharedState

if TYPE_CHECKING:
    from emulator.account.account import Account
    from emulator.account.terms import Terms
    from emulator.engine.scripted import Scripts, Trace

T = TypeVar("T")


class Engine:
    """Decides on answers. Use `make_engine` to create one.

    `terms` are the terms of accounts, unless a scenario sets them.
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
        self.store.remember(settings.max_keys, clock, library)
        self.store.inferences.bound(settings.max_inferences)
        self.library = library
        self.gate = Gate(terms)
        self._turns = RequestTurns(store, stateless=settings.store_away == "answer")
        self._planner = Planner(settings)
        self.long_requests = LongRequests()
        self._chooser = Chooser(settings, library)
        self._seed = Seed.of(settings.answer_seed)

    # ------------------------------------------------------------------------------------------ deciding

    async def plan(self, request: InferenceRequest, length: int = 0) -> Plan:
        """Return the plan of the answer to a request of `length` bytes. A refusal is a `Failure` without a `Start`."""
        question = question_of(request.endpoint, request.body)
        size, decision = PromptSize(request), None
        if length > LONG:
            await self.long_requests.read(length, lambda: size.tokens)
        ticket, now = self.store.ticket(), self.clock.now()
        decide = partial(self._decide, request, question, size, ticket, now)
        try:
            decision = await self.store.turn(request.key, decide)
            if decision.elsewhere is not None:
                decision = await self._decided_elsewhere(request.key, decide, decision, ticket, now)
            return self._planned(request, question, decision, ticket)
        except BaseException as error:  # a mistake of ours is no reason to keep a slot
            away = error if isinstance(error, Away) else None
            if away is None or away.unsure or decision is not None:
                await self._holding(request.key, ticket, SlotResult(), everywhere=True).end(None)
            if away is None:
                raise
            decision = self._turns.without_store(away, decide).without_state(away)
            return self._planned(request, question, decision, ticket)

    async def _decided_elsewhere(
        self, key: str, decide: Callable[..., Decision], first: Decision, ticket: str, now: float
    ) -> Decision:
        """Ask the backends that all keys share for a slot, and decide on the result in a third turn."""
        model = first.elsewhere or ""
        slot = await self.store.shared_turn(lambda shared: enter(shared.backends().get(model), ticket, now))
        decision = await self.store.turn(key, partial(decide, identity=first.identity, entered=slot))
        if decision.admitted is None:
            await self._holding(key, ticket, slot, everywhere=True).end(None)
        return decision

    def _holding(self, key: str, ticket: str, slot: SlotResult, *, everywhere: bool) -> Holding:
        status = self.settings.queue_timeout_status
        owing = self._turns.stateless
        return Holding(self.store, self.clock, key, ticket, status, slot, everywhere=everywhere, owing=owing)

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
        entered: SlotResult | None = None,
    ) -> Decision:
        identity = identity or self._occurrence(request.key, question, own)
        choice, model, admitted, trace = NOTHING, None, None, None
        try:
            choice = self._chooser.choose(request.headers, request.key, own, shared)
            if request.warning:
                choice = choice.warning_of(request)
            playing = choice.playing
            if account := self.gate.account(request.key, own, shared, playing, now):
                account.policy.authorize(now)
            model = self.model(request.model, playing, aliased=request.aliased)
            if entered is None and shared.fleet is not None and shared.fleet.get(model.id) is not None:
                return Decision(identity, size, elsewhere=model.id)
            pool = self.gate.pool(model.id, own, playing, now) if entered is None else None
            admitted = self.gate.admit(ticket, identity, size, model, account, pool, entered, now)
            if playing is None:
                return Decision(identity, size, model, choice, admitted)
            found = self._scripts.choose(playing, own, request, identity, now)
            trace, refused = found.trace, found.refused
            return Decision(identity, size, model, choice, admitted, trace, found.chosen, refused)
        except Rejected as rejected:
            return Decision(identity, size, model, choice, admitted, trace, refused=rejected)

    def _planned(self, request: InferenceRequest, question: bytes, decision: Decision, ticket: str) -> Plan:
        """Make the plan of a decision."""
        try:
            answered_by, answer = self._answer(request, question, decision)
        except Rejected as rejected:
            answered_by, answer = rejected.error.kind, PlannedAnswer(failing(rejected.error), rejected.headers)
        ids, admitted = ids_of(decision.identity), decision.admitted
        steps, headers, warning = answer.steps, answer.headers, decision.choice.warning
        if warning:
            headers = (*headers, (WARNING_HEADER, warning))
        why = partial(explanation, decision.choice, decision.trace, answered_by)
        faults, model = answer.frame_faults, decision.model
        if admitted is None:
            return Plan(steps, answered_by, *ids, headers, faults, model, why=why, warning=warning)
        if self.settings.credits_run_out == "error" and admitted.affordable is not None:
            steps = until_spent(steps, admitted.affordable)
        holding = self._holding(request.key, ticket, admitted.slot, everywhere=admitted.everywhere)
        place = holding if holding.waits else None
        headers = (*admitted.headers, *headers)
        return Plan(steps, answered_by, *ids, headers, faults, model, place, holding.end, why, warning, holding.meter)

    def _answer(self, request: InferenceRequest, question: bytes, decision: Decision) -> tuple[str, PlannedAnswer]:
        """Return the name of what answers, and the answer. Raises `Rejected` for a refusal."""
        if decision.refused is not None or decision.model is None:
            raise decision.refused or Rejected(unknown_model(request.model, self.catalog))
        if decision.chosen is not None:
            return self._scripts.answer(decision.chosen, decision.model, decision.size, decision.identity, question)
        asked = self._planner.check(request, decision.model, decision.size)
        drafted = self._planner.generated(asked, question)
        now, whole = self.clock.now(), not request.stream
        steps = self._planner.steps(asked, drafted, decision.identity.hex(32), now, whole=whole)
        return "generator", PlannedAnswer(steps, self._planner.warnings(request, decision.model))

    @lazy
    def _scripts(self) -> "Scripts":
        from emulator.engine.scripted import Scripts  # noqa: PLC0415 (imported when the first scenario plays)

        return Scripts(self._planner, self._seed)

    def _playing(
        self, headers: Mapping[str, str], key: str, own: KeyState, shared: SharedState
    ) -> LoadedScenario | None:
        return self._chooser.choose(headers, key, own, shared).playing

    # ------------------------------------------------------------------------------------------ keys

    async def authenticate(self, headers: Mapping[str, str], *, x_api_key: bool) -> str:
        """Return the API key of a request. Raises `Rejected` with a 401 if it is missing, malformed or unknown.

        `x_api_key` allows this header for the key. `authorize` checks the state of a managed key.
        """
        key = key_of(headers, self.settings.auth, x_api_key=x_api_key)
        if self.settings.auth == "strict" and key not in self.settings.keys and not await self.manages(key):
            raise Rejected(INVALID)
        return key or ANONYMOUS

    def key_seed(self) -> Seed:
        """Return the seed of a new key, which nobody can guess unless the seed of the settings was chosen."""
        return self._seed.child("keys") if self.settings.seed else Seed.unpredictable()

    async def manages(self, key: str) -> bool:
        """Whether this is a key that was created here."""
        return await self._turns.shared_turn(lambda shared: shared.keys is not None and shared.keys.knows(key))

    async def authorize(self, key: str, headers: Mapping[str, str]) -> None:
        """Check that a key is valid. Raises `Rejected` with a 401 or 403 if it is not."""
        now = self.clock.now()
        await self._turns.turn(
            key,
            lambda own, shared: self._authorize(key, self._chooser.choose(headers, key, own, shared), now, own, shared),
        )

    def _authorize(self, key: str, choice: Choice, now: float, own: KeyState, shared: SharedState) -> None:
        if account := self.gate.account(key, own, shared, choice.playing, now):
            account.policy.authorize(now)

    async def refuse(self, error: ApiError, key: str, question: bytes, headers: Mapping[str, str] = NO_HEADERS) -> Plan:
        """Return the plan for an error in a request that could not be parsed, such as a body that is not JSON.

        If the key is not valid, the plan has the error for that instead.
        """
        now = self.clock.now()

        def decide(own: KeyState, shared: SharedState) -> tuple[ApiError, Choice, Seed]:
            first, choice = error, NOTHING
            if key:
                try:
                    choice = self._chooser.choose(headers, key, own, shared)
                    self._authorize(key, choice, now, own, shared)
                except Rejected as rejected:
                    first = rejected.error
            return first, choice, self._occurrence(key, question, own)

        try:
            refusal, choice, identity = await self._turns.turn(key, decide)
        except Rejected as full:
            refusal, choice, identity = full.error, NOTHING, self._seed.child(key, question, self.store.ticket())
        why = partial(explanation, choice, None, refusal.kind)
        return Plan(failing(refusal), refusal.kind, *ids_of(identity), why=why, warning=choice.warning)

    async def ids(self, key: str, question: bytes) -> tuple[str, str]:
        """Return the inference id and the request id of an answer without a plan."""
        try:
            return ids_of(await self.store.turn(key, lambda own, shared: self._occurrence(key, question, own)))
        except Rejected:  # there is no room for another key
            return ids_of(self._seed.child(key, question))

    def ids_without_state(self, question: bytes) -> tuple[str, str]:
        """Return the ids of a refusal that leaves no trace: they are the same for the same request."""
        return ids_of(self._seed.child("refused", question))

    def _occurrence(self, key: str, question: bytes, own: KeyState) -> Seed:
        """The seed of the ids: it depends on the request, the key, and how often the key has sent the request."""
        asked = self._seed.child(key, question)
        return asked.child(own.count(asked.hex(32)))

    # ------------------------------------------------------------------------------------------ what plays

    async def activate(self, name: str | None, key: str | None = None) -> None:
        """Activate a scenario for one key, or for all keys that do not name another; this also sets its clock.

        Raises KeyError for an unknown scenario, and ScenarioError for one that has mistakes.
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
        """Return the name of the active scenario, for keys that do not name another."""
        return await self.store.shared_turn(lambda shared: shared.scenario)

    async def playing(self, key: str, headers: Mapping[str, str] = NO_HEADERS) -> LoadedScenario | None:
        """Return the active scenario for a request. Raises `Rejected` if it is unknown or has mistakes."""
        return await self._turns.turn(key, lambda own, shared: self._playing(headers, key, own, shared))

    async def explain(self, request: InferenceRequest) -> Explanation:
        """Explain which scenario and rule would answer a request. Changes nothing.

        Raises `Rejected` where no scenario can be chosen.
        """

        def decide(own: KeyState, shared: SharedState) -> tuple[Choice, "Trace | None"]:
            choice = self._chooser.choose(request.headers, request.key, own, shared).warning_of(request)
            return choice, None if choice.playing is None else self._scripts.trace(choice.playing, own, request)

        choice, trace = await self.store.turn(request.key, decide)
        return explanation(choice, trace, expected(trace), lambda: request)

    async def foresee(self, request: InferenceRequest) -> Foreseen:
        """Decide on a request as if it came now, but at no backends. Changes nothing."""
        question, size, now = question_of(request.endpoint, request.body), PromptSize(request), self.clock.now()
        decide = partial(self._decide, request, question, size, "", now, entered=SlotResult())
        decision = await self.store.turn(request.key, lambda own, shared: decide(deepcopy(own), deepcopy(shared)))
        return Foreseen.of(decision, partial(self._answer, request, question, decision), request)

    # ------------------------------------------------------------------------------------------ models and accounts

    async def models(self, playing: LoadedScenario | None) -> list[Model]:
        """Return the listed models while a scenario is active."""
        catalog = self.catalog if playing is None else playing.catalog
        return await self._turns.shared_turn(
            lambda shared: [model for model in catalog if self.gate.lists(model.id, shared, playing)]
        )

    def model(self, id: str, playing: LoadedScenario | None = None, *, aliased: bool = False) -> Model:
        """Return the model of this name while a scenario is active. Raises `Rejected` with a 404 if there is none."""
        catalog = self.catalog if playing is None else playing.catalog
        model = catalog.named(id, aliased=aliased, other=self.settings.any_model)
        if model is None:
            raise Rejected(unknown_model(id, catalog))
        return model

    async def prompt_tokens(self, request: InferenceRequest, length: int) -> int:
        """Count the prompt tokens of a request. Raises `Rejected` if the model is unknown or refuses the request."""
        playing = await self.playing(request.key, request.headers)
        model = self.model(request.model, playing, aliased=request.aliased)
        size = PromptSize(readable(request, model))
        return await self.long_requests.read(length, lambda: size.tokens)

    async def with_account(self, key: str, act: "Callable[[Account, float], T]") -> T:
        """Call `act` with the account of a key, under its active scenario, and with the time; return the result.

        The account is opened if necessary. `act` runs in a turn of the key (see `Store`), so it must return values.
        """
        now = self.clock.now()

        def decide(own: KeyState, shared: SharedState) -> T:
            return act(self.gate.opened(key, own, shared, self._playing(NO_HEADERS, key, own, shared), now), now)

        return await self.store.turn(key, decide)

    async def open_account(self, key: str, terms: "Terms") -> None:
        """Replace the account of a key, under its active scenario, by a new one with these terms."""
        now = self.clock.now()

        def decide(own: KeyState, shared: SharedState) -> None:
            self.gate.reopen(key, own, shared, self._playing(NO_HEADERS, key, own, shared), now, terms)

        await self.store.turn(key, decide)
