"""A dialect reads what it writes: whole, streamed, and cut."""

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from support.answers import CASES, KINDS, WIRES, Events, Wire, answers, folded, spoken

from emulator.core.errors import ApiError
from emulator.core.settings import Settings
from emulator.core.vocabulary import End, Failure, Start, Text
from emulator.dialects.decoding import decode
from emulator.dialects.endpoints import ENDPOINTS, Endpoint

TRANSCRIPTS = Path(__file__).parents[1] / "web" / "transcripts"
wires = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
told_in_full = pytest.mark.parametrize("name", [name for name in WIRES if "usage" not in name])
many = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def read(wire: Wire, body: bytes) -> Events:
    """The events of an answer, all of which can be read, without empty pieces: they tell that there is a choice."""
    decoder = wire.dialect.decoder()
    events = decode(decoder, body)
    assert decoder.problems == []
    return [event for event in events if not (isinstance(event, Text) and not event.text and event.logprobs is None)]


def check_stream(wire: Wire, events: Events) -> None:
    told = wire.can_tell(events)
    assert read(wire, wire.stream(told)) == wire.reads(told)


def check_whole(wire: Wire, events: Events) -> None:
    told = wire.can_tell(events)
    found, expected = read(wire, wire.whole(told)), wire.reads(told)
    start, end = expected[0], expected[-1]
    assert isinstance(start, Start) and isinstance(end, End)
    assert (found[0], found[-1]) == (replace(start, prompt_tokens=end.usage.prompt_tokens), end)
    ours, theirs = folded(found).completion().choices, folded(expected).completion().choices
    assert list(map(spoken, ours)) == list(map(spoken, theirs))
    if wire.dialect.endpoint == "messages":
        blocks = [[type(block) for choice in choices for block in choice.blocks] for choices in (ours, theirs)]
        assert blocks[0] == blocks[1]


# ---------------------------------------------------------------------------------------------- what it writes


@pytest.mark.parametrize("case", CASES)
@wires
def test_a_stream_is_read_as_it_was_written(wire: Wire, case: str) -> None:
    """The events of a stream are those that were encoded, piece by piece."""
    check_stream(wire, CASES[case])


@pytest.mark.parametrize("case", [name for name, events in CASES.items() if not isinstance(events[-1], Failure)])
@told_in_full
def test_a_whole_body_is_read_as_it_was_written(name: str, case: str) -> None:
    """A body has the same choices, finish reasons, ids and usage as its events."""
    check_whole(WIRES[name], CASES[case])


@wires
@many
@given(answers())
def test_any_stream_is_read_as_it_was_written(wire: Wire, events: Events) -> None:
    """Whatever choices, pieces, calls, log probabilities and errors there are, in whatever order."""
    check_stream(wire, events)


@told_in_full
@many
@given(answers().filter(lambda events: isinstance(events[-1], End)))
def test_any_whole_body_is_read_as_it_was_written(name: str, events: Events) -> None:
    """Whatever was said, a whole body says it too."""
    check_whole(WIRES[name], events)


@pytest.mark.parametrize("case", [name for name, events in CASES.items() if not isinstance(events[-1], Failure)])
@pytest.mark.parametrize("endpoint", [row for row in ENDPOINTS.values() if row.streaming], ids=lambda row: row.name)
def test_every_endpoint_reads_the_same_in_a_stream_and_in_a_body(endpoint: Endpoint, case: str) -> None:
    """Whatever a choice says, each dialect in the table reads the same of both, without a problem."""
    wire = Wire(endpoint.make(Settings()), endpoint.streaming, iter, choices=1)
    told = wire.can_tell(CASES[case])
    streamed, whole = (folded(read(wire, body)).completion() for body in (wire.stream(told), wire.whole(told)))
    assert list(map(spoken, streamed.choices)) == list(map(spoken, whole.choices))
    assert (streamed.id, streamed.model, streamed.usage) == (whole.id, whole.model, whole.usage)


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@wires
def test_an_error_is_read_as_it_was_written(wire: Wire, kind: Any, flat: bool) -> None:
    """The body of an error is read as the same error in a stream; a flat one of /v1 tells its status by its title."""
    error = ApiError(kind, "Because.", flat=flat)
    (found,) = read(wire, wire.dialect.surface.error(error, "req_1"))
    assert isinstance(found, Failure)
    if flat and wire.dialect.endpoint != "messages":
        assert (found.error.http_status, found.error.message, found.error.flat) == (error.http_status, "Because.", True)
    else:
        (expected,) = wire.reads([Failure(error)])
        assert found == expected


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"type": "BadRequestError", "param": "input_tokens", "code": 400}, "context_length_exceeded"),
        ({"type": "invalid_request_error", "code": "context_length_exceeded"}, "context_length_exceeded"),
        ({"type": "BadRequestError", "param": "tools", "code": 400}, "bad_request"),
        ({"type": "BadRequestError", "code": 400}, "bad_request"),
    ],
)
def test_only_an_overflow_of_vllm_is_read_as_one(told: Any, kind: str) -> None:
    """Its type and code are those of every 400 of vLLM; OpenAI's code says more."""
    (found,) = read(WIRES["chat"], msgspec.json.encode({"error": {"message": "Because.", **told}}))
    assert isinstance(found, Failure) and found.error.kind == kind


@pytest.mark.parametrize("path", sorted(TRANSCRIPTS.glob("*-stream.txt")), ids=lambda path: path.stem)
def test_a_stream_and_a_whole_body_say_the_same(path: Path) -> None:
    """The golden transcripts of a request are read as the same answer, whole and streamed, without a problem."""
    completions = []
    for transcript in (path, path.with_name(path.name.replace("-stream", ""))):
        body = transcript.read_bytes().partition(b"\n\n")[2]
        decoder = ENDPOINTS[path.name.partition("-")[0]].decoder()
        events = decode(decoder, body)
        assert (decoder.problems, type(events[0]), type(events[-1])) == ([], Start, End)
        answer = folded(events).completion()
        completions.append((answer.id, answer.model, list(map(spoken, answer.choices)), answer.usage))
    assert completions[0] == completions[1]


# ---------------------------------------------------------------------------------------------- what is cut


@wires
@many
@given(answers(), st.randoms(use_true_random=False))
def test_a_cut_stream_says_the_beginning(wire: Wire, events: Events, chance: random.Random) -> None:
    """Wherever a stream is cut, what came of it is read as the first of its events."""
    stream = wire.stream(wire.can_tell(events))
    whole = decode(wire.dialect.decoder(), stream)
    for cut in sorted(chance.sample(range(len(stream)), min(20, len(stream)))):
        found = decode(wire.dialect.decoder(), stream[:cut])
        assert found == whole[: len(found)]


@pytest.mark.parametrize("name", ["chat", "completions", "messages"])
def test_a_stream_cut_anywhere_says_the_beginning(name: str) -> None:
    """The same at every single byte of one stream."""
    wire = WIRES[name]
    stream = wire.stream(wire.can_tell(CASES["calls"]))
    whole = decode(wire.dialect.decoder(), stream)
    reached = 0
    for cut in range(len(stream) + 1):
        found = decode(wire.dialect.decoder(), stream[:cut])
        assert found == whole[: len(found)]
        assert len(found) >= reached
        reached = len(found)
    assert reached == len(whole)


@pytest.mark.parametrize("name", ["chat", "completions", "messages"])
def test_a_cut_body_says_nothing(name: str) -> None:
    """A whole body that was cut is no answer, and the problem is told."""
    body = WIRES[name].whole(WIRES[name].can_tell(CASES["calls"]))
    for cut in range(len(body)):
        decoder = WIRES[name].dialect.decoder()
        assert (decode(decoder, body[:cut]), len(decoder.problems)) == ([], 1)
