"""Which scenario plays for a request, and that a key or header which names none is never silently ignored."""

import logging
from pathlib import Path
from typing import Any

import pytest
from support.asgi import CHAT, MESSAGES, activate, ask, make_engine

from emulator.core.errors import ERRORS
from emulator.engine import Engine
from emulator.inferences import Inference
from emulator.web.app import create_app

HELLO = {
    "model": "meta-llama/Llama-3.3-70B-Instruct",
    "max_tokens": 20,
    "messages": [{"role": "user", "content": "Hi"}],
}


def asked(engine: Engine, key: str, path: str = CHAT, **headers: str) -> tuple[int, str, Inference]:
    """The status of an answer, its warning, and its record."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    exchange = ask(create_app(engine), "POST", path, HELLO, key=key, headers=sent)
    return exchange.status, exchange.headers.get("x-emulator-warning", ""), engine.store.inferences.all()[-1]


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize(
    "word", [*sorted({str(row.status) for row in ERRORS.values()} | {*ERRORS}), "418", "502", "599"]
)
def test_the_error_header_sends_any_error_once(word: str, path: str) -> None:
    """X-Emulator-Error takes a status or a kind, on either surface, and holds for one request."""
    engine = make_engine()
    status, _, record = asked(engine, "akml-local", path, x_emulator_error=word)
    assert status == (int(word) if word.isdigit() else {str(kind): row.status for kind, row in ERRORS.items()}[word])
    assert record.chosen_by == "the header x-emulator-error"
    assert (record.retry_after is not None) == (status == 429)
    assert asked(engine, "akml-local", path)[0] == 200


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("200", "expected a status from 400 to 599"),
        ("600", "expected a status from 400 to 599"),
        ("rate_limitd", "did you mean rate_limited?"),
        ("", "expected a status from 400 to 599"),
        ("429, 500", "expected a status from 400 to 599"),
    ],
)
def test_an_error_header_that_names_no_error_is_refused(value: str, words: str) -> None:
    """A 400 says what is possible."""
    status, _, record = asked(make_engine(), "akml-local", x_emulator_error=value)
    assert status == 400
    assert words in str(record.message)


def test_two_headers_exclude_each_other() -> None:
    """A request that asks for a scenario and for an error gets neither."""
    status, _, record = asked(make_engine(), "akml-local", x_emulator_error="429", x_emulator_scenario="hello")
    assert (status, "exclude each other" in str(record.message)) == (400, True)


@pytest.mark.parametrize("name", ["rate-limitd", "nothing-of-the-sort", "418", "Rate-Limited-Then", "a" * 90])
def test_an_unknown_name_before_two_dashes_is_refused(name: str) -> None:
    """`--` asks for a scenario, so that one which does not exist is a 404 and never a generated answer."""
    status, _, record = asked(make_engine(), f"akml-{name}--my-test")
    assert (status, record.error) == (404, "not_found")
    assert "There is no scenario" in str(record.message)


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("akml-rate-limitd", "rate-limited"),
        ("akml-rate_limited", "rate-limited"),
        ("akml-RATE-LIMITED", "rate-limited"),
        ("akml-rate-limited-2", "rate-limited"),
        ("akml-insufficent-credits", "insufficient-credits"),
        ("akml-hello-world", "hello"),
        ("akml-418", "418"),
    ],
)
def test_a_key_that_nearly_names_a_scenario_gets_a_warning(
    key: str, near: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is answered, with the warning in a header, in the record and once in the log; strict_keys makes it a 404."""
    engine = make_engine()
    with caplog.at_level(logging.WARNING, "emulator"):
        seen = [asked(engine, key) for _ in range(3)]
    assert [status for status, _, _ in seen] == [200] * 3
    assert all(near in warning and record.warning == warning for _, warning, record in seen)
    assert [near in record.message for record in caplog.records] == [True]
    status, _, record = asked(make_engine(strict_keys=True), key)
    assert (status, near in str(record.message)) == (404, True)


@pytest.mark.parametrize(
    "key",
    ["akml-local", "akml-test", "akml-test--a-test", "akml-local--1", "akml-0123456789abcdef0123456789abcdef", "akml-"],
)
def test_a_key_that_means_no_scenario_is_answered_without_a_warning(key: str) -> None:
    """Keys of the emulator's own, and keys like real ones, are no attempt at a name."""
    status, warning, record = asked(make_engine(strict_keys=True), key)
    assert (status, warning, record.scenario, record.chosen_by) == (200, "", None, "")
    assert record.why == "The generator answered; no scenario was asked for."


def test_a_configured_key_may_have_two_dashes() -> None:
    """A key that strict auth accepts is a name of its owner's choice."""
    assert asked(make_engine(auth="strict", keys=("akml-team--a",)), "akml-team--a")[0] == 200


def test_the_record_says_what_chose_the_scenario() -> None:
    """A header comes before the activation of the key, that before the key's own name, and the server's own is last."""
    engine = make_engine()
    activate(engine, "hello")
    assert asked(engine, "akml-local")[2].chosen_by == "the server"
    assert asked(engine, "akml-overloaded-then-recovers--1")[2].chosen_by == "the key"
    activate(engine, "hello", "akml-overloaded-then-recovers--1")
    assert asked(engine, "akml-overloaded-then-recovers--1")[2].chosen_by == "activation of the key"
    record = asked(engine, "akml-overloaded-then-recovers--1", x_emulator_scenario="reasoning")[2]
    assert (record.scenario, record.chosen_by) == ("reasoning", "the header x-emulator-scenario")


STORY = """
name: trip
rules:
  - {name: once, when: {last_user: {contains: Hi}}, then: unscripted, replies: [{text: One, times: 1}]}
  - {name: system, when: {system: {contains: pirate}}, reply: {text: Arr}}
  - {name: greeting, when: {last_user: {contains: Hi}}, reply: {text: Two}}
  - {name: any, reply: {text: Three}}
"""


def test_every_rule_is_explained_before_and_after_the_one_that_answered() -> None:
    """The record lists the rules in their order, each with what became of it, as it was when the request came."""
    engine = make_engine()
    engine.library.put("trip", STORY)
    records = [asked(engine, "akml-trip--1")[2] for _ in range(2)]
    seen: list[Any] = [[(check.rule, check.result) for check in record.rules] for record in records]
    assert seen[0] == [("once", "answered"), ("system", "differs"), ("greeting", "comes later"), ("any", "comes later")]
    assert seen[1] == [("once", "passed over"), ("system", "differs"), ("greeting", "answered"), ("any", "comes later")]
    assert 'system: expected to contain "pirate"' in records[0].rules[1].reasons[0]
    first = engine.store.inferences.all()[0]
    assert [(check.rule, check.result) for check in first.rules] == seen[0], "asked later, it is the same"


def test_the_name_of_a_file_leads_to_the_scenario_in_it(tmp_path: Path) -> None:
    """The `name` in the file decides; a key with the file's own name gets the warning that says so."""
    (tmp_path / "first-try.yaml").write_text("name: sunny\nrules: [{reply: {text: It is sunny.}}]")
    engine = make_engine()
    engine.library.add_folder(tmp_path)
    assert asked(engine, "akml-sunny")[2].scenario == "sunny"
    status, warning, _ = asked(engine, "akml-first-try")
    assert (status, "nearly 'sunny'" in warning) == (200, True)
