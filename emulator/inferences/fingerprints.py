"""Fingerprints by which requests and answers are compared.

They are computed from whole bodies, also where the record keeps only the beginning of one. Secrets are masked first, so
that a text has the same fingerprint before and after the record has masked it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

from emulator.account.secrets import without
from emulator.core.fields import NOT_JSON
from emulator.core.fold import Choice
from emulator.core.question import question_of
from emulator.core.seeds import Seed, canonical
from emulator.core.vocabulary import Event, Text, ToolArguments, ToolCall
from emulator.dialects.decoding import Decoder, decode
from emulator.dialects.endpoints import ENDPOINTS, conversation
from emulator.dialects.sse import split_frames

_LONG = 1 << 20
"""Characters of a text in which secrets are not looked for: its fingerprint is of the text as it is."""
_MEANING = frozenset({"anthropic-beta", "anthropic-version", "authorization", "content-type", "x-api-key"})
"""Headers that change what a request means. So does each X-Emulator-* header."""
_Said: TypeAlias = Text | ToolCall | ToolArguments
_REASONING = frozenset({"thinking", "redacted_thinking"})
"""Parts that clients may leave out when they send an answer back."""


class Asked(NamedTuple):
    """Fingerprints of a request: of what is asked, streamed or not, and of all that was sent."""

    question: str
    request: str


class Message(NamedTuple):
    """A message of a request: its role, and fingerprints of its text, of its tool calls, and of all other parts."""

    role: str
    text: str
    calls: tuple[str, ...]
    rest: str


class Answer(NamedTuple):
    """The first choice of an answer: fingerprints of its text (empty if it has none) and of its tool calls."""

    text: str
    calls: tuple[str, ...]


def asked(endpoint: str, headers: Mapping[str, str], body: bytes) -> Asked:
    """The fingerprints of a request with these headers. A body that is no JSON object is compared byte by byte."""
    sent = _decoded(body)
    readable = isinstance(sent, dict)
    meaning = sorted(item for item in headers.items() if item[0] in _MEANING or item[0].startswith("x-emulator-"))
    seed = Seed.of("asked", endpoint, canonical(meaning))
    return Asked(
        seed.child(question_of(endpoint, sent) if readable else body).hex(16),
        seed.child(canonical(sent) if readable else body).hex(16),
    )


def messages(body: Any, known: dict[bytes, Message] | None = None) -> tuple[Message, ...]:
    """The messages of a request's JSON, in any dialect. `known` has those of other requests, by their JSON."""
    said = conversation(body)
    sent = [each for each in _listed(body.get("messages")) if isinstance(each, dict)] if said else []
    known = {} if known is None else known
    found = []
    for each, message in zip(said, sent or [{"content": each.text} for each in said], strict=True):
        written = canonical(message)
        if written not in known:
            known[written] = Message(each.role, text(each.text), tuple(_calls(message)), _rest(each.others, message))
        found.append(known[written])
    return tuple(found)


def messages_in(body: bytes) -> tuple[Message, ...]:
    """The messages of a request."""
    return messages(_decoded(body))


def text(said: str) -> str:
    """The fingerprint of a text, whatever the white space around it; empty for an empty one."""
    stripped = said.strip()
    shown = stripped if len(stripped) > _LONG else without(stripped)
    return Seed.of("text", shown).hex(16) if stripped else ""


def call(name: str, arguments: Any) -> str:
    """The fingerprint of a tool call, which begins with the tool's name. The arguments are JSON, or its text."""
    if isinstance(arguments, str):
        decoded = _decoded((arguments or "{}").encode("utf-8", "surrogatepass"))
        arguments = arguments if decoded is None else decoded
    written = without(canonical(arguments).decode())
    return f"{name}:{Seed.of('call', name, written).hex(16)}"


def answer(events: Iterable[Event]) -> Answer:
    """The answer that these events make."""
    texts: list[str] = []
    calls: list[tuple[str, list[str]]] = []
    for event in events:
        match event:
            case Text(choice=0):
                texts.append(event.text)
            case ToolCall(choice=0):
                calls.append((event.name, []))
            case ToolArguments(choice=0) if calls:
                calls[-1][1].append(event.text)
    return Answer(text("".join(texts)), tuple(call(name, "".join(arguments)) for name, arguments in calls))


def whole_answer(endpoint: str, body: bytes) -> Answer:
    """The answer in a body, whole or streamed."""
    return answer(decode(_decoder(endpoint), body))


def said_by(choice: Choice) -> Answer:
    """The answer whose first choice is this one."""
    return Answer(text(choice.text), tuple(call(each.name, each.arguments) for each in choice.tool_calls))


class StreamedAnswer:
    """The answer in a stream that comes in parts, of which only the events of the first choice are kept."""

    def __init__(self, endpoint: str) -> None:
        self._decoder = _decoder(endpoint)
        self._events: list[Event] = []
        self._unread = bytearray()

    def feed(self, part: bytes) -> None:
        """Read the frames that are complete with this part of the stream."""
        start = max(len(self._unread) - 1, 0)
        self._unread += part
        end = self._unread.rfind(b"\n\n", start) + 2
        if end >= 2:
            self._read(bytes(self._unread[:end]))
            del self._unread[:end]

    def end(self) -> Answer:
        """The answer, as far as it has come."""
        self._read(bytes(self._unread))
        return answer(self._events)

    def _read(self, stream: bytes) -> None:
        events = (event for frame in split_frames(stream) for event in self._decoder.frame(frame))
        self._events += [event for event in events if isinstance(event, _Said) and event.choice == 0]


def _decoder(endpoint: str) -> Decoder:
    decoder = ENDPOINTS[endpoint].decoder()
    decoder.logprobs = False
    return decoder


def _calls(message: Mapping[str, Any]) -> Iterator[str]:
    for part in _objects(message.get("content")):
        if part.get("type") == "tool_use":
            yield call(str(part.get("name")), part.get("input"))
    for called in _objects(message.get("tool_calls")):
        for function in _objects(called.get("function")):
            yield call(str(function.get("name")), function.get("arguments"))


def _rest(others: Iterable[str], message: Mapping[str, Any]) -> str:
    """The kinds of the parts that are neither text nor reasoning, and the results of tools."""
    kinds = [kind for kind in others if kind not in _REASONING]
    results = [part.get("content") for part in _objects(message.get("content")) if part.get("type") == "tool_result"]
    return Seed.of("rest", without(canonical((kinds, results)).decode())).hex(16) if kinds or results else ""


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in _listed(value) if isinstance(each, dict)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _decoded(data: bytes) -> Any:
    """The JSON value; None if it is none."""
    try:
        return msgspec.json.decode(data)
    except NOT_JSON:
        return None
