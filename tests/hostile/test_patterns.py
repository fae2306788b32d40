"""Expressions that used to stop the server, in schemas and scenarios, each sent as a client sends it."""

import time
from typing import Any, NamedTuple

import pytest
from support.asgi import CHAT, KEY, PLAIN, activate, ask, chat, make_engine, post

from emulator.web.app import create_app

ENOUGH = 5.0
"""Seconds. The searches take a small part of it; what is tested here took minutes, or did not end."""

NESTED = "^" + "(" * 10 + "a?" + "){2,}" * 10 + "$"


def told(**schema: Any) -> Any:
    """A schema of a text or of what else is given."""
    return {"type": "object", "properties": {"x": schema}, "required": ["x"], "additionalProperties": False}


SCHEMAS = {
    "words and spaces": told(type="string", pattern=r"^(\w+\s?){30,}$"),
    "enum": told(enum=["a" * 40 + "!"], pattern="^(a+)+$"),
    "const": told(const="a" * 40 + "!", pattern="^(a+)+$"),
    "a long enum": told(enum=["a" * 20_000 + "!"], pattern="^a*a*a*a*a*$"),
    "a thousand values": told(enum=["a" * 40 + f"!{number}" for number in range(1000)], pattern="^(a|aa)+$"),
    "pattern properties": {"type": "object", "required": ["a" * 60 + "!"], "patternProperties": {"^(a+)+$": True}},
    "optional parts": told(type="string", pattern="^(x?){30}x{30}$"),
    "a huge count": told(type="string", pattern="^(a?){4000000000}$"),
    "deep nesting": told(type="string", pattern=NESTED),
    "a lookahead": told(enum=["a" * 5000], pattern="(?=(a|aa)+$)(?=.*b)"),
    "a backreference": told(enum=["ab" * 5000], pattern=r"(.*)(.*)\1\2c"),
    "a long pattern": told(type="string", pattern="(a|b)?" * 16_000),
    "many long patterns": told(allOf=[{"pattern": f"^{number}?" + "(a|b)?" * 800} for number in range(40)]),
    "large sets": told(type="string", pattern="(?i)" + r"[\x00-\uffff]" * 300),
    "parentheses": told(type="string", pattern="(" * 50_000 + ")" * 50_000),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_with_hostile_patterns_is_answered(name: str) -> None:
    """There is an answer, or a 400 that says why there is none, soon."""
    response_format = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMAS[name]}}
    began = time.perf_counter()
    answer = post(CHAT, chat(response_format=response_format))
    assert answer.status in (200, 400)
    assert time.perf_counter() - began < ENOUGH


class Search(NamedTuple):
    """An expression in a scenario, a text of a client, and whether it matches."""

    pattern: str
    text: str
    matches: bool


FILE = "error file line "
SEARCHES = [
    Search("error.*file.*line.*fix", FILE * 256, False),
    Search("error.*file.*line.*fix", FILE * 65_536, False),
    Search("error.*file.*line.*fix", FILE * 65_536 + "fix", True),
    Search(r"(\w+\s?)+!", "word " * 200_000, False),
    Search(r"^(a+)+$", "a" * 1_000_000 + "!", False),
    Search(r"(a|aa)+$", "a" * 1_000_000 + "!", False),
    Search(r"(.*a){20}", "a" * 19 + "b" * 1_000_000, False),
    Search(r"\s+$", " " * 1_000_000 + ".", False),
    Search(r"(?s)error.{0,100}failed", "error" * 200_000, False),
    Search(r".*.*.*=", "x" * 1_000_000, False),
    Search(r"[\w.+-]+@[\w-]+\.[\w.-]+", "a." * 500_000, False),
    Search(r"(?i)(?=.*needle)(?!.*nail).*hay.*stack", "hay " * 250_000 + "NEEDLE stack", True),
    Search(r"\b\w+ing\b", "é" * 1_000_000 + " going", True),
    Search(r"(?P<word>\w+)(?=\?)", "who " * 250_000 + "is it?", True),
    Search(r"x{1,500}y", "x" * 1_000_000, False),
    Search(r"needle", "hay" * 333_333 + "needle", True),
]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: f"{search.pattern} {len(search.text)}")
def test_a_text_of_any_length_is_searched(search: Search) -> None:
    """A rule is decided by the whole text, and soon."""
    rules = f"models: {{{PLAIN}: {{context_length: 5000000}}}}\n"
    rules += f"rules:\n  - when: {{last_user: {{matches: '{search.pattern}'}}}}\n    reply: {{text: found}}\n"
    engine = make_engine()
    engine.library.put("story", rules + "  - reply: {text: nothing}\n")
    activate(engine, "story")
    app = create_app(engine)
    began = time.perf_counter()
    answer = ask(app, "POST", CHAT, chat(search.text), key=KEY)
    assert time.perf_counter() - began < ENOUGH
    assert answer.status == 200
    assert (b"found" in answer.body) is search.matches
