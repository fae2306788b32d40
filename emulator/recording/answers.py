"""Reading answers of all three endpoints, whole or streamed, of AkashML and of what is like it, into neutral words."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from emulator.core.tokens import count
from emulator.core.vocabulary import FinishReason
from emulator.dialects.anthropic.surface import STOP_REASONS
from emulator.dialects.openai.surface import FINISHES
from emulator.recording.seen import Exchange

_REASONING = ("reasoning_content", "reasoning")
_REASONS: Mapping[str, FinishReason] = {
    **{name: reason for reason, name in FINISHES.items()},
    **{name: reason for reason, name in STOP_REASONS.items()},
    "function_call": "tool_calls",
    "stop_sequence": "stop",
}


class Unreadable(Exception):
    """An answer that says nothing that neutral words could say."""


class Called(msgspec.Struct):
    """A tool call."""

    id: str | None
    name: str
    arguments: str = ""


class Spoken(msgspec.Struct):
    """What one choice has said."""

    reasoning: str = ""
    text: str = ""
    calls: list[Called] = []
    finish: FinishReason | None = None
    stop_sequence: str | None = None

    def __str__(self) -> str:
        return "".join((self.reasoning, self.text, *(call.arguments for call in self.calls)))

    def __len__(self) -> int:
        return len(self.reasoning) + len(self.text) + sum(len(call.arguments) + 1 for call in self.calls)


class Moment(msgspec.Struct, frozen=True):
    """When something was said: seconds after the request, the number of the frame, and how long it was by then."""

    at: float
    frame: int
    length: int


class Heard(msgspec.Struct):
    """An answer in neutral words.

    `usage` are its token counts under the scenario language's names; `error` is what an error inside a stream says.
    """

    choices: dict[int, Spoken] = {}
    model: str | None = None
    usage: dict[str, int] | None = None
    error: Any = None
    moments: list[Moment] = []

    def choice(self, index: int) -> Spoken:
        """The choice of that index."""
        return self.choices.setdefault(index, Spoken())

    def note(self, at: float, frame: int) -> None:
        """Note the moment if something was said in it."""
        length = sum(map(len, self.choices.values()))
        if length > (self.moments[-1].length if self.moments else 0):
            self.moments.append(Moment(at, frame, length))

    def tokens(self, length: int) -> int:
        """How many tokens each choice had, more or less, when all of them together were so long."""
        share = length // max(len(self.choices), 1)
        return max((count(str(spoken)[:share]) for spoken in self.choices.values()), default=0)


def read(exchange: Exchange) -> Heard:
    """The answer of an exchange. Raises Unreadable for one that is no answer of its endpoint."""
    heard = Heard()
    take = _message if exchange.request.endpoint == "messages" else _choices
    try:
        for number, (at, data) in enumerate(_payloads(exchange)):
            if data and data != b"[DONE]":
                take(heard, msgspec.json.decode(data))
                heard.note(at, number)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, msgspec.MsgspecError) as error:
        raise Unreadable(str(error)) from None
    if not heard.choices and heard.error is None:
        raise Unreadable("no choice")
    return heard


def _payloads(exchange: Exchange) -> Iterator[tuple[float, bytes]]:
    """When each JSON text came; of a comment it is empty."""
    if exchange.is_stream:
        yield from ((frame.at, _data_of(frame.data)) for frame in exchange.frames())
    else:
        yield exchange.begun, exchange.body


def _data_of(frame: bytes) -> bytes:
    return b"\n".join(line[5:].strip() for line in frame.splitlines() if line.startswith(b"data:"))


# ---------------------------------------------------------------------------------------------- /v1


def _choices(heard: Heard, payload: Any) -> None:
    if payload.get("error") is not None:
        heard.error = payload["error"]
        return
    heard.model = payload.get("model") or heard.model
    if usage := payload.get("usage"):
        heard.usage = _openai_usage(usage)
    for choice in payload["choices"]:
        spoken = heard.choice(choice["index"])
        _said(spoken, choice.get("delta") or choice.get("message") or {"content": choice.get("text")})
        if reason := choice.get("finish_reason"):
            spoken.finish = _REASONS[reason]


def _said(spoken: Spoken, said: Mapping[str, Any]) -> None:
    spoken.text += said.get("content") or ""
    spoken.reasoning += next((said[name] for name in _REASONING if said.get(name)), "")
    for at, call in enumerate(said.get("tool_calls") or ()):
        _called(spoken, call.get("index", at), call.get("id"), call["function"])
    if function := said.get("function_call"):
        _called(spoken, 0, None, function)


def _called(spoken: Spoken, index: int, id: str | None, function: Mapping[str, Any]) -> None:
    if index == len(spoken.calls):
        spoken.calls.append(Called(id, function["name"]))
    spoken.calls[index].arguments += function.get("arguments") or ""


def _openai_usage(usage: Mapping[str, Any]) -> dict[str, int]:
    details = {
        "reasoning_tokens": (usage.get("completion_tokens_details") or {}).get("reasoning_tokens"),
        "cached_tokens": (usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
    }
    told = {"prompt_tokens": usage["prompt_tokens"], "completion_tokens": usage["completion_tokens"]}
    return told | {name: tokens for name, tokens in details.items() if tokens}


# ---------------------------------------------------------------------------------------------- /anthropic


def _message(heard: Heard, payload: Any) -> None:
    _EVENTS[payload["type"]](heard, payload)


def _whole(heard: Heard, message: Any) -> None:
    heard.model = message["model"]
    heard.usage = _anthropic_usage(heard, message.get("usage"))
    spoken = heard.choice(0)
    for block in message["content"]:
        _block(spoken, block)
    _stopped(spoken, message)


def _block(spoken: Spoken, block: Mapping[str, Any]) -> None:
    match block["type"]:
        case "text":
            spoken.text += block["text"]
        case "thinking":
            spoken.reasoning += block["thinking"]
        case "tool_use":
            given = block["input"]
            written = given if isinstance(given, str) else msgspec.json.encode(given).decode()
            spoken.calls.append(Called(block["id"], block["name"], "" if given == {} else written))
        case kind:
            raise Unreadable(f"a block of the type {kind}")


def _delta(heard: Heard, event: Any) -> None:
    spoken, delta = heard.choice(0), event["delta"]
    match delta["type"]:
        case "text_delta":
            spoken.text += delta["text"]
        case "thinking_delta":
            spoken.reasoning += delta["thinking"]
        case "input_json_delta":
            spoken.calls[-1].arguments += delta["partial_json"]
        case "signature_delta":
            pass
        case kind:
            raise Unreadable(f"a delta of the type {kind}")


def _message_delta(heard: Heard, event: Any) -> None:
    heard.usage = _anthropic_usage(heard, event.get("usage"))
    _stopped(heard.choice(0), event["delta"])


def _stopped(spoken: Spoken, told: Mapping[str, Any]) -> None:
    if reason := told.get("stop_reason"):
        spoken.finish = _REASONS[reason]
    spoken.stop_sequence = told.get("stop_sequence")


def _anthropic_usage(heard: Heard, usage: Mapping[str, Any] | None) -> dict[str, int] | None:
    """A message's first word on usage has the prompt, its last one the completion."""
    if not usage:
        return heard.usage
    cached = usage.get("cache_read_input_tokens") or 0
    told = dict(heard.usage or {})
    if usage.get("input_tokens") is not None:
        told["prompt_tokens"] = usage["input_tokens"] + cached
    if usage.get("output_tokens") is not None:
        told["completion_tokens"] = usage["output_tokens"]
    return told | ({"cached_tokens": cached} if cached else {})


def _failed(heard: Heard, event: Any) -> None:
    heard.error = event["error"]


def _nothing(heard: Heard, event: Any) -> None:
    pass


_EVENTS: Mapping[str, Callable[[Heard, Any], None]] = {
    "message": _whole,
    "message_start": lambda heard, event: _whole(heard, event["message"]),
    "content_block_start": lambda heard, event: _block(heard.choice(0), event["content_block"]),
    "content_block_delta": _delta,
    "content_block_stop": _nothing,
    "message_delta": _message_delta,
    "message_stop": _nothing,
    "ping": _nothing,
    "error": _failed,
}
