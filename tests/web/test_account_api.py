"""The account as clients meet it: refusals, headers and charges over HTTP, and the routes that tell and change it."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from support.asgi import (
    CHAT,
    KEY,
    MESSAGES,
    PLAIN,
    Exchange,
    activate,
    ask,
    chat,
    error_of,
    events,
    given_way,
    make_engine,
    message,
)

from emulator.account.prices import usd
from emulator.engine.engine import Engine
from emulator.store.outside import at_once
from emulator.store.snapshot import snapshot
from emulator.web.app import create_app

PRICE = {"input": "0.001", "output": "0.01"}
DEAR = f"models: {{{PLAIN}: {{pricing: {{input: '0.001', output: '0.01'}}}}}}\n"


def engine_with(text: str, **settings: Any) -> Engine:
    """An engine that plays this scenario for every key that names no other."""
    engine = make_engine(**settings)
    engine.library.put("story", text)
    activate(engine, "story")
    return engine


def told(engine: Engine, path: str, key: str = KEY) -> Any:
    """What a control route tells of a key."""
    done = ask(create_app(engine), "GET", f"/_emulator/{path}?key={key}", key=None)
    assert done.status == 200, done.body
    return done.json


def control(engine: Engine, method: str, path: str, body: Any = None) -> Exchange:
    return ask(create_app(engine), method, f"/_emulator/{path}", body, key=None)


def total(ledger: Any) -> str:
    """The sum of a ledger's entries, as its balance is told."""
    amount = sum((Decimal(entry["amount"]) for entry in ledger["entries"]), Decimal(0))
    return f"{amount.normalize():f}"


# ---------------------------------------------------------------------------------------------- keys and windows


def test_nothing_is_limited_unless_it_is_said() -> None:
    """A newcomer meets no limit, no charge and no header of one."""
    engine = make_engine()
    done = ask(create_app(engine), "POST", CHAT, chat())
    assert done.status == 200
    assert not [name for name in done.headers if "ratelimit" in name]
    assert told(engine, "account")["unlimited"] is True
    assert told(engine, "credits") is None
    assert told(engine, "ledger") == {"key": KEY, "balance": None, "entries": []}


def test_the_window_is_told_and_kept() -> None:
    """Three requests a minute: the headers count down, the fourth is 429, and passes when its Retry-After is over."""
    engine = engine_with("account: {keys: {default: {requests_per_minute: 3}}}")
    app = create_app(engine)

    async def minute() -> None:
        for remaining in "210":
            done = await Exchange(app, "POST", CHAT, chat()).run()
            assert (done.status, done.headers["x-ratelimit-limit"]) == (200, "3")
            assert done.headers["x-ratelimit-remaining"] == remaining
            await engine.clock.advance(1)
        refused = await Exchange(app, "POST", CHAT, chat()).run()
        assert (refused.status, refused.headers["retry-after"]) == (429, "57")
        assert refused.headers["x-ratelimit-remaining"] == "0"
        error = error_of(refused)
        assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
        assert "3 requests per minute" in error["message"]
        await engine.clock.advance(56.999)
        assert (await Exchange(app, "POST", CHAT, chat()).run()).headers["retry-after"] == "0.001"
        await engine.clock.advance(0.001)
        assert (await Exchange(app, "POST", CHAT, chat()).run()).status == 200

    asyncio.run(minute())


def test_each_key_has_windows_of_its_own() -> None:
    """One key's requests are not another's; a key that the account names has its own policy."""
    engine = engine_with("account: {keys: {default: {requests_per_minute: 1}, akml-rich: {requests_per_minute: 2}}}")
    app = create_app(engine)
    asked = [(KEY, 200), (KEY, 429), ("akml-other", 200), ("akml-rich", 200), ("akml-rich", 200), ("akml-rich", 429)]
    assert [(key, ask(app, "POST", CHAT, chat(), key=key).status) for key, _ in asked] == asked


def test_tokens_are_reserved_and_corrected() -> None:
    """What a request may use is reserved while it runs; afterwards what it used counts."""
    engine = engine_with("account: {keys: {default: {tokens_per_minute: 1000}}}\nrules: [{reply: {text: Hi.}}]")
    app = create_app(engine)
    for _ in range(5):
        assert ask(app, "POST", CHAT, chat(max_tokens=900)).status == 200
    too_many = error_of(ask(app, "POST", CHAT, chat(max_tokens=1000)))
    assert "can never pass" in too_many["message"]


@pytest.mark.parametrize(("path", "body"), [(CHAT, chat()), (MESSAGES, message())])
def test_what_a_key_may_not_do(path: str, body: dict[str, Any]) -> None:
    """A disabled key and a forbidden model are 403, an expired key is 401, before the body is even looked at."""
    policies = "{akml-off: {disabled: true}, akml-glm: {models: ['*GLM*']}, akml-old: {expires: 2025-12-31}}"
    app = create_app(engine_with(f"account: {{keys: {policies}}}"))
    asked = {key: ask(app, "POST", path, body, key=key) for key in ("akml-off", "akml-glm", "akml-old")}
    assert [done.status for done in asked.values()] == [403, 403, 401]
    assert "disabled" in asked["akml-off"].json["error"]["message"]
    assert PLAIN in asked["akml-glm"].json["error"]["message"]
    assert "expired at 2025-12-31T00:00:00Z" in str(asked["akml-old"].json)
    assert ask(app, "POST", path, b"{", key="akml-old").status == 401
    assert ask(app, "GET", "/v1/models", key="akml-old").status == 401


def test_concurrency_is_counted_until_a_client_has_its_answer_or_leaves() -> None:
    """One at a time: the second is 429 while the first is read, and passes as soon as its client has left."""
    engine = engine_with(
        "account: {keys: {default: {concurrency: 1}}}\n"
        "rules: [{reply: {text: one two three, stream: {between_tokens: 1s}}}]"
    )
    app = create_app(engine)

    async def two() -> None:
        first = Exchange(app, "POST", CHAT, chat(stream=True))
        reading = asyncio.ensure_future(first.run())
        await given_way()
        await engine.clock.advance(1)
        refused = await Exchange(app, "POST", CHAT, chat()).run()
        assert (refused.status, "retry-after" in refused.headers) == (429, False)
        assert "1 at the same time" in error_of(refused)["message"]
        first.leave()
        await reading
        second = asyncio.ensure_future(Exchange(app, "POST", CHAT, chat()).run())
        await given_way()
        await engine.clock.advance(60)
        assert (await second).status == 200

    asyncio.run(two())


# ---------------------------------------------------------------------------------------------- credits


def test_a_request_costs_what_its_usage_says() -> None:
    """Prompt and completion at the catalogue's prices, exactly; the ledger tells the inference."""
    engine = engine_with(f"{DEAR}account: {{credits: 5.00 USD}}\nrules: [{{reply: {{text: Hi.}}}}]")
    done = ask(create_app(engine), "POST", CHAT, chat())
    usage, ledger = done.json["usage"], told(engine, "ledger")
    cost = usage["prompt_tokens"] * Decimal("0.001") + usage["completion_tokens"] * Decimal("0.01")
    charge = ledger["entries"][-1]
    assert (Decimal(charge["amount"]), charge["inference_id"]) == (-cost, done.headers["inference-id"])
    assert told(engine, "credits")["balance"] == ledger["balance"] == usd(5 - cost)


def test_a_stream_that_is_cut_costs_what_was_sent() -> None:
    """A client that leaves after two tokens pays its prompt and two tokens."""
    rules = "rules: [{reply: {text: one two three, stream: {between_tokens: 1s}}}]"
    engine = engine_with(f"{DEAR}account: {{credits: 5 USD}}\n{rules}")
    app = create_app(engine)

    async def leave() -> Exchange:
        exchange = Exchange(app, "POST", CHAT, chat(stream=True))
        reading = asyncio.ensure_future(exchange.run())
        await given_way()
        await engine.clock.advance(1.5)
        exchange.leave()
        return await reading

    done = asyncio.run(leave())
    said = [event["choices"][0]["delta"].get("content") for event in events(done.body) if event != "[DONE]"]
    sent = sum(bool(text) for text in said)
    prompt = ask(create_app(make_engine()), "POST", CHAT, chat()).json["usage"]["prompt_tokens"]
    cost = Decimal(told(engine, "ledger")["entries"][-1]["amount"])
    assert cost == -(prompt * Decimal("0.001") + sent * Decimal("0.01"))


@pytest.mark.parametrize("reply", ["error: internal", "raw: {status: 502, body: <html>}", "error: overloaded"])
def test_what_fails_costs_nothing(reply: str) -> None:
    """No answer, no charge; but the request counts in its window."""
    engine = engine_with(
        f"account: {{credits: 5 USD, keys: {{default: {{requests_per_minute: 1}}}}}}\nrules: [{{reply: {{{reply}}}}}]"
    )
    app = create_app(engine)
    assert ask(app, "POST", CHAT, chat()).status >= 500
    assert told(engine, "credits")["balance"] == "5.00 USD"
    assert ask(app, "POST", CHAT, chat()).status == 429


@pytest.mark.parametrize(
    ("path", "body", "type"), [(CHAT, chat(), "insufficient_quota"), (MESSAGES, message(), "billing_error")]
)
def test_without_credits_it_is_402(path: str, body: dict[str, Any], type: str) -> None:
    """A balance that cannot pay the prompt is refused at once, in each surface's words, and a purchase heals it."""
    engine = engine_with(f"{DEAR}account: {{credits: 0.001 USD}}")
    app = create_app(engine)
    refused = ask(app, "POST", path, body)
    assert (refused.status, error_of(refused)["type"]) == (402, type)
    assert control(engine, "POST", "credits", {"key": KEY, "purchase": "1.00 USD"}).json["balance"] == "1.001 USD"
    assert ask(app, "POST", path, body).status == 200


def test_credits_that_run_out_during_an_answer() -> None:
    """By default the answer is finished and the balance goes below zero; `error` ends it where the money ends."""
    story = f"{DEAR}account: {{credits: 0.05 USD}}\nrules: [{{reply: {{text: one two three four five six seven}}}}]"
    finishing = engine_with(story)
    assert ask(create_app(finishing), "POST", CHAT, chat("Hi")).status == 200
    assert told(finishing, "credits")["balance"].startswith("-0.0")
    failing = engine_with(story, credits_run_out="error")
    done = ask(create_app(failing), "POST", CHAT, chat("Hi", stream=True))
    *_, failure, end = events(done.body)
    assert (done.status, failure["error"]["code"], end) == (200, "insufficient_credits", "[DONE]")
    assert 0 <= Decimal(told(failing, "credits")["balance"].removesuffix(" USD")) < Decimal("0.01")
    whole = ask(create_app(engine_with(story, credits_run_out="error")), "POST", CHAT, chat("Hi"))
    assert whole.status == 402


def test_trial_credits_go_first_and_expire() -> None:
    """They are spent before purchased ones, and what is left of them is gone at their time."""
    account = "account: {credits: 1 USD, trial: {amount: 2 USD, expires: 2026-01-02}}"
    engine = engine_with(f"{DEAR}{account}\nrules: [{{reply: {{text: Hi.}}}}]")
    ask(create_app(engine), "POST", CHAT, chat())
    credits = told(engine, "credits")
    assert (credits["purchased"], credits["trials"][0]["expires"]) == ("1.00 USD", "2026-01-02T00:00:00Z")
    control(engine, "POST", "clock", {"advance": 86400})
    assert told(engine, "credits")["balance"] == "1.00 USD"
    kinds = [entry["kind"] for entry in told(engine, "ledger")["entries"]]
    assert kinds == ["grant_trial", "purchase", "charge", "expiry"]


def test_an_automatic_top_up() -> None:
    """A balance that falls below the threshold is topped up, and the ledger says so."""
    engine = engine_with(f"{DEAR}account: {{credits: 1 USD, auto_top_up: {{below: 1 USD, add: 10 USD}}}}")
    ask(create_app(engine), "POST", CHAT, chat(max_tokens=5))
    assert [entry["kind"] for entry in told(engine, "ledger")["entries"]] == ["purchase", "charge", "auto_top_up"]
    assert told(engine, "credits")["balance"].startswith("10.9")


def test_the_ledger_sums_to_the_balance() -> None:
    """Whatever is bought, taken and spent."""
    engine = engine_with("account: {credits: 5 USD}")
    trial = {"amount": "3 USD", "expires": "2026-02-01"}
    changes: list[dict[str, Any]] = [{"purchase": "1.25 USD"}, {"take": "0.50 USD"}, {"trial": trial}]
    for change in changes:
        assert control(engine, "POST", "credits", {"key": KEY, **change}).status == 200
        ask(create_app(engine), "POST", CHAT, chat())
    ledger = told(engine, "ledger")
    assert ledger["balance"] == f"{total(ledger)} USD"


# ---------------------------------------------------------------------------------------------- managed keys


def test_the_life_of_a_key() -> None:
    """Created and shown once, listed without its characters, regenerated, limited, revoked."""
    engine = make_engine(auth="strict")
    app = create_app(engine)
    made = control(engine, "POST", "keys", {"name": "ci"})
    key, id = made.json["key"], made.json["id"]
    assert (made.status, len(key), key[:5]) == (201, 37, "akml-")
    assert ask(app, "POST", CHAT, chat(), key=key).status == 200
    assert ask(app, "POST", CHAT, chat(), key="akml-unknown").status == 401
    assert key not in control(engine, "GET", "keys").body.decode()
    newer = control(engine, "POST", f"keys/{id}/regenerate").json["key"]
    assert "regenerated" in ask(app, "POST", CHAT, chat(), key=key).json["message"]
    control(engine, "PUT", f"keys/{id}", {"policy": {"requests_per_minute": 1}})
    assert [ask(app, "POST", CHAT, chat(), key=newer).status for _ in range(2)] == [200, 429]
    assert control(engine, "DELETE", f"keys/{id}").json["status"] == "revoked"
    assert "revoked" in ask(app, "POST", CHAT, chat(), key=newer).json["message"]
    assert "There are: key_1." in control(engine, "GET", "keys/key_7").json["error"]["message"]


# ---------------------------------------------------------------------------------------------- backends


def test_504_and_529_are_different() -> None:
    """No backend at all, and none that is healthy; the model can be taken off the list."""
    engine = make_engine()
    app = create_app(engine)
    answers = []
    for backends in ({"total": 0}, 0, {"listed": False}, None):
        assert control(engine, "PUT", "backends", {"model": PLAIN, "backends": backends}).status == 200
        done = ask(app, "POST", CHAT, chat())
        listed = PLAIN in ask(app, "GET", "/v1/models").body.decode()
        answers.append((done.status, done.json.get("error", {}).get("message"), listed))
    assert answers == [
        (504, "No backend available", True),
        (529, "No healthy backends are available for the requested model", True),
        (200, None, False),
        (200, None, True),
    ]


def test_backends_that_come_and_go() -> None:
    """Flapping follows the clock."""
    engine = engine_with(f"models: {{{PLAIN}: {{backends: {{flapping: {{up: 30s, down: 10s}}}}}}}}")
    app, statuses = create_app(engine), []
    for _ in range(5):
        statuses.append(ask(app, "POST", CHAT, chat()).status)
        control(engine, "POST", "clock", {"advance": 10})
    assert statuses == [200, 200, 200, 529, 200]


def test_who_comes_when_all_slots_are_busy_waits_for_its_turn() -> None:
    """Latency grows with the queue, and who waits too long gets a 429; a client that leaves makes room at once."""
    engine = engine_with(
        f"models: {{{PLAIN}: {{backends: {{slots: 1, queue: 5s}}}}}}\n"
        "rules: [{reply: {text: one two three, stream: {first_token: 4s, between_tokens: 0s}}}]"
    )
    app, clock = create_app(engine), engine.clock

    async def three() -> list[tuple[int, float]]:
        ended: list[tuple[int, float]] = []
        begun = clock.now()

        async def one(exchange: Exchange) -> None:
            await exchange.run()
            ended.append((exchange.status, clock.now() - begun))

        exchanges = [Exchange(app, "POST", CHAT, chat()) for _ in range(3)]
        tasks = []
        for exchange in exchanges:
            tasks.append(asyncio.ensure_future(one(exchange)))
            await given_way()
        await clock.advance(20)
        await asyncio.gather(*tasks)
        return ended

    assert asyncio.run(three()) == [(200, 4.0), (429, 5.0), (200, 8.0)]


WAITED = "All backends of the requested model are busy; the request waited for 5 s."


@pytest.mark.parametrize(
    ("path", "status", "told", "retry_after"),
    [
        (CHAT, 429, {"type": "rate_limit_error", "code": "queue_timeout", "param": None}, "5"),
        (CHAT, 529, {"type": "overloaded_error", "code": "overloaded", "param": None}, None),
        (MESSAGES, 429, {"type": "rate_limit_error"}, "5"),
        (MESSAGES, 529, {"type": "overloaded_error"}, None),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_queue_that_runs_out_of_time(
    path: str, status: int, told: dict[str, Any], retry_after: str | None, *, stream: bool
) -> None:
    """It is a 429 `queue_timeout` that says when to come back, or the 529 of a setting; streamed or not."""
    engine = engine_with(
        f"models: {{{PLAIN}: {{backends: {{slots: 1, queue: 5s}}}}}}\n"
        "rules: [{reply: {stream: {first_token: 9s}}}]",
        queue_timeout_status=status,
    )
    app = create_app(engine)

    async def in_vain() -> Exchange:
        first, late = (Exchange(app, "POST", path, {**message(), "stream": stream}) for _ in range(2))
        tasks = []
        for exchange in (first, late):
            tasks.append(asyncio.ensure_future(exchange.run()))
            await given_way()
        await engine.clock.advance(20)
        await asyncio.gather(*tasks)
        assert first.status == 200
        return late

    late = asyncio.run(in_vain())
    assert (late.status, late.headers.get("retry-after")) == (status, retry_after)
    assert late.json["error"] == {"message": WAITED, **told}


# ---------------------------------------------------------------------------------------------- changing it


def test_an_account_is_opened_anew_by_a_request() -> None:
    """PUT takes what a scenario's `account` takes: for one key, or for all of which no scenario says more."""
    engine = make_engine()
    app = create_app(engine)
    shown = control(engine, "PUT", "account", {"key": KEY, "credits": "2.00 USD"}).json
    assert (shown["credits"]["balance"], shown["key"]) == ("2.00 USD", KEY)
    assert told(engine, "credits", "akml-other") is None
    assert control(engine, "PUT", "account", {"keys": {"default": {"requests_per_minute": 1}}}).status == 200
    assert [ask(app, "POST", CHAT, chat(), key="akml-other").status for _ in range(2)] == [200, 429]
    control(engine, "POST", "account", {"key": "akml-other", "policy": {"requests_per_minute": 2}})
    assert [ask(app, "POST", CHAT, chat(), key="akml-other").status for _ in range(2)] == [200, 429]
    control(engine, "POST", "reset", {})
    assert ask(app, "POST", CHAT, chat(), key="akml-other").status == 200
    assert told(engine, "account", "akml-other")["unlimited"] is True


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        (
            "PUT",
            "account",
            {"credits": -5},
            "credits: expected an amount such as 5.00 USD, got -5",
        ),
        ("PUT", "account", {"keys": {"default": {"rpm": 3}}}, 'keys.default: unknown key "rpm"'),
        ("POST", "account", {"key": "akml-x"}, "policy"),
        ("POST", "account", {"policy": {}}, 'Name a "key"'),
        ("POST", "credits", {"key": "akml-x"}, "one of purchase, trial, take, auto_top_up"),
        ("POST", "credits", {"key": "akml-x", "purchase": "-5 USD"}, "expected an amount"),
        ("POST", "credits", {"key": "akml-x", "purchase": "0 USD"}, "more than 0 USD"),
        (
            "POST",
            "credits",
            {"key": "akml-x", "trial": {"amount": "5 USD", "expires": "2020-01-01"}},
            "after 2026-01-01",
        ),
        ("PUT", "backends", {"model": "nope", "backends": 1}, "does not exist"),
        ("PUT", "backends", {"model": PLAIN}, "null for no limits"),
        ("PUT", "backends", {"model": PLAIN, "backends": {"slot": 1}}, 'did you mean "slots"?'),
        ("GET", "ledger", None, "Whose account?"),
    ],
)
def test_a_mistake_is_told(method: str, path: str, body: Any, words: str) -> None:
    """What is wrong with a request to the control routes is said in the words of the scenario language."""
    refused = control(make_engine(), method, path, body)
    assert refused.status in (400, 404)
    assert words in refused.json["error"]["message"]


LIMITED = """name: limited
account: {credits: 5.00 USD, keys: {default: {requests_per_minute: 3}}}
models: {zai-org/GLM-5.3: {backends: {slots: 1}}}
rules: [{reply: {text: Hello.}}]
"""
READ = ("account", "credits", "ledger", "backends", "inferences", "usage", "verify", "verdict")


@pytest.mark.parametrize("key", ["akml-new", "akml-limited", "akml-used"])
@pytest.mark.parametrize("route", READ)
def test_reading_opens_nothing(route: str, key: str) -> None:
    """A key that never asked is shown as it would be opened, and takes no room that others need."""
    engine = make_engine(max_keys=1)
    app = create_app(engine)
    ask(app, "PUT", "/_emulator/scenarios/limited", LIMITED.encode())
    ask(app, "PUT", "/_emulator/account", {"credits": 5})
    ask(app, "POST", CHAT, chat(), key="akml-used")
    before = at_once(snapshot(engine.store, engine.clock))["store"]
    assert ask(app, "GET", f"/_emulator/{route}?key={key}").status == 200
    assert at_once(snapshot(engine.store, engine.clock))["store"] == before


def test_an_account_that_is_not_opened_is_shown_as_it_would_be() -> None:
    """Its balance, its ledger and its limits are those that its first request then finds."""
    app = create_app(make_engine())
    ask(app, "PUT", "/_emulator/scenarios/limited", LIMITED.encode())
    routes = [f"/_emulator/{route}?key=akml-limited" for route in ("account", "credits", "ledger")]
    before = [ask(app, "GET", route).json for route in routes]
    assert (
        ask(app, "POST", "/_emulator/account", {"key": "akml-limited", "policy": {"requests_per_minute": 3}}).status
        == 200
    )
    assert [ask(app, "GET", route).json for route in routes] == before
    assert (before[1]["balance"], before[2]["entries"][0]["amount"]) == ("5.00 USD", "5.00")


def test_the_name_of_a_key_has_an_end() -> None:
    """It is kept with the key, so a long one is refused, and no key is made."""
    app = create_app(make_engine())
    assert ask(app, "POST", "/_emulator/keys", {"name": "n" * 200}).status == 201
    refused = ask(app, "POST", "/_emulator/keys", {"name": "n" * 201})
    assert (refused.status, "at most 200 characters" in refused.json["error"]["message"]) == (400, True)
    assert len(ask(app, "GET", "/_emulator/keys").json["keys"]) == 1
