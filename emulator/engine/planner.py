"""The planner: checks a request against its model, makes the drafts of an answer, and turns them into steps."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from emulator.core.catalog import SAMPLING, Catalog, Model
from emulator.core.drafts import Draft, DraftCall, content_steps, likeliest, obey, steps
from emulator.core.errors import ApiError, Rejected
from emulator.core.plan import FrameFault
from emulator.core.prompt_sizes import PromptSize, overflow, prompt_sizes, prompt_tokens
from emulator.core.seeds import Seed, canonical
from emulator.core.settings import Settings
from emulator.core.tokens import EMPTY, split
from emulator.core.vocabulary import Failure, InferenceRequest, Media, Message, Sampling, Start, Step, Usage
from emulator.generator import describe, generate
from emulator.scenario.library import Library

_SHOWN = 100
_REMEMBERED_ANSWERS = 256
_REMEMBERED_BYTES = 16 * 1024
_REMEMBERED_TOKENS = 4096
_PLAIN = Sampling()


class CheckedRequest(msgspec.Struct, frozen=True):
    """A request that can be answered, with its model, its prompt tokens, and the token limit of each choice."""

    request: InferenceRequest
    model: Model
    prompt: int
    limit: int


class PlannedAnswer(msgspec.Struct, frozen=True):
    """The content of a plan: its steps, additional headers, and frame faults."""

    steps: Iterable[Step]
    headers: tuple[tuple[str, str], ...] = ()
    frame_faults: tuple[FrameFault, ...] = ()


class Planner:
    """Makes drafts and steps. It caches the answers of the generator, which are the same for the same request."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seed = Seed.of(settings.answer_seed)
        self._remembered: dict[bytes, DraftedAnswer] = {}
        self._canned: dict[int, DraftedAnswer] = {}

    def check(self, request: InferenceRequest, model: Model, size: PromptSize) -> CheckedRequest:
        """Check schemas, media and lengths. Raises `Rejected` with a 400 for a request that the model cannot process.

        A model without log probabilities returns null for them, as AkashML was seen to do.
        """
        if request.response_format.strict or any(tool.strict for tool in request.tools):
            _check_strict(request)
        read = readable(request, model)
        prompt = size.tokens if read is request else prompt_tokens(read)
        request = read
        unlisted = _unlisted(request, model)
        if unlisted and self._settings.unsupported_sampling == "reject":
            raise Rejected(ApiError("bad_request", _not_listed(unlisted, request.model), param=unlisted[0]))
        without_effect = {name: getattr(_PLAIN, name) for name in unlisted}
        if request.sampling.logprobs is not None and not model.supports_logprobs:
            without_effect["logprobs"] = None
        if without_effect:
            sampling = msgspec.structs.replace(request.sampling, **without_effect)
            request = msgspec.structs.replace(request, sampling=sampling)
        return CheckedRequest(request, model, prompt, self._limit(request, model, prompt))

    def warnings(self, request: InferenceRequest, model: Model) -> tuple[tuple[str, str], ...]:
        """The header that lists the parameters without effect, if the settings ask for it."""
        if self._settings.unsupported_sampling != "warn" or not (unlisted := _unlisted(request, model)):
            return ()
        return (("x-emulator-warning", _not_listed(unlisted, model.id)),)

    def _limit(self, request: InferenceRequest, model: Model, prompt: int) -> int:
        """The maximum number of tokens of each choice. Each prompt has the whole context."""
        prompt = max(prompt_sizes(request)) if len(request.prompts) > 1 else prompt
        wanted = request.sampling.max_tokens
        if wanted is not None and wanted > model.max_output_length:
            if self._settings.max_output == "reject":
                text = f"max_tokens is too large: {wanted}. {request.model} answers at most {model.max_output_length}."
                raise Rejected(ApiError("bad_request", text, param="max_tokens"))
            wanted = model.max_output_length
        room = model.context_length - prompt
        if room < (1 if wanted is None else wanted):
            raise Rejected(overflow(prompt, wanted or 0, model.context_length))
        return min(model.max_output_length, room) if wanted is None else wanted

    def steps(
        self, asked: CheckedRequest, said: "DraftedAnswer", id: str, created: float, *, whole: bool
    ) -> list[Step]:
        """Return the steps of an answer, with its usage. `created` is in Unix seconds."""
        usage = Usage(asked.prompt, said.tokens, said.reasoning_tokens)
        name = asked.request.model if self._settings.model_name == "sent" else asked.model.id
        start = Start(id, name, int(created), asked.prompt)
        return steps(start, said.content_steps(whole=whole, hide_reasoning=asked.request.reasoning.exclude), usage)

    # ------------------------------------------------------------------------------------------ what nothing scripts

    def generated(self, asked: CheckedRequest, question: bytes) -> "DraftedAnswer":
        """Return the generator's answer to a request, from the cache if possible."""
        remembered = self._remembered.get(question)
        if remembered is None:
            remembered = self.generate(asked)
            if len(question) <= _REMEMBERED_BYTES and remembered.tokens <= _REMEMBERED_TOKENS:
                self._remembered[question] = remembered
                if len(self._remembered) > _REMEMBERED_ANSWERS:
                    del self._remembered[next(iter(self._remembered))]
        return remembered

    def canned(self, said: "DraftedAnswer") -> "DraftedAnswer":
        """Return the cached answer for a scripted draft that is sent unchanged, to make its steps only once."""
        draft = said.drafts[0]
        remembered = self._canned.get(id(draft))
        if remembered is None or remembered.drafts[0] is not draft:
            remembered = self._canned[id(draft)] = said
            if len(self._canned) > _REMEMBERED_ANSWERS:
                del self._canned[next(iter(self._canned))]
        return remembered

    def generate(self, asked: CheckedRequest) -> "DraftedAnswer":
        """Generate an answer: a draft for each choice of each prompt."""
        request, sampling = asked.request, asked.request.sampling
        drafts: list[Draft] = []
        discarded = 0
        for at in range(max(len(request.prompts), 1)):
            one = msgspec.structs.replace(request, prompts=(request.prompts[at],)) if request.prompts else request
            made = self._choices(one, asked)
            kept = made if len(made) == sampling.n else likeliest(made, sampling.n)
            discarded += sum(map(len, made)) - sum(map(len, kept))
            drafts += kept
        if sampling.best_of > sampling.n and sampling.logprobs is None:
            drafts = [msgspec.structs.replace(draft, logprobs=None) for draft in drafts]
        return DraftedAnswer(self.echoed(asked, drafts) if request.echo else drafts, discarded)

    def _choices(self, request: InferenceRequest, asked: CheckedRequest) -> list[Draft]:
        """All choices of one prompt. With `best_of`, their log probabilities are needed for the comparison."""
        sampling, seed = request.sampling, self._conversation(request, asked.model)
        if sampling.best_of > sampling.n and sampling.logprobs is None:
            request = msgspec.structs.replace(request, sampling=msgspec.structs.replace(sampling, logprobs=0))
        return [self._one(request, asked, seed, choice) for choice in range(max(sampling.n, sampling.best_of))]

    def obeyed(self, asked: CheckedRequest, drafts: Sequence[Draft]) -> "DraftedAnswer":
        """Cut scripted drafts, and add log probabilities, as requested. With `best_of`, all candidates count."""
        request, sampling = asked.request, asked.request.sampling
        if sampling.logprobs is not None:
            seed, top = self._conversation(request, asked.model).child("logprobs"), sampling.logprobs
            drafts = [msgspec.structs.replace(draft, logprobs=describe(draft.text, seed, top)) for draft in drafts]
        drafts = [
            obey(draft, sampling.stop, asked.limit, stop_ids=sampling.stop_token_ids, least=sampling.min_tokens)
            for draft in drafts
        ]
        others = range(sampling.n, sampling.best_of)
        firsts = range(0, len(drafts), sampling.n)
        discarded = sum(len(drafts[first + other % sampling.n]) for first in firsts for other in others)
        return DraftedAnswer(self.echoed(asked, drafts) if request.echo else drafts, discarded)

    def echoed(self, asked: CheckedRequest, drafts: Sequence[Draft]) -> list[Draft]:
        """The drafts with their prompts in front, as `echo` requests."""
        prompts, sampling = asked.request.prompts, asked.request.sampling
        seed = self._conversation(asked.request, asked.model).child("echo")
        return [_echo(draft, prompts[at // sampling.n], seed, sampling.logprobs) for at, draft in enumerate(drafts)]

    def _one(self, request: InferenceRequest, asked: CheckedRequest, seed: Seed, choice: int) -> Draft:
        enabled = request.reasoning.enabled
        wanted = self._settings.reasoning_by_default if enabled is None else enabled
        # A model reasons when it answers a conversation; a bare prompt is only continued.
        reasons = asked.model.reasons and wanted and not request.prompts
        draft = generate(request, reasons=reasons, seed=seed, choice=choice, limit=asked.limit)
        if draft.tool_calls and not self._settings.empty_arguments:
            draft = msgspec.structs.replace(draft, tool_calls=tuple(map(_without_empty, draft.tool_calls)))
        return obey(draft, request.sampling.stop, asked.limit, least=request.sampling.min_tokens)

    def _conversation(self, request: InferenceRequest, model: Model) -> Seed:
        """The seed of an answer: the conversation, but not limits, formats or ids, which do not change the text."""
        tools = [msgspec.structs.asdict(tool) for tool in request.tools]
        for tool in tools:
            del tool["place"]  # the same tool has another place on another surface
        said = canonical((request.messages, request.prompts, tools))
        seed = request.sampling.seed
        return self._seed.child("answer", model.id, said, "" if seed is None else seed)


class DraftedAnswer:
    """The drafts of an answer. `tokens` includes the `discarded` ones of `best_of`. The steps are cached."""

    def __init__(self, drafts: Sequence[Draft], discarded: int = 0) -> None:
        self.drafts = drafts
        self.discarded = discarded
        self.tokens = sum(map(len, drafts)) + discarded
        self.reasoning_tokens = sum(len(draft.reasoning) for draft in drafts)
        self._steps: dict[tuple[bool, bool], list[Step]] = {}

    def content_steps(self, *, whole: bool, hide_reasoning: bool) -> list[Step]:
        """The steps of the drafts."""
        found = self._steps.get((whole, hide_reasoning))
        if found is None:
            found = content_steps(self.drafts, whole=whole, hide_reasoning=hide_reasoning)
            self._steps[whole, hide_reasoning] = found
        return found


def failing(error: ApiError) -> list[Step]:
    """The steps of an answer that fails before anything is sent."""
    return [Step(0.0, Failure(error))]


def unknown_model(id: str, catalog: Catalog) -> ApiError:
    """The 404 for a model that is not in the catalogue, with the most similar one that is."""
    near = catalog.nearest(id)
    hint = f" Did you mean '{near}'?" if near else ""
    shown = id if len(id) <= _SHOWN else f"{id[:_SHOWN]}..."
    return ApiError("model_not_found", f"The model '{shown}' does not exist.{hint}", param="model")


def unknown_scenario(name: str, library: Library) -> Rejected:
    """The 404 for a scenario that is not in the library; it suggests the nearest that is."""
    return Rejected(ApiError("not_found", library.unknown(name)))


def _unlisted(request: InferenceRequest, model: Model) -> list[str]:
    """The parameters that the request sets and the model does not list, among those that a model can list."""
    lacking = _lacking(model.supported_sampling_parameters)
    return [name for name in lacking if getattr(request.sampling, name) != getattr(_PLAIN, name)]


@lru_cache(maxsize=64)
def _lacking(supported: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in SAMPLING.split() if name not in supported)


def _not_listed(names: Sequence[str], model: str) -> str:
    return f"{', '.join(names)}: not among the supported_sampling_parameters of {model}"


def _without_empty(call: DraftCall) -> DraftCall:
    """Send "" for empty arguments, as AkashML was once seen to do."""
    return msgspec.structs.replace(call, arguments=EMPTY) if call.arguments.text == "{}" else call


def _check_strict(request: InferenceRequest) -> None:
    from emulator.generator.calls import check_strict  # noqa: PLC0415 - most requests have no schema

    check_strict(request)


def readable(request: InferenceRequest, model: Model) -> InferenceRequest:
    """The request without the media that the model drops. Raises `Rejected` for media that it refuses.

    Some models silently drop media that they cannot read (docs/contract.md, images).
    """
    unread = [media for message in request.messages for media in message.media if not _reads(model, media)]
    if not unread:
        return request
    if model.images != "drop":
        reads = " and ".join(model.input_modalities)
        text = f"Model only supports {reads} input: '{request.model}' cannot read {unread[0].kind} parts."
        raise Rejected(ApiError("bad_request", text, param="messages"))
    return msgspec.structs.replace(request, messages=tuple(_without(message, model) for message in request.messages))


def _without(message: Message, model: Model) -> Message:
    read = tuple(media for media in message.media if _reads(model, media))
    return message if len(read) == len(message.media) else msgspec.structs.replace(message, media=read)


def _reads(model: Model, media: Media) -> bool:
    return media.kind in model.input_modalities


def _echo(draft: Draft, prompt: str, seed: Seed, logprobs: int | None) -> Draft:
    """The draft with its prompt in front, as `echo` requests. The first token has no log probability."""
    echo = split(prompt)
    if logprobs is None or not echo.pieces:
        return msgspec.structs.replace(draft, echo=echo)
    first, *others = describe(echo, seed, logprobs)
    first = msgspec.structs.replace(first, logprob=None, top=())
    return msgspec.structs.replace(draft, echo=echo, echo_logprobs=(first, *others))
