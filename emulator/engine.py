"""From a request to a plan: the one place where a decision is made."""

from typing import TypeAlias

import msgspec

from emulator.answer import Draft, obey, steps
from emulator.catalog import Catalog, Model
from emulator.clock import Clock
from emulator.generator import describe, generate
from emulator.prompt import prompt_tokens
from emulator.seeds import Seed
from emulator.settings import Settings
from emulator.store import Store
from emulator.tokens import split
from emulator.vocabulary import (
    ApiError,
    Failure,
    InferenceRequest,
    Media,
    Plan,
    Rejected,
    Start,
    Step,
    Usage,
)

_SHOWN = 100
_NOT_THE_QUESTION = frozenset({"stream", "stream_options"})
_REMEMBERED_ANSWERS = 256
_REMEMBERED_BYTES = 16 * 1024
_Generated: TypeAlias = tuple[list[Draft], int]
"""The drafts of all choices, and how many tokens of others were generated and thrown away (`best_of`)."""
_canonical = msgspec.json.Encoder(order="sorted").encode


class Engine:
    """Decides what is answered. Holds what deciding needs: settings, models, the clock, and what has happened."""

    def __init__(self, settings: Settings, catalog: Catalog, clock: Clock, store: Store) -> None:
        self.settings = settings
        self.catalog = catalog
        self.clock = clock
        self.store = store
        self._seed = Seed.of(settings.seed)
        self._remembered: dict[bytes, _Generated] = {}

    def plan(self, request: InferenceRequest) -> Plan:
        """What will be answered. Every refusal is a plan too: one `Failure` before any `Start`."""
        question = _question(request)
        identity = self._occurrence(request.key, question)
        try:
            steps, answered_by = self._answer(request, identity, question), "generator"
        except Rejected as rejected:
            steps, answered_by = failing(rejected.error), rejected.error.kind
        return Plan(steps, answered_by, *_ids(identity))

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

    # ------------------------------------------------------------------------------------------ identity

    def _occurrence(self, namespace: str, question: bytes) -> Seed:
        """Where ids come from: what is asked, who asks, and how often it was asked; never the order of arrival."""
        asked = self._seed.child(namespace, question)
        return asked.child(self.store.seen(namespace, asked.digest))

    # ------------------------------------------------------------------------------------------ the answer

    def _answer(self, request: InferenceRequest, identity: Seed, question: bytes) -> list[Step]:
        model = self.model(request.model, aliased=request.aliased)
        self._check_media(request, model)
        prompt = prompt_tokens(request)
        limit = self._limit(request, model, prompt)
        drafts, discarded = self._generated(request, model, limit, question)
        usage = Usage(
            prompt_tokens=prompt,
            completion_tokens=sum(map(len, drafts)) + discarded,
            reasoning_tokens=sum(len(draft.reasoning) for draft in drafts),
        )
        name = request.model if self.settings.model_name == "sent" else model.id
        start = Start(identity.hex(32), name, int(self.clock.now()), prompt)
        hidden = request.reasoning.exclude
        return steps(start, drafts, usage, whole=not request.stream, hide_reasoning=hidden)

    def _check_media(self, request: InferenceRequest, model: Model) -> None:
        for message in request.messages:
            for media in message.media:
                refused = (
                    model.images == "reject" if media.kind == "image" else media.kind not in model.input_modalities
                )
                if refused and (media.kind == "image" or model.images != "drop"):
                    text = f"Model only supports text input: '{request.model}' cannot read {media.kind} parts."
                    raise Rejected(ApiError("bad_request", text, param="messages"))

    def _limit(self, request: InferenceRequest, model: Model, prompt: int) -> int:
        """How many tokens each choice may have. Raises `Rejected` when prompt and answer exceed the context."""
        wanted = request.sampling.max_tokens
        if wanted is not None and wanted > model.max_output_length:
            if self.settings.max_output == "reject":
                text = f"max_tokens is too large: {wanted}. {request.model} answers at most {model.max_output_length}."
                raise Rejected(ApiError("bad_request", text, param="max_tokens"))
            wanted = model.max_output_length
        room = model.context_length - prompt
        if room < (1 if wanted is None else wanted):
            raise Rejected(overflow(prompt, wanted or 0, model.context_length))
        return min(model.max_output_length, room) if wanted is None else wanted

    def _generated(self, request: InferenceRequest, model: Model, limit: int, question: bytes) -> _Generated:
        """What the generator says. It says the same to the same question, so the last answers are remembered."""
        remembered = self._remembered.get(question)
        if remembered is None:
            remembered = self._generate(request, model, limit)
            if len(question) <= _REMEMBERED_BYTES:
                self._remembered[question] = remembered
                if len(self._remembered) > _REMEMBERED_ANSWERS:
                    del self._remembered[next(iter(self._remembered))]
        return remembered

    def _generate(self, request: InferenceRequest, model: Model, limit: int) -> _Generated:
        sampling = request.sampling
        reasons = model.reasons and self._is_to_reason(request)
        drafts: list[Draft] = []
        discarded = 0
        for at in range(max(len(request.prompts), 1)):
            asked = msgspec.structs.replace(request, prompts=(request.prompts[at],)) if request.prompts else request
            seed = self._conversation(asked, model)
            for choice in range(max(sampling.n, sampling.best_of)):
                draft = generate(asked, reasons=reasons, seed=seed, choice=choice, limit=limit)
                draft = obey(draft, sampling.stop, limit)
                if choice >= sampling.n:
                    discarded += len(draft)
                elif request.echo:
                    drafts.append(_echo(draft, request.prompts[at], seed, sampling.logprobs))
                else:
                    drafts.append(draft)
        return drafts, discarded

    def _conversation(self, request: InferenceRequest, model: Model) -> Seed:
        """Where an answer comes from: what was said. Limits, formats and ids do not change what is said next."""
        said = _canonical((request.messages, request.prompts, request.tools))
        seed = request.sampling.seed
        return self._seed.child("answer", model.id, said, "" if seed is None else seed)

    def _is_to_reason(self, request: InferenceRequest) -> bool:
        enabled = request.reasoning.enabled
        return self.settings.reasoning_by_default if enabled is None else enabled


def _refuses(model: Model, media: Media) -> bool:
    """Whether the model refuses a part; some drop what they cannot read in silence (docs/contract.md, images)."""
    return media.kind not in model.input_modalities and model.images != "drop"


def _question(request: InferenceRequest) -> bytes:
    """What is asked, whether the answer is to be streamed or not, and whatever the order of the keys."""
    asked = {name: value for name, value in request.body.items() if name not in _NOT_THE_QUESTION}
    return _canonical((request.endpoint, asked))


def _ids(identity: Seed) -> tuple[str, str]:
    """The inference id and the request id."""
    return identity.uuid4(), f"req_{identity.letters(24)}"


def failing(error: ApiError) -> list[Step]:
    """The steps of a request that fails before anything is sent."""
    return [Step(0.0, Failure(error))]


def unknown_model(id: str, catalog: Catalog) -> ApiError:
    """The 404 for a model that is not in the catalogue; names the nearest that is."""
    near = catalog.nearest(id)
    hint = f" Did you mean '{near}'?" if near else ""
    shown = id if len(id) <= _SHOWN else f"{id[:_SHOWN]}..."
    return ApiError("model_not_found", f"The model '{shown}' does not exist.{hint}", param="model")


def overflow(prompt: int, wanted: int, limit: int) -> ApiError:
    """The 400 for a request that is longer than the model's context, in the words that clients match on."""
    return ApiError(
        "context_length_exceeded",
        f"This model's maximum context length is {limit} tokens. However, you requested {prompt + wanted} tokens "
        f"({prompt} in the messages, {wanted} in the completion). Please reduce the length of the messages or "
        "completion.",
        param="messages",
        overflow=(prompt, wanted, limit),
    )


def _echo(draft: Draft, prompt: str, seed: Seed, logprobs: int | None) -> Draft:
    """The draft with its prompt in front, as `echo` asks. Nothing precedes the first token: it has no logprob."""
    echo = split(prompt)
    if logprobs is None or not echo.pieces:
        return msgspec.structs.replace(draft, echo=echo)
    first, *others = describe(echo, seed, logprobs)
    first = msgspec.structs.replace(first, logprob=None, top=())
    return msgspec.structs.replace(draft, echo=echo, echo_logprobs=(first, *others))
