"""What once broke the record, the state or its file: each row is a smallest input, which is tried over HTTP."""

import asyncio
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from support.asgi import CHAT, KEY, MESSAGES, PLAIN, Exchange, ask, chat, make_engine

from emulator.core.clock import END, EPOCH, VirtualClock
from emulator.engine import Engine
from emulator.store.outside import at_once
from emulator.web.app import create_app

READING = (
    "inferences",
    "inferences?format=jsonl",
    "inferences?format=curl",
    "inferences/1",
    "verify",
    "verify?format=text",
    "verify?format=junit",
    "verdict",
    "snapshot",
    "account",
    "credits",
    "ledger",
    "keys",
    "backends",
    "clock",
    "ready",
)
STATE: dict[str, Any] = {
    "version": 2,
    "clock": {"time": EPOCH, "rate": 0, "ahead": 0},
    "store": {"shared": {"scenario": None}, "keys": {}},
}
DEEP = "rules: [{reply: {text: Hi.}}]\nmodels: {deep/model: {context_length: 9, max_output_length: 9, pricing: "


def account(**account: Any) -> dict[str, Any]:
    """A snapshot with the account of one key."""
    return {**STATE, "store": {"shared": {"scenario": None}, "keys": {"k": {"accounts": {"": [0, account]}}}}}


class Row(NamedTuple):
    """A request, the status of its answer, and words of it."""

    name: str
    method: str
    path: str
    body: Any
    status: int = 400
    told: str = ""
    headers: Mapping[str, str] = MappingProxyType({})


ROWS = [
    Row("a byte that is no UTF-8", "POST", CHAT, b'{"model": "\xea"}', told="not valid JSON"),
    Row("half a surrogate pair", "POST", CHAT, b'{"model": "\\ud800"}'),
    Row("control characters", "POST", MESSAGES, chat(model="\0\x1b[31m", max_tokens=1), 404),
    Row("100,000 brackets", "POST", CHAT, b"[" * 100_000, told="nested too deeply"),
    Row("a number without end", "POST", CHAT, b'{"model": 1e999}'),
    Row("a model of 10 MB", "POST", CHAT, chat(model="m" * 10_000_000), 404),
    Row("bytes in headers", "POST", CHAT, chat(), 200, headers={"x-a": "\xea\xff", "cookie": "\xed\xa0\x80=1"}),
    Row("bytes in a path", "POST", "/v1/\u2028\0\x1b", b"\xea", 404),
    Row("an amount with its unit", "PUT", "/_emulator/account", {"credits": "5.00 USD"}, 200),
    Row("an amount of 30 digits", "PUT", "/_emulator/account", {"credits": "999999999999.999999999999999999 USD"}, 200),
    Row("no number as an amount", "PUT", "/_emulator/account", {"credits": "NaN"}),
    Row("an amount with a large exponent", "POST", "/_emulator/credits", {"purchase": "1E+999999 USD"}),
    Row(
        "trial credits for 8,000 years",
        "POST",
        "/_emulator/credits",
        {"trial": {"amount": 1, "expires": "9999-12-31"}},
        200,
    ),
    Row("a limit of 31 digits", "POST", "/_emulator/account", {"policy": {"requests_per_minute": 10**30}}),
    Row("slots below zero", "PUT", "/_emulator/backends", {"model": PLAIN, "backends": {"slots": -1}}),
    Row("a queue without end", "PUT", "/_emulator/backends", {"model": PLAIN, "backends": {"queue": 1e300}}),
    Row(
        "a price of 2,000 digits",
        "PUT",
        "/_emulator/scenarios/deep",
        f"{DEEP}{{input: '0.{'0' * 2000}1', output: '1'}}}}}}",
    ),
    Row("a clock at a huge rate", "POST", "/_emulator/clock", {"rate": 1e300}, told="a rate from 0 to 1000000"),
    Row("a clock that runs back", "POST", "/_emulator/clock", {"rate": -5}, told="a rate from 0 to 1000000"),
    Row("a clock at no rate", "POST", "/_emulator/clock", {"rate": "NaN"}),
    Row("a clock set too far", "POST", "/_emulator/clock", {"set": 1e300}),
    Row("a clock advanced too far", "POST", "/_emulator/clock", {"advance": 1e300}),
    Row("a clock frozen by a number", "POST", "/_emulator/clock", {"freeze": 1}),
    Row(
        "a frozen snapshot far ahead",
        "PUT",
        "/_emulator/snapshot",
        {**STATE, "clock": {"time": 0, "rate": 0, "ahead": 1e300}},
        told="$.clock.ahead",
    ),
    Row(
        "a snapshot far ahead", "PUT", "/_emulator/snapshot", {**STATE, "clock": {"time": 0, "rate": 1, "ahead": 1e300}}
    ),
    Row(
        "a snapshot at a huge rate",
        "PUT",
        "/_emulator/snapshot",
        {**STATE, "clock": {"time": 0, "rate": 1e300, "ahead": 0}},
    ),
    Row(
        "a snapshot that runs back",
        "PUT",
        "/_emulator/snapshot",
        {**STATE, "clock": {"time": 0, "rate": -5, "ahead": 0}},
    ),
    Row(
        "a snapshot after all dates",
        "PUT",
        "/_emulator/snapshot",
        {**STATE, "clock": {"time": 1e300, "rate": 0, "ahead": 0}},
    ),
    Row("a snapshot of brackets", "PUT", "/_emulator/snapshot", b'{"version": 2, "store": %s' % (b"[" * 100_000)),
    Row("half a snapshot", "PUT", "/_emulator/snapshot", json.dumps(STATE)[:-5].encode(), told="truncated"),
    Row("a snapshot of another version", "PUT", "/_emulator/snapshot", {**STATE, "version": 9}, told="version 9"),
    Row(
        "a snapshot with an unknown field",
        "PUT",
        "/_emulator/snapshot",
        account(junk=1),
        told="`$.store.keys.k.accounts",
    ),
    Row(
        "a count below zero",
        "PUT",
        "/_emulator/snapshot",
        {**STATE, "store": {"shared": {"scenario": None}, "keys": {"k": {"seen": {"d": -1}}}}},
    ),
    Row(
        "a ledger that does not add up",
        "PUT",
        "/_emulator/snapshot",
        account(credits={"purchased": "5"}),
        told="ledger",
    ),
    Row("a balance that is no number", "PUT", "/_emulator/snapshot", account(credits={"purchased": "NaN"})),
    Row(
        "a window without its amounts",
        "PUT",
        "/_emulator/snapshot",
        account(policy={"requests_per_minute": 3}, limits={"requests": {"limit": 3, "used": 1, "ticks": [1]}}),
        told="`$.store.keys.k.accounts",
    ),
    Row(
        "a key under a digest that is not its own",
        "PUT",
        "/_emulator/snapshot",
        {
            **STATE,
            "store": {
                "shared": {
                    "scenario": None,
                    "keys": {
                        "made": 1,
                        "by_digest": {
                            "a": {"number": 1, "name": "", "shown": "", "digest": "b", "policy": {}, "created": 0}
                        },
                    },
                },
                "keys": {},
            },
        },
        told="`$.store.shared.keys`",
    ),
]


def everything_answers(engine: Engine) -> None:
    """Every reading route answers, a request is answered, and another server goes on from the snapshot."""
    app = create_app(engine)
    assert ask(app, "POST", CHAT, chat()).status < 500
    for path in READING:
        done = ask(app, "GET", f"/_emulator/{path}")
        assert done.status == 200, (path, done.body)
    state = ask(app, "GET", "/_emulator/snapshot").json
    assert ask(create_app(make_engine()), "PUT", "/_emulator/snapshot", state).status == 200


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_is_answered_and_nothing_breaks(row: Row) -> None:
    """The answer is the one that is due, and afterwards everything can be read, asked, saved and restored."""
    engine = make_engine()
    app = create_app(engine)
    ask(app, "POST", CHAT, chat())
    before = ask(app, "GET", "/_emulator/ledger").json
    body = row.body.encode() if isinstance(row.body, str) else row.body
    done = ask(app, row.method, row.path, body, headers=row.headers)
    assert (done.status, row.told in done.body.decode()) == (row.status, True), done.body[:500]
    if row.status == 400:
        assert ask(app, "GET", "/_emulator/ledger").json == before
    everything_answers(engine)


def test_a_clock_that_runs_to_the_end_of_time_stands_still_there() -> None:
    """A million times as fast as real time, it reaches the year 10000, which has no date: every route still answers."""
    engine = make_engine(VirtualClock(END - 0.5, rate=1e6))
    everything_answers(engine)
    assert ask(create_app(engine), "GET", "/_emulator/clock").json["now"] == "9999-12-31T23:59:59Z"


def test_a_clock_that_is_set_back_and_forth_keeps_the_state_small() -> None:
    """Eighty times between 1970 and 9998, under a limit: the times of its window are still numbers that JSON holds."""
    engine = make_engine(VirtualClock(EPOCH, rate=0))
    app = create_app(engine)
    ask(app, "POST", "/_emulator/account", {"key": KEY, "policy": {"requests_per_minute": 3}})
    for _ in range(80):
        for moment in ("9998-12-31", "1970-01-01"):
            ask(app, "POST", "/_emulator/clock", {"set": moment})
            assert ask(app, "POST", CHAT, chat()).status == 200
    everything_answers(engine)


# ---------------------------------------------------------------------------------------------- keys without end


async def from_many_keys(engine: Engine, count: int) -> list[int]:
    """The statuses of a request from each of so many other keys, too long to be compared with names of scenarios."""
    app = create_app(engine)
    return [
        (await Exchange(app, "POST", CHAT, chat(max_tokens=1), key=f"akml-{number:070}").run()).status
        for number in range(count)
    ]


def test_a_spent_account_stays_spent_whoever_comes() -> None:
    """Ten thousand other keys do not make it full again; neither do they forget a position, a window, an activation."""
    engine = make_engine()
    engine.library.put("turns", "rules: [{replies: [{text: One.}, {text: Two.}, {text: Three.}]}]")
    app = create_app(engine)
    ask(app, "PUT", "/_emulator/account", {"key": "akml-spent-key", "credits": "0.000001 USD"}, key=None)
    ask(app, "POST", CHAT, chat(), key="akml-spent-key")
    assert ask(app, "POST", CHAT, chat(), key="akml-spent-key").status == 402
    ask(app, "POST", CHAT, chat(), key="akml-turns--a")
    ask(app, "POST", "/_emulator/account", {"key": "akml-limited-key", "policy": {"requests_per_minute": 1}}, key=None)
    ask(app, "POST", CHAT, chat(), key="akml-limited-key")
    ask(app, "POST", "/_emulator/activate", {"key": "akml-activated-key", "scenario": "turns"}, key=None)
    assert set(asyncio.run(from_many_keys(engine, 10_050))) == {200}
    assert ask(app, "POST", CHAT, chat(), key="akml-spent-key").status == 402
    assert ask(app, "POST", CHAT, chat(), key="akml-limited-key").status == 429
    assert b"Two." in ask(app, "POST", CHAT, chat(), key="akml-turns--a").body
    assert b"One." in ask(app, "POST", CHAT, chat(), key="akml-activated-key").body


def test_the_bound_on_keys_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """With credits for every key, one key too many is a 503 in its surface's shape; known keys go on."""
    engine = make_engine(max_keys=20)
    engine.library.put("paid", "account: {credits: 5 USD}")
    at_once(engine.activate("paid"))
    assert asyncio.run(from_many_keys(engine, 25)) == [200] * 20 + [503] * 5
    app = create_app(engine)
    assert ask(app, "POST", CHAT, chat(), key=f"akml-{3:070}").status == 200
    refused = ask(app, "POST", MESSAGES, chat(max_tokens=1), key="akml-new")
    assert (refused.status, refused.json["error"]["type"]) == (503, "overloaded_error")
    assert "max_keys" in refused.json["error"]["message"]
    assert len([record for record in caplog.records if "are refused" in record.getMessage()]) == 1
    everything_readable = [
        ask(app, "GET", f"/_emulator/{path}").status for path in ("inferences", "verify", "snapshot")
    ]
    assert everything_readable == [200] * 3
    ask(app, "POST", "/_emulator/reset", {"key": f"akml-{3:070}"}, key=None)
    assert ask(app, "POST", CHAT, chat(), key="akml-new").status == 200
    assert ask(app, "POST", CHAT, chat(), key="akml-newer").status == 503


def test_a_window_that_is_over_makes_room() -> None:
    """Limits without credits: a minute later a key holds nothing, and is replaced by a new one."""
    engine = make_engine(max_keys=20)
    engine.library.put("limited", "account: {keys: {default: {requests_per_minute: 1}}}")
    at_once(engine.activate("limited"))
    assert asyncio.run(from_many_keys(engine, 21)) == [200] * 20 + [503]
    at_once(engine.clock.advance(61))
    app = create_app(engine)
    assert [ask(app, "POST", CHAT, chat(), key=f"akml-new-{number}").status for number in range(21)] == [200] * 20 + [
        503
    ]


def test_a_snapshot_with_more_keys_than_are_remembered_is_refused() -> None:
    """It would not fit, and what is there stays."""
    state = {**STATE, "store": {"shared": {"scenario": None}, "keys": {str(number): {} for number in range(12)}}}
    engine = make_engine(max_keys=10)
    done = ask(create_app(engine), "PUT", "/_emulator/snapshot", state)
    assert (done.status, "max_keys" in done.json["error"]["message"]) == (400, True)
    everything_answers(engine)
