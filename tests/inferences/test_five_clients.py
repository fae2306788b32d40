"""Five clients with one fault each, and one without: `verify` finds exactly the fault, however they are served.

They speak both dialects, ask for streams, whole bodies or both in turn, with small and large requests, and are served
fast or slowly. They ask again as soon as an answer has ended.
"""

import asyncio
import http.client
import itertools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.types import ASGIApp, Message
from support.asgi import CHAT, KEY, MESSAGES, PLAIN, Exchange, activate, ask, chat, make_engine, message

from emulator import Emulator
from emulator.core.clock import EPOCH, VirtualClock
from emulator.dialects.endpoints import ENDPOINTS
from emulator.engine import Engine
from emulator.inferences.live_record import MAX_BODY
from emulator.inferences.verdict import verdict
from emulator.store.outside import at_once
from emulator.web.app import create_app
from emulator.web.control.inferences import report

FAULTS = (None, "ignored-retry-after", "no-backoff", "retried-hopeless", "retried-forever", "accepted-truncated")
STORY = """
name: bad-day
rules:
  - name: limited
    when: {last_user: limited}
    replies:
      - {error: rate_limited, retry_after: 5s, times: 2}
      - {text: It is sunny., PACE}
  - name: broke
    when: {last_user: broke}
    reply: {error: insufficient_credits}
  - name: down
    when: {last_user: down}
    replies:
      - {error: unavailable, times: 3}
      - {text: Here I am again., PACE}
  - name: dead
    when: {last_user: dead}
    reply: {error: unavailable}
  - name: cut
    when: {last_user: cut}
    replies:
      - {text: The quick brown fox jumps over the lazy dog., PACE, faults: [{hangup: HOW, after: {tokens: 5}}]}
      - {text: The quick brown fox jumps over the lazy dog., PACE}
  - {name: next, reply: {text: And so on., PACE}}
"""
PACES = {"fast": "stream: {first_token: 0s}", "slow": "stream: {first_token: 2s, tokens_per_second: 3}"}


class Case(NamedTuple):
    """How a client asks, and how it is served."""

    endpoint: str
    mode: str
    size: int
    speed: str
    how: str


CASES = [
    Case(endpoint, mode, size, speed, how)
    for (endpoint, mode, size, speed), how in zip(
        itertools.product(("chat", "messages"), ("stream", "whole", "mixed"), (1_000, 200_000), ("fast", "slow")),
        itertools.cycle(("truncate", "reset", "truncate")),
        strict=False,
    )
]


class LeapingClock(VirtualClock):
    """A clock that jumps to any time that is waited for."""

    async def sleep_until(self, deadline: float) -> None:
        """Let the time pass at once."""
        self._move_to(max(deadline, self.now()))


class Client:
    """A client that meets a bad day, with one fault or none. It waits on the emulator's clock."""

    def __init__(self, http: httpx.AsyncClient, clock: LeapingClock, case: Case, fault: str | None) -> None:
        self._http = http
        self._clock = clock
        self._case = case
        self._fault = fault
        self._chances = itertools.cycle((0.9, 0.77, 0.98, 0.83))

    async def day(self) -> None:
        """Meet everything that can go wrong, and go on talking after each."""
        for topic in ("limited", "broke", "down", "dead", "cut"):
            asked = [{"role": "user", "content": topic}]
            said = await self.ask(asked)
            if said is not None:
                await self.ask([*asked, {"role": "assistant", "content": said}, {"role": "user", "content": "Next?"}])

    async def ask(self, messages: list[Any]) -> str | None:
        """The text of the answer; None if the client has given up."""
        for attempt in range(20 if self._fault == "retried-forever" else 4):
            status, headers, body, ended = await self._exchange(self._body(messages, attempt))
            if status == 200 and (ended or self._fault == "accepted-truncated"):
                return _text(self._case.endpoint, body)
            if status == 402 and self._fault != "retried-hopeless":
                return None
            await self._clock.sleep_until(self._clock.now() + self._wait(headers, attempt))
        return None

    def _wait(self, headers: httpx.Headers, attempt: int) -> float:
        if "retry-after" in headers and self._fault != "ignored-retry-after":
            return float(headers["retry-after"])
        if self._fault == "no-backoff":
            return 0.001
        return float(min(0.5 * 2**attempt, 8)) * next(self._chances)

    def _body(self, messages: list[Any], attempt: int) -> dict[str, Any]:
        case, prompt = self._case, "Be brief. " * (self._case.size // 10)
        cut = messages[0]["content"] == "cut"  # only a stream can be taken for whole when it was cut
        stream = case.mode == "stream" or (cut and attempt == 0) or (case.mode == "mixed" and attempt % 2 == 0)
        usage = {"stream_options": {"include_usage": True}} if stream and case.endpoint == "chat" else {}
        shared = {"model": PLAIN, "max_tokens": 100, "stream": stream, **usage}
        if case.endpoint == "messages":
            return {**shared, "system": prompt, "messages": messages}
        return {**shared, "messages": [{"role": "system", "content": prompt}, *messages]}

    async def _exchange(self, body: dict[str, Any]) -> tuple[int, httpx.Headers, bytes, bool]:
        status, headers, received = 0, httpx.Headers(), b""
        sent = {"authorization": f"Bearer {KEY}", "anthropic-version": "2023-06-01"}
        try:
            async with self._http.stream(
                "POST", ENDPOINTS[self._case.endpoint].path, json=body, headers=sent, timeout=None
            ) as response:
                status, headers = response.status_code, response.headers
                async for part in response.aiter_bytes():
                    received += part
        except httpx.TransportError:
            return status, headers, received, False
        return status, headers, received, True


def _text(endpoint: str, body: bytes) -> str:
    texts: list[str] = []
    for line in body.decode().splitlines() if b"data: " in body else [f"data: {body.decode()}"]:
        if line.startswith("data: {"):
            texts += _texts(json.loads(line[6:]))
    return "".join(texts)


def _texts(value: dict[str, Any]) -> Iterator[str]:
    for choice in value.get("choices", ()):
        yield choice.get("delta", choice.get("message", {})).get("content") or ""
    yield value.get("delta", {}).get("text", "")
    for block in value.get("content", ()):
        yield block["text"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
@pytest.mark.parametrize("fault", FAULTS)
def test_exactly_the_fault_is_found(fault: str | None, case: Case) -> None:
    """Each time: whatever the dialect, the mode, the size and the speed, and nothing in a client without a fault."""
    story = STORY.replace("PACE", PACES[case.speed]).replace("HOW", case.how)
    clock = LeapingClock(EPOCH, rate=0)
    with Emulator.in_process(scenario=story, clock=clock) as akash:

        async def day() -> None:
            async with akash.client(httpx) as http:
                await Client(http, clock, case, fault).day()

        asyncio.run(day())
        said = at_once(report(akash.engine, KEY))
    assert said.verdict.finding_names == ((fault,) if fault else ())


@pytest.mark.parametrize("size", [1_000, 200_000])
@pytest.mark.parametrize("endpoint", ["chat", "messages"])
def test_a_follow_up_that_comes_at_once(endpoint: str, size: int) -> None:
    """Over a socket, a client that takes a cut stream for whole and goes on at once is found 20 times of 20."""
    with Emulator(scenario=STORY.replace(", PACE", "").replace("HOW", "end")) as akash:
        keys = [f"akml-client-{number}" for number in range(20)]
        for key in keys:
            _go_on(akash, key, endpoint, "Be brief. " * (size // 10))
        reports = [at_once(report(akash.engine, key)) for key in keys]
    assert [said.verdict.finding_names for said in reports] == [("accepted-truncated",)] * 20
    assert [remark for said in reports for remark in said.verdict.remarks] == []


def _go_on(akash: Emulator, key: str, endpoint: str, prompt: str) -> None:
    messages: list[Any] = [{"role": "user", "content": "cut"}]
    for _ in range(2):
        connection = http.client.HTTPConnection(akash.url.removeprefix("http://"))
        sent = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        first = {"role": "user", "content": prompt}, {"role": "assistant", "content": "I am."}
        body = {"model": PLAIN, "max_tokens": 50, "stream": True, "messages": [*first, *messages]}
        connection.request("POST", ENDPOINTS[endpoint].path, json.dumps(body), sent)
        said = _text(endpoint, connection.getresponse().read())
        connection.close()
        messages += [{"role": "assistant", "content": said}, {"role": "user", "content": "Next?"}]


# ---------------------------------------------------------------------------------------------- how long, and when

LONG = "word " * 10_000
"""A text whose stream is longer than what the record keeps of an answer."""


@pytest.mark.parametrize("size", [10, 3 * MAX_BODY // 2])
@pytest.mark.parametrize("text", ["one two three four", LONG])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_no_length_hides_a_truncated_answer(path: str, text: str, size: int) -> None:
    """Texts are compared as a whole, also those of requests and answers of which the record keeps the beginning."""
    engine = make_engine(models={PLAIN: {"context_length": 10_000_000, "max_output_length": 100_000}})
    story = {"rules": [{"reply": {"text": text, "faults": [{"hangup": "end", "at": "finish"}]}}]}
    activate(engine, engine.library.put("cut", json.dumps({"name": "cut", **story})).scenario.name)
    app = create_app(engine)
    asked = [{"role": "user", "content": "x" * size}]
    body = {**chat(stream=True), "max_tokens": 50_000, "messages": asked}
    said = _text("chat" if path == CHAT else "messages", ask(app, "POST", path, body).body)
    assert said == text
    ask(app, "POST", path, body | {"messages": [*asked, {"role": "assistant", "content": said}, *asked]})
    record = engine.store.inferences.all()
    assert verdict(record).finding_names == ("accepted-truncated",)
    assert (record[0].body_cut, record[0].response_cut) == (size > MAX_BODY, text == LONG)


@pytest.mark.parametrize("size", [10, 3 * MAX_BODY // 2])
def test_the_same_question_is_recognised_whatever_its_length(size: int) -> None:
    """A fallback from a stream to a whole body asks the same again; a change behind what is kept does not."""
    engine = make_engine(models={PLAIN: {"context_length": 10_000_000}})
    activate(engine, engine.library.put("s", "name: s\nrules: [{reply: {error: insufficient_credits}}]").scenario.name)
    app, long = create_app(engine), "x" * size
    for body in (chat(long, stream=True), chat(long), chat(long + "y")):
        ask(app, "POST", CHAT, body)
    first, second, third = engine.store.inferences.all()
    assert (first.question == second.question, second.question == third.question) == (True, False)
    (found,) = verdict([first, second, third]).findings
    assert (found.name, found.inferences) == ("retried-hopeless", (first.id, second.id))


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ({}, {}, True),
        ({"anthropic-beta": "a,b"}, {"anthropic-beta": "a"}, False),
        ({"anthropic-beta": "a"}, {}, False),
        ({"anthropic-version": "2023-01-01"}, {"anthropic-version": "2023-06-01"}, False),
        ({"content-type": "text/plain"}, {"content-type": "application/json"}, False),
        ({"x-emulator-scenario": "s"}, {}, False),
        ({"x-stainless-retry-count": "0"}, {"x-stainless-retry-count": "1"}, True),
        ({"user-agent": "a"}, {"user-agent": "b"}, True),
    ],
)
def test_headers_that_change_the_meaning(first: dict[str, str], second: dict[str, str], found: bool) -> None:
    """A request with another beta or version is not the same request; one that counts its retries is."""
    engine = make_engine()
    activate(engine, engine.library.put("s", "name: s\nrules: [{reply: {error: bad_request}}]").scenario.name)
    app = create_app(engine)
    for headers in (first, second):
        ask(app, "POST", MESSAGES, message(), headers=headers)
    names = verdict(engine.store.inferences.all()).finding_names
    assert names == (("retried-hopeless",) if found else ())


@pytest.mark.parametrize(
    ("second", "third", "found"),
    [
        ({"stream": False}, None, ()),
        ({"stream": True}, None, ()),
        ({"stream": True, "stream_options": {"include_usage": True}}, None, ("retried-hopeless",)),
        ({"stream": False}, {"stream": False}, ("retried-hopeless",)),
    ],
)
def test_a_stream_may_be_what_was_wrong(second: Any, third: Any, found: tuple[str, ...]) -> None:
    """After a 400, a client may try without a stream or its options, but not the same twice."""
    engine = make_engine()
    activate(engine, engine.library.put("s", "name: s\nrules: [{reply: {error: bad_request}}]").scenario.name)
    app = create_app(engine)
    for changed in ({"stream": True, "stream_options": {"include_usage": True}}, second, third):
        if changed is not None:
            ask(app, "POST", CHAT, chat(**changed))
    assert verdict(engine.store.inferences.all()).finding_names == found


# ---------------------------------------------------------------------------------------------- what is known when

ENDINGS = {
    "whole": ({"text": "Hi."}, False, "completed"),
    "joined": ({"text": "Hi."}, True, "completed"),
    "paced": ({"text": "one two", "stream": {"first_token": "1s", "tokens_per_second": 2}}, True, "completed"),
    "refused": ({"error": "overloaded"}, True, "failed"),
    "failed": ({"text": "one two", "faults": [{"error": "overloaded", "after": {"tokens": 1}}]}, True, "failed"),
    "raw": ({"raw": {"status": 502, "body": "<h1>"}}, False, "completed"),
    "empty": ({"raw": {"status": 204, "body": ""}}, False, "completed"),
    "closed": ({"text": "one two", "faults": [{"hangup": "end", "after": {"tokens": 1}}]}, True, "hung up"),
    "truncated": ({"text": "one two", "faults": [{"hangup": "truncate", "after": {"tokens": 1}}]}, True, "hung up"),
    "reset": ({"text": "one two", "faults": [{"hangup": "reset", "before": "response"}]}, True, "hung up"),
    "half": ({"text": "one two", "faults": [{"hangup": "truncate", "after": {"tokens": 1}}]}, False, "hung up"),
}


class Watching(Exchange):
    """A client that looks at the record at the moment at which it learns that its answer has ended."""

    def __init__(self, engine: Engine, app: ASGIApp, body: Any) -> None:
        super().__init__(app, "POST", CHAT, body)
        self.scope["state"] = {"transport": self}
        self._engine = engine
        self.seen: list[str] = []

    async def take(self, message: Message) -> None:
        """Look when the last part comes."""
        await super().take(message)
        if self.complete:
            self._look()

    def close(self) -> None:
        """Look when the connection is closed."""
        self._look()
        super().close()

    def abort(self) -> None:
        """Look when the connection is reset."""
        self._look()
        super().abort()

    def _look(self) -> None:
        (record,) = self._engine.store.inferences.all()
        self.seen.append(record.outcome)
        assert record.ended == self._engine.clock.now()


@pytest.mark.parametrize(("reply", "stream", "outcome"), ENDINGS.values(), ids=ENDINGS)
def test_how_an_answer_ended_is_known_before_its_client_knows(reply: Any, stream: bool, outcome: str) -> None:
    """Whatever the client does next comes after the end in the record, and is judged by it."""
    engine = make_engine(LeapingClock(EPOCH, rate=0))
    story = json.dumps({"name": "s", "rules": [{"reply": reply}]})
    activate(engine, engine.library.put("s", story).scenario.name)
    client = Watching(engine, create_app(engine), chat(stream=stream))
    asyncio.run(client.run())
    assert client.seen[:1] == [outcome]
    assert engine.store.inferences.all()[0].outcome == outcome
