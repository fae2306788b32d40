"""Every shipped scenario, played over HTTP to the real SDKs: they make of it what shipped_expectations.py says."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from support.shipped_expectations import BY_CHANCE, OVERLOADED, ROWS, SUNNY, Asked, Case, Endpoint, Expected, Row
from support.shipped_requests import request_of

from emulator import Emulator, VirtualClock
from emulator.core.clock import EPOCH
from emulator.dialects.anthropic.surface import STOP_REASONS

REASONS = {name: reason for reason, name in STOP_REASONS.items()}
SPEED = 1_000
"""Emulated seconds a second: what takes minutes there is over at once here, and its length can still be told."""


@pytest.fixture(scope="module")
def akash() -> Iterator[Emulator]:
    """One emulator for all scenarios: each case has a key of its own."""
    with Emulator(clock=VirtualClock(EPOCH, rate=SPEED)) as emulator:
        yield emulator


# ---------------------------------------------------------------------------------------------- asking


class Counting(httpx2.HTTPTransport):
    """Counts the requests that are really made."""

    requests = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Count one, and send it."""
        self.requests += 1
        return super().handle_request(request)


def client_for(endpoint: Endpoint, akash: Emulator, key: str, transport: Counting, retries: int = 2) -> Any:
    """A client that does not wait between its attempts."""
    options: Any = {"api_key": key, "max_retries": retries, "http_client": httpx2.Client(transport=transport)}
    client: Any = (
        anthropic.Anthropic(base_url=akash.anthropic_base_url, **options)
        if endpoint == "messages"
        else openai.OpenAI(base_url=akash.openai_base_url, **options)
    )
    client._sleep_for_retry = lambda **_: None
    return client


def create(client: Any, endpoint: Endpoint, stream: bool, asked: Asked) -> Any:
    """Make the request."""
    of = {"chat": lambda: client.chat.completions, "completions": lambda: client.completions}
    resource = of.get(endpoint, lambda: client.messages)()
    told = {"stream_options": {"include_usage": True}} if stream and endpoint != "messages" else {}
    return resource.create(**request_of(endpoint, asked), stream=stream, **told)


# ---------------------------------------------------------------------------------------------- reading


class Heard:
    """What has arrived, in neutral words."""

    def __init__(self) -> None:
        self.text = self.reasoning = ""
        self.finish: str | None = None
        self.usage = False
        self.calls: list[list[str]] = []

    def take(self, endpoint: Endpoint, answer: Any, stream: bool) -> None:
        """All of an answer, or what comes of it before it breaks. A body that is no JSON is a string to the SDKs."""
        if isinstance(answer, str):
            self.text = answer
            return
        take = self._message if endpoint == "messages" else self._choices
        for part in answer if stream else [answer]:
            (self._event if stream and endpoint == "messages" else take)(part)

    def _choices(self, part: Any) -> None:
        self.usage = self.usage or part.usage is not None
        for choice in part.choices:
            self.finish = choice.finish_reason or self.finish
            said = getattr(choice, "delta", None) or getattr(choice, "message", None)
            self.text += (choice.text if said is None else said.content) or ""
            if said is not None:
                self.reasoning += (said.model_extra or {}).get("reasoning_content", "")
                for call in said.tool_calls or ():
                    self._call(call)

    def _call(self, call: Any) -> None:
        if call.function.name:
            self.calls.append([call.function.name, ""])
        self.calls[getattr(call, "index", -1)][1] += call.function.arguments

    def _message(self, message: Any) -> None:
        self.usage, self.finish = message.usage is not None, _reason(message.stop_reason)
        for block in message.content:
            match block.type:
                case "text":
                    self.text += block.text
                case "thinking":
                    self.reasoning += block.thinking
                case "tool_use":
                    given = block.input if isinstance(block.input, str) else json.dumps(block.input)
                    self.calls.append([block.name, "" if given == "{}" else given])

    def _event(self, event: Any) -> None:
        match event.type:
            case "content_block_start" if event.content_block.type == "tool_use":
                self.calls.append([event.content_block.name, ""])
            case "content_block_delta":
                self.text += getattr(event.delta, "text", "")
                self.reasoning += getattr(event.delta, "thinking", "")
                if hasattr(event.delta, "partial_json"):
                    self.calls[-1][1] += event.delta.partial_json
            case "message_delta":
                self.usage, self.finish = event.usage is not None, _reason(event.delta.stop_reason)


def _reason(stop_reason: str | None) -> str | None:
    return None if stop_reason is None else REASONS[stop_reason]


# ---------------------------------------------------------------------------------------------- playing

CASES = [
    pytest.param(row, case, id="-".join([row.scenario, str(number), case[0], *(["stream"] if case[1] else [])]))
    for number, row in enumerate(ROWS)
    for case in row.cases
]


@pytest.mark.parametrize(("row", "case"), CASES)
def test_a_scenario_is_what_it_was_told_to_be(
    row: Row, case: Case, akash: Emulator, request: pytest.FixtureRequest
) -> None:
    """Text, calls, finish, exception, number of attempts and time: what an SDK's user sees of it."""
    endpoint, stream = case
    expected, heard, transport, error = row.cases[case], Heard(), Counting(), None
    begun = akash.clock.now()
    with client_for(endpoint, akash, f"akml-{row.scenario}--{request.node.callspec.id}", transport) as client:
        try:
            heard.take(endpoint, create(client, endpoint, stream, row.asked), stream)
        except Exception as caught:
            error = caught
    assert _is(error, expected.error), error
    if row.scenario == "reset-mid-stream" and stream:  # a reset may overtake what was sent before it
        assert expected.text.startswith(heard.text)
        heard.text = expected.text
    assert heard_as_expected(heard, error, transport) == expected._replace(error=None, seconds=0.0)
    assert akash.clock.now() - begun >= expected.seconds


def _is(error: Exception | None, kind: type[Exception] | None) -> bool:
    """The exact class, where the SDK has one; ValueError and TransportError stand for those that it lets through."""
    if kind in (ValueError, httpx2.TransportError):
        return isinstance(error, kind)
    return error is None if kind is None else type(error) is kind


def heard_as_expected(heard: Heard, error: Exception | None, transport: Counting) -> Expected:
    """What has arrived, as a row of the table says it."""
    return Expected(
        heard.text,
        heard.finish,  # type: ignore[arg-type] # it is compared with one
        heard.usage,
        heard.reasoning,
        tuple((name, arguments) for name, arguments in heard.calls),
        status=getattr(error, "status_code", None),
        attempts=transport.requests,
    )


@pytest.mark.parametrize("scenario", sorted(BY_CHANCE))
def test_chance_is_seeded(scenario: str) -> None:
    """Some requests are answered and some fail, and in a new server the same ones."""
    runs = []
    for _ in range(2):
        with Emulator(clock=VirtualClock(EPOCH, rate=0)) as akash:
            client = client_for("chat", akash, f"akml-{scenario}", Counting(), retries=0)
            runs.append([one_by_chance(client) for _ in range(40)])
            client.close()
    assert runs[0] == runs[1]
    assert 8 <= Counter(runs[0])[SUNNY] <= 32


def one_by_chance(client: Any) -> str:
    """The text of an answer, or the name of the exception, which has to be the one that is expected."""
    try:
        return str(create(client, "chat", False, Asked()).choices[0].message.content)
    except openai.APIStatusError as error:
        expected = OVERLOADED["chat", False]
        assert (type(error), error.status_code) == (expected.error, expected.status)
        return type(error).__name__
