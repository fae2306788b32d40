"""The dialects' tables: every neutral word has a name on every surface, and it is the contract's."""

import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_args

import pytest
from support.asgi import CHAT_TOOL

from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.fold import Choice, Completion, TextBlock, fold
from emulator.core.settings import Settings
from emulator.core.vocabulary import (
    End,
    Event,
    Failure,
    Finish,
    FinishReason,
    Hangup,
    InferenceRequest,
    Progress,
    Raw,
    Reasoning,
    Start,
    Text,
    ToolArguments,
    ToolCall,
    Usage,
    Verbatim,
)
from emulator.dialects import Dialect, Surface
from emulator.dialects.anthropic import surface as anthropic_tables
from emulator.dialects.anthropic.messages import AnthropicMessages
from emulator.dialects.anthropic.surface import AnthropicSurface
from emulator.dialects.decoding import decode
from emulator.dialects.endpoints import ENDPOINTS, Dialects
from emulator.dialects.openai import surface as openai
from emulator.dialects.openai.surface import OpenAISurface
from emulator.dialects.sse import field

CONTRACT = (Path(__file__).parents[2] / "docs" / "contract.md").read_text()
DIALECTS = [dialect for name, dialect in Dialects(Settings()).by_name.items() if ENDPOINTS[name].streaming]
SHAPES = [Dialects(Settings()).by_name[name] for name in ("chat", "completions", "messages")]
"""The dialects whose documented shapes are held here; of the others it is held that they read what they write."""
SURFACES: list[Surface] = [OpenAISurface(Settings()), AnthropicSurface()]
KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
REASONS: tuple[FinishReason, ...] = get_args(FinishReason)
EVENTS: tuple[type[Event], ...] = get_args(Event)
START = Start("0" * 32, "m", 0, 3)
EXAMPLES: dict[type[Event], Event] = {
    Start: START,
    Text: Text(0, "Hel"),
    Reasoning: Reasoning(0, "Hm."),
    ToolCall: ToolCall(0, None, "f"),
    ToolArguments: ToolArguments(0, "{"),
    Finish: Finish(0, "stop"),
    End: End(Usage(3, 5)),
    Failure: Failure(ApiError("overloaded", "Too busy.")),
    Verbatim: Verbatim(b": as it stands\n\n"),
}
PLAYED_BY_OTHERS = {Hangup, Raw, Progress}
"""The end of a connection, a whole other answer and unfinished work are never encoded: no frame can tell them."""


def request_for(dialect: Dialect, **body: Any) -> InferenceRequest:
    return InferenceRequest(dialect.endpoint, "m", stream=True, body=body)


def read(dialect: Dialect, *events: Event) -> list[Event]:
    """What is read of the stream of these events, without a problem."""
    encoder, decoder = dialect.encoder(request_for(dialect), "req_1"), dialect.decoder()
    found = decode(decoder, b"".join(frame for event in events for frame in encoder.frames(event)))
    assert decoder.problems == []
    return found


def name_of(value: Any) -> str:
    """A name for a test's case."""
    return str(getattr(value, "endpoint", None) or getattr(value, "__name__", None) or type(value).__name__)


# ---------------------------------------------------------------------------------------------- errors


def test_every_kind_of_error_has_a_row() -> None:
    """The type and the table name the same kinds, in the same order."""
    assert (*ERRORS,) == KINDS


def test_every_status_has_a_title() -> None:
    """A flat body has the reason phrase of its status, and it is the standard one where there is one."""
    assert set(openai.TITLES) == {row.status for row in ERRORS.values()}
    standard = {status.value for status in HTTPStatus}
    assert {title: HTTPStatus(status).phrase for status, title in openai.TITLES.items() if status in standard} == {
        title: title for status, title in openai.TITLES.items() if status in standard
    } | {"Payload Too Large": HTTPStatus(413).phrase}


ROW = re.compile(r"^\| (\d{3}) \| (\w+) \| .* \| (\w+) \| (\w+) \| (\w+)(?: \[.*\])? \|$", re.MULTILINE)


def test_the_tables_are_the_contracts() -> None:
    """Status, type and code of each kind are those that docs/contract.md gives."""
    told = {kind: (int(status), *names) for status, kind, *names in ROW.findall(CONTRACT)}
    assert told == {
        kind: (row.status, row.v1_type, row.v1_code or "null", row.anthropic_type) for kind, row in ERRORS.items()
    }


def code_of(kind: ErrorKind) -> str | int | None:
    """The code of a kind as it is sent: vLLM's is an integer."""
    return 400 if kind == "context_length_exceeded" else ERRORS[kind].v1_code


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_on_v1(kind: ErrorKind) -> None:
    """All four keys are there; a 401 is flat unless the setting says otherwise, and a scenario may ask for either."""
    error = ApiError(kind, "Because.", param="x")
    row = ERRORS[kind]
    nested = {"error": {"message": "Because.", "type": row.v1_type, "param": "x", "code": code_of(kind)}}
    flat = {"error": openai.TITLES[row.status], "message": "Because."}
    usual = json.loads(OpenAISurface(Settings()).error(error, "req"))
    assert usual == (flat if kind == "unauthorized" else nested)
    other = Settings(error_shape="flat", auth_error_shape="openai")
    assert json.loads(OpenAISurface(other).error(error, "req")) == (nested if kind == "unauthorized" else flat)
    for settings in (Settings(), other):
        asked = [ApiError(kind, "Because.", param="x", flat=wanted) for wanted in (True, False)]
        assert [json.loads(OpenAISurface(settings).error(each, "req")) for each in asked] == [flat, nested]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_on_anthropic(kind: ErrorKind) -> None:
    """It has a type and a message, and tells the request's id; nothing of it is flat."""
    for flat in (None, True):
        assert json.loads(AnthropicSurface().error(ApiError(kind, "Because.", flat=flat), "req_1")) == {
            "type": "error",
            "error": {"type": ERRORS[kind].anthropic_type, "message": "Because."},
            "request_id": "req_1",
        }


@pytest.mark.parametrize("surface", SURFACES, ids=name_of)
def test_a_scenario_can_name_type_and_code_itself(surface: Surface) -> None:
    """An error's own words win over the table's."""
    told = json.loads(surface.error(ApiError("bad_request", "No.", type="my_error", code="my_code"), "req"))["error"]
    assert told["type"] == "my_error"
    assert told.get("code", "my_code") == "my_code"


@pytest.mark.parametrize("status", [400, 418, 599])
def test_a_flat_body_has_a_title_for_any_status(status: int) -> None:
    """A scenario may send a status that no kind has."""
    body = json.loads(OpenAISurface(Settings()).error(ApiError("internal", "x", status=status, flat=True), "req"))
    assert body == {"error": "Bad Request" if status == 400 else "Error", "message": "x"}


# ---------------------------------------------------------------------------------------------- why an answer ended


def test_every_finish_reason_has_a_name() -> None:
    """Both surfaces name every reason, each by a name of its own."""
    for table in (openai.FINISHES, anthropic_tables.STOP_REASONS):
        assert set(table) == set(REASONS)
        assert len(set(table.values())) == len(REASONS)


ROWS_OF_REASONS = [
    ("stop", None, "stop", "end_turn"),
    ("stop", "END", "stop", "stop_sequence"),
    ("length", None, "length", "max_tokens"),
    ("tool_calls", None, "tool_calls", "tool_use"),
    ("content_filter", None, "content_filter", "refusal"),
]


@pytest.mark.parametrize(("reason", "stop", "v1", "anthropic"), ROWS_OF_REASONS)
@pytest.mark.parametrize("dialect", SHAPES, ids=name_of)
def test_a_reason_has_the_same_name_in_a_body_and_in_a_stream(
    dialect: Dialect, reason: FinishReason, stop: str | None, v1: str, anthropic: str
) -> None:
    """The names are the contract's; only Anthropic's surface tells which stop sequence it was."""
    request = request_for(dialect)
    choice = Choice(0, (TextBlock("x"),), reason, stop)
    body = json.loads(b"".join(dialect.parts(Completion("0" * 32, "m", 0, (choice,), Usage(1, 1)), request)))
    encoder = dialect.encoder(request, "req")
    frames = [frame for event in (START, Finish(0, reason, stop), End(Usage(1, 1))) for frame in encoder.frames(event)]
    told = [json.loads(frame.partition(b"data: ")[2]) for frame in frames if b"[DONE]" not in frame]
    if dialect.endpoint == "messages":
        delta = next(event["delta"] for event in told if event["type"] == "message_delta")
        assert delta == {"stop_reason": anthropic, "stop_sequence": stop}
        assert {name: body[name] for name in delta} == delta
    else:
        assert body["choices"][0]["finish_reason"] == told[-1]["choices"][0]["finish_reason"] == v1


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("dialect", DIALECTS, ids=name_of)
def test_a_reason_is_read_alike_in_a_body_and_in_a_stream(dialect: Dialect, reason: FinishReason) -> None:
    """Every endpoint that streams tells one reason for a choice, however it is asked."""
    said = (START, Text(0, "x"), Finish(0, reason), End(Usage(1, 1)))
    completion = fold(said)
    assert isinstance(completion, Completion)
    whole = decode(dialect.decoder(), b"".join(dialect.parts(completion, request_for(dialect))))
    found = [[event for event in events if isinstance(event, Finish)] for events in (whole, read(dialect, *said))]
    assert found[0] == found[1]
    assert len(found[0]) == 1


def test_a_deprecated_call_has_a_reason_of_its_own() -> None:
    """Requests with `functions` read `function_call`; every other reason keeps its name."""
    chat = DIALECTS[0]
    for tools, expected in (({"functions": [{}]}, "function_call"), ({"tools": [CHAT_TOOL]}, "tool_calls")):
        request = request_for(chat, **tools)
        for reason in REASONS:
            encoder = chat.encoder(request, "req")
            encoder.frames(START)
            frame = encoder.frames(Finish(0, reason))[0]
            told = json.loads(frame.removeprefix(b"data: "))["choices"][0]["finish_reason"]
            assert told == (expected if reason == "tool_calls" else openai.FINISHES[reason])


# ---------------------------------------------------------------------------------------------- events


def test_every_event_has_an_example() -> None:
    """A new event cannot be forgotten here, and so not in an encoder."""
    assert set(EXAMPLES) | PLAYED_BY_OTHERS == set(EVENTS)
    assert not set(EXAMPLES) & PLAYED_BY_OTHERS


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=name_of)
@pytest.mark.parametrize("dialect", DIALECTS, ids=name_of)
def test_every_event_is_encoded(dialect: Dialect, event: Event) -> None:
    """Whatever event comes, even out of its order, an encoder makes whole frames of its own form of it, or none."""
    encoder = dialect.encoder(request_for(dialect), "req")
    if not isinstance(event, Start):
        encoder.frames(START)
    for frame in encoder.frames(event):
        assert frame.endswith(b"\n\n") and frame.count(b"\n\n") == 1
        if frame not in (openai.DONE, EXAMPLES[Verbatim].frame, AnthropicMessages.keep_alive):  # type: ignore[union-attr]
            check_frame(dialect, frame)


def check_frame(dialect: Dialect, frame: bytes) -> None:
    data, name = json.loads(field(frame, b"data")), field(frame, b"event")
    assert isinstance(data, dict)
    assert bool(name) == ("event_names" in dialect.marks.parts)
    assert not name or data["type"] == name.decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", DIALECTS, ids=name_of)
def test_every_error_is_read_alike_in_a_body_and_in_a_stream(dialect: Dialect, kind: ErrorKind) -> None:
    """After the 200 an error has the kind and the message that it has before, and nothing comes after it."""
    error = ApiError(kind, "Because.", flat=False)
    *_, failed = read(dialect, START, Failure(error))
    (refused,) = decode(dialect.decoder(), dialect.surface.error(error, "req_1"))
    assert isinstance(failed, Failure) and isinstance(refused, Failure)
    assert (failed.error.kind, failed.error.message) == (refused.error.kind, "Because.")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", SHAPES, ids=name_of)
def test_every_error_can_be_told_in_a_stream(dialect: Dialect, kind: ErrorKind) -> None:
    """After the 200 an error has the same words as before it, and nothing but the end comes after it."""
    encoder = dialect.encoder(request_for(dialect), "req_1")
    encoder.frames(START)
    error = ApiError(kind, "Because.", flat=True)
    frames = list(encoder.frames(Failure(error)))
    if dialect.endpoint == "messages":
        assert frames == [b"event: error\ndata: " + dialect.surface.error(error, "req_1") + b"\n\n"]
    else:
        row = ERRORS[kind]
        told = {"error": {"message": "Because.", "type": row.v1_type, "param": row.param, "code": code_of(kind)}}
        assert json.loads(frames[0].removeprefix(b"data: ")) == told
        assert frames[1:] == [b"data: [DONE]\n\n"]


@pytest.mark.parametrize("dialect", SHAPES, ids=name_of)
def test_a_silence_is_filled_with_what_clients_pass_over(dialect: Dialect) -> None:
    """A comment on /v1; a ping, byte for byte as others send it, under /anthropic."""
    expected = b'event: ping\ndata: {"type": "ping"}\n\n' if dialect.endpoint == "messages" else b": keep-alive\n\n"
    assert dialect.keep_alive == expected


@pytest.mark.parametrize("dialect", DIALECTS, ids=name_of)
def test_an_answer_without_a_choice_is_still_a_body(dialect: Dialect) -> None:
    """A plan may end before anything was said; a client gets a body that it can read, without any text or usage."""
    body, decoder = (
        b"".join(dialect.parts(Completion("0" * 32, "m", 0, (), None), request_for(dialect))),
        dialect.decoder(),
    )
    assert not any(isinstance(event, Text | Finish) for event in decode(decoder, body))
    assert (decoder.problems, json.loads(body)["usage"]) == ([], None)


@pytest.mark.parametrize("dialect", SHAPES, ids=name_of)
def test_an_answer_without_a_choice_has_an_empty_list(dialect: Dialect) -> None:
    """The list of choices or of blocks is there."""
    body = json.loads(b"".join(dialect.parts(Completion("0" * 32, "m", 0, (), None), request_for(dialect))))
    assert body.get("choices", body.get("content")) == []
