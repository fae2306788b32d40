"""A snapshot is the whole state: a server that goes on from it behaves the same, whatever has happened before.

And what is no snapshot is refused as a whole, wherever it is wrong.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.asgi import CHAT, KEY, MESSAGES, PLAIN, Exchange, ask, chat, make_engine, message

from emulator.account.keys import fingerprint
from emulator.core.clock import EPOCH, VirtualClock
from emulator.engine import Engine
from emulator.web.app import create_app

STORY = f"""
account:
  credits: 0.01 USD
  trial: {{amount: 1 USD, expires: 2026-03-01}}
  auto_top_up: {{below: 0.002 USD, add: 0.01 USD}}
  keys: {{default: {{requests_per_minute: 4, tokens_per_minute: 900, concurrency: 2}}}}
models: {{{PLAIN}: {{backends: {{slots: 1, queue: 5s, flapping: {{up: 30s, down: 10s}}}}}}}}
rules:
  - when: {{last_user: pay}}
    reply: {{text: Paid., set_state: {{order: "\\0\\x1b ⚡"}}}}
  - when: {{state: {{order: "\\0\\x1b ⚡"}}}}
    replies: [{{text: It is packed.}}, {{text: It is on its way., times: 2}}, {{error: overloaded, probability: 0.5}}]
    then: loop
"""
PLAIN_STORY = "rules: [{replies: [{text: One.}, {error: 429}]}]"
KEYS = st.sampled_from([KEY, "akml-two", "akml-story--x", "akml-\xea\xff", "akml-" + "k" * 300])
FIGURES = st.sampled_from(["0", "5", "5.00", "0.01", "1e2", "999999999999", "0.000000000000000001", "5.0000"])
AMOUNTS = FIGURES | FIGURES.map("{} USD".format) | FIGURES.map("{}USD".format) | st.sampled_from([0, 5, 0.1, 2.50])
MOMENTS = st.sampled_from(["2026-02-01", "9999-12-31", "2026-01-01T00:01:00Z", "9999-12-31T23:59:59.999999999Z"])
LIMITS = st.sampled_from([1, 2, 60, 10**12])
TEXTS = st.text(max_size=8) | st.sampled_from(["\0", "\u2028", "👍", "\x1b[31m", "a" * 1000])
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "requests_per_minute": LIMITS,
        "tokens_per_minute": LIMITS,
        "concurrency": LIMITS,
        "expires": MOMENTS,
        "models": st.lists(TEXTS | st.just("*Llama*"), max_size=2),
        "disabled": st.booleans(),
    },
)
TRIALS = st.fixed_dictionaries({"amount": AMOUNTS, "expires": MOMENTS})
TOP_UPS = st.fixed_dictionaries({"below": AMOUNTS, "add": AMOUNTS})
CREDITS: dict[str, st.SearchStrategy[Any]] = {"trial": TRIALS, "auto_top_up": TOP_UPS}
BACKENDS = (
    st.none()
    | st.integers(0, 2)
    | st.fixed_dictionaries(
        {},
        optional={
            "total": st.integers(0, 3),
            "healthy": st.integers(0, 3),
            "slots": LIMITS,
            "queue": st.sampled_from(["5s", "8784h", 1]),
            "flapping": st.just({"up": "1ms", "down": "8784h"}),
            "listed": st.booleans(),
        },
    )
)


def control(method: str, path: str, fields: Any, **optional: Any) -> st.SearchStrategy[tuple[str, str, Any]]:
    """A call of a control route."""
    return st.tuples(st.just(method), st.just(f"/_emulator/{path}"), st.fixed_dictionaries(fields, optional=optional))


ASKED = st.sampled_from(["pay", "where is it?", "hello"])
REQUESTS = ASKED.map(lambda text: ("POST", CHAT, chat(text))) | ASKED.map(
    lambda text: ("POST", MESSAGES, message(text))
)
CALLS = (
    REQUESTS
    | REQUESTS
    | st.sampled_from([("POST", CHAT, b'{"model": "\xea"}'), ("GET", "/v1/models", None), ("GET", "/v1/no", None)])
    | control("POST", "activate", {"scenario": st.sampled_from(["story", "other", None])}, key=KEYS)
    | control("POST", "reset", {}, key=KEYS, keep_scenario=st.booleans())
    | control("POST", "clock", {"advance": st.sampled_from(["61s", "1ms", "40d", 0])})
    | control("POST", "clock", {"set": st.sampled_from(["2026-01-01", "1970-01-01", "9998-12-31"])})
    | control("POST", "account", {"policy": POLICIES}, key=KEYS)
    | control("PUT", "account", {"credits": AMOUNTS}, key=KEYS, keys=st.dictionaries(KEYS, POLICIES), **CREDITS)
    | control("POST", "credits", {}, key=KEYS, purchase=AMOUNTS, take=AMOUNTS, **CREDITS)
    | control("POST", "keys", {}, name=TEXTS, policy=POLICIES)
    | control("PUT", "keys/key_1", {"policy": POLICIES})
    | st.sampled_from([("DELETE", "/_emulator/keys/key_1", None), ("POST", "/_emulator/keys/key_1/regenerate", None)])
    | control("PUT", "backends", {"model": st.just(PLAIN), "backends": BACKENDS})
    | st.sampled_from([("GET", "/_emulator/account", None), ("GET", f"/_emulator/backends?key={KEY}", None)])
)
HISTORIES = st.lists(st.tuples(CALLS, KEYS), max_size=10)


def new_engine() -> Engine:
    """An engine with a frozen clock, which knows two scenarios."""
    engine = make_engine(VirtualClock(EPOCH, rate=0.0), seed="0")
    engine.library.put("story", STORY)
    engine.library.put("other", PLAIN_STORY)
    return engine


def call(engine: Engine, made: tuple[tuple[str, str, Any], str]) -> Exchange:
    """What a call with a key is answered."""
    (method, path, body), key = made
    return ask(create_app(engine), method, path, body, headers={"authorization": f"Bearer {key}"}, key=None)


def snapshot_of(engine: Engine) -> Any:
    """The snapshot, as a client gets it."""
    done = ask(create_app(engine), "GET", "/_emulator/snapshot", key=None)
    assert done.status == 200, done.body
    return done.json


def put(engine: Engine, state: Any) -> Exchange:
    """Continue from a snapshot."""
    return ask(create_app(engine), "PUT", "/_emulator/snapshot", state, key=None)


def persistent(state: Any) -> Any:
    """A snapshot without what the machine's time is, and the ids of refusals."""
    state = copy.deepcopy(state)
    del state["clock"]["ahead"]
    state["store"]["keys"].pop(fingerprint(""), None)
    return state


@settings(max_examples=60, deadline=None)
@given(HISTORIES, HISTORIES)
@example(
    [(("POST", "/_emulator/account", {"policy": {}}), KEY)],
    [(("PUT", "/_emulator/account", {"credits": "0"}), KEY), (("POST", CHAT, chat("pay")), KEY)],
)
def test_a_snapshot_is_the_whole_state(
    before: list[tuple[tuple[str, str, Any], str]], after: list[tuple[tuple[str, str, Any], str]]
) -> None:
    """Whatever has happened: the snapshot is accepted, comes back as it was, and every later answer is the same."""
    engine, other = new_engine(), new_engine()
    for made in before:
        assert call(engine, made).status != 500, made
    state = snapshot_of(engine)
    restored = put(other, state)
    assert restored.status == 200, restored.body
    assert persistent(snapshot_of(other)) == persistent(state)
    for made in after:
        expected, found = call(engine, made), call(other, made)
        assert (found.status, found.headers, found.body) == (expected.status, expected.headers, expected.body), made


# ---------------------------------------------------------------------------------------------- what is no snapshot

BUSY: list[tuple[tuple[str, str, Any], str]] = [
    (("POST", "/_emulator/keys", {"name": "ci", "policy": {"expires": "2027-01-01"}}), KEY),
    (("POST", "/_emulator/keys/key_1/regenerate", None), KEY),
    (
        (
            "PUT",
            "/_emulator/backends",
            {"model": PLAIN, "backends": {"slots": 2, "flapping": {"up": "9s", "down": "1s"}}},
        ),
        KEY,
    ),
    (("PUT", "/_emulator/account", {"credits": "5.00 USD", "keys": {"default": {"tokens_per_minute": 900}}}), KEY),
    (("POST", CHAT, chat("hello")), "akml-two"),
    (("POST", "/_emulator/activate", {"scenario": "story"}), KEY),
    (("POST", CHAT, chat("pay")), KEY),
    (("POST", CHAT, chat("where is it?")), KEY),
    (("POST", CHAT, chat("where is it?")), "akml-two"),
    (("POST", "/_emulator/credits", {"trial": {"amount": "1 USD", "expires": "2026-04-01"}}), KEY),
]
WRONG: st.SearchStrategy[Any] = st.sampled_from([None, True, -1, -5, 0, 1, 0.5, 10**30, 2**63, -(2**63)]) | (
    st.sampled_from([1e300, -1e300, 253402300800.0, "NaN", "Infinity", "-Infinity", "1E+999999", "1E-999999", "1e9"])
    | st.sampled_from(["", "x", "\0", "z" * 1000, [], {}, [[]], {"x": 1}, [1, -1]])
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a value."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def busy() -> Engine:
    """An engine to which something of each kind has happened."""
    engine = new_engine()
    for made in BUSY:
        assert call(engine, made).status < 500
    return engine


STATE = snapshot_of(busy())
PLACES = list(places(STATE))


def works(engine: Engine) -> None:
    """Each route answers, and without a 500."""
    for method, path, body in [
        ("GET", "/_emulator/account", None),
        ("GET", "/_emulator/credits", None),
        ("GET", "/_emulator/ledger", None),
        ("GET", "/_emulator/keys", None),
        ("GET", f"/_emulator/backends?key={KEY}", None),
        ("GET", "/_emulator/clock", None),
        ("GET", "/_emulator/ready", None),
        ("GET", "/_emulator/verify", None),
        ("GET", "/v1/models", None),
        ("POST", CHAT, chat("pay")),
        ("POST", CHAT, chat("where is it?")),
        ("POST", "/_emulator/clock", {"advance": "61s"}),
        ("POST", CHAT, chat("where is it?")),
        ("POST", "/_emulator/keys/key_1/regenerate", None),
        ("POST", "/_emulator/credits", {"purchase": "1 USD"}),
        ("DELETE", "/_emulator/keys/key_1", None),
        ("GET", "/_emulator/snapshot", None),
    ]:
        for key in (KEY, "akml-two"):
            done = call(engine, ((method, path, body), key))
            assert done.status != 500, (method, path, key, done.body)
    assert put(engine, snapshot_of(engine)).status == 200


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(PLACES), WRONG, st.sampled_from(["replace", "remove", "add"]))
def test_a_snapshot_with_something_wrong_changes_nothing(place: tuple[Any, ...], value: Any, how: str) -> None:
    """Replaced, removed or added anywhere: a 400 that says where, and the state is as before; or all routes work."""
    state = copy.deepcopy(STATE)
    inside = state
    for name in place[:-1]:
        inside = inside[name]
    if how == "replace":
        inside[place[-1]] = value
    elif how == "remove":
        del inside[place[-1]]
    elif isinstance(inside, dict):
        inside["unknown"] = value
    else:
        inside.append(value)
    engine = new_engine()
    call(engine, (("POST", CHAT, chat("pay")), "akml-story"))
    before = snapshot_of(engine)
    done = put(engine, state)
    if done.status == 200:
        works(engine)
    else:
        assert done.status == 400
        assert len(done.json["error"]["message"]) > 20
        assert persistent(snapshot_of(engine)) == persistent(before)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"clock": {"time": EPOCH, "rate": 0, "ahead": 1e300}}, "`$.clock.ahead`"),
        ({"clock": {"time": EPOCH, "rate": 1, "ahead": 1e300}}, "`$.clock.ahead`"),
        ({"clock": {"time": EPOCH, "rate": 1e300, "ahead": 0}}, "`$.clock.rate`"),
        ({"clock": {"time": EPOCH, "rate": -5, "ahead": 0}}, "`$.clock.rate`"),
        ({"clock": {"time": 1e300, "rate": 0, "ahead": 0}}, "`$.clock.time`"),
        ({"version": 1}, "of version 1; expected 2"),
        (
            {"store": {"shared": STATE["store"]["shared"], "keys": {"x": {"seen": {"a": -1}}}}},
            "`$.store.keys.x.seen[...]`",
        ),
        (
            {"store": {"shared": {**STATE["store"]["shared"], "terms": {"credits": "NaN"}}, "keys": {}}},
            "`$.store.shared.terms`",
        ),
    ],
)
def test_the_place_of_what_is_wrong_is_told(change: dict[str, Any], told: str) -> None:
    """The 400 names the place in the snapshot."""
    done = put(new_engine(), {**STATE, **change})
    assert done.status == 400
    assert told in done.json["error"]["message"]
    assert json.dumps(STATE)
