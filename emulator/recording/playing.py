"""Playing a scenario for one request without waiting, and comparing two answers apart from ids and times."""

import re
from typing import Any

import msgspec
from starlette.types import Message

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.core.vocabulary import InferenceRequest
from emulator.dialects.endpoints import ENDPOINTS, Dialects
from emulator.engine import make_engine
from emulator.recording.answers import Heard, read
from emulator.recording.seen import BodyPart, Ending, Exchange
from emulator.scenario.library import Library
from emulator.wire.asgi_client import AsgiClient
from emulator.wire.respond import Player

SETTINGS = Settings(auth="open")
"""The settings for playing recordings: any key is accepted, because the upstream has accepted it."""
DIALECTS = Dialects(SETTINGS)
_IDS_AND_TIMES = re.compile(
    rb'("(?:id|request_id|signature)": ?)"[^"\\]*"|("(?:created|created_at)": ?)(?:[0-9]+|"[^"\\]*")'
)
_COMPARED = re.compile(r"retry-after(?:-ms)?|www-authenticate|x-should-retry|(?:x|anthropic)-ratelimit-(?!.*reset).*")


class _LeapingClock(VirtualClock):
    """A clock that jumps to any time that is waited for."""

    async def sleep_until(self, deadline: float) -> None:
        """Let the time pass at once."""
        self._move_to(max(deadline, self.now()))


class _Client(AsgiClient):
    """A client that records when each part of an answer arrives."""

    def __init__(self, path: str, clock: VirtualClock) -> None:
        super().__init__("POST", path.encode(), [], [])
        self._clock = clock
        self._begun = clock.now()
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.parts: list[BodyPart] = []
        self.begun = 0.0

    @property
    def ended(self) -> Ending:
        """How the connection ended."""
        if self.hung_up is None:
            return "in order"
        return "reset" if self.hung_up == "reset" else "truncate" if self.status else "end"

    async def take(self, message: Message) -> None:
        """Record a part of the answer."""
        at = self._clock.now() - self._begun
        if message["type"] == "http.response.start":
            self.status, self.begun = message["status"], at
            self.headers = tuple((name.decode(), value.decode("latin-1")) for name, value in message["headers"])
        elif message.get("body"):
            self.parts.append(BodyPart(at, message["body"]))


async def play(scenario: str, request: InferenceRequest, catalog: Catalog) -> Exchange:
    """Return the exchange that a scenario in YAML produces for a request, with all waits skipped.

    Raises ScenarioError for a scenario with mistakes.
    """
    clock = _LeapingClock(EPOCH, rate=0)
    library = Library(catalog, [])
    name = library.put("recorded", scenario).scenario.name
    engine = make_engine(SETTINGS, catalog, clock, library, name)
    client, dialect = _Client(ENDPOINTS[request.endpoint].path, clock), DIALECTS.by_name[request.endpoint]
    asked = msgspec.structs.replace(request, key="akml-local", headers={})
    plan = await engine.plan(asked)
    player = Player(plan, dialect, clock, SETTINGS.keep_alive, client.scope, client.receive, client.take)
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
    """Whether a client would receive the same: status, relevant headers, bytes and end.

    Ids and times are ignored. If an answer paused long enough for keep-alives, their number is ignored too.
    """
    return _compared(one, other) == _compared(other, one)


def alike(one: Exchange, other: Exchange) -> bool:
    """Whether both have the same status, choices, error and end, regardless of frames and other fields.

    Usage is compared if both have it.
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
        body = body.replace(DIALECTS.by_name[exchange.request.endpoint].keep_alive, b"")
    headers = {name: value for name, value in exchange.headers if _COMPARED.fullmatch(name)}
    return exchange.status, exchange.media_type, headers, body, exchange.ended


def _was_silent(exchange: Exchange) -> bool:
    """Whether only keep-alives arrived for about as long as the emulator waits before it sends one."""
    alive = DIALECTS.by_name[exchange.request.endpoint].keep_alive
    heard = exchange.begun
    for part in exchange.parts:
        if part.at - heard >= SETTINGS.keep_alive * 0.9:
            return True
        heard = heard if part.data == alive else part.at
    return False
