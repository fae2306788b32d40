"""Templates: what they can use, that the same request reads the same, and what they cannot do."""

import os
import subprocess
import sys
from typing import Any

import pytest

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH
from emulator.core.errors import Rejected
from emulator.core.seeds import Seed
from emulator.core.vocabulary import InferenceRequest, Message, Tool, ToolUse
from emulator.scenario import fakes
from emulator.scenario.budget import MAX_CHARACTERS
from emulator.scenario.loader import load_text
from emulator.scenario.match import match
from emulator.scenario.reply import ReplyContext, drafts
from emulator.scenario.subject import Subject

CATALOG = Catalog.load()
MESSAGES = (Message("system", "Be brief."), Message("user", "Weather in Paris?"))
REQUEST = InferenceRequest(
    "chat",
    "zai-org/GLM-5.3",
    messages=MESSAGES,
    tools=(Tool("search"), Tool("get_weather")),
    body={"metadata": {"user_id": "u-7"}, "temperature": 0.5},
    headers={"x-test": "yes"},
)


def indented(text: str) -> str:
    """The text as a block in the reply of a rule."""
    return "\n".join(f"        {line}" for line in text.split("\n"))


def context(text: str, when: str = "{}", request: InferenceRequest = REQUEST, seed: str = "") -> ReplyContext:
    """What a rule with this text is rendered with."""
    written = f"name: story\nrules:\n  - name: told\n    when: {when}\n    reply:\n      text: |-\n{indented(text)}\n"
    scenario = load_text(written, "story.yaml", catalog=CATALOG)
    subject = Subject(request)
    found = match(scenario.rules[0].when, subject)
    assert found is not None
    return ReplyContext(scenario, scenario.rules[0], found, subject, Seed.of("test", seed), EPOCH)


def rendered(text: str, when: str = "{}", request: InferenceRequest = REQUEST, seed: str = "") -> str:
    """The text that the template makes."""
    told = context(text, when, request, seed)
    return drafts(told.rule.replies[0], told)[0].text.text


def failure(text: str, request: InferenceRequest = REQUEST) -> str:
    """What a client is told of a template that fails; the 500 is all that happens."""
    with pytest.raises(Rejected) as caught:
        rendered(text, request=request)
    assert caught.value.error.kind == "internal"
    return caught.value.error.message


# ---------------------------------------------------------------------------------------------- what they can use


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ request.model }}", "zai-org/GLM-5.3"),
        ("{{ request.last_user | upper }}", "WEATHER IN PARIS?"),
        ("{{ request.system }} {{ request.turn }}", "Be brief. 0"),
        ("{{ request.tools }}", '["search", "get_weather"]'),
        ("{{ request.tools | join(', ') }}", "search, get_weather"),
        ("{{ request.body.metadata.user_id }}{{ request.body['temperature'] + 1 }}", "u-71.5"),
        ("{{ request.headers['x-test'] }}", "yes"),
        ("{{ now.year }} {{ now.strftime('%d.%m.') }}", "2026 01.01."),
        ("{{ now }}", "2026-01-01 00:00:00+00:00"),
        ("{% for tool in request.tools %}{{ loop.index }}:{{ tool }} {% endfor %}", "1:search 2:get_weather "),
        ("{% if request.turn == 0 %}first{% else %}later{% endif %}", "first"),
        ("{% set city = 'Paris' %}{{ city ~ '-' ~ 3 * 2 }}", "Paris-6"),
        ("{{ none }} {{ true }} {{ 1.50 }} {{ [1, none] }}", "null true 1.5 [1, null]"),
        ("{{ range(3) | list }} {{ 7 % 4 }} {{ 2 // 1 }}", "[0, 1, 2] 3 2"),
        ("{{ '{\"a\": [1]}' | fromjson }}", '{"a": [1]}'),
        ("{{ {'ä': 1} | tojson }}", '{"ä": 1}'),
        ("{{ request.tools | map('upper') }}", '["SEARCH", "GET_WEATHER"]'),
        ("{{ 'a-b' | replace('-', '+') }} {{ 2.345 | round(1) }}", "a+b 2.3"),
        ("{{ '{{' }} {% raw %}{% x %}{% endraw %}", "{{ {% x %}"),
        ("<b>{{ '<' }}</b>\n\n!", "<b><</b>\n\n!"),
        ("{# no comment without a template #}", "{# no comment without a template #}"),
    ],
)
def test_a_template_makes_a_text(text: str, expected: str) -> None:
    """Of the request, the time, and what Jinja offers; lists and flags are printed as JSON has them."""
    assert rendered(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ request.last_user }}",
        "{{ request['system'] }} and {{ request.model }} {{ request.turn }}",
        "{{ request }} {{ request | items | map('first') | list }}",
        "{{ request['mod' ~ 'el'] }} {{ [request] | map(attribute='turn') | list }}",
        "{% set asked = request %}{{ asked.body.temperature }} {{ asked.last_user }}",
        "{% for request in [{'turn': 7}] %}{{ request.turn }}{% endfor %} {{ request.turn }}",
        "{{ now }} {{ fake.name() }} {{ fake.name() }} {{ match.city }}",
        "{{ match.city }}: {{ match }} {{ match['city'] }}",
    ],
)
def test_a_template_reads_the_same_wherever_it_stands(text: str) -> None:
    """What is made ready for a template, because it reads no more, changes nothing of what it reads."""
    when = "{last_user: {matches: 'in (?P<city>\\w+)'}}"
    ignored = "{% set all = [request, now, fake, match] %}{% if false %}{% endif %}"
    assert rendered(text, when) == rendered(ignored + text, when)


def test_named_groups_are_in_match() -> None:
    """The part of the request that an expression named."""
    assert rendered("{{ match.city }}!", "{last_user: {matches: 'in (?P<city>\\w+)'}}") == "Paris!"


def test_the_last_tool_result_can_be_used_as_text_or_as_json() -> None:
    """An answer can depend on what the client's tool said."""
    called = Message("assistant", tool_calls=(ToolUse("a", "f", "{}"), ToolUse("b", "f", "{}")))
    results = Message("tool", "first", tool_call_id="a"), Message("tool", '{"degrees": 20}', tool_call_id="b")
    request = InferenceRequest("chat", REQUEST.model, messages=(*MESSAGES, called, *results))
    text = "{{ (tool_result | fromjson).degrees + 1 }} {{ tool_result }}"
    assert rendered(text, request=request) == '21 {"degrees": 20}'


def test_the_same_request_reads_the_same_name() -> None:
    """Fake values come from the seed: two in one text differ, and so do those of another request."""
    text = "{{ fake.name() }}/{{ fake.name() }}"
    first, second = rendered(text).split("/")
    assert first != second
    assert rendered(text) == f"{first}/{second}"
    assert rendered(text, seed="other") != f"{first}/{second}"


def test_templates_stand_in_json_and_arguments() -> None:
    """In every text of a value; what is no text is as it is written."""
    written = """
        rules:
          - reply: {json: {a: ["{{ request.turn }}", 1, null]}, tool_calls: [{name: f, arguments: {b: "{{ '\\"' }}"}}]}
        """
    scenario = load_text(written, "story.yaml", catalog=CATALOG)
    told = scenario.rules[0]
    subject = Subject(REQUEST)
    found = match(told.when, subject)
    assert found is not None
    (draft,) = drafts(told.replies[0], ReplyContext(scenario, told, found, subject, Seed.of(""), EPOCH))
    assert draft.text.text == '{"a": ["0", 1, null]}'
    assert draft.tool_calls[0].arguments.text == '{"b": "\\""}'


# ---------------------------------------------------------------------------------------------- what fails


def test_a_template_that_fails_names_scenario_rule_and_line() -> None:
    """The client gets a 500 that says where to look; nothing else happens."""
    assert failure("Hello\n{{ request.body.user.name }}") == (
        "The template in line 8 of the scenario story, rule told, failed: "
        "UndefinedError: 'dict object' has no attribute 'user'"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ tool_result }}", "'tool_result' is undefined"),
        ("{{ request.body.x }}", "has no attribute 'x'"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ request.tools + 1 }}", "TypeError"),
        ("{{ 'x' | fromjson }}", "JSONDecodeError"),
        ("{{ fake.name }}", "a Method cannot be printed; a method is called with ()"),
        ("{{ request.model.upper }}", "a builtin_function_or_method cannot be printed"),
        ("{{ fake }}", "a Fake cannot be printed"),
        ("{{ fake.random_element(7) }}", "TypeError"),
    ],
)
def test_whatever_a_template_raises_is_answered(text: str, why: str) -> None:
    """Mistakes that only a request shows become a 500; no address in memory is in its message."""
    told = failure(text)
    assert why in told
    assert "0x" not in told


ATTRIBUTES = [
    "''.__class__",
    "''['__class__']",
    "().__class__.__base__.__subclasses__()",
    "now.__class__",
    "now.tzinfo.__class__",
    "request.body.__init__.__globals__",
    "(request.tools | first).__len__()",
    "fake.name.__self__",
    "fake.name._call",
    "range.__globals__",
    "[].append(1)",
    "request.body.update({})",
    "request.headers.clear()",
    "'{0.__class__}'.format(1)",
    "'%s'.__mod__(1)",
    "'x'.encode()",
    "'x'.join(['a'])",
    "'x'.ljust(9)",
    "'x'.zfill(9)",
    "'x'.replace('x', 'y')",
    "'x'.translate({})",
    "now.replace(year=1)",
    "now.astimezone()",
    "['a'] | map(attribute='__class__') | list",
    "['a'] | map('attr', '__class__') | list",
    "[{}] | sum(attribute='__class__')",
    "request.tools | sort(attribute='__class__')",
]


@pytest.mark.parametrize("expression", ATTRIBUTES)
def test_a_template_reaches_nothing_that_is_not_listed(expression: str) -> None:
    """No class, no global, no method that changes, formats or grows; it fails before anything happens."""
    assert "failed: " in failure("{{ " + expression + " }}")


GROWING = [
    "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
    "{% for a in range(1000000000) %}{% endfor %}",
    "{{ range(10000000) | list }}",
    "{{ range(99999999999999999999) }}",
    "{{ 'x' * 1000000000 }}",
    "{{ [1] * 1000000000 }}",
    "{{ 999999999999999 * 999999999999999 }}",
    "{% set a = 'xx' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
    "{% set a = 'xx' %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
    "{% set a = [1, 2] %}" + "{% set a = a + a %}" * 60 + "{{ a | length }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 45 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 45 + "{{ a | tojson }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 45 + "{{ a | string }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 45 + "{{ 'x' ~ a }}",
    "{% set a = 'x' %}" + "{% set a = a | replace('x', 'xxxxxxxx') %}" * 60 + "{{ a }}",
    "{% set a = 'xx' %}" + "{% set a = [a, a] | join(a) %}" * 60 + "{{ a }}",
    "{{ '%999999999d' % 1 }}",
    "{% for a in range(9999) %}" + "x" * 200 + "{% endfor %}",
    "{{ fake.pystr(max_chars=100000000) }}",
    "{{ fake.words(1000000) }}",
    "{{ fake.text(max_nb_chars=1000000) }}",
]


@pytest.mark.parametrize("text", GROWING, ids=[text[:40] + "..." + text[-20:] for text in GROWING])
def test_a_template_does_not_grow_without_bounds(text: str) -> None:
    """Loops, texts, numbers and nested lists are refused when they are too large, before they are made."""
    assert "failed: " in failure(text)


def test_a_text_may_have_a_mebibyte() -> None:
    """What is below the limit is sent as it is."""
    piece = "x" * (MAX_CHARACTERS // 8)
    assert len(rendered("{% for a in range(8) %}" + piece + "{% endfor %}")) == MAX_CHARACTERS
    assert "more than 1,048,576 characters" in failure("{% for a in range(8) %}" + piece + "{% endfor %}!")


# ---------------------------------------------------------------------------------------------- fakes

TELL = """
import json
from emulator.scenario.fakes import Fake, names
from emulator.core.seeds import Seed
told = {name: repr(getattr(Fake(Seed.of(name)), name)()) for name in sorted(names())}
print(json.dumps(told))
"""


def faked(**environment: str) -> str:
    """Everything that Faker offers to templates, said in a process of its own."""
    return subprocess.check_output([sys.executable, "-c", TELL], text=True, env={**os.environ, **environment})


def test_what_is_faked_is_the_same_in_every_process() -> None:
    """It depends on the seed, and on no order of a set."""
    assert faked(PYTHONHASHSEED="1") == faked(PYTHONHASHSEED="2")


def test_what_is_faked_does_not_depend_on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Faker derives from the machine's date is not offered, or templates would change overnight."""
    told = everything()
    move_clocks(monkeypatch, years=3)
    assert everything() == told


def everything() -> dict[str, Any]:
    """One value of everything that is offered."""
    return {name: getattr(fakes.Fake(Seed.of(name)), name)() for name in fakes.names()}


def move_clocks(monkeypatch: pytest.MonkeyPatch, years: int) -> None:
    """Let Faker's modules find that it is some years later."""
    from datetime import date, datetime

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Later":
            real = datetime.now(tz)
            return cls(real.year + years, real.month, 1, tzinfo=tz)

    class LaterDay(date):
        @classmethod
        def today(cls) -> "LaterDay":
            return cls(date.today().year + years, 1, 1)

    modules = [module for name, module in sys.modules.items() if name.startswith("faker.")]
    for module in modules:
        for name, value in list(vars(module).items()):
            if value is datetime:
                monkeypatch.setattr(module, name, Later)
            elif value is date:
                monkeypatch.setattr(module, name, LaterDay)
    assert any(value is Later for module in modules for value in vars(module).values())


def test_loading_a_scenario_without_templates_loads_neither_jinja_nor_faker() -> None:
    """Import time is start-up time."""
    script = (
        "import sys; from emulator.core.catalog import Catalog; "
        "from emulator.scenario.loader import load_text; "
        "load_text('rules: [{reply: {text: Hello}}]', 'a.yaml', catalog=Catalog.load()); "
        "print(sorted({'jinja2', 'faker'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"
