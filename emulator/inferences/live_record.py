"""Taking note of one inference while it runs. Every request pays for it, so it is made readable only when asked for."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec
from starlette.types import Message, Send

from emulator.core.catalog import Pricing
from emulator.core.clock import Clock
from emulator.core.errors import ApiError
from emulator.core.explanation import Explanation
from emulator.core.fields import NOT_JSON
from emulator.core.plan import Plan
from emulator.core.seeds import Seed, canonical
from emulator.core.vocabulary import Usage

if TYPE_CHECKING:
    from emulator.inferences.inference import Outcome

MAX_BODY = 64 * 1024
MAX_RESPONSE = 64 * 1024
"""Bytes of a request and of an answer that are kept."""
MAX_MOMENTS = 200
"""Sends whose times are kept one by one."""
_OVERHEAD = 4 * 1024


class LiveRecord:
    """Notes what is asked and what is sent; its `send` stands before the real one.

    `key` is what the request brought, good or not; it stays in this process, and `shown` is how people see it. `size`
    is about how many bytes of memory the record takes, once the inference has ended. The other attributes are read by
    `readable.py` only.
    """

    number = 0
    kept = False
    key = ""
    shown = ""
    id = ""
    body = b""
    body_cut = False
    model: str | None = None
    stream = False
    answered_by = ""
    why: Callable[[], Explanation] = Explanation
    question: str | None = None
    status = 0
    head: Iterable[tuple[bytes, bytes]] = ()
    complete = False
    length = 0
    size = 0
    outcome: "Outcome" = "running"
    ended: float | None = None
    error: ApiError | None = None
    used: Usage | None = None
    pricing: Pricing | None = None

    def __init__(self, endpoint: str, headers: Mapping[str, str], clock: Clock, send: Send) -> None:
        self.endpoint = endpoint
        self.headers = headers
        self._clock = clock
        self._send = send
        self.started = clock.now()
        self.timeline: list[tuple[float, int]] = []
        self.parts: list[bytes] = []

    def begin(self, key: str, body: bytes, asked: tuple[str, bool] | None, plan: Plan) -> None:
        """It was decided what is answered. `asked` is the model and whether a stream is wanted, if that is known."""
        self.key = key
        self.body = body
        self.model, self.stream = asked or (None, False)
        self.id = plan.inference_id
        self.answered_by = plan.answered_by
        self.why = plan.why

    async def send(self, message: Message) -> None:
        """Send, and note when that was done."""
        await self._send(message)
        if message["type"] == "http.response.body":
            self.complete = not message.get("more_body", False)
            body = message.get("body")
            if body:
                self._sent(body)
        else:
            self.status, self.head = message["status"], message["headers"]

    def _sent(self, body: bytes) -> None:
        at, size, timeline = self._clock.now() - self.started, len(body), self.timeline
        if len(timeline) < MAX_MOMENTS:
            timeline.append((at, size))
        else:
            timeline[-1] = at, timeline[-1][1] + size
        if self.length < MAX_RESPONSE:
            self.parts.append(body)
        self.length += size

    def end(self, outcome: "Outcome", error: ApiError | None, used: Usage | None, pricing: Pricing | None) -> None:
        """Nothing more will be sent; what is too long to be kept is cut.

        An answer has ended with its last byte, not when the server has tidied up behind it.
        """
        if self.timeline and outcome in ("completed", "failed"):
            self.ended = self.started + self.timeline[-1][0]
        else:
            self.ended = self._clock.now()
        self.outcome, self.error, self.used, self.pricing = outcome, error, used, pricing
        if len(self.body) > MAX_BODY:
            self.question = fingerprint_of(self.endpoint, self.body)
            self.body, self.body_cut = self.body[:MAX_BODY], True
        if self.length > MAX_RESPONSE:
            self.parts = [b"".join(self.parts)[:MAX_RESPONSE]]
        self.size = _OVERHEAD + len(self.body) + min(self.length, MAX_RESPONSE)


def fingerprint_of(endpoint: str, body: bytes) -> str:
    """What is the same for all requests that ask the same."""
    try:
        asked = canonical(msgspec.json.decode(body))
    except NOT_JSON:
        asked = body
    return Seed.of("asked", endpoint, asked).hex(16)
