"""What goes wrong with an answer: every fault at every place, on events and on the frames of every dialect."""

import doctest
import importlib
import json
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.faults import KEEP_TEXT, values

import emulator.faults
from emulator.core.drafts import Draft, DraftCall, content_steps
from emulator.core.errors import ApiError
from emulator.core.fold import Completion, fold
from emulator.core.plan import Fault, FrameMarks
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.seeds import Seed
from emulator.core.settings import Settings
from emulator.core.tokens import split
from emulator.core.vocabulary import (
    End,
    Event,
    Failure,
    Finish,
    Hangup,
    InferenceRequest,
    Reasoning,
    Start,
    Step,
    Text,
    TokenLogprob,
    ToolArguments,
    ToolCall,
    Usage,
)
from emulator.dialects.decoding import decode
from emulator.dialects.endpoints import ENDPOINTS, Endpoint
from emulator.faults import FAULTS, NO_FAULTS, PLACES, Alone, Where, assemble
from emulator.faults.comments import COMMENT, comments
from emulator.faults.corrupt import corrupt
from emulator.faults.drop import PARTS, Part, drop
from emulator.faults.duplicate import duplicate
from emulator.faults.error import error
from emulator.faults.events import divided as divided_steps
from emulator.faults.events import no_fault
from emulator.faults.frames import divided as divided_frames
from emulator.faults.garbage import garbage
from emulator.faults.hangup import WAYS, hangup
from emulator.faults.reorder import reorder
from emulator.faults.slow import slow
from emulator.faults.split import split as split_bytes
from emulator.faults.stall import stall

START = Start("0123456789abcdef0123456789abcdef", "model", 0, 5)
OVERLOADED = ApiError("overloaded", "try later")
TEXTS = st.text(st.sampled_from("ab 1.é中👍\n"), max_size=20)


def places(count: int = 3) -> list[Where]:
    """Every place of the language."""
    return [Where(kind, name, count if kind == "after" else 0) for kind, names in PLACES.items() for name in names]  # type: ignore[arg-type]


def place_id(where: Where) -> str:
    """A place as a test's name."""
    return f"{where.kind}-{where.name}"


WHERES = st.one_of(st.sampled_from(places()), st.builds(places, st.integers(1, 40)).flatmap(st.sampled_from))


def faults_of(level: str) -> list[tuple[str, Any]]:
    """Every fault of a level, with values for it."""
    return [(name, value) for name, fault in FAULTS.items() if fault.level == level for _, value in values(name)]


def build(name: str, value: Any, where: Where) -> Any:
    """One fault of the registry, at a place."""
    return FAULTS[name].build(value, where, Seed.of("test").random())


# ---------------------------------------------------------------------------------------------- answers to play with


def draft(text: str, reasoning: str = "", arguments: str = "") -> Draft:
    """A choice that says this."""
    calls = (DraftCall("f", split(arguments)),) if arguments else ()
    return Draft(split(reasoning), split(text), calls, finish="tool_calls" if calls else "stop")


DRAFTS = st.builds(draft, TEXTS, TEXTS, TEXTS)
EXAMPLE = draft("It is sunny.", "Let me look.", '{"city": "Paris"}')


def answer(*drafts: Draft, whole: bool = False) -> list[Step]:
    """The steps of an answer of these choices."""
    content = [*content_steps(drafts or (EXAMPLE,), whole=whole, hide_reasoning=False)]
    return [*ReadySteps(START, ReadyEvents(content), Usage(5, 20))]


@st.composite
def answers(draw: st.DrawFn) -> list[Step]:
    """Answers of up to three choices, with delays; some have already ended too early, or are refused at once."""
    steps = answer(*draw(st.lists(DRAFTS, min_size=1, max_size=3)), whole=draw(st.booleans()))
    delays = draw(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=len(steps), max_size=len(steps)))
    steps = [Step(delay, step.event) for delay, step in zip(delays, steps, strict=True)]
    last = draw(st.sampled_from([None, Failure(OVERLOADED), Hangup("reset")]))
    return steps if last is None else [*steps[: draw(st.integers(0, len(steps)))], Step(0.5, last)]


def events(steps: Iterable[Step]) -> list[Event]:
    """What happens, without the delays."""
    return [step.event for step in steps]


def said(steps: Iterable[Step]) -> str:
    """All that is said, in the order in which it is."""
    return "".join(event.text for event in events(steps) if isinstance(event, Text | Reasoning | ToolArguments))


def tokens(steps: Iterable[Step]) -> int:
    """How many tokens are said."""
    return sum(event.tokens for event in events(steps))


def reached(where: Where, steps: Sequence[Step]) -> bool:
    """Whether an answer has the place."""
    kinds: dict[str, Any] = {
        "response": Event,
        "first_token": Text | Reasoning | ToolCall,
        "tool_arguments": ToolArguments,
        "finish": Finish,
        "usage": End,
        "done": End,
    }
    match where.name:
        case "tokens":
            return tokens(steps) >= where.count
        case "events":
            return sum(not isinstance(event, Failure | Hangup) for event in events(steps)) >= where.count
        case "bytes":
            return len(said(steps).encode()) >= where.count
        case name:
            return any(isinstance(event, kinds[name]) for event in events(steps))


# ---------------------------------------------------------------------------------------------- laws of event faults


@given(answers())
def test_no_fault_is_a_value(steps: list[Step]) -> None:
    """Nothing going wrong is a fault like the others, and changes nothing."""
    assert list(no_fault(steps)) == steps


@given(answers(), WHERES, st.sampled_from(faults_of("event")))
def test_what_precedes_the_place_is_as_it_was(steps: list[Step], where: Where, fault: tuple[str, Any]) -> None:
    """The steps up to the place come out first, each as it went in; only one that the place divides is in two."""
    head = list(divided_steps(where, steps))
    found = list(build(*fault, where)(steps))
    assert found[: len(head)] == head
    assert head[:-1] == steps[: max(len(head) - 1, 0)]
    assert said(steps).startswith(said(head))


@given(answers(), WHERES, st.sampled_from(faults_of("event")))
def test_no_fault_breaks_the_laws(steps: list[Step], where: Where, fault: tuple[str, Any]) -> None:
    """No delay is negative, nothing follows a failure or a hang-up, and a place that is not there changes nothing."""
    found = list(build(*fault, where)(iter(steps)))
    assert all(step.delay >= 0 for step in found)
    assert not any(isinstance(event, Failure | Hangup) for event in events(found)[:-1])
    if fault[0] in KEEP_TEXT:
        assert said(steps).startswith(said(found))
    if not reached(where, steps):
        assert found == steps


@given(answers(), WHERES, st.sampled_from(faults_of("event")))
def test_a_fault_is_a_pure_function(steps: list[Step], where: Where, fault: tuple[str, Any]) -> None:
    """The same steps go wrong in the same way each time."""
    applied = build(*fault, where)
    assert list(applied(steps)) == list(applied(steps))


# ---------------------------------------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where("before", "response"), []),
        (Where("before", "first_token"), [START]),
        (Where("after", "tokens", 2), [START, Text(0, "one"), Text(0, " two")]),
        (Where("after", "events", 2), [START, Text(0, "one")]),
        (Where("after", "bytes", 4), [START, Text(0, "one"), Text(0, " two")]),
        (Where("after", "bytes", 3), [START, Text(0, "one")]),
        (Where("at", "tool_arguments"), [START, Text(0, "one"), Text(0, " two"), ToolCall(0, None, "f")]),
    ],
    ids=lambda value: place_id(value) if isinstance(value, Where) else "",
)
def test_a_place_is_where_it_is_said_to_be(where: Where, expected: list[Event]) -> None:
    """Everything before it is said, and nothing else."""
    steps = answer(draft("one two", arguments="{}"))
    assert events(hangup(where, "reset")(steps)) == [*expected, Hangup("reset")]


@pytest.mark.parametrize(("name", "last"), [("finish", ToolArguments), ("usage", Finish), ("done", Finish)])
def test_the_places_at_the_end(name: Any, last: type[Event]) -> None:
    """Right before the finish reason, and right before what tells usage and end."""
    *_, before, end = events(hangup(Where("at", name), "end")(answer()))
    assert (type(before), end) == (last, Hangup("end"))


@given(DRAFTS, st.integers(1, 60), st.booleans())
def test_exactly_so_many_tokens_have_been_said(only: Draft, count: int, whole: bool) -> None:
    """However many tokens an event carries, the place lies between two tokens."""
    steps = answer(only, whole=whole)
    cut = list(hangup(Where("after", "tokens", count), "end")(steps))
    assert tokens(cut) == min(count, tokens(steps))
    assert said(steps).startswith(said(cut))


@given(DRAFTS, st.integers(1, 60), st.booleans())
def test_at_least_so_many_bytes_have_been_said(only: Draft, count: int, whole: bool) -> None:
    """The place lies behind the token that has the last of the bytes."""
    tokens_said = [only.reasoning, only.text, *[call.arguments for call in only.tool_calls]]
    ends = list(accumulate(len(piece.encode()) for each in tokens_said for piece in each.pieces))
    cut = hangup(Where("after", "bytes", count), "end")(answer(only, whole=whole))
    assert len(said(cut).encode()) == next((end for end in ends if end >= count), max(ends, default=0))


@pytest.mark.parametrize("last", [Failure(OVERLOADED), Hangup("end")])
def test_what_has_failed_has_no_further_place(last: Event) -> None:
    """No second end comes behind the first; in its place, one can."""
    steps = [Step(0.0, START), Step(1.0, last)]
    assert list(hangup(Where("after", "events", 2), "reset")(steps)) == steps
    assert list(hangup(Where("after", "events", 1), "reset")(steps)) == [steps[0], Step(1.0, Hangup("reset"))]


def test_an_echo_is_not_divided() -> None:
    """A repeated prompt has bytes and no tokens: the place is behind it."""
    echo = Step(0.0, Text(0, "the prompt", 0))
    cut = events(hangup(Where("after", "bytes", 2), "end")([echo, Step(0.0, Text(0, "x"))]))
    assert cut == [echo.event, Hangup("end")]


def test_half_a_character_has_bytes_too() -> None:
    """A lone surrogate, which has no UTF-8 of its own, is counted as three bytes."""
    cut = events(hangup(Where("after", "bytes", 3), "end")([Step(0.0, Text(0, "\ud800")), Step(0.0, Text(0, "x"))]))
    assert cut == [Text(0, "\ud800"), Hangup("end")]


def test_a_divided_text_keeps_its_log_probabilities() -> None:
    """Each half has those of its own tokens."""
    entries = tuple(TokenLogprob(word, -1.0, word.encode()) for word in ("one", " two", " three"))
    text = Step(1.0, Text(0, "one two three", 3, entries))
    assert list(stall(Where("after", "tokens", 1), 30.0)([text])) == [
        Step(1.0, Text(0, "one", 1, entries[:1])),
        Step(30.0, Text(0, " two three", 2, entries[1:])),
    ]


@pytest.mark.parametrize(("text", "count", "first"), [("", 3, ""), ("one two three", 2, "one"), ("one two", 5, "one")])
def test_tokens_that_the_text_does_not_show(text: str, count: int, first: str) -> None:
    """Hidden reasoning, and texts of an announced number of tokens, are divided by the number."""
    steps = [Step(0.0, Reasoning(0, text, count))]
    found = stall(Where("after", "tokens", 1), 1.0)(steps)
    assert events(found) == [Reasoning(0, first, 1), Reasoning(0, text[len(first) :], count - 1)]


# ---------------------------------------------------------------------------------------------- each event fault


@pytest.mark.parametrize(("where", "before"), [(Where("before", "response"), 0), (Where("before", "first_token"), 1)])
def test_the_position_of_an_error_decides_what_it_is(where: Where, before: int) -> None:
    """Before the start it is a status; after it, an error inside the stream. A whole body is the error either way."""
    found = events(error(where, OVERLOADED)(answer()))
    assert found == [START, Failure(OVERLOADED)][1 - before :]
    assert fold(found) == OVERLOADED


@pytest.mark.parametrize("how", WAYS)
def test_a_hangup_ends_the_answer(how: Any) -> None:
    """What has been said remains."""
    found = events(hangup(Where("after", "tokens", 1), how)(answer(draft("one two"))))
    assert found == [START, Text(0, "one"), Hangup(how)]


def test_a_stall_makes_one_step_late() -> None:
    """Nothing is lost, and what follows keeps its distances."""
    steps = [Step(0.25, step.event) for step in answer(draft("one two three"))]
    found = list(stall(Where("after", "tokens", 1), 600.0)(steps))
    assert found == [*steps[:2], Step(600.25, steps[2].event), *steps[3:]]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_stall_and_an_end_at_one_place(swapped: bool) -> None:
    """The answer stalls and then ends, in whichever order the two are written."""
    where = Where("after", "tokens", 1)
    faults: list[Fault] = [stall(where, 30.0), error(where, OVERLOADED)]
    steps: Iterable[Step] = answer(draft("one two"))
    for fault in reversed(faults) if swapped else faults:
        steps = fault(steps)
    assert list(steps)[2:] == [Step(30.0, Failure(OVERLOADED))]


def test_an_answer_ends_when_it_would_have_gone_on() -> None:
    """A failure comes at the time of the event in whose place it is; behind the last event, at once."""
    steps = [Step(0.5, Text(0, "a")), Step(0.5, Text(0, "b"))]
    assert list(hangup(Where("after", "tokens", 1), "end")(steps))[1:] == [Step(0.5, Hangup("end"))]
    assert list(hangup(Where("after", "tokens", 2), "end")(steps))[2:] == [Step(0.0, Hangup("end"))]


def test_an_answer_becomes_slow() -> None:
    """From the place on each token takes its time, and what has none takes none."""
    found = list(slow(Where("after", "tokens", 1), 2.0)(answer(draft("one two three"))))
    assert [step.delay for step in found] == [0.0, 0.0, 0.5, 0.5, 0.0, 0.0]


def test_what_is_slower_already_stays_so() -> None:
    """A slow answer is not made faster, nor a stall shorter."""
    found = list(slow(Where("before", "response"), 2.0)([Step(9.0, Text(0, "one")), Step(0.1, Text(0, " two"))]))
    assert [step.delay for step in found] == [9.0, 0.5]


def test_choices_are_slow_together() -> None:
    """Two choices side by side take no longer than one; a whole body takes as long as its stream."""
    drafts = draft("one two three"), draft("un deux")
    for whole in (True, False):
        found = slow(Where("before", "response"), 2.0)(answer(*drafts, whole=whole))
        assert sum(step.delay for step in found) == 1.5


# ---------------------------------------------------------------------------------------------- frames

each_dialect = pytest.mark.parametrize("dialect", [name for name, row in ENDPOINTS.items() if row.streaming])
SNEAKY = (
    'data: [DONE]\n\n"choices":[],"usage":{"a":1}}\n\nevent: message_stop\n\\"finish_reason":"stop"}],"stop_reason":"x"'
    ',"stop_sequence": "delta":{"role":"assistant", event: message_delta\n "arguments":"x" "input":{"type":"tool_use" é'
)


def request(dialect: Any, **body: Any) -> InferenceRequest:
    """A request to one dialect that wants its usage told."""
    return InferenceRequest(dialect, "model", body={"stream_options": {"include_usage": True}, **body})


def writes(dialect: str, event: Event) -> bool:
    """Whether a dialect has frames for an event: text completions have none for reasoning and tools."""
    encoder = ENDPOINTS[dialect].make(Settings()).encoder(request(dialect), "req_1")
    encoder.frames(START)
    return bool(encoder.frames(event))


def shown(dialect: str, only: Draft) -> Draft:
    """What a dialect shows of a choice."""
    return only if writes(dialect, ToolCall(0, None, "f")) else Draft(text=only.text)


def stream(
    dialect: str, steps: Iterable[Step] | None = None, settings: Settings | None = None, **asked: Any
) -> list[bytes]:
    """The frames of an answer."""
    encoder = ENDPOINTS[dialect].make(settings or Settings()).encoder(request(dialect, **asked), "req_1")
    return [frame for step in (answer() if steps is None else steps) for frame in encoder.frames(step.event)]


def body(dialect: str, steps: Iterable[Step] | None = None, settings: Settings | None = None) -> bytes:
    """The whole body of an answer."""
    completion = fold(events(answer() if steps is None else steps))
    assert isinstance(completion, Completion)
    return b"".join(ENDPOINTS[dialect].make(settings or Settings()).parts(completion, request(dialect)))


def payload(frame: bytes) -> Any:
    """The JSON of a frame, or [DONE]."""
    data = frame.decode().partition("data: ")[2]
    return data.strip() if data == "[DONE]\n\n" else json.loads(data)


def kind(frame: bytes) -> str:
    """What a frame is for, in a word, found without looking for patterns in it."""
    data = payload(frame)
    match data:
        case "[DONE]":
            return "done"
        case {"type": "content_block_start", "content_block": {"type": block}}:
            return f"{block} opens"
        case {"type": "content_block_delta", "delta": {"type": delta}}:
            return str(delta)
        case {"type": type}:
            return str(type)
        case {"choices": []}:
            return "usage"
        case {"choices": [{"finish_reason": str()}]}:
            return "finish"
        case {"choices": [{"delta": {"role": _}}]}:
            return "role"
        case {"choices": [{"delta": {"tool_calls": [call]}}]}:
            return "call" if "id" in call else "arguments"
        case {"choices": [{"delta": {"reasoning_content": _}}]}:
            return "reasoning"
    return "text"


def kinds(frames: Iterable[bytes]) -> list[str]:
    """What some frames are for."""
    return [kind(frame) for frame in frames]


FRAME_PLACES = [
    ("chat", "first_token", "reasoning"),
    ("chat", "tool_arguments", "arguments"),
    ("chat", "finish", "finish"),
    ("chat", "usage", "usage"),
    ("chat", "done", "done"),
    ("completions", "first_token", "text"),
    ("completions", "finish", "finish"),
    ("completions", "usage", "usage"),
    ("completions", "done", "done"),
    ("messages", "first_token", "thinking opens"),
    ("messages", "tool_arguments", "input_json_delta"),
    ("messages", "finish", "message_delta"),
    ("messages", "usage", "message_delta"),
    ("messages", "done", "message_stop"),
]


@pytest.mark.parametrize(("dialect", "name", "expected"), FRAME_PLACES)
@pytest.mark.parametrize("text", ["It is sunny.", SNEAKY], ids=["plain", "sneaky"])
def test_a_place_is_before_the_first_frame_of_its_kind(dialect: str, name: Any, expected: str, text: str) -> None:
    """A frame is recognised by what it is for, in every dialect, whatever an answer says."""
    frames = stream(dialect, answer(draft(text, text, json.dumps({"x": text}))))
    where = Where("before" if name == "first_token" else "at", name)
    at = len(list(divided_frames(where, frames, marks_of(frames))))
    assert kind(frames[at]) == expected
    assert expected not in kinds(frames[:at])


@pytest.mark.parametrize("where", [Where("before", "response"), Where("before", "first_token")], ids=place_id)
@each_dialect
@given(only=DRAFTS)
def test_frames_and_events_know_the_same_beginnings(dialect: str, where: Where, only: Draft) -> None:
    """The frames before a place are those of the events before it."""
    steps = answer(shown(dialect, only))
    frames = stream(dialect, steps)
    assert list(divided_frames(where, frames, marks_of(frames))) == stream(dialect, divided_steps(where, steps))


@each_dialect
@given(only=DRAFTS, count=st.integers(1, 30), name=st.sampled_from(["tokens", "bytes"]))
def test_frames_and_events_count_alike(dialect: str, only: Draft, count: int, name: Any) -> None:
    """So many tokens or bytes have been sent when the frame that has the last of them has been."""
    where = Where("after", name, count)
    steps = answer(shown(dialect, only))
    frames = stream(dialect, steps)
    assert list(divided_frames(where, frames, marks_of(frames))) == stream(dialect, divided_steps(where, steps))


def test_text_under_two_names_counts_once() -> None:
    """Reasoning that is shown under both of its names has been said once."""
    frames = stream("chat", answer(draft("", "one two three")), Settings(reasoning_field="both"))
    assert list(divided_frames(Where("after", "tokens", 2), frames, marks_of(frames))) == frames[:3]


def test_the_deprecated_form_of_a_tool_call_is_a_first_token() -> None:
    """A function call is recognised as a tool call is."""
    frames = stream("chat", answer(draft("", arguments="{}")), functions=[{"name": "f"}])
    assert "function_call" in payload(frames[1])["choices"][0]["delta"]
    assert list(divided_frames(Where("before", "first_token"), frames, marks_of(frames))) == frames[:1]


@each_dialect
def test_frames_are_counted_as_events(dialect: str) -> None:
    """After three events means after three frames, to a frame fault."""
    frames = stream(dialect)
    assert list(divided_frames(Where("after", "events", 3), frames, marks_of(frames))) == frames[:3]


def marks_of(frames: Iterable[bytes]) -> FrameMarks:
    """The marks of the dialect that reads most of these frames."""

    def problems(endpoint: Endpoint) -> int:
        decoder = endpoint.decoder()
        decode(decoder, b"".join(frames))
        return len(decoder.problems)

    return min(ENDPOINTS.values(), key=problems).make(Settings()).marks


def changed(fault: Any, frames: Sequence[bytes]) -> list[bytes]:
    """What a frame fault makes of some frames."""
    return list(fault(iter(frames), marks_of(frames)))


@each_dialect
@pytest.mark.parametrize("where", places(2), ids=place_id)
@pytest.mark.parametrize("fault", [fault for fault in faults_of("frame") if fault[0] != "drop"], ids=lambda f: f[0])
def test_the_frames_before_the_place_are_as_they_were(dialect: str, where: Where, fault: tuple[str, Any]) -> None:
    """A frame fault begins where it is said to, if it has frames enough there."""
    frames = stream(dialect)
    before = list(divided_frames(where, frames, marks_of(frames)))
    found = changed(build(*fault, where), frames)
    assert found[: len(before)] == before
    assert (found != frames) == (len(frames) - len(before) >= (2 if fault[0] == "reorder" else 1))


@each_dialect
def test_a_corrupt_frame_has_no_json_and_is_still_a_frame(dialect: str) -> None:
    """Exactly one frame changes; it is an event with text in UTF-8, of which the data ends too early."""
    frames = stream(dialect, answer(draft("é" * 50)))
    found = changed(corrupt(Where("after", "events", 3)), frames)
    assert (found[:3], found[4:]) == (frames[:3], frames[4:])
    assert found[3].endswith(b"\n\n")
    assert found[3].partition(b"data: ")[0] == frames[3].partition(b"data: ")[0]
    with pytest.raises(json.JSONDecodeError):
        payload(found[3])


@pytest.mark.parametrize("shift", range(4))
def test_every_frame_can_be_corrupted(shift: int) -> None:
    """Whatever the place, what comes out is the first half of its data and no JSON; a character is never halved."""
    for dialect in ENDPOINTS:
        frames = stream(dialect, [Step(0.0, START), Step(0.0, Text(0, "x" * shift + "中👍" * 100)), *answer()[-2:]])
        for count in range(1, len(frames)):
            found = changed(corrupt(Where("after", "events", count)), frames)[count].decode()
            data, whole = (text.partition("data: ")[2].strip().encode() for text in (found, frames[count].decode()))
            assert whole.startswith(data)
            assert len(whole) // 2 - 3 <= len(data) <= len(whole) // 2
            with pytest.raises(json.JSONDecodeError):
                json.loads(data)


@each_dialect
def test_a_corrupt_body_is_half_of_it(dialect: str) -> None:
    """A whole body ends in its middle, whatever it says."""
    whole = body(dialect, answer(draft(f"A frame has data: {'x' * 400}")))
    assert changed(corrupt(Where("before", "first_token")), [whole]) == [whole[: len(whole) // 2]]


def test_what_has_no_json_is_not_corrupted() -> None:
    """Comments and noise are passed over: the fault waits for a frame that it can break."""
    where = Where("after", "events", 1)
    frames = stream("chat")
    littered = changed(comments(where, 2), changed(garbage(where, Seed.of(0).random()), frames))
    found = changed(corrupt(where), littered)
    assert [at for at, frame in enumerate(found) if frame != littered[at]] == [4]
    assert changed(corrupt(Where("before", "response")), [COMMENT]) == [COMMENT]


def test_a_duplicate_comes_right_after_its_original() -> None:
    """One frame is there twice, all others once."""
    frames = stream("chat")
    assert changed(duplicate(Where("after", "events", 2)), frames) == [*frames[:3], *frames[2:]]


def test_reordered_frames_have_changed_places() -> None:
    """The next frame comes before this one; with none next, nothing changes."""
    frames = stream("chat")
    assert changed(reorder(Where("after", "events", 2)), frames) == [*frames[:2], frames[3], frames[2], *frames[4:]]
    assert changed(reorder(Where("at", "done")), frames) == frames


@pytest.mark.parametrize("fault", [duplicate, reorder, lambda where: comments(where, 5)])
@each_dialect
def test_a_body_is_left_alone_by_what_only_a_stream_can_have(fault: Any, dialect: str) -> None:
    """JSON has no frames to send twice or to swap, and no comments."""
    whole = body(dialect)
    assert changed(fault(Where("before", "first_token")), [whole]) == [whole]


def test_a_flood_of_comments_says_nothing() -> None:
    """So many comments come, and all frames."""
    frames = stream("messages")
    found = changed(comments(Where("at", "finish"), 50), frames)
    assert [frame for frame in found if frame != COMMENT] == frames
    assert found.index(COMMENT) == kinds(frames).index("message_delta")
    assert found.count(COMMENT) == 50


@given(st.text(max_size=5))
def test_garbage_is_a_line_that_nobody_can_read(seed: str) -> None:
    """Noise is no UTF-8, stays on its line, and is the same for the same seed."""
    frames = stream("chat")
    one, again = (changed(garbage(Where("after", "events", 1), Seed.of(seed).random()), frames) for _ in range(2))
    assert one == again
    assert [one[0], *one[2:]] == frames
    assert one[1].count(b"\n") == 2 and one[1].endswith(b"\n\n") and b"\r" not in one[1]
    with pytest.raises(UnicodeDecodeError):
        one[1].decode()


def test_garbage_is_never_text() -> None:
    """Even if chance draws nothing but letters."""
    letters: Any = SimpleNamespace(randbytes=lambda count: b"a" * count)
    noise = changed(garbage(Where("before", "response"), letters), stream("chat"))[0]
    with pytest.raises(UnicodeDecodeError):
        noise.decode()


def test_split_bytes_go_out_alone() -> None:
    """Each byte is a write of its own from the place on, also within a character, and together they are the frames."""
    frames = stream("chat", answer(draft("中👍")))
    found = changed(split_bytes(Where("before", "first_token")), frames)
    assert found[:1] == frames[:1]
    assert all(type(byte) is Alone and len(byte) == 1 for byte in found[1:])
    assert b"".join(found) == b"".join(frames)


# ---------------------------------------------------------------------------------------------- what is dropped

DROPPED: dict[str, dict[Part, set[str]]] = {
    "chat": {"role": {"role"}, "finish": {"finish"}, "usage": {"usage"}, "done": {"done"}},
    "completions": {"finish": {"finish"}, "usage": {"usage"}, "done": {"done"}},
    "messages": {
        "role": {"message_start"},
        "finish": {"message_delta"},
        "done": {"message_stop"},
        "message_stop": {"message_stop"},
    },
}


@pytest.mark.parametrize("text", ["It is sunny.", SNEAKY], ids=["plain", "sneaky"])
@pytest.mark.parametrize("part", sorted(set(PARTS) - {"event_names"}))
@pytest.mark.parametrize("dialect", DROPPED)
def test_dropped_frames_are_missing_and_all_others_there(dialect: str, part: Part, text: str) -> None:
    """What a part is made of is left out, in every dialect that has it, and what is said remains as it was."""
    frames = stream(dialect, answer(draft(text, text, json.dumps({"x": text}))))
    found = changed(drop(part), frames)
    gone = DROPPED[dialect].get(part, set())
    assert kinds(found) == [kind for kind in kinds(frames) if kind not in gone]
    if (dialect, part) != ("messages", "usage"):
        assert set(found) <= set(frames)


def pieces(events: Iterable[Event]) -> list[Event]:
    """What is said, piece by piece, without empty texts."""
    found = [event for event in events if isinstance(event, Text | Reasoning | ToolCall | ToolArguments)]
    return [event for event in found if not isinstance(event, Text) or event.text]


LOST: dict[Part, type[Event]] = {"finish": Finish, "done": End, "message_stop": End}


@pytest.mark.parametrize("text", ["It is sunny.", SNEAKY], ids=["plain", "sneaky"])
@pytest.mark.parametrize("part", PARTS)
@each_dialect
def test_what_is_dropped_is_not_read(dialect: str, part: Part, text: str) -> None:
    """A client still reads all that is said; a dialect that has the part reads none of it."""
    frames = stream(dialect, answer(draft(text, text, json.dumps({"x": text}))))
    left = changed(drop(part), frames)
    decoders = ENDPOINTS[dialect].decoder(), ENDPOINTS[dialect].decoder()
    whole, found = (decode(decoder, b"".join(each)) for decoder, each in zip(decoders, (frames, left), strict=True))
    assert pieces(found) == pieces(whole)
    if part in marks_of(frames).parts:
        assert not [event for event in found if type(event) is LOST.get(part)]
        assert decoders[1].usage is None or part != "usage"
        assert found == whole or part != "event_names"


def test_usage_is_missing_from_every_event_of_a_message() -> None:
    """Anthropic's events stay, and none of them has usage."""
    found = [payload(frame) for frame in changed(drop("usage"), stream("messages"))]
    expected = [payload(frame) for frame in stream("messages")]
    assert all("usage" not in event and "usage" not in event.get("message", {}) for event in found)
    for event in expected:
        event.pop("usage", None)
        event.get("message", {}).pop("usage", None)
    assert found == expected


@pytest.mark.parametrize("details", [True, False])
def test_usage_is_missing_from_every_chunk(details: bool) -> None:
    """Also where chunks say null, and where usage has details."""
    settings = Settings(usage_null=True, usage_details=details)
    frames = stream("chat", settings=settings)
    found = changed(drop("usage"), frames)
    assert len(found) == len(frames) - 1
    assert all("usage" not in payload(frame) for frame in found[:-1])


def test_a_message_without_event_names_has_all_its_data() -> None:
    """Only the first lines of the frames are gone."""
    frames = stream("messages", answer(draft(SNEAKY)))
    found = changed(drop("event_names"), frames)
    assert all(frame.startswith(b"data: ") for frame in found)
    assert [payload(frame) for frame in found] == [payload(frame) for frame in frames]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("text", ["It is sunny.", SNEAKY], ids=["plain", "sneaky"])
@each_dialect
def test_a_body_misses_the_field_and_is_still_json(dialect: str, part: Part, text: str) -> None:
    """A whole body has no frames to miss; what is missing is the field, and only there."""
    whole = body(dialect, answer(draft(text, text, json.dumps({"x": text}))))
    (found,) = changed(drop(part), [whole])
    expected = json.loads(whole)
    fields = {"role": ["role"], "finish": ["finish_reason", "stop_reason"], "usage": ["usage"]}.get(part, [])
    choices = expected.get("choices", [])
    for place in [expected, *choices, *[choice.get("message", {}) for choice in choices]]:
        for field in fields:
            place.pop(field, None)
    assert json.loads(found) == expected


@pytest.mark.parametrize("part", ["role", "finish", "usage"])
def test_the_input_of_a_tool_keeps_its_fields(part: Part) -> None:
    """A tool may have fields of the same names: in a whole message they are not text, and stay all the same."""
    fields = {"role": "assistant", "x": 0, "finish_reason": "stop", "stop_reason": "x", "usage": {"a": {"b": 1}}}
    for arguments in (fields, {"nested": {**fields, "last": fields}}, dict(reversed(fields.items()))):
        whole = body("messages", answer(draft("", arguments=json.dumps(arguments))))
        (found,) = changed(drop(part), [whole])
        assert found != whole
        assert json.loads(found)["content"] == [json.loads(whole)["content"][0] | {"input": arguments}]


def test_usage_with_details_is_missing_from_a_body() -> None:
    """An object within it goes with it."""
    (found,) = changed(drop("usage"), [body("chat", settings=Settings(usage_details=True))])
    assert "usage" not in json.loads(found)


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_a_body_with_nothing_but_a_tool_call_has_a_first_token(dialect: str) -> None:
    """A tool call is what such an answer begins with."""
    whole = body(dialect, answer(draft("", arguments="{}")))
    assert changed(corrupt(Where("before", "first_token")), [whole]) != [whole]


@each_dialect
@pytest.mark.parametrize("where", places(2), ids=place_id)
def test_every_place_that_a_body_has_lies_in_it(dialect: str, where: Where) -> None:
    """A whole body is changed if the place lies in it: the end of a stream does not, nor do two events."""
    whole = body(dialect)
    missing = {Where("at", "done"), Where("after", "events", 2)}
    if not writes(dialect, ToolCall(0, None, "f")):
        missing.add(Where("at", "tool_arguments"))
    found = changed(corrupt(where), [whole])
    assert (found == [whole]) == (where in missing)


# ---------------------------------------------------------------------------------------------- the registry


def test_a_fault_knows_what_it_is_written_with() -> None:
    """Each kind of value can be told in words, and an optional place has a default that is a place."""
    assert all(fault.expected and fault.meaning.endswith(".") for fault in FAULTS.values())
    assert FAULTS["hangup"].expected == "end or reset or truncate"
    assert FAULTS["stall"].expected.startswith("a duration")
    assert all(fault.default in places() for fault in FAULTS.values())


@pytest.mark.parametrize(("name", "value"), faults_of("event") + faults_of("frame"))
def test_every_fault_does_something(name: str, value: Any) -> None:
    """In at least one dialect something goes wrong where the fault happens by default."""
    fault = build(name, value, FAULTS[name].default)
    if FAULTS[name].level == "event":
        assert list(fault(answer())) != answer()
    else:
        assert any(
            changed(fault, stream(dialect)) != stream(dialect) or type(changed(fault, stream(dialect))[0]) is Alone
            for dialect in ENDPOINTS
        )


def test_faults_are_assembled_in_their_order() -> None:
    """Each goes where it is applied; bytes are split last; a place that is not given is the fault's own."""
    written: list[tuple[str, Any, Where | None]] = [
        ("split", "bytes", None),
        ("stall", 30.0, Where("after", "tokens", 1)),
        ("corrupt", True, None),
        ("content_type", "text/html", None),
        ("hangup", "reset", Where("after", "tokens", 2)),
    ]
    faults = assemble(written, Seed.of(0).random())
    steps: Iterator[Step] = iter(answer(draft("one two three")))
    for event_fault in faults.events:
        steps = event_fault(steps)
    assert list(steps)[2:] == [Step(30.0, Text(0, " two")), Step(0.0, Hangup("reset"))]
    frames = iter(stream("chat"))
    for frame_fault in faults.frames:
        frames = frame_fault(frames, marks_of(stream("chat")))
    expected = changed(corrupt(Where("before", "first_token")), stream("chat"))
    assert b"".join(frames) == b"".join(expected)
    assert faults.headers == (("content-type", "text/html"),)


def test_no_faults_are_assembled_from_nothing() -> None:
    """An answer that goes well has an empty list of everything, and an unknown fault is an error."""
    assert assemble([], Seed.of(0).random()) == NO_FAULTS
    with pytest.raises(KeyError, match="explode"):
        assemble([("explode", True, None)], Seed.of(0).random())


# ---------------------------------------------------------------------------------------------- a new fault

STUTTER = """
from emulator.core.vocabulary import Text
from emulator.faults.events import from_there
from emulator.faults.fault_type import FaultType, FaultSetting, FaultSettings

def stutter(where, times, pause):
    def stuttering(steps):
        for step in steps:
            yield step
            for _ in range(times if isinstance(step.event, Text) else 0):
                yield type(step)(pause, step.event)
    return from_there(where, stuttering)

FAULT = FaultType(
    level="event",
    value=FaultSettings("a stutter", {
        "times": FaultSetting("count", "1", "how often a text is repeated"),
        "pause": FaultSetting("duration", "1s", "how long each repetition takes"),
    }),
    placing="optional",
    meaning="From there on, everything is said several times.",
    build=lambda settings, where, random: stutter(where, **settings),
)
"""
PLAYED = """
import json
from emulator.core.catalog import Catalog
from emulator.core.drafts import content_steps
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.seeds import Seed
from emulator.core.vocabulary import Start, Text, Usage
from emulator.faults import FAULTS, assemble
from emulator.scenario.language.schema import json_schema, reference
from emulator.scenario.loader import load_text

story = "rules: [{reply: {text: one two, faults: [{stutter: {times: 2, pause: 3s}, after: {tokens: 1}}]}}]"
(reply,) = load_text(story, "story.yaml", catalog=Catalog.load()).rules[0].replies
faults = assemble([(each.what, each.value, each.where) for each in reply.faults], Seed.of("").random())
content = [*content_steps(reply.choices, whole=False, hide_reasoning=False)]
answer = ReadySteps(Start("id", "model", 0, 5), ReadyEvents(content), Usage(5, 2))
played = [(step.delay, step.event.text) for step in faults.events[0](answer) if isinstance(step.event, Text)]
keys = [row.key for row in reference() if row.section == "stutter"]
print(json.dumps([list(FAULTS)[-1], keys, list(json_schema()["$defs"]["stutter"]["properties"]), played]))
"""


def test_a_new_fault_is_one_file(tmp_path: Path) -> None:
    """With two settings, it is in the table, the language, the reference and the JSON Schema, and it happens."""
    package = Path(emulator.__file__).parent
    shutil.copytree(package, tmp_path / "emulator", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "emulator" / "faults" / "stutter.py").write_text(STUTTER)
    found = subprocess.check_output([sys.executable, "-c", PLAYED], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    keys, played = ["times", "pause"], [[0, "one"], [0, " two"], [3, " two"], [3, " two"]]
    assert json.loads(found) == ["stutter", keys, keys, played]


# ---------------------------------------------------------------------------------------------- what the room says


def test_the_guide_is_true() -> None:
    """The guide that grows a fault runs as it is written."""
    guide = Path(emulator.faults.__file__).with_name("README.md")
    failed, tried = doctest.testfile(str(guide), module_relative=False)
    assert failed == 0 < tried


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(emulator.faults.__path__)])
def test_the_examples_are_true(name: str) -> None:
    """Every example in a docstring of the room runs as it is written."""
    assert doctest.testmod(importlib.import_module(f"emulator.faults.{name}")).failed == 0
