"""Taking note of one inference while it runs. Every request pays for it, so it is made readable only when asked for."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from sys import getsizeof
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
from starlette.types import Message, Send

from emulator.account.keys import Names, shown
from emulator.core.catalog import Model
from emulator.core.clock import Clock
from emulator.core.errors import ApiError
from emulator.core.explanation import Explanation
from emulator.core.fold import Choice
from emulator.core.plan import Plan, Why
from emulator.core.vocabulary import InferenceRequest, Usage

if TYPE_CHECKING:
    from emulator.inferences import fingerprints

Parse: TypeAlias = Callable[[bytes, Mapping[str, str], str], InferenceRequest]
Outcome: TypeAlias = Literal["completed", "failed", "hung up", "cut by client"]

MAX_BODY = 1024 * 1024
MAX_RESPONSE = 1024 * 1024
"""Bytes of a request and of an answer that are kept."""
MAX_MOMENTS = 4096
"""Sends whose times are kept one by one."""
_PARTS = 1024
"""Parts of an answer that are kept one by one: each takes more memory than its few bytes."""
_OVERHEAD = 4 * 1024
_MOMENT = 112
_MESSAGE = 512


def now_for(clock: Clock, shifted: float) -> float:
    """The time for what began when a clock was `shifted` so far: as if it had not been set since, which takes no time.

    Durations are thus those that passed, and none is negative.
    """
    return clock.now() - (clock.shifted - shifted)


class Sent(msgspec.Struct):
    """What was actually sent for a request.

    `used` is its usage in tokens: of a complete answer, the reported usage; otherwise the prompt and the completion
    tokens that were sent. It is None if no part of an answer was sent. `ended` is None until the answer has ended.
    `said` is a whole answer that is too long to be read again from its body. `begun` is when a request that waited for
    a backend got its slot; None for one that did not wait.
    """

    status: int = 0
    used: Usage | None = None
    outcome: Outcome = "cut by client"
    error: ApiError | None = None
    ended: float | None = None
    said: Choice | None = None
    begun: float | None = None

    def end(self, now: float, outcome: Outcome, error: ApiError | None = None) -> None:
        """Note how the answer ends, before the client can know it: it may send its next request at once."""
        self.ended, self.outcome, self.error = now, outcome, error


class LiveRecord:
    """Notes what is asked and what is sent; its `send` stands before the real one.

    `key` is what the request brought, good or not; it stays in this process. `sent` has what was sent so far, and at
    the end how it ended. `size` is about how many bytes of memory the record takes, once the inference has ended. The
    other attributes are read by `readable.py` only.
    """

    number = 0
    kept = False
    key = ""
    id = ""
    body = b""
    body_cut = False
    model: str | None = None
    stream = False
    answered_by = ""
    warning = ""
    why: Why = Explanation.of_nothing
    asked: "fingerprints.Asked | None" = None
    messages: "tuple[fingerprints.Message, ...] | None" = None
    answer: "fingerprints.Answer | None" = None
    status = 0
    head: Iterable[tuple[bytes, bytes]] = ()
    complete = False
    length = 0
    size = 0
    sent: Sent
    answering: Model | None = None
    _names: Names = frozenset[str]()
    _parse: Parse | None = None
    _explained: Explanation | None = None
    _long: "fingerprints.StreamedAnswer | None" = None

    def __init__(self, endpoint: str, headers: Mapping[str, str], clock: Clock, send: Send) -> None:
        self.endpoint = endpoint
        self.headers = headers
        self._clock = clock
        self._send = send
        self.started, self._shifted = clock.now(), clock.shifted
        self.sent = Sent()
        self.timeline: list[tuple[float, int]] = []
        self.parts: list[bytes] = []

    def begin(
        self,
        key: str,
        names: Names,
        body: bytes,
        asked: tuple[str, bool] | None,
        plan: Plan,
        parse: Parse | None = None,
    ) -> None:
        """It was decided what is answered.

        `names` are those of the scenarios. `asked` is the model and whether a stream is wanted, if that is known.
        `parse` reads the request again from its body, its headers and its key: a parsed one takes far more memory.
        """
        self.key, self._names = key, names
        self.body = body
        self.model, self.stream = asked or (None, False)
        self.id = plan.inference_id
        self.answered_by = plan.answered_by
        self.answering = plan.model
        self.warning = plan.warning
        self.why = plan.why
        self._parse = parse

    @property
    def shown(self) -> str:
        """The key as people see it."""
        return shown(self.key, self._names)

    def explanation(self, *, short: bool = False) -> Explanation:
        """Why the request got its answer; if it may be `short`, without the rules that did not answer."""
        return self._explained or self.why(self._request, short)

    def _request(self) -> InferenceRequest:
        if self._parse is None:
            raise LookupError("a request that was not parsed is not explained by rules")
        return self._parse(self.body, self.headers, self.key)

    def send(self, message: Message) -> Awaitable[None]:
        """Send a part of the answer. It is noted first: a client can act on it before it was sent."""
        if message["type"] == "http.response.body":
            self.complete = not message.get("more_body", False)
            body = message.get("body")
            if body:
                self._sent(body)
        else:
            self.status, self.head = message["status"], message["headers"]
        return self._send(message)

    def _sent(self, body: bytes) -> None:
        at, size, timeline = now_for(self._clock, self._shifted) - self.started, len(body), self.timeline
        if len(timeline) < MAX_MOMENTS:
            timeline.append((at, size))
        else:
            timeline[-1] = at, timeline[-1][1] + size
        self.length += size
        if self._long is not None:
            self._long.feed(body)
            return
        if self.sent.said is None or self.length - size < MAX_RESPONSE:
            self.parts.append(body)
            if len(self.parts) > _PARTS:
                self.parts = [b"".join(self.parts)]
        if self.length > MAX_RESPONSE and self.status == 200 and self.stream:
            from emulator.inferences.fingerprints import StreamedAnswer  # noqa: PLC0415 (few answers are so long)

            self._long = StreamedAnswer(self.endpoint)
            self._long.feed(self._cut_response())

    def end(self) -> None:
        """Nothing more will be sent; what is too long to be kept is cut, once its fingerprints are taken."""
        if self.sent.ended is None:
            self.sent.ended = now_for(self._clock, self._shifted)
        if len(self.body) > MAX_BODY:
            self._cut_body()
        if self._long is not None:
            self.answer, self._long = self._long.end(), None
        elif self.length > MAX_RESPONSE:
            from emulator.inferences.fingerprints import said_by, whole_answer  # noqa: PLC0415 (as above)

            response, said = self._cut_response(), self.sent.said
            self.answer = whole_answer(self.endpoint, response) if said is None else said_by(said)
        elif len(self.parts) > 1:
            self.parts = [b"".join(self.parts)]
        self.sent.said = None
        self.size = self._size()

    def _size(self) -> int:
        error, messages = self.sent.error, self.messages or ()
        texts = getsizeof(self.model) + (getsizeof(error.message) if error is not None else 0)
        moments, fingerprints = _MOMENT * len(self.timeline), _MESSAGE * len(messages)
        head = sum(map(len, self.headers)) + sum(map(len, self.headers.values()))
        return _OVERHEAD + moments + fingerprints + texts + head + len(self.body) + min(self.length, MAX_RESPONSE)

    def _cut_body(self) -> None:
        from emulator.inferences import fingerprints  # noqa: PLC0415 (few requests are so long)

        self.asked = fingerprints.asked(self.endpoint, self.headers, self.body)
        self.messages = fingerprints.messages_in(self.body)
        self._explained = self.explanation()
        self.body, self.body_cut = self.body[:MAX_BODY], True

    def _cut_response(self) -> bytes:
        """Keep the beginning of the response; returns all of it so far."""
        response = b"".join(self.parts)
        self.parts = [response[:MAX_RESPONSE]]
        return response
