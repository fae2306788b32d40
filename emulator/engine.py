"""From a request to a plan: the one place where a decision is made."""

import msgspec

from emulator.catalog import Catalog, Model
from emulator.clock import Clock
from emulator.planner import Planner, failing, unknown_model
from emulator.prompt import prompt_tokens
from emulator.seeds import Seed
from emulator.settings import Settings
from emulator.store import Store
from emulator.vocabulary import ApiError, InferenceRequest, Plan, Rejected, Step

_NOT_THE_QUESTION = frozenset({"stream", "stream_options"})
_canonical = msgspec.json.Encoder(order="sorted").encode


class Engine:
    """Decides what is answered. Holds what deciding needs: settings, models, the clock, and what has happened."""

    def __init__(self, settings: Settings, catalog: Catalog, clock: Clock, store: Store) -> None:
        self.settings = settings
        self.catalog = catalog
        self.clock = clock
        self.store = store
        self._planner = Planner(settings)
        self._seed = Seed.of(settings.seed)

    def plan(self, request: InferenceRequest) -> Plan:
        """What will be answered. Every refusal is a plan too: one `Failure` before any `Start`."""
        question = _question(request)
        identity = self._occurrence(request.key, question)
        try:
            return Plan(self._answer(request, identity, question), "generator", *_ids(identity))
        except Rejected as rejected:
            return Plan(failing(rejected.error), rejected.error.kind, *_ids(identity))

    def _answer(self, request: InferenceRequest, identity: Seed, question: bytes) -> list[Step]:
        asked = self._planner.admit(request, self.model(request.model, aliased=request.aliased))
        drafts, discarded = self._planner.generated(asked, question)
        now, whole = self.clock.now(), not request.stream
        return self._planner.steps(asked, drafts, discarded, identity.hex(32), now, whole=whole)

    def refuse(self, error: ApiError, namespace: str, question: bytes) -> Plan:
        """The plan that answers an error to something that never became a request, such as a body that is no JSON."""
        return Plan(failing(error), error.kind, *self.ids(namespace, question))

    def ids(self, namespace: str, question: bytes) -> tuple[str, str]:
        """The inference id and the request id of an answer that needs no plan."""
        return _ids(self._occurrence(namespace, question))

    def model(self, id: str, *, aliased: bool = False) -> Model:
        """The model of that id. Raises `Rejected` with a 404 for an unknown one."""
        model = self.catalog.get(id, aliased=aliased)
        if model is None:
            raise Rejected(unknown_model(id, self.catalog))
        return model

    def prompt_tokens(self, request: InferenceRequest) -> int:
        """How many tokens the request is. Raises `Rejected` for an unknown model."""
        self.model(request.model, aliased=request.aliased)
        return prompt_tokens(request)

    def _occurrence(self, namespace: str, question: bytes) -> Seed:
        """Where ids come from: what is asked, who asks, and how often it was asked; never the order of arrival."""
        asked = self._seed.child(namespace, question)
        return asked.child(self.store.namespace(namespace).seen(asked.digest))


def _question(request: InferenceRequest) -> bytes:
    """What is asked, whether the answer is to be streamed or not, and whatever the order of the keys."""
    asked = {name: value for name, value in request.body.items() if name not in _NOT_THE_QUESTION}
    return _canonical((request.endpoint, asked))


def _ids(identity: Seed) -> tuple[str, str]:
    """The inference id and the request id."""
    return identity.uuid4(), f"req_{identity.letters(24)}"
