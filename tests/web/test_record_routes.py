"""The routes that show the record as the console does: lists, what happens now, timelines, conversations, replays."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest
from starlette.types import ASGIApp, Message
from support.asgi import (
    CHAT,
    CHAT_TOOL,
    KEY,
    MESSAGES,
    PLAIN,
    REASONING,
    Exchange,
    activate,
    ask,
    chat,
    given_way,
    make_engine,
    message,
)

from emulator.core.clock import EPOCH, VirtualClock
from emulator.engine import Engine
from emulator.store.outside import at_once
from emulator.web.app import create_app

SECRET = "akml-0123456789abcdef0123456789abcdef"
FAULTS = "        faults: [{stall: 3s, after: {tokens: 2}}, {hangup: end, after: {tokens: 4}}]\n"
WET = """name: wet
rules:
  - name: limited
    when: {last_user: {contains: rain}}
    replies:
      - {error: rate_limited, retry_after: 2s}
      - {error: rate_limited, retry_after: 2s}
      - text: one two three four five six
        stream: {first_token: 1s, tokens_per_second: 2}
{FAULTS}      - text: It is dry.
""".replace("{FAULTS}", FAULTS)


def playing(text: str, name: str) -> tuple[Engine, ASGIApp, VirtualClock]:
    """An app that plays this scenario, and its clock, which stands still."""
    clock = VirtualClock(EPOCH, rate=0)
    engine = make_engine(clock)
    activate(engine, engine.library.put(name, text).scenario.name)
    return engine, create_app(engine), clock


def in_time(app: ASGIApp, clock: VirtualClock, body: Any, key: str = KEY) -> Exchange:
    """An exchange while a minute passes."""

    async def exchange() -> Exchange:
        running = asyncio.ensure_future(Exchange(app, "POST", CHAT, body, key=key).run())
        await given_way()
        await clock.advance(60)
        return await running

    return asyncio.run(exchange())


def asked(app: ASGIApp, contents: Sequence[str]) -> None:
    """Ask all of these, one after the other."""

    async def asking() -> None:
        for content in contents:
            await Exchange(app, "POST", CHAT, chat(content)).run()

    asyncio.run(asking())


def shown(app: ASGIApp, path: str) -> Any:
    """The JSON of a route under /_emulator."""
    exchange = ask(app, "GET", f"/_emulator/{path}")
    assert exchange.status == 200, exchange.body
    return exchange.json


# ---------------------------------------------------------------------------------------------- lists


def test_the_newest_come_first() -> None:
    """Page by page, each cursor leads to the next, and what comes meanwhile moves nothing."""
    app = create_app(make_engine())
    for _ in range(5):
        ask(app, "POST", CHAT, chat())
    seen, cursor = [], ""
    while True:
        page = shown(app, f"inferences?order=newest&limit=2{cursor}")
        seen.append([each["number"] for each in page["inferences"]])
        if page["next"] is None:
            break
        cursor = f"&before={page['next']}"
        ask(app, "POST", CHAT, chat())
    assert seen == [[5, 4], [3, 2], [1]]


def test_a_long_record_has_the_same_pages() -> None:
    """It has as many as the setting says, and a list tells of each what its own page tells."""
    engine, app, _ = playing(WET, "wet")
    engine.store.inferences.bound(1200)
    asked(app, ["rain" if number % 800 == 0 else "sun" for number in range(1203)])
    seen, cursor = [], ""
    while cursor is not None:
        page = shown(app, f"inferences?order=newest&limit=500{cursor}")
        seen += page["inferences"]
        cursor = page["next"] and f"&before={page['next']}"
    assert ([each["number"] for each in seen], page["forgotten"]) == ([*range(1203, 3, -1)], 3)
    for each in seen[::173]:
        own = shown(app, f"inferences/{each['number']}")
        assert {name: own[name] for name in each} == each


@pytest.mark.in_memory("it counts the turns of the event loop, in which other stores wait")
def test_nothing_is_looked_for_when_nobody_waits() -> None:
    """A search ends soon after its client has left, however long the record is."""
    app = create_app(make_engine())
    asked(app, ["Say hello."] * 900)

    async def searching() -> int:
        exchange = Exchange(app, "GET", "/_emulator/inferences?text=nobody-said-this")
        running = asyncio.ensure_future(exchange.run())
        for _ in range(20):
            await asyncio.sleep(0)
        exchange.leave()
        turns = 0
        while not running.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(searching()) < 400


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "text", ["DRIZZLE", "what I asked", "the answer is longer", 'with "quotes"', "übermorgen", "#2"]
)
def test_a_text_is_found(text: str, stream: bool) -> None:
    """Whether it was asked or answered, in any case, and however JSON and the frames of a stream divide it."""
    said = 'The answer is longer with "quotes", übermorgen'
    _, app, _ = playing(f"name: s\nrules: [{{reply: {{text: '{said}'}}}}]\n", "s")
    ask(app, "POST", CHAT, chat("Something else."))
    ask(app, "POST", CHAT, chat("What I asked: drizzle", stream=stream))
    found = shown(app, f"inferences?order=newest&limit=1&text={quote(text)}")["inferences"]
    assert [each["number"] for each in found] == [2]
    assert shown(app, "inferences?text=nobody-said-this")["inferences"] == []


def test_a_scenario_and_a_masked_key_are_filters() -> None:
    """A record names both, and they lead to those that have the same."""
    _, app, _ = playing(WET, "wet")
    ask(app, "POST", CHAT, chat("rain"))
    ask(app, "POST", CHAT, chat(), key="akml-hello")
    ask(app, "POST", CHAT, chat(), key=SECRET)
    assert [each["number"] for each in shown(app, "inferences?scenario=wet")["inferences"]] == [1, 3]
    (namespace,) = [each["namespace"] for each in shown(app, "inferences")["inferences"][2:]]
    (found,) = shown(app, f"inferences?namespace={namespace}")["inferences"]
    assert (found["number"], SECRET in found["key"]) == (3, False)


# ---------------------------------------------------------------------------------------------- what happens now


def heard(body: bytes) -> list[tuple[str, Any]]:
    """The named events of a stream, with their data."""
    frames = [dict(line.split(": ", 1) for line in frame.split("\n")) for frame in body.decode().split("\n\n")[1:-1]]
    return [(frame["event"], json.loads(frame["data"])) for frame in frames]


def test_who_watches_sees_it_start_send_and_end() -> None:
    """An event when an inference starts, one as it sends, one when it ends, and one when records are deleted."""
    engine, app, clock = playing(WET.replace("rain", "never") + "  - reply:\n" + SLOW, "wet")

    async def watching() -> bytes:
        watcher = Exchange(app, "GET", "/_emulator/inferences?follow=live&endpoint=chat")
        running = asyncio.ensure_future(watcher.run())
        while not watcher.sends:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0)
        await Exchange(app, "POST", MESSAGES, message(), key="akml-hello").run()
        asked = asyncio.ensure_future(Exchange(app, "POST", CHAT, chat(stream=True)).run())
        await given_way()
        await clock.advance(1.2)
        while b"event: progress" not in watcher.body:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0.01)
        await clock.advance(60)
        await asked
        await engine.store.forget()
        while b"event: reset" not in watcher.body:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0.01)
        watcher.leave()
        await running
        return watcher.body

    told = heard(asyncio.run(watching()))
    assert [kind for kind, _ in told] == ["start", "progress", "end", "reset"]
    start, progress, end, _ = (data for _, data in told)
    assert (start["number"], start["outcome"]) == (2, "running")
    assert (progress["number"], progress["status"], progress["length"] > 0) == (2, 200, True)
    assert (end["number"], end["outcome"]) == (2, "completed")


SLOW = "      text: one two three\n      stream: {first_token: 1s, tokens_per_second: 2}\n"


def test_nobody_pays_for_a_watcher_that_left() -> None:
    """When the client of the stream has left, nothing is called any more."""
    engine = make_engine()
    app = create_app(engine)

    async def watching() -> None:
        watcher = Exchange(app, "GET", "/_emulator/inferences?follow=live")
        running = asyncio.ensure_future(watcher.run())
        while not watcher.sends:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0)
        watcher.leave()
        await running

    asyncio.run(watching())
    sent = ask(app, "POST", CHAT, chat())
    assert (sent.status, vars(engine.store.inferences)["_watchers"]) == (200, [])


# ---------------------------------------------------------------------------------------------- one inference


def test_the_timeline_has_the_faults_where_they_happened() -> None:
    """Each frame has its time, the stall its begin and its end, and the hang-up the end of the answer."""
    _, app, clock = playing(WET, "wet")
    for _ in range(3):
        in_time(app, clock, chat("Will it rain?", stream=True))
    told = shown(app, "inferences/3/timeline")
    assert [(each["at"], each["text"]) for each in told["frames"]] == [
        (0, ""),
        (1, "one"),
        (1.5, " two"),
        (5, " three"),
        (5.5, " four"),
    ]
    assert (told["first_byte"], told["first_token"], told["queued"]) == (0, 1, None)
    stall, hangup = told["faults"]
    assert (stall["fault"], stall["place"], stall["at"], stall["until"]) == ("stall 3s", "after 2 tokens", 1.5, 5)
    assert (hangup["fault"], hangup["place"], hangup["at"]) == (
        "hangup end",
        "after 4 tokens",
        told["ended"] - told["started"],
    )


def test_frames_that_are_sent_at_once_have_one_time() -> None:
    """A stream without a pace has each of its frames, and a whole body is one."""
    app = create_app(make_engine())
    for number, stream in ((1, True), (2, False)):
        sent = ask(app, "POST", CHAT, chat(stream=stream))
        frames = shown(app, f"inferences/{number}/timeline")["frames"]
        assert sum(each["size"] for each in frames) == len(sent.body)
        assert {each["at"] for each in frames} == {0}
        assert (len(frames) > 3) is stream


def test_attempts_are_joined() -> None:
    """Each has the wait that its answer asked for beside the one that was kept, and the verdict on it."""
    _, app, clock = playing(WET.replace(FAULTS, ""), "wet")

    async def asking() -> None:
        for wait in (2.5, 0.5):
            await Exchange(app, "POST", CHAT, chat("Will it rain?")).run()
            await clock.advance(wait)
        running = asyncio.ensure_future(Exchange(app, "POST", CHAT, chat("Will it rain?")).run())
        await given_way()
        await clock.advance(60)
        await running

    asyncio.run(asking())
    ask(app, "POST", CHAT, chat("Is it sunny?"))
    for number in (1, 2, 3):
        told = shown(app, f"inferences/{number}/timeline")
        attempts = [(each["number"], each["status"], each["retry_after"], each["waited"]) for each in told["attempts"]]
        assert attempts == [(1, 429, 2, 2.5), (2, 429, 2, 0.5), (3, 200, None, None)]
        assert [each["name"] for each in told["findings"]] == ["ignored-retry-after"]
    alone = shown(app, "inferences/4/timeline")
    assert ([each["number"] for each in alone["attempts"]], alone["findings"]) == ([4], [])


def test_attempts_are_joined_however_far_apart() -> None:
    """What others asked between them does not matter; of very many, those near the inference are shown."""
    engine, app, _ = playing(WET, "wet")
    engine.store.inferences.bound(3000)

    async def asking(count: int, text: str, key: str) -> None:
        for _ in range(count):
            await Exchange(app, "POST", CHAT, chat(text), key=key).run()

    for count, text, key in ((1, "rain", KEY), (600, "sun", "akml-other"), (1, "rain", KEY), (1100, "sun", KEY)):
        asyncio.run(asking(count, text, key))
    told = shown(app, "inferences/1/timeline")
    assert ([each["number"] for each in told["attempts"]], told["attempts_left_out"]) == ([1, 602], 0)
    told = shown(app, "inferences/1202/timeline")
    assert [each["number"] for each in told["attempts"]] == [*range(702, 1702)]
    assert told["attempts_left_out"] == 100


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("path", "body"), [(CHAT, chat), (MESSAGES, message)])
def test_a_conversation_is_read_in_any_dialect(path: str, body: Any, stream: bool) -> None:
    """The messages and the answer, whole or streamed, with its reasoning and its calls."""
    app = create_app(make_engine())
    sent = {**body("Hello", stream=stream, max_tokens=2000), "model": REASONING}
    if path == MESSAGES:
        sent |= {"system": "Be kind.", "thinking": {"type": "enabled", "budget_tokens": 1024}}
    else:
        sent["messages"] = [{"role": "system", "content": "Be kind."}, *sent["messages"]]
    ask(app, "POST", path, sent)
    told = shown(app, "inferences/1/conversation")
    assert [(each["role"], each["text"]) for each in told["messages"]] == [("system", "Be kind."), ("user", "Hello")]
    (choice,) = told["choices"]
    assert choice["text"] and choice["reasoning"]
    assert (choice["finish"], choice["tool_calls"], told["problems"]) == ("stop", [], [])


def test_a_conversation_has_calls_and_probabilities() -> None:
    """What was called with which arguments, and each token with its alternatives."""
    app = create_app(make_engine())
    ask(app, "POST", CHAT, chat(tools=[CHAT_TOOL], tool_choice="required"))
    ask(app, "POST", CHAT, chat(logprobs=True, top_logprobs=2, stream=True))
    (call,) = shown(app, "inferences/1/conversation")["choices"][0]["tool_calls"]
    assert (call["name"], {*json.loads(call["arguments"])}) == ("get_weather", {"city", "days"})
    (choice,) = shown(app, "inferences/2/conversation")["choices"]
    assert "".join(each["token"] for each in choice["tokens"]) == choice["text"]
    assert {len(each["top"]) for each in choice["tokens"]} == {2}


def test_the_same_is_asked_again() -> None:
    """With the same key, which is masked everywhere, the same headers and the same body; the next reply answers."""
    engine, app, _ = playing(WET, "wet")
    ask(app, "POST", CHAT, chat("rain"), key=SECRET, headers={"x-request-id": "mine"})

    async def again() -> Exchange:
        asked = await Exchange(app, "POST", "/_emulator/inferences/1/replay", {}).run()
        await given_way()
        return asked

    told = asyncio.run(again())
    first, second = engine.store.inferences.all()
    assert (told.status, told.json) == (202, {"number": 2, "id": second.id})
    assert (second.key, second.question, second.body) == (first.key, first.question, first.body)
    assert second.headers["x-request-id"] == "mine"
    assert [each.status for each in (first, second)] == [429, 429]


def test_a_replay_does_not_wait_for_its_answer() -> None:
    """It is answered when the request has begun, also where the clock stands still."""
    engine, app, _ = playing("name: s\nrules:\n  - reply:\n" + SLOW, "s")

    async def again() -> tuple[Exchange, Any]:
        first = asyncio.ensure_future(Exchange(app, "POST", CHAT, chat(stream=True)).run())
        await given_way()
        asked = await Exchange(app, "POST", "/_emulator/inferences/1/replay", {}).run()
        outcome = engine.store.inferences.all()[-1].outcome
        await engine.clock.advance(60)
        await first
        return asked, outcome

    asked, outcome = asyncio.run(again())
    assert (asked.json["number"], outcome) == (2, "running")


@pytest.mark.parametrize("part", ["timeline", "conversation", "replay"])
def test_what_is_not_in_the_record_is_a_404(part: str) -> None:
    """And a path that does not exist, or a body that is no JSON, is shown as far as it goes."""
    app = create_app(make_engine())
    method = "POST" if part == "replay" else "GET"
    assert ask(app, method, f"/_emulator/inferences/1/{part}").status == 404
    ask(app, "GET", "/v1/nowhere")
    ask(app, "POST", CHAT, b"{")
    unknown, unread = (ask(app, method, f"/_emulator/inferences/{number}/{part}") for number in (1, 2))
    assert (unknown.status, unread.status) == ((400, 202) if part == "replay" else (200, 200))


# ---------------------------------------------------------------------------------------------- usage


def test_usage_is_counted_in_parts_of_time() -> None:
    """Each request is in one part, by its outcome and its model; the sums are those of the record."""
    engine, app, clock = playing(WET, "wet")
    for number in range(4):
        ask(app, "POST", CHAT, chat("rain" if number < 2 else "sun"))
        at_once(clock.advance(30))
    told = shown(app, f"usage?from={EPOCH}&to={EPOCH + 120}&buckets=2")
    assert [each["at"] for each in told["buckets"]] == [EPOCH, EPOCH + 60]
    assert [each["outcomes"] for each in told["buckets"]] == [{"failed: rate_limited": 2}, {"completed": 2}]
    used = [each["models"][PLAIN] for each in told["buckets"]]
    usages = [each.usage for each in engine.store.inferences.all() if each.usage]
    assert [each["requests"] for each in used] == [2, 2]
    assert used[1]["completion_tokens"] == sum(each.completion_tokens for each in usages)
    assert (used[0]["charge"], used[1]["charge"][-4:]) == (None, " USD")


def test_usage_is_of_what_the_filters_select() -> None:
    """The same filters as those of the list; without a time, from the first to the last; of nothing, nothing."""
    _, app, clock = playing(WET, "wet")
    for text in ("rain", "sun", "sun"):
        ask(app, "POST", CHAT, chat(text))
        at_once(clock.advance(10))
    told = shown(app, "usage?text=sun&buckets=4")
    assert (told["from"], told["to"], told["step"]) == (EPOCH + 10, EPOCH + 20, 2.5)
    assert [sum(each["outcomes"].values()) for each in told["buckets"]] == [1, 0, 0, 1]
    first = shown(app, f"usage?since={EPOCH + 5}&until={EPOCH + 15}&buckets=1")
    assert ([each["outcomes"] for each in first["buckets"]], first["from"]) == ([{"completed": 1}], EPOCH + 10)
    assert [each["number"] for each in shown(app, f"inferences?until={EPOCH + 15}")["inferences"]] == [1, 2]
    nothing = shown(app, "usage?status=418&buckets=3")
    assert [each["outcomes"] for each in nothing["buckets"]] == [{}, {}, {}]
    for wrong in ("buckets=0", "buckets=501", "from=then", "to=x", "status=abc", "to=5&from=6"):
        refused = ask(app, "GET", f"/_emulator/usage?{wrong}")
        assert (refused.status, refused.json["error"]["param"]) == (400, wrong.partition("=")[0])


@pytest.mark.parametrize("time", ["9" * 400, "1e99", "253402300800", "10000-01-01", "-1", "NaN", "inf", "1e999"])
@pytest.mark.parametrize("name", ["from", "to", "since", "until"])
def test_a_time_is_within_the_calendar(name: str, time: str) -> None:
    """Another one is a 400 that names it; the last second of the year 9999 is a time."""
    app = create_app(make_engine())
    refused = ask(app, "GET", f"/_emulator/usage?{name}={time}")
    assert (refused.status, refused.json["error"]["param"]) == (400, name)
    assert ask(app, "GET", f"/_emulator/usage?{name}=253402300799").status == 200


@pytest.mark.parametrize("follow", ["true", "live"])
@pytest.mark.parametrize("paging", ["limit=5", "order=newest"])
def test_what_is_followed_has_no_pages(follow: str, paging: str) -> None:
    """A page would have no effect on it, and is refused."""
    refused = ask(create_app(make_engine()), "GET", f"/_emulator/inferences?follow={follow}&{paging}")
    assert (refused.status, refused.json["error"]["param"]) == (400, paging.partition("=")[0])


class Slow(Exchange):
    """A client that reads only when it is let."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        super().__init__(app, "GET", path)
        self.let = asyncio.Event()
        self.let.set()

    async def take(self, message: Message) -> None:
        """Note a part of the answer, in time."""
        await self.let.wait()
        await super().take(message)


def test_who_reads_too_slowly_begins_again() -> None:
    """What it has missed is not kept without end: it is told so, and is told again what happens from then on."""
    engine = make_engine()
    app = create_app(engine)

    async def watching() -> bytes:
        watcher = Slow(app, "/_emulator/inferences?follow=live")
        running = asyncio.ensure_future(watcher.run())
        while not watcher.sends:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0)
        watcher.let.clear()
        for _ in range(420):
            await Exchange(app, "POST", CHAT, b"{").run()
        await engine.store.inferences.refresh()
        await given_way()
        watcher.let.set()
        while b"event: reset" not in watcher.body:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0)
        await Exchange(app, "POST", CHAT, b"{").run()
        while b"id: 421" not in watcher.body:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0)
        watcher.leave()
        await running
        return watcher.body

    kinds = [kind for kind, _ in heard(asyncio.run(watching()))]
    assert kinds.count("reset") == 1
    assert 400 <= len(kinds) < 410
