"""What a request to /anthropic has that is unknown: passed over with a warning, or refused where a setting says so."""

import json
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.asgi import KEY, MESSAGES, ask, error_of, make_engine, post

from emulator.inferences.verdict import verdict
from emulator.web.app import create_app

Body: TypeAlias = dict[str, Any]

MODEL = "zai-org--GLM-5.3"
COUNT = f"{MESSAGES}/count_tokens"
POEM = {"type": "poem", "lines": ["x"]}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 4}
TIDE = {"name": "tide", "input_schema": {"type": "object"}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "tide", "input": {}}


def asked(*turns: Any, **more: Any) -> Body:
    """A request with these contents of user and assistant, in turn."""
    messages = [{"role": ("user", "assistant")[at % 2], "content": content} for at, content in enumerate(turns)]
    return {"model": MODEL, "max_tokens": 200, "thinking": {"type": "disabled"}, "messages": messages, **more}


def answered(content: Any) -> Body:
    """A conversation in which a tool has answered with this content."""
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}
    return asked("When is high tide?", [CALL], [result], tools=[TIDE])


MCP_USE = {"type": "mcp_tool_use", "id": "mcptoolu_01", "name": "ping", "server_name": "buoys", "input": {"id": 7}}
MCP_RESULT = {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_01", "content": [{"type": "text", "text": "pong"}]}
HISTORY = [MCP_USE, MCP_RESULT, {"type": "text", "text": "Buoy 7 answers."}]
SYSTEM = {"role": "system", "content": [{"type": "tool_removal", "tool": {"type": "tool_reference", "name": "tide"}}]}

UNKNOWN: dict[str, tuple[Body, str]] = {
    "an mcp_tool_use in the history": (asked("Ping.", HISTORY, "Thanks"), "messages.1.content.0.type 'mcp_tool_use'"),
    "the only block of the first message": (asked([POEM]), "messages.0.content.0.type 'poem'"),
    "the only block of an assistant": (asked("Hi", [POEM], "Go on"), "messages.1.content.0.type 'poem'"),
    "a picture of the assistant": (
        asked("Hi", [{"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}], "Go on"),
        "messages.1.content.0.type 'image'",
    ),
    "a compaction": (
        asked("Hi", [{"type": "compaction", "content": "x"}], "Go on"),
        "messages.1.content.0.type 'compaction'",
    ),
    "the state of a browser": (
        asked([{"type": "browser_state", "tabs": []}]),
        "messages.0.content.0.type 'browser_state'",
    ),
    "in a tool's result": (
        answered([{"type": "text", "text": "At six."}, POEM]),
        "messages.2.content.0.content.1.type 'poem'",
    ),
    "in a page of a document": (
        asked([{"type": "document", "source": {"type": "content", "content": [POEM]}}]),
        "messages.0.content.0.source.content.0.type 'poem'",
    ),
    "in a search result": (
        asked([{"type": "search_result", "content": [POEM]}]),
        "messages.0.content.0.content.0.type 'poem'",
    ),
    "in the system prompt": (asked("Hi", system=[POEM]), "system.0.type 'poem'"),
    "in a system entry": (
        asked() | {"messages": [{"role": "user", "content": "Hi"}, SYSTEM]},
        "messages.1.content.0.type 'tool_removal'",
    ),
    "a document's source": (
        asked([{"type": "document", "source": {"type": "tape", "minutes": 1}}]),
        "messages.0.content.0.source.type 'tape'",
    ),
    "a picture's source": (
        asked([{"type": "image", "source": {"type": "hologram"}}]),
        "messages.0.content.0.source.type 'hologram'",
    ),
    "a server's tool": (asked("Hi", tools=[SEARCH]), "tools.0.type 'web_search_20250305'"),
    "a tool among others": (asked("Hi", tools=[TIDE, {"type": "future_1"}, TIDE]), "tools.1.type 'future_1'"),
    "a way of thinking": (asked("Hi", thinking={"type": "deep", "budget_tokens": "x"}), "thinking.type 'deep'"),
    "between tools": (asked("Hi", thinking={"type": "between_tools"}), "thinking.type 'between_tools'"),
    "a display": (asked("Hi", thinking={"type": "adaptive", "display": "updates"}), "thinking.display 'updates'"),
    "an effort": (asked("Hi", output_config={"effort": "heroic"}), "output_config.effort 'heroic'"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_the_unknown_is_passed_over_with_a_warning(name: str) -> None:
    """The answer is a 200, whole and streamed; its header, the record and its line name the place."""
    body, place = UNKNOWN[name]
    for changes in ({}, {"stream": True}):
        engine = make_engine()
        exchange = ask(create_app(engine), "POST", MESSAGES, body | changes)
        (record,) = engine.store.inferences.all()
        assert (exchange.status, record.status) == (200, 200), exchange.body
        assert place in record.warning
        assert record.warning.startswith("Passed over, because it is unknown here: ")
        assert record.warning in record.line()
        assert exchange.headers["x-emulator-warning"] == record.warning
    assert post(COUNT, body).status == 200


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_setting_refuses_the_unknown(name: str) -> None:
    """With `unknown_blocks: reject` it is a 400 that begins with the place."""
    body, place = UNKNOWN[name]
    for path in (MESSAGES, COUNT):
        exchange = post(path, body, unknown_blocks="reject")
        at, kind = place.split(" ")
        told, _, message = error_of(exchange)["message"].partition(": ")
        assert (exchange.status, told, f"(got {kind})" in message) == (400, at, True)


def test_nothing_known_is_warned_of() -> None:
    """A request in which everything is read has no warning, whatever the setting."""
    known = answered([{"type": "text", "text": "At six."}, {"type": "search_result", "content": []}])
    for setting in ("warn", "reject"):
        exchange = post(MESSAGES, known | {"system": [{"type": "text", "text": "x"}]}, unknown_blocks=setting)
        assert (exchange.status, exchange.headers.get("x-emulator-warning")) == (200, None)


@pytest.mark.parametrize("scripted", [False, True])
def test_the_warning_of_an_answer_by_a_rule(scripted: bool) -> None:
    """The record explains a rule's answer, warns all the same, and the verdict on the client stays good."""
    engine = make_engine()
    app = create_app(engine)
    story = {"name": "warned", "rules": [{"name": "any", "reply": {"text": "Good."}}]}
    assert ask(app, "PUT", "/_emulator/scenarios/warned", story).status < 300
    key = "akml-warned" if scripted else KEY
    assert ask(app, "POST", MESSAGES, asked([POEM]), key=key).status == 200
    (record,) = engine.store.inferences.all()
    assert (record.rule, "'poem'" in record.warning) == ("any" if scripted else None, True)
    assert record.warning in record.why
    assert record.warning in record.line()
    assert verdict([record])


@settings(max_examples=50)
@given(st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=30))
def test_any_word_can_be_a_type(kinds: list[str]) -> None:
    """Whatever the types are: one short line of ASCII tells the first of them, and says that there are more."""
    known = {"text", "image", "document", "search_result", "tool_result", "tool_use", "thinking", "redacted_thinking"}
    exchange = post(MESSAGES, asked([{"type": f"{kind}?"} for kind in kinds]))
    warning = exchange.headers["x-emulator-warning"]
    assert exchange.status == 200
    assert warning.isascii() and warning.isprintable() and len(warning) < 600
    assert ("and more" in warning) == (len({f"{kind}?" for kind in kinds} - known) > 5)


@pytest.mark.parametrize("content", ["pong", [POEM], None], ids=repr)
def test_a_result_of_a_call_of_an_unknown_type(content: Any) -> None:
    """A block that is passed over may be a call, which may have a result or none; another id has none."""
    call = {"type": "radio_tool_use", "id": "rtu_1", "name": "ping"}
    result = {"type": "tool_result", "tool_use_id": "rtu_1", "content": content}
    assert post(MESSAGES, asked("Hi", [call], [result])).status == 200
    assert post(MESSAGES, asked("Hi", [call, CALL], [result, result | {"tool_use_id": "toolu_1"}])).status == 200
    assert post(MESSAGES, asked("Hi", [call], "Go on")).status == 200
    for wrong in (asked("Hi", [{**call, "id": 5}], [result]), asked("Hi", [call], "And?", "So", [result])):
        assert "unexpected `tool_use_id`" in error_of(post(MESSAGES, wrong))["message"]


# ---------------------------------------------------------------------------------------------- what stays a mistake

MISTAKES: dict[str, tuple[Body, str]] = {
    "a text without its text": (asked([{"type": "text"}]), "messages.0.content.0.text"),
    "a block without a type": (asked([{"lines": []}]), "messages.0.content.0.type"),
    "a block that is no object": (asked(["x"]), "messages.0.content.0"),
    "a call of the user": (asked([CALL]), "messages.0.content.0.type"),
    "a result of the assistant": (
        asked("Hi", [{"type": "tool_result", "tool_use_id": "x"}], "Go on"),
        "messages.1.content.0.type",
    ),
    "a call in a result": (answered([CALL]), "messages.2.content.0.content.0.type"),
    "a picture without its address": (
        asked([{"type": "image", "source": {"type": "url"}}]),
        "messages.0.content.0.source.url",
    ),
    "a source without a type": (asked([{"type": "document", "source": {}}]), "messages.0.content.0.source.type"),
    "a picture in a system prompt": (asked("Hi", system=[{"type": "image"}]), "system.0.type"),
    "thinking of an empty type": (asked("Hi", thinking={"type": ""}), "thinking.type"),
    "a picture of an empty source": (
        asked([{"type": "image", "source": {"type": ""}}]),
        "messages.0.content.0.source.type",
    ),
    "thinking without a type": (asked("Hi", thinking={"budget_tokens": 2000}), "thinking.type"),
    "a type that is no text": (asked([{"type": 5}]), "messages.0.content.0.type"),
    "a tool without a schema": (asked("Hi", tools=[{"type": "custom", "name": "tide"}]), "tools.0.input_schema"),
    "a client's tool without a name": (asked("Hi", tools=[{"type": "bash_20250124"}]), "tools.0.name"),
    "a choice without tools": (asked("Hi", tools=[], tool_choice={"type": "any"}), "tool_choice"),
    "a choice of no tool": (
        asked("Hi", tools=[SEARCH], tool_choice={"type": "tool", "name": "tide"}),
        "tool_choice.name",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_malformed_is_refused(name: str) -> None:
    """Fields of known types are needed as before, and calls and results stay where they belong."""
    body, place = MISTAKES[name]
    exchange = post(MESSAGES, body)
    assert (exchange.status, error_of(exchange)["message"].partition(": ")[0]) == (400, place)


# ---------------------------------------------------------------------------------------------- tools run elsewhere


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "choice", [{"type": "auto"}, {"type": "any"}, {"type": "none"}, {"type": "tool", "name": "web_search"}], ids=repr
)
def test_a_servers_tool_can_be_chosen(choice: Body, stream: bool) -> None:
    """A request whose only tool a server would run is legal with any choice; the answer is a text."""
    exchange = post(MESSAGES, asked("Search for: ferry timetable", tools=[SEARCH], tool_choice=choice, stream=stream))
    assert (exchange.status, b"tool_use" in exchange.body) == (200, False)
    assert b'"type":"text"' in exchange.body


@pytest.mark.parametrize(
    "offered",
    [
        {"tools": [{"type": "mcp_toolset", "mcp_server_name": "buoys"}]},
        {"mcp_servers": [{"type": "url", "name": "buoys", "url": "https://example.com"}]},
    ],
    ids=["a toolset", "only servers"],
)
def test_a_set_of_tools_can_have_any_name(offered: Body) -> None:
    """The names of the tools of an MCP server are not in the request, so any can be chosen."""
    choice = {"type": "tool", "name": "ping"}
    assert post(MESSAGES, asked("Ping.", tool_choice=choice, **offered)).status == 200


def test_a_choice_of_a_servers_tool_calls_no_other() -> None:
    """`any` calls the client's tool beside it; the name of the server's tool calls none."""
    tools = [SEARCH, TIDE]
    called = post(MESSAGES, asked("Hi", tools=tools, tool_choice={"type": "any"})).json
    assert [block["type"] for block in called["content"]] == ["tool_use"]
    spoken = post(MESSAGES, asked("Hi", tools=tools, tool_choice={"type": "tool", "name": "web_search"})).json
    assert [block["type"] for block in spoken["content"]] == ["text"]


def test_a_tool_of_an_unknown_type_with_a_schema() -> None:
    """It is the client's, whatever its type is called, and no warning is needed."""
    tool = {"type": "future_20300101", **TIDE}
    exchange = post(MESSAGES, asked("Hi", tools=[tool], tool_choice={"type": "tool", "name": "tide"}))
    assert (exchange.json["content"][0]["name"], "x-emulator-warning" in exchange.headers) == ("tide", False)


def test_between_tools_nothing_is_thought() -> None:
    """Anthropic's types say that this way of thinking is off."""
    assert b"thinking" not in post(MESSAGES, asked("Hi", thinking={"type": "between_tools"})).body
    assert b"thinking" in post(MESSAGES, asked("Hi", thinking={"type": "deep"})).body
    assert json.loads(post(MESSAGES, asked("Hi")).body)["content"][0]["type"] == "text"
