"""What only /anthropic has: an answer of no tokens, betas, a second spelling of formats, and Claude Code's requests."""

import asyncio
import json
from typing import Any, TypeAlias

import anthropic
import pytest
from support.asgi import MESSAGES, Exchange, ask, error_of, events, make_engine, post
from support.parameters import answer
from support.reassembly import joined_message

from emulator import Emulator
from emulator.inferences.verdict import verdict
from emulator.web.app import create_app

Body: TypeAlias = dict[str, Any]

MODEL = "zai-org--GLM-5.3"
COUNT = f"{MESSAGES}/count_tokens"
SHIPS = {
    "type": "object",
    "properties": {"ships": {"type": "integer"}},
    "required": ["ships"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "schema": SHIPS}
TOOL = {"name": "tide", "input_schema": {"type": "object"}}


def asked(content: Any = "Which ships came in today?", **more: Any) -> Body:
    return {"model": MODEL, "max_tokens": 900, "messages": [{"role": "user", "content": content}], **more}


# ---------------------------------------------------------------------------------------------- no tokens


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "adaptive"}},
        {"tools": [TOOL], "tool_choice": {"type": "any"}},
        {"output_format": FORMAT},
        {"system": [{"type": "text", "text": "You are the harbour office.", "cache_control": {"type": "ephemeral"}}]},
    ],
    ids=["plain", "no thinking", "thinking", "a tool", "a format", "a cached prompt"],
)
@pytest.mark.parametrize("canned", [None, {"text": "Three ships."}], ids=["generated", "canned"])
def test_no_tokens_are_asked_for(more: Body, canned: Body | None) -> None:
    """The content is empty, the limit ended it, and only the prompt is counted: whole, and as a stream."""
    told = answer(MESSAGES, asked(max_tokens=0, **more), canned)
    body = json.loads(told.body)
    assert (body["content"], body["stop_reason"], told.completion) == ([], "max_tokens", 0)
    assert told.prompt == post(COUNT, asked(**more)).json["input_tokens"]


# ---------------------------------------------------------------------------------------------- betas

INTERLEAVED = "interleaved-thinking-2025-05-14"
BETAS: dict[str, list[str]] = {
    "alone": [INTERLEAVED],
    "first": [f"{INTERLEAVED},fast-mode"],
    "last": [f"claude-code-20250219, effort-2025-11-24 ,{INTERLEAVED}"],
    "of another date": ["interleaved-thinking-2030-01-01"],
    "in a second header": ["fast-mode", INTERLEAVED],
    "in a first header": [INTERLEAVED, "fast-mode"],
}
NO_BETAS: dict[str, list[str]] = {
    "none": [],
    "another": ["thinking-token-count-2026-05-13"],
    "only in part of a word": ["no-interleaved-thinking-2025-05-14"],
    "empty": [""],
}


def budgeted(betas: list[str]) -> Exchange:
    """A request for more thinking than tokens, with a header for each list of betas."""
    body = asked(max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 4000}, tools=[TOOL])
    exchange = Exchange(create_app(make_engine()), "POST", MESSAGES, body)
    exchange.scope["headers"] += [(b"anthropic-beta", value.encode()) for value in betas]
    return asyncio.run(exchange.run())


@pytest.mark.parametrize("name", BETAS)
def test_interleaved_thinking_may_have_a_larger_budget(name: str) -> None:
    """With the beta, in whichever of the headers' forms, a budget above max_tokens is answered within max_tokens."""
    exchange = budgeted(BETAS[name])
    assert exchange.status == 200
    assert exchange.json["content"][0]["type"] == "thinking"
    assert exchange.json["usage"]["output_tokens"] <= 2000


@pytest.mark.parametrize("name", NO_BETAS)
def test_without_the_beta_the_budget_is_below_the_limit(name: str) -> None:
    """It is a 400 in Anthropic's words."""
    exchange = budgeted(NO_BETAS[name])
    assert exchange.status == 400
    assert error_of(exchange)["message"].startswith("`max_tokens` must be greater than `thinking.budget_tokens`")


def test_the_sdks_betas(akash: Emulator) -> None:
    """The SDK's argument `betas` becomes the header."""
    thinking = {"type": "enabled", "budget_tokens": 4000}
    given: Any = asked(max_tokens=2000, thinking=thinking, betas=[INTERLEAVED, "context-1m-2025-08-07"])
    with anthropic.Anthropic(base_url=akash.anthropic_base_url, api_key=akash.key, max_retries=0) as client:
        assert client.beta.messages.create(**given).content[0].type == "thinking"


# ---------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    "more",
    [
        {"output_format": FORMAT},
        {"output_config": {"format": FORMAT}},
        {"output_config": {"format": FORMAT}, "output_format": {"type": "json_schema", "schema": {"type": "string"}}},
        {"output_config": {"effort": "low"}, "output_format": FORMAT},
    ],
    ids=["output_format", "output_config", "both", "beside an effort"],
)
def test_a_format_in_either_spelling(more: Body) -> None:
    """The text is JSON of the schema, whole and streamed; of two formats, output_config's counts."""
    body = json.loads(answer(MESSAGES, asked(thinking={"type": "disabled"}, **more)).body)
    (block,) = body["content"]
    assert isinstance(json.loads(block["text"])["ships"], int)


def test_a_schema_that_nothing_satisfies_is_named() -> None:
    """The 400 has the place of the spelling that was used."""
    wrong = {"type": "json_schema", "schema": {"type": "integer", "minimum": 2, "maximum": 1}}
    assert error_of(post(MESSAGES, asked(output_format=wrong)))["message"].startswith("output_format.schema: ")


# ---------------------------------------------------------------------------------------------- Claude Code


@pytest.mark.parametrize("model", ["zai-org--GLM-5.3[1m]", "zai-org/GLM-5.3[1m]"])
def test_a_model_with_a_mark_for_its_context(model: str) -> None:
    """`[1m]` behind a model's id changes nothing, and comes back with the id."""
    told, plain = (post(MESSAGES, asked() | {"model": name}).json for name in (model, MODEL))
    assert (told["model"], told["content"][1], told["usage"]) == (model, plain["content"][1], plain["usage"])
    assert post(COUNT, asked() | {"model": model}).status == 200
    assert post(MESSAGES, asked() | {"model": "[1m]"}).status == 404


CLAUDE_CODE = {
    "anthropic-beta": "claude-code-20250219,context-1m-2025-08-07,interleaved-thinking-2025-05-14,"
    "context-management-2025-06-27,mid-conversation-tool-changes-2026-07-01,effort-2025-11-24,"
    "dangerous-tool-use-2026-09-03,thinking-display-updates-2026-08-18,afk-mode-2026-01-31",
    "anthropic-version": "2023-06-01",
    "user-agent": "claude-cli/2.1.332 (external, cli)",
}
SEARCHED = {"type": "tool_use", "id": "toolu_1", "name": "ToolSearch", "input": {"query": "select:WebSearch"}}
FOUND = {
    "type": "tool_result",
    "tool_use_id": "toolu_1",
    "content": [{"type": "tool_reference", "tool_name": "WebSearch"}],
}
AGENT: Body = {
    "max_tokens": 32000,
    "thinking": {"type": "adaptive", "display": "updates"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "safeguards": {"tool_use": "ask"},
    "output_config": {"effort": "high"},
    "metadata": {"user_id": '{"device_id":"0"}'},
    "tools": [TOOL, {"name": "Later", "input_schema": {"type": "object"}, "defer_loading": True}],
    "stream": True,
}
TURNS = [
    {
        "role": "user",
        "content": [{"type": "text", "text": "Search for ferries.", "cache_control": {"type": "ephemeral"}}],
    },
    {"role": "system", "content": "# Environment"},
    {"role": "assistant", "content": [SEARCHED]},
    {"role": "user", "content": [FOUND]},
]
SESSION: dict[str, Body] = {
    "a title": asked(output_config={"effort": "high", "format": FORMAT}, stream=True),
    "a question": asked(**AGENT) | {"messages": TURNS[:2]},
    "a tool that was loaded": asked(**AGENT) | {"messages": TURNS},
    "a web search": asked(
        "Perform a web search for the query: ferry timetables",
        tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}],
        tool_choice={"type": "tool", "name": "web_search"},
        output_config={"effort": "high"},
        stream=True,
    ),
    "whether a command is safe": asked(stop_sequences=["</block>"], max_tokens=2112),
    "a long context": asked(**AGENT) | {"model": "zai-org--GLM-5.3[1m]"},
}
"""Requests of a session of Claude Code 2.1.332, with less text in them."""


def test_a_session_of_claude_code() -> None:
    """None of its requests is refused, each stream joins to a message, and the verdict is good."""
    engine = make_engine()
    app = create_app(engine)
    for name, body in SESSION.items():
        exchange = ask(app, "POST", f"{MESSAGES}?beta=true", body, headers=CLAUDE_CODE)
        assert exchange.status == 200, (name, exchange.body)
        told = joined_message(events(exchange.body)) if body.get("stream") else exchange.json
        assert told["content"], name
    record = engine.store.inferences.all()
    assert [each.status for each in record] == [200] * len(SESSION)
    assert verdict(record)
    warned = [each for each in record if each.warning]
    assert len(warned) == 4
    assert "'tool_reference'" in warned[1].warning
    assert "'updates'" in warned[1].warning
