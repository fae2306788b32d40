"""Whatever bytes come, the record of them can be read on every route and in every form."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.asgi import (
    CHAT,
    COMPLETIONS,
    COUNT,
    KEY,
    MESSAGES,
    PLAIN,
    Exchange,
    activate,
    ask,
    chat,
    make_engine,
)

from emulator.core.printable import one_line
from emulator.engine import Engine
from emulator.inferences.journal import Journal
from emulator.web.app import create_app
from emulator.wire.respond import HungUp

STORY = r"""
rules:
  - when: {last_user: raw}
    reply: {raw: {status: 200, headers: {content-type: text/plain}, body: "\0\x1b[31m\u2028"}}
  - when: {last_user: frames}
    reply: {frames: ["data: {", ": \0", "event: \u2028\n"]}
  - when: {last_user: {contains: hello}}
    reply: {text: "\x07 Hello.", faults: [{hangup: truncate, after: {tokens: 1}}]}
unscripted: echo
"""
TEXTS = st.text(max_size=12) | st.sampled_from(["raw", "frames", "hello", "\0", "\x1b]0;x\x07", "\u2028", "\ufffe"])
ODD = st.sampled_from(
    [
        b'{"model": "\xea"}',
        b'{"model":"\\ud800"}',
        b'{"model":"a","model":"b","messages":1}',
        b'{"model": NaN}',
        b'{"model": 1e999}',
        b'{"model": %s}' % (b"9" * 5000),
        b"[" * 100_000,
        b'{"a":' * 5000,
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b"",
        b'"\xed\xa0\x80"',
        b'{"model":"\\u0000","messages":[{"role":"user","content":"\\u0000"}]}',
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
SAID = TEXTS.map(chat)
MADE = st.fixed_dictionaries(
    {"model": TEXTS | st.just(PLAIN), "messages": JSON | SAID.map(lambda body: body["messages"])},
    optional={"stream": st.booleans() | JSON, "prompt": JSON, "max_tokens": JSON, "tools": JSON, "system": JSON},
)
BODIES = st.binary(max_size=60) | ODD | (SAID | MADE | JSON).map(lambda body: json.dumps(body).encode())
LATIN = st.text(st.characters(max_codepoint=255), max_size=20)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["x-foo", "authorization", "x-api-key", "cookie", "content-type", "anthropic-version", "retry-after"]
    ),
    LATIN,
    max_size=3,
)
PATHS = st.sampled_from([CHAT, COMPLETIONS, MESSAGES, COUNT]) | st.text(max_size=10).map(lambda text: f"/v1/{text}")
REQUESTS = st.tuples(st.sampled_from(["POST", "GET", "PUT"]), PATHS, HEADERS, BODIES)


def read_everything(engine: Engine) -> None:
    """Read the record on each route and in each form; only what no scenario can say may be a 400."""
    app = create_app(engine)

    def answer(path: str) -> Exchange:
        done = ask(app, "GET", f"/_emulator/{path}", key=None)
        assert done.status == 200, (path, done.body)
        return done

    for path in ("inferences?limit=1000", "inferences?text=a", "usage", "accounts", "verdict", "verify", "snapshot"):
        json.loads(answer(path).body)
    records = json.loads(answer("inferences?limit=1000").body)["inferences"]
    lines = answer("inferences?format=jsonl").body.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [record["number"] for record in records]
    for path in ("inferences?format=curl", "verify?format=text", "verify?format=junit"):
        answer(path).body.decode()
    for record in records:
        whole = json.loads(answer(f"inferences/{record['number']}").body)
        assert whole["line"] == one_line(whole["line"])
        for part in ("?format=curl", "/timeline", "/conversation"):
            answer(f"inferences/{record['number']}{part}")
        exported = ask(app, "GET", f"/_emulator/inferences/{record['number']}?format=scenario", key=None)
        assert exported.status in (200, 400), exported.body


@settings(max_examples=60, deadline=None)
@given(st.lists(REQUESTS, min_size=1, max_size=4), st.booleans())
def test_reading_the_record_never_fails(requests: list[tuple[str, str, dict[str, str], bytes]], scripted: bool) -> None:
    """Any body, header and path: none is a 500, and afterwards each route of the record answers, and parses."""
    engine = make_engine()
    engine.library.put("story", STORY)
    if scripted:
        activate(engine, "story")
    app = create_app(engine)
    for method, path, headers, body in requests:
        with suppress(HungUp):  # without a transport, a planned hang-up is an exception
            done = ask(app, method, path, body, headers={"authorization": f"Bearer {KEY}", **headers}, key=None)
            assert done.status != 500, (method, path, headers, body, done.body)
    read_everything(engine)


def test_who_follows_sees_any_bytes() -> None:
    """An event of the followed record is JSON, whatever the request was."""
    engine = make_engine()
    app = create_app(engine)

    async def followed() -> list[Any]:
        following = Exchange(app, "GET", "/_emulator/inferences?follow=true", key=None)
        task = asyncio.ensure_future(following.run())
        while not following.sends:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0)
        bodies = [b'{"model": "\xea"}', b'{"model":"\\u0000"}', b"[" * 1000]
        for body in bodies:
            await Exchange(app, "POST", CHAT, body, headers={"x-foo": "\xea\x80"}).run()
        while following.body.count(b"data: ") < len(bodies):  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0)
        following.leave()
        await task
        return [json.loads(event.partition(b"data: ")[2]) for event in following.body.split(b"\n\n")[1:-1]]

    assert [told["status"] for told in asyncio.run(followed())] == [400, 400, 400]


@pytest.mark.parametrize("scripted", [False, True])
def test_the_size_of_a_record_is_that_of_what_it_keeps(scripted: bool) -> None:
    """A request takes no more memory when a scenario has answered it: what was parsed of it is not kept."""
    engine = make_engine()
    engine.library.put("story", "rules: [{reply: {text: Hi.}}]")
    if scripted:
        activate(engine, "story")
    body = {**chat(), "metadata": {str(number): [[]] for number in range(2000)}}
    done = ask(create_app(engine), "POST", CHAT, body)
    assert done.status == 200
    record = engine.store.inferences._noted()[0]
    held = {name: value for name, value in vars(record).items() if name not in ("body", "parts")}
    assert "metadata" not in repr(held)
    assert len(json.dumps(body)) < record.size < Journal.most_bytes
    (told,) = engine.store.inferences.all()
    assert "matches" in told.why if scripted else told.why.startswith("The generator answered")


def test_a_model_of_many_letters_is_counted() -> None:
    """The name of a model is as long as a body can be, and kept: the bound of the record counts it."""
    engine = make_engine()
    ask(create_app(engine), "POST", CHAT, chat(model="m" * 5_000_000))
    (record,) = engine.store.inferences._noted()
    assert record.size > 5_000_000
