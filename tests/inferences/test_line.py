"""The line of an inference: the log and the record tell a request in the same words, with the same time."""

import asyncio
import logging
from typing import Any

import pytest
from msgspec.structs import replace
from support.asgi import (
    CHAT,
    COMPLETIONS,
    MESSAGES,
    Exchange,
    activate,
    chat,
    completion,
    given_way,
    make_engine,
    message,
)

from emulator.inferences import Inference
from emulator.web.app import create_app

SECRET = "akml-0123456789abcdef0123456789abcdef"
STORY = """name: story
rules:
  - {when: {last_user: limited}, reply: {error: {kind: rate_limited, message: "Not\\nnow."}, retry_after: 3s}}
  - {when: {last_user: late}, reply: {text: one two, faults: [{error: overloaded, after: {tokens: 1}}]}}
  - {when: {last_user: raw}, reply: {raw: {status: 502, body: <h1>Bad</h1>}}}
  - {when: {last_user: paced}, reply: {text: one two three, stream: {first_token: 1s, tokens_per_second: 4}}}
"""


def told(caplog: pytest.LogCaptureFixture, path: str, body: Any, **more: Any) -> tuple[str, Inference]:
    """What the log and the record have of one request, which is answered within a minute."""
    engine = make_engine()
    activate(engine, engine.library.put("story", STORY).scenario.name)

    async def exchange() -> None:
        asking = asyncio.create_task(Exchange(create_app(engine), "POST", path, body, **more).run())
        await given_way()
        await engine.clock.advance(60)
        await asking
        await engine.store.inferences.refresh()

    with caplog.at_level(logging.INFO, "emulator"):
        asyncio.run(exchange())
    (logged,) = (record.getMessage() for record in caplog.records if record.levelno == logging.INFO)
    return logged, engine.store.inferences.all()[-1]


@pytest.mark.parametrize(
    ("path", "body", "more"),
    [
        (CHAT, chat(), {}),
        (MESSAGES, message("paced", stream=True), {}),
        (COMPLETIONS, completion(model="no/such-model"), {}),
        (MESSAGES, b"{", {"key": None}),
        (CHAT, chat(model=f"acme/{SECRET}"), {"key": SECRET}),
        (CHAT, chat(model="two\nlines\x1b[31m"), {}),
        (CHAT, chat("limited"), {}),
        (CHAT, chat("late", stream=True), {}),
        (CHAT, chat("raw"), {}),
    ],
    ids=["whole", "paced", "unknown", "unreadable", "secret", "control", "limited", "late", "raw"],
)
def test_the_log_has_the_line_of_the_record(
    path: str, body: Any, more: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is asked and however it ends, both are equal, on one line, and have no secret."""
    logged, seen = told(caplog, path, body, **more)
    assert logged == seen.line()
    assert logged.isprintable()
    assert SECRET not in logged


def test_the_line_says_when_the_answer_ended_and_why(caplog: pytest.LogCaptureFixture) -> None:
    """The time is that of the last byte; an error has its kind, its message and its Retry-After."""
    logged, _ = told(caplog, MESSAGES, message("paced", stream=True))
    assert "  3 tokens in 1.500 s  " in logged
    caplog.clear()
    logged, _ = told(caplog, CHAT, chat("limited"))
    assert "by story/rules[0]: failed: rate_limited: Not now.  retry after 3 s  " in logged


def test_the_line_of_what_has_no_number_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """As while a store is away: no number would find it."""
    logged, seen = told(caplog, CHAT, chat())
    assert logged.startswith("#1  ")
    assert replace(seen, number=0).line() == f"#-{logged.removeprefix('#1')}"
