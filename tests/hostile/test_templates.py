"""Templates that would take long or make much, put over HTTP and rendered for a request: each ends in a sentence."""

import json
from time import process_time
from typing import NamedTuple

import pytest
from support.asgi import CHAT, SAMPLES, ask, make_engine

from emulator.web.app import create_app

STEPS = "more than 50,000 steps"
CHARACTERS = "more than 1,048,576 characters"
LONG = "weather in Paris, please! " * 4_000
PROMPT = "request.last_user"
DOUBLED = "{% set a = [1] %}" + "{% set a = [a, a] %}" * 45
TUPLES = "{% set a = (1,) %}" + "{% set a = (a, a) %}" * 45


class Case(NamedTuple):
    """A template, and what its author or the client is told; `told` is the whole answer of one that is rendered."""

    id: str
    text: str
    told: str


def times(expression: str) -> str:
    """A template that takes an expression ten thousand times."""
    return "{% for i in range(10000) %}{% if " + expression + " %}{% endif %}{% endfor %}"


def grown(first: str, expression: str, last: str = "a | length") -> str:
    """A template that makes a value from itself forty times."""
    step = "{% set a = " + expression + " %}"
    return "{% set a = " + first + " %}" + step * 40 + "{{ " + last + " }}"


CASES = [
    Case("rounding to a billion places", "{{ 1 | round(-1000000000) }}", "0"),
    Case("rounding to a billion digits", "{{ 2.5 | round(1000000000) }}", "2.5"),
    Case("sums of doubled lists", grown("[[1, 2], [3]]", "[a | sum(start=[]), a | sum(start=[])]"), STEPS),
    Case("mapped replacements", grown("'ab'", "[a] | map('replace', 'a', 'aaaaaaaa') | first"), CHARACTERS),
    Case("joined texts", grown("'ab'", "[a, a] | join(a)"), CHARACTERS),
    Case("joined by a tilde", grown("'ab'", "a ~ a"), CHARACTERS),
    Case("added texts", grown("'ab'", "a + a"), CHARACTERS),
    Case("added lists", grown("[1, 2]", "a + a"), STEPS),
    Case(
        "nested loops over lists",
        "{% for a in range(500) %}{% for b in range(500) %}{% for c in [a, b] %}{% endfor %}{% endfor %}{% endfor %}",
        STEPS,
    ),
    Case("a loop over a billion numbers", "{% for a in range(1000000000) %}{% endfor %}", STEPS),
    Case("a list of a billion numbers", "{{ range(1000000000) | list }}", STEPS),
    Case("a filter for a billion numbers", "{{ range(1000000000) | select('eq', -1) | list }}", STEPS),
    Case("a word in a billion numbers", "{{ 'x' in range(1000000000) }}", STEPS),
    *(
        Case(f"{expression} of a long prompt", times(f"{PROMPT}{expression}"), STEPS)
        for expression in (
            "|upper|length",
            "|title",
            "|wordcount",
            "|tojson",
            "|urlencode",
            "|unique|list",
            "|sort",
            "|max",
            "|trim('abc')",
            "|truncate(300000)",
            ".split(' ')",
            ".splitlines()",
            ".count('aaab')",
            ".strip('abc')",
            " ~ 'x' == 'y'",
            " is lower",
            " is in ['x']",
            " in ['x']",
        )
    ),
    Case("a search in a long prompt", times(f"'zq' in {PROMPT}"), STEPS),
    Case("long texts made and compared", times(f"({PROMPT} ~ 'x') == ({PROMPT} ~ 'y')"), STEPS),
    Case("each character of a long prompt", "{% for c in " + PROMPT + " %}{{ c }}{% endfor %}", STEPS),
    *(
        Case(f"{expression} of a list in itself", f"{DOUBLED}{{{{ {expression} }}}}", STEPS)
        for expression in ("a", "a | tojson", "a ~ a", "a | upper", "a | list", "a | sort", "[a] | unique | list")
    ),
    *(
        Case(f"{expression} with a list in itself", f"{DOUBLED}{{{{ {expression} }}}}", STEPS)
        for expression in ("a == a", "a in [a]", "a is lower", "request.body.get(a)", "fake.random_element(a)")
    ),
    Case("a tuple in itself as a key", TUPLES + "{{ {a: 1} }}", "a tuple cannot be a key"),
    Case("a tuple in itself as an index", TUPLES + "{{ request.body[a] }}", "a tuple cannot be a key"),
    Case("a tuple in itself that is looked for", TUPLES + "{{ a in request.body }}", STEPS),
    Case("a power", "{{ 9 ** 999999999 }}", "Pow cannot be used in a template"),
    Case("a product of texts", "{{ 'a' * 1000000000 }}", "only numbers can be multiplied"),
    Case("a format with a width", "{{ '%999999999d' % 1 }}", "% is for numbers"),
    Case("a number of 100,000 digits", "{{ '" + "9" * 100_000 + "' | int }}", "0"),
    Case("a number of 100,000 hexadecimal digits", "{{ '" + "f" * 100_000 + "' | int(base=16) }}", "too large"),
    Case("a written number of 5,000 digits", "{{ " + "9" * 5_000 + " }}", "a number in it has too many digits"),
    Case("a width in a time", "{{ now.strftime('%999999999d') | length > 1000000 }}", "false"),
    Case("times with long patterns", times("now.strftime('" + "%c" * 100 + "')"), STEPS),
    Case("names by the thousand", times("fake.name()"), STEPS),
    Case("a million words", "{{ fake.texts(1000, 1000) }}", STEPS),
    Case("a thousand long words", "{{ fake.sentence(1000, ext_word_list=[" + PROMPT + "]) }}", STEPS),
    Case("a long path of an attribute", "{{ ['a', 'b'] | map(attribute='" + "a." * 50_000 + "a') | list }}", STEPS),
    Case("methods as attributes", "{{ ['a'] | map(attribute='upper') | list }}", "has no attribute 'upper'"),
    Case("methods as keys", "{{ ['a', 'b'] | sort(attribute='upper') }}", "has no attribute 'upper'"),
    Case("classes as attributes", "{{ ['a'] | map(attribute='__class__') | list }}", "__class__"),
    Case("groups by a method", "{{ ['a'] | groupby('upper') }}", 'unknown filter \\"groupby'),
    Case("a filter without a price", "{{ 'a' | wordwrap(1) }}", 'unknown filter \\"wordwrap'),
    Case("a test without a price", "{{ 'a' is filter }}", 'unknown test \\"filter'),
    Case("a method without a price", "{{ 'a'.center(1000000000) }}", "center cannot be called in a template"),
    Case("brackets", "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", "nested too deeply"),
    Case("a long sum", "{{ 1" + "+1" * 5_000 + " }}", "nested too deeply"),
    Case("thirty loops", "{% for a in [1] %}" * 30 + "{% endfor %}" * 30, "nested too deeply"),
    Case("a hundred thousand values", "{{ now }}" * 100_000, "more than 20,000 names, signs and texts"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_template_ends_within_its_budget(case: Case) -> None:
    """It is refused when it is put, or answered with a 500, or it has a short text; never does it take long."""
    app = create_app(make_engine())
    written = f"rules:\n  - reply:\n      text: |-\n        {case.text}\n"
    before = process_time()
    put = ask(app, "PUT", "/_emulator/scenarios/hostile", written.encode())
    if put.status == 200:
        assert ask(app, "POST", "/_emulator/activate", {"scenario": "hostile"}).status == 200
        request = SAMPLES[CHAT] | {"messages": [{"role": "user", "content": LONG if PROMPT in case.text else "Hello"}]}
        answer = ask(app, "POST", CHAT, request)
        if answer.status == 200:
            assert answer.json["choices"][0]["message"]["content"] == case.told
        else:
            assert (answer.status, case.told in answer.json["error"]["message"]) == (500, True), answer.body
    else:
        assert (put.status, case.told in json.dumps(put.json, ensure_ascii=False)) == (400, True), put.body[:2000]
    assert process_time() - before < 5


def test_the_templates_of_an_answer_have_one_budget() -> None:
    """A thousand of them do not get a thousand budgets."""
    loop = "{% for i in range(1000) %}x{% endfor %}"
    texts = "".join(f'          - "{loop}{number}"\n' for number in range(50))
    app = create_app(make_engine())
    written = f"rules:\n  - reply:\n      json:\n{texts}"
    assert ask(app, "PUT", "/_emulator/scenarios/hostile", written.encode()).status == 200
    ask(app, "POST", "/_emulator/activate", {"scenario": "hostile"})
    answer = ask(app, "POST", CHAT, SAMPLES[CHAT])
    assert (answer.status, STEPS in answer.json["error"]["message"]) == (500, True)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("{% for i in range(10000) %}word {% endfor %}", 50_000),
        ("{% for i in range(9000) %}{{ loop.index }} {% endfor %}", 43_893),
        ("{% for i in range(1000) %}{{ fake.random_digit() if i < 100 else i | string | upper }}{% endfor %}", 2_800),
        ("{{ range(2000) | map('string') | sort | join(',') | length }}", 4),
        ("{{ " + PROMPT + " | upper | replace('PARIS', 'Oslo') | length }}", 5),
        ("{{ " + PROMPT + ".split(' ') | select('eq', 'Paris,') | list | length > 0 }}", 4),
    ],
)
def test_what_a_reply_needs_is_within_the_budget(text: str, length: int) -> None:
    """Long texts can be made, and long prompts be looked through."""
    app = create_app(make_engine())
    written = f"rules:\n  - reply:\n      obey: false\n      text: |-\n        {text}\n"
    assert ask(app, "PUT", "/_emulator/scenarios/long", written.encode()).status == 200
    ask(app, "POST", "/_emulator/activate", {"scenario": "long"})
    request = SAMPLES[CHAT] | {"messages": [{"role": "user", "content": LONG[:40_000]}]}
    answer = ask(app, "POST", CHAT, request)
    assert answer.status == 200, answer.body
    assert len(answer.json["choices"][0]["message"]["content"]) == length
