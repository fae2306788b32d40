"""The planner: checks a request against its model, and plans the choices of an answer and their steps."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.core.catalog import LONGEST_NAME, SAMPLING, Catalog, Model
from emulator.core.drafts import Draft, PlannedChoice, obey
from emulator.core.errors import ApiError, Rejected
from emulator.core.lazy import lazy
from emulator.core.plan import FrameFault
from emulator.core.prompt_sizes import PromptSize, overflow
from emulator.core.seeds import Seed, canonical
from emulator.core.settings import Settings
from emulator.core.vocabulary import Failure, InferenceRequest, Sampling, Start, Step, TokenLogprob
from emulator.engine.drafted import Contest, DraftedAnswer, Echoed
from emulator.engine.media import readable
from emulator.engine.single import SingleAnswer
from emulator.scenario.library import Library

if TYPE_CHECKING:
    from emulator.generator import GeneratedChoice

_SHOWN = 100
_REMEMBERED_ANSWERS = 256
_REMEMBERED_BYTES = 16 * 1024
_PLAIN = Sampling()


class CheckedRequest(msgspec.Struct, frozen=True):
    """A request that can be answered, with its model, its prompt tokens, and the token limit of each choice.

    `plain` says that it asks for a single choice without a stop, log probabilities or an echo.
    """

    request: InferenceRequest
    model: Model
    prompt: int
    limit: int
    plain: bool


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
        self._remembered: dict[bytes, tuple[Model, DraftedAnswer]] = {}
        self._canned: dict[int, DraftedAnswer] = {}

    @lazy
    def _choice(self) -> "type[GeneratedChoice]":
        """The class of the generator's choices."""
        from emulator.generator import GeneratedChoice  # noqa: PLC0415 (a scenario's answers need no generator)

        return GeneratedChoice

    def check(self, request: InferenceRequest, model: Model, size: PromptSize) -> CheckedRequest:
        """Check schemas, media and lengths. Raises `Rejected` with a 400 for a request that the model cannot process.

        A model without log probabilities returns null for them, as AkashML was seen to do.
        """
        if request.response_format.strict or (request.tools and any(tool.strict for tool in request.tools)):
            _check_strict(request)
        read = readable(request, model)
        prompt = size.tokens if read is request else size.without_media(read)
        request = read
        if without_effect := self._without_effect(request, model):
            sampling = msgspec.structs.replace(request.sampling, **without_effect)
            request = msgspec.structs.replace(request, sampling=sampling)
        longest = max(size.prompts) if len(request.prompts) > 1 else prompt
        plain = _is_plain(request)
        return CheckedRequest(request, model, prompt, self._limit(request, model, longest, plain), plain)

    def _without_effect(self, request: InferenceRequest, model: Model) -> dict[str, Any]:
        """The parameters that the model ignores, with the values that they then have."""
        unlisted = _unlisted(request, model)
        if unlisted and self._settings.unsupported_sampling == "reject":
            raise Rejected(ApiError("bad_request", _not_listed(unlisted, request.model), param=unlisted[0]))
        without_effect = {name: getattr(_PLAIN, name) for name in unlisted} if unlisted else {}
        if request.sampling.logprobs is not None and not model.supports_logprobs:
            without_effect["logprobs"] = None
        return without_effect

    def warnings(self, request: InferenceRequest, model: Model) -> tuple[tuple[str, str], ...]:
        """The header that lists the parameters without effect, if the settings ask for it."""
        if self._settings.unsupported_sampling != "warn" or not (unlisted := _unlisted(request, model)):
            return ()
        return (("x-emulator-warning", _not_listed(unlisted, model.id)),)

    def _limit(self, request: InferenceRequest, model: Model, prompt: int, plain: bool) -> int:
        """The maximum number of tokens of each choice. Each prompt has the whole context."""
        wanted, room = request.sampling.max_tokens, model.context_length - prompt
        if wanted is not None and wanted > room and self._settings.strictness == "vllm":
            raise Rejected(overflow(prompt, wanted, model.context_length))
        if wanted is not None and wanted > model.max_output_length:
            if self._settings.max_output == "reject":
                text = f"max_tokens is too large: {wanted}. {request.model} answers at most {model.max_output_length}."
                raise Rejected(ApiError("bad_request", text, param="max_tokens"))
            wanted = model.max_output_length
        if room < (1 if wanted is None else wanted):
            raise Rejected(overflow(prompt, wanted or 0, model.context_length))
        limit = min(model.max_output_length, room) if wanted is None else wanted
        return limit if plain and limit <= self._settings.max_answer else self._affordable(request, limit, prompt)

    def _affordable(self, request: InferenceRequest, limit: int, prompt: int) -> int:
        """The token limit of each choice, so that the answer is not too large. Raises `Rejected` if it would be."""
        sampling, largest = request.sampling, self._settings.max_answer
        choices = max(sampling.n, sampling.best_of) * (len(request.prompts) or 1)
        each = 1 if sampling.logprobs is None else 2 + sampling.logprobs
        echoed = prompt if request.echo else 0
        size = choices * (limit + echoed) * each
        if size <= largest:
            return limit
        least = largest // (choices * each) - echoed
        if sampling.max_tokens is None and least >= max(sampling.min_tokens, 1):
            return least
        told = "" if each == 1 else f", each of which counts {each} for its log probabilities,"
        raise Rejected(
            ApiError(
                "bad_request",
                f"This answer is too large: {choices} choices of up to {limit + echoed} tokens{told} are {size}, and "
                f"the setting max_answer allows {largest}. Ask for fewer choices, tokens or log probabilities.",
                param="max_tokens",
            )
        )

    def steps(
        self, asked: CheckedRequest, said: DraftedAnswer | SingleAnswer, id: str, created: float, *, whole: bool
    ) -> Iterable[Step]:
        """Make the steps of an answer, with its usage, while they are read. `created` is in Unix seconds."""
        name = asked.request.model if self._settings.model_name == "sent" else asked.model.id
        start = Start(id, name, int(created), asked.prompt)
        return said.steps(start, whole=whole, hide_reasoning=asked.request.reasoning.exclude)

    # ------------------------------------------------------------------------------------------ what nothing scripts

    def generated(self, asked: CheckedRequest, question: bytes) -> DraftedAnswer:
        """Return the generator's answer to a request, from the cache if possible."""
        model, remembered = self._remembered.get(question, (None, None))
        if remembered is None or model is not asked.model:  # in a scenario, another model may answer to the name
            remembered = self.generate(asked)
            if len(question) <= _REMEMBERED_BYTES:
                self._remembered[question] = asked.model, remembered
                if len(self._remembered) > _REMEMBERED_ANSWERS:
                    del self._remembered[next(iter(self._remembered))]
        return remembered

    def canned(self, draft: Draft) -> DraftedAnswer:
        """Return the cached answer for a scripted draft that is sent unchanged, to make its steps only once."""
        remembered = self._canned.get(id(draft))
        if remembered is None or remembered.choices[0] is not draft:
            remembered = self._canned[id(draft)] = DraftedAnswer([draft])
            if len(self._canned) > _REMEMBERED_ANSWERS:
                del self._canned[next(iter(self._canned))]
        return remembered

    def generate(self, asked: CheckedRequest, *, exact: bool = False) -> DraftedAnswer:
        """Return an answer that is generated while it is read, with `n` choices for each prompt.

        If `exact`, a budget of reasoning is kept whatever the settings say.

        Raises `Rejected` for a schema that is invalid or that no value satisfies.
        """
        request, sampling = asked.request, asked.request.sampling
        requests = [request]
        if len(request.prompts) > 1:
            requests = [msgspec.structs.replace(request, prompts=(prompt,)) for prompt in request.prompts]
        loose = self._settings.reasoning_budget == "loose" and not exact
        groups = [self._candidates(one, asked, loose=loose) for one in requests]
        groups[0][0].check()
        sent: list[Sequence[PlannedChoice]] = [*groups]
        if request.echo:
            describe = self._describing_echo(asked)
            sent = [
                [Echoed(choice, prompt, describe) for choice in group]
                for prompt, group in zip(request.prompts, groups, strict=True)
            ]
        if sampling.best_of <= sampling.n:
            return DraftedAnswer([*chain.from_iterable(sent)])
        if sampling.logprobs is None:  # they are needed for the comparison
            compared = msgspec.structs.replace(sampling, logprobs=0)
            requests = [msgspec.structs.replace(one, sampling=compared) for one in requests]
            groups = [self._candidates(one, asked, loose=loose) for one in requests]
        return DraftedAnswer(contests=[Contest(*pair, sampling.n) for pair in zip(sent, groups, strict=True)])

    def _candidates(self, request: InferenceRequest, asked: CheckedRequest, *, loose: bool) -> "list[GeneratedChoice]":
        """The choices of one prompt; with `best_of`, as many as are compared."""
        enabled, sampling = request.reasoning.enabled, request.sampling
        wanted = self._settings.reasoning_by_default if enabled is None else enabled
        # A model reasons when it answers a conversation; a bare prompt is only continued.
        reasons = asked.model.reasons and wanted and not request.prompts
        seed, limit = self._conversation(request, asked.model), asked.limit
        arguments = self._settings.empty_arguments
        first = self._choice(
            request, reasons=reasons, seed=seed, choice=0, limit=limit, loose=loose, empty_arguments=arguments
        )
        number = max(sampling.n, sampling.best_of)
        return [first] if number == 1 else [first, *map(first.another, range(1, number))]

    def repeated(self, asked: CheckedRequest, draft: Draft) -> DraftedAnswer | SingleAnswer:
        """Return the answer of which each choice is this draft, cut as requested."""
        if self.keeps(asked, draft):
            return SingleAnswer(draft)
        request = asked.request
        return self.obeyed(asked, [draft] * (request.sampling.n * max(len(request.prompts), 1)))

    def obeyed(self, asked: CheckedRequest, drafts: Sequence[Draft]) -> DraftedAnswer:
        """Cut scripted drafts, and add log probabilities, as requested. With `best_of`, all candidates count."""
        request, sampling = asked.request, asked.request.sampling
        cut: dict[int, Draft] = {}
        for draft in drafts:
            if id(draft) not in cut:
                cut[id(draft)] = self._obeyed(asked, draft)
        drafts = [cut[id(draft)] for draft in drafts]
        others = range(sampling.n, sampling.best_of)
        firsts = range(0, len(drafts), sampling.n)
        discarded = sum(len(drafts[first + other % sampling.n]) for first in firsts for other in others)
        if not request.echo:
            return DraftedAnswer(drafts, discarded)
        describe, prompts = self._describing_echo(asked), request.prompts
        echoed = [Echoed(draft, prompts[at // sampling.n], describe) for at, draft in enumerate(drafts)]
        return DraftedAnswer(echoed, discarded)

    def keeps(self, asked: CheckedRequest, draft: Draft) -> bool:
        """Whether a scripted draft, unchanged, is the whole answer; if not, `obeyed` makes one from it."""
        if not asked.plain or len(draft) > asked.limit:
            return False
        return not draft.tool_calls or draft.own_finish or draft.finish == asked.request.tool_choice.finish

    def _obeyed(self, asked: CheckedRequest, draft: Draft) -> Draft:
        sampling, finish = asked.request.sampling, asked.request.tool_choice.finish
        if draft.tool_calls and not draft.own_finish and draft.finish != finish:
            draft = msgspec.structs.replace(draft, finish=finish)
        if sampling.logprobs is not None:
            from emulator.generator import describe  # noqa: PLC0415 (as in `_choice`)

            seed = self._conversation(asked.request, asked.model).child("logprobs")
            draft = msgspec.structs.replace(draft, logprobs=partial(describe, draft.text, seed, sampling.logprobs))
        return obey(draft, sampling.stop, asked.limit, stop_ids=sampling.stop_token_ids, least=sampling.min_tokens)

    def _describing_echo(self, asked: CheckedRequest) -> Callable[[str], Iterator[TokenLogprob]] | None:
        """The function that makes the log probabilities of an echo, if they are requested."""
        top = asked.request.sampling.logprobs
        if top is None:
            return None
        from emulator.generator import describe_echo  # noqa: PLC0415 (as in `_choice`)

        seed = self._conversation(asked.request, asked.model).child("echo")
        return partial(describe_echo, seed=seed, top=top)

    def _conversation(self, request: InferenceRequest, model: Model) -> Seed:
        """The seed of an answer: the conversation, but not limits, formats or ids, which do not change the text."""
        tools = [msgspec.structs.asdict(tool) for tool in request.tools]
        for tool in tools:
            del tool["place"]  # the same tool has another place on another surface
        said = canonical((request.messages, request.prompts, tools))
        seed = request.sampling.seed
        return self._seed.child("answer", model.id, said, "" if seed is None else seed)


def failing(error: ApiError) -> list[Step]:
    """The steps of an answer that fails before anything is sent."""
    return [Step(0.0, Failure(error))]


def unknown_model(id: str, catalog: Catalog, *, must_be_known: bool = False) -> ApiError:
    """The 404 for a model that is not in the catalogue, with the most similar one that is.

    Unless it `must_be_known`, the message tells how another model can answer to its name.
    """
    near = catalog.nearest(id)
    hint = f" Did you mean '{near}'?" if near else ""
    shown = id if len(id) <= _SHOWN else f"{id[:_SHOWN]}..."
    other = "" if must_be_known else " Start the emulator with --any-model to have other names answered."
    if len(id) > LONGEST_NAME:
        other = f" A name other than an id has at most {LONGEST_NAME} characters."
    return ApiError("model_not_found", f"The model '{shown}' does not exist.{hint}{other}", param="model")


def unknown_scenario(name: str, library: Library) -> Rejected:
    """The 404 for a scenario that is not in the library; it suggests the nearest that is."""
    return Rejected(ApiError("not_found", library.unknown(name)))


def _is_plain(request: InferenceRequest) -> bool:
    sampling = request.sampling
    return not (
        sampling.stop
        or sampling.stop_token_ids
        or sampling.logprobs is not None
        or sampling.n > 1
        or sampling.best_of > 1
        or len(request.prompts) > 1
        or request.echo
    )


def _unlisted(request: InferenceRequest, model: Model) -> Sequence[str]:
    """The parameters that the request sets and the model does not list, among those that a model can list."""
    lacking = _lacking(model.supported_sampling_parameters)
    return lacking and [name for name in lacking if getattr(request.sampling, name) != getattr(_PLAIN, name)]


@lru_cache(maxsize=64)
def _lacking(supported: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in SAMPLING.split() if name not in supported)


def _not_listed(names: Sequence[str], model: str) -> str:
    return f"{', '.join(names)}: not among the supported_sampling_parameters of {model}"


def _check_strict(request: InferenceRequest) -> None:
    from emulator.generator.calls import check_strict  # noqa: PLC0415 - most requests have no schema

    check_strict(request)
