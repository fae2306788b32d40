"""Answers as events, each dialect's way of telling them, and what of them can be read back."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, get_args

from hypothesis import strategies as st
from msgspec.structs import replace

from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.fold import Choice, Fold
from emulator.core.settings import Settings
from emulator.core.vocabulary import (
    End,
    Event,
    Failure,
    Finish,
    FinishReason,
    InferenceRequest,
    Reasoning,
    Sampling,
    Start,
    Text,
    TokenLogprob,
    ToolArguments,
    ToolCall,
    TopLogprob,
    Usage,
)
from emulator.dialects import Dialect
from emulator.dialects.anthropic import messages
from emulator.dialects.openai import surface as openai
from emulator.dialects.openai.chat import OpenAIChat
from emulator.dialects.openai.completions import OpenAICompletions
from emulator.dialects.partial_json import whole_part

Events: TypeAlias = list[Event]
KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
REASONS: tuple[FinishReason, ...] = get_args(FinishReason)
BARE = "0123456789abcdef" * 2
OWN = "mine-1"
DONE = End(Usage(20, 9, 2, 4))


# ---------------------------------------------------------------------------------------------- cases


def _logprob(token: str, logprob: float | None, *others: tuple[str, float]) -> TokenLogprob:
    top = tuple(TopLogprob(text, each, text.encode()) for text, each in others)
    return TokenLogprob(token, logprob, token.encode(), top)


_LOGPROBS = (_logprob("Hel", -0.5, ("Hel", -0.5), ("Hal", -1.5)), _logprob("lo", -1.0))
_HALF = TokenLogprob("", -2.0, b"\xe2\x98", (TopLogprob("", -2.0, b"\xe2\x98"), TopLogprob("", -3.0, b"\xe2")))
_PARALLEL = (
    ToolCall(0, "call-a", "get_weather"),
    ToolArguments(0, '{"city":'),
    ToolArguments(0, '"Rome"}'),
    ToolCall(0, None, "get_time"),
    ToolCall(0, "call-c", "get_time"),
    ToolArguments(0, "{}"),
)
SAID: Mapping[str, Sequence[Event]] = {
    "text": (Text(0, "Hel"), Text(0, "lo"), Finish(0, "stop")),
    "nothing": (Finish(0, "stop"),),
    "empty pieces": (Text(0, ""), Reasoning(0, "a"), Text(0, ""), Reasoning(0, "b"), Text(0, "c"), Finish(0, "stop")),
    "odd letters": (Text(0, 'data: [DONE]\n\n"\\ud800" \x00\x7f\u2028 naïve ☀️ </s>'), Finish(0, "stop")),
    "reasoning": (Reasoning(0, "Well"), Reasoning(0, ", hm."), Text(0, "Yes."), Finish(0, "stop")),
    "hidden reasoning": (Reasoning(0, "", 7), Text(0, "Yes."), Finish(0, "stop")),
    "nothing but reasoning": (Reasoning(0, "Well"), Finish(0, "length")),
    "reasoning between texts": (Text(0, "One"), Reasoning(0, "Hm"), Text(0, "Two"), Finish(0, "stop")),
    "a call": (ToolCall(0, "call-a", "f"), ToolArguments(0, '{"a":1}'), Finish(0, "tool_calls")),
    "broken arguments": (ToolCall(0, "call-a", "f"), ToolArguments(0, '{"a":'), Finish(0, "tool_calls")),
    "calls": (Text(0, "I look."), *_PARALLEL, Finish(0, "tool_calls")),
    "logprobs": (Text(0, "Hello", logprobs=_LOGPROBS), Text(0, "!"), Finish(0, "stop")),
    "an echo": (Text(0, "Hello", 0, (_logprob("Hello", None),)), Text(0, " x", 1, _LOGPROBS[1:]), Finish(0, "stop")),
    "half a letter": (Text(0, "", logprobs=(_HALF,)), Text(0, "☀", logprobs=(_HALF,)), Finish(0, "stop")),
    "no logprobs": (Text(0, "x", logprobs=()), Finish(0, "stop")),
    "choices": (
        Reasoning(1, "Two?"),
        Text(0, "One"),
        ToolCall(1, "call-b", "f"),
        ToolCall(2, "call-c", "g"),
        ToolArguments(1, '{"b":1}'),
        ToolArguments(2, '{"c":2}'),
        Finish(2, "tool_calls"),
        Text(0, "."),
        Finish(0, "stop"),
        Finish(1, "content_filter"),
    ),
    "a stop sequence": (Text(0, "Hello"), Finish(0, "stop", "END")),
    **{f"finish: {reason}": (Text(0, "x"), Finish(0, reason)) for reason in REASONS},
}
"""What answers may say, by names."""

CASES: Mapping[str, Events] = {
    **{name: [Start(OWN, "acme/odd-1", 1_767_225_600, 20), *said, DONE] for name, said in SAID.items()},
    "a bare id": [Start(BARE, "m", 1, 2), *_PARALLEL, Finish(0, "tool_calls"), End(Usage(2, 7))],
    **{
        f"fails: {kind}": [Start(OWN, "m", 0, 3), Text(0, "Hel"), Failure(ApiError(kind, "Because.", param="x"))]
        for kind in KINDS
    },
    "fails at once": [Start(OWN, "m", 0, 3), Failure(ApiError("overloaded", "No.", type="odd", code="odder"))],
}
"""Whole answers, by names: for each a dialect writes something, and reads it."""


# ---------------------------------------------------------------------------------------------- generated

_TEXTS = st.text(max_size=4)
_OBJECTS = st.dictionaries(_TEXTS, st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _TEXTS, max_size=2)
_LOGPROB = st.floats(-1e6, 0)
_TOP = st.builds(TopLogprob, _TEXTS, _LOGPROB, st.binary(max_size=4))
_ENTRY = st.builds(
    TokenLogprob, _TEXTS, st.none() | _LOGPROB, st.binary(max_size=4), st.lists(_TOP, max_size=2).map(tuple)
)


@st.composite
def _spoken(draw: st.DrawFn, choice: int) -> Events:
    """All of one choice."""
    said: Events = []
    for kind in draw(st.lists(st.sampled_from(["text", "logprobs", "reasoning", "call"]), max_size=4)):
        match kind:
            case "text":
                said.append(Text(choice, draw(_TEXTS)))
            case "logprobs":
                said.append(Text(choice, draw(_TEXTS), 1, tuple(draw(st.lists(_ENTRY, max_size=2)))))
            case "reasoning":
                said.append(Reasoning(choice, draw(_TEXTS)))
            case _:
                said.append(ToolCall(choice, draw(st.none() | st.text("abc-", min_size=1)), draw(_TEXTS)))
                arguments = json.dumps(draw(_OBJECTS), separators=(",", ":"), ensure_ascii=False)
                cuts = sorted(draw(st.lists(st.integers(0, len(arguments)), min_size=2, max_size=3)))
                said += [ToolArguments(choice, arguments[at:to]) for at, to in zip([0, *cuts], cuts, strict=False)]
    return [*said, Finish(choice, draw(st.sampled_from(REASONS)), draw(st.none() | st.just("END")))]


@st.composite
def answers(draw: st.DrawFn) -> Events:
    """An answer of up to three choices, side by side, that is complete or fails."""
    spoken = [draw(_spoken(choice)) for choice in range(draw(st.integers(1, 3)))]
    order = draw(st.permutations([choice for choice, said in enumerate(spoken) for _ in said]))
    iterators = [iter(said) for said in spoken]
    said = [next(iterators[choice]) for choice in order]
    counts = st.integers(0, 10**6)
    usage = draw(st.builds(Usage, counts.map(lambda count: count + 10**6), counts, counts, counts))
    start = Start(draw(st.sampled_from([BARE, OWN])), draw(_TEXTS), draw(counts), usage.prompt_tokens)
    if draw(st.booleans()):
        return [start, *said, End(usage)]
    names = st.none() | st.text("xyz", min_size=1)
    error = ApiError(draw(st.sampled_from(KINDS)), draw(_TEXTS), param=draw(names), code=draw(names), type=draw(names))
    return [start, *said[: draw(st.integers(0, len(said)))], Failure(error)]


# ---------------------------------------------------------------------------------------------- dialects


class Wire(NamedTuple):
    """A dialect with its settings, what a request for a stream has, and what its answers leave out of events."""

    dialect: Dialect
    body: Mapping[str, Any]
    told: Callable[[Events], Iterator[Event]]
    choices: int = 3

    def request(self, **more: Any) -> InferenceRequest:
        """What is asked."""
        endpoint: Any = self.dialect.endpoint
        return InferenceRequest(endpoint, "m", sampling=Sampling(n=self.choices), body=self.body, **more)

    def stream(self, events: Events) -> bytes:
        """The stream of these events."""
        encoder = self.dialect.encoder(self.request(stream=True), "req_1")
        return b"".join(frame for event in events for frame in encoder.frames(event))

    def whole(self, events: Events) -> bytes:
        """The whole body of these events, none of which is a failure."""
        return b"".join(self.dialect.parts(folded(events).completion(), self.request()))

    def can_tell(self, events: Events) -> Events:
        """Those of the choices that the dialect has."""
        return [event for event in events if getattr(event, "choice", 0) < self.choices]

    def reads(self, events: Events) -> Events:
        """What is read from the stream of these events."""
        pieces = Text | Reasoning | ToolArguments
        return list(self.told([replace(event, tokens=0) if isinstance(event, pieces) else event for event in events]))


def folded(events: Events) -> Fold:
    """The fold of events."""
    fold = Fold()
    for event in events:
        fold.add(event)
    return fold


def _chat(*, usage: bool = True, running: bool = False, legacy: bool = False) -> Callable[[Events], Iterator[Event]]:
    """Prompt tokens come first only where usage is told all along; `functions` have room for one call."""

    def told(events: Events) -> Iterator[Event]:
        calls: dict[int, int] = {}
        for event in events:
            match event:
                case Start(id):
                    start = event
                    tokens = event.prompt_tokens if running else 0
                    yield replace(event, id=openai.completion_id("chatcmpl-", id), prompt_tokens=tokens)
                case ToolCall(choice, id):
                    ordinal = calls[choice] = calls.get(choice, -1) + 1
                    if not legacy:
                        yield replace(event, id=openai.call_id(start.id, choice, ordinal, id))
                    elif not ordinal:
                        yield replace(event, id=None)
                case ToolArguments(choice, text):
                    if text and not (legacy and calls[choice]):
                        yield event
                case _:
                    yield from _v1(event, usage=usage)

    return told


def _v1(event: Event, *, usage: bool = True) -> Iterator[Event]:
    match event:
        case Text(_, text, logprobs=logprobs) if text or logprobs is not None:
            yield event
        case Reasoning(_, text) if text:
            yield event
        case Finish():
            yield replace(event, stop_sequence=None)
        case End():
            yield event if usage else End(Usage(0, 0))
        case Failure(error):
            row = ERRORS[error.kind]
            names = error.type or row.v1_type, error.code or row.v1_code
            param = error.param or row.param
            yield Failure(ApiError(_kind(*names, param), error.message, param=param, type=names[0], code=names[1]))


def _kind(type: str, code: str | None, param: str | None) -> ErrorKind:
    """The kind that has this code, or else the first that has this type; a stranger's is internal."""
    if type == ERRORS["context_length_exceeded"].v1_type:  # vLLM's for all that is a 400
        return "context_length_exceeded" if param == "input_tokens" else "bad_request"
    of_code = [kind for kind in KINDS if code is not None and ERRORS[kind].v1_code == code != "400"]
    of_type = [kind for kind in KINDS if ERRORS[kind].v1_type == type]
    kinds = of_code or of_type
    return kinds[0] if kinds else "internal"


def _completion(events: Events) -> Iterator[Event]:
    """Text only, with logprobs by their texts; the start is told by the first chunk that says something."""
    rest = [event for event in events if isinstance(event, Text | Finish | End)]
    for event in events:
        match event:
            case Start(id):
                start = replace(event, id=openai.completion_id("cmpl-", id), prompt_tokens=0)
                yield from [start] if rest else []
            case Text(_, _, _, logprobs) if logprobs is not None:
                yield replace(event, logprobs=tuple(map(_by_text, logprobs)))
            case Reasoning() | ToolCall() | ToolArguments():
                pass
            case _:
                yield from _v1(event)


def _by_text(entry: TokenLogprob) -> TokenLogprob:
    top = {each.token: each.logprob for each in reversed(entry.top)}
    texts = dict.fromkeys([*(each.token for each in entry.top), entry.token])
    if entry.logprob is None:
        return TokenLogprob(entry.token, None, entry.token.encode())
    top[entry.token] = entry.logprob
    return TokenLogprob(
        entry.token,
        entry.logprob,
        entry.token.encode(),
        tuple(TopLogprob(text, top[text], text.encode()) for text in texts),
    )


def _message(*, omitted: bool = False) -> Callable[[Events], Iterator[Event]]:
    """No logprobs, no parameter of an error, and several kinds of errors under one type."""

    def told(events: Events) -> Iterator[Event]:
        calls = 0
        for event in events:
            match event:
                case Start(id):
                    start = event
                    yield replace(event, id=messages.message_id(id), created=0)
                case Text(_, text) if text:
                    yield replace(event, logprobs=None)
                case Reasoning(_, text) if text and not omitted:
                    yield event
                case ToolCall(_, id):
                    yield replace(event, id=messages.call_id(start.id, calls, id))
                    calls += 1
                case ToolArguments(_, text) if text:
                    yield event
                case Finish(_, reason, sequence):
                    finish = replace(event, stop_sequence=sequence if reason == "stop" else None)
                case End(usage):
                    yield finish
                    yield End(replace(usage, reasoning_tokens=0))
                case Failure(error):
                    type = error.type or ERRORS[error.kind].anthropic_type
                    kinds = [kind for kind in KINDS if ERRORS[kind].anthropic_type == type]
                    yield Failure(ApiError(kinds[0] if kinds else "internal", error.message, type=type))

    return told


_DETAILS = Settings(usage_details=True)
_USAGE = {"stream_options": {"include_usage": True}}
_RUNNING = {"stream_options": {"include_usage": True, "continuous_usage_stats": True}}
_FUNCTIONS = {**_USAGE, "functions": [{}]}
_OMITTED = {"thinking": {"type": "adaptive", "display": "omitted"}}
WIRES: Mapping[str, Wire] = {
    "chat": Wire(OpenAIChat(_DETAILS), _USAGE, _chat()),
    "chat, usage all along": Wire(OpenAIChat(_DETAILS), _RUNNING, _chat(running=True)),
    "chat, no usage": Wire(OpenAIChat(Settings()), {}, _chat(usage=False)),
    "chat, functions": Wire(OpenAIChat(_DETAILS), _FUNCTIONS, _chat(legacy=True)),
    "chat, reasoning": Wire(OpenAIChat(replace(_DETAILS, reasoning_field="reasoning")), _USAGE, _chat()),
    "chat, both": Wire(OpenAIChat(replace(_DETAILS, reasoning_field="both")), _USAGE, _chat()),
    "completions": Wire(OpenAICompletions(_DETAILS), _USAGE, _completion),
    "messages": Wire(messages.AnthropicMessages(Settings()), {}, _message(), choices=1),
    "messages, thinking omitted": Wire(
        messages.AnthropicMessages(Settings()), _OMITTED, _message(omitted=True), choices=1
    ),
}


def spoken(choice: Choice) -> tuple[Any, ...]:
    """All of a choice but for the order of its blocks, which a body of /v1 does not tell."""
    cut = choice.finish_reason == "length"
    calls = [(call.id, call.name, _json(call.arguments, cut)) for call in choice.tool_calls]
    return (
        choice.index,
        choice.reasoning,
        choice.text,
        choice.logprobs,
        calls,
        choice.finish_reason,
        choice.stop_sequence,
    )


def _json(text: str, cut: bool) -> Any:
    """Arguments as what they mean: a whole message has them as JSON, and of those that were cut what is complete."""
    try:
        return json.loads(text or "{}")
    except ValueError:
        part = whole_part(text) if cut else None
        return text if part is None else part
