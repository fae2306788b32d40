"""The openai SDK, sync and async, against a live server: what its users call, and the exceptions they catch."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion
from pydantic import BaseModel
from support.asgi import CHAT_TOOL, PLAIN, REASONING
from support.sdk import HELLO, START, Driver, drive, exceptions, failing, live, plan_of

from emulator import Emulator, VirtualClock
from emulator.core.clock import EPOCH
from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.plan import FrameMarks, Plan
from emulator.core.vocabulary import Failure, Hangup, InferenceRequest, Step, Text

KINDS = [openai.OpenAI, openai.AsyncOpenAI]
QUESTION = [{"role": "user", "content": "Say hello to the harbour of Lisbon."}]
WEATHER_QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]


class Ship(BaseModel):
    """What a structured answer is parsed into."""

    name: str
    masts: int
    ports: list[str]


def driver(kind: Any, emulator: Emulator, **more: Any) -> Any:
    """A driver for a client of this kind, with what a user sets: a base URL and a key."""
    options = {"base_url": emulator.openai_base_url, "api_key": emulator.key, "max_retries": 0, **more}
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


def chat(**more: Any) -> Any:
    """A chat request, as a function of the client."""
    return lambda client: client.chat.completions.create(**{"model": PLAIN, "messages": QUESTION, **more})


# ---------------------------------------------------------------------------------------------- models


def retrieving(id: str) -> Any:
    """A look at one model, as a function of the client."""
    return lambda client: client.models.retrieve(id)


def test_models_are_listed_and_retrieved(client: Driver) -> None:
    """Every listed model can be retrieved by its slashed id and is the same then; AkashML's keys are in model_extra."""
    models = client.each(lambda client: client.models.list())
    assert {PLAIN, REASONING} <= {model.id for model in models}
    for model in models:
        assert client(retrieving(model.id)) == model
        assert model.owned_by == "akashml"
        assert {"input", "output", "request"} <= set(model.model_extra["pricing"])
        assert model.model_extra["context_length"] > 100_000


# ---------------------------------------------------------------------------------------------- chat


def test_a_chat_completion_is_complete(client: Driver) -> None:
    """A typed answer with an id, a text, a finish reason and a usage that adds up."""
    completion = client(chat())
    assert isinstance(completion, ChatCompletion)
    (choice,) = completion.choices
    assert completion.id.startswith("chatcmpl-")
    assert (completion.model, completion.created) == (PLAIN, int(EPOCH))
    assert (choice.message.role, choice.finish_reason, choice.message.tool_calls) == ("assistant", "stop", None)
    assert choice.message.content
    usage = completion.usage
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_the_request_id_and_the_inference_id_can_be_read(client: Driver) -> None:
    """`_request_id` is the x-request-id header; Inference-Id is among the raw headers, and the body parses as ever."""
    assert client(chat())._request_id.startswith("req_")
    raw = client(lambda client: client.chat.completions.with_raw_response.create(model=PLAIN, messages=QUESTION))
    completion = raw.parse()
    assert completion._request_id == raw.headers["x-request-id"]
    assert len(raw.headers["inference-id"]) == 36
    assert completion.choices[0].message.content


def test_a_reasoning_model_shows_its_reasoning(client: Driver) -> None:
    """`reasoning_content` stands beside the content, in the message and in the deltas, and is the same text."""
    whole = client(chat(model=REASONING)).choices[0].message
    assert whole.model_extra["reasoning_content"]
    deltas = [chunk.choices[0].delta for chunk in client.each(chat(model=REASONING, stream=True))]
    reasoning = [(delta.model_extra or {}).get("reasoning_content", "") for delta in deltas]
    assert "".join(reasoning) == whole.model_extra["reasoning_content"]
    assert "".join(delta.content or "" for delta in deltas) == whole.content


def test_a_stream_tells_its_usage_when_asked(client: Driver) -> None:
    """With include_usage the last chunk has no choice and the usage of the whole answer; without, none has any."""
    *chunks, last = client.each(chat(stream=True, stream_options={"include_usage": True}))
    assert (last.choices, last.usage) == ([], client(chat()).usage)
    assert len({chunk.id for chunk in [*chunks, last]}) == 1
    assert all(chunk.usage is None for chunk in client.each(chat(stream=True)))


def test_two_choices(client: Driver) -> None:
    """`n=2` gives two choices, whole and streamed, with the same texts in both."""
    completion = client(chat(n=2, temperature=1))
    assert [choice.index for choice in completion.choices] == [0, 1]
    texts = ["", ""]
    for chunk in client.each(chat(n=2, temperature=1, stream=True)):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == [choice.message.content for choice in completion.choices]


def test_log_probabilities(client: Driver) -> None:
    """Each token of the text has its log probability and as many alternatives as were asked for."""
    choice = client(chat(logprobs=True, top_logprobs=2, max_tokens=5)).choices[0]
    entries = choice.logprobs.content
    assert "".join(entry.token for entry in entries) == choice.message.content
    assert len(entries) == 5
    for entry in entries:
        assert bytes(entry.bytes).decode() == entry.token
        assert len(entry.top_logprobs) == 2
        assert entry.logprob <= 0


def test_a_tool_call_leads_to_an_answer(client: Driver) -> None:
    """A question calls the tool, the SDK's own message goes back with the result, and the final answer uses it."""
    choice = client(chat(messages=WEATHER_QUESTION, tools=[CHAT_TOOL])).choices[0]
    (call,) = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls"
    assert (call.type, call.function.name, json.loads(call.function.arguments)["city"]) == (
        "function",
        "get_weather",
        "Paris",
    )
    result = {"role": "tool", "tool_call_id": call.id, "content": "21 degrees and sunny"}
    final = client(chat(messages=[*WEATHER_QUESTION, choice.message, result], tools=[CHAT_TOOL])).choices[0]
    assert (final.finish_reason, final.message.tool_calls) == ("stop", None)
    assert "21 degrees and sunny" in final.message.content


# ---------------------------------------------------------------------------------------------- stream helpers


def streaming(**more: Any) -> Any:
    """The `.stream()` helper for a chat request, as a function of the client."""
    return lambda client: client.chat.completions.stream(**{"model": PLAIN, "messages": QUESTION, **more})


def test_the_stream_helper_accumulates(client: Driver) -> None:
    """Every snapshot is what was said so far, and the last one is the whole answer."""
    events, final = client.watch(streaming(), "get_final_completion")
    said = ""
    for event in events:
        if event.type == "content.delta":
            said += event.delta
            assert event.snapshot == said
    assert [event.content for event in events if event.type == "content.done"] == [said]
    whole = client(chat())
    assert (final.choices[0].message.content, final.choices[0].finish_reason) == (said, "stop")
    assert said == whole.choices[0].message.content


def test_the_stream_helper_accumulates_tool_calls(client: Driver) -> None:
    """Fragments of arguments add up to the JSON of the call."""
    tools = {"messages": WEATHER_QUESTION, "tools": [CHAT_TOOL], "tool_choice": "required"}
    events, final = client.watch(streaming(**tools), "get_final_completion")
    deltas = [event for event in events if event.type == "tool_calls.function.arguments.delta"]
    (call,) = final.choices[0].message.tool_calls
    assert "".join(event.arguments_delta for event in deltas) == call.function.arguments
    assert [event.arguments for event in events if event.type.endswith("arguments.done")] == [call.function.arguments]
    assert json.loads(call.function.arguments)["city"] == "Paris"
    assert (call.function.name, final.choices[0].finish_reason) == ("get_weather", "tool_calls")


def test_the_stream_helper_accumulates_choices_and_log_probabilities(client: Driver) -> None:
    """Two choices side by side, each with the log probabilities of its tokens."""
    _, final = client.watch(streaming(n=2, logprobs=True, top_logprobs=1), "get_final_completion")
    for choice in final.choices:
        assert "".join(entry.token for entry in choice.logprobs.content) == choice.message.content
    assert [choice.index for choice in final.choices] == [0, 1]


def test_structured_answers_are_parsed(client: Driver) -> None:
    """`.parse()` and the stream helper give an instance of the class whose schema was asked for."""
    asked = {"model": PLAIN, "messages": QUESTION, "response_format": Ship}
    parsed = client(lambda client: client.chat.completions.parse(**asked)).choices[0].message.parsed
    assert isinstance(parsed, Ship)
    _, final = client.watch(streaming(response_format=Ship), "get_final_completion")
    assert final.choices[0].message.parsed == parsed


def test_parsed_tool_calls(client: Driver) -> None:
    """The arguments of a strict tool made from a class are parsed into that class."""
    tool = openai.pydantic_function_tool(Ship)
    asked = {"model": PLAIN, "messages": QUESTION, "tools": [tool], "tool_choice": "required"}
    (call,) = client(lambda client: client.chat.completions.parse(**asked)).choices[0].message.tool_calls
    assert isinstance(call.function.parsed_arguments, Ship)


def test_a_stream_can_be_left_early(client: Driver) -> None:
    """A client that closes its stream after one chunk can go on with its next request."""
    assert client.first(chat(stream=True)).choices[0].delta.role == "assistant"
    assert client(chat()).choices[0].message.content


# ---------------------------------------------------------------------------------------------- completions


def completing(**more: Any) -> Any:
    """A completions request, as a function of the client."""
    return lambda client: client.completions.create(**{"model": PLAIN, "prompt": "Once upon a time", **more})


def test_completions(client: Driver) -> None:
    """A prompt is continued, whole and streamed alike."""
    completion = client(completing())
    chunks = client.each(completing(stream=True))
    assert completion.id.startswith("cmpl-")
    assert (completion.choices[0].finish_reason, completion.usage.completion_tokens) == ("length", 16)
    assert "".join(chunk.choices[0].text for chunk in chunks) == completion.choices[0].text


def test_completions_of_several_prompts(client: Driver) -> None:
    """Two prompts with `n=2` are four choices; echo puts the prompt in front, and logprobs cover it."""
    prompts = ["Once upon a time", "The harbour"]
    completion = client(completing(prompt=prompts, n=2, echo=True, logprobs=1, max_tokens=4))
    assert [choice.index for choice in completion.choices] == [0, 1, 2, 3]
    for choice in completion.choices:
        assert choice.text.startswith(prompts[choice.index // 2])
        assert "".join(choice.logprobs.tokens) == choice.text
        assert choice.logprobs.token_logprobs[0] is None


# ---------------------------------------------------------------------------------------------- errors


@pytest.fixture(scope="module")
def failures() -> Iterator[Emulator]:
    """A live server that fails each request in the way that its model is called."""

    def answer(request: InferenceRequest) -> Plan:
        return failing(request.model, retry_after=7)  # type: ignore[arg-type] # the model is the kind

    with live(answer) as emulator:
        yield emulator


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("name", "exception"), exceptions(openai).items(), ids=[*ERRORS])
def test_each_error_has_its_exception(
    kind: Any, failures: Emulator, name: ErrorKind, exception: type[openai.APIStatusError], stream: bool
) -> None:
    """The class that a user catches, with status, request id and Retry-After; streaming changes nothing."""
    with driver(kind, failures) as client, pytest.raises(openai.APIStatusError) as caught:
        client(chat(model=name, stream=stream))
    error = caught.value
    assert (type(error), error.status_code, error.request_id) == (exception, ERRORS[name].status, "request")
    assert error.response.headers["retry-after"] == "7"
    if name != "unauthorized":
        assert error.message.endswith(f"This is {name}.")
        assert error.type


@pytest.mark.parametrize(
    ("asked", "code", "param"),
    [
        (chat(temperature=9), None, "temperature"),
        (chat(messages=[]), None, "messages"),
        (chat(model="no/such-model"), "model_not_found", "model"),
        (chat(max_tokens=10**9, messages=[{"role": "user", "content": "word " * 140_000}]), None, "input_tokens"),
        (completing(best_of=1, n=2), None, "best_of"),
    ],
    ids=["field", "empty", "model", "context", "completions"],
)
def test_an_error_names_its_param(client: Driver, asked: Any, code: str | None, param: str) -> None:
    """What is wrong with a request is told as code and param of the exception, not only as text."""
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as caught:
        client(asked)
    assert caught.value.param == param
    assert caught.value.code == code or "maximum context length" in caught.value.message


@pytest.mark.parametrize("asked", [chat(), completing(), retrieving(PLAIN)])
def test_a_bad_key_is_an_authentication_error(kind: Any, akash: Emulator, asked: Any) -> None:
    """AkashML's 401 is flat: the SDK shows what it calls the error, and the message is in the response."""
    with (
        driver(kind, akash, api_key="sk-from-elsewhere") as client,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        client(asked)
    assert caught.value.body == "Unauthorized"
    assert "akml-" in caught.value.response.json()["message"]


def test_a_body_over_the_limit_is_413(kind: Any) -> None:
    """A body that is longer than the server takes is told so, with a code."""
    with Emulator(max_body_bytes=1000) as emulator, driver(kind, emulator) as client:
        with pytest.raises(openai.APIStatusError) as caught:
            client(chat(messages=[{"role": "user", "content": "x" * 2_000}]))
        assert (caught.value.status_code, caught.value.code) == (413, "request_too_large")


def test_a_client_that_is_still_sending_sees_the_413() -> None:
    """The answer arrives although most of the body was yet to come when it was given."""
    with Emulator(max_body_bytes=1000) as emulator, driver(openai.AsyncOpenAI, emulator) as client:
        with pytest.raises(openai.APIStatusError) as caught:
            client(chat(messages=[{"role": "user", "content": "x" * 8_000_000}]))
        assert caught.value.status_code == 413


def attempts(kind: Any, *plans: Plan) -> tuple[list[str], Any]:
    """The retry counts that the requests of one call told, and what came of it, when the plans are played in turn."""
    counts: list[str] = []

    def answer(request: InferenceRequest) -> Plan:
        counts.append(request.headers["x-stainless-retry-count"])
        return plans[min(len(counts), len(plans)) - 1]

    with live(answer) as emulator, driver(kind, emulator, max_retries=2) as client:
        try:
            return counts, client(chat())
        except openai.APIStatusError as error:
            return counts, error


@pytest.mark.parametrize("name", ["rate_limited", "internal", "unavailable", "no_backend", "no_healthy_backend"])
def test_what_may_pass_is_tried_three_times(kind: Any, name: ErrorKind) -> None:
    """429 and everything from 500 on: two retries, each after the Retry-After that was told."""
    counts, error = attempts(kind, failing(name, retry_after=0.001))
    assert (counts, error.body["message"]) == (["0", "1", "2"], f"This is {name}.")


@pytest.mark.parametrize("name", ["bad_request", "insufficient_credits", "forbidden", "not_found", "too_large"])
def test_what_will_not_pass_is_tried_once(kind: Any, name: ErrorKind) -> None:
    """402 among them: no retry brings credits."""
    counts, error = attempts(kind, failing(name, retry_after=0.001))
    assert (counts, error.body["message"]) == (["0"], f"This is {name}.")


def test_a_call_recovers_when_the_server_does(kind: Any) -> None:
    """Two 529 and an answer are an answer."""
    overloaded = failing("overloaded", retry_after=0.001)
    counts, completion = attempts(kind, overloaded, overloaded, plan_of(*HELLO))
    assert (counts, completion.choices[0].message.content) == (["0", "1", "2"], "Hello there")


def test_a_long_retry_after_is_not_waited_for(kind: Any) -> None:
    """The SDK gives up at once when it is told to wait for more than two minutes."""
    counts, error = attempts(kind, failing("rate_limited", retry_after=121))
    assert (counts, type(error)) == (["0"], openai.RateLimitError)


# ---------------------------------------------------------------------------------------------- broken streams

OVERLOADED = Failure(ApiError("overloaded", "Too busy."))


def broken(kind: Any, plan: Plan, **settings: Any) -> tuple[list[str], Exception | None]:
    """The texts that arrived of a streamed plan, and the exception that ended it."""
    chunks: list[Any] = []
    ended: Exception | None = None
    with live(lambda _: plan, **settings) as emulator, driver(kind, emulator) as client:
        try:
            client.each(chat(stream=True), chunks)
        except Exception as error:
            ended = error
    return [choice.delta.content or "" for chunk in chunks for choice in chunk.choices], ended


def test_an_error_in_a_stream_is_an_api_error(kind: Any) -> None:
    """What was said before arrives; the error has its message and type, but no status any more."""
    texts, error = broken(kind, plan_of(START, Text(0, "Hel"), OVERLOADED))
    assert texts == ["", "Hel"]
    assert type(error) is openai.APIError
    assert (error.message, error.type, error.code) == ("Too busy.", "overloaded_error", "overloaded")


@pytest.mark.parametrize("how", ["reset", "truncate"])
def test_a_cut_connection_is_a_connection_error(kind: Any, how: Any) -> None:
    """A reset and a body without an end are both connection errors, after what had arrived."""
    texts, error = broken(kind, plan_of(START, Text(0, "Hel"), Hangup(how)))
    assert type(error) is openai.APIConnectionError
    assert texts in (["", "Hel"], [])  # a reset may overtake what was sent before it


def test_a_stream_without_done_ends_quietly(kind: Any) -> None:
    """A body that ends in order, but too early, is no error to this SDK: only the finish reason is missing."""
    assert broken(kind, plan_of(START, Text(0, "Hel"), Hangup("end"))) == (["", "Hel"], None)


def test_no_response_is_a_connection_error(kind: Any) -> None:
    """A connection that is closed without a word, before any byte."""
    _, error = broken(kind, plan_of(Hangup("end")))
    assert type(error) is openai.APIConnectionError


def test_a_broken_frame_is_a_json_error(kind: Any) -> None:
    """A frame that is no JSON breaks the stream where it stands."""

    def cut_short(frames: Iterator[bytes], marks: FrameMarks) -> Iterator[bytes]:
        return (frame[:40] + b"\n\n" if b"there" in frame else frame for frame in frames)

    texts, error = broken(kind, plan_of(*HELLO, frame_faults=(cut_short,)))
    assert (texts, type(error)) == (["", "Hello"], json.JSONDecodeError)


def test_keep_alives_are_not_seen(kind: Any) -> None:
    """Comments fill ten minutes of silence, here at ten thousand times the speed, and are no chunks."""
    start, hello, there, *rest = HELLO
    steps = [Step(0, start), Step(0, hello), Step(600, there), *(Step(0, event) for event in rest)]
    texts, error = broken(kind, Plan(steps), clock=VirtualClock(EPOCH, rate=10_000))
    assert (texts, error) == (["", "Hello", " there", ""], None)
