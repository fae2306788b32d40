"""Inputs that are nearly right: valid ones, changed in a few places to what programs and attackers send."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from fuzz.choices import Choices
from support.asgi import CHAT, CHAT_TOOL, COMPLETIONS, COUNT, MESSAGE_TOOL, MESSAGES, PLAIN, REASONING, SAMPLES

SCENARIOS = Path(__file__).parents[2] / "scenarios"

_LONG = (10, 300, 3_000)
_TEXTS = (
    "",
    "a",
    "Say hello.",
    "What is 3 times 12? Answer as JSON with 'value'.",
    "\x00",
    "\x1b[31mred\x1b[0m",
    "\r\nX-Injected: 1",
    "\ud800",
    "\u202eabc",
    "你好",
    "🙂",
    "../../etc/passwd",
    "akml-local",
    "akml-429",
    "sk-" + "aB3" * 15,
    "{{ 7 * 7 }}",
    "NaN",
    "-0",
    "1e309",
    "null",
    "__proto__",
    "5.00 USD",
    "60s",
    "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "x60",
    PLAIN,
    REASONING,
)
_NUMBERS = (
    0, 1, -1, 2, 0.5, -0.0, 128, 16_000, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**200, 10**400, 1e-300, 1e300, -1e300,
    float("inf"), float("nan"), 400, 429, 999,
)  # fmt: skip
_WORDS = [
    "model", "messages", "role", "content", "stream", "max_tokens", "max_completion_tokens", "n", "stop",
    "temperature", "top_p", "tools", "tool_choice", "response_format", "json_schema", "schema", "type",
    "properties", "items", "logprobs", "top_logprobs", "seed", "user", "metadata", "system", "thinking",
    "budget_tokens", "prompt", "echo", "best_of", "suffix", "input_schema", "name", "stream_options",
    "include_usage", "text", "image_url", "url", "source", "rules", "when", "reply", "faults", "credits", "keys",
    "rate", "ahead", "key", "policy", "scenario", "set", "advance", "freeze", "run", "rate", "query", "after",
    "limit",
]  # fmt: skip


def text(choices: Choices) -> str:
    """A text, in rare cases a long one."""
    found = choices.one(_TEXTS)
    return (found or "x ") * choices.one(_LONG) if choices.chance(12) else found


def leaf(choices: Choices) -> Any:
    """A JSON value without parts."""
    kind = choices.below(5)
    return (None, True, False)[choices.below(3)] if kind == 0 else choices.one(_NUMBERS) if kind < 3 else text(choices)


def value(choices: Choices, depth: int = 3) -> Any:
    """Any JSON value; rarely one of very many or very deep parts."""
    kind = choices.below(8)
    if kind < 4 or not depth:
        return leaf(choices)
    if kind == 4 and choices.chance(6):
        return _nested(choices.one((50, 300)), choices.chance(2))
    if kind == 5 and choices.chance(6):
        return [leaf(choices)] * choices.one((100, 1_000))
    if kind < 6:
        return [value(choices, depth - 1) for _ in range(choices.below(4))]
    return {choices.one(_WORDS): value(choices, depth - 1) for _ in range(choices.below(4))}


def _nested(depth: int, arrays: bool) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = [found] if arrays else {"a": found}
    return found


def changed(choices: Choices, valid: Any, other: Callable[[Choices], Any] = value) -> Any:
    """A copy of `valid` in which some values, keys or elements are replaced, removed, repeated or added."""
    found = json.loads(json.dumps(valid))
    for _ in range(1 + choices.below(3)):
        found = _changed_once(choices, found, other)
    return found


def _changed_once(choices: Choices, found: Any, other: Callable[[Choices], Any]) -> Any:
    part: Any = found
    while isinstance(part, dict | list) and part:
        places: Sequence[Any] = list(part) if isinstance(part, dict) else range(len(part))
        place = choices.one(places)
        if isinstance(part[place], dict | list) and part[place] and choices.below(3):
            part = part[place]
            continue
        match choices.below(6):
            case 0:
                del part[place]
            case 1 if isinstance(part, dict):
                part[text(choices)] = part.pop(place)
            case 1 if isinstance(part, list):
                part.extend(part[: choices.below(40)])
            case 2 if isinstance(part, dict):
                part[choices.one(_WORDS)] = other(choices)
            case 3:
                part[place] = [part[place]] * (3 if isinstance(part[place], dict | list) else choices.one((1, 30)))
            case _:
                part[place] = other(choices)
        return found
    return other(choices)


def schema(choices: Choices, depth: int = 3) -> Any:
    """A JSON Schema, often one that contradicts itself or refers to itself."""
    if choices.chance(10):
        return value(choices)
    found: dict[str, Any] = {}
    for _ in range(1 + choices.below(4)):
        word, make = choices.one(_SCHEMA_WORDS)
        found[word] = make(choices, max(depth - 1, 0))
    if depth == 3:
        found["$defs"] = {name: schema(choices, 2) for name in "abc"}
    return found


def _some_schemas(choices: Choices, depth: int) -> Any:
    count = choices.below(4) if depth else 0
    return [schema(choices, depth - 1) if depth else {} for _ in range(count)] or [{}]


def _one_schema(choices: Choices, depth: int) -> Any:
    return schema(choices, depth - 1) if depth else choices.one(({}, True, False, {"$ref": "#"}))


def _schemas_by_name(choices: Choices, depth: int) -> Any:
    return {choices.one(("a", "b", "^a", "city", "(a+)+$")): _one_schema(choices, depth) for _ in range(3)}


_PATTERNS = (
    "^a", "(a+)+$", r"^(\w+\s?){30,}$", "^(x?){30}x{30}$", "[", "(?=a)b", r"(a)\1", "^[^a]*$", ".*.*.*=.*", r"\d{1000}",
    "(?i)abc", "^(a|b|ab)*c$", r"^\p{L}+$", "(((((((((a*)*)*)*)*)*)*)*)*)*$", "a{0,65536}", "^$",
)  # fmt: skip
_SCHEMA_WORDS: Sequence[tuple[str, Callable[[Choices, int], Any]]] = (
    ("type", lambda c, d: c.one(("object", "string", "integer", "array", "number", "null", "x", ["string", "null"]))),
    ("properties", _schemas_by_name),
    ("patternProperties", _schemas_by_name),
    ("dependentSchemas", _schemas_by_name),
    ("required", lambda c, d: c.one((["a"], ["a", "b", "zz"], [str(n) for n in range(c.one((3, 3_000)))]))),
    ("allOf", _some_schemas),
    ("anyOf", _some_schemas),
    ("oneOf", _some_schemas),
    ("prefixItems", _some_schemas),
    ("not", _one_schema),
    ("if", _one_schema),
    ("then", _one_schema),
    ("items", _one_schema),
    ("contains", _one_schema),
    ("additionalProperties", _one_schema),
    ("unevaluatedProperties", _one_schema),
    ("propertyNames", _one_schema),
    ("$ref", lambda c, d: c.one(("#", "#/$defs/a", "#/$defs/b", "#/$defs/c", "#/nowhere", "http://x.test/y"))),
    ("pattern", lambda c, d: c.one(_PATTERNS)),
    ("format", lambda c, d: c.one(("date", "email", "uuid", "ipv4", "regex", "uri", "date-time", "x"))),
    ("enum", lambda c, d: [leaf(c) for _ in range(c.one((1, 3, 400)))]),
    ("const", lambda c, d: value(c)),
    *((name, lambda c, d: c.one(_NUMBERS)) for name in (
        "minimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties",
    )),
    ("uniqueItems", lambda c, d: True),
)  # fmt: skip

_EXTRAS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "openai": (
        {"stream": True},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"n": 3, "logprobs": True, "top_logprobs": 5},
        {"tools": [CHAT_TOOL], "tool_choice": "required"},
        {"response_format": {"type": "json_object"}},
        {"model": REASONING, "max_tokens": 300},
        {"stop": ["a", "."], "seed": 3, "temperature": 1.5},
    ),
    "anthropic": (
        {"stream": True},
        {"tools": [MESSAGE_TOOL], "tool_choice": {"type": "any"}},
        {"model": REASONING, "max_tokens": 3_000, "thinking": {"type": "enabled", "budget_tokens": 1_024}},
        {"system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
        {"stop_sequences": ["e"]},
    ),
}


def request(choices: Choices) -> tuple[str, bytes]:
    """The path and the body of an inference."""
    path = choices.one([*SAMPLES, COUNT])
    extras = _EXTRAS["anthropic" if path.startswith("/anthropic") else "openai"]
    asked = {**SAMPLES[MESSAGES if path == COUNT else path], **choices.one(extras)}
    if path != COMPLETIONS and choices.chance(250):
        asked["messages"] = [{"role": "user", "content": text(choices) * choices.one((3_000, 30_000))}]
    if path == CHAT and choices.chance(6):
        asked["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema(choices)}}
    return path, spelled(choices, changed(choices, asked))


def spelled(choices: Choices, found: Any) -> bytes:
    """A value as JSON; in rare cases with some bytes changed, lost or added."""
    raw = json.dumps(found, ensure_ascii=choices.chance(2)).encode("utf-8", "surrogatepass")
    if choices.chance(100):
        return raw.replace(b":", b":" + b"[" * choices.one((500, 100_000)), 1)
    return damaged(choices, raw) if choices.chance(6) else raw


def damaged(choices: Choices, raw: bytes) -> bytes:
    """The same bytes with something done to them that a broken client, proxy or disk may do."""
    at = choices.below(len(raw) + 1)
    match choices.below(6):
        case 0:
            return raw[:at]
        case 1:
            return b"\xef\xbb\xbf" + raw
        case 2:
            return raw[:at] + choices.bytes(8) + raw[at:]
        case 3:
            return raw[:at] + choices.bytes(8) + raw[at + 4 :]
        case 4:
            return raw.decode("utf-8", "replace").encode("utf-16")
        case _:
            return raw[:at] + choices.one((b"\xea", b"\x00", b"\xed\xa0\x80", b"}", b'"', b"\\u")) + raw[at:]


_HEADER_NAMES = (
    "authorization", "x-api-key", "content-type", "content-encoding", "accept", "accept-encoding", "origin", "host",
    "anthropic-version", "anthropic-beta", "x-emulator-scenario", "x-emulator-error", "x-emulator-x", "user-agent",
    "x-stainless-retry-count", "x-request-id", "expect", "upgrade", "connection", "cookie", "range", "x-forwarded-for",
    "sec-fetch-site", "idempotency-key", "traceparent",
)  # fmt: skip
_HEADER_VALUES = (
    b"", b"Bearer akml-local", b"Bearer ", b"akml-429", b"Basic YTpi", b"application/json", b"text/plain", b"gzip",
    b"null", b"http://evil.test", b"2023-06-01", b"1999-01-01", b"hello", b"429", b"529", b"nowhere", b"\xff\xfe",
    b"a, b", b"a" * 9_000, b"\x7f", b"h2c", b"100-continue", b"cross-site", "caf\u00e9".encode(), b"127.0.0.1:8402",
    b"bytes=0-1", b"*/*", b"%00",
)  # fmt: skip


def headers(choices: Choices) -> list[tuple[bytes, bytes]]:
    """Header lines beyond those that a request needs."""
    names = [name.encode() for name in _HEADER_NAMES]
    return [
        (choices.one(names), choices.bytes(20) if choices.chance(6) else choices.one(_HEADER_VALUES))
        for _ in range(choices.below(6))
    ]


_STORIES = sorted(SCENARIOS.glob("*.yaml"))


def scenario(choices: Choices) -> bytes:
    """A scenario's text: a shipped one, changed, or one whose reply is a template."""
    if choices.chance(4):
        found = {"rules": [{"when": {"matches": choices.one(_PATTERNS)}, "reply": {"text": template(choices)}}]}
    else:
        found = changed(choices, yaml.safe_load(choices.one(_STORIES).read_text(encoding="utf-8")))
    raw = yaml.safe_dump(found, allow_unicode=True).encode("utf-8", "surrogatepass")
    if choices.chance(100):
        return b"rules: " + b"[" * choices.one((500, 100_000))
    return damaged(choices, raw) if choices.chance(5) else raw


_FRAGMENTS = (
    "{{ request.model }}", "{{ prompt }}", "{{ last_message }}", "{% for a in range(", "{% endfor %}", "{{ x|round(",
    "{% set x = ", " %}", " }}", ")", "|map('replace', 'a', 'aa')", "|sum(start=[])", "|join", "|tojson", "|upper",
    "prompt", "request", "[1, 2, 3]", "'a' * ", "1000000000", "-1", "**", "~", "|map(attribute='__class__')", ".format",
    "{% if ", "{% endif %}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "|batch(3)", "|replace('a', 'aaaa')",
    "|list", "|sort", "|groupby('a')", "|int", "|center(9999999)", "|indent(99)", "|wordwrap(1)", "|string", "now()",
    "{{ ", "turn", "seen", "faker.name()", "match.x", "loop.index", "loop", "cycler('a')", "|attr('x')",
    "namespace(a=1)", "text ", "|default('x')", "(", ", ",
    "|select('in', prompt)", "|urlize", "|pprint", "|xmlattr", "|filesizeformat",
)  # fmt: skip


def template(choices: Choices) -> str:
    """Pieces of templates, in an order that now and then is one."""
    whole = ("{{{{ {} }}}}", "{{% for a in {} %}}{{{{ a }}}}{{% endfor %}}", "{}")
    return choices.one(whole).format("".join(choices.one(_FRAGMENTS) for _ in range(1 + choices.below(8))))
