"""The record of every inference: what it has, what it hides, how much it keeps, and how it is told."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp
from support.asgi import (
    CHAT,
    COMPLETIONS,
    KEY,
    MESSAGES,
    Exchange,
    activate,
    ask,
    chat,
    completion,
    events,
    given_way,
    make_engine,
    message,
)

from emulator.account.secrets import without
from emulator.commands.inferences import inferences as inferences_command
from emulator.commands.verify import verify as verify_command
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.vocabulary import Usage
from emulator.engine.engine import Engine
from emulator.inferences import Inference
from emulator.inferences import live_record as recorder
from emulator.inferences.exports import FORMATS, NotReproducible, scenario
from emulator.scenario.library import SHIPPED
from emulator.store.outside import at_once
from emulator.web.app import create_app
from emulator.wire.respond import HungUp
from emulator.wire.server import Background

SECRET = "akml-0123456789abcdef0123456789abcdef"
SLOW = """name: slow
rules:
  - reply:
      text: one two three four
      stream: {first_token: 1s, tokens_per_second: 2}
"""
ODD = """name: odd
rules:
  - {when: {last_user: error}, reply: {error: {kind: unavailable, message: "{{ '{{' }} busy }}"}, retry_after: 3s}}
  - {when: {last_user: raw}, reply: {raw: {status: 502, headers: {content-type: text/html}, body: <h1>Bad</h1>}}}
  - {when: {last_user: cut}, reply: {text: one two three, faults: [{hangup: end, after: {tokens: 2}}]}}
  - {when: {last_user: slow}, reply: {text: one two three, stream: {first_token: 1s, tokens_per_second: 4}}}
  - {when: {last_user: tool}, reply: {tool_calls: [{name: get_weather, arguments: {city: Lisbon}}]}}
"""


def story(text: str, name: str) -> tuple[Engine, ASGIApp, VirtualClock]:
    """An app that plays this scenario, and its clock, which stands still."""
    clock = VirtualClock(EPOCH, rate=0)
    engine = make_engine(clock)
    activate(engine, engine.library.put(name, text).scenario.name)
    return engine, create_app(engine), clock


def last(engine: Engine) -> Inference:
    """The latest inference."""
    return engine.store.inferences.all()[-1]


def test_an_inference_has_what_was_asked_and_answered() -> None:
    """The record has the request, who answered, the answer, its usage and its price."""
    engine = make_engine()
    exchange = ask(create_app(engine), "POST", CHAT, chat("Hello"), key=SECRET)
    seen = last(engine)
    assert seen.id == exchange.headers["inference-id"]
    assert (seen.request, seen.response) == (chat("Hello"), exchange.body.decode())
    assert (seen.endpoint, seen.model, seen.stream, seen.status) == ("chat", chat()["model"], False, 200)
    assert (seen.answered_by, seen.outcome, seen.ok) == ("generator", "completed", True)
    usage = exchange.json["usage"]
    assert seen.usage == Usage(usage["prompt_tokens"], usage["completion_tokens"])
    assert seen.charge is not None
    assert seen.charge.endswith(" USD")
    assert (seen.started, seen.ended, seen.first_byte) == (EPOCH, EPOCH, 0.0)
    assert [moment.size for moment in seen.timeline] == [len(exchange.body)]


def test_the_timeline_tells_when_what_was_sent() -> None:
    """Each send has its time after the request, and all of them together are the body."""
    engine, app, clock = story(SLOW, "slow")

    async def exchange() -> Exchange:
        asked = Exchange(app, "POST", CHAT, chat(stream=True))
        running = await begun(asked)
        assert last(engine).outcome == "running"
        await clock.advance(10)
        return await running

    answered = asyncio.run(exchange())
    seen = last(engine)
    assert [moment.at for moment in seen.timeline][-4:] == [1.0, 1.5, 2.0, 2.5]
    assert sum(moment.size for moment in seen.timeline) == len(answered.body)
    assert (seen.ended, seen.outcome) == (EPOCH + 2.5, "completed")


def test_a_client_that_leaves_is_recorded() -> None:
    """What was sent until then, and that the client has cut it."""
    engine, app, clock = story(SLOW, "slow")

    async def exchange() -> None:
        asked = Exchange(app, "POST", CHAT, chat(stream=True))
        running = await begun(asked)
        await clock.advance(1.6)
        asked.leave()
        await running

    asyncio.run(exchange())
    assert (last(engine).outcome, last(engine).ending, last(engine).ok) == ("cut by client", "cut by client", False)
    assert last(engine).usage == Usage(10, 2)


@pytest.mark.parametrize(
    ("body", "key", "status", "kind", "named"),
    [
        (b"{bad", KEY, 400, "bad_request", None),
        (chat(), "sk-not-of-this-service", 401, "unauthorized", None),
        (chat(), None, 401, "unauthorized", None),
        ({"model": "m", "messages": 3}, KEY, 400, "bad_request", "m"),
        ({"model": "no/such", "messages": chat()["messages"]}, KEY, 404, "model_not_found", "no/such"),
    ],
)
def test_what_is_refused_is_recorded_too(body: Any, key: str | None, status: int, kind: str, named: str | None) -> None:
    """A bad key, a bad body and an unknown model leave a record with the error that was told."""
    engine = make_engine()
    exchange = ask(create_app(engine), "POST", CHAT, body, key=key)
    seen = last(engine)
    assert (exchange.status, seen.status, seen.error, seen.answered_by) == (status, status, kind, kind)
    assert (seen.ending, seen.model, seen.id) == (f"failed: {kind}", named, exchange.headers["inference-id"])
    assert bool(seen.key) == (key is not None)


def test_what_was_refused_unread_differs_by_its_length() -> None:
    """The body of a 401 is never read, so that only its length tells whether the same was asked again."""
    engine = make_engine()
    for text in ("one", "one", "another"):
        ask(create_app(engine), "POST", CHAT, chat(text), key="nobody's")
    first, second, third = (each.question for each in engine.store.inferences.all())
    assert first == second != third


def test_no_secret_can_be_read() -> None:
    """Neither the key of a request, nor another one in it or in its answer, is in what is told, whatever the form."""
    engine, app, _ = story("name: echo\nunscripted: echo\nrules: []\n", "echo")
    other = "akml-ffffffffffffffffffffffffffffffff"
    asked = chat(f"{SECRET}, {other}, Authorization: Bearer abcdefghijklmnopqrst")
    exchange = ask(app, "POST", CHAT, asked, key=SECRET, headers={"cookie": "id=sessionsession", "x-api-key": other})
    assert SECRET in exchange.body.decode()
    id = last(engine).id
    forms = ["", "?format=curl", "?format=jsonl", "?format=scenario"]
    told = [ask(app, "GET", f"/_emulator/inferences/{id}{form}").body.decode() for form in forms]
    told += [ask(app, "GET", "/_emulator/inferences").body.decode(), repr(last(engine)), last(engine).line()]
    for text in told:
        for secret in (SECRET, other, "abcdefghijklmnopqrst", "sessionsession"):
            assert secret not in text
    assert last(engine).headers["authorization"] == "Bearer akml-0123…"


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=24, max_size=40), st.text(), st.text())
def test_masking_leaves_nothing_of_a_key_but_its_beginning(token: str, before: str, after: str) -> None:
    """Wherever a key stands in a text, what is told of it is too little to use it."""
    key = f"akml-{token}"
    assert key not in without(f"{before}{key}{after}", [key])
    assert key not in without(f" {key} ", [])


@pytest.mark.in_memory("other stores bound the record by number, and not by its size")
def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old inferences are forgotten for new ones, by number and by size, and long ones are cut."""
    monkeypatch.setattr(recorder, "MAX_BODY", 200)
    engine = make_engine(max_inferences=5)
    app = create_app(engine)
    for number in range(8):
        ask(app, "POST", CHAT, chat(f"{number} " + "long " * 100))
    kept = engine.store.inferences.all()
    assert ([each.number for each in kept], engine.store.inferences.forgotten) == ([4, 5, 6, 7, 8], 3)
    assert all(each.body_cut and len(each.body) == 200 and each.request is None for each in kept)
    assert len({each.question for each in kept}) == 5
    engine.store.inferences.most_bytes = 1
    ask(app, "POST", CHAT, chat())
    assert engine.store.inferences.all() == []


def test_a_reset_forgets_what_is_its_own() -> None:
    """A key's reset takes its inferences, running ones too, and leaves those of others; a whole one takes all."""
    engine = make_engine()
    app = create_app(engine)
    for key in ("akml-a", "akml-b", "akml-a"):
        ask(app, "POST", CHAT, chat(), key=key)
    at_once(engine.store.forget("akml-a"))
    assert [each.number for each in engine.store.inferences.all()] == [2]
    assert engine.store.inferences.all("akml-a") == []
    at_once(engine.store.forget())
    assert engine.store.inferences.all() == []


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4]),
        ("?key=akml-test", [1, 2, 3]),
        ("?endpoint=messages", [2]),
        ("?model=*llama*", [1, 2, 3, 4]),
        ("?model=nothing", []),
        ("?status=400", [3]),
        ("?outcome=failed", [3]),
        ("?outcome=failed:%20bad_request", [3]),
        ("?rule=generator", [1, 2, 4]),
        ("?since=2026-01-01T00:00:00Z", [1, 2, 3, 4]),
        ("?since=1767225601", []),
        ("?until=1767225601", [1, 2, 3, 4]),
        ("?since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", []),
        ("?until=2026-01-01T00:00:00Z", []),
        ("?since=1767225600&until=1767225601", [1, 2, 3, 4]),
        ("?limit=2", [1, 2]),
        ("?limit=2&after=2", [3, 4]),
        ("?after=4", []),
    ],
)
def test_filters_and_pages(query: str, numbers: list[int]) -> None:
    """A list has what passes all filters, oldest first, page by page."""
    app = create_app(make_engine())
    ask(app, "POST", CHAT, chat())
    ask(app, "POST", MESSAGES, message())
    ask(app, "POST", COMPLETIONS, completion(max_tokens=-1))
    ask(app, "POST", COMPLETIONS, completion(), key="akml-other")
    page: Any = ask(app, "GET", f"/_emulator/inferences{query}").json
    assert [each["number"] for each in page["inferences"]] == numbers
    assert page["next"] == (2 if query == "?limit=2" else None)


MISTAKES = ["modle=x", "status=abc", "since=then", "until=then", "limit=0", "endpoint=x", "format=x", "follow=x"]


@pytest.mark.parametrize("query", [*MISTAKES, "since=" + "9" * 400, "until=NaN", "after=-1", "before=1e3"])
def test_a_mistake_in_a_filter_is_told(query: str) -> None:
    """A filter that does not exist, or cannot have that value, is a 400 that names it."""
    exchange = ask(create_app(make_engine()), "GET", f"/_emulator/inferences?{query}")
    assert exchange.status == 400
    assert exchange.json["error"]["param"] == query.partition("=")[0]


def test_one_inference_tells_why() -> None:
    """Its page says which rule matched and how, or that the generator answered, or why it was refused."""
    engine, app, _ = story(ODD, "odd")
    ask(app, "POST", CHAT, chat("raw"))
    ask(app, "POST", CHAT, chat("anything"))
    ask(app, "POST", CHAT, b"{")
    why = [ask(app, "GET", f"/_emulator/inferences/{each.id}").json["why"] for each in engine.store.inferences.all()]
    assert why[0] == (
        "The rule 'rules[1]' (line 4) of the scenario 'odd' (chosen by the server) matches: "
        'it expects last_user to be "raw".'
    )
    assert why[1].startswith(
        "The generator answered; no rule of the scenario 'odd' (chosen by the server) matches. The nearest is rules["
    )
    assert why[2].startswith(
        "The request was refused with bad_request; no rule of the scenario 'odd' (chosen by the server) was tried. It"
    )
    assert ask(app, "GET", "/_emulator/inferences/unknown").status == 404


@pytest.mark.parametrize(
    ("asked", "stream"),
    [
        ("cut", True),
        *((asked, stream) for asked in ("error", "raw", "slow", "tool", "else") for stream in (False, True)),
    ],
)
def test_a_scenario_made_of_an_inference_answers_the_same(asked: str, stream: bool) -> None:
    """Played to the same request, it gives the same status, bytes and end, and in the same time."""
    engine, app, clock = story(ODD, "odd")
    body = chat(asked, stream=stream)
    first = asyncio.run(in_time(app, clock, body))
    before = last(engine)
    made = ask(app, "GET", f"/_emulator/inferences/{before.id}?format=scenario").body.decode()
    engine, app, clock = story(made, "made")
    again = asyncio.run(in_time(app, clock, body))
    after = last(engine)
    assert (again.status, again.body) == (first.status, first.body)
    assert (after.outcome, after.retry_after, after.first_byte) == (
        before.outcome,
        before.retry_after,
        before.first_byte,
    )
    assert [round(moment.at, 3) for moment in after.timeline] == [round(moment.at, 3) for moment in before.timeline]


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.yaml")))
def test_whatever_was_answered_becomes_a_scenario_without_mistakes(name: str) -> None:
    """What a shipped scenario answers, hang-ups included, is exported as a scenario that loads and has one rule."""
    clock = VirtualClock(EPOCH, rate=0)
    engine = make_engine(clock)
    app = create_app(engine)
    activate(engine, name)
    for path, body in ((CHAT, chat()), (CHAT, chat(stream=True)), (MESSAGES, message(stream=True))):
        with contextlib.suppress(HungUp):
            asyncio.run(in_time(app, clock, body, path))
        seen = last(engine)
        assert (seen.request, seen.outcome != "running") == (body, True)
        if (name, seen.stream) == ("truncated-stream", False):
            with pytest.raises(NotReproducible):
                scenario(seen, engine.catalog)
        else:
            assert len(engine.library.put("made", scenario(seen, engine.catalog)).scenario.rules) == 1


async def begun(exchange: Exchange) -> "asyncio.Future[Exchange]":
    """An exchange that waits for the clock, or has ended."""
    running = asyncio.ensure_future(exchange.run())
    await given_way()
    return running


async def in_time(app: ASGIApp, clock: VirtualClock, body: Any, path: str = CHAT) -> Exchange:
    """An exchange while five minutes pass."""
    exchange = Exchange(app, "POST", path, body)
    running = await begun(exchange)
    await clock.advance(300)
    return await running


def test_curl_asks_the_same() -> None:
    """The command has the body as it was sent, quoted for a shell, and the key's place is a variable's."""
    engine = make_engine()
    app = create_app(engine)
    ask(app, "POST", MESSAGES, message("It's", stream=True), headers={"anthropic-version": "2023-06-01"})
    command = ask(app, "GET", f"/_emulator/inferences/{last(engine).id}?format=curl").body.decode()
    assert '-H "Authorization: Bearer $AKASHML_API_KEY"' in command
    assert "/anthropic/v1/messages" in command
    assert "-H 'anthropic-version: 2023-06-01'" in command
    assert """It'"'"'s""" in command


def test_who_follows_is_told_of_each() -> None:
    """The stream has an event for each that ends from then on and passes the filters; a reset does not end it."""
    engine = make_engine()
    app = create_app(engine)

    async def following() -> list[Any]:
        follower = Exchange(app, "GET", "/_emulator/inferences?follow=true&endpoint=chat")
        running = asyncio.ensure_future(follower.run())
        while not follower.sends:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0)
        await engine.store.forget()
        await Exchange(app, "POST", MESSAGES, message()).run()
        await Exchange(app, "POST", CHAT, chat()).run()
        while len(follower.sends) < 2:  # noqa: ASYNC110 # nothing tells it
            await asyncio.sleep(0)
        follower.leave()
        await running
        return events(follower.body)

    (told,) = asyncio.run(following())
    assert (told["endpoint"], told["outcome"]) == ("chat", "completed")


def test_a_file_has_a_line_for_each(tmp_path: Path) -> None:
    """Inferences are appended to the file as they end, one JSON object a line, until that is ended."""
    engine = make_engine()
    app = create_app(engine)
    path = tmp_path / "inferences.jsonl"
    close = engine.store.inferences.append_to(path)

    async def two() -> None:
        for _ in range(2):
            await Exchange(app, "POST", CHAT, chat()).run()
        await engine.store.inferences.refresh()

    asyncio.run(two())
    close()
    ask(app, "POST", CHAT, chat())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["number"] for line in lines] == [1, 2]
    assert lines[0]["response"] == engine.store.inferences.all()[0].response


def test_the_commands_print_what_a_server_has_seen() -> None:
    """`inferences` prints a line each, one of them in any form; `verify` exits with 1 if something is not met."""
    engine = make_engine()
    written = "name: s\nrules: [{name: r, reply: {text: Hi.}}]\nexpect: [{rule: r, times: 2}]\n"
    activate(engine, engine.library.put("s", written).scenario.name)
    app = create_app(engine)
    ask(app, "POST", CHAT, chat())
    server, run = Background(app, "127.0.0.1", 0), CliRunner().invoke
    url = "http://{}:{}".format(*server.start())
    try:
        assert run(inferences_command, ["--url", url]).stdout == last(engine).line() + "\n"
        assert json.loads(run(inferences_command, ["--url", url, "--json"]).stdout)["id"] == last(engine).id
        assert "curl -sS" in run(inferences_command, ["--url", url, "--id", last(engine).id, "--format", "curl"]).stdout
        assert "rules:" in run(inferences_command, ["--url", url, "--format", "scenario"]).stdout
        assert run(inferences_command, ["--url", url, "--status", "404"]).stdout == ""
        unknown = run(inferences_command, ["--url", url, "--format", "yaml"])
        assert (unknown.exit_code, f"format is one of {', '.join(['json', *FORMATS])}" in unknown.stderr) == (1, True)
        assert "there is no filter" not in run(inferences_command, ["--url", url, "--rule", "r"]).stdout
        refused = run(inferences_command, ["--url", url, "--since", "then"])
        assert (refused.exit_code, "since is a time" in refused.stderr) == (1, True)
        assert (
            run(verify_command, ["--url", url]).exit_code,
            run(verify_command, ["--url", url, "--format", "junit"]).exit_code,
        ) == (
            1,
            1,
        )
        ask(app, "POST", CHAT, chat())
        assert run(verify_command, ["--url", url]).exit_code == 0
    finally:
        server.stop()
    assert "no emulator at" in run(verify_command, ["--url", url]).stderr
