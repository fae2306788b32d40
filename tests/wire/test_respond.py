"""Playing a plan: what is sent, when, in how many sends, and what happens when somebody hangs up."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support.asgi import Exchange, events, given_way

from emulator.core.clock import EPOCH, VirtualClock, real_time
from emulator.core.errors import ApiError
from emulator.core.plan import FrameFault, FrameMarks, Plan
from emulator.core.settings import Settings
from emulator.core.vocabulary import End, Event, Failure, Finish, Hangup, InferenceRequest, Start, Step, Text, Usage
from emulator.dialects import Dialect
from emulator.dialects.anthropic.messages import AnthropicMessages
from emulator.dialects.openai.chat import OpenAIChat
from emulator.inferences.live_record import Sent
from emulator.web.app import create_app
from emulator.wire.frames import PIECE
from emulator.wire.receive import arrival
from emulator.wire.respond import HungUp, Player
from emulator.wire.server import Background

START = Start("0" * 32, "m", 0, 3)
CHAT, MESSAGES = OpenAIChat(Settings()), AnthropicMessages(Settings())
DIALECTS: list[Dialect] = [CHAT, MESSAGES]
OVERLOADED = Failure(ApiError("overloaded", "Too busy.", retry_after=1.5))


def plan_of(*steps: tuple[float, Event], faults: tuple[FrameFault, ...] = ()) -> Plan:
    return Plan([Step(*step) for step in steps], "test", "inference", "request", frame_faults=faults)


def hello(*delays: float) -> Plan:
    """Three words, each after its delay."""
    words = [(delay, Text(0, word)) for delay, word in zip(delays or (0, 0, 0), ("one", " two", " three"), strict=True)]
    return plan_of((0, START), *words, (0, Finish(0, "stop")), (0, End(Usage(3, 3))))


class Stage:
    """An app that plays one plan, with a frozen clock."""

    def __init__(self, plan: Plan, dialect: Dialect = CHAT, *, stream: bool = True, keep_alive: float = 15.0) -> None:
        self.clock = VirtualClock(EPOCH, rate=0)
        self.sent: Sent | None = None
        request = InferenceRequest("chat", "m", stream=stream)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            player = Player(plan, dialect, self.clock, keep_alive, scope, receive, send)
            self.sent = player.sent
            await player.play(request)

        self.app: ASGIApp = app
        self.exchange = Exchange(app, "POST", "/")

    @property
    def tokens(self) -> int:
        """How many tokens of the answer were sent."""
        return self.sent.used.completion_tokens if self.sent and self.sent.used else 0

    def play(self, *story: "Callable[[Stage], Any]") -> Exchange:
        """Run the app while the story goes on; each part runs once the app waits."""

        async def run() -> Exchange:
            task = asyncio.create_task(self.exchange.run())
            for part in story:
                for _ in range(10):
                    await asyncio.sleep(0)
                result = part(self)
                if asyncio.iscoroutine(result):
                    await result
            return await asyncio.wait_for(task, 10)

        return asyncio.run(run())


def advance(seconds: float) -> Callable[[Stage], Any]:
    return lambda stage: stage.clock.advance(seconds)


def leave(stage: Stage) -> None:
    stage.exchange.leave()


def text_of(body: bytes) -> str:
    chunks = [event for event in events(body) if event != "[DONE]" and event.get("choices")]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.endpoint)
def test_an_unpaced_stream_is_one_send(dialect: Dialect) -> None:
    """Frames that are due now are joined, and each delta stays its own event."""
    exchange = Stage(hello(), dialect).play()
    assert (exchange.status, len(exchange.sends), exchange.complete) == (200, 1, True)
    assert exchange.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert exchange.body.count(b"\n\n") >= 6


def test_a_paced_stream_sends_each_event_when_it_is_due() -> None:
    """Nothing is sent early, and what falls due together goes together."""
    stage = Stage(hello(1, 1, 0))
    sends: list[int] = []

    def look(stage: Stage) -> None:
        sends.append(len(stage.exchange.sends))

    exchange = stage.play(look, advance(0.9), look, advance(0.1), look, advance(1), look)
    assert sends == [1, 1, 2, 3]
    assert text_of(exchange.body) == "one two three"
    assert stage.sent is not None and (stage.tokens, stage.sent.outcome) == (3, "completed")


@pytest.mark.parametrize("by", [-1e7 - 1 / 3, -0.1, 0.1, 1e7 + 1 / 3])
@pytest.mark.parametrize("keep_alive", [0.7, 15.0])
def test_a_clock_that_is_set_leaves_each_event_of_a_stream_as_long(by: float, keep_alive: float) -> None:
    """Whatever the date has become, and however often, what is to come is due after as many seconds as before."""
    words: list[int] = []
    stage = Stage(hello(1, 1, 1), keep_alive=keep_alive)

    def shift(stage: Stage) -> None:
        stage.clock.set(stage.clock.now() + by)

    def look(stage: Stage) -> None:
        words.append(len(text_of(stage.exchange.body).split()))

    second = (advance(0.5), shift, shift, advance(0.499), look, advance(0.001 + 1e-6), look)
    exchange = stage.play(shift, *second, *second, shift, *second)
    assert words == [0, 1, 1, 2, 2, 3]
    assert exchange.complete


@pytest.mark.parametrize("by", [-1e7, 1e7])
def test_a_clock_that_is_set_leaves_a_whole_answer_as_long(by: float) -> None:
    """It comes neither at once nor never."""
    statuses: list[int] = []
    stage = Stage(hello(1, 1, 1), stream=False)

    def shift(stage: Stage) -> None:
        stage.clock.set(stage.clock.now() + by)

    exchange = stage.play(
        shift, advance(2.9), lambda stage: statuses.append(stage.exchange.status), shift, advance(0.1 + 1e-6)
    )
    assert (statuses, exchange.status) == ([0], 200)


class LeapingClock:
    """A clock on which waiting takes no real time."""

    shifted = 0.0

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep_until(self, deadline: float) -> None:
        self.time = max(self.time, deadline)


def test_deadlines_are_absolute() -> None:
    """Sends that take half a second each do not stretch a stream of a word a second: lateness does not add up."""
    clock, times = LeapingClock(), []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def slow(message: Message) -> None:
            if message.get("body"):
                times.append(clock.time)
                clock.time += 0.5
            await send(message)

        await receive()
        await Player(hello(1, 1, 1), CHAT, clock, 15, scope, receive, slow).play(
            InferenceRequest("chat", "m", stream=True)
        )

    asyncio.run(Exchange(app, "POST", "/").run())
    assert times == [0.0, 1.0, 2.0, 3.0]


def test_delays_count_from_the_arrival_of_the_request() -> None:
    """What was due while the request was read and planned is sent at once, and the next event is not late."""
    clock, times = LeapingClock(), []
    clock.time = 1.75

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def timed(message: Message) -> None:
            if message.get("body"):
                times.append(clock.time)
            await send(message)

        await receive()
        await Player(hello(1, 1, 1), CHAT, clock, 15, scope, receive, timed, begin=0.0).play(
            InferenceRequest("chat", "m", stream=True)
        )

    asyncio.run(Exchange(app, "POST", "/").run())
    assert times == [1.75, 2.0, 3.0]


@pytest.mark.parametrize(
    ("dialect", "frame"),
    [(CHAT, b": keep-alive\n\n"), (MESSAGES, b'event: ping\ndata: {"type": "ping"}\n\n')],
    ids=["chat", "messages"],
)
def test_a_long_silence_is_filled(dialect: Dialect, frame: bytes) -> None:
    """Ten minutes of stall under keep-alives of 15 seconds are 39 of them, in milliseconds."""
    exchange = Stage(hello(0, 600, 0), dialect).play(advance(600))
    assert exchange.sends.count(frame) == 39
    assert exchange.complete


@pytest.mark.parametrize("stream", [True, False])
def test_a_failure_before_the_start_is_a_status(stream: bool) -> None:
    """Streaming or not, what fails before anything was sent is an HTTP error with its Retry-After."""
    exchange = Stage(plan_of((2, OVERLOADED)), stream=stream).play(advance(2))
    assert (exchange.status, exchange.headers["retry-after"]) == (529, "1.500")
    assert exchange.json["error"]["message"] == "Too busy."


def test_a_failure_after_the_start_is_told_in_the_stream() -> None:
    """The 200 is out; the error is a frame, and the deltas before it arrived."""
    stage = Stage(plan_of((0, START), (0, Text(0, "Hel")), (0, OVERLOADED)))
    exchange = stage.play()
    assert exchange.status == 200
    assert events(exchange.body)[-2:] == [
        {"error": {"message": "Too busy.", "type": "overloaded_error", "param": None, "code": "overloaded"}},
        "[DONE]",
    ]
    assert stage.sent is not None and (stage.tokens, stage.sent.outcome) == (1, "failed")


def test_a_failure_anywhere_in_a_whole_body_is_a_status() -> None:
    """Nothing of a whole body has been sent when it fails."""
    exchange = Stage(plan_of((0, START), (0, Text(0, "Hel")), (3, OVERLOADED)), stream=False).play(advance(3))
    assert exchange.status == 529


def test_a_whole_body_comes_when_its_last_event_is_due() -> None:
    """The delays of a stream add up to the wait for a body."""
    stage = Stage(hello(1, 1, 1), stream=False)
    early: list[int] = []
    exchange = stage.play(advance(2.9), lambda stage: early.append(stage.exchange.status), advance(0.1))
    assert early == [0]
    assert exchange.json["choices"][0]["message"]["content"] == "one two three"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_before_anything_was_sent_is_noticed(stream: bool) -> None:
    """Waiting for the first event or for a whole body ends when the client goes; nothing was spent."""
    steps = hello(0, 0, 0).steps
    plan = Plan([Step(60, START), *list(steps)[1:]])
    stage = Stage(plan, stream=stream)
    assert stage.play(leave).status == 0
    assert stage.sent is not None and (stage.tokens, stage.sent.outcome) == (0, "cut by client")


def test_a_client_that_leaves_mid_stream_has_what_was_sent() -> None:
    """The meter counts what was handed to the wire, and no more."""
    stage = Stage(hello(0, 1, 60))
    exchange = stage.play(advance(1), leave)
    assert text_of(exchange.body) == "one two"
    assert stage.sent is not None and (stage.tokens, stage.sent.outcome) == (2, "cut by client")


def test_a_close_after_the_start_ends_the_stream_in_order_but_early() -> None:
    """The body ends as HTTP has it; only what should have come does not."""
    stage = Stage(plan_of((0, START), (0, Text(0, "Hel")), (0, Hangup("end"))))
    exchange = stage.play()
    assert (text_of(exchange.body), exchange.complete) == ("Hel", True)
    assert b"[DONE]" not in exchange.body
    assert stage.sent is not None and stage.sent.outcome == "hung up"


@pytest.mark.parametrize("how", ["end", "reset", "truncate"])
def test_without_a_transport_a_hang_up_is_an_exception(how: Any) -> None:
    """An in-process client sees a connection error, not a made-up answer."""
    with pytest.raises(HungUp, match=how):
        Stage(plan_of((0, Hangup(how)))).play()


def test_frame_faults_are_applied_after_encoding() -> None:
    """A frame fault sees the frames and decides what goes out."""

    def without_done(frames: Iterator[bytes], marks: FrameMarks) -> Iterator[bytes]:
        return (frame for frame in frames if b"[DONE]" not in frame)

    plan = hello()
    exchange = Stage(Plan(plan.steps, frame_faults=(without_done,))).play()
    assert events(exchange.body)[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_long_unpaced_stream_is_sent_in_pieces() -> None:
    """What is joined is bounded, so that a very long answer does not pile up in memory."""
    words: Iterable[tuple[float, Event]] = [(0, Text(0, "word " * 20)) for _ in range(2000)]
    exchange = Stage(plan_of((0, START), *words, (0, End(Usage(1, 2000))))).play()
    assert len(exchange.sends) > 3
    assert max(map(len, exchange.sends)) < 80_000
    assert text_of(exchange.body) == "word " * 40_000


def endless() -> Iterator[Step]:
    """An answer without a pause and without an end."""
    yield Step(0, START)
    while True:
        yield Step(0, Text(0, "word "))


def bytewise(frames: Iterator[bytes], marks: FrameMarks) -> Iterator[bytes]:
    """A fault that sends each byte in a write of its own."""
    return (frame[at : at + 1] for frame in frames for at in range(len(frame)))


def flooded(frames: Iterator[bytes], marks: FrameMarks) -> Iterator[bytes]:
    """A fault that sends comments only."""
    yield next(frames)
    while True:
        yield b": keep-alive\n\n"


@pytest.mark.parametrize("fault", [None, bytewise, flooded], ids=["no fault", "bytes", "comments"])
def test_a_client_that_leaves_a_stream_without_pauses_is_noticed(fault: FrameFault | None) -> None:
    """Others have their turn, the stream ends with its client, and what was sent is what is counted."""
    stage = Stage(Plan(endless(), frame_faults=(fault,) if fault else ()))
    exchange = stage.play(leave)
    assert (exchange.status, exchange.complete) == (200, False)
    assert stage.sent is not None and stage.sent.outcome == "cut by client"
    assert abs(stage.tokens - exchange.body.count(b"word ")) <= PIECE // 100


def test_a_client_that_leaves_a_body_that_is_still_made_is_noticed() -> None:
    """Nothing was sent, and the work ends."""
    stage = Stage(Plan(endless()), stream=False)
    assert stage.play(leave).status == 0
    assert stage.sent is not None and (stage.tokens, stage.sent.outcome) == (0, "cut by client")


def test_no_more_is_made_than_the_client_takes() -> None:
    """While a send waits for a slow reader, no further step is read."""
    read, began = 0, asyncio.Event()

    def counted() -> Iterator[Step]:
        nonlocal read
        for step in endless():
            read += 1
            yield step

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def stuck(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body":
                began.set()
                await asyncio.Event().wait()

        await receive()
        request = InferenceRequest("chat", "m", stream=True)
        await Player(Plan(counted()), CHAT, VirtualClock(EPOCH, rate=0), 15, scope, receive, stuck).play(request)

    async def run() -> Exchange:
        exchange = Exchange(app, "POST", "/")
        task = asyncio.create_task(exchange.run())
        await began.wait()
        await given_way()
        task.cancel()
        return exchange

    exchange = asyncio.run(run())
    assert len(exchange.sends) == 1
    assert read <= exchange.body.count(b"\n\n") + 1


def on_the_wire(plan: Plan, *, stream: bool = True) -> bytes:
    """The raw bytes that a real socket gets, until the connection ends. Raises ConnectionResetError for a RST."""
    from emulator.testing import Emulator

    emulator = Emulator()

    async def planned(request: InferenceRequest, length: int = 0) -> Plan:
        return plan

    emulator.engine.plan = planned  # type: ignore[method-assign] # this plan, whatever is asked
    server = Background(create_app(emulator.engine), "127.0.0.1", 0)
    host, port = server.start()
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"stream":%b}' % (b"true" if stream else b"false")
    head = b"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer akml-x\r\nConnection: close\r\n"
    received = b""
    try:
        with socket.create_connection((host, port), timeout=10) as connection:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            while data := connection.recv(65536):
                received += data
    finally:
        server.stop()
    return received


def test_no_response_sends_no_byte() -> None:
    """A hang-up before the start closes the connection without a word."""
    assert on_the_wire(plan_of((0, Hangup("end")))) == b""


def test_a_reset_is_a_rst() -> None:
    """The client's socket sees the connection reset, before the first byte and in mid-stream."""
    for plan in (plan_of((0, Hangup("reset"))), plan_of((0, START), (0, Text(0, "Hel")), (0, Hangup("reset")))):
        with pytest.raises(ConnectionResetError):
            on_the_wire(plan)


def test_a_truncated_stream_ends_without_its_last_chunk() -> None:
    """What was said arrives, and the chunked body has no end."""
    received = on_the_wire(plan_of((0, START), (0, Text(0, "Hel")), (0, Hangup("truncate"))))
    assert b'"content":"Hel"' in received
    assert not received.endswith(b"0\r\n\r\n")


def test_a_truncated_body_is_shorter_than_it_said() -> None:
    """A whole body that is truncated ends before its Content-Length."""
    plan = plan_of((0, START), (0, Text(0, "Hello")), (0, Finish(0, "stop")), (0, Hangup("truncate")))
    head, _, body = on_the_wire(plan, stream=False).partition(b"\r\n\r\n")
    announced = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert 0 < len(body) < announced


def test_the_reason_phrases_of_402_and_529_are_real() -> None:
    """Clients show them to people, and one of them shows nothing else."""
    assert on_the_wire(plan_of((0, OVERLOADED))).startswith(b"HTTP/1.1 529 Overloaded\r\n")
    error = Failure(ApiError("insufficient_credits", "No credits."))
    assert on_the_wire(plan_of((0, error))).startswith(b"HTTP/1.1 402 Payment Required\r\n")


def test_a_plan_without_steps_sends_nothing() -> None:
    """It ends at once, and the client counts as the one who left."""
    stage = Stage(plan_of())
    exchange = stage.play()
    assert (exchange.status, exchange.sends) == (0, [])
    assert stage.sent is not None and stage.sent.outcome == "cut by client"


@pytest.mark.parametrize("before", [(), (START,), (START, Text(0, "one"))], ids=len)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.endpoint)
def test_a_hang_up_comes_at_its_time(before: tuple[Event, ...], dialect: Dialect) -> None:
    """A pause before the end of the connection is kept, wherever in a stream the connection ends."""
    stage = Stage(plan_of(*((0.0, event) for event in before), (5.0, Hangup("reset"))), dialect)
    stage.exchange.scope["state"] = {"transport": stage.exchange}
    seen: list[str | None] = []

    def look(stage: Stage) -> None:
        seen.append(stage.exchange.hung_up)

    stage.play(look, advance(4.9), look, advance(0.1), look)
    assert seen == [None, None, "reset"]
    assert stage.sent is not None and (stage.sent.outcome, stage.sent.ended) == ("hung up", EPOCH + 5)


def test_an_open_stream_is_one_task() -> None:
    """The connection tells that its client has left: nobody has to wait for it."""
    plan = plan_of((0, START), (0, Text(0, "one")), (600, Text(0, " two")), (0, End(Usage(3, 2))))
    ended = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        player = Player(plan, CHAT, VirtualClock(EPOCH, rate=0), 15, scope, receive, send)
        await player.play(InferenceRequest("chat", "m", stream=True))
        assert player.sent.outcome == "cut by client"
        ended.set()

    async def tasks() -> int:
        return len(asyncio.all_tasks())

    server = Background(app, "127.0.0.1", 0)
    address = server.start()
    try:
        before = server.run(tasks())
        with socket.create_connection(address) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            while b"one" not in client.recv(65536):
                pass
            assert server.run(tasks()) == before + 1
        assert ended.wait(10)
    finally:
        server.stop()


@pytest.mark.parametrize(("rate", "before"), [(0, 0.0), (1, 2.0), (60, 120.0)])
def test_the_arrival_is_a_time_of_the_clock(rate: float, before: float) -> None:
    """Two seconds ago are two minutes ago on a fast clock, and now on one that stands still."""
    clock = VirtualClock(EPOCH, rate=rate)
    arrived = arrival({"state": {"arrived": real_time() - 2}}, clock)
    assert arrival({"state": {}}, clock) - arrived == pytest.approx(before, abs=rate / 2)


def test_a_request_arrives_with_the_end_of_its_body() -> None:
    """Neither a slow upload nor the answers to the requests before it shorten the delays of an answer."""
    found: list[tuple[float, float | None]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        called = real_time()
        while (await receive())["more_body"]:
            pass
        found.append((called, scope["state"].get("arrived")))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    server = Background(app, "127.0.0.1", 0)
    address = server.start()
    try:
        with socket.create_connection(address) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 100 ")
            client.sendall(b".GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            while client.recv(65536):
                pass
    finally:
        server.stop()
    (called, arrived), (_, after) = found
    assert arrived is not None and arrived > called
    assert after is None
