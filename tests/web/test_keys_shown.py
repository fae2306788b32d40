"""What is shown of a key: all of it where it names something, and only its beginning where it may be a secret."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import CHAT, Exchange, ask, chat, make_engine

from emulator import Emulator
from emulator.account.keys import label, looks_real, masked, shown
from emulator.core.seeds import Seed
from emulator.web.app import create_app
from emulator.web.control.rows import ROUTES

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    "key",
    [
        "akml-hello",
        "akml-hello--test_shop.py::test_pay",
        "akml-429--retry",
        "akml-local",
        "akml-local--7",
        "akml-test",
        "akml-test--tests-test-shop-py-test-pay-0a1b2c3d",
    ],
)
def test_a_key_that_names_something_is_shown(key: str) -> None:
    """A scenario, a status that is one, and the emulator's own names, with whatever follows."""
    assert shown(key, {"hello", "429"}) == key


@pytest.mark.parametrize(
    "key", ["akml-", "akml-goodbye", "akml-goodbye--hello", "hello", "sk-hello", "akml-hello-world", "akml-hello--a b"]
)
def test_any_other_key_is_masked(key: str) -> None:
    """A name that is not known, another prefix, and what no test's name has."""
    seen = shown(key, {"hello", "429"})
    assert seen.startswith(masked(key)) and seen == label(key) != key


@given(st.text(LETTERS, min_size=20, max_size=48))
def test_a_real_key_is_never_shown(secret: str) -> None:
    """AkashML's own keys have the same prefix, and name nothing."""
    key = f"akml-{secret}"
    assert shown(key, {"hello", "429"}) == label(key)
    assert secret not in label(key)


@pytest.mark.parametrize(
    "keys",
    [("akml-alice", "akml-alfred"), ("akml-team-alpha", "akml-team-beta"), ("akml-customer-one", "akml-customer-2")],
)
def test_keys_that_begin_alike_are_told_apart(keys: tuple[str, str]) -> None:
    """In the record, the accounts and the list of keys; each is selected by the key itself, and by its namespace."""
    app = create_app(make_engine())
    for key in keys:
        ask(app, "POST", CHAT, chat(), key=key)
    found = ask(app, "GET", "/_emulator/inferences").json["inferences"]
    labels = [each["key"] for each in found]
    assert labels == [label(key) for key in keys] and len({*labels}) == 2
    assert sorted(each["key"] for each in ask(app, "GET", "/_emulator/accounts").json["accounts"]) == sorted(labels)
    for key, each in zip(keys, found, strict=True):
        for query in (f"key={key}", f"namespace={each['namespace']}"):
            assert ask(app, "GET", f"/_emulator/inferences?{query}").json["inferences"] == [each]


def test_a_made_key_has_one_label_everywhere() -> None:
    """The list of keys shows it as the record does."""
    app = create_app(make_engine())
    made = ask(app, "POST", "/_emulator/keys", {"name": "ci"}).json
    ask(app, "POST", CHAT, chat(), key=made["key"])
    (seen,) = ask(app, "GET", "/_emulator/inferences").json["inferences"]
    (listed,) = ask(app, "GET", "/_emulator/keys").json["keys"]
    assert seen["key"] == listed["shown"] == made["shown"] == label(made["key"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "inferences?key=akm%E2%80%A63fbb", None),
        ("GET", "account?key=akm%E2%80%A63fbb", None),
        ("PUT", "account", {"key": "akm…3fbb", "credits": 5}),
        ("POST", "activate", {"key": "akm…#shared", "scenario": "hello"}),
    ],
)
def test_a_label_is_no_key(method: str, path: str, body: object) -> None:
    """A control route that is given one says so, instead of looking for a key that nobody has."""
    refused = ask(create_app(make_engine()), method, f"/_emulator/{path}", body)
    assert refused.status == 400
    assert "is how a key is shown: write the key itself" in refused.json["error"]["message"]


@given(st.integers())
def test_random_keys_look_real(seed: int) -> None:
    """As services make them: 32 letters and digits."""
    assert looks_real(f"akml-{Seed.of(seed).letters(32)}")


@pytest.mark.parametrize(
    "key",
    [
        "akml-local",
        "akml-0123456789abcdef",
        "akml-" + "a" * 40,
        "akml-a-budget-that-is-checked-in-2026-by-4-workers",
        "akml-test--tests-test-shop-py-test-pay-0a1b2c3d",
        "placeholder_without_any_digit_in_it",
    ],
)
def test_names_do_not_look_real(key: str) -> None:
    """Words with separators, short keys, and what repeats."""
    assert not looks_real(key)


def test_names_are_readable_in_the_record_and_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Scenario and test stay readable; the secret of another key is nowhere."""
    engine = make_engine()
    app = create_app(engine)
    with caplog.at_level(logging.INFO, "emulator"):
        ask(app, "POST", CHAT, chat(), key="akml-hello--test-pay")
        ask(app, "POST", CHAT, chat(), key="akml-0123456789secret")
    named, secret = engine.store.inferences.all()
    assert (named.key, secret.key) == ("akml-hello--test-pay", label("akml-0123456789secret"))
    assert "key akml-hello--test-pay" in named.line()
    assert "key akml-hello--test-pay" in caplog.text
    assert "secret" not in caplog.text


def test_the_name_of_a_test_is_in_its_record() -> None:
    """A session's key has it, so that the requests of several tests can be told apart."""
    with Emulator() as akash, akash.session("test_pay") as session:
        ask(create_app(akash.engine), "POST", CHAT, chat(), key=session.key)
        (seen,) = akash.inferences
    assert (seen.key, "test-pay" in seen.line()) == (session.key, True)


def test_keys_that_the_emulator_knows_are_no_mistake(caplog: pytest.LogCaptureFixture) -> None:
    """One that it made, and one that it was given: neither is warned of."""
    given_key = "akml-7Hq2ZkP0vTn4LwXc9RbEs5"
    app = create_app(make_engine(auth="strict", keys=(given_key,)))
    made = ask(app, "POST", "/_emulator/keys", {"name": "ci"}).json["key"]
    with caplog.at_level(logging.WARNING, "emulator"):
        for key in (given_key, made):
            assert ask(app, "POST", CHAT, chat(), key=key).status == 200
    assert caplog.records == []


@pytest.mark.parametrize("path", [CHAT, "/v1/nowhere"])
@pytest.mark.parametrize(("key", "seen"), [("akml-429", "akml-429"), ("akml-0123456789ab", label("akml-0123456789ab"))])
def test_a_key_is_shown_alike_on_every_path(path: str, key: str, seen: str) -> None:
    """The record of an unknown path has the key in the form that the record of an inference has."""
    engine = make_engine()
    ask(create_app(engine), "POST", path, chat(), key=key)
    assert engine.store.inferences.all()[-1].key == seen


def test_a_key_is_whole_only_where_it_is_made() -> None:
    """No other route tells it, whatever was done with it and wherever it was sent."""
    engine = make_engine(auth="strict", keys=["akml-known"])
    app = create_app(engine)
    made = ask(app, "POST", "/_emulator/keys", {"name": "ci", "policy": {"requests_per_minute": 3}}).json
    renewed = ask(app, "POST", f"/_emulator/keys/{made['id']}/regenerate").json["key"]
    assert made["key"] != renewed
    told: list[Exchange] = []
    for key in (made["key"], renewed):
        for body in (chat(f"My key is {key}.", user=key), chat(model=key), b'{"model": "%b' % key.encode()):
            told.append(ask(app, "POST", CHAT, body, key=key, headers={"x-emulator-scenario": "hello", "x-key": key}))
        told.append(ask(app, "POST", f"/v1/{key}", {}, key=key))
    for path, fields in (
        ("account", {"credits": 5}),
        ("credits", {"purchase": 5}),
        ("activate", {"scenario": "hello"}),
        ("explain", {"position": "now", "request": chat(renewed)}),
        ("reset", {}),
    ):
        method = "PUT" if path == "account" else "POST"
        told.append(ask(app, method, f"/_emulator/{path}", {"key": renewed, **fields}))
        ask(app, "POST", CHAT, chat(), key=renewed)
    told.append(ask(app, "PUT", f"/_emulator/keys/{made['id']}", {"policy": {}}))
    told.append(ask(app, "POST", "/_emulator/inferences/1/replay", {}))
    places = {"{name}": "hello", "{id}": "1", "{file}": "app.js"}
    for row in ROUTES:
        if row.method == "GET":
            path = row.path.replace("keys/{id}", f"keys/{made['id']}")
            for name, value in places.items():
                path = path.replace(name, value)
            told.append(ask(app, "GET", path))
            if "key" in (row.query or "").split():
                told.append(ask(app, "GET", f"{path}?key={renewed}"))
    for form in ("jsonl", "curl"):
        told.append(ask(app, "GET", f"/_emulator/inferences?format={form}"))
    for form in ("python", "node", "curl"):
        told.append(ask(app, "GET", f"/_emulator/inferences/1?format={form}"))
    where = [(each.scope["path"], each.body) for each in told if _tells(each, renewed) or _tells(each, made["key"])]
    assert where == []


def _tells(exchange: Exchange, key: str) -> bool:
    """Whether a route of the emulator's own tells a key; an answer of the API may repeat what its client sent."""
    return exchange.scope["path"].startswith("/_emulator") and key.encode() in exchange.body
