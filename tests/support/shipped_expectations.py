"""What the SDKs make of each shipped scenario: a row for each kind of request that the scenario tells something about.

With `max_retries=2`, openai-python 3.54 and anthropic-python 2.12; docs/contract.md (what clients do) has the rest.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import anthropic
import httpx2
import openai

from emulator.core.vocabulary import FinishReason

Endpoint: TypeAlias = Literal["chat", "completions", "messages"]
Case: TypeAlias = tuple[Endpoint, bool]
"""The endpoint, and whether the answer is streamed."""

ALL: tuple[Endpoint, ...] = ("chat", "completions", "messages")
CHATS: tuple[Endpoint, ...] = ("chat", "messages")
"""The endpoints that have turns, tools, pictures and reasoning."""


class Asked(NamedTuple):
    """One request to a model that reads no pictures: a question, with get_weather and get_time offered.

    There are so many answered `turns` before it. `picture` adds one to the question. With a `call`, (name, arguments
    as JSON), the model has called that tool after the question, and the request ends with its `result`.
    """

    turns: int = 0
    picture: bool = False
    call: tuple[str, str] | None = None
    result: str = ""


class Expected(NamedTuple):
    """What comes of it.

    `text`, `reasoning` and the (name, arguments) of `calls` are what has arrived, also before an error ends a stream.
    `finish` is in neutral words, `usage` tells whether tokens were. `error` is the class of the exception, `status`
    its status code. `attempts` are the requests that were made; the last one takes `seconds` or more.
    """

    text: str = ""
    finish: FinishReason | None = None
    usage: bool = False
    reasoning: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    error: type[Exception] | None = None
    status: int | None = None
    attempts: int = 1
    seconds: float = 0.0


Cases: TypeAlias = Mapping[Case, Expected]


class Row(NamedTuple):
    """A scenario, what is expected in each case to which it applies, and what is asked."""

    scenario: str
    cases: Cases
    asked: Asked = Asked()


# ---------------------------------------------------------------------------------------------- words for rows


def all_of(expected: Expected, endpoints: tuple[Endpoint, ...] = ALL) -> dict[Case, Expected]:
    """The same, whole and streamed."""
    return {(endpoint, stream): expected for endpoint in endpoints for stream in (False, True)}


def answers(text: str, endpoints: tuple[Endpoint, ...] = ALL, **more: Any) -> dict[Case, Expected]:
    """A complete answer; `more` are the fields in which it is not a usual one."""
    return all_of(Expected(text, "stop", usage=True)._replace(**more), endpoints)


def only(
    cases: Cases, endpoints: tuple[Endpoint, ...] = ALL, streams: tuple[bool, ...] = (False, True)
) -> dict[Case, Expected]:
    """Some of the cases."""
    return {case: expected for case, expected in cases.items() if case[0] in endpoints and case[1] in streams}


def calls(*made: tuple[str, str], text: str = "") -> dict[Case, Expected]:
    """Tool calls."""
    return answers(text, CHATS, finish="tool_calls", calls=made)


def fails(
    status: int | None, by_openai: type[Exception], by_anthropic: type[Exception], attempts: int = 1
) -> dict[Case, Expected]:
    """An error instead of an answer."""
    told = Expected(status=status, attempts=attempts)
    return all_of(told._replace(error=by_openai)) | all_of(told._replace(error=by_anthropic), ("messages",))


def ends(
    text: str, by_openai: type[Exception] | None, by_anthropic: type[Exception] | None, status: int | None = None
) -> dict[Case, Expected]:
    """A stream that ends after this text, and is not asked for again. `status` is what the Anthropic SDK makes up."""
    of_openai = Expected(text, error=by_openai)
    return {
        ("chat", True): of_openai,
        ("completions", True): of_openai,
        ("messages", True): Expected(text, error=by_anthropic, status=status),
    }


# ---------------------------------------------------------------------------------------------- the rows

SUNNY = "It is sunny in Lisbon."
BROKEN_OFF = "The quick brown fox jumps"
FOX = "The quick brown fox jumps over the lazy dog"
TWICE = "The quick brown brown fox jumps over the the lazy dog."
LISBON = ("get_weather", '{"location": "Lisbon"}')
OSLO = ("get_weather", '{"location": "Oslo"}')
CUT_CALL = ("get_weather", '{"location": "Lisbon", "unit": "cel')
WHOLE_CALL = ("get_weather", '{"location": "Lisbon", "unit": "celsius"}')
BROWSER = ("open_browser", '{"url": "https://example.com"}')
THOUGHT = "The user asks for 17 times 3. Ten times 3 is 30, and 7 times 3 is 21. Together they are 51."
THOUGHTS = "The user wants a short answer. Let me first go through everything that could be meant by that, and"

BAD_REQUEST = fails(400, openai.BadRequestError, anthropic.BadRequestError)
BAD_KEY = fails(401, openai.AuthenticationError, anthropic.AuthenticationError)
NO_CREDITS = fails(402, openai.APIStatusError, anthropic.PaymentRequiredError)
NO_BACKEND = fails(504, openai.InternalServerError, anthropic.GatewayTimeoutError, attempts=3)
OVERLOADED = fails(529, openai.InternalServerError, anthropic.OverloadedError, attempts=3)
NO_ANSWER = fails(None, openai.APIConnectionError, anthropic.APIConnectionError, attempts=3)

BY_CHANCE = frozenset({"flapping-backend"})
"""Scenarios of which no single answer can be foretold; only that some are SUNNY and some OVERLOADED."""

ROWS = (
    Row("hello", answers("Hello! How can I help you today?")),
    Row("structured-output", answers('{"city": "Lisbon", "temperature": 21.5, "conditions": ["sunny", "windy"]}')),
    Row("reasoning", answers("17 times 3 is 51.") | answers("17 times 3 is 51.", CHATS, reasoning=THOUGHT)),
    Row(
        "reasoning-eats-the-budget",
        answers("", finish="length") | answers("", CHATS, finish="length", reasoning=THOUGHTS),
    ),
    Row("refusal", answers("I'm sorry, but I can't help with that.")),
    Row("content-filter", answers("To answer that I would first have to", finish="content_filter")),
    Row(
        "length-cut",
        answers(
            "There are three things to know about Lisbon. First, the light. Second, the hills. And third, the",
            finish="length",
        ),
    ),
    Row("greedy-loop", answers(SUNNY)),
    # tools
    Row("tool-call", calls(LISBON)),
    Row("tool-call", calls(LISBON), Asked(call=LISBON, result="21 degrees")),
    Row("parallel-tool-calls", calls(LISBON, OSLO)),
    Row(
        "parallel-tool-calls",
        answers("I have the weather of both cities now. Lisbon is the warmer one.", CHATS),
        Asked(call=OSLO, result="3 degrees"),
    ),
    Row("agent-loop", calls(LISBON, text="Let me look that up.")),
    Row(
        "agent-loop",
        answers("I asked for the weather in Lisbon: 21 degrees", CHATS),
        Asked(call=LISBON, result="21 degrees"),
    ),
    Row("unknown-tool", calls(BROWSER)),
    Row(
        "unknown-tool",
        answers("I am sorry, I cannot open a browser here.", CHATS),
        Asked(call=BROWSER, result="There is no such tool."),
    ),
    Row("tool-arguments-broken-json", calls(CUT_CALL)),
    Row("tool-arguments-broken-json", calls(WHOLE_CALL), Asked(call=LISBON, result="Your arguments are not JSON.")),
    Row("tool-arguments-empty", calls(("get_time", ""))),
    Row("tool-arguments-empty", answers("It is noon.", CHATS), Asked(call=("get_time", "{}"), result="noon")),
    Row("tool-arguments-empty", only(BAD_REQUEST, ("chat",)), Asked(call=("get_time", ""), result="noon")),
    # refused
    Row("insufficient-credits", NO_CREDITS),
    Row("credits-run-out-mid-conversation", answers("Yes, that is right. What would you like to know next?")),
    Row("credits-run-out-mid-conversation", only(NO_CREDITS, CHATS), Asked(turns=2)),
    Row("invalid-key", BAD_KEY),
    Row("expired-key", BAD_KEY),
    Row("model-retired", fails(404, openai.NotFoundError, anthropic.NotFoundError)),
    Row("context-overflow", BAD_REQUEST),
    Row("image-rejected", answers("I can read this, but I cannot look at pictures.")),
    Row("image-rejected", only(BAD_REQUEST, CHATS), Asked(picture=True)),
    Row("picture-in-history", answers(SUNNY)),
    Row("picture-in-history", only(BAD_REQUEST, CHATS), Asked(picture=True)),
    Row("rate-limited", fails(429, openai.RateLimitError, anthropic.RateLimitError, attempts=3)),
    Row("rate-limited-then-recovers", answers(SUNNY, attempts=3)),
    Row("internal-error", fails(500, openai.InternalServerError, anthropic.InternalServerError, attempts=3)),
    Row("proxy-html-502", fails(502, openai.InternalServerError, anthropic.InternalServerError, attempts=3)),
    Row("queue-timeout", answers(SUNNY, attempts=3)),
    Row("no-backend", NO_BACKEND),
    Row("no-healthy-backends", OVERLOADED),
    Row("overloaded-then-recovers", answers(SUNNY, attempts=3)),
    Row("no-response", NO_ANSWER),
    Row("empty-200", all_of(Expected())),
    # real limits: what more than one request makes of them is told by test_account_sdk.py
    Row("three-a-minute", answers(SUNNY)),
    Row("low-credits", answers(SUNNY)),
    Row("low-credits", only(NO_CREDITS, CHATS), Asked(turns=100)),
    Row("one-at-a-time", answers(SUNNY)),
    Row("busy-backend", answers(SUNNY, seconds=4)),
    Row("backends-withdrawn", NO_BACKEND),
    # slow
    Row(
        "slow-first-token",
        answers("Sorry for the wait. It is sunny in Lisbon, with a light wind from the north.", seconds=10),
    ),
    Row(
        "slow-stream",
        answers("Good things take time, and this answer is one of them. It is sunny in Lisbon today.", seconds=7),
    ),
    Row("stall-mid-stream", answers(f"{FOX}, and then it takes a very long rest.", seconds=120)),
    Row("keepalive-flood", answers(SUNNY)),
    Row("split-utf8", answers("Good morning ☀️ 早上好 👩‍🚀 Доброе утро 🇵🇹 bom dia, naïve café.")),
    # broken streams
    Row("error-mid-stream", OVERLOADED | ends(BROKEN_OFF, openai.APIError, anthropic.APIStatusError, status=200)),
    Row("disconnect-mid-stream", NO_ANSWER | ends(BROKEN_OFF, None, None)),
    # what was sent before a reset may be lost: then less of the text has arrived
    Row("reset-mid-stream", NO_ANSWER | ends(BROKEN_OFF, openai.APIConnectionError, httpx2.TransportError)),
    Row("truncated-stream", NO_ANSWER | ends(BROKEN_OFF, openai.APIConnectionError, httpx2.TransportError)),
    Row("no-done", answers(SUNNY)),
    # on /anthropic the same event tells the reason and the usage
    Row("no-finish-reason", answers(SUNNY, finish=None) | {("messages", True): Expected(SUNNY)}),
    Row("usage-missing", answers(SUNNY, usage=False)),
    Row("corrupt-frame", all_of(Expected(error=ValueError)) | ends("The quick brown", ValueError, ValueError)),
    Row(
        "duplicate-frames",
        answers(f"{FOX}.") | only(answers(TWICE), streams=(True,)),
    ),
    Row("no-event-names", answers(SUNNY) | {("messages", True): Expected()}),
)
