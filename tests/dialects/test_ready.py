"""Ready answers: what is folded and encoded once equals what is made anew for each request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.drafts import Draft, DraftCall, content_steps
from emulator.core.fold import fold
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.settings import Settings
from emulator.core.tokens import split
from emulator.core.vocabulary import InferenceRequest, Sampling, Start, TokenLogprob, Usage
from emulator.dialects.endpoints import ENDPOINTS

TEXTS = st.text(st.sampled_from('ab \0\n"\\{}é😀'), max_size=12)
CALLS = st.builds(
    DraftCall,
    st.sampled_from(["get_weather", "a\0b"]),
    st.sampled_from(["", "{}", '{"a": "\\u0000"}', "no JSON"]).map(split),
    st.sampled_from([None, "call_1"]),
)
ENTRIES = st.sampled_from([None, lambda: iter([TokenLogprob("a", -0.5, b"a")] * 40)])
DRAFTS = st.builds(
    Draft,
    TEXTS.map(split),
    TEXTS.map(split),
    st.lists(CALLS, max_size=2).map(tuple),
    st.sampled_from(["stop", "length", "tool_calls"]),
    st.sampled_from([None, "\0"]),
    ENTRIES,
)
BODIES: list[dict[str, Any]] = [
    {},
    {"functions": [{"name": "f"}]},
    {"stream_options": {"include_usage": True}},
    {"stream_options": {"include_usage": True, "continuous_usage_stats": True}},
    {"thinking": {"type": "enabled", "display": "omitted"}},
]
SETTINGS = [Settings(), Settings(usage_null=False, usage_details=True, reasoning_field="both")]
IDS = st.sampled_from(["0" * 32, "f" * 32, "an id"])
STARTS = st.builds(Start, IDS, st.sampled_from(["model", "a\0"]), st.integers(0, 2**31), st.integers(0, 9))


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=list(ENDPOINTS))
@given(drafts=st.lists(DRAFTS, min_size=1, max_size=3), starts=st.lists(STARTS, min_size=2, max_size=4), data=st.data())
def test_a_ready_answer_is_what_its_events_say(endpoint: Any, drafts: list[Draft], starts: Any, data: Any) -> None:
    """Whole and streamed, ready bytes equal the encoding of the events, whatever was encoded from them before."""
    whole = ReadyEvents([*content_steps(drafts, whole=True, hide_reasoning=False)])
    streamed = ReadyEvents([*content_steps(drafts, whole=False, hide_reasoning=False)])
    dialect = endpoint.make(data.draw(st.sampled_from(SETTINGS)))
    for start in starts:
        body, sampling = data.draw(st.sampled_from(BODIES)), Sampling(n=len(drafts))
        request = InferenceRequest(endpoint.name, "model", sampling=sampling, body=body)
        usage = Usage(start.prompt_tokens, 5)

        steps = ReadySteps(start, whole, usage)
        completion = fold(step.event for step in steps)
        assert completion == steps.completion()
        assert dialect.ready_body(steps, request) == b"".join(dialect.parts(steps.completion(), request))

        one_by_one, at_once = dialect.encoder(request, "req"), dialect.encoder(request, "req")
        first, *content, last = (step.event for step in ReadySteps(start, streamed, usage))
        expected = [frame for event in (first, *content, last) for frame in one_by_one.frames(event)]
        sent = [*at_once.frames(first), at_once.ready_frames(streamed), *at_once.frames(last)]
        assert b"".join(sent) == b"".join(expected)
