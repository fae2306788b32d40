"""Scenarios that would take long to load, put over HTTP: each is loaded or refused at once, with few mistakes."""

from time import process_time
from typing import NamedTuple

import pytest
from support.asgi import ask, make_engine

from emulator.scenario.names import names_in
from emulator.web.app import create_app

MANY = "more than 100 mistakes; the rest of the scenario was not read"
VALUES = "more than 50,000 values"
DEEP = "nested deeper than 50 levels"
REPLY = "rules: [{reply: {text: a}}]\n"


class Case(NamedTuple):
    """A scenario, and the last mistake in it; "" if it has none."""

    id: str
    text: str
    told: str


def rules(row: str, count: int = 4_000) -> str:
    """A scenario with many rules; `#` in a row is its number."""
    return "rules:\n" + "".join(f"  - {row.replace('#', str(number))}\n" for number in range(count))


def laughs() -> str:
    """Lists that each contain the one before nine times."""
    rows = (f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 9))
    return "a0: &a0 [x]\n" + "".join(rows)


def merges() -> str:
    """Mappings that each merge the one before twenty times."""
    rows = (f"b{at}: &b{at} {{<<: [{','.join([f'*b{at - 1}'] * 20)}], y{at}: 1}}\n" for at in range(1, 50))
    return "b0: &b0 {x: 1}\n" + "".join(rows)


NEAR = rules("{name: " + "ab" * 45 + "#, reply: {text: a}}", 300) + "expect:\n"
CASES = [
    Case("4,000 wrong models", rules("{when: {model: glm-wrong-#}, reply: {text: a}}"), MANY),
    Case("4,000 incomplete models", REPLY + "models:\n" + "".join(f"  m{at}: {{}}\n" for at in range(4_000)), MANY),
    Case("4,000 unknown models", rules("{reply: {model: glm-wrong-#}}"), MANY),
    Case("4,000 unknown keys", rules("{wenn#: {}, reply: {text: a}}"), MANY),
    Case("4,000 rules alike", rules("{when: {last_user: a}, reply: {text: a}}"), MANY),
    Case("4,000 different rules", rules("{when: {last_user: word#}, reply: {text: a}}"), ""),
    Case("10,000 rules", rules("{when: {last_user: word#}, reply: {text: a}}", 10_000), VALUES),
    Case("names that are nearly alike", NEAR + "".join(f"  - {{rule: {'ba' * 45}{at}}}\n" for at in range(300)), MANY),
    Case("tools that are nearly alike", rules("{when: {tools: t_#}, reply: {tool_calls: [{name: c_#}]}}", 3_500), ""),
    Case("10,000 keys twice", REPLY + "".join(f"k{at}: 1\nk{at}: 2\n" for at in range(10_000)), MANY),
    Case("49,000 aliases", REPLY + f"aliases: [{', '.join(f'a{at}' for at in range(49_000))}]\n", ""),
    Case("49,000 aliases alike", REPLY + f"aliases: [{', '.join(['a'] * 49_000)}]\n", ""),
    Case("40,000 tags", f"rules: [{', '.join(['!!str a'] * 40_000)}]\n", MANY),
    Case("20,000 anchors", REPLY + "".join(f"k{at}: &a{at} v\n" for at in range(20_000)), MANY),
    Case("a long key", "rules: [{reply: {json: {? " + "k" * 400_000 + " : {" + "a: 1, " * 1 + "}}}}]\n", ""),
    Case(
        "20,000 values below a long key",
        f"rules: [{{reply: {{json: {{? {'k' * 400_000} : {{{', '.join(f'a{at}: 0x1' for at in range(20_000))}}}}}}}}}]",
        MANY,
    ),
    Case("aliases of aliases", laughs(), VALUES),
    Case("merges of merges", merges(), "unknown key"),
    Case("100,000 brackets", "rules: " + "[" * 100_000, DEEP),
    Case("100,000 braces", "{" * 100_000, DEEP),
    Case("100,000 dashes", "- " * 100_000, DEEP),
    Case("a number of 900,000 digits", f"rules: [{{reply: {{text: a}}, then: {'9' * 900_000}}}]", "expected repeat"),
    Case("a hexadecimal number", f"rules: [{{reply: {{text: a, times: 0x{'f' * 900_000}}}}}]", "expected a number"),
    Case("a number of minutes", f"rules: [{{reply: {{text: a, times: 1{':59' * 300_000}}}}}]", "expected a number"),
    Case("too large a file", "#" * (1 << 20) + "\n" + REPLY, "longer than 1,048,576 bytes"),
    Case("2,000 templates that are wrong", rules("{reply: {text: '{{ fake.nmae#() }}'}}", 2_000), MANY),
    Case("4,000 templates", rules("{when: {last_user: w#}, reply: {text: '{{ 1 + # }}'}}"), "more than 20,000 names"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_scenario_is_loaded_or_refused_at_once(case: Case) -> None:
    """The time grows with its size, and its mistakes are at most a hundred and one; it is never a 500."""
    app = create_app(make_engine())
    before = process_time()
    put = ask(app, "PUT", "/_emulator/scenarios/hostile", case.text.encode())
    assert process_time() - before < 5
    if case.told:
        mistakes = [mistake["message"] for mistake in put.json["mistakes"]]
        assert put.status == 400
        assert len(mistakes) <= 101
        assert any(case.told in mistake for mistake in mistakes[-1:] + mistakes[:1]), mistakes[-1]
        assert all(len(mistake) < 2_000 for mistake in mistakes)
        assert len(put.body) < 200_000
    else:
        assert put.status in (200, 400)


def test_names_are_found_without_counting_lines_again() -> None:
    """The lines of many aliases are counted once."""
    names = [f"a{number}" for number in range(50_000)]
    before = process_time()
    found = names_in("name: x\naliases: [" + ",\n".join(names) + "]\n")
    assert process_time() - before < 5
    assert found is not None
    assert (found["x"], found["a0"], found["a49999"]) == (1, 2, 50_001)
