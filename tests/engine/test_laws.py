"""The laws of playing, over random combinations of reply, fault, pace, dialect and stream.

Whatever a scenario does to an answer: the process survives, what was sent is a beginning of what would have been said,
the meter counts what was sent, and no task is left behind.
"""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send
from support.asgi import KEY, PLAIN, Exchange, activate, make_engine
from support.faults import KEEP_TEXT, written

from emulator.core.settings import Settings
from emulator.core.token_counts import count
from emulator.core.vocabulary import InferenceRequest, Reasoning, Sampling, Text, ToolArguments
from emulator.dialects.decoding import decode
from emulator.dialects.endpoints import ENDPOINTS, Dialects
from emulator.dialects.partial_json import whole_part
from emulator.engine.engine import Engine
from emulator.faults import FAULTS
from emulator.inferences.live_record import Sent
from emulator.scenario.loader import load_objects
from emulator.wire.respond import HungUp, Player

SETTINGS = Settings()
DIALECTS = Dialects(SETTINGS).by_name
TEXTS = st.sampled_from(["It is sunny in Paris, and 23 degrees.", "naïve 中文 👍🏽 text", "x", "one\n\ntwo: {3}"])
PLACES = st.one_of(
    st.sampled_from([{"before": "response"}, {"before": "first_token"}]),
    st.sampled_from([{"at": "finish"}, {"at": "usage"}, {"at": "done"}, {"at": "tool_arguments"}]),
    st.builds(lambda n: {"after": {"tokens": n}}, st.integers(1, 12)),
    st.builds(lambda n: {"after": {"events": n}}, st.integers(1, 12)),
    st.builds(lambda n: {"after": {"bytes": n}}, st.integers(1, 40)),
)


def faults_of(names: Iterable[str]) -> st.SearchStrategy[dict[str, Any]]:
    """These faults with all values, at all places where they can be."""
    return st.one_of([_placed(name) for name in names])


def _placed(name: str) -> st.SearchStrategy[dict[str, Any]]:
    faults = st.sampled_from(written(name))
    if FAULTS[name].placing == "none":
        return faults
    return st.builds(lambda fault, place: fault | place, faults, PLACES)


PACES = st.sampled_from(
    [
        None,
        {"first_token": "2s", "tokens_per_second": 5, "jitter": 0.5},
        {"between_tokens": "100ms", "chunk": "word"},
        {"first_token": {"lognormal": {"median": "300ms", "sigma": 0.5}}, "tokens_per_second": 20, "chunk": 3},
        {"chunk": "whole"},
    ]
)
REPLIES = st.one_of(
    st.builds(lambda text: {"text": text}, TEXTS),
    st.builds(lambda text: {"reasoning": "Let me think of it.", "text": text}, TEXTS),
    st.just({"text": "I look.", "tool_calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]}),
    st.just({"tool_calls": [{"name": "a", "arguments": "{broken"}, {"name": "b", "arguments": {}}]}),
    st.just({"json": {"city": "Paris", "degrees": 23}}),
    st.just({"generate": {"tokens": 12}}),
)


def engine_of(reply: dict[str, Any], faults: list[dict[str, Any]], pace: dict[str, Any] | None) -> Engine:
    engine = make_engine()
    story = {"name": "laws", "rules": [{"reply": reply | {"faults": faults} | ({"stream": pace} if pace else {})}]}
    engine.library.add(load_objects(story, catalog=engine.catalog))
    activate(engine, "laws")
    return engine


def request_to(endpoint: str, stream: bool, limit: int) -> InferenceRequest:
    """The endpoint's sample request, with this limit."""
    request = DIALECTS[endpoint].parse({**ENDPOINTS[endpoint].sample, "model": PLAIN}, {}, KEY)
    return replace(request, stream=stream, sampling=Sampling(max_tokens=limit))


class Played:
    """What one exchange came to."""

    def __init__(self, exchange: Exchange, sent: Sent, hung_up: bool) -> None:
        self.exchange = exchange
        self.sent = sent
        self.hung_up = hung_up


def play(engine: Engine, endpoint: str, stream: bool, limit: int) -> Played:
    """Play the engine's answer to the end, moving the clock on as long as somebody waits for it."""
    dialect = DIALECTS[endpoint]
    sent: list[Sent] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        request = request_to(endpoint, stream, limit)
        player = Player(await engine.plan(request), dialect, engine.clock, 15, scope, receive, send)
        sent.append(player.sent)
        await player.play(request)

    async def run() -> Played:
        exchange = Exchange(app, "POST", "/", {})
        task = asyncio.create_task(exchange.run())
        hung_up = False
        for _ in range(1000):
            if task.done():
                break
            await asyncio.sleep(0)
            await engine.clock.advance(5)
        try:
            await asyncio.wait_for(task, 10)
        except HungUp:
            hung_up = True
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return Played(exchange, sent[0], hung_up)

    return asyncio.run(run())


def said_in(endpoint: str, exchange: Exchange) -> str:
    """All that a lenient client reads: reasoning, text and arguments, in the order in which they came.

    Arguments are without spaces, as a body may have them as JSON instead of text; of those of a message only what is
    complete counts, as its body has no more.
    """
    said = arguments = ""
    for event in [*decode(ENDPOINTS[endpoint].decoder(), exchange.body), Text(0, "")]:
        match event:
            case ToolArguments(text=text):
                arguments += text
            case _:
                part = whole_part(arguments) if endpoint == "messages" else None
                complete = json.dumps(part).rstrip("}]") if part else ""
                said += (arguments if part is None else complete).replace(" ", "")
                arguments = ""
                if isinstance(event, Reasoning | Text):
                    said += event.text
    return said


def streamed(endpoint: str, wanted: bool) -> bool:
    """Whether the answer is a stream: only if the endpoint streams."""
    return wanted and bool(ENDPOINTS[endpoint].streaming)


@pytest.mark.parametrize("endpoint", DIALECTS)
@settings(max_examples=170, suppress_health_check=[HealthCheck.too_slow])
@given(REPLIES, st.lists(faults_of(KEEP_TEXT), max_size=2), PACES, st.booleans(), st.integers(1, 30))
def test_what_is_sent_is_a_beginning_of_what_would_be_said(
    endpoint: str, reply: dict[str, Any], faults: list[dict[str, Any]], pace: Any, stream: bool, limit: int
) -> None:
    """Errors, stalls, hang-ups and floods cut an answer short or slow it down; none of them changes what it says."""
    whole = said_in(endpoint, play(engine_of(reply, [], None), endpoint, streamed(endpoint, True), limit).exchange)
    played = play(engine_of(reply, faults, pace), endpoint, streamed(endpoint, stream), limit)
    said = said_in(endpoint, played.exchange)
    assert whole.startswith(said)
    if played.sent.outcome == "completed":
        assert said.replace("{}", "") == whole.replace("{}", "")  # an empty object of arguments may be left out


@pytest.mark.parametrize("endpoint", DIALECTS)
@settings(max_examples=170, suppress_health_check=[HealthCheck.too_slow])
@given(REPLIES, st.lists(faults_of(FAULTS), max_size=3), PACES, st.booleans(), st.integers(1, 30))
def test_the_process_survives_and_the_meter_counts_what_was_sent(
    endpoint: str, reply: dict[str, Any], faults: list[dict[str, Any]], pace: Any, stream: bool, limit: int
) -> None:
    """Any combination plays to an end, leaves no task, and counts no more tokens than were asked for and sent."""
    stream = streamed(endpoint, stream)
    played = play(engine_of(reply, faults, pace), endpoint, stream, limit)
    sent = played.sent
    tokens = sent.used.completion_tokens if sent.used else 0
    assert played.exchange.status in (0, 200, 418, 529)
    assert 0 <= tokens <= limit
    if sent.outcome == "completed":
        assert played.exchange.complete
    if tokens == 0 and stream and not faults:
        raise AssertionError("an answer without a fault says something")
    if stream and not any("duplicate" in fault for fault in faults):
        assert (
            count(said_in(endpoint, played.exchange)) <= tokens + 3
        )  # where two texts meet, one token can read as more
