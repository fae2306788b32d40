"""Drift: where another server's answers are shaped otherwise than the emulator's, told by name."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from support.foreign_service import stranger
from support.recorded import URL, InProcess, emulated

from emulator.recording.drift import Drift, calls, drift
from emulator.recording.shapes import shape_of

REAL_KEY = "akml-a-real-key"


def drift_of(app: Any) -> Drift:
    return asyncio.run(drift(f"{URL}/v1", REAL_KEY, transport=InProcess(app)))


def test_another_emulator_has_not_drifted() -> None:
    """An emulator that says other things, for its seed is another one, answers in the same shapes."""
    found = drift_of(emulated(None, seed="another"))
    assert (found.differences, found.failures) == ((), {})
    assert str(found) == f"{URL}: {len(calls())} of {len(calls())} calls are answered as the emulator answers them"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"usage_details": True}, "body.usage.prompt_tokens_details: upstream object, emulator absent"),
        ({"usage_null": True}, "role chunk.usage: upstream null, emulator absent"),
        ({"auth_error_shape": "openai"}, "body.error: upstream object, emulator string"),
        ({"auth": "open"}, "status: upstream 200, emulator 401"),
    ],
)
def test_a_difference_is_told_by_its_place(settings: dict[str, Any], told: str) -> None:
    """Each setting that changes a shape is found, with what either side has there."""
    found = drift_of(emulated(None, **settings))
    assert told.removeprefix("role chunk.") in "\n".join(map(str, found.differences))


def test_a_stranger_has_drifted() -> None:
    """Of a server that answers everything alike, each call's difference is named, as text and as data."""
    found = drift_of(stranger)
    by_call = {difference.call: difference for difference in found.differences if difference.place == "status"}
    assert (by_call["chat without a key"].upstream, by_call["chat without a key"].emulator) == ("200", "401")
    assert "events: upstream " in str(found)
    assert "headers.inference-id: upstream absent, emulator given" in str(found)
    assert json.loads(json.dumps(found.as_dict()))["differences"][0].keys() == {
        "call",
        "place",
        "upstream",
        "emulator",
    }


def test_the_key_is_used_and_not_told() -> None:
    """The upstream gets the key but where a call is about its absence; the report never has it."""
    upstream = InProcess(emulated(None))
    found = asyncio.run(drift(URL, REAL_KEY, transport=upstream))
    keyless = [call.with_key for call in calls()].count(False)
    sent = [request.headers.get("authorization") for request in upstream.requests]
    assert (sent.count(f"Bearer {REAL_KEY}"), sent.count(None)) == (len(calls()) - keyless, keyless)
    assert REAL_KEY not in str(found) + json.dumps(found.as_dict())


def test_what_cannot_be_asked_is_told() -> None:
    """A server that is not there, or hangs up, is no drift: each call says what became of it."""

    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                raise httpx.RemoteProtocolError("gone")
            raise httpx.ConnectError("refused")

    found = asyncio.run(drift(URL, REAL_KEY, transport=Broken()))
    assert found.differences == ()
    assert found.failures["models"] == "the connection ended (end)"
    assert found.failures["chat"] == f"cannot reach {URL}: refused"
    assert f"no answer: cannot reach {URL}: refused" in str(found)


def test_a_shape_is_keys_types_and_order() -> None:
    """Values do not matter; types, also those of a list's items, and the order of events do."""
    whole = httpx.Response(200, json={"a": [{"b": 1}, {"b": None, "c": 1.5}]}, headers={"x-mine": "1", "date": "now"})
    assert shape_of(whole) == {
        "status": "200",
        "headers.content-type": "application/json",
        "headers.x-mine": "given",
        "body": "object",
        "body.a": "array",
        "body.a[]": "object",
        "body.a[].b": "integer or null",
        "body.a[].c": "number",
    }
    text = (
        "event: ping\ndata: {}\n\nevent: a\ndata: {}\n\nevent: a\ndata: {}\n\nevent: ping\ndata: {}\n\ndata: [DONE]\n\n"
    )
    stream = httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})
    assert shape_of(stream)["events"] == "ping, a, [DONE]"
    assert shape_of(httpx.Response(502, text="<html>"))["body"] == "no JSON"
    assert shape_of(httpx.Response(204))["body"] == "nothing"
