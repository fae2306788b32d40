"""Answers that no dialect wrote: another service's, broken ones, and noise. What cannot be read is told."""

import json
import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.answers import WIRES, Events, Wire, answers
from support.foreign_service import STRANGE_BODY, STRANGE_CHUNKS
from support.odd_json import JSON, changed

from emulator.core.errors import ApiError
from emulator.core.vocabulary import End, Event, Failure, Finish, Reasoning, Start, Text, ToolArguments, ToolCall, Usage
from emulator.dialects.decoding import decode
from emulator.dialects.endpoints import ENDPOINTS

many = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def check_events(events: Iterable[Event]) -> None:
    """Every field of every event has its type."""
    for event in events:
        assert msgspec.convert(msgspec.to_builtins(event), type(event)) == event


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
@many
@given(answers(), JSON, st.randoms(use_true_random=False))
def test_a_field_may_be_anything(wire: Wire, events: Events, value: Any, chance: random.Random) -> None:
    """An answer in which any value stands in the place of any other is read as far as it can be."""
    told = wire.can_tell(events)
    bodies = [wire.stream(told)] + ([] if isinstance(events[-1], Failure) else [b"data: " + wire.whole(told)])
    for body in bodies:
        lines = body.splitlines()
        at = chance.choice([at for at, line in enumerate(lines) if line.startswith(b"data: {")])
        odd = changed(json.loads(lines[at][6:]), value, chance)
        lines[at] = b"data: " + json.dumps(odd).encode()
        check_events(decode(wire.dialect.decoder(), b"\n".join(lines)))
        check_events(wire.dialect.decoder().body(json.dumps(odd).encode()))


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
@many
@given(answers(), st.binary(max_size=30), st.randoms(use_true_random=False))
def test_bytes_may_be_anything(wire: Wire, events: Events, noise: bytes, chance: random.Random) -> None:
    """Bytes that are none of an answer's are passed over, or told as a problem, wherever they stand."""
    stream = wire.stream(wire.can_tell(events))
    at = chance.randrange(len(stream))
    for body in (noise, stream[:at] + noise + stream[at + chance.randrange(30) :]):
        check_events(decode(wire.dialect.decoder(), body))


START = Start("", "", 0, 0)
CHATS: dict[str, tuple[str | bytes, Events]] = {
    "a stranger's stream": (
        "\r\n\r\n".join(STRANGE_CHUNKS),
        [
            Start("gen-17", "acme/odd-1", 1, 0),
            Reasoning(0, "Well.", 0),
            Text(0, "", 0),
            Text(0, "Use {{ braces }}, naïvely ☀️", 0),
            Finish(0, "stop"),
            End(Usage(3, 9, 2)),
        ],
    ),
    "a stranger's body": (
        STRANGE_BODY,
        [
            Start("gen-18", "acme/odd-1", 1, 3),
            Reasoning(0, "Hm.", 0),
            ToolCall(0, "tool-1", "get_weather"),
            ToolArguments(0, '{"q": "{{x}}"}', 0),
            Finish(0, "tool_calls"),
            End(Usage(3, 9)),
        ],
    ),
    "a filter's word before the first chunk": (
        'data: {"id":"","model":"","choices":[],"prompt_filter_results":[]}\n\n'
        'data: {"id":"a","model":"m","created":1.5,"choices":[{"delta":{"content":"x"}}]}',
        [Start("a", "m", 1, 0), Text(0, "x", 0)],
    ),
    "a refusal": (
        '{"choices":[{"index":0,"message":{"content":null,"refusal":"I may not."},"finish_reason":"stop"}]}',
        [START, Text(0, "I may not.", 0), Finish(0, "stop"), End(Usage(0, 0))],
    ),
    "calls that are all numbered alike": (
        "\n\n".join(
            f'data: {{"choices":[{{"delta":{{"tool_calls":[{{"index":0,"id":"{id}","function":{function}}}]}}}}]}}'
            for id, function in [
                ("a", '{"name":"f","arguments":"1"}'),
                ("b", '{"name":"g","arguments":"2"}'),
                ("b", '{"arguments":"3"}'),
                ("another", '{"arguments":"4"}'),
            ]
        ),
        [
            START,
            ToolCall(0, "a", "f"),
            ToolArguments(0, "1", 0),
            ToolCall(0, "b", "g"),
            ToolArguments(0, "2", 0),
            ToolArguments(0, "3", 0),
            ToolArguments(0, "4", 0),
        ],
    ),
    "an error with a number": (
        'data: {"error":{"message":"No.","code":429}}',
        [Failure(ApiError("internal", "No.", code="429"))],
    ),
}


@pytest.mark.parametrize(("body", "events"), CHATS.values(), ids=CHATS)
def test_another_service_is_read(body: str | bytes, events: Events) -> None:
    """Services of OpenAI's shape have ways of their own, and say the same."""
    decoder = ENDPOINTS["chat"].decoder()
    assert (decode(decoder, body.encode() if isinstance(body, str) else body), decoder.problems) == (events, [])


ODD: dict[str, tuple[str, str, Events, str]] = {
    "an unknown reason": (
        "chat",
        '{"choices":[{"message":{"content":"x"},"finish_reason":"eos"}]}',
        [START, Text(0, "x", 0), End(Usage(0, 0))],
        "Unknown finish_reason 'eos'",
    ),
    "text in parts": (
        "chat",
        '{"choices":[{"message":{"content":[{"type":"text","text":"x"}]}}]}',
        [],
        "Expected `str | null`, got `array` - at `$.choices[0].message.content`",
    ),
    "usage of other names": (
        "chat",
        '{"choices":[{"message":{"content":"x"}}],"usage":{"total_tokens":3}}',
        [START, Text(0, "x", 0), End(Usage(0, 0))],
        "Object missing required field `prompt_tokens`",
    ),
    "logprobs of another form": (
        "chat",
        '{"choices":[{"message":{"content":"x"},"logprobs":[-1]}]}',
        [START, Text(0, "x", 0), End(Usage(0, 0))],
        "Expected `object`, got `array`",
    ),
    "logprobs of different lengths": (
        "completions",
        '{"choices":[{"text":"x","logprobs":{"tokens":["x"],"token_logprobs":[]}}]}',
        [START, Text(0, "x", 0), End(Usage(0, 0))],
        "different lengths",
    ),
    "calls side by side": (
        "chat",
        '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}},'
        '{"index":1,"id":"b","function":{"name":"g"}},{"index":0,"function":{"arguments":"{}"}}]}}]}',
        [START, ToolCall(0, "a", "f"), ToolCall(0, "b", "g"), End(Usage(0, 0))],
        "goes on after the next one has begun",
    ),
    "a call without a name": (
        "chat",
        '{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"arguments":"{}"}}]}}]}',
        [START, End(Usage(0, 0))],
        "without a name",
    ),
    "neither": ("chat", '{"object":"error","message":"No."}', [], "neither choices nor an error"),
    "HTML": ("chat", "<html><body>Bad gateway</body></html>", [], "malformed"),
    "nothing": ("messages", "", [], "truncated"),
    "depth": ("messages", '{"type":' + "[" * 100_000, [], "recursion"),
    "an unknown block": (
        "messages",
        '{"type":"message","content":[{"type":"image"}]}',
        [],
        "Invalid value 'image' - at `$.content[0].type`",
    ),
    "an unknown stop": (
        "messages",
        '{"type":"message","content":[{"type":"text","text":"x"}],"stop_reason":"pause_turn"}',
        [START, Text(0, "x", 0), End(Usage(0, 0))],
        "Unknown stop_reason 'pause_turn'",
    ),
    "input without a call": (
        "messages",
        'data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}',
        [START],
        "block 1, which is not the latest tool call",
    ),
}


@pytest.mark.parametrize(("endpoint", "body", "events", "problem"), ODD.values(), ids=ODD)
def test_what_cannot_be_read_is_told(endpoint: str, body: str, events: Events, problem: str) -> None:
    """The rest is read, and the problem says what is odd and where."""
    decoder = ENDPOINTS[endpoint].decoder()
    assert decode(decoder, body.encode()) == events
    (told,) = decoder.problems
    assert problem in told
