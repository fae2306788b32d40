"""A record of any length is judged and shown in slices, with work in proportion to its length."""

import asyncio
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from support.asgi import CHAT, KEY, Exchange, activate, chat, make_engine

from emulator.core.clock import EPOCH, VirtualClock
from emulator.engine.engine import Engine
from emulator.store.outside import at_once
from emulator.web.app import create_app
from emulator.web.control.inferences import report

STORY = """name: story
rules:
  - name: down
    when: {last_user: down}
    reply: {error: unavailable}
  - name: limited
    when: {last_user: limited}
    reply: {error: rate_limited, retry_after: 1h}
  - name: slow
    when: {last_user: slow}
    reply: {text: one two, stream: {first_token: 1h}}
  - name: late
    when: {last_user: late}
    reply: {text: one two three, stream: {first_token: 1h}, faults: [{hangup: end, after: {tokens: 2}}]}
  - name: cut
    when: {last_user: {contains: cut}}
    reply: {text: one two three four, faults: [{hangup: end, after: {tokens: 2}}]}
  - name: look
    when: {last_user: weather}
    reply: {tool_calls: [{name: get_weather, arguments: {city: Lisbon}}]}
expect:
  - no_request_within_retry_after: true
"""


def numbered(text: str) -> Callable[[int], Any]:
    """Requests that all differ."""
    return lambda number: chat(f"{text} {number}", stream=True)


def same(text: str) -> Callable[[int], Any]:
    """Requests that are all equal."""
    return lambda number: chat(text, stream=True)


def accepted(number: int) -> Any:
    """A request with a truncated answer, or one that goes on as if it were whole."""
    asked = [{"role": "user", "content": f"cut {number // 2}"}]
    more = [{"role": "assistant", "content": "one two"}, {"role": "user", "content": "Next?"}]
    return chat(stream=True) | {"messages": asked + more * (number % 2)}


REQUESTS: dict[str, tuple[Callable[[int], Any], float]] = {
    "all different": (numbered("What is"), 1),
    "the same, each answered": (same("Hello"), 1),
    "the same, each refused": (same("down"), 1),
    "the same, each too early": (same("limited"), 1),
    "the same side by side": (same("slow"), 1),
    "the same, each truncated": (same("cut"), 1),
    "truncated side by side": (same("late"), 1),
    "truncated and accepted": (accepted, 1),
    "tool calls": (same("weather"), 1),
}
"""What is asked, and the seconds between the requests."""


def asked(count: int, kind: str) -> Engine:
    """An engine that was asked so many requests, one after the other or side by side."""
    clock = VirtualClock(EPOCH, rate=0)
    engine = make_engine(clock, max_inferences=10_000)
    activate(engine, engine.library.put("story", STORY).scenario.name)
    app, (made, pause) = create_app(engine), REQUESTS[kind]

    async def ask() -> None:
        running = []
        for number in range(count):
            running.append(asyncio.ensure_future(Exchange(app, "POST", CHAT, made(number)).run()))
            for _ in range(10):
                await asyncio.sleep(0)
            await clock.advance(pause)
        await clock.advance(7200)
        await asyncio.gather(*running)

    asyncio.run(ask())
    return engine


def lines_run(function: Callable[[], object]) -> int:
    """How many lines of the emulator a call runs, those of loops as often as they run."""
    count = 0

    def trace(frame: FrameType, event: str, told: object) -> Any:
        nonlocal count
        if "/emulator/" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize("kind", REQUESTS)
def test_work_is_in_proportion(kind: str) -> None:
    """Four times as many inferences take about four times as much work, whatever was asked and answered."""
    few, many = asked(50, kind), asked(200, kind)
    for engine in (few, many):
        at_once(report(engine))  # what is derived once, and imported
    assert lines_run(lambda: at_once(report(many))) < 6 * lines_run(lambda: at_once(report(few)))


class Ticking(asyncio.SelectorEventLoop):
    """An event loop in which each look at the clock takes a millisecond."""

    ticks = 0

    def time(self) -> float:
        """A millisecond more than the last time."""
        self.ticks += 1
        return super().time() + self.ticks / 1000


@pytest.mark.parametrize(
    "path",
    [
        "verdict",
        f"verify?key={KEY}&format=junit",
        "inferences/100/timeline",
        "inferences?order=newest",
        "inferences?text=nobody-said-this",
        "inferences?outcome=running",
        "usage",
        "accounts",
    ],
)
def test_others_have_their_turn(path: str) -> None:
    """Whatever is read of a long record, what the server has to do meanwhile is done between its parts."""
    app = create_app(asked(200, "the same, each refused"))

    async def reading() -> int:
        exchange = asyncio.ensure_future(Exchange(app, "GET", f"/_emulator/{path}").run())
        turns = 0
        while not exchange.done():
            await asyncio.sleep(0)
            turns += 1
        assert (await exchange).status == 200
        return turns

    with asyncio.Runner(loop_factory=Ticking) as runner:
        assert runner.run(reading()) > 20
