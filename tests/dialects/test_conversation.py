"""What a recorded request says is read without checking the request."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.odd_json import JSON, changed

from emulator.dialects.conversation import RequestMessage
from emulator.dialects.endpoints import conversation

SAYS: dict[str, tuple[Any, list[RequestMessage]]] = {
    "texts": (
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        [RequestMessage("system", "Be brief."), RequestMessage("user", "Hi")],
    ),
    "parts": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}, "b", 3]}]},
        [RequestMessage("user", "ab", ("image_url",))],
    ),
    "a call": (
        {"messages": [{"role": "assistant", "content": None, "tool_calls": []}]},
        [RequestMessage("assistant", "")],
    ),
    "a prompt": ({"prompt": "Once"}, [RequestMessage("user", "Once")]),
    "prompts": ({"prompt": ["One", "Two"]}, [RequestMessage("user", "One"), RequestMessage("user", "Two")]),
    "token ids": ({"prompt": [[1, 2], [3]]}, []),
    "no object": (["messages"], []),
    "no messages": ({"messages": "Hi"}, []),
    "odd messages": (
        {"messages": [3, {"content": {"text": 3, "type": "odd"}}, {}]},
        [RequestMessage("None", "", ("odd",)), RequestMessage("None", "")],
    ),
}


@pytest.mark.parametrize(("body", "said"), SAYS.values(), ids=SAYS)
def test_what_a_request_says_is_read(body: Any, said: list[RequestMessage]) -> None:
    """Roles and texts, whatever the dialect, and nothing of what is no text; a request that is odd is no mistake."""
    assert conversation(body) == said


@given(JSON, st.randoms(use_true_random=False))
def test_a_request_may_be_anything(value: Any, chance: random.Random) -> None:
    """Whatever JSON a client sends, what it says can be asked."""
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "prompt": ["Hi"]}
    for said in conversation(changed(body, value, chance)):
        assert all(isinstance(text, str) for text in (said.role, said.text, *said.others))
