"""A loop: the same rule answers the same tool call again and again in one conversation."""

import json
from typing import Any

import pytest
from starlette.types import ASGIApp
from support.asgi import CHAT, KEY, MESSAGES, activate, ask, chat, events, make_engine, message

from emulator.engine.engine import Engine
from emulator.inferences.verdict import verdict
from emulator.web.app import create_app

STORY = """name: agent
rules:
  - name: poll
    when: {last_user: poll}
    replies:
      - {tool_calls: [{name: Read, arguments: {path: a}}]}
      - {tool_calls: [{name: Read, arguments: {path: b}}]}
      - {tool_calls: [{name: Read, arguments: {path: c}}]}
  - name: read
    reply: {tool_calls: [{name: Read, arguments: {path: PATH}}]}
"""


def playing(path: str = "a.txt") -> tuple[Engine, ASGIApp]:
    """An app whose answers are calls of a tool."""
    engine = make_engine()
    activate(engine, engine.library.put("agent", STORY.replace("PATH", json.dumps(path))).scenario.name)
    return engine, create_app(engine)


def turns(app: ASGIApp, count: int, path: str = CHAT, start: str = "Go", key: str = KEY, stream: bool = False) -> None:
    """A conversation of so many requests: each has the call that was answered, and a result of it."""
    messages: list[Any] = [{"role": "user", "content": start}]
    for number in range(count):
        body = message() if path == MESSAGES else chat()
        answer = ask(app, "POST", path, {**body, "messages": messages, "stream": stream}, key=key)
        if path == MESSAGES:
            (call,) = answer.json["content"]
            result = {"type": "tool_result", "tool_use_id": call["id"], "content": "No such file."}
            cached = {**result, "cache_control": {"type": "ephemeral"}} if number == count - 2 else result
            messages = [*messages, {"role": "assistant", "content": [call]}, {"role": "user", "content": [cached]}]
        else:
            call = _streamed(answer.body) if stream else answer.json["choices"][0]["message"]["tool_calls"][0]
            result = {"role": "tool", "tool_call_id": call["id"], "content": "No such file."}
            messages = [*messages, {"role": "assistant", "content": None, "tool_calls": [call]}, result]


def _streamed(body: bytes) -> dict[str, Any]:
    parts = [
        part
        for event in events(body)
        if event != "[DONE]"
        for part in event["choices"][0]["delta"].get("tool_calls", [])
    ]
    arguments = "".join(part["function"].get("arguments", "") for part in parts)
    name = parts[0]["function"]["name"]
    return {"id": parts[0]["id"], "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(("path", "stream"), [(CHAT, False), (CHAT, True), (MESSAGES, False)])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_loop_is_found(count: int, path: str, stream: bool) -> None:
    """From the third time on it is one finding, which shows all requests of the loop."""
    engine, app = playing()
    turns(app, count, path, stream=stream)
    record = engine.store.inferences.all()
    found = verdict(record).findings
    if count < 3:
        assert found == ()
        return
    assert [each.name for each in found] == ["tool-call-loop"]
    assert found[0].inferences == tuple(each.id for each in record)
    told = f"the rule 'agent/read' answered the same call of Read {count} times in one conversation."
    assert found[0].sentence.endswith(told)


def test_conversations_that_ask_the_same_are_no_loop() -> None:
    """Three conversations, one after the other, of the same key or of others, in each of which the call comes twice."""
    engine, app = playing()
    for key in (KEY, KEY, KEY, "akml-b", "akml-c"):
        turns(app, 2, key=key)
    assert verdict(engine.store.inferences.all()).finding_names == ()


def test_other_arguments_are_no_loop() -> None:
    """A rule that answers one call after another goes on."""
    engine, app = playing()
    turns(app, 3, start="poll")
    assert verdict(engine.store.inferences.all()).finding_names == ()


def test_attempts_at_the_same_request_are_no_loop() -> None:
    """Who asks the same three times has not gone on in between."""
    engine, app = playing()
    for _ in range(3):
        turns(app, 1)
    assert verdict(engine.store.inferences.all()).finding_names == ()


def test_a_loop_of_calls_that_are_too_long_to_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls of requests and answers are compared as a whole."""
    monkeypatch.setattr("emulator.inferences.live_record.MAX_BODY", 1000)
    monkeypatch.setattr("emulator.inferences.live_record.MAX_RESPONSE", 1000)
    monkeypatch.setattr("emulator.inferences.readable.MAX_RESPONSE", 1000)
    for stream in (False, True):
        engine, app = playing("x" * 5000)
        turns(app, 3, stream=stream)
        record = engine.store.inferences.all()
        assert (record[0].response_cut, record[2].body_cut) == (True, True)
        assert verdict(record).finding_names == ("tool-call-loop",)
