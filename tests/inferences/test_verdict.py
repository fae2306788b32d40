"""The verdict on a client: its findings by their names, no others, and what cannot be decided is a remark."""

import asyncio
import itertools
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import CHAT, KEY, PLAIN, Exchange, activate, ask, chat, make_engine

from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.vocabulary import Usage
from emulator.engine.engine import Engine
from emulator.inferences import Inference, Moment
from emulator.inferences.verdict import FINDINGS, verdict
from emulator.store.outside import at_once
from emulator.web.app import create_app
from emulator.web.control.inferences import report
from emulator.wire.server import Background

BAD_DAY = """
name: bad-day
rules:
  - name: limited
    when: {last_user: limited}
    replies:
      - {error: rate_limited, retry_after: 5s, times: 2}
      - text: It is sunny.
  - name: broke
    when: {last_user: broke}
    reply: {error: insufficient_credits}
  - name: down
    when: {last_user: down}
    replies:
      - {error: unavailable, times: 3}
      - text: Here I am again.
  - name: dead
    when: {last_user: dead}
    reply: {error: unavailable}
  - name: cut
    when: {last_user: cut}
    replies:
      - {text: The quick brown fox jumps over the lazy dog., faults: [{hangup: end, after: {tokens: 5}}]}
      - text: The quick brown fox jumps over the lazy dog.
  - name: done
    when: {tool_result: {name: get_weather, content: {contains: degrees}}}
    reply: {text: It is 21 degrees.}
  - name: look
    when: {last_user: weather}
    reply: {tool_calls: [{name: get_weather, arguments: {city: Lisbon}}]}
"""


class Client:
    """A client on the emulator's clock. What it does `wrong` is named as the findings of a verdict are."""

    def __init__(
        self, engine: Engine, clock: VirtualClock, wrong: frozenset[str] = frozenset(), key: str = KEY
    ) -> None:
        self._app = create_app(engine)
        self._clock = clock
        self._wrong = wrong
        self._key = key
        self._chances = itertools.cycle((0.9, 0.77, 0.98, 0.83))

    async def day(self) -> None:
        """Meet everything that can go wrong, and go on talking after each."""
        for topic in ("limited", "broke", "down", "dead", "cut"):
            asked = [{"role": "user", "content": topic}]
            said = await self.ask(asked)
            if said is not None:
                await self.ask([*asked, {"role": "assistant", "content": said}, {"role": "user", "content": "Next?"}])
        await self.use_a_tool()

    async def use_a_tool(self) -> None:
        """Call the tool that the answers ask for, and send its result; in a loop it never has one."""
        messages: list[Any] = [{"role": "user", "content": "weather"}]
        for number in range(3):
            await self.ask(messages)
            function = {"name": "get_weather", "arguments": '{"city": "Lisbon"}'}
            call = {"id": f"call_{number}", "type": "function", "function": function}
            result = {"role": "tool", "tool_call_id": call["id"], "content": "21 degrees"}
            if "tool-call-loop" in self._wrong:
                result["content"] = "unknown tool"
            messages = [*messages, {"role": "assistant", "content": None, "tool_calls": [call]}, result]
            if "tool-call-loop" not in self._wrong:
                await self.ask(messages)
                return

    async def ask(self, messages: list[Any]) -> str | None:
        """The answer; None if the client has given up."""
        for attempt in range(30 if "retried-forever" in self._wrong else 4):
            body = {"model": PLAIN, "messages": messages, "stream": True}
            answer = await Exchange(self._app, "POST", CHAT, body, key=self._key).run()
            if answer.status == 200 and (b"[DONE]" in answer.body or "accepted-truncated" in self._wrong):
                return _text(answer.body)
            if answer.status == 402 and "retried-hopeless" not in self._wrong:
                return None
            await self._clock.advance(self._wait(answer, attempt))
        return None

    def _wait(self, answer: Exchange, attempt: int) -> float:
        told = answer.headers.get("retry-after")
        if told is not None and "ignored-retry-after" not in self._wrong:
            return float(told)
        if "no-backoff" in self._wrong:
            return 0.001
        return float(min(0.5 * 2**attempt, 8)) * next(self._chances)


def _text(body: bytes) -> str:
    chunks = [json.loads(line[6:]) for line in body.decode().splitlines() if line.startswith("data: {")]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])


def after_a_bad_day(wrong: frozenset[str]) -> Engine:
    """The engine after such a client's day."""
    clock = VirtualClock(EPOCH, rate=0)
    engine = make_engine(clock)
    activate(engine, engine.library.put("bad-day", BAD_DAY).scenario.name)
    asyncio.run(Client(engine, clock, wrong).day())
    return engine


def _all_sets() -> Iterator[frozenset[str]]:
    for count in range(len(FINDINGS) + 1):
        yield from map(frozenset, itertools.combinations(FINDINGS, count))


@pytest.mark.parametrize("wrong", list(_all_sets()), ids=lambda wrong: "+".join(sorted(wrong)) or "none")
def test_exactly_these_findings_are_named(wrong: frozenset[str]) -> None:
    """Whatever of these a client does wrong, the verdict names these and no other; and none of a good client.

    A server says the same of its record, of which it does not keep the bodies meanwhile.
    """
    engine = after_a_bad_day(wrong)
    said = verdict(engine.store.inferences.all())
    assert at_once(report(engine)).verdict == said
    assert set(said.finding_names) == wrong
    assert bool(said) == (not wrong)
    known = {inference.id for inference in engine.store.inferences.all()}
    assert all(found.inferences and set(found.inferences) <= known for found in said.findings)


def test_a_sentence_tells_what_was_seen() -> None:
    """A finding says of which request it is, and what the client did instead of what it was told."""
    said = verdict(after_a_bad_day(frozenset({"ignored-retry-after"})).store.inferences.all())
    assert said.findings[0].sentence == (
        "#1 chat (429 failed: rate_limited): told to wait 5 s, it asked again after 0.45 s."
    )


def test_a_clock_that_stands_still_accuses_nobody() -> None:
    """Where no time passes nobody can tell who waited: that is a remark, and no finding."""
    engine = make_engine()
    app = create_app(engine)
    for _ in range(4):
        ask(app, "POST", CHAT, chat(), headers={"x-emulator-scenario": "rate-limited"})
    said = verdict(engine.store.inferences.all())
    assert (said.finding_names, [remark.name for remark in said.remarks]) == ((), ["clock-stood-still"])


@pytest.mark.parametrize(
    ("headers", "waited", "findings"),
    [
        ({"retry-after": "2"}, 2.0, ()),
        ({"retry-after": "2"}, 1.5, ("ignored-retry-after",)),
        ({"retry-after": "Thu, 01 Jan 2026 01:00:00 GMT"}, 3600.0, ()),
        ({"retry-after": "Thu, 01 Jan 2026 01:00:00 GMT"}, 1800.0, ("ignored-retry-after",)),
        ({"retry-after-ms": "1500"}, 1.5, ()),
        ({"retry-after-ms": "1500"}, 1.0, ("ignored-retry-after",)),
        ({"retry-after": "2", "retry-after-ms": "1500"}, 1.5, ()),
        ({"retry-after": "0"}, 0.01, ()),
        ({"retry-after": "-1"}, 0.01, ()),
        ({"retry-after": "soon", "retry-after-ms": "nan"}, 0.01, ("no-backoff",)),
    ],
)
def test_a_wait_may_be_told_in_any_form(headers: dict[str, str], waited: float, findings: tuple[str, ...]) -> None:
    """Who waits as long as each answer tells has done right, in seconds, until a date, or in milliseconds."""
    clock = VirtualClock(EPOCH, rate=0)
    engine = make_engine(clock)
    rule = {"replies": [{"raw": {"status": 429, "headers": headers, "body": "{}"}, "times": 4}]}
    activate(engine, engine.library.put("told", json.dumps({"name": "told", "rules": [rule]})).scenario.name)
    count = 2 if waited > 100 else 4

    async def asking() -> None:
        for _ in range(count):
            await Exchange(create_app(engine), "POST", CHAT, chat()).run()
            await clock.advance(waited)

    asyncio.run(asking())
    assert verdict(engine.store.inferences.all()).finding_names == findings
    exported = ask(create_app(engine), "GET", "/_emulator/inferences/1?format=scenario").body.decode()
    engine = make_engine(clock)
    activate(engine, engine.library.put("again", exported).scenario.name)
    again = ask(create_app(engine), "POST", CHAT, chat())
    assert {name: again.headers.get(name) for name in headers} == headers


def test_the_same_asked_side_by_side_is_no_retry() -> None:
    """Requests that ask the same at the same time are different askers' first attempts."""
    moments = [inference_like(number, started=0.0, ended=1.0) for number in range(1, 30)]
    assert not verdict(moments).findings
    assert not verdict(moments).remarks


@pytest.mark.parametrize(("started", "remarks"), [(0.5, []), (1.0, ["double-spent"]), (1.2, ["double-spent"])])
def test_a_client_may_ask_again_before_the_server_knows_that_it_left(started: float, remarks: list[str]) -> None:
    """What counts is the last byte that was sent, since the end of a connection is noticed later."""
    cut: dict[str, Any] = {"outcome": "cut by client", "timeline": (Moment(1.0, 10),), "usage": Usage(1, 1)}
    asked = [inference_like(1, started=0.0, ended=1.3, **cut), inference_like(2, started=started, ended=3.0)]
    assert [remark.name for remark in verdict(asked).remarks] == remarks


def test_asking_the_same_again_after_an_answer_is_told_as_a_remark() -> None:
    """A complete answer that is asked for again was paid twice; whether that was meant cannot be seen.

    However often that is, it is one remark.
    """
    for count, times in ((2, ""), (3, " 2 times"), (400, " 399 times")):
        asked = [inference_like(number, started=2 * number, ended=2 * number + 1) for number in range(1, count + 1)]
        said = verdict(asked)
        assert (said.finding_names, [remark.name for remark in said.remarks]) == ((), ["double-spent"])
        assert said.remarks[0].sentence.endswith(f": it had the whole answer, and asked the same again{times}.")
        assert said.remarks[0].inferences == tuple(each.id for each in asked)


def test_delays_without_jitter_are_a_remark() -> None:
    """Delays that double to the millisecond were computed, not drawn; that is told, and nobody fails for it."""
    failed: dict[str, Any] = {"status": 503, "outcome": "failed", "error": "unavailable"}
    starts = [0.0, 1.0, 3.0, 7.0]
    said = verdict(inference_like(n, started=at, ended=at, **failed) for n, at in enumerate(starts, 1))
    assert (said.finding_names, [remark.name for remark in said.remarks]) == ((), ["no-jitter"])


@pytest.mark.parametrize(
    ("then", "name"),
    [
        ([], "not-asked-again"),
        ([{"role": "assistant", "content": "Once upon"}], "resumed"),
        ([{"role": "assistant", "content": "Once upon"}, {"role": "user", "content": "And?"}], "accepted-truncated"),
        (
            [{"role": "assistant", "content": "Once upon a time."}, {"role": "user", "content": "And?"}],
            "not-asked-again",
        ),
    ],
)
def test_what_became_of_a_truncated_answer(then: list[Any], name: str) -> None:
    """Only a client that sends the truncated text back as a whole answer is sure to have accepted it."""
    asked = [{"role": "user", "content": "Tell me a story."}]
    cut = inference_like(1, started=0, ended=1, outcome="hung up", response=_STORY, messages=asked)
    later = inference_like(2, started=2, ended=3, question="other", messages=[*asked, *then])
    said = verdict([cut, later])
    assert [found.name for found in (*said.findings, *said.remarks)] == [name]


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=8))
def test_a_client_that_is_answered_has_no_findings(starts: list[float]) -> None:
    """Whenever questions come: as long as all of them are answered, there is nothing to hold against who asks."""
    asked = [inference_like(number, started=at, ended=at + 0.5) for number, at in enumerate(starts, 1)]
    assert not verdict(asked).findings


def test_the_report_is_text_json_and_junit() -> None:
    """The three forms of a report name the same findings, and JUnit counts them as failures."""
    engine = after_a_bad_day(frozenset({"no-backoff", "retried-forever"}))
    said = at_once(report(engine, KEY))
    suite = ET.fromstring(said.junit())[0]  # noqa: S314 (our own XML)
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert (suite.get("tests"), suite.get("failures")) == ("7", "2")
    assert sorted(map(str, failed)) == list(said.verdict.finding_names) == ["no-backoff", "retried-forever"]
    assert said.as_dict()["ok"] is False
    assert all(f"  {name}: " in said.text() for name in said.verdict.finding_names)


def test_the_sdks_are_well_behaved() -> None:
    """The real OpenAI and Anthropic SDKs, left to retry by themselves, have no findings."""
    scenario = BAD_DAY.replace("{error: unavailable, times: 3}", "{error: unavailable, times: 2}")
    engine = make_engine(VirtualClock())
    activate(engine, engine.library.put("bad-day", scenario.replace("5s", "50ms")).scenario.name)
    server = Background(create_app(engine), "127.0.0.1", 0)
    url = "http://{}:{}".format(*server.start())
    try:
        with openai.OpenAI(base_url=f"{url}/v1", api_key="akml-openai", max_retries=3) as client:
            for topic in ("limited", "down", "broke"):
                _openai_asks(client, topic)
        with anthropic.Anthropic(base_url=f"{url}/anthropic", api_key="akml-anthropic", max_retries=3) as other:
            for topic in ("limited", "broke"):
                _anthropic_asks(other, topic)
    finally:
        server.stop()
    journal = engine.store.inferences
    assert [inference.status for inference in journal.all("akml-openai")] == [429, 429, 200, 503, 503, 200, 402]
    assert [inference.status for inference in journal.all("akml-anthropic")] == [429, 429, 200, 402]
    assert not verdict(journal.all()).findings


def _openai_asks(client: openai.OpenAI, topic: str) -> None:
    try:
        client.chat.completions.create(model=PLAIN, messages=[{"role": "user", "content": topic}])
    except openai.APIStatusError as error:
        assert error.status_code == 402


def _anthropic_asks(client: anthropic.Anthropic, topic: str) -> None:
    try:
        client.messages.create(model=PLAIN, max_tokens=50, messages=[{"role": "user", "content": topic}])
    except anthropic.APIStatusError as error:
        assert error.status_code == 402


_STORY = 'data: {"choices":[{"delta":{"content":"Once "}}]}\n\ndata: {"choices":[{"delta":{"content":"upon"}}]}\n\n'


def inference_like(number: int, *, messages: Any = (), **more: Any) -> Inference:
    """An inference of which only what a test says matters."""
    usual: dict[str, Any] = {
        "number": number,
        "id": f"inference-{number}",
        "key": "akm…",
        "namespace": "n",
        "endpoint": "chat",
        "model": PLAIN,
        "stream": True,
        "headers": {},
        "body": json.dumps({"messages": list(messages)}),
        "body_cut": False,
        "question": "q",
        "answered_by": "generator",
        "outcome": "completed",
        "status": 200,
    }
    return Inference(**(usual | more))
