"""Streams, frame by frame: what each event has, in which order they come, and what comes once."""

import base64
import json
from itertools import groupby
from typing import Any

import pytest
from support.asgi import (
    CHAT,
    CHAT_TOOL,
    COMPLETIONS,
    MESSAGE_TOOL,
    MESSAGES,
    REASONING,
    chat,
    completion,
    message,
    post,
)

PLACE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TIME_TOOL = {
    "type": "function",
    "function": {"name": "get_time", "description": "The local time of a city.", "parameters": PLACE},
}
FORECAST_TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather forecast of a city.", "parameters": PLACE},
}
BOTH = "Tell me the weather forecast and the local time in the city of Rome."
USAGE = {"include_usage": True}
RUNNING = {"include_usage": True, "continuous_usage_stats": True}
CHATS: dict[str, dict[str, Any]] = {
    "text": chat("Write about the sea.", max_tokens=40),
    "three choices": chat("Write about the sea.", n=3, max_tokens=20),
    "reasoning": chat("Write about the sea.", model=REASONING),
    "reasoning, two choices": chat("Write about the sea.", model=REASONING, n=2),
    "hidden reasoning": chat("Write about the sea.", model=REASONING, reasoning={"exclude": True}),
    "nothing but reasoning": chat("Write about the sea.", model=REASONING, max_tokens=3),
    "a tool": chat(tools=[CHAT_TOOL], tool_choice="required"),
    "two tools": chat(BOTH, tools=[FORECAST_TOOL, TIME_TOOL]),
    "two tools, two choices, reasoning": chat(BOTH, tools=[FORECAST_TOOL, TIME_TOOL], n=2, model=REASONING),
    "a deprecated function": chat(functions=[CHAT_TOOL["function"]], function_call={"name": "get_weather"}),
    "log probabilities": chat("Write about the sea.", logprobs=True, top_logprobs=2, max_tokens=20),
    "an object": chat("Write about the sea.", response_format={"type": "json_object"}),
    "a stop": chat("Write about the sea.", stop=" sea"),
}


def frames(path: str, body: dict[str, Any], **settings: Any) -> list[str]:
    """The frames of a stream; each ends with a blank line and has none inside."""
    exchange = post(path, body | {"stream": True}, **settings)
    assert exchange.status == 200, exchange.body
    *found, rest = exchange.body.decode().split("\n\n")
    assert rest == ""
    return found


def chunks(path: str, body: dict[str, Any], **settings: Any) -> list[Any]:
    """The chunks of a stream on /v1: one `data:` line each, and [DONE] at the end."""
    *found, done = frames(path, body, **settings)
    assert done == "data: [DONE]"
    assert all(frame.startswith("data: {") and "\n" not in frame for frame in found)
    return [json.loads(frame.removeprefix("data: ")) for frame in found]


def parts(found: list[Any], index: int = 0) -> list[Any]:
    """What the chunks tell of one choice."""
    return [part for chunk in found for part in chunk["choices"] if part["index"] == index]


def deltas(found: list[Any], name: str, index: int = 0) -> list[Any]:
    """What the deltas of one choice have under a name."""
    return [part["delta"][name] for part in parts(found, index) if name in part["delta"]]


@pytest.mark.parametrize(("path", "body"), [(CHAT, chat()), (COMPLETIONS, completion()), (MESSAGES, message())])
def test_the_headers_of_a_stream(path: str, body: dict[str, Any]) -> None:
    """They are the contract's, and there is no Content-Length."""
    headers = post(path, body | {"stream": True}).headers
    id_name = "request-id" if path == MESSAGES else "x-request-id"
    assert headers == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache",
        "connection": "keep-alive",
        "x-accel-buffering": "no",
        "date": headers["date"],
        "inference-id": headers["inference-id"],
        id_name: headers[id_name],
    }


# ---------------------------------------------------------------------------------------------- chat


@pytest.mark.parametrize("body", CHATS.values(), ids=CHATS)
def test_every_chunk_of_a_chat_has_the_same_envelope(body: dict[str, Any]) -> None:
    """The four keys are those of the whole body in every chunk, and a choice has its four keys in each."""
    whole = post(CHAT, body).json
    envelope = {name: whole[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    for chunk in chunks(CHAT, body):
        assert {name: value for name, value in chunk.items() if name != "choices"} == envelope
        for part in chunk["choices"]:
            assert set(part) == {"index", "delta", "logprobs", "finish_reason"}


@pytest.mark.parametrize("body", CHATS.values(), ids=CHATS)
def test_the_parts_of_a_choice_come_in_their_order(body: dict[str, Any]) -> None:
    """First the role, then reasoning, content, tool calls, and last why it ended; the role and the end come once."""
    found = chunks(CHAT, body)
    for index in range(body.get("n", 1)):
        first, *middle, last = parts(found, index)
        assert (first["delta"], first["finish_reason"]) == ({"role": "assistant", "content": ""}, None)
        assert (last["delta"], last["finish_reason"] is None) == ({}, False)
        order = ["reasoning_content", "content", "tool_calls", "function_call"]
        names = [name for part in middle for name in part["delta"]]
        assert names == sorted(names, key=order.index)
        assert all(len(part["delta"]) == 1 and part["finish_reason"] is None for part in middle)


def test_choices_begin_together_and_go_on_side_by_side() -> None:
    """All roles come first, and no choice waits for another to end."""
    found = chunks(CHAT, CHATS["three choices"])
    indices = [part["index"] for chunk in found for part in chunk["choices"]]
    assert (indices[:6], set(indices)) == ([0, 1, 2, 0, 1, 2], {0, 1, 2})
    assert all(len(chunk["choices"]) == 1 for chunk in found)


@pytest.mark.parametrize("name", ["text", "three choices"])
def test_every_delta_of_content_says_something(name: str) -> None:
    """A delta is about a token; none is empty but the first, which has the role."""
    for index in range(CHATS[name].get("n", 1)):
        first, *said = deltas(chunks(CHAT, CHATS[name]), "content", index)
        assert first == "" and len(said) > 3 and all(said)


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("reasoning_content", {"reasoning_content"}),
        ("reasoning", {"reasoning"}),
        ("both", {"reasoning_content", "reasoning"}),
    ],
)
def test_reasoning_has_the_name_that_is_set(setting: str, names: set[str]) -> None:
    """AkashML's name by default, newer servers' by a setting, or both; in a stream as in a body."""
    body = CHATS["reasoning"]
    told = {name for part in parts(chunks(CHAT, body, reasoning_field=setting)) for name in part["delta"]}
    assert told == names | {"role", "content"}
    answer = post(CHAT, body, reasoning_field=setting).json["choices"][0]["message"]
    assert {name for name in answer if "reasoning" in name} == names


@pytest.mark.parametrize(
    ("asked", "by_default", "reasons"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"reasoning_effort": "low"}, False, True),
        ({"reasoning_effort": "none"}, True, False),
        ({"reasoning": {"enabled": True}}, False, True),
        ({"reasoning": {"enabled": False}, "reasoning_effort": "high"}, True, False),
        ({"reasoning": {"effort": "high"}, "reasoning_effort": "none"}, False, True),
        ({"reasoning": {"max_tokens": 5}}, False, True),
        ({"reasoning": {"exclude": True}}, True, False),
        ({"chat_template_kwargs": {"enable_thinking": False}}, True, False),
    ],
)
def test_reasoning_is_shown_where_it_is_asked_for(asked: dict[str, Any], by_default: bool, reasons: bool) -> None:
    """By default a reasoning model reasons; a request can turn it on, off, and out of sight."""
    found = chunks(CHAT, chat(model=REASONING, **asked), reasoning_by_default=by_default)
    assert bool(deltas(found, "reasoning_content")) is reasons


def test_hidden_reasoning_is_counted_and_not_shown() -> None:
    """`exclude` reasons all the same: the tokens are paid, and there is no trace of them in the chunks."""
    options = {"stream_options": USAGE}
    shown, hidden = (chunks(CHAT, CHATS[name] | options) for name in ("reasoning", "hidden reasoning"))
    assert deltas(hidden, "reasoning_content") == []
    assert deltas(hidden, "content") == deltas(shown, "content")
    assert hidden[-1]["usage"] == shown[-1]["usage"]
    assert hidden[-1]["usage"]["completion_tokens"] > len(deltas(hidden, "content"))


def test_reasoning_can_eat_all_the_tokens() -> None:
    """AkashML's best-known trap: no content at all, and finish reason length."""
    found = chunks(CHAT, CHATS["nothing but reasoning"])
    assert (len(deltas(found, "reasoning_content")), deltas(found, "content")) == (3, [""])
    assert parts(found)[-1]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("name", "calls"), [("a tool", ["get_weather"]), ("two tools", ["get_weather", "get_time"])], ids=["one", "two"]
)
def test_a_tool_call_says_its_name_once(name: str, calls: list[str]) -> None:
    """The first fragment has id, type and name; the others only their index and more of the arguments."""
    found = chunks(CHAT, CHATS[name])
    fragments = [fragment for delta in deltas(found, "tool_calls") for fragment in delta]
    grouped = [list(group) for _, group in groupby(fragments, key=lambda fragment: fragment["index"])]
    assert [group[0]["index"] for group in grouped] == list(range(len(calls)))
    whole = post(CHAT, CHATS[name]).json["choices"][0]["message"]["tool_calls"]
    for (first, *rest), call, expected in zip(grouped, calls, whole, strict=True):
        assert first == {
            "index": first["index"],
            "id": expected["id"],
            "type": "function",
            "function": {"name": call, "arguments": ""},
        }
        assert all(
            set(fragment) == {"index", "function"} and set(fragment["function"]) == {"arguments"} for fragment in rest
        )
        arguments = "".join(fragment["function"]["arguments"] for fragment in rest)
        assert (arguments, "city" in json.loads(arguments)) == (expected["function"]["arguments"], True)
    assert parts(found)[-1]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("empty", ["{}", ""])
def test_a_call_without_parameters_has_empty_arguments(empty: str) -> None:
    """They are an empty object, or by a setting no text, as AkashML once sent it; a message has an input of {} then."""
    tool = {"type": "function", "function": {"name": "ping"}}
    body = chat(tools=[tool], tool_choice="required")
    calls = [call for delta in deltas(chunks(CHAT, body, empty_arguments=empty), "tool_calls") for call in delta]
    assert "".join(call["function"]["arguments"] for call in calls) == empty
    answer = post(CHAT, body, empty_arguments=empty).json["choices"][0]["message"]
    assert answer["tool_calls"][0]["function"]["arguments"] == empty
    body = message(tools=[{"name": "ping", "input_schema": {"type": "object"}}], tool_choice={"type": "any"})
    assert post(MESSAGES, body, empty_arguments=empty).json["content"][0]["input"] == {}


def test_no_two_tool_calls_have_the_same_id() -> None:
    """Neither within a choice nor between choices."""
    body = CHATS["two tools, two choices, reasoning"]
    found = chunks(CHAT, body)
    ids = [
        fragment["id"]
        for index in (0, 1)
        for delta in deltas(found, "tool_calls", index)
        for fragment in delta
        if "id" in fragment
    ]
    assert (len(ids), len(set(ids))) == (4, 4)
    assert all(id.startswith("call_") for id in ids)


def test_parallel_calls_can_be_forbidden() -> None:
    """With parallel_tool_calls false a choice has one call."""
    found = chunks(CHAT, CHATS["two tools"] | {"parallel_tool_calls": False})
    assert {fragment["index"] for delta in deltas(found, "tool_calls") for fragment in delta} == {0}


def test_a_deprecated_call_has_the_deprecated_form() -> None:
    """A name once, arguments in pieces, no id and no index, and a finish reason of its own."""
    found = chunks(CHAT, CHATS["a deprecated function"])
    first, *rest = deltas(found, "function_call")
    assert first == {"name": "get_weather", "arguments": ""}
    assert all(set(fragment) == {"arguments"} for fragment in rest)
    assert set(json.loads("".join(fragment["arguments"] for fragment in rest))) == {"city", "days"}
    assert parts(found)[-1]["finish_reason"] == "function_call"


@pytest.mark.parametrize("top", [0, 2])
def test_log_probabilities_stand_beside_the_delta(top: int) -> None:
    """Those of a chunk are of the chunk's tokens; a chunk without tokens has null."""
    found = chunks(CHAT, CHATS["log probabilities"] | {"top_logprobs": top})
    first, *middle, last = parts(found)
    assert (first["logprobs"], last["logprobs"]) == (None, None)
    for part in middle:
        assert set(part["logprobs"]) == {"content", "refusal"} and part["logprobs"]["refusal"] is None
        entries = part["logprobs"]["content"]
        assert "".join(entry["token"] for entry in entries) == part["delta"]["content"]
        for entry in entries:
            assert set(entry) == {"token", "logprob", "bytes", "top_logprobs"}
            assert (bytes(entry["bytes"]).decode(), entry["logprob"] <= 0) == (entry["token"], True)
            assert len(entry["top_logprobs"]) == top
            assert all(set(other) == {"token", "logprob", "bytes"} for other in entry["top_logprobs"])


@pytest.mark.parametrize("body", CHATS.values(), ids=CHATS)
def test_usage_comes_last_and_once(body: dict[str, Any]) -> None:
    """With include_usage the last chunk has no choices and the whole body's usage; the others have no such key."""
    *before, last = chunks(CHAT, body | {"stream_options": USAGE})
    assert last["choices"] == []
    assert last["usage"] == post(CHAT, body).json["usage"]
    assert set(last["usage"]) == {"prompt_tokens", "completion_tokens", "total_tokens"}
    assert all("usage" not in chunk and chunk["choices"] for chunk in before)


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}, {"continuous_usage_stats": True}], ids=repr)
@pytest.mark.parametrize(("path", "body"), [(CHAT, chat()), (COMPLETIONS, completion())])
def test_without_include_usage_there_is_none(path: str, body: dict[str, Any], options: Any) -> None:
    """No chunk has usage, and there is no chunk without choices."""
    for chunk in chunks(path, body | {"stream_options": options}, usage_null=True):
        assert "usage" not in chunk and chunk["choices"]


@pytest.mark.parametrize(("path", "body"), [(CHAT, chat()), (COMPLETIONS, completion())])
def test_usage_can_be_null_before_the_last_chunk(path: str, body: dict[str, Any]) -> None:
    """OpenAI has the key everywhere; a setting does so too."""
    *before, last = chunks(path, body | {"stream_options": USAGE}, usage_null=True)
    assert [chunk["usage"] for chunk in before] == [None] * len(before)
    assert last["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        *((CHAT, body) for body in CHATS.values()),
        (COMPLETIONS, completion(echo=True, n=2)),
        (COMPLETIONS, completion(["Once", "Twice"])),
    ],
)
def test_running_usage_grows_to_the_total(path: str, body: dict[str, Any]) -> None:
    """With continuous_usage_stats every chunk has what was said so far, hidden tokens included."""
    *before, last = chunks(path, body | {"stream_options": RUNNING})
    said = [chunk["usage"]["completion_tokens"] for chunk in before]
    assert (said[0], said == sorted(said)) == (int(path == COMPLETIONS and not body.get("echo")), True)
    assert before[-1]["usage"] == last["usage"] == post(path, body).json["usage"]
    for chunk in before:
        usage = chunk["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert usage["prompt_tokens"] == last["usage"]["prompt_tokens"]


def test_usage_can_have_details() -> None:
    """A setting adds what OpenAI's shape has; reasoning tokens are a part of the completion's."""
    body = CHATS["reasoning"] | {"stream_options": RUNNING}
    usage = chunks(CHAT, body, usage_details=True)[-1]["usage"]
    assert set(usage["prompt_tokens_details"]) == {"cached_tokens"}
    assert 0 < usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]


def test_a_stop_string_is_not_in_the_stream() -> None:
    """Nothing of it is sent, although it may lie across tokens."""
    text = "".join(deltas(chunks(CHAT, chat("Write about the sea.")), "content"))
    for stop in (text[10:12], text[7:20]):
        found = chunks(CHAT, chat("Write about the sea.", stop=[stop, "never said"]))
        assert "".join(deltas(found, "content")) == text[: text.index(stop)]
        assert parts(found)[-1]["finish_reason"] == "stop"


# ---------------------------------------------------------------------------------------------- completions

COMPLETED: dict[str, dict[str, Any]] = {
    "text": completion(),
    "an echo": completion(echo=True, n=2),
    "prompts": completion(["Once upon", "The sea"], n=2, echo=True),
    "log probabilities": completion(logprobs=2, echo=True),
    "nothing but an echo": completion(echo=True, max_tokens=0),
    "nothing": completion(max_tokens=0),
}


@pytest.mark.parametrize("body", COMPLETED.values(), ids=COMPLETED)
def test_every_chunk_of_a_completion_has_the_same_envelope(body: dict[str, Any]) -> None:
    """The four keys are those of the whole body; a choice has its four, and there is no delta and no role."""
    whole = post(COMPLETIONS, body).json
    envelope = {name: whole[name] for name in ("id", "created", "model", "object")}
    assert envelope["object"] == "text_completion"
    for chunk in chunks(COMPLETIONS, body):
        assert {name: value for name, value in chunk.items() if name != "choices"} == envelope
        for part in chunk["choices"]:
            assert set(part) == {"index", "text", "logprobs", "finish_reason"}


@pytest.mark.parametrize("body", COMPLETED.values(), ids=COMPLETED)
def test_each_completion_ends_once(body: dict[str, Any]) -> None:
    """The reason comes in the last chunk of a choice; the texts before join to that of the whole body."""
    found = chunks(COMPLETIONS, body)
    choices = post(COMPLETIONS, body).json["choices"]
    for choice in choices:
        told = parts(found, choice["index"])
        assert [part["finish_reason"] for part in told] == [None] * (len(told) - 1) + [choice["finish_reason"]]
        assert "".join(part["text"] for part in told) == choice["text"]
    assert {part["index"] for chunk in found for part in chunk["choices"]} == set(range(len(choices)))


def test_an_echo_is_the_first_chunk() -> None:
    """The prompt comes in one piece before what was generated, for each prompt and choice by its index."""
    found = chunks(COMPLETIONS, COMPLETED["prompts"])
    assert [parts(found, index)[0]["text"] for index in range(4)] == ["Once upon", "Once upon", "The sea", "The sea"]
    assert all(len(parts(found, index)) > 2 for index in range(4))


def test_log_probabilities_go_on_from_chunk_to_chunk() -> None:
    """Offsets count on through the text, and the first token of the echoed prompt has no probability."""
    text, tokens, offset = "", 0, 0
    for part in parts(chunks(COMPLETIONS, COMPLETED["log probabilities"]))[:-1]:
        told = part["logprobs"]
        assert {len(values) for values in told.values()} == {len(told["tokens"])}
        for token, offset, logprob, top in zip(
            told["tokens"], told["text_offset"], told["token_logprobs"], told["top_logprobs"], strict=True
        ):
            assert offset == len(text)
            assert ((logprob is None), (top is None)) == (tokens == 0, tokens == 0)
            text, tokens = text + token, tokens + 1
        assert "".join(told["tokens"]) == part["text"]
    assert text == post(COMPLETIONS, COMPLETED["log probabilities"]).json["choices"][0]["text"]


# ---------------------------------------------------------------------------------------------- messages

TOOLS = [
    {"name": tool["function"]["name"], "description": tool["function"]["description"], "input_schema": PLACE}  # type: ignore[index]
    for tool in (FORECAST_TOOL, TIME_TOOL)
]
MESSAGED: dict[str, dict[str, Any]] = {
    "text": message("Write about the sea.", max_tokens=40),
    "thinking": message("Write about the sea.", model=REASONING, max_tokens=4000),
    "nothing but thinking": message("Write about the sea.", model=REASONING, max_tokens=3),
    "a tool": message(tools=[MESSAGE_TOOL], tool_choice={"type": "any"}),
    "two tools": message(BOTH, tools=TOOLS),
    "thinking and two tools": message(BOTH, tools=TOOLS, model=REASONING, max_tokens=4000),
    "a stop sequence": message("Write about the sea.", stop_sequences=["zzz", "."], max_tokens=400),
    "an object": message(
        output_config={"format": {"type": "json_schema", "schema": {"type": "object", "properties": {}}}}
    ),
}
KINDS = {
    "thinking": ["thinking", "text"],
    "text": ["text"],
    "nothing but thinking": ["thinking"],
    "a tool": ["tool_use"],
    "two tools": ["tool_use", "tool_use"],
    "thinking and two tools": ["thinking", "tool_use", "tool_use"],
    "a stop sequence": ["text"],
    "an object": ["text"],
}
OPENINGS: dict[str, dict[str, Any]] = {
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
    "text": {"type": "text", "text": ""},
    "tool_use": {"type": "tool_use", "input": {}},
}
DELTAS = {
    "thinking": ["thinking_delta", "signature_delta"],
    "text": ["text_delta"],
    "tool_use": ["input_json_delta"],
}


def message_events(body: dict[str, Any], **settings: Any) -> list[Any]:
    """The events of a message; each frame has its name and one line of data, whose type is the name."""
    found = []
    for frame in frames(MESSAGES, body, **settings):
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found


@pytest.mark.parametrize("name", MESSAGED)
def test_the_events_of_a_message_come_in_their_order(name: str) -> None:
    """A start, the blocks one after the other, one message_delta, a stop; one ping after the first block has begun."""
    body = MESSAGED[name]
    start, *middle, delta, stop = message_events(body)
    assert (start["type"], delta["type"], stop) == ("message_start", "message_delta", {"type": "message_stop"})
    assert [at for at, event in enumerate(middle) if event["type"] == "ping"] == [1]
    del middle[1]
    kinds: list[str] = []
    for index, group in groupby(middle, key=lambda event: event["index"]):
        opened, *told, closed = group
        kind = opened["content_block"]["type"]
        assert (opened["type"], index) == ("content_block_start", len(kinds))
        assert OPENINGS[kind].items() <= opened["content_block"].items()
        assert closed == {"type": "content_block_stop", "index": index}
        types = [event["delta"]["type"] for event in told]
        assert all(event["type"] == "content_block_delta" for event in told)
        assert [type for type, _ in groupby(types)] == DELTAS[kind]
        assert types.count("signature_delta") == (kind == "thinking")
        kinds.append(kind)
    assert kinds == KINDS[name]


@pytest.mark.parametrize("body", MESSAGED.values(), ids=MESSAGED)
def test_a_message_starts_empty(body: dict[str, Any]) -> None:
    """message_start has the message as it will be, but for content, reasons and the tokens of the answer."""
    whole = post(MESSAGES, body).json
    start = message_events(body)[0]
    assert start == {
        "type": "message_start",
        "message": {
            **whole,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": whole["usage"] | {"output_tokens": 0},
        },
    }


@pytest.mark.parametrize("body", MESSAGED.values(), ids=MESSAGED)
def test_a_message_ends_with_its_reason_and_its_total(body: dict[str, Any]) -> None:
    """message_delta has the whole body's usage, input tokens included, which LangChain reads only here."""
    whole = post(MESSAGES, body).json
    assert message_events(body)[-2] == {
        "type": "message_delta",
        "delta": {name: whole[name] for name in ("stop_reason", "stop_sequence")},
        "usage": whole["usage"],
    }
    assert whole["usage"]["input_tokens"] > 0 and whole["usage"]["output_tokens"] > 0


@pytest.mark.parametrize(
    ("name", "reason", "sequence"),
    [
        ("thinking", "end_turn", None),
        ("nothing but thinking", "max_tokens", None),
        ("a tool", "tool_use", None),
        ("a stop sequence", "stop_sequence", "."),
    ],
)
def test_a_message_says_why_it_ended(name: str, reason: str, sequence: str | None) -> None:
    """The reasons are Anthropic's, and the stop sequence that was met is told."""
    assert message_events(MESSAGED[name])[-2]["delta"] == {"stop_reason": reason, "stop_sequence": sequence}


@pytest.mark.parametrize("name", ["two tools", "thinking and two tools"])
def test_a_tool_use_says_its_name_once(name: str) -> None:
    """The block begins with id, name and an empty input; the pieces of JSON join to the input of the whole body."""
    found = message_events(MESSAGED[name])
    starts = [event for event in found if event.get("content_block", {}).get("type") == "tool_use"]
    whole = [block for block in post(MESSAGES, MESSAGED[name]).json["content"] if block["type"] == "tool_use"]
    assert [block["name"] for block in whole] == ["get_weather", "get_time"]
    assert len({block["id"] for block in whole}) == 2
    for start, block in zip(starts, whole, strict=True):
        assert start["content_block"] == {**block, "input": {}}
        assert block["id"].startswith("toolu_")
        pieces = [
            event["delta"]["partial_json"]
            for event in found
            if event.get("index") == start["index"] and "delta" in event
        ]
        assert json.loads("".join(pieces)) == block["input"]


def test_a_signature_comes_last_in_its_block() -> None:
    """It is opaque base64, and the one of the whole body."""
    found = message_events(MESSAGED["thinking"])
    block = post(MESSAGES, MESSAGED["thinking"]).json["content"][0]
    told = [event["delta"] for event in found if event.get("index") == 0 and "delta" in event]
    assert told[-1] == {"type": "signature_delta", "signature": block["signature"]}
    assert len(base64.b64decode(block["signature"], validate=True)) > 8
    assert "".join(delta["thinking"] for delta in told[:-1]) == block["thinking"]


@pytest.mark.parametrize("body", MESSAGED.values(), ids=MESSAGED)
def test_a_message_has_no_openai_end(body: dict[str, Any]) -> None:
    """message_stop is the end; there is no [DONE]."""
    assert "[DONE]" not in "".join(frames(MESSAGES, body))
