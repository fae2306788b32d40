"""The routes by which scenarios are read, checked and explained without being stored, and those of what there is."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.types import ASGIApp
from support.asgi import CHAT, KEY, MESSAGES, PLAIN, activate, ask, chat, make_engine, message

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH
from emulator.core.settings import settings
from emulator.dialects.anthropic.asked import TEMPERATURE
from emulator.dialects.endpoints import ENDPOINTS
from emulator.dialects.openai.asked import NUMBERS
from emulator.scenario.library import SHIPPED
from emulator.store.outside import at_once
from emulator.store.snapshot import snapshot
from emulator.web.app import create_app

SECRET = "akml-0123456789abcdef0123456789abcdef"
GOOD = "name: mine\nrules:\n  - {name: rain, when: {last_user: {contains: rain}}, reply: {text: It rains.}}\n"
WRONG = "name: mine\nrules:\n  - {name: rain, wehn: 1, reply: {text: It rains.}}\n"


# ---------------------------------------------------------------------------------------------- texts


@pytest.mark.parametrize(("endpoint", "package"), [("chat", "openai"), ("messages", "anthropic")])
def test_a_request_is_written_as_code_before_it_is_asked(endpoint: str, package: str) -> None:
    """The programs name this server and the fields of the request, and are those of a recorded inference."""
    app, body = create_app(make_engine()), message() if endpoint == "messages" else chat()
    told = ask(app, "POST", "/_emulator/code", {"request": body, "endpoint": endpoint}).json
    ask(app, "POST", ENDPOINTS[endpoint].path, body)
    for language in ("python", "node"):
        assert package in told[language]
        assert told[language] == ask(app, "GET", f"/_emulator/inferences/1?format={language}").body.decode()
    assert ENDPOINTS[endpoint].path in told["curl"]


def test_code_is_written_of_a_request_only() -> None:
    """What is no object, names no endpoint or is too long is refused."""
    app = create_app(make_engine())
    long = {"request": {"model": "x" * (1 << 20)}}
    refused: list[dict[str, Any]] = [{}, {"request": []}, {"request": {}, "endpoint": "no"}, long]
    for body in refused:
        assert ask(app, "POST", "/_emulator/code", body).status == 400


def test_a_scenario_has_its_text() -> None:
    """A file as it is, and what was put; none for one that is built in; an alias leads to it."""
    app = create_app(make_engine())
    ask(app, "PUT", "/_emulator/scenarios/mine", GOOD.encode())
    shipped = ask(app, "GET", "/_emulator/scenarios/hello/source").json
    assert shipped["text"] == (SHIPPED / "hello.yaml").read_text(encoding="utf-8")
    alias = ask(app, "GET", "/_emulator/scenarios").json["scenarios"]
    named = next(each for each in alias if each["aliases"])
    found = ask(app, "GET", f"/_emulator/scenarios/{named['aliases'][0]}/source").json
    assert (found["name"], found["source"]) == (named["name"], named["source"])
    put = {"name": "mine", "source": "put", "text": GOOD, "digest": None, "writable": False}
    assert ask(app, "GET", "/_emulator/scenarios/mine/source").json == put
    assert ask(app, "GET", "/_emulator/scenarios/429/source").json["text"] is None
    ask(app, "DELETE", "/_emulator/scenarios/mine")
    assert ask(app, "GET", "/_emulator/scenarios/mine/source").status == 404


@pytest.mark.parametrize("named", ["mine", "my-own"], ids=["name", "alias"])
def test_what_is_deleted_plays_no_longer_for_all_keys(named: str) -> None:
    """The answer says that no scenario is active now; a key for which it was activated is told what to do."""
    app = create_app(make_engine())
    ask(app, "PUT", "/_emulator/scenarios/mine", GOOD.replace("name: mine", "name: mine\naliases: [my-own]").encode())
    ask(app, "PUT", "/_emulator/scenarios/other", GOOD.replace("name: mine", "name: other").encode())
    for key in (None, "akml-a"):
        assert (
            ask(app, "POST", "/_emulator/activate", {"scenario": named, **({"key": key} if key else {})}).status == 200
        )
    gone = {"deleted": "other", "deactivated": False}, {"deleted": "mine", "deactivated": True}
    assert [ask(app, "DELETE", f"/_emulator/scenarios/{each['deleted']}").json for each in gone] == [*gone]
    assert ask(app, "GET", "/_emulator/scenarios").json["active"] is None
    assert ask(app, "POST", CHAT, chat(), key="akml-b").status == 200
    refused = ask(app, "POST", CHAT, chat(), key="akml-a")
    told = f"The scenario '{named}' is gone, and still active for this key. Activate another, or none"
    assert refused.status == 404 and refused.json["error"]["message"].startswith(told)
    ask(app, "POST", "/_emulator/activate", {"scenario": None, "key": "akml-a"})
    assert ask(app, "POST", CHAT, chat(), key="akml-a").status == 200


def test_a_text_is_checked_and_not_stored() -> None:
    """Each mistake has its line and its column, a good text has its name, and what no request reaches is a warning."""
    engine = make_engine()
    app, before = create_app(engine), engine.library.names()
    told = ask(app, "POST", "/_emulator/check", WRONG.encode()).json
    (mistake,) = told["mistakes"]
    assert (told["name"], mistake["line"], mistake["column"], mistake["path"]) == (None, 3, 18, "rules[0]")
    assert 'did you mean "when"' in mistake["message"]
    assert ask(app, "POST", "/_emulator/check", GOOD.encode()).json == {"name": "mine", "mistakes": [], "warnings": []}
    hidden = "  - {name: again, when: {last_user: {contains: rainbow}}, reply: {text: It shines.}}\n"
    (warning,) = ask(app, "POST", "/_emulator/check", (GOOD + hidden).encode()).json["warnings"]
    assert warning["line"] == 4
    assert engine.library.names() == before


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"- 1", b"{", b"a: &a [*a]", b"\x00", "name: ü".encode("utf-16")])
def test_any_text_can_be_checked(body: bytes) -> None:
    """Whatever it is, it has mistakes, and is not a mistake of the server."""
    told = ask(create_app(make_engine()), "POST", "/_emulator/check", body)
    assert (told.status, bool(told.json["mistakes"])) == (200, True)


def test_the_schema_is_that_of_scenarios() -> None:
    """An editor completes with it: a good scenario is valid, and one with a misspelt key is not."""
    schema = ask(create_app(make_engine()), "GET", "/_emulator/schema").json
    validator = Draft202012Validator(schema)
    rule = {"name": "rain", "reply": {"text": "It rains."}}
    assert validator.is_valid({"name": "mine", "rules": [rule]})
    assert not validator.is_valid({"name": "mine", "ruels": [rule]})


# ---------------------------------------------------------------------------------------------- explaining


@pytest.mark.parametrize("by", [{"text": GOOD}, {"scenario": "mine"}])
@pytest.mark.parametrize(("said", "result"), [("Will it rain?", "answered"), ("Hello", "differs")])
def test_a_scenario_is_tried_on_a_request(by: dict[str, str], said: str, result: str) -> None:
    """A text or a known scenario, asked by a request that is sent or recorded, says what each rule makes of it."""
    engine = make_engine()
    app = create_app(engine)
    ask(app, "PUT", "/_emulator/scenarios/mine", GOOD.encode())
    ask(app, "POST", CHAT, chat(said), headers={"x-emulator-scenario": "hello"}, key="akml-hello")
    before = at_once(snapshot(engine.store, engine.clock))["store"]
    for asked in ({"inference": "1"}, {"request": chat(said)}, {"request": message(said), "endpoint": "messages"}):
        told = ask(app, "POST", "/_emulator/explain", {**by, **asked}).json
        assert [(each["rule"], each["line"], each["result"]) for each in told["rules"]] == [("rain", 3, result)]
        assert told["answered_by"] == ("mine/rain" if result == "answered" else "generator")
        assert (told["scenario"], told["mistakes"], told["why"] != "") == ("mine", [], True)
    assert at_once(snapshot(engine.store, engine.clock))["store"] == before


def test_a_text_with_mistakes_explains_nothing() -> None:
    """It has the same mistakes as when it is checked."""
    app = create_app(make_engine())
    told = ask(app, "POST", "/_emulator/explain", {"text": WRONG, "request": chat()}).json
    assert told["mistakes"] == ask(app, "POST", "/_emulator/check", WRONG.encode()).json["mistakes"]
    assert (told["scenario"], told["rules"]) == (None, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"scenario": "hello"}, 400),
        ({"request": chat()}, 400),
        ({"scenario": "hello", "text": GOOD, "request": chat()}, 400),
        ({"scenario": "hello", "request": chat(), "inference": "1"}, 400),
        ({"scenario": "hello", "inference": "1", "endpoint": "chat"}, 400),
        ({"scenario": "hello", "request": {"model": PLAIN}}, 400),
        ({"scenario": "hello", "request": chat(), "endpoint": "nowhere"}, 400),
        ({"scenario": "hello", "request": chat(), "headers": {"x": 1}}, 400),
        ({"scenario": "none", "request": chat()}, 404),
        ({"scenario": "hello", "inference": "7"}, 404),
        ({"scenario": "hello", "inference": "1"}, 400),
    ],
)
def test_what_cannot_be_explained_is_told(body: dict[str, Any], status: int) -> None:
    """What is missing, given twice, unknown, or refused by the API; the first record here is no JSON."""
    app = create_app(make_engine())
    ask(app, "POST", CHAT, b"{")
    told = ask(app, "POST", "/_emulator/explain", body)
    assert (told.status, bool(told.json["error"]["message"])) == (status, True)


STEPS = """name: steps
account:
  keys: {default: {requests_per_minute: 3}}
rules:
  - name: paid
    when: {state: {paid: "yes"}}
    reply: {text: Thank you.}
  - name: turns
    when: {last_user: {contains: pay}}
    then: unscripted
    replies:
      - {error: rate_limited, times: 2}
      - {text: Paid., set_state: {paid: "yes"}, times: 1}
  - name: rest
    reply: {text: Hello.}
"""


def told_now(app: ASGIApp, **fields: Any) -> Any:
    """What would answer now."""
    told = ask(app, "POST", "/_emulator/explain", {"position": "now", **fields})
    assert told.status == 200, told.body
    return told.json


def test_a_key_is_told_what_it_would_get_next() -> None:
    """At its own turns, states and limits, and as it then is; nothing is counted."""
    engine = make_engine()
    app = create_app(engine)
    engine.library.put("steps", STEPS)
    activate(engine, "steps", SECRET)
    wanted = ["steps/turns", "steps/turns", "steps/turns", "rate_limited"]
    states: list[dict[str, str]] = [{}, {}, {}, {"paid": "yes"}]
    for turn, answers in enumerate(wanted):
        before = at_once(snapshot(engine.store, engine.clock))["store"]
        now = told_now(app, key=SECRET, request=chat("I pay"))
        assert at_once(snapshot(engine.store, engine.clock))["store"] == before
        turns = [{"rule": "turns", "given": turn, "replies": 2}]
        assert (now["answered_by"], now["position"]) == (answers, {"states": states[turn], "turns": turns})
        ask(app, "POST", CHAT, chat("I pay"), key=SECRET)
        record = ask(app, "GET", f"/_emulator/inferences/{turn + 1}").json
        assert [record[name] for name in ("answered_by", "turn", "rules")] == [answers, now["turn"], now["rules"]]
        assert record["why"].startswith(now["why"])
    assert (now["message"], now["retry_after"]) == (record["message"], record["retry_after"])
    engine.clock.set(EPOCH + 120)
    later = told_now(app, inference="1")
    assert (later["answered_by"], later["chosen_by"]) == ("steps/paid", "activation of the key")
    assert (later["turn"], later["message"]) == ({"reply": 1, "replies": 1, "states": {"paid": "yes"}}, None)
    assert told_now(app, inference="1", key="akml-other")["answered_by"] == "generator"
    other = told_now(app, inference="1", key="akml-other", scenario="steps")
    assert (other["rules"][1]["rule"], other["turn"]["reply"]) == ("turns", 1)
    assert other["chosen_by"] == "the request to explain"
    fresh = ask(app, "POST", "/_emulator/explain", {"scenario": "steps", "inference": "1"}).json
    assert (fresh["answered_by"], fresh["position"], fresh["turn"]) == ("steps/turns", None, None)
    assert SECRET not in json.dumps([later, other, fresh])


def test_what_refuses_a_key_is_told() -> None:
    """A key that is unknown, revoked or without credits gets no rule, and the message says why."""
    app = create_app(make_engine(auth="strict", keys=["akml-known"]))
    made = ask(app, "POST", "/_emulator/keys", {"name": "ci"}).json
    assert told_now(app, key=made["key"], request=chat())["answered_by"] == "generator"
    ask(app, "DELETE", f"/_emulator/keys/{made['id']}")
    ask(app, "PUT", "/_emulator/account", {"key": "akml-known", "credits": "0 USD"})
    for key, kind in (
        ("akml-unknown", "unauthorized"),
        (made["key"], "unauthorized"),
        ("akml-known", "insufficient_credits"),
    ):
        told = told_now(app, key=key, request=chat())
        sent = ask(app, "POST", CHAT, chat(), key=key)
        assert (told["answered_by"], told["message"] in sent.body.decode(), told["turn"]) == (kind, True, None)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "request_body",
    [
        {},
        {"model": PLAIN},
        chat(temperature=9),
        chat(model=7),
        chat(model="no-such-model"),
        chat(model="@preset/nothing"),
        chat(max_tokens=10**9),
        chat(response_format={"type": "none"}),
    ],
    ids=str,
)
def test_what_the_api_would_refuse_is_told(request_body: dict[str, Any], stream: bool) -> None:
    """The message, and who answers, are those that the request then gets; nothing is counted."""
    engine = make_engine()
    app = create_app(engine)
    body = request_body | ({"stream": True} if stream else {})
    before = at_once(snapshot(engine.store, engine.clock))["store"]
    told = told_now(app, key="akml-hello", request=body, endpoint="chat")
    assert at_once(snapshot(engine.store, engine.clock))["store"] == before
    sent = ask(app, "POST", CHAT, body, key="akml-hello")
    record = ask(app, "GET", "/_emulator/inferences/1").json
    assert (told["answered_by"], told["message"]) == (record["answered_by"], sent.json["error"]["message"])
    assert f"refused with {record['answered_by']}" in told["why"]
    assert told["position"] == {"states": {}, "turns": []}


@pytest.mark.parametrize("position", [{"scenario": "mine"}, {"position": "now", "key": "akml-mine"}])
def test_a_request_with_a_preset_is_explained(position: dict[str, str]) -> None:
    """With what the preset adds: its model, its parameters and its system prompt."""
    app = create_app(make_engine())
    rule = "{when: {model: {equals: zai-org/GLM-5.3}, body: {max_tokens: 7}, system: Careful.}, reply: {text: Yes.}}"
    assert ask(app, "PUT", "/_emulator/scenarios/mine", f"name: mine\nrules: [{rule}]\n".encode()).status == 200
    preset = {"model": "zai-org/GLM-5.3", "system": "Careful.", "parameters": {"max_tokens": 7}}
    ask(app, "PUT", "/_emulator/presets/mine", preset)
    body = {"request": chat(model="@preset/mine"), **position}
    assert ask(app, "POST", "/_emulator/explain", body).json["answered_by"] == "mine/rules[0]"


@pytest.mark.parametrize(
    "body",
    [
        {"request": chat()},
        {"request": chat(), "key": " "},
        {"request": chat(), "key": KEY, "text": GOOD},
        {"key": KEY},
        {"request": chat(), "key": KEY, "position": "later"},
        {"request": chat(), "key": KEY, "position": "start", "scenario": "hello"},
        {"request": chat(), "key": KEY, "scenario": "none"},
        {"inference": "7"},
    ],
)
def test_a_position_needs_a_key(body: dict[str, Any]) -> None:
    """What is missing, has no effect, or is not there is told."""
    told = ask(create_app(make_engine()), "POST", "/_emulator/explain", {"position": "now", **body})
    assert (told.status in (400, 404), bool(told.json["error"]["message"])) == (True, True)


# ---------------------------------------------------------------------------------------------- what there is


def test_the_models_have_the_ranges_that_readers_use() -> None:
    """Each parameter has the limits of its reader, and each model what it supports, its prices and its alias."""
    told = ask(create_app(make_engine()), "GET", "/_emulator/models").json
    assert [each["id"] for each in told["models"]] == [model.id for model in Catalog.load()]
    assert all(each["alias"] == each["id"].replace("/", "--") and each["listed"] for each in told["models"])
    assert {*told["parameters"]} == {*ENDPOINTS}
    for name, limits in NUMBERS.items():
        written = json.dumps(told["parameters"]["chat"][name])
        assert f'"maximum": {limits.high}' in written
        assert f'"{"exclusiveMinimum" if limits.above else "minimum"}": {limits.low}' in written
    assert f'"maximum": {TEMPERATURE.high}' in json.dumps(told["parameters"]["messages"]["temperature"])


def test_the_settings_are_told_without_secrets() -> None:
    """Each with its value, its default and its meaning; keys and the token are masked."""
    app = create_app(make_engine(keys=[SECRET], control_token="a-long-token-of-mine", keep_alive="5s"))
    told = ask(app, "GET", "/_emulator/settings?token=a-long-token-of-mine")
    rows = {each["name"]: each for each in told.json["settings"]}
    assert [*rows] == [each.name for each in settings()]
    assert (rows["keep_alive"]["value"], rows["keep_alive"]["default"]) == (5, 15)
    assert all(each["meaning"] and each["expected"] for each in rows.values())
    assert SECRET not in told.body.decode() and "a-long-token-of-mine" not in told.body.decode()


def test_the_accounts_in_use_are_told() -> None:
    """Each key that asked: what plays for it, what it cost, and its account, which is not opened for this."""
    engine = make_engine()
    app = create_app(engine)
    activate(engine, "hello", SECRET)
    ask(app, "POST", CHAT, chat(), key=SECRET)
    ask(app, "PUT", "/_emulator/account", {"key": KEY, "credits": 5})
    ask(app, "POST", MESSAGES, message())
    ask(app, "POST", CHAT, b"{")
    ask(app, "POST", CHAT, chat(), key=None)
    before = at_once(snapshot(engine.store, engine.clock))["store"]
    told = ask(app, "GET", "/_emulator/accounts")
    nobody, mine, secret = told.json["accounts"]
    assert (nobody["key"], nobody["requests"], nobody["account"]) == ("", 1, None)
    assert (mine["key"], mine["secret"], mine["requests"], mine["last"]) == (KEY, False, 2, EPOCH)
    assert mine["account"]["credits"]["balance"].startswith("4.99")
    assert (secret["secret"], secret["scenario"], secret["account"]) == (True, "hello", None)
    assert SECRET not in told.body.decode()
    assert at_once(snapshot(engine.store, engine.clock))["store"] == before
