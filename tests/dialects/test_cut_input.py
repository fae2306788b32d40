"""Tool calls that a limit of tokens cuts: their input is an object, the same whole and streamed."""

import json
from typing import Any, TypeAlias

import anthropic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jiter import from_json
from support.asgi import MESSAGES, post

from emulator import Emulator
from emulator.dialects.partial_json import whole_part

Body: TypeAlias = dict[str, Any]

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=6), VALUES, max_size=4)
HORN = {
    "name": "horn",
    "input_schema": {
        "type": "object",
        "properties": {
            "times": {"type": "string"},
            "notes": {"type": "array", "items": {"type": "integer"}, "minItems": 3},
            "harbour": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        },
        "required": ["times", "notes", "harbour"],
    },
}
ASKED: Body = {
    "model": "zai-org--GLM-5.3",
    "thinking": {"type": "disabled"},
    "tool_choice": {"type": "any"},
    "tools": [HORN],
    "messages": [{"role": "user", "content": "Sound the horn"}],
}


@settings(max_examples=100)
@given(OBJECTS, st.booleans(), st.sampled_from([None, 2]))
def test_the_whole_part_of_cut_json(value: Body, ascii: bool, indent: int | None) -> None:
    """Wherever an object is cut, what is complete in it is what Anthropic's SDKs read; uncut it is all of it."""
    try:
        text = json.dumps(value, ensure_ascii=ascii, indent=indent)
        text.encode()
    except UnicodeEncodeError:
        return
    for end in range(1, len(text) + 1):
        assert whole_part(text[:end]) == from_json(text[:end].encode(), partial_mode=True)
    assert whole_part(text) == value


@pytest.mark.parametrize(
    "text", ["", "[1, 2", '"x', "12", "}", "]{", '{"a": }', '{"a": 1}}', '{"a": 1} x', "Oslo", "{]"]
)
def test_what_begins_no_object_is_none(text: str) -> None:
    """A text that is no beginning of an object, or goes on after it, has no whole part that is more than was said."""
    assert whole_part(text) in (None, {}, {"a": 1})


@pytest.mark.parametrize("depth", [10, 100_000])
def test_deep_json(depth: int) -> None:
    """Arrays in arrays are closed as deep as they can be read, and refused beyond."""
    part = whole_part('{"a": ' + "[" * depth)
    assert part is None if depth > 1000 else json.dumps(part) == '{"a": ' + "[" * depth + "]" * depth + "}"


def told(block: Any) -> Body:
    """A block without its id, which each answer has its own of."""
    return {name: value for name, value in block.to_dict().items() if name != "id"}


@pytest.mark.parametrize("seed", range(3))
def test_a_cut_input_is_the_same_whole_and_streamed(seed: int) -> None:
    """For each limit: what the SDK accumulates of the stream is the whole answer, and can be sent back."""
    with (
        Emulator(seed=str(seed)) as akash,
        anthropic.Anthropic(base_url=akash.anthropic_base_url, api_key=akash.key, max_retries=0) as client,
    ):
        reasons = []
        for limit in range(100):
            whole = client.messages.create(max_tokens=limit, **ASKED)
            with client.messages.stream(max_tokens=limit, **ASKED) as stream:
                joined = stream.get_final_message()
            assert [told(block) for block in joined.content] == [told(block) for block in whole.content]
            assert (joined.stop_reason, joined.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)
            calls = [block for block in whole.content if block.type == "tool_use"]
            assert len(calls) == len(whole.content)
            assert all(isinstance(call.input, dict) for call in calls)
            reasons.append(whole.stop_reason)
            if calls:
                results = [{"type": "tool_result", "tool_use_id": call.id, "content": "ok"} for call in calls]
                turns = [{"role": "assistant", "content": whole.content}, {"role": "user", "content": results}]
                again = {**ASKED, "messages": [*ASKED["messages"], *turns]}
                assert client.messages.create(max_tokens=10, **again).content
            if whole.stop_reason == "tool_use":
                break
        assert reasons == ["max_tokens"] * (len(reasons) - 1) + ["tool_use"]
        assert len(reasons) > 20


def test_a_tool_use_that_is_cut_at_once() -> None:
    """A call with only some tokens of its input has the members that are complete."""
    tool = {"name": "horn", "input_schema": {"type": "object", "properties": {"times": {"type": "string"}}}}
    tool["input_schema"] |= {"required": ["times"]}  # type: ignore[operator]
    for limit in (1, 2, 3):
        exchange = post(MESSAGES, {**ASKED, "max_tokens": limit, "tools": [tool]})
        (block,) = exchange.json["content"]
        assert (block["name"], block["input"], exchange.json["stop_reason"]) == ("horn", {}, "max_tokens")
