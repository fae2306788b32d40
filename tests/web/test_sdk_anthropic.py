"""The anthropic SDK, sync and async, against a live server: what its users call, and the exceptions they catch."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message
from pydantic import BaseModel
from support.asgi import MESSAGE_TOOL, PLAIN, REASONING
from support.sdk import HELLO, START, Driver, drive, exceptions, failing, live, plan_of

from emulator import Emulator, VirtualClock
from emulator.core.clock import EPOCH
from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.plan import FrameMarks, Plan
from emulator.core.vocabulary import Failure, Hangup, InferenceRequest, Step, Text

KINDS = [anthropic.Anthropic, anthropic.AsyncAnthropic]
ALIAS = PLAIN.replace("/", "--")
THINKER = REASONING.replace("/", "--")
QUESTION = [{"role": "user", "content": "Say hello to the harbour of Lisbon."}]
WEATHER_QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]


class Ship(BaseModel):
    """What a structured answer is parsed into."""

    name: str
    masts: int
    ports: list[str]


def driver(kind: Any, emulator: Emulator, **more: Any) -> Any:
    """A driver for a client of this kind, with what a user sets: a base URL and a key."""
    options = {"base_url": emulator.anthropic_base_url, "api_key": emulator.key, "max_retries": 0, **more}
    return drive(kind(**options))


@pytest.fixture(params=KINDS, ids=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Any:
    """The class of the client."""
    return request.param


@pytest.fixture
def client(kind: Any, akash: Emulator) -> Iterator[Driver]:
    """A client of the live server."""
    with driver(kind, akash) as client:
        yield client


def message(**more: Any) -> Any:
    """A messages request, as a function of the client."""
    asked = {"model": ALIAS, "max_tokens": 4000, "messages": QUESTION, **more}
    return lambda client: client.messages.create(**asked)


# ---------------------------------------------------------------------------------------------- models


def test_models_are_listed_page_by_page(client: Driver) -> None:
    """The SDK's own paging walks all pages, each model once and under its alias."""
    models = client.each(lambda client: client.models.list(limit=3))
    assert models == client.each(lambda client: client.models.list())
    assert len({model.id for model in models}) == len(models) > 3
    assert {ALIAS, THINKER} <= {model.id for model in models}
    assert not any("/" in model.id for model in models)


def test_a_model_is_retrieved_by_either_id(client: Driver) -> None:
    """The alias and the slashed id name the same model; its date is a date."""
    by_alias = client(lambda client: client.models.retrieve(ALIAS))
    assert by_alias == client(lambda client: client.models.retrieve(PLAIN))
    assert (by_alias.id, by_alias.type, by_alias.created_at.year) == (ALIAS, "model", 2024)


def test_models_need_no_key(kind: Any, akash: Emulator) -> None:
    """The list under /anthropic answers whoever asks."""
    with driver(kind, akash, api_key="none") as client:
        assert client.each(lambda client: client.models.list())


# ---------------------------------------------------------------------------------------------- messages


def test_a_message_is_complete(client: Driver) -> None:
    """A typed message with one block of text, a stop reason and a usage, under the model's name as it was sent."""
    answer = client(message())
    assert isinstance(answer, Message)
    (block,) = answer.content
    assert answer.id.startswith("msg_01")
    assert (answer.role, answer.model, answer.stop_reason, answer.stop_sequence) == (
        "assistant",
        ALIAS,
        "end_turn",
        None,
    )
    assert block.type == "text" and block.text
    assert answer.usage.input_tokens > 0 < answer.usage.output_tokens
    assert client(message(model=PLAIN)).content == answer.content


def test_the_request_id_and_the_inference_id_can_be_read(client: Driver) -> None:
    """`_request_id` is the request-id header; Inference-Id is among the raw headers, and the body parses as ever."""
    assert client(message())._request_id.startswith("req_")
    asked = {"model": ALIAS, "max_tokens": 10, "messages": QUESTION}
    raw = client(lambda client: client.messages.with_raw_response.create(**asked))
    parsed = raw.parse()
    assert client(lambda _: parsed)._request_id == raw.headers["request-id"]
    assert len(raw.headers["inference-id"]) == 36


def test_either_way_to_send_the_key(kind: Any, akash: Emulator) -> None:
    """`api_key` and `auth_token` are both welcome, and x-api-key, which older clients send."""
    others: list[dict[str, Any]] = [
        {"api_key": None, "auth_token": akash.key},
        {"default_headers": {"x-api-key": akash.key}},
    ]
    for options in others:
        with driver(kind, akash, **options) as client:
            assert client(message()).content


def test_thinking_comes_first_and_is_signed(client: Driver) -> None:
    """A thinking block with a signature, then the text; sent back with the next question it is accepted."""
    thinking = {"model": THINKER, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    answer = client(message(**thinking))
    thought, text = answer.content
    assert (thought.type, text.type) == ("thinking", "text")
    assert thought.thinking and thought.signature
    more = [*QUESTION, {"role": "assistant", "content": answer.content}, {"role": "user", "content": "And to Porto?"}]
    assert client(message(messages=more, **thinking)).stop_reason == "end_turn"
    assert [block.type for block in client(message(model=THINKER, thinking={"type": "disabled"})).content] == ["text"]


def test_a_stop_sequence_is_named(client: Driver) -> None:
    """A message that a stop sequence ended says which; one that ran out of tokens says that."""
    word = client(message()).content[0].text.split()[-1]
    stopped = client(message(stop_sequences=[word]))
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", word)
    assert client(message(max_tokens=2)).stop_reason == "max_tokens"


def test_a_tool_use_leads_to_an_answer(client: Driver) -> None:
    """A question uses the tool, the SDK's own blocks go back with the result, and the final answer uses it."""
    answer = client(message(messages=WEATHER_QUESTION, tools=[MESSAGE_TOOL]))
    (use,) = answer.content
    assert (answer.stop_reason, use.type, use.name, use.input["city"]) == (
        "tool_use",
        "tool_use",
        "get_weather",
        "Paris",
    )
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "21 degrees and sunny"}
    conversation = [
        *WEATHER_QUESTION,
        {"role": "assistant", "content": answer.content},
        {"role": "user", "content": [result]},
    ]
    final = client(message(messages=conversation, tools=[MESSAGE_TOOL]))
    assert final.stop_reason == "end_turn"
    assert "21 degrees and sunny" in final.content[0].text


def test_the_beta_namespace_is_served(client: Driver) -> None:
    """`client.beta.messages` with a beta header answers as `client.messages` does."""
    asked = {"model": ALIAS, "max_tokens": 4000, "messages": QUESTION, "betas": ["interleaved-thinking-2025-05-14"]}
    answer = client(lambda client: client.beta.messages.create(**asked))
    assert answer.content[0].text == client(message()).content[0].text


def test_tokens_are_counted_as_they_are_charged(client: Driver) -> None:
    """count_tokens tells the input tokens that the message then has, tools and system prompt included."""
    asked = {"messages": WEATHER_QUESTION, "system": "Be brief.", "tools": [MESSAGE_TOOL]}
    counted = client(lambda client: client.messages.count_tokens(model=ALIAS, **asked))
    assert counted.input_tokens == client(message(**asked)).usage.input_tokens


# ---------------------------------------------------------------------------------------------- streams


def streaming(**more: Any) -> Any:
    """The `.stream()` helper for a messages request, as a function of the client."""
    asked = {"model": ALIAS, "max_tokens": 4000, "messages": QUESTION, **more}
    return lambda client: client.messages.stream(**asked)


def test_the_raw_events_come_in_their_order(client: Driver) -> None:
    """message_start first, blocks one after the other, and the usage of the whole at the end."""
    events = client.each(message(model=THINKER, stream=True))
    types = [event.type for event in events if event.type != "content_block_delta"]
    block = ["content_block_start", "content_block_stop"]
    assert [name for name in types if name != "ping"] == [
        "message_start",
        *block,
        *block,
        "message_delta",
        "message_stop",
    ]
    whole = client(message(model=THINKER))
    start, delta = events[0].message, events[-2]
    assert start.content == []
    assert (delta.delta.stop_reason, delta.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)
    assert start.usage.input_tokens == delta.usage.input_tokens == whole.usage.input_tokens


def test_the_stream_helper_accumulates(client: Driver) -> None:
    """Every snapshot is what was said so far, and the final message is the whole one."""
    asked = {"model": THINKER, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    events, final = client.watch(streaming(**asked), "get_final_message")
    for kind in ("text", "thinking"):
        said = ""
        for event in events:
            if event.type == kind:
                said += getattr(event, kind)
                assert event.snapshot == said
        assert said
    whole = client(message(**asked))
    assert [block.text for block in final.content if block.type == "text"] == [whole.content[1].text]
    assert [block.thinking for block in final.content if block.type == "thinking"] == [whole.content[0].thinking]
    assert final.content[0].signature
    assert (final.stop_reason, final.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)


def test_the_stream_helper_accumulates_tool_input(client: Driver) -> None:
    """Fragments of JSON add up to the input of the tool."""
    tools = {"messages": WEATHER_QUESTION, "tools": [MESSAGE_TOOL], "tool_choice": {"type": "any"}}
    events, final = client.watch(streaming(**tools), "get_final_message")
    fragments = [event.partial_json for event in events if event.type == "input_json"]
    (use,) = final.content
    assert json.loads("".join(fragments)) == use.input
    assert (use.name, use.input["city"], final.stop_reason) == ("get_weather", "Paris", "tool_use")


def test_structured_answers_are_parsed(client: Driver) -> None:
    """`.parse()` and the stream helper give an instance of the class whose schema was asked for."""
    asked = {"model": ALIAS, "max_tokens": 4000, "messages": QUESTION, "output_format": Ship}
    parsed = client(lambda client: client.messages.parse(**asked)).parsed_output
    assert isinstance(parsed, Ship)
    _, final = client.watch(streaming(output_format=Ship), "get_final_message")
    assert final.parsed_output == parsed


def test_a_stream_can_be_left_early(client: Driver) -> None:
    """A client that closes its stream after one event can go on with its next request."""
    assert client.first(message(stream=True)).type == "message_start"
    assert client(message()).content


# ---------------------------------------------------------------------------------------------- errors


@pytest.fixture(scope="module")
def failures() -> Iterator[Emulator]:
    """A live server that fails each request in the way that its model is called."""

    def answer(request: InferenceRequest) -> Plan:
        return failing(request.model, retry_after=7)  # type: ignore[arg-type] # the model is the kind

    with live(answer) as emulator:
        yield emulator


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("name", "exception"), exceptions(anthropic).items(), ids=[*ERRORS])
def test_each_error_has_its_exception(
    kind: Any, failures: Emulator, name: ErrorKind, exception: type[anthropic.APIStatusError], stream: bool
) -> None:
    """The class that a user catches, with type, status, request id and Retry-After; streaming changes nothing."""
    with driver(kind, failures) as client, pytest.raises(exception) as caught:
        client(message(model=name, stream=stream))
    error = caught.value
    assert error.__class__ is exception
    row = ERRORS[name]
    assert (error.status_code, error.type, error.request_id) == (row.status, row.anthropic_type, "request")
    assert (error.api_message, error.response.headers["retry-after"]) == (f"This is {name}.", "7")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (message(max_tokens=-1), "max_tokens: Input should be greater than or equal to 0"),
        (message(messages=[]), "messages: at least one message is required"),
        (message(extra_body={"temperature": 9}), "temperature: Input should be less than or equal to 1"),
        (message(messages=[{"role": "user", "content": "word " * 140_000}]), "prompt is too long: "),
    ],
    ids=["low", "empty", "high", "context"],
)
def test_an_error_says_where(client: Driver, asked: Any, words: str) -> None:
    """A 400 names the field in Anthropic's way, and an overflow has the words that clients recover by."""
    with pytest.raises(anthropic.BadRequestError) as caught:
        client(asked)
    assert caught.value.api_message is not None
    assert caught.value.api_message.startswith(words)


def test_an_unknown_model_is_not_found(client: Driver) -> None:
    """A mistyped id gets the nearest one in its message."""
    with pytest.raises(anthropic.NotFoundError, match=r"Did you mean 'zai-org"):
        client(message(model="zai-org--GLM-5.33"))


def test_a_bad_key_is_an_authentication_error(kind: Any, akash: Emulator) -> None:
    """The 401 has Anthropic's shape here, and says how a key should begin."""
    with driver(kind, akash, api_key="sk-ant-elsewhere") as client:
        for asked in (message(), lambda client: client.messages.count_tokens(model=ALIAS, messages=QUESTION)):
            with pytest.raises(anthropic.AuthenticationError, match="akml-") as caught:
                client(asked)
            assert caught.value.type == "authentication_error"


def test_a_body_over_the_limit_is_413(kind: Any) -> None:
    """A body that is longer than the server takes has a class of its own."""
    with Emulator(max_body_bytes=1000) as emulator, driver(kind, emulator) as client:
        with pytest.raises(anthropic.ContentTooLargeError) as caught:
            client(message(messages=[{"role": "user", "content": "x" * 2000}]))
        assert str(caught.value.type) == "request_too_large"


def attempts(kind: Any, *plans: Plan) -> tuple[list[str], Any]:
    """The retry counts that the requests of one call told, and what came of it, when the plans are played in turn."""
    counts: list[str] = []

    def answer(request: InferenceRequest) -> Plan:
        counts.append(request.headers["x-stainless-retry-count"])
        return plans[min(len(counts), len(plans)) - 1]

    with live(answer) as emulator, driver(kind, emulator, max_retries=2) as client:
        try:
            return counts, client(message())
        except anthropic.APIStatusError as error:
            return counts, error


@pytest.mark.parametrize("name", ["rate_limited", "internal", "unavailable", "no_backend", "no_healthy_backend"])
def test_what_may_pass_is_tried_three_times(kind: Any, name: ErrorKind) -> None:
    """429 and everything from 500 on: two retries, each after the Retry-After that was told."""
    counts, error = attempts(kind, failing(name, retry_after=0.001))
    assert (counts, error.api_message) == (["0", "1", "2"], f"This is {name}.")


@pytest.mark.parametrize("name", ["bad_request", "insufficient_credits", "forbidden", "not_found", "too_large"])
def test_what_will_not_pass_is_tried_once(kind: Any, name: ErrorKind) -> None:
    """402 among them: no retry brings credits."""
    counts, error = attempts(kind, failing(name, retry_after=0.001))
    assert (counts, error.api_message) == (["0"], f"This is {name}.")


def test_a_call_recovers_when_the_server_does(kind: Any) -> None:
    """Two 529 and an answer are an answer."""
    overloaded = failing("overloaded", retry_after=0.001)
    counts, answer = attempts(kind, overloaded, overloaded, plan_of(*HELLO))
    assert (counts, answer.content[0].text) == (["0", "1", "2"], "Hello there")


# ---------------------------------------------------------------------------------------------- broken streams

OVERLOADED = Failure(ApiError("overloaded", "Too busy."))


def broken(kind: Any, plan: Plan, **settings: Any) -> tuple[str, Exception | None]:
    """The text that arrived of a streamed plan, and the exception that ended it."""
    events: list[Any] = []
    ended: Exception | None = None
    with live(lambda _: plan, **settings) as emulator, driver(kind, emulator) as client:
        try:
            client.each(message(stream=True), events)
        except Exception as error:
            ended = error
    return "".join(event.delta.text for event in events if event.type == "content_block_delta"), ended


def test_an_error_in_a_stream_is_a_status_error_of_200(kind: Any) -> None:
    """What was said before arrives; the type tells what happened, for the status was told long before."""
    text, error = broken(kind, plan_of(START, Text(0, "Hel"), OVERLOADED))
    assert text == "Hel"
    assert type(error) is anthropic.APIStatusError
    assert (error.status_code, error.type, error.api_message) == (200, "overloaded_error", "Too busy.")


@pytest.mark.parametrize("how", ["reset", "truncate"])
def test_a_cut_connection_is_an_error_of_the_transport(kind: Any, how: Any) -> None:
    """A reset and a body without an end: the SDK lets the transport's own error through."""
    text, error = broken(kind, plan_of(START, Text(0, "Hel"), Hangup(how)))
    assert isinstance(error, httpx2.TransportError)
    assert text in ("Hel", "")  # a reset may overtake what was sent before it


def test_a_stream_without_message_stop_ends_quietly(kind: Any) -> None:
    """A body that ends in order, but too early, is no error to this SDK: only the stop reason is missing."""
    assert broken(kind, plan_of(START, Text(0, "Hel"), Hangup("end"))) == ("Hel", None)


def test_no_response_is_a_connection_error(kind: Any) -> None:
    """A connection that is closed without a word, before any byte."""
    _, error = broken(kind, plan_of(Hangup("end")))
    assert type(error) is anthropic.APIConnectionError


def test_frames_without_their_event_line_are_dropped(kind: Any) -> None:
    """The SDK goes by the `event:` line alone: without it a stream is empty, and no error tells so."""

    def unnamed(frames: Iterator[bytes], marks: FrameMarks) -> Iterator[bytes]:
        return (frame.partition(b"\n")[2] for frame in frames)

    assert broken(kind, plan_of(*HELLO, frame_faults=(unnamed,))) == ("", None)


def test_pings_are_not_text(kind: Any) -> None:
    """Pings fill ten minutes of silence, here at ten thousand times the speed, and change nothing."""
    start, hello, there, *rest = HELLO
    steps = [Step(0, start), Step(0, hello), Step(600, there), *(Step(0, event) for event in rest)]
    assert broken(kind, Plan(steps), clock=VirtualClock(EPOCH, rate=10_000)) == ("Hello there", None)
