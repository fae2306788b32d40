"""Playing a scenario to one request at once, and telling whether two answers are the same, ids and times aside."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.types import Message

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.core.vocabulary import InferenceRequest
from emulator.dialects import Dialect
from emulator.dialects.anthropic.messages import AnthropicMessages
from emulator.dialects.openai.chat import OpenAIChat
from emulator.dialects.openai.completions import OpenAICompletions
from emulator.engine.engine import Engine
from emulator.recording.answers import Heard, read
from emulator.recording.seen import BodyPart, Ending, Exchange
from emulator.scenario.library import Library
from emulator.store.memory import MemoryStore
from emulator.wire.respond import Player

SETTINGS = Settings(auth="open")
"""How recordings are played: whatever key the upstream takes is good here."""
DIALECTS: Mapping[str, Dialect] = {
    "/v1/chat/completions": OpenAIChat(SETTINGS),
    "/v1/completions": OpenAICompletions(SETTINGS),
    "/anthropic/v1/messages": AnthropicMessages(SETTINGS),
}
"""The dialects of the paths that can be recorded."""
_BY_ENDPOINT = {dialect.endpoint: dialect for dialect in DIALECTS.values()}
_IDS_AND_TIMES = re.compile(
    rb'("(?:id|request_id|signature)": ?)"[^"\\]*"|("(?:created|created_at)": ?)(?:[0-9]+|"[^"\\]*")'
)
_COMPARED = re.compile(r"retry-after(?:-ms)?|www-authenticate|x-should-retry|(?:x|anthropic)-ratelimit-(?!.*reset).*")


class _LeapingClock(VirtualClock):
    """A clock that is wherever somebody waits for."""

    async def sleep_until(self, deadline: float) -> None:
        """Make it that time."""
        if deadline > self.now():
            self.set(deadline)


class _Client:
    """A client that takes in one answer, and notices how the connection ends."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._begun = clock.now()
        self._left = asyncio.Event()
        self._linger = False
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.parts: list[BodyPart] = []
        self.begun = 0.0
        self.complete = False
        self.ended: Ending = "in order"

    def is_closing(self) -> bool:
        """Whether the connection is ending already."""
        return self._left.is_set()

    async def receive(self) -> Message:
        """Nothing more is asked; the client leaves when the connection has ended."""
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take in a message."""
        at = self._clock.now() - self._begun
        if message["type"] == "http.response.start":
            self.status, self.begun = message["status"], at
            self.headers = tuple((name.decode(), value.decode("latin-1")) for name, value in message["headers"])
        elif message.get("body"):
            self.parts.append(BodyPart(at, message["body"]))

    def get_extra_info(self, name: str) -> "_Client":
        """The socket of the connection."""
        return self

    def setsockopt(self, *option: Any) -> None:
        """Called before a reset only."""
        self.ended = "reset"

    def close(self) -> None:
        """The connection ends before the answer does."""
        self.ended = "truncate" if self.status else "close"
        self._left.set()

    def abort(self) -> None:
        """The connection is reset."""
        self._left.set()


async def play(scenario: str, request: InferenceRequest, catalog: Catalog) -> Exchange:
    """What a scenario in YAML answers to a request, as if all of its waits were over at once.

    Raises ScenarioError for a scenario with mistakes.
    """
    clock = _LeapingClock(EPOCH, rate=0)
    engine = Engine(SETTINGS, catalog, clock, MemoryStore(), Library(catalog, []))
    engine.library.put("recorded", scenario)
    engine.activate("recorded")
    client, dialect = _Client(clock), _BY_ENDPOINT[request.endpoint]
    scope = {"type": "http", "method": "POST", "headers": [], "state": {"transport": client}}
    asked = msgspec.structs.replace(request, key="akml-recorder", headers={})
    plan = engine.plan(asked)
    player = Player(plan, dialect, clock, SETTINGS.keep_alive, scope, client.receive, client.send)
    await player.play(asked)
    return Exchange(
        request=request,
        status=client.status,
        headers=client.headers,
        parts=tuple(client.parts),
        begun=client.begun,
        ended=client.ended,
    )


def same(one: Exchange, other: Exchange) -> bool:
    """Whether a client would get the same of both: status, telling headers, bytes and end.

    Ids and times are no difference. Where an answer was silent for long enough to be kept alive, how often it was is
    none either.
    """
    return _compared(one, other) == _compared(other, one)


def alike(one: Exchange, other: Exchange) -> bool:
    """Whether both say the same, in whatever pieces and with whatever other fields: status, choices, error and end.

    Usage is compared where both tell it.
    """
    heard, repeated = read(one), read(other)
    if heard.problems or repeated.problems:
        return same(one, other)
    if (one.status, one.media_type, one.ended) != (other.status, other.media_type, other.ended):
        return False
    return _said(heard, repeated) == _said(repeated, heard)


def _said(heard: Heard, beside: Heard) -> tuple[Any, ...]:
    counted = heard.usage if beside.usage else None
    choices = [
        (choice.index, choice.reasoning, choice.text, choice.tool_calls, choice.finish_reason, choice.stop_sequence)
        for choice in heard.choices
    ]
    return (
        heard.model,
        choices,
        heard.error and heard.error.message,
        counted and (counted.prompt_tokens, counted.completion_tokens),
    )


def _compared(exchange: Exchange, other: Exchange) -> tuple[Any, ...]:
    body = _IDS_AND_TIMES.sub(rb"\1\2*", exchange.body)
    if _was_silent(exchange) or _was_silent(other):
        body = body.replace(_BY_ENDPOINT[exchange.request.endpoint].keep_alive, b"")
    headers = {name: value for name, value in exchange.headers if _COMPARED.fullmatch(name)}
    return exchange.status, exchange.media_type, headers, body, exchange.ended


def _was_silent(exchange: Exchange) -> bool:
    """Whether nothing but a keep-alive came for about as long as the emulator waits before it sends one."""
    alive = _BY_ENDPOINT[exchange.request.endpoint].keep_alive
    heard = exchange.begun
    for part in exchange.parts:
        if part.at - heard >= SETTINGS.keep_alive * 0.9:
            return True
        heard = heard if part.data == alive else part.at
    return False
