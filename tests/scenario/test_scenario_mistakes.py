"""What is wrong with a scenario: where it is, in which words, and that reading it always ends."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.catalog import Catalog
from emulator.dialects.endpoints import ENDPOINTS
from emulator.faults import registry
from emulator.scenario.loader import load_file, load_objects, load_text
from emulator.scenario.reading import nodes
from emulator.scenario.reading.mistakes import Mistake, ScenarioError

CATALOG = Catalog.load()
MARK = "▸"
KINDS = ", ".join(registry.FAULTS)
CONDITION = "a condition such as {last_user: {contains: weather}}"
DURATION = "expected a duration such as 250ms, 2s or 1m30s"
MOMENT = "expected a moment such as 2026-12-31 or 2026-01-01T00:00:00Z"
VARIABLES = "expected fake, match, now, request, tool_result"
NAME = "a scenario's name has letters and digits, with single - _ . between them, as an API key can have"


def when(condition: str) -> str:
    """A scenario of one rule with this condition."""
    return f"rules:\n  - when: {condition}\n    reply: {{text: a}}"


def reply(written: str) -> str:
    """A scenario of one rule with this reply."""
    return f"rules:\n  - reply: {written}"


def said(more: str) -> str:
    """A scenario of one reply that says something, and more."""
    return reply(f"{{text: a, {more}}}")


def mistakes(text: str, source: str = "story.yaml") -> tuple[Mistake, ...]:
    """Read a scenario that has mistakes, and give them."""
    with pytest.raises(ScenarioError) as caught:
        load_text(text, source, catalog=CATALOG)
    return caught.value.mistakes


# ---------------------------------------------------------------------------------------------- how it is told


def test_a_mistake_is_told_with_its_place_its_line_and_what_was_meant() -> None:
    """Place, path, what is wrong, the nearest word, the line of the source, and a caret under the key."""
    text = """\
        name: checkout
        rules:
          - reply: {text: Hello}
            when: {last_user: hello}
          - when: {last_user: {contains: weather}}
            replies:
              - times: 2
                tool_call:
                  - {name: get_weather}
        """
    (mistake,) = mistakes(dedent(text), "scenarios/checkout.yaml")
    assert mistake.render() == (
        'scenarios/checkout.yaml:8:9: rules[1].replies[0]: unknown key "tool_call"; did you mean "tool_calls"?\n'
        "    8 |         tool_call:\n"
        "      |         ^^^^^^^^^"
    )
    assert mistake.as_dict() == {
        "source": "scenarios/checkout.yaml",
        "line": 8,
        "column": 9,
        "path": "rules[1].replies[0]",
        "message": 'unknown key "tool_call"; did you mean "tool_calls"?',
        "snippet": "    8 |         tool_call:\n      |         ^^^^^^^^^",
    }


def test_all_mistakes_are_told_in_one_run_in_the_order_of_their_places() -> None:
    """Four mistakes of four kinds, in one rule, in a broken one, and in names that do not fit together."""
    text = """\
        expect: [{rule: wether}]
        rules:
          - {name: weather, when: {model: gpt-4}, reply: {txt: a}}
          - {name: weather, reply: {text: "{{ nwo }}"}}
        """
    found = [(mistake.line, mistake.path) for mistake in mistakes(dedent(text))]
    assert found == [
        (1, "expect[0].rule"),
        (3, "rules[0].when.model"),
        (3, "rules[0].reply"),
        (4, "rules[1].name"),
        (4, "rules[1].reply.text"),
    ]


def test_the_error_tells_every_mistake() -> None:
    """The text of the exception is what a terminal shows."""
    with pytest.raises(ScenarioError, match=r"(?s)a\.yaml:1:1: unknown key .*\na\.yaml:2:1: unknown key "):
        load_text("rule: 1\nnames: x", "a.yaml", catalog=CATALOG)


def test_of_a_long_line_only_the_surroundings_are_shown() -> None:
    """A scenario on one line of ten thousand characters still has a readable message."""
    (mistake,) = mistakes(f"description: {'x' * 5000}\nrules: [{' ' * 3000}7{' ' * 3000}]")
    line, carets = mistake.snippet.splitlines()
    assert mistake.column == 3009
    assert len(line) < 140
    assert line[carets.index("^")] == "7"


def test_carets_stand_under_the_place_behind_tabs() -> None:
    """The margin repeats the line's tabs, so that any width of a tab fits."""
    (mistake,) = mistakes("rules: [\t\t7]")
    assert mistake.snippet.splitlines()[1] == f"      | {' ' * 8}\t\t^"


def test_a_mistake_behind_an_alias_is_told_once_where_it_is_written() -> None:
    """Two rules with the same broken reply have one mistake."""
    (mistake,) = mistakes("rules:\n  - reply: &r {text: a, times: 0}\n  - {when: {turn: 1}, reply: *r}")
    assert (mistake.line, mistake.column, mistake.path) == (2, 32, "rules[0].reply.times")


def test_objects_have_mistakes_with_paths_and_no_lines() -> None:
    """A scenario made of Python objects is told of by its paths."""
    with pytest.raises(ScenarioError) as caught:
        load_objects({"rules": [{"reply": {"txt": "a"}}]}, "test", catalog=CATALOG)
    assert str(caught.value) == 'test: rules[0].reply: unknown key "txt"; did you mean "text"?'


# ---------------------------------------------------------------------------------------------- the broken files

YAML = [
    (f"rules: [a\nname{MARK}: x", "", "not YAML: did not find expected ',' or ']'; is the [ in line 1 closed?"),
    (f"rules: {{a: 1\nname{MARK}: x", "", "not YAML: did not find expected ',' or '}'; is the { in line 1 closed?"),
    (f"name: {MARK}'x", "", 'this quote is never closed; quote it: name: "x"'),
    (f"{MARK}\tname: x", "", "a tab cannot indent; use spaces"),
    (
        f"description: It says{MARK}: hello",
        "",
        'a colon cannot stand here; a text that contains ": " must be in quotes; '
        'quote it: description: "It says: hello"',
    ),
    (f"name: {MARK}@x", "", 'a text that begins with @ must be in quotes; quote it: name: "@x"'),
    (f"name: {MARK}%x", "", 'a text that begins with % must be in quotes; quote it: name: "%x"'),
    (
        when(f"{{model: *{MARK}*GLM*}}"),
        "",
        'a text that begins with * must be in quotes; quote it: - when: {model: "**GLM*"}',
    ),
    (when(f"{{model: {MARK}*GLM}}"), "", 'there is no anchor "GLM"; a text that begins with * must be in quotes'),
    (when(f"{{last_user{MARK}:}}"), "", "a colon needs a space after it"),
    (f"rules: &a [{MARK}*a]", "", 'the value of the anchor "a" contains itself'),
    (f"name: x\n{MARK}---\nname: y", "", "a scenario is one document; this is the second"),
    (MARK, "", "the scenario is empty"),
    (f"{MARK}# Nothing yet.", "", "the scenario is empty"),
    (f"name: a\n{MARK}name: b", "", '"name" is given twice; the first is in line 1'),
    (when(f"{{turn: 1, {MARK}turn: 2}}"), "", '"turn" is given twice; the first is in line 2'),
    (f"{MARK}[x]: y", "", 'a key must be a text; a template must be in quotes: "{{ ... }}"'),
    (f'name: "x"\ndescription: {MARK}\x07', "", 'the character \\u0007 cannot stand here; write "\\u0007" in quotes'),
    (f"name: {MARK}!!python/object:os.system x", "", "a tag (such as !!str) cannot be used here"),
    (f"name: x\naccount:\n  <<: {MARK}3", "", "<< expects an alias of a mapping, got 3"),
    ("rules: " + "[" * 49 + MARK + "[" * 20 + "]" * 69, "", "nested deeper than 50 levels"),
]
TOP = [
    (f"{MARK}- a", "", "expected a scenario such as {name: hello, rules: [...]}, got a list"),
    (f"{MARK}hello", "", 'expected a scenario such as {name: hello, rules: [...]}, got "hello"'),
    (f"{MARK}rulez: []", "", 'unknown key "rulez"; did you mean "rules"?'),
    (
        f"{MARK}kind: x",
        "",
        'unknown key "kind"; expected name, aliases, description, models, account, clock, rules, unscripted, expect',
    ),
    (f"name: {MARK}two words", "name", NAME),
    (f"name: {MARK}a--b", "name", NAME),
    (f"name:{MARK}", "name", 'expected a text ("" for an empty one), got nothing'),
    (f"description: {MARK}[a]", "description", "expected a text, got a list"),
    (
        f"unscripted: {MARK}generated",
        "unscripted",
        'expected generate, fail or echo, got "generated"; did you mean "generate"?',
    ),
    (f"clock: {{start: {MARK}yesterday}}", "clock.start", f'{MOMENT}, got "yesterday"'),
    (f"clock: {{mode: {MARK}fast}}", "clock.mode", 'expected frozen, running or a speed such as x60, got "fast"'),
    (f"clock: {MARK}frozen", "clock", 'expected a clock such as {mode: frozen}, got "frozen"'),
    (f"account: {{credits: {MARK}-5}}", "account.credits", "expected an amount such as 5.00 USD, got -5"),
    (f"account: {{credits: {MARK}5 EUR}}", "account.credits", 'expected an amount such as 5.00 USD, got "5 EUR"'),
    (f"account: {{keys: {MARK}[a]}}", "account.keys", "expected a mapping of API keys to policies, got a list"),
    (
        f"account: {{keys: {{default: {{{MARK}requests_per_second: 3}}}}}}",
        "account.keys.default",
        'unknown key "requests_per_second"; did you mean "requests_per_minute"?',
    ),
    (
        f"account: {{keys: {{default: {{concurrency: {MARK}0}}}}}}",
        "account.keys.default.concurrency",
        "expected a whole number of at least 1, got 0",
    ),
    (
        f"account: {{keys: {{default: {{expires: {MARK}2026-02-30}}}}}}",
        "account.keys.default.expires",
        f'{MOMENT}, got "2026-02-30"',
    ),
    (f"models: {MARK}[a]", "models", "expected a mapping of model ids to fields, got a list"),
    (
        f"models: {{zai-org/GLM-5.3: {{{MARK}price: 3}}}}",
        'models["zai-org/GLM-5.3"]',
        'unknown key "price"; did you mean "pricing"?',
    ),
    (
        f"models: {{zai-org/GLM-5.3: {{backends: {MARK}-1}}}}",
        'models["zai-org/GLM-5.3"].backends',
        "expected a number of healthy backends, got -1",
    ),
    (
        f"models: {{zai-org/GLM-5.3: {{pricing: {{input: {MARK}1.5}}}}}}",
        'models["zai-org/GLM-5.3"].pricing.input',
        'expected USD, a decimal in quotes like "0.0000013", got 1.5',
    ),
    (
        f"models: {{new/model: {MARK}{{backends: 0}}}}",
        'models["new/model"]',
        "a new model needs context_length, max_output_length, pricing as well",
    ),
    (f"models: {{zai-org/GLM-5.3: {MARK}3}}", 'models["zai-org/GLM-5.3"]', "expected a mapping of fields, got 3"),
    (f"expect: [{{rule: {MARK}weather}}]", "expect[0].rule", 'there is no rule of this name, "weather"'),
    (
        f"rules:\n  - {{name: weather, reply: {{text: a}}}}\nexpect: [{{rule: {MARK}wether}}]",
        "expect[0].rule",
        'there is no rule of this name, "wether"; did you mean "weather"?',
    ),
    (f"expect: [{MARK}{{times: 3}}]", "expect[0]", "times needs the name of a rule"),
    (f"expect: [{MARK}{{}}]", "expect[0]", "this expects nothing"),
    (f"expect: {MARK}{{rule: a}}", "expect", "expected a list of expectations, got a mapping"),
]
RULES = [
    (f"rules: {MARK}{{}}", "rules", "expected a list of rules, got a mapping"),
    (f"rules:{MARK}", "rules", "expected a list of rules, got nothing"),
    (
        f"rules: [{MARK}3]",
        "rules[0]",
        "expected a rule such as {when: {last_user: hello}, reply: {text: Hello}}, got 3",
    ),
    (f"rules: [{MARK}{{name: a}}]", "rules[0]", "a rule needs reply or replies"),
    (
        f"rules:\n  - reply: {MARK}{{text: a}}\n    replies: [{{text: b}}]",
        "rules[0].reply",
        "reply is short for a list of one; give one of reply and replies",
    ),
    (f"rules:\n  - replies: {MARK}[]", "rules[0].replies", "expected a list of replies, got an empty list"),
    (f"rules:\n  - replies: {MARK}{{text: a}}", "rules[0].replies", "expected a list of replies, got a mapping"),
    (reply(f"{MARK}[{{text: a}}]"), "rules[0].reply", "expected a reply such as {text: Hello}, got a list"),
    (reply(f"{MARK}Hello"), "rules[0].reply", 'expected a reply such as {text: Hello}, got "Hello"'),
    (
        f"rules:\n  - {{name: x, when: {{turn: 1}}, reply: {{text: a}}}}\n  - {{name: {MARK}x, reply: {{text: a}}}}",
        "rules[1].name",
        'another rule has this name, "x", in line 2',
    ),
    (
        f"rules:\n  - {{then: {MARK}stop, reply: {{text: a}}}}",
        "rules[0].then",
        'expected repeat, loop, unscripted or fail, got "stop"',
    ),
    (
        f"rules:\n  - reply: {{text: a}}\n  - {MARK}when: {{turn: 1}}\n    reply: {{text: b}}",
        "rules[1]",
        "no request reaches this rule: rules[0] answers all that it matches (line 2)",
    ),
    (
        when("{turn: {gt: 1}}") + f"\n  - {MARK}{{when: {{stream: true, turn: {{gt: 1}}}}, reply: {{text: b}}}}",
        "rules[1]",
        "no request reaches this rule: rules[0] answers all that it matches (line 2)",
    ),
    (
        f"rules:\n  - {{when: {{turn: 1}}, reply: {{text: a}}}}\n  - {MARK}{{when: {{turn: 1}}, reply: {{text: b}}}}",
        "rules[1]",
        "no request reaches this rule: rules[0] answers the same (line 2)",
    ),
    (
        when(f"{{state: {{o: {MARK}payed}}}}") + "\n  - reply: {set_state: {o: paid}}",
        "rules[0].when.state.o",
        'no reply sets "o" to "payed"; did you mean "paid"?',
    ),
    (
        when(f"{{state: {{ordr: {MARK}x}}}}") + "\n  - reply: {set_state: {order: x}}",
        "rules[0].when.state.ordr",
        'no reply sets the state of "ordr"; did you mean "order"?',
    ),
    (
        when(f"{{tool_result: {MARK}f}}") + "\n  - reply: {tool_calls: [{name: g}]}",
        "rules[0].when.tool_result",
        'no reply calls a tool "f"',
    ),
    (
        f"rules:\n  - when: {{tools: get_weather}}\n    reply: {{tool_calls: [{{name: {MARK}get_wether}}]}}",
        "rules[0].reply.tool_calls[0].name",
        'no rule is about a tool "get_wether"; did you mean "get_weather"?',
    ),
]
*_FIRST, _LAST = ENDPOINTS
ONE_OF_ALL = f"{', '.join(_FIRST)} or {_LAST}"
OTHER = "; the name of another needs an entry in models, such as {gpt-4o: {like: zai-org/GLM-5.3}}"
CONDITIONS = [
    (
        when(f"{{endpoint: {MARK}chats}}"),
        "endpoint",
        f'expected {ONE_OF_ALL}, got "chats"; did you mean "chat"?',
    ),
    (when(f"{{endpoint: {MARK}[]}}"), "endpoint", "expected a list of endpoints, got an empty list"),
    (when(f"{{model: {MARK}gpt-4o}}"), "model", f'no model is known to be "gpt-4o"{OTHER}'),
    (
        when(f"{{model: {MARK}zai-org/GLM-5.2}}"),
        "model",
        'no model is known to be "zai-org/GLM-5.2"; did you mean "zai-org/GLM-5.3"?',
    ),
    (when(f"{{model: {MARK}'*gemini*'}}"), "model", f'no model is known to be "*gemini*"{OTHER}'),
    (
        when(f"{{model: {MARK}{{starts_with: google/}}}}"),
        "model",
        f'no model is known to start with "google/"{OTHER}',
    ),
    (
        when(f"{{last_user: {{{MARK}contians: x}}}}"),
        "last_user",
        'unknown key "contians"; did you mean "contains"?',
    ),
    (
        when(f"{{last_user: {{{MARK}gt: 3}}}}"),
        "last_user",
        'unknown key "gt"; expected equals, contains, matches, starts_with, ends_with, one_of, exists, case',
    ),
    (when(f"{{last_user: {MARK}{{}}}}"), "last_user", "this compares nothing; expected a lookup such as contains"),
    (
        when(f"{{last_user: {MARK}{{case: true}}}}"),
        "last_user",
        "this compares nothing; expected a lookup such as contains",
    ),
    (
        when(f"{{last_user: {MARK}[a]}}"),
        "last_user",
        "expected a text, or a lookup such as {contains: ...}, got a list",
    ),
    (
        when(f"{{last_user: {{matches: {MARK}'(a'}}}}"),
        "last_user.matches",
        "not a regular expression: missing ), unterminated subpattern at position 0",
    ),
    (
        when(f"{{last_user: {{matches: {MARK}'<(.+)>.*</\\1>'}}}}"),
        "last_user.matches",
        "with a backreference, this can take forever on a long text; write it without",
    ),
    (
        when(f"{{last_user: {{matches: {MARK}'(?>a|ab)*c'}}}}"),
        "last_user.matches",
        "with an atomic group, this can take forever on a long text; write it without",
    ),
    (
        when(f"{{last_user: {{matches: {MARK}'(?=.*(?P<x>a))b.*c'}}}}"),
        "last_user.matches",
        "a named group in its lookaround is not found in long texts; name one outside of it",
    ),
    (when(f"{{model: {MARK}{'a' * 1001}}}"), "model", "a glob has at most 1,000 characters"),
    (when(f"{{last_user: {{one_of: {MARK}[]}}}}"), "last_user.one_of", "expected a list of texts, got an empty list"),
    (when(f"{{turn: {MARK}two}}"), "turn", 'expected a number, got "two"'),
    (
        when(f"{{turn: {{gt: {MARK}010}}}}"),
        "turn.gt",
        "010 can mean two things: put it in quotes, or write it as JSON would",
    ),
    (
        when(f"{{turn: {{{MARK}contains: 1}}}}"),
        "turn",
        'unknown key "contains"; expected equals, one_of, gt, gte, lt, lte',
    ),
    (when(f"{{stream: {MARK}yes}}"), "stream", 'expected true or false, got "yes"; did you mean "true"?'),
    (when(f"{{stream: {MARK}1}}"), "stream", "expected true or false, got 1"),
    (when(f"{{header: {{{MARK}a b: c}}}}"), "header", '"a b" is not the name of a header'),
    (when(f"{{body: {MARK}x}}"), "body", 'expected a mapping of paths to lookups, got "x"'),
    (
        when(f"{{body: {{user: {MARK}yes}}}}"),
        "body.user",
        "yes can mean two things: put it in quotes, or write it as JSON would",
    ),
    (
        when(f"{{body: {{time: {MARK}1:30}}}}"),
        "body.time",
        "1:30 can mean two things: put it in quotes, or write it as JSON would",
    ),
    (when(f"{{tool_result: {{{MARK}nam: x}}}}"), "tool_result", 'unknown key "nam"; did you mean "name"?'),
    (when(f"{{any: {MARK}[]}}"), "any", "expected a list of conditions, got an empty list"),
    (when(f"{{not: {{{MARK}trun: 1}}}}"), "not", 'unknown key "trun"; did you mean "turn"?'),
    (when(f"{{all: [{{turn: {MARK}x}}]}}"), "all[0].turn", 'expected a number, got "x"'),
    (when(f"{{{MARK}headers: {{a: b}}}}"), "", 'unknown key "headers"; did you mean "header"?'),
    (when(f"{MARK}everything"), "", f'expected {CONDITION}, got "everything"'),
]
REPLIES = [
    (reply(f"{{{MARK}tool_call: {{}}}}"), "", 'unknown key "tool_call"; did you mean "tool_calls"?'),
    (said(f"error: {MARK}internal"), "error", "a reply is one thing, got text and error"),
    (reply(f"{{raw: {{}}, frames: {MARK}a}}"), "frames", "a reply is one thing, got raw and frames"),
    (said(f"json: {MARK}1"), "json", "a choice has a text or json, not both"),
    (reply(f"{{text: {MARK}[a]}}"), "text", "expected a text, got a list"),
    (reply(f"{{json: {MARK}yes}}"), "json", "yes can mean two things: put it in quotes, or write it as JSON would"),
    (reply(f"{{json: {MARK}.nan}}"), "json", ".nan can mean two things: put it in quotes, or write it as JSON would"),
    (reply(f"{{json: {MARK}1e999}}"), "json", "expected a number that JSON can hold, got 1e999"),
    (reply(f"{{tool_calls: {MARK}[]}}"), "tool_calls", "expected a list of tool calls, got an empty list"),
    (reply(f"{{tool_calls: {MARK}{{name: f}}}}"), "tool_calls", "expected a list of tool calls, got a mapping"),
    (reply(f"{{tool_calls: [{MARK}{{arguments: {{}}}}]}}"), "tool_calls[0]", "a tool call needs name"),
    (
        reply(f"{{tool_calls: [{{name: f, arguments: {MARK}[1]}}]}}"),
        "tool_calls[0].arguments",
        "expected a mapping of arguments, or a raw string, got a list",
    ),
    (reply(f"{{choices: [{{{MARK}txt: a}}]}}"), "choices[0]", 'unknown key "txt"; did you mean "text"?'),
    (reply(f"{{generate: {{{MARK}token: 3}}}}"), "generate", 'unknown key "token"; did you mean "tokens"?'),
    (reply(f"{{generate: {{tokens: {MARK}-1}}}}"), "generate.tokens", "expected a number of tokens, got -1"),
    (reply(f"{{error: {MARK}overload}}"), "error", 'unknown word "overload"; did you mean "overloaded"?'),
    (
        reply(f"{{error: {{status: {MARK}200}}}}"),
        "error.status",
        "expected a whole number from 400 to 599, got 200",
    ),
    (reply(f"{{error: {{shape: {MARK}round}}}}"), "error.shape", 'expected openai or flat, got "round"'),
    (reply(f"{{error: internal, finish: {MARK}stop}}"), "finish", "finish has no meaning with error"),
    (said(f"retry_after: {MARK}-2"), "retry_after", f"{DURATION}, got -2"),
    (said(f"retry_after: {MARK}2 s"), "retry_after", f'{DURATION}, got "2 s"'),
    (said(f"retry_after: {MARK}30s1m"), "retry_after", f'{DURATION}, got "30s1m"'),
    (
        said(f"retry_after: {MARK}100000h"),
        "retry_after",
        'expected a duration of at most a year, got "100000h"',
    ),
    (said(f"headers: {{{MARK}a b: c}}"), "headers", '"a b" is not the name of a header'),
    (said(f'headers: {{a: {MARK}"b\\nc"}}'), "headers.a", "a header is one line of Latin letters and signs"),
    (reply(f"{{raw: {{status: {MARK}100}}}}"), "raw.status", "expected a whole number from 200 to 599, got 100"),
    (reply(f"{{frames: {MARK}[]}}"), "frames", "expected a list of frames, got an empty list"),
    (said(f"finish: {MARK}done"), "finish", 'expected stop, length, tool_calls or content_filter, got "done"'),
    (
        said(f"usage: {{{MARK}prompt: 3}}"),
        "usage",
        'unknown key "prompt"; did you mean "prompt_tokens"?',
    ),
    (said(f"model: {MARK}nope"), "model", 'unknown model "nope"'),
    (said(f"times: {MARK}0"), "times", "expected a number of at least 1, got 0"),
    (said(f"times: {MARK}twice"), "times", 'expected a number of at least 1, got "twice"'),
    (said(f"probability: {MARK}1.5"), "probability", "expected a number from 0 to 1, got 1.5"),
    (said(f"probability: {MARK}30%"), "probability", 'expected a number from 0 to 1, got "30%"'),
    (said(f"set_state: {MARK}paid"), "set_state", 'expected a mapping of machines to states, got "paid"'),
    (said(f"obey: {MARK}off"), "obey", 'expected true or false, got "off"; did you mean "false"?'),
    (
        said(f"stream: {MARK}fast"),
        "stream",
        'expected a pace such as {first_token: 800ms, tokens_per_second: 40}, got "fast"',
    ),
    (
        said(f"stream: {{tokens_per_second: {MARK}0}}"),
        "stream.tokens_per_second",
        "expected a number above 0, got 0",
    ),
    (
        said(f"stream: {{tokens_per_second: 4, between_tokens: {MARK}1s}}"),
        "stream.between_tokens",
        "tokens_per_second says this already; give one of the two",
    ),
    (
        said(f"stream: {{first_token: {{lognormal: {MARK}{{median: 1s}}}}}}"),
        "stream.first_token.lognormal",
        "the distribution lognormal needs sigma",
    ),
    (
        said(f"stream: {{first_token: {MARK}{{}}}}"),
        "stream.first_token",
        "expected one of lognormal, uniform, normal and exponential, got 0",
    ),
    (
        said(f"stream: {{first_token: {{uniform: {MARK}{{low: 2s, high: 1s}}}}}}"),
        "stream.first_token.uniform",
        "low is greater than high",
    ),
    (said(f"stream: {{jitter: {MARK}2}}"), "stream.jitter", "expected a fraction from 0 to 1, got 2"),
    (
        said(f"stream: {{chunk: {MARK}letter}}"),
        "stream.chunk",
        'expected token, word, whole or a number of characters, got "letter"',
    ),
]
FAULTS = [
    (said(f"faults: {MARK}{{stall: 3s}}"), "faults", "expected a list of faults, got a mapping"),
    (said(f"faults: [{MARK}stal]"), "faults[0]", 'unknown fault "stal"; did you mean "stall"?'),
    (said(f"faults: [{MARK}stall]"), "faults[0]", "stall needs a value: a duration such as 250ms, 2s or 1m30s"),
    (said(f"faults: [{MARK}{{stall: 3s}}]"), "faults[0]", "stall needs a place: before, after or at"),
    (said(f"faults: [{MARK}{{after: {{tokens: 3}}}}]"), "faults[0]", f"a fault says what goes wrong: {KINDS}"),
    (
        said(f"faults: [{{stall: 3s, hangup: {MARK}end, before: response}}]"),
        "faults[0].hangup",
        "a fault is one thing: stall and hangup are two items of the list",
    ),
    (
        said(f"faults: [{{stall: 3s, before: response, at: {MARK}done}}]"),
        "faults[0].at",
        "a fault has one place, got before and at",
    ),
    (
        said(f"faults: [{{stall: 3s, before: {MARK}tokens}}]"),
        "faults[0].before",
        'expected response or first_token, got "tokens"',
    ),
    (
        said(f"faults: [{{stall: 3s, after: {MARK}3}}]"),
        "faults[0].after",
        "expected a place such as {tokens: 2}, got 3",
    ),
    (
        said(f"faults: [{{stall: 3s, after: {MARK}{{}}}}]"),
        "faults[0].after",
        "expected one of tokens, events, bytes, got none",
    ),
    (
        said(f"faults: [{{stall: 3s, after: {{tokens: {MARK}0}}}}]"),
        "faults[0].after.tokens",
        "expected a number of at least 1, got 0",
    ),
    (
        said(f"faults: [{{hangup: {MARK}rst, at: done}}]"),
        "faults[0].hangup",
        'expected end, reset or truncate, got "rst"; did you mean "reset"?',
    ),
    (said(f"faults: [{{drop: done, at: {MARK}finish}}]"), "faults[0].at", "drop has no place"),
    (said(f"faults: [{{corrupt: {MARK}false}}]"), "faults[0].corrupt", "expected true, got false"),
    (
        said(f"faults: [{{error: {MARK}{{message: '{{{{ now }}}}'}}, at: done}}]"),
        "faults[0].error",
        "a template cannot stand in a fault",
    ),
    (
        said(f"faults: [{{slow: {MARK}3}}]"),
        "faults[0].slow",
        "expected a speed such as {tokens_per_second: 1}, got 3",
    ),
    (
        said(f"faults: [{{content_type: {MARK}''}}]"),
        "faults[0].content_type",
        'expected a text that is not empty, got ""',
    ),
]
TEMPLATES = [
    (
        reply(f"{{text: {MARK}'{{{{ reqest.model }}}}'}}"),
        "text",
        'unknown variable "reqest"; did you mean "request"?',
    ),
    (reply(f"{{text: {MARK}'{{{{ request.modle }}}}'}}"), "text", 'request has no "modle"; did you mean "model"?'),
    (
        f"rules:\n  - reply:\n      text: |\n        Hello\n        {MARK}{{{{ fake.nmae() }}}}!\n",
        "text",
        'fake has no "nmae"; did you mean "name"?',
    ),
    (
        reply(f"{{text: {MARK}'{{{{ match.city }}}}'}}"),
        "text",
        'no regular expression in `when` has a group named "city"',
    ),
    (
        f"rules:\n  - when: {{key: {{matches: '(?P<town>x)'}}}}\n    reply: {{text: {MARK}'{{{{ match.tonw }}}}'}}",
        "text",
        'no regular expression in `when` has a group named "tonw"; did you mean "town"?',
    ),
    (reply(f"{{text: {MARK}'{{{{ now | uper }}}}'}}"), "text", 'unknown filter "uper"; did you mean "upper"?'),
    (reply(f"{{text: {MARK}'{{{{ now is evn }}}}'}}"), "text", 'unknown test "evn"; did you mean "even"?'),
    (reply(f"{{text: {MARK}'{{{{ 2 ** 9 }}}}'}}"), "text", "Pow cannot be used in a template"),
    (reply(f"{{text: {MARK}'{{% include x %}}'}}"), "text", f'unknown variable "x"; {VARIABLES}'),
    (
        reply(f"{{text: {MARK}'{{{{ now'}}"),
        "text",
        "not a template: unexpected end of template, expected 'end of print statement'.",
    ),
    (reply(f"{{json: {{a: [{MARK}'{{{{ x }}}}']}}}}"), "json.a[0]", f'unknown variable "x"; {VARIABLES}'),
    (
        reply(f"{{tool_calls: [{{name: f, arguments: {{a: {MARK}'{{{{ x }}}}'}}}}]}}"),
        "tool_calls[0].arguments.a",
        f'unknown variable "x"; {VARIABLES}',
    ),
    (reply(f"{{error: {{message: {MARK}'{{{{ x }}}}'}}}}"), "error.message", f'unknown variable "x"; {VARIABLES}'),
    (said(f"headers: {{a: {MARK}'{{{{ x }}}}'}}"), "headers.a", f'unknown variable "x"; {VARIABLES}'),
]


def below(prefix: str, table: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The same table with longer paths."""
    return [(text, f"{prefix}.{path}" if path else prefix, message) for text, path, message in table]


BROKEN = [
    *(YAML + TOP + RULES),
    *below("rules[0].when", CONDITIONS),
    *below("rules[0].reply", REPLIES + FAULTS + TEMPLATES),
]


@pytest.mark.parametrize(("marked", "path", "message"), BROKEN, ids=[message[:60] for _, _, message in BROKEN])
def test_a_broken_file_is_told_by_line_column_path_and_words(marked: str, path: str, message: str) -> None:
    """The mistake is where the mark was, and its caret stands there."""
    before = marked[: marked.index(MARK)]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    found = mistakes(marked.replace(MARK, ""))
    assert (line, column, path, message) in [(each.line, each.column, each.path, each.message) for each in found]
    for each in found:
        carets = each.snippet.splitlines()[1]
        assert carets.index("^") == len("      | ") + each.column - 1


def test_there_are_enough_broken_files() -> None:
    """No two of them test the same, and there are more than a hundred."""
    assert len({text for text, _, _ in BROKEN}) == len(BROKEN) > 100


def test_most_broken_files_have_one_mistake() -> None:
    """A mistake does not bring others along: only these five are two in truth."""
    several = [marked for marked, _, _ in BROKEN if len(mistakes(marked.replace(MARK, ""))) > 1]
    assert len(several) <= 5


# ---------------------------------------------------------------------------------------------- files


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    """No file, a folder, other encodings: each is told with the file's name, and nothing else is raised."""
    latin, folder = tmp_path / "latin.yaml", tmp_path / "folder.yaml"
    latin.write_bytes("description: Grüße".encode("latin-1"))
    folder.mkdir()
    told = {}
    for path in (tmp_path / "none.yaml", folder, latin):
        with pytest.raises(ScenarioError) as caught:
            load_file(path, catalog=CATALOG)
        told[path.name] = str(caught.value).removeprefix(f"{path}: ")
    assert told == {
        "none.yaml": "cannot be read: No such file or directory",
        "folder.yaml": "cannot be read: Is a directory",
        "latin.yaml": "not UTF-8: byte 15 is 0xfc",
    }


def test_a_file_names_its_scenario_unless_that_is_no_name(tmp_path: Path) -> None:
    """The stem is the name; a stem that could not be part of an API key needs a `name`."""
    fine, odd = tmp_path / "slow-stream.yaml", tmp_path / "my story.yaml"
    for path in (fine, odd):
        path.write_text("rules: []", encoding="utf-8-sig")
    assert load_file(fine, catalog=CATALOG).name == "slow-stream"
    with pytest.raises(ScenarioError, match='a name is needed, since "my story" cannot be one'):
        load_file(odd, catalog=CATALOG)


# ---------------------------------------------------------------------------------------------- bounds


def laughs(levels: int) -> str:
    """A text of aliases of aliases, which stand for nine values to the power of `levels`."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, levels)]
    return "\n".join(lines)


def test_a_billion_laughs_are_refused() -> None:
    """Aliases are counted as what they stand for; the values themselves are never made."""
    (mistake,) = mistakes(laughs(12))
    assert mistake.message == "more than 50,000 values, those of aliases included"
    assert mistake.line == 6


def test_merged_mappings_count_too() -> None:
    """Merge keys cannot be used to get around the count."""
    lines = ["m0: &m0 {k: [x, x, x]}"]
    lines += [f"m{at}: &m{at} {{a: *m{at - 1}, b: *m{at - 1}, c: {{<<: *m{at - 1}}}}}" for at in range(1, 20)]
    (mistake,) = mistakes("\n".join(lines))
    assert mistake.message == "more than 50,000 values, those of aliases included"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused(opening: str) -> None:
    """A hundred thousand brackets neither take long nor overflow a stack."""
    assert "nested deeper than 50 levels" in {mistake.message for mistake in mistakes(opening * 100_000)}


def test_a_text_of_more_than_a_mebibyte_is_refused(tmp_path: Path) -> None:
    """Neither a text nor a file may be longer; of a file no more than that is read."""
    text = "# " + "x" * nodes.MAX_BYTES
    path = tmp_path / "long.yaml"
    path.write_text(text)
    assert [mistake.message for mistake in mistakes(text)] == ["longer than 1,048,576 bytes"]
    with pytest.raises(ScenarioError, match="longer than 1,048,576 bytes"):
        load_file(path, catalog=CATALOG)


@pytest.mark.parametrize("depth", [60, 5000])
def test_objects_are_bounded_too(depth: int) -> None:
    """Deep objects, objects that contain themselves, and what is no data at all are mistakes."""
    deep: Any = "x"
    for _ in range(depth):
        deep = [deep]
    endless: list[Any] = []
    endless += [endless, endless]
    for value in (deep, endless, {"rules": object()}, {"description": "\ud800"}):
        with pytest.raises(ScenarioError):
            load_objects(value, catalog=CATALOG)


SNIPPETS = [
    "rules",
    "reply",
    "when",
    "text",
    ": ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "&a ",
    "*a",
    "<<",
    "|",
]
SNIPPETS += [
    "#",
    "? ",
    "!!str ",
    "%",
    "yes",
    "1:30",
    "0x1",
    "{{ now }}",
    "{% for %}",
    "é",
    "\t",
    "---",
    "error",
    "a: 1",
]


@given(st.lists(st.sampled_from(SNIPPETS), max_size=40).map("".join))
def test_any_text_is_a_scenario_or_has_mistakes(text: str) -> None:
    """Whatever is written, reading it raises nothing but mistakes, each with a place in the text."""
    try:
        load_text(text, "any.yaml", catalog=CATALOG)
    except ScenarioError as error:
        lines = text.split("\n")
        assert all(1 <= mistake.line <= len(lines) for mistake in error.mistakes)


WORDS = "name rules when reply replies text error faults stall after tokens stream last_user contains matches body"
KEYS = WORDS.split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.floats() | st.sampled_from(SNIPPETS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4))
def test_any_objects_are_a_scenario_or_have_mistakes(value: Any) -> None:
    """Whatever is given, reading it raises nothing but mistakes."""
    try:
        load_objects(value, catalog=CATALOG)
    except ScenarioError as error:
        assert error.mistakes


def test_what_a_value_itself_refuses_is_a_mistake() -> None:
    """A glob that no pattern can be made of is told at its policy, as if the language had known."""
    globs = f'["{"*" * 2000}"]'
    text = f"name: mine\naccount: {{keys: {{default: {{models: {globs}}}}}}}\nrules: [{{reply: {{text: Hello.}}}}]\n"
    with pytest.raises(ScenarioError) as raised:
        load_text(text, "mine.yaml", catalog=Catalog.load())
    (mistake,) = raised.value.mistakes
    assert (mistake.line, mistake.path, mistake.message) == (
        2,
        "account.keys.default",
        "a glob has at most 1,000 characters",
    )
