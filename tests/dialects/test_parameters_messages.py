"""Conversations: an agent's loop to its end, what calls and results owe each other, and what a message is made of."""

import json
from typing import Any, TypeAlias

import anthropic
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.asgi import CHAT, MESSAGES, PLAIN, REASONING, ask, error_of, post
from support.parameters import answer, app_of, body_of
from support.tools import ONE, PROPERTIES, TWO, WEATHER, names, told, tools

from emulator import Emulator

Body: TypeAlias = dict[str, Any]
Turns: TypeAlias = list[Body]

BOTH = pytest.mark.parametrize("path", [CHAT, MESSAGES])
COUNT = f"{MESSAGES}/count_tokens"
USER = {"role": "user", "content": WEATHER}


# ---------------------------------------------------------------------------------------------- an agent's loop


def run(name: str, given: Any) -> str:
    """What the tools of a test do."""
    assert set(given) == set(PROPERTIES[name])
    return f"{name} says {len(given)} of {', '.join(map(str, given.values()))}"


def chat_loop(client: openai.OpenAI, question: str, **more: Any) -> tuple[list[list[str]], str]:
    """An agent with the openai SDK: the names called in each turn, and the text at the end."""
    messages: list[Any] = [{"role": "user", "content": question}]
    turns: list[list[str]] = []
    while len(turns) < 10:
        asked: Body = {"model": PLAIN, "messages": messages, "tools": tools(CHAT), **more}
        message = client.chat.completions.create(**asked).choices[0].message
        if not message.tool_calls:
            return turns, message.content or ""
        functions = [call.function for call in message.tool_calls if call.type == "function"]
        turns.append([function.name for function in functions])
        messages.append(message)
        for call, function in zip(message.tool_calls, functions, strict=True):
            content = run(function.name, json.loads(function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
    raise AssertionError("the loop does not end")


def message_loop(client: anthropic.Anthropic, question: str, **more: Any) -> tuple[list[list[str]], str]:
    """An agent with the anthropic SDK: the names called in each turn, and the text at the end."""
    messages: list[Any] = [{"role": "user", "content": question}]
    turns: list[list[str]] = []
    while len(turns) < 10:
        asked: Body = {"model": PLAIN, "max_tokens": 400, "messages": messages, "tools": tools(MESSAGES), **more}
        message = client.messages.create(**asked)
        uses = [block for block in message.content if block.type == "tool_use"]
        if message.stop_reason != "tool_use":
            return turns, "".join(block.text for block in message.content if block.type == "text")
        turns.append([use.name for use in uses])
        results = [{"type": "tool_result", "tool_use_id": use.id, "content": run(use.name, use.input)} for use in uses]
        messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    raise AssertionError("the loop does not end")


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (TWO, ["get_weather", "send_email"]),
        ("The weather in Oslo, Rome and Paris?", ["get_weather"] * 3),
        ("What is 17 * 23?", ["calculate"]),
        ("Tell me a joke.", []),
    ],
)
def test_an_agents_loop_ends_by_itself(akash: Emulator, question: str, wanted: list[str], one_by_one: bool) -> None:
    """Each call that the question asks for is made once, together or one by one; then the results are put in words."""
    turns = [[name] for name in wanted] if one_by_one else [wanted] if wanted else []
    with openai.OpenAI(base_url=akash.openai_base_url, api_key=akash.key) as client:
        on_chat = chat_loop(client, question, **ONE[CHAT] if one_by_one else {})
    with anthropic.Anthropic(base_url=akash.anthropic_base_url, api_key=akash.key) as client:
        on_messages = message_loop(client, question, **ONE[MESSAGES] if one_by_one else {})
    for made, text in (on_chat, on_messages):
        assert made == turns
        assert all(f"{name} says" in text for name in (turns[-1] if turns else []))
        assert text


WORDS = ["weather", "email", "calculate", "read", "file", "write", "search", "Oslo, Rome and", "in", "the", "1 + 1"]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), st.booleans(), st.sampled_from(["", "Go on: email"]))
def test_any_loop_ends(question: str, one_by_one: bool, rider: str) -> None:
    """Whatever is asked for, and whatever a client adds to the results, a tool is not called again and again."""
    more = ONE[MESSAGES] if one_by_one else {}
    messages: Turns = [{"role": "user", "content": question}]
    for _ in range(8):
        body = body_of(MESSAGES, tools=tools(MESSAGES), **more) | {"messages": messages}
        content = ask(app_of(), "POST", MESSAGES, body).json["content"]
        uses = [block for block in content if block["type"] == "tool_use"]
        if not uses:
            return
        results: Turns = [{"type": "tool_result", "tool_use_id": use["id"], "content": "Done."} for use in uses]
        riding = [{"type": "text", "text": rider}] if rider else []
        messages += [{"role": "assistant", "content": content}, {"role": "user", "content": results + riding}]
    raise AssertionError(f"{question!r} does not end")


def test_a_system_entry_behind_a_result_changes_nothing() -> None:
    """Claude Code sends some as the last message; the tool is not called again for it."""
    history = [*turn(MESSAGES, "a"), results(MESSAGES, "a"), {"role": "system", "content": "Be brief."}]
    found = told(MESSAGES, with_history(MESSAGES, history))
    assert names(found) == []
    assert "Sunny" in found["content"][0]["text"]


def test_a_new_question_may_call_again() -> None:
    """After an answer in words the tools are free again."""
    asked = [*turn(CHAT, "a"), results(CHAT, "a"), {"role": "assistant", "content": "Sunny."}, USER]
    assert names(told(CHAT, with_history(CHAT, asked))) == ["get_weather"]


# ---------------------------------------------------------------------------------------------- calls and results


def turn(path: str, *ids: str) -> Turns:
    """A question, and a turn of the assistant with calls of these ids."""
    if path == MESSAGES:
        uses = [{"type": "tool_use", "id": id, "name": "get_weather", "input": {}} for id in ids]
        return [USER, {"role": "assistant", "content": uses}]
    made = [{"id": id, "type": "function", "function": {"name": "get_weather", "arguments": "{}"}} for id in ids]
    return [USER, {"role": "assistant", "content": None, "tool_calls": made}]


def results(path: str, *ids: str) -> Any:
    """The user's turn with these results on /anthropic; the one tool message on /v1."""
    if path == MESSAGES:
        blocks = [{"type": "tool_result", "tool_use_id": id, "content": "Sunny."} for id in ids]
        return {"role": "user", "content": blocks}
    (id,) = ids
    return {"role": "tool", "tool_call_id": id, "content": "Sunny."}


def with_history(path: str, messages: Turns) -> Body:
    return body_of(path, tools=tools(path)) | {"messages": messages}


C, M = CHAT, MESSAGES
HISTORIES: list[tuple[str, Turns, str, str]] = [
    (C, [USER, results(C, "a")], "messages[1].tool_call_id", "a call that still waits for its result (none does)"),
    (C, [*turn(C, "a"), results(C, "b")], "messages[2].tool_call_id", "its result (a), but got 'b'"),
    (C, [*turn(C, "a"), *[results(C, "a")] * 2], "messages[3].tool_call_id", "(none does)"),
    (C, [*turn(C, "a"), USER], "messages[1].tool_calls", "a tool message for each call right after it"),
    (C, turn(C, "a"), "messages[1].tool_calls", "(there is none for a)"),
    (C, [*turn(C, "a", "b"), results(C, "b"), USER], "messages[1].tool_calls", "(there is none for a)"),
    (C, [*turn(C, "a"), USER, results(C, "a")], "messages[1].tool_calls", "(there is none for a)"),
    (C, [*turn(C, "a", "a"), results(C, "a")], "messages[1].tool_calls", "calls with different ids"),
    (M, [results(M, "a")], "messages.0.content.0.tool_use_id", "unexpected `tool_use_id` found in `tool_result`"),
    (M, [*turn(M, "a"), results(M, "b")], "messages.2.content.0.tool_use_id", "unexpected `tool_use_id`"),
    (M, [*turn(M, "a"), results(M, "a", "a")], "messages.2.content.1.tool_use_id", "must have a single result"),
    (M, [*turn(M, "a"), USER], "messages.1.content", "found without `tool_result` blocks immediately after: a."),
    (M, turn(M, "a"), "messages.1.content", "found without `tool_result` blocks immediately after: a."),
    (M, [*turn(M, "a", "b"), results(M, "a")], "messages.1.content", "immediately after: b."),
    (M, [*turn(M, "a", "a"), results(M, "a")], "messages.1.content.1.id", "`tool_use` ids must be unique"),
    (
        M,
        [*turn(M, "a"), results(M, "a"), {"role": "assistant", "content": "Sunny."}, results(M, "a")],
        "messages.4.content.0.tool_use_id",
        "unexpected `tool_use_id`",
    ),
]


@pytest.mark.parametrize(("path", "history", "where", "words"), HISTORIES)
@pytest.mark.parametrize("stream", [False, True])
def test_calls_and_results_belong_together(path: str, history: Turns, where: str, words: str, stream: bool) -> None:
    """An orphan, a second result, a missing one and a repeated id are a 400 that says where, in the surface's words."""
    exchange = post(path, with_history(path, history) | {"stream": stream}, strictness="openai")
    error = error_of(exchange)
    assert (exchange.status, words in error["message"]) == (400, True), error
    assert error.get("param", error["message"].partition(":")[0]) == where
    if path == MESSAGES:
        assert error_of(post(COUNT, with_history(path, history)))["message"] == error["message"]


@pytest.mark.parametrize("history", [history for path, history, _, _ in HISTORIES if path == CHAT])
@pytest.mark.parametrize("canned", [None, {"text": "Sunny."}])
def test_vllm_takes_any_history(history: Turns, canned: Any) -> None:
    """Orphans and missing results on /v1 are answered, whole and streamed, by the generator and by a scenario."""
    assert answer(CHAT, with_history(CHAT, history), canned).finishes


def test_a_canned_answer_does_not_excuse_a_history() -> None:
    """What is refused is refused before a scenario is asked."""
    body = with_history(CHAT, [USER, results(CHAT, "a")])
    assert ask(app_of({"text": "Hello"}, strictness="openai"), "POST", CHAT, body).status == 400


@pytest.mark.parametrize(
    ("path", "history"),
    [
        (C, [*turn(C, "a", "b"), results(C, "b"), results(C, "a")]),
        (C, [*turn(C, "a"), results(C, "a"), *turn(C, "a"), results(C, "a")]),
        (C, [*turn(C, "a"), {"role": "system", "content": "x"}, results(C, "a")]),
        (M, [*turn(M, "a", "b"), results(M, "b", "a")]),
        (M, [*turn(M, "a", "b"), results(M, "b"), results(M, "a")]),
        (M, [*turn(M, "a"), results(M, "a"), *turn(M, "a")[1:], results(M, "a")]),
        (M, [*turn(M, "a"), {"role": "assistant", "content": "Let me see."}, results(M, "a")]),
        (M, [*turn(M, "a"), {"role": "system", "content": "x"}, results(M, "a")]),
    ],
)
def test_calls_and_results_in_any_order(path: str, history: Turns) -> None:
    """Results may come in any order and over several messages, ids may be used again in a later turn."""
    assert answer(path, with_history(path, history)).texts != [""]


# ---------------------------------------------------------------------------------------------- the Anthropic side


def blocks(*texts: str) -> list[Body]:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": "1h"}} for text in texts]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"system": "Be brief."}, {"system": blocks("Be brief.")}),
        ({"system": "Be brief."}, {"system": blocks("x-anthropic-billing-header: cc_version=2;", "Be brief.")}),
        ({"messages": [USER]}, {"messages": [{"role": "user", "content": blocks(WEATHER)}]}),
        ({}, {"metadata": {"user_id": "ana"}, "service_tier": "standard_only"}),
        ({}, {"context_management": {"edits": []}, "container": "x", "mcp_servers": [], "speed": "fast", "x": 1}),
        ({}, {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 2}]}),
    ],
)
@pytest.mark.parametrize("canned", [None, {"text": "Aye."}], ids=["generated", "canned"])
def test_what_changes_nothing(one: Body, other: Body, canned: Body | None) -> None:
    """cache_control, metadata, service_tier and what nobody knows have no effect, neither on words nor on usage."""
    first, second = (answer(MESSAGES, body_of(MESSAGES, WEATHER) | more, canned) for more in (one, other))
    assert (first.choices, first.prompt, first.completion) == (second.choices, second.prompt, second.completion)


def test_a_system_prompt_may_stand_among_the_messages() -> None:
    """At the front it is what `system` is; at the end too it is read, and the user's question is answered."""
    plain = body_of(MESSAGES, WEATHER)
    system = {"role": "system", "content": "Be brief."}
    front = answer(MESSAGES, plain | {"messages": [system, USER]})
    assert front.choices == answer(MESSAGES, plain | {"system": "Be brief."}).choices
    behind = answer(MESSAGES, plain | {"messages": [USER, system]})
    assert behind.prompt == front.prompt > answer(MESSAGES, plain).prompt
    assert behind.texts != [""]


@pytest.mark.parametrize("headers", [{}, {"anthropic-version": "2026-10-21", "anthropic-beta": "effort-2025-11-24,x"}])
def test_versions_and_betas_change_nothing(headers: dict[str, str]) -> None:
    """Any version, none, and any beta."""
    body = body_of(MESSAGES, WEATHER)
    assert post(MESSAGES, body, headers=headers).json["content"] == post(MESSAGES, body).json["content"]


PICTURE = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}
COUNTED: list[Body] = [
    {},
    {"system": "Be brief."},
    {"tools": tools(MESSAGES)},
    {"tools": tools(MESSAGES), "tool_choice": {"type": "none"}},
    {"messages": [*turn(MESSAGES, "a"), results(MESSAGES, "a")]},
    {"messages": [{"role": "user", "content": [PICTURE]}], "model": "Qwen--Qwen3.8-27B"},
    {"thinking": {"type": "enabled", "budget_tokens": 1024}, "model": REASONING},
    {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
    {"messages": [USER, {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": ""}]}]},
]


@pytest.mark.parametrize("more", COUNTED, ids=lambda more: " ".join(more) or "plain")
def test_count_tokens_agrees_with_usage(more: Body) -> None:
    """It tells what the same request will have as input_tokens; max_tokens is not asked for."""
    body = body_of(MESSAGES, WEATHER) | more
    uncounted = {name: value for name, value in body.items() if name != "max_tokens"}
    assert post(COUNT, uncounted).json == {"input_tokens": answer(MESSAGES, body | {"max_tokens": 2000}).prompt}
