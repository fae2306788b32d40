"""What a scenario is once it is read: every key of the language, and how YAML is understood."""

import doctest
import importlib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.faults import values

from emulator.account.backends import Backends
from emulator.account.policy import Policy
from emulator.account.terms import Terms
from emulator.core import units
from emulator.core.catalog import Catalog
from emulator.core.clock import iso
from emulator.core.drafts import Draft
from emulator.core.seeds import Seed
from emulator.core.tokens import split
from emulator.faults import FAULTS, Constant, Exponential, Lognormal, Normal, Uniform, Where, assemble
from emulator.scenario.loader import load_file, load_objects, load_text
from emulator.scenario.types import (
    ClockSpec,
    Expectation,
    FaultSpec,
    Generate,
    Pace,
    RawSpec,
    Reply,
    Scenario,
    UsageSpec,
)

CATALOG = Catalog.load()
SHIPPED = Path(__file__).parents[2] / "scenarios"


def load(text: str) -> Scenario:
    """Read a scenario."""
    return load_text(dedent(text), "story.yaml", catalog=CATALOG)


def reply(written: str) -> Reply:
    """The one reply of a scenario."""
    return load(f"rules: [{{reply: {written}}}]").rules[0].replies[0]


# ---------------------------------------------------------------------------------------------- the whole


def test_the_example_of_the_language_reads_like_its_story() -> None:
    """Two rules, their replies in order, a pace and two faults with their places."""
    scenario = load("""
        # yaml-language-server: $schema=../scenario.schema.json
        name: rate-limited-then-recovers
        description: Two 429s with Retry-After, then a normal answer.

        rules:
          - when: {last_user: {contains: weather}}
            replies:
              - error: rate_limited
                retry_after: 2s
                times: 2
              - text: "It is sunny."
            then: repeat

          - name: stalls-then-overloads
            when: {endpoint: messages, stream: true, model: "*GLM*"}
            replies:
              - text: "The quick brown fox."
                stream: {first_token: 800ms, tokens_per_second: 40, jitter: 0.1}
                faults:
                  - {stall: 30s, after: {tokens: 2}}
                  - {error: overloaded, after: {tokens: 5}}
        """)
    first, second = scenario.rules
    assert (scenario.name, scenario.source, scenario.unscripted) == (
        "rate-limited-then-recovers",
        "story.yaml",
        "generate",
    )
    assert (first.name, first.line, first.then) == ("rules[0]", 7, "repeat")
    assert [(each.retry_after, each.times, each.line) for each in first.replies] == [(2.0, 2, 9), (None, 1, 12)]
    assert first.replies[1].choices == (Draft(text=split("It is sunny.")),)
    assert (second.name, second.line) == ("stalls-then-overloads", 15)
    assert second.replies[0].stream == Pace(Constant(0.8), Constant(1 / 40), 0.1, "token")
    assert [(fault.what, fault.where) for fault in second.replies[0].faults] == [
        ("stall", Where("after", "tokens", 2)),
        ("error", Where("after", "tokens", 5)),
    ]


def test_a_scenario_may_only_set_the_account_the_clock_and_the_models() -> None:
    """Amounts are exact, moments are Unix seconds, and what is not said is None."""
    scenario = load("""
        account: {credits: 0.05 USD, keys: {default: {requests_per_minute: 3, expires: 2026-12-31}, akml-b: {}}}
        clock: {start: 2026-01-01T00:00:00Z, mode: x60}
        models: {zai-org/GLM-5.3: {pricing: {input: "0.5"}, backends: 0}, moonshotai/Kimi-K3: {backends: 2}}
        unscripted: echo
        expect: [{no_request_within_retry_after: true}]
        """)
    default = Policy(requests_per_minute=3, expires=units.moment("2026-12-31"))
    assert scenario.account == Terms(Decimal("0.05"), keys={"default": default, "akml-b": Policy()})
    assert scenario.clock == ClockSpec(units.moment("2026-01-01"), 60.0)
    assert scenario.models == {"zai-org/GLM-5.3": {"pricing": {"input": "0.5"}}, "moonshotai/Kimi-K3": {}}
    assert scenario.backends == {"zai-org/GLM-5.3": Backends(1, 0), "moonshotai/Kimi-K3": Backends(2, 2)}
    assert CATALOG.with_models(scenario.models).models["zai-org/GLM-5.3"].pricing.input == "0.5"
    assert (scenario.name, scenario.unscripted, scenario.rules) == ("story", "echo", ())
    assert scenario.expect == (Expectation(no_request_within_retry_after=True, line=6),)


def test_a_scenario_can_add_models_that_its_rules_are_about() -> None:
    """Wherever in the file they stand."""
    scenario = load("""
        rules: [{when: {model: "new/*"}, reply: {text: a, model: new/model}}]
        models: {new/model: {context_length: 9, max_output_length: 9, pricing: {input: "1", output: "1"}}}
        """)
    assert scenario.rules[0].replies[0].model == "new/model"


def test_expectations_are_about_rules_by_name() -> None:
    """So many times, or at least once."""
    scenario = load("""
        expect: [{rule: a}, {rule: a, times: 0}]
        rules: [{name: a, reply: {text: x}}]
        """)
    assert scenario.expect == (Expectation("a", line=2), Expectation("a", 0, line=2))


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_is_read_without_a_mistake(path: Path) -> None:
    """Its name is the file's."""
    assert load_file(path, catalog=CATALOG).name == path.stem


def test_objects_make_the_same_scenario_as_text() -> None:
    """What a test writes in Python is what a file says."""
    written = {"rules": [{"when": {"turn": 0}, "replies": [{"text": "Hello", "times": 2}, {"error": "internal"}]}]}
    made = load_objects(written, "story", catalog=CATALOG)
    read = load("rules: [{when: {turn: 0}, replies: [{text: Hello, times: 2}, {error: internal}]}]")
    for first, second in zip(made.rules[0].replies, read.rules[0].replies, strict=True):
        assert (first.choices, first.error, first.times) == (second.choices, second.error, second.times)
    assert made.rules[0].when.written == read.rules[0].when.written


# ---------------------------------------------------------------------------------------------- replies


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        ("{}", {"generate": Generate()}),
        ("{stream: {chunk: word}}", {"generate": Generate()}),
        ("{generate: {tokens: 9, reasoning_tokens: 0, seed: 7}}", {"generate": Generate(9, 0, "7")}),
        ("{raw: {}}", {"raw": RawSpec(200, (), b"")}),
        (
            "{raw: {status: 502, headers: {Via: 1.1 x}, body: <h1>Bad}}",
            {"raw": RawSpec(502, (("via", "1.1 x"),), b"<h1>Bad")},
        ),
        ("{raw: {body: {a: [1, é]}}}", {"raw": RawSpec(200, (), '{"a":[1,"é"]}'.encode())}),
        ('{frames: ["data: a", "data: b\\n\\n"]}', {"frames": (b"data: a\n\n", b"data: b\n\n")}),
        ('{frames: "event: a\\ndata: b\\n\\ndata: c\\n"}', {"frames": (b"event: a\ndata: b\n\n", b"data: c\n")}),
        ("{text: a, finish: length, obey: false, name: b}", {"finish": "length", "obey": False, "name": "b"}),
        ("{text: a, id: 7, model: zai-org--GLM-5.3}", {"id": "7", "model": "zai-org--GLM-5.3"}),
        ("{text: a, usage: {cached_tokens: 3}}", {"usage": UsageSpec(cached_tokens=3)}),
        ("{text: a, headers: {X-A: b}}", {"headers": (("x-a", "b"),)}),
        ("{text: a, set_state: {order: on}}", {"set_state": {"order": "on"}}),
        ("{text: a, probability: 0.5}", {"probability": 0.5, "times": None}),
        ("{text: a, probability: 1, times: 3}", {"probability": 1, "times": 3}),
        ("{text: a, retry_after: 1h}", {"retry_after": 3600.0}),
    ],
)
def test_a_reply_has_what_is_written(written: str, fields: dict[str, Any]) -> None:
    """One kind of answer, and what goes with it."""
    made = reply(written)
    assert {name: getattr(made, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("written", "pace"),
    [
        ("{}", Pace(Constant(0), Constant(0))),
        ("{first_token: 1s, between_tokens: 20ms, chunk: 7}", Pace(Constant(1), Constant(0.02), chunk=7)),
        ("{first_token: {lognormal: {median: 800ms, sigma: 0.5}}}", Pace(Lognormal(0.8, 0.5), Constant(0))),
        ("{first_token: {uniform: {low: 1s, high: 2s}}}", Pace(Uniform(1, 2), Constant(0))),
        ("{between_tokens: {normal: {mean: 1s, sd: 0s}}}", Pace(Constant(0), Normal(1, 0))),
        ("{between_tokens: {exponential: {mean: 1s}}, chunk: whole}", Pace(Constant(0), Exponential(1), chunk="whole")),
    ],
)
def test_a_pace_has_durations_or_distributions(written: str, pace: Pace) -> None:
    """Everything in seconds."""
    assert reply(f"{{stream: {written}}}").stream == pace


@pytest.mark.parametrize(
    ("what", "written", "value"), [(what, written, value) for what in FAULTS for written, value in values(what)]
)
def test_a_fault_is_what_the_table_says(what: str, written: Any, value: Any) -> None:
    """Every fault of the table can be written, its value is read as the table says, and so it can be made."""
    where = {} if FAULTS[what].placing == "none" else {"at": "finish"}
    story = {"rules": [{"reply": {"faults": [{what: written, **where}]}}]}
    (fault,) = load_objects(story, catalog=CATALOG).rules[0].replies[0].faults
    assert (fault.what, fault.value) == (what, value)
    assert fault.where == (Where("at", "finish") if where else None)
    assert assemble([(fault.what, fault.value, fault.where)], Seed.of("").random())


def test_a_fault_without_a_value_is_its_name() -> None:
    """`corrupt` is short for `{corrupt: true}`."""
    assert reply("{faults: [corrupt, {garbage: true, after: {events: 2}}]}").faults == (
        FaultSpec("corrupt", True),
        FaultSpec("garbage", True, Where("after", "events", 2)),
    )


# ---------------------------------------------------------------------------------------------- YAML


@pytest.mark.parametrize(
    "typed",
    ["yes", "no", "on", "off", "1:30", "2026-01-01", "1.10", "010", "0x10", "1_000", "true", "True", ".nan", "-3"],
)
def test_a_text_is_as_it_was_typed(typed: str) -> None:
    """What parsers of YAML read as dates, numbers or flags needs no quotes where a text is expected."""
    assert reply(f"{{text: {typed}}}").choices == (Draft(text=split(typed)),)
    assert reply(f"{{set_state: {{light: {typed}}}}}").set_state == {"light": typed}


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("3", "3"),
        ("-1.5e3", "-1500.0"),
        ("true", "true"),
        ("~", "null"),
        ("", "null"),
        ("'yes'", '"yes"'),
        ("a b", '"a b"'),
    ],
)
def test_a_json_value_is_read_as_json_has_it(typed: str, value: str) -> None:
    """Only what every parser reads alike needs no quotes."""
    assert reply(f"{{json: [{typed}]}}" if typed else "{json: [~]}").choices == (Draft(text=split(f"[{value}]")),)


def test_anchors_and_merge_keys_share_what_is_written_once() -> None:
    """An own key goes before a merged one, an earlier merged one before a later."""
    scenario = load("""
        rules:
          - reply: &slow
              text: Hello
              stream: &pace {first_token: 1s, jitter: 0.5}
            when: {turn: 0}
          - reply: {<<: [{name: b}, *slow], text: Bye, stream: {<<: *pace, jitter: 0}}
        """)
    first, second = scenario.rules[0].replies[0], scenario.rules[1].replies[0]
    assert first.stream == Pace(Constant(1), Constant(0), 0.5)
    assert second.stream == Pace(Constant(1), Constant(0), 0)
    assert (second.name, second.choices) == ("b", (Draft(text=split("Bye")),))


def test_a_block_of_text_keeps_its_lines() -> None:
    """A literal block is the text as it stands."""
    scenario = load("""
        rules:
          - reply:
              text: |
                One
                 two: yes
        """)
    assert scenario.rules[0].replies[0].choices == (Draft(text=split("One\n two: yes\n")),)


# ---------------------------------------------------------------------------------------------- units


@pytest.mark.parametrize(
    "module", ["scenario.reading.mistakes", "scenario.reading.nodes", "core.units", "core.nearest"]
)
def test_the_examples_of_the_docstrings_are_true(module: str) -> None:
    """What a docstring shows is what happens."""
    found = doctest.testmod(importlib.import_module(f"emulator.{module}"))
    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("250ms", 0.25), ("1m30s", 90), ("1h", 3600), ("1.5s", 1.5), ("1h2m3s4ms", 3723.004)],
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    """Hours, minutes, seconds and milliseconds, in this order."""
    assert units.duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "2", "-1s", "1s1m", "1 s", "1S", "1d", "١s", "1e3s", "1.s", "9" * 50 + "s", "1s\n"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="expected a duration"):
        units.duration(text)


@given(st.datetimes(min_value=datetime(1, 1, 2)))
def test_moments_are_unix_seconds(when: Any) -> None:
    """Any moment that can be written is read back to the second."""
    text = when.replace(microsecond=0).isoformat()
    assert iso(units.moment(f"{text}Z")) == f"{text}Z"
    assert units.moment(f"{text}+01:30") == units.moment(f"{text}Z") - 5400
    assert units.moment(f"{text}-01:30") == units.moment(f"{text}Z") + 5400


@pytest.mark.parametrize(
    "text", ["2026", "2026-13-01", "2026-02-29", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "0000-01-01"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """Days and hours that do not exist, and times without an offset."""
    with pytest.raises(ValueError, match="expected a moment"):
        units.moment(text)


# ---------------------------------------------------------------------------------------------- what is reached


@pytest.mark.parametrize(
    "first",
    [
        "{then: unscripted, reply: {text: a}}",
        "{reply: {text: a, probability: 0.5}}",
        "{when: {turn: 0, stream: true}, reply: {text: a}}",
        "{when: {turn: {lt: 1}}, reply: {text: a}}",
        "{when: {body: {n: 1}}, reply: {text: a}}",
    ],
)
def test_a_rule_is_reached_behind_one_that_lets_requests_pass(first: str) -> None:
    """One that ends unscripted, or by chance, or that matches other requests, hides none."""
    scenario = load(f"rules: [{first}, {{when: {{turn: 0, body: {{n: true}}}}, reply: {{text: b}}}}]")
    assert len(scenario.rules) == 2
