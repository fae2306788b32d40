"""Answers that HTTP forbids: they are mistakes of a scenario, and what can be loaded is sent without an exception."""

import logging
from typing import NamedTuple

import httpx
import pytest
from support.asgi import CHAT, SAMPLES, activate, ask, make_engine
from support.listening import listening

from emulator.web.app import create_app

OF_THE_CONNECTION = "belongs to the connection"
ONE_LINE = "a header is one line of Latin letters and signs"
NO_NAME = "is not the name of a header"


class Case(NamedTuple):
    """A reply, and what is wrong with it."""

    reply: str
    told: str


NO_STATUS = (-1, 0, 99, 100, 101, 103, 199, 600, 999)
CASES = [
    *(
        Case(f"{{raw: {{status: {status}, body: a}}}}", f"HTTP has no body after {status}")
        for status in (204, 205, 304)
    ),
    Case("{raw: {status: 204, body: {a: 1}}}", "HTTP has no body after 204 No Content"),
    *(
        Case(f"{{raw: {{status: {status}}}}}", "from 200 to 599")
        for status in (-1, 0, 99, 100, 101, 103, 199, 600, 999)
    ),
    *(Case(f"{{error: {{status: {status}}}}}", "from 400 to 599") for status in (0, 100, 204, 304, 399, 600, 999)),
    *(Case(f"{{error: {status}}}", "from 400 to 599") for status in (0, 100, 204, 304, 399, 600, 999)),
    *(
        Case(f"{{text: a, headers: {{{name}: x}}}}", OF_THE_CONNECTION)
        for name in ("Content-Length", "transfer-encoding", "Connection", "keep-alive", "upgrade", "te", "trailer")
    ),
    Case("{raw: {headers: {content-length: 5}, body: a}}", OF_THE_CONNECTION),
    Case("{raw: {headers: {Transfer-Encoding: chunked}, body: a}}", OF_THE_CONNECTION),
    Case("{error: 500, headers: {content-length: 0}}", OF_THE_CONNECTION),
    Case("{frames: ['data: a'], headers: {content-length: 0}}", OF_THE_CONNECTION),
    Case("{raw: {headers: {Content-Type: a, content-type: b}}}", "content-type is given twice"),
    Case("{headers: {x-a: a}, raw: {headers: {X-A: b}}}", "x-a is given twice, in headers and in raw"),
    Case("{error: 429, retry_after: 2s, headers: {retry-after: 3}}", "retry_after is the header retry-after"),
    Case('{text: a, headers: {x: "a\\r\\nset-cookie: b"}}', ONE_LINE),
    Case('{text: a, headers: {x: "a\\0"}}', ONE_LINE),
    Case("{text: a, headers: {x: '€'}}", ONE_LINE),
    Case("{raw: {headers: {x: '😀'}}}", ONE_LINE),
    Case('{text: a, headers: {"": a}}', NO_NAME),
    Case('{text: a, headers: {"a b": a}}', NO_NAME),
    Case('{text: a, headers: {"a:": a}}', NO_NAME),
    Case('{text: a, headers: {"a\\nb": a}}', NO_NAME),
    Case("{text: a, headers: {é: a}}", NO_NAME),
    Case("{text: a, faults: [{content_type: '€'}]}", ONE_LINE),
    Case('{text: a, faults: [{content_type: "a\\nb: c"}]}', ONE_LINE),
]


@pytest.mark.parametrize("case", CASES, ids=[case.reply for case in CASES])
def test_what_http_forbids_is_a_mistake(case: Case) -> None:
    """The author reads what is wrong, and nothing is loaded."""
    put = ask(create_app(make_engine()), "PUT", "/_emulator/scenarios/x", f"rules: [{{reply: {case.reply}}}]".encode())
    assert put.status == 400
    assert any(case.told in mistake["message"] for mistake in put.json["mistakes"]), put.json


ALLOWED = [
    ("{raw: {status: 204}}", 204, None),
    ("{raw: {status: 204, headers: {content-type: text/plain}}}", 204, None),
    ("{raw: {status: 205}}", 205, "0"),
    ("{raw: {status: 304, headers: {etag: a}}}", 304, None),
    ("{raw: {status: 299, body: a}}", 299, "1"),
    ("{raw: {status: 599, headers: {x: ''}, body: a}}", 599, "1"),
    ("{raw: {status: 200, headers: {x: é}, body: é}}", 200, "2"),
    ("{error: {status: 418, message: a}, headers: {date: never}}", 418, "any"),
    ("{text: a, headers: {content-type: text/html, x-request-id: é}}", 200, "any"),
    ("{text: a, faults: [{content_type: é}]}", 200, "any"),
]


def test_what_is_loaded_is_sent_without_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    """Over a socket, on one connection: each answer is complete, and the next one is not disturbed."""
    engine = make_engine()
    with caplog.at_level(logging.ERROR), listening(create_app(engine)) as url, httpx.Client(base_url=url) as client:
        for number, (reply, status, length) in enumerate(ALLOWED):
            engine.library.put(f"s{number}", f"rules: [{{reply: {reply}}}]")
            activate(engine, f"s{number}")
            answer = client.post(CHAT, json=SAMPLES[CHAT], headers={"authorization": "Bearer akml-test"})
            assert answer.status_code == status
            assert length == "any" or answer.headers.get("content-length") == length
    assert [record.getMessage() for record in caplog.records] == []
