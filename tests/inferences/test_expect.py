"""What a scenario expects of its client: met or not, in a sentence that says where."""

import asyncio
from typing import Any

import pytest
from support.asgi import CHAT, KEY, Exchange, activate, ask, chat, make_engine

from emulator.account.keys import label
from emulator.core.clock import EPOCH, VirtualClock
from emulator.engine.engine import Engine
from emulator.store.outside import at_once
from emulator.web.app import create_app
from emulator.web.control.inferences import report

STORY = """name: story
rules:
  - name: weather
    when: {last_user: weather}
    reply: {text: Sunny.}
  - name: busy
    when: {last_user: busy}
    replies: [{error: rate_limited, retry_after: 2s}, {text: Now.}]
expect:
"""


def playing(expect: str) -> tuple[Engine, VirtualClock]:
    """An engine under a frozen clock whose scenario expects this."""
    clock = VirtualClock(EPOCH, rate=0)
    engine = make_engine(clock)
    activate(engine, engine.library.put("story", STORY + f"  - {expect}\n").scenario.name)
    return engine, clock


@pytest.mark.parametrize(
    ("expect", "asked", "told"),
    [
        ("{rule: weather}", 0, "the rule 'weather' was to answer at least once; it answered never."),
        ("{rule: weather}", 1, None),
        ("{rule: weather}", 3, None),
        ("{rule: weather, times: 2}", 1, "the rule 'weather' was to answer 2 times; it answered once."),
        ("{rule: weather, times: 2}", 2, None),
        ("{rule: weather, times: 0}", 1, "the rule 'weather' was to answer never; it answered once."),
        ("{rule: busy, times: 1}", 2, "the rule 'busy' was to answer once; it answered never."),
    ],
)
def test_how_often_a_rule_answers(expect: str, asked: int, told: str | None) -> None:
    """A rule is to answer so many times, or at least once; what it did instead is told with the scenario's line."""
    engine, _ = playing(expect)
    for _ in range(asked):
        ask(create_app(engine), "POST", CHAT, chat("weather"))
    assert at_once(report(engine, KEY)).unmet == (() if told is None else (f"story.yaml:10: {told}",))


@pytest.mark.parametrize(
    ("waited", "told"),
    [(2.0, None), (1.0, "story.yaml:10: request #2 came 1 s after #1, which was told to wait 2 s.")],
)
def test_no_request_before_retry_after_is_over(waited: float, told: str | None) -> None:
    """Whatever it asks: a request that comes too early does not meet what is expected."""
    engine, clock = playing("{no_request_within_retry_after: true}")
    app = create_app(engine)

    async def two() -> None:
        await Exchange(app, "POST", CHAT, chat("busy")).run()
        await clock.advance(waited)
        await Exchange(app, "POST", CHAT, chat("weather")).run()

    asyncio.run(two())
    assert at_once(report(engine, KEY)).unmet == (() if told is None else (told,))


def test_a_request_that_comes_too_early_is_told_once() -> None:
    """Of several answers that told to wait, it is the last one whose time was not over."""
    engine, clock = playing("{no_request_within_retry_after: true}")
    engine.library.put("story", STORY.replace("{text: Now.}", "{error: unavailable, retry_after: 1m}") + SOON)
    activate(engine, "story")
    app = create_app(engine)

    async def four() -> None:
        for wait in (1.0, 1.5, 5.0, 0.0):
            await Exchange(app, "POST", CHAT, chat("busy")).run()
            await clock.advance(wait)

    asyncio.run(four())
    told = [sentence.partition(": ")[2] for sentence in at_once(report(engine, KEY)).unmet]
    assert told == [
        "request #2 came 1 s after #1, which was told to wait 2 s.",
        "request #3 came 1.5 s after #2, which was told to wait 60 s.",
        "request #4 came 5 s after #3, which was told to wait 60 s.",
    ]


SOON = "  - {no_request_within_retry_after: true}\n"


def test_waiting_cannot_be_told_when_no_time_passes() -> None:
    """Under a clock that stands still the expectation is not met, and the sentence says what to do."""
    engine, _ = playing("{no_request_within_retry_after: true}")
    for _ in range(2):
        ask(create_app(engine), "POST", CHAT, chat("busy"))
    (told,) = at_once(report(engine, KEY)).unmet
    assert "run the clock, or advance it while the client waits" in told


def test_each_key_is_judged_by_its_own_requests() -> None:
    """What another key's client asks meets nothing, and a reset begins anew."""
    engine, _ = playing("{rule: weather, times: 1}")
    app = create_app(engine)
    ask(app, "POST", CHAT, chat("weather"), key="akml-other")
    assert len(at_once(report(engine, KEY)).unmet) == 1
    assert at_once(report(engine, "akml-other")).ok
    at_once(engine.store.forget("akml-other"))
    assert not at_once(report(engine, "akml-other")).ok


def test_verify_is_a_route() -> None:
    """/_emulator/verify tells it as JSON, text or JUnit, and /_emulator/verdict the client's part of it."""
    engine, _ = playing("{rule: weather, times: 1}")
    app = create_app(engine)
    said: Any = ask(app, "GET", f"/_emulator/verify?key={KEY}").json
    assert (said["ok"], said["scenario"], said["asked"], len(said["unmet"])) == (False, "story", 0, 1)
    assert b"not met: story.yaml:10:" in ask(app, "GET", f"/_emulator/verify?key={KEY}&format=text").body
    assert b'failures="1"' in ask(app, "GET", f"/_emulator/verify?key={KEY}&format=junit").body
    verdict: Any = ask(app, "GET", "/_emulator/verdict").json
    assert (verdict["ok"], verdict["findings"]) == (False, [])
    assert ask(app, "GET", "/_emulator/verify?format=xml").status == 400
    assert ask(app, "GET", "/_emulator/verify?most_attempts=many").status == 400


OTHER = STORY.replace("name: story", "name: other") + "  - {rule: weather, times: 1}\n"


def test_without_a_key_each_is_judged_by_itself() -> None:
    """A story is met or not by each key that played it, also where a header named it; the sum of keys meets nothing."""
    engine, _ = playing("{rule: weather, times: 2}")
    engine.library.put("other", OTHER)
    app = create_app(engine)
    for key in ("akml-first", "akml-second", "akml-second"):
        ask(app, "POST", CHAT, chat("weather"), key=key)
    ask(app, "POST", CHAT, chat("busy"), key="akml-third", headers={"x-emulator-scenario": "other"})
    said = at_once(report(engine))
    assert [(each.scenarios, each.asked, len(each.unmet), each.ok) for each in said.keys] == [
        (("story",), 1, 1, False),
        (("story",), 2, 0, True),
        (("story", "other"), 1, 2, False),
    ]
    assert (said.scenario, said.asked, len(said.unmet), said.ok) == (None, 4, 3, False)
    assert at_once(report(engine, "akml-second")).ok


def test_a_story_that_no_key_played_is_not_met() -> None:
    """Where every request was refused for its key, or named another story, the server's own one is not met."""
    engine, _ = playing("{rule: weather, times: 1}")
    app = create_app(engine)
    ask(app, "POST", CHAT, chat("weather"), key="sk-of-another-service")
    said = at_once(report(engine))
    assert [(each.key, each.asked, len(each.unmet)) for each in said.keys] == [
        (label("sk-of-another-service"), 1, 0),
        (None, 0, 1),
    ]
    assert not said.ok
    ask(app, "POST", CHAT, chat("weather"))
    assert at_once(report(engine)).ok


def test_findings_are_of_one_key() -> None:
    """The same question with another key is another question."""
    engine = make_engine()
    activate(engine, engine.library.put("s", "name: s\nrules: [{reply: {error: forbidden}}]").scenario.name)
    for key in ("akml-first", "akml-second"):
        ask(create_app(engine), "POST", CHAT, chat(), key=key)
    assert at_once(report(engine)).ok
    ask(create_app(engine), "POST", CHAT, chat(), key="akml-second")
    said = at_once(report(engine))
    assert [each.verdict.finding_names for each in said.keys] == [(), ("retried-hopeless",)]
    assert said.verdict.finding_names == ("retried-hopeless",)
