"""Tools: which are called, how many, with what, and what a history of calls and results has to be."""

import json
from typing import Any

import jsonschema
import pytest
from support.asgi import CHAT, MESSAGES, ask, error_of, events, post
from support.parameters import answer, app_of, body_of
from support.tools import (
    CANNED,
    ONE,
    PROPERTIES,
    TWO,
    WALK,
    WEATHER,
    Body,
    Calls,
    asked,
    calls,
    finish,
    function,
    names,
    schema_of,
    told,
)

BOTH = pytest.mark.parametrize("path", [CHAT, MESSAGES])


# ---------------------------------------------------------------------------------------------- tool_choice

NAMED: Body = {
    CHAT: {"type": "function", "function": {"name": "send_email"}},
    MESSAGES: {"type": "tool", "name": "send_email"},
}
CHOICES: dict[str, Body] = {
    "none": {CHAT: "none", MESSAGES: {"type": "none"}},
    "auto": {CHAT: "auto", MESSAGES: {"type": "auto"}},
    "left out": {CHAT: None, MESSAGES: None},
    "required": {CHAT: "required", MESSAGES: {"type": "any"}},
    "named": NAMED,
}


@BOTH
@pytest.mark.parametrize(
    ("choice", "walk", "weather", "two"),
    [
        ("none", [], [], []),
        ("auto", [], ["get_weather"], ["get_weather", "send_email"]),
        ("left out", [], ["get_weather"], ["get_weather", "send_email"]),
        ("required", ["search"], ["get_weather"], ["get_weather", "send_email"]),
        ("named", ["send_email"], ["send_email"], ["send_email"]),
    ],
)
def test_tool_choice_decides(path: str, choice: str, walk: list[str], weather: list[str], two: list[str]) -> None:
    """`none` forbids, `auto` calls what is spoken of, `required` and `any` force a call, and a name one of its tool."""
    for text, wanted in ((WALK, walk), (WEATHER, weather), (TWO, two)):
        body = asked(path, text, tool_choice=CHOICES[choice][path])
        assert names(told(path, body, named_tool_finish="tool_calls")) == wanted


@BOTH
def test_tools_that_cannot_be_called_are_not_read(path: str) -> None:
    """Their description is part of the prompt, unless the choice is none."""
    sizes = []
    for body in (body_of(path, WALK), asked(path, WALK, tool_choice=CHOICES["none"][path]), asked(path, WALK)):
        sizes.append(answer(path, body).prompt)
    assert sizes[0] == sizes[1] < sizes[2]


def test_a_choice_among_allowed_tools() -> None:
    """Only the allowed ones are called, freely or by force."""

    def allowed(mode: str, *names: str) -> Body:
        among = [{"type": "function", "function": {"name": name}} for name in names]
        return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": among}}

    def called(text: str, choice: Body) -> list[str]:
        return names(told(CHAT, asked(CHAT, text, tool_choice=choice)))

    assert called(TWO, allowed("auto", "send_email", "calculate")) == ["send_email"]
    assert called(WEATHER, allowed("auto", "send_email", "calculate")) == []
    assert called(WEATHER, allowed("required", "calculate")) == ["calculate"]
    assert error_of(post(CHAT, asked(CHAT, TWO, tool_choice=allowed("auto", "sing"))))["param"] == (
        "tool_choice.allowed_tools.tools[0].function.name"
    )


@BOTH
def test_one_call_at_a_time(path: str) -> None:
    """Without parallel calls each choice has at most one, where it would have several; also under force."""
    assert len(names(told(path, asked(path, TWO)))) == 2
    assert names(told(path, asked(path, TWO, **ONE[path]))) == ["get_weather"]
    forced = {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}} if path == MESSAGES else ONE[path]
    assert len(names(told(path, asked(path, TWO, **{"tool_choice": "required"} | forced)))) == 1
    assert names(told(path, asked(path, WALK, **ONE[path]))) == []


def test_every_choice_has_its_calls() -> None:
    """With n, each one calls; none has more than one call where they come one by one."""
    for more, size in (({}, 2), (ONE[CHAT], 1)):
        choices = told(CHAT, asked(CHAT, TWO, n=3, **more))["choices"]
        assert [len(choice["message"]["tool_calls"]) for choice in choices] == [size] * 3
        ids = [call["id"] for choice in choices for call in choice["message"]["tool_calls"]]
        assert len(set(ids)) == 3 * size


@BOTH
def test_canned_calls_are_made_as_they_are_told(path: str) -> None:
    """A scenario may call what it likes, asked or not; the answer has the form of any other with calls."""
    for body in (asked(path, WALK), asked(path, WALK, tool_choice=CHOICES["none"][path]), body_of(path, WALK)):
        found = told(path, body, CANNED)
        assert calls(found) == [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Rome"})]
        assert finish(found) in ("tool_calls", "tool_use")


CANNED_ONE: Body = {"tool_calls": CANNED["tool_calls"][:1]}


@pytest.mark.parametrize("canned", [None, CANNED_ONE, CANNED], ids=["generated", "canned", "canned, two"])
@pytest.mark.parametrize(
    ("choice", "text", "called"),
    [(None, WEATHER, True), (None, WALK, False), ("none", WEATHER, False), ({"name": "get_weather"}, WALK, True)],
    ids=str,
)
def test_deprecated_functions(choice: Any, text: str, called: bool, canned: Body | None) -> None:
    """`functions` are answered with one `function_call` in the message, and with a finish of that name."""
    body = body_of(CHAT, text, functions=[function("get_weather")], function_call=choice)
    (found,) = ask(app_of(canned), "POST", CHAT, body).json["choices"]
    assert "tool_calls" not in found["message"]
    if called or canned:
        assert (found["finish_reason"], found["message"]["function_call"]["name"]) == ("function_call", "get_weather")
        assert json.loads(found["message"]["function_call"]["arguments"])["city"]
    else:
        assert (found["finish_reason"], "function_call" in found["message"]) == ("stop", False)
    *chunks, done = events(ask(app_of(canned), "POST", CHAT, body | {"stream": True}).body)
    deltas = [part["delta"].get("function_call", {}) for chunk in chunks for part in chunk["choices"]]
    joined = {name: "".join(delta.get(name, "") for delta in deltas) for name in ("name", "arguments")}
    assert joined == found["message"].get("function_call", {"name": "", "arguments": ""})
    assert (chunks[-1]["choices"][0]["finish_reason"], done) == (found["finish_reason"], "[DONE]")


def test_the_result_of_a_deprecated_function_is_answered() -> None:
    """A message of role function is the result; the answer uses it."""
    history = [
        {"role": "user", "content": WEATHER},
        {"role": "assistant", "content": None, "function_call": {"name": "get_weather", "arguments": "{}"}},
        {"role": "function", "name": "get_weather", "content": "21 degrees and sunny"},
    ]
    body = body_of(CHAT, functions=[function("get_weather")]) | {"messages": history}
    message = told(CHAT, body)["choices"][0]["message"]
    assert "21 degrees and sunny" in message["content"]
    assert "function_call" not in message


# ---------------------------------------------------------------------------------------------- what is called


@BOTH
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("What's the weather in Paris in celsius?", [("get_weather", {"city": "Paris", "unit": "celsius"})]),
        ("Email ana@example.org about «Lunch»", [("send_email", {"to": "ana@example.org", "subject": "Lunch"})]),
        ("What is 17 * 23?", [("calculate", {"expression": "17 * 23"})]),
        ("Search the web for “red shoes”", [("search", {"query": "red shoes"})]),
        ("How does my heart work?", []),
        ("Write a poem about autumn", []),
        ("Thanks!", []),
        ("", []),
    ],
)
def test_arguments_are_the_words_of_the_message(path: str, text: str, wanted: Calls) -> None:
    """A tool is called when the message speaks of it, with the values that the message names."""
    assert calls(told(path, asked(path, text))) == wanted


@BOTH
def test_each_name_in_a_list_has_its_call(path: str) -> None:
    """The same tool is called once for each, and otherwise alike."""
    listed = calls(told(path, asked(path, "Compare the weather in Oslo, New York and in Rome.")))
    assert [(name, given["city"]) for name, given in listed] == [
        ("get_weather", city) for city in ("Oslo", "New York", "Rome")
    ]
    assert len({given["unit"] for _, given in listed}) == 1
    assert len(calls(told(path, asked(path, "The weather in Oslo and Rome?", **ONE[path])))) == 1


@BOTH
@pytest.mark.parametrize(
    ("text", "wanted"), [("Read the file a.txt", "read_file"), ("Write this to the file b.txt", "write_file")]
)
def test_of_tools_about_the_same_the_verb_decides(path: str, text: str, wanted: str) -> None:
    """Reading a file does not write one."""
    assert names(told(path, asked(path, text))) == [wanted]


@BOTH
@pytest.mark.parametrize("name", PROPERTIES)
def test_arguments_are_valid(path: str, name: str) -> None:
    """Whatever is called satisfies its schema, also where the message says nothing of it."""
    choice = {"type": "function", "function": {"name": name}} if path == CHAT else {"type": "tool", "name": name}
    for text in (WALK, TWO, "weather, email, file, search in Rome, 1 + 1"):
        ((called, given),) = calls(told(path, asked(path, text, tool_choice=choice)))
        assert called == name
        jsonschema.validate(given, schema_of(name))


@BOTH
def test_a_limit_cuts_arguments(path: str) -> None:
    """As a real model's are: what is there of the JSON is sent, and the finish says that it is not whole."""
    found = answer(path, asked(path, WEATHER, max_tokens=4))
    assert (found.completion, found.finishes) == (4, ["length"])
    canned = answer(path, asked(path, WEATHER, max_tokens=2), CANNED)
    assert (canned.completion, canned.finishes) == (2, ["length"])


@BOTH
def test_empty_arguments_by_setting(path: str) -> None:
    """A tool without parameters is called with {}, or as AkashML was once seen to do, with no text at all."""
    tool = {"name": "ping"}
    body = body_of(path, "Please ping", tools=[{"type": "function", "function": tool}])
    if path == MESSAGES:
        body["tools"] = [tool | {"input_schema": {"type": "object"}}]
        assert calls(told(path, body)) == calls(told(path, body, empty_arguments="")) == [("ping", {})]
        return
    for setting in ("{}", ""):
        (call,) = told(path, body, empty_arguments=setting)["choices"][0]["message"]["tool_calls"]
        assert call["function"] == {"name": "ping", "arguments": setting}
    echo = {"role": "assistant", "content": "", "tool_calls": [call]}
    trap = post(CHAT, body | {"messages": [*body["messages"], echo]})
    assert (trap.status, error_of(trap)["param"]) == (400, "messages[1].tool_calls[0].function.arguments")
    assert "zero-length, empty document: line 1 column 1 (char 0)" in error_of(trap)["message"]


# ---------------------------------------------------------------------------------------------- what is refused


NO_TOOLS: Body = {"tools": None}
UNKNOWN: Body = {"type": "function", "function": {"name": "sing"}}


@pytest.mark.parametrize(
    ("path", "more", "where", "words"),
    [
        (CHAT, {"tool_choice": UNKNOWN}, "tool_choice.function.name", "one of the tools (get_weather"),
        (CHAT, NO_TOOLS | {"tool_choice": "required"}, "tool_choice", "'none', since no tools are given"),
        (CHAT, NO_TOOLS | {"tool_choice": "auto"}, "tool_choice", "'none', since no tools are given"),
        (CHAT, NO_TOOLS | {"function_call": "auto"}, "function_call", "'none', since no functions are given"),
        (MESSAGES, {"tool_choice": {"type": "tool", "name": "sing"}}, "tool_choice.name", "Tool 'sing' not found"),
        (MESSAGES, NO_TOOLS | {"tool_choice": {"type": "any"}}, "tool_choice", "only be specified while providing"),
        (MESSAGES, {"tool_choice": {"type": "required"}}, "tool_choice.type", "'auto', 'any', 'tool' or 'none'"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_choice_that_cannot_be(path: str, more: Body, where: str, words: str, stream: bool) -> None:
    """A tool that is not there, or a choice without tools, is a 400 that says where; also before a stream."""
    exchange = post(path, asked(path, WALK, stream=stream) | more)
    error = error_of(exchange)
    assert (exchange.status, words in error["message"]) == (400, True)
    assert error.get("param", error["message"].partition(":")[0]) == where


@BOTH
def test_no_tools_can_be_chosen_from_none(path: str) -> None:
    """To call nothing needs no tools."""
    assert names(told(path, asked(path, WEATHER, tool_choice=CHOICES["none"][path]) | NO_TOOLS)) == []
