"""Scenarios as they are played: which one, whose turn, what is sent, and how they are steered while the server runs."""

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import pytest
from support.asgi import (
    CHAT,
    COMPLETIONS,
    KEY,
    MESSAGES,
    PLAIN,
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

from emulator.core.explanation import Explanation
from emulator.core.settings import Settings
from emulator.engine.engine import Engine
from emulator.scenario.loader import load_text
from emulator.scenario.watch import reload
from emulator.store.outside import at_once
from emulator.web.app import create_app

RETRY = """
name: retry
rules:
  - name: weather
    when: {last_user: {contains: weather}}
    replies:
      - {error: rate_limited, retry_after: 2s, times: 2}
      - text: "It is sunny."
"""
MACHINE = """
rules:
  - {name: pay, when: {last_user: pay}, reply: {text: "Paid.", set_state: {order: paid}}}
  - {name: paid, when: {state: {order: paid}}, reply: {text: "It is on its way."}}
  - {name: unpaid, reply: {text: "Please pay first."}}
"""


def engine_with(text: str, name: str = "story", **settings: Any) -> Engine:
    """An engine that plays this scenario for every key that names no other."""
    engine = make_engine(**settings)
    loaded = engine.library.add(load_text(text, f"{name}.yaml", catalog=engine.catalog))
    activate(engine, loaded.scenario.name)
    return engine


def said(engine: Engine, text: str, key: str = KEY, **more: Any) -> str:
    """What a chat request is answered: the text, or status and message of the error."""
    exchange = ask(create_app(engine), "POST", CHAT, chat(text, **more), key=key)
    if exchange.status != 200:
        return f"{exchange.status} {exchange.json['error']['message']}"
    return str(exchange.json["choices"][0]["message"]["content"])


def control(engine: Engine, method: str, path: str, body: Any = None) -> Exchange:
    return ask(create_app(engine), method, f"/_emulator/{path}", body, key=None)


# ---------------------------------------------------------------------------------------------- whose turn it is


def test_successive_requests_get_successive_replies() -> None:
    """Two errors with their Retry-After, then the answer, again and again."""
    engine = engine_with(RETRY)
    app = create_app(engine)
    exchanges = [ask(app, "POST", CHAT, chat("the weather?")) for _ in range(4)]
    assert [exchange.status for exchange in exchanges] == [429, 429, 200, 200]
    assert [exchange.headers.get("retry-after") for exchange in exchanges] == ["2", "2", None, None]


def test_every_key_has_its_own_turns() -> None:
    """Two hundred concurrent requests over twenty keys: each key sees exactly its own sequence."""
    engine = engine_with("rules: [{replies: [" + ", ".join(f"{{text: '{at}'}}" for at in range(10)) + "]}]")
    app = create_app(engine)

    async def asked(key: str) -> str:
        exchange = await Exchange(app, "POST", CHAT, chat("go"), key=key).run()
        return str(exchange.json["choices"][0]["message"]["content"])

    async def everyone() -> dict[str, list[str]]:
        keys = [f"akml-{name}" for name in range(20)] * 10
        answers = await asyncio.gather(*map(asked, keys))
        return {key: [answer for asker, answer in zip(keys, answers, strict=True) if asker == key] for key in keys}

    assert set(map(tuple, asyncio.run(everyone()).values())) == {tuple(str(at) for at in range(10))}


def test_a_machine_is_kept_per_key() -> None:
    """A state that one key reached is not another's."""
    engine = engine_with(MACHINE)
    assert said(engine, "where is it?") == "Please pay first."
    assert said(engine, "pay") == "Paid."
    assert said(engine, "where is it?") == "It is on its way."
    assert said(engine, "where is it?", key="akml-other") == "Please pay first."


@pytest.mark.parametrize(
    ("then", "third"),
    [
        ("repeat", "two"),
        ("loop", "one"),
        ("fail", "404 The rule 'go' has no more replies."),
        ("unscripted", "404 No rule of the scenario 'story' matches this request. The nearest: "),
    ],
)
def test_what_comes_after_the_last_reply(then: str, third: str) -> None:
    """A rule whose replies are used up repeats, begins again, fails, or leaves the request to what is unscripted."""
    engine = engine_with(
        f"rules: [{{name: go, replies: [{{text: one}}, {{text: two}}], then: {then}}}]\nunscripted: fail"
    )
    answers = [said(engine, "go") for _ in range(3)]
    assert answers[:2] == ["one", "two"]
    assert answers[2].startswith(third)


def test_chances_are_seeded() -> None:
    """The same requests meet the same fate on every server of the same seed, and not all of them the same."""
    story = "rules: [{replies: [{error: overloaded, probability: 0.5}, {text: ok}]}]"
    fates = [[said(engine_with(story), str(at)) for at in range(30)] for _ in range(2)]
    assert fates[0] == fates[1]
    assert 5 < fates[0].count("ok") < 25


# ---------------------------------------------------------------------------------------------- which one plays


def test_the_key_names_the_scenario() -> None:
    """akml-<scenario> and akml-<scenario>--<anything> play it, each with turns of its own."""
    engine = make_engine()
    engine.library.put("retry", RETRY)
    assert said(engine, "weather", key="akml-retry").startswith("429")
    assert said(engine, "weather", key="akml-retry--a").startswith("429")
    assert said(engine, "weather", key="akml-retry--a").startswith("429")
    assert said(engine, "weather", key="akml-retry--a") == "It is sunny."
    assert said(engine, "weather", key="akml-retry").startswith("429")
    assert not said(engine, "weather", key="akml-nothing").startswith("429")


def test_the_header_names_the_scenario() -> None:
    """X-Emulator-Scenario goes before everything else, and a name that is unknown is told with the nearest."""
    engine = make_engine()
    engine.library.put("retry", RETRY)
    app = create_app(engine)
    named = ask(app, "POST", CHAT, chat("weather"), headers={"X-Emulator-Scenario": "retry"})
    assert named.status == 429
    unknown = ask(app, "POST", MESSAGES, message("weather"), headers={"X-Emulator-Scenario": "retri"})
    assert (unknown.status, unknown.json["type"]) == (404, "error")
    assert unknown.json["error"]["message"] == "There is no scenario 'retri'. Did you mean 'retry'?"


def test_activation_is_for_a_key_or_for_all() -> None:
    """A key's own activation goes before the server's default, and null takes it back."""
    engine = make_engine()
    for name in ("one", "two"):
        engine.library.put(name, f"rules: [{{reply: {{text: {name}}}}}]")
    assert control(engine, "POST", "activate", {"scenario": "one"}).status == 200
    assert control(engine, "POST", "activate", {"scenario": "two", "key": KEY}).json == {
        "scenario": "two",
        "key": KEY,
    }
    assert (said(engine, "go"), said(engine, "go", key="akml-other")) == ("two", "one")
    control(engine, "POST", "activate", {"scenario": None, "key": KEY})
    assert said(engine, "go") == "one"
    wrong = control(engine, "POST", "activate", {"scenario": "onne"})
    assert (wrong.status, wrong.json["error"]["param"]) == (400, "scenario")
    assert "Did you mean 'one'?" in wrong.json["error"]["message"]


def test_reset_forgets_one_key_or_everything() -> None:
    """A reset begins turns and states anew; an activated scenario goes too unless it is to be kept."""
    engine = engine_with(RETRY)
    for key in (KEY, "akml-other"):
        assert [said(engine, "weather", key=key)[:3] for _ in range(3)] == ["429", "429", "It "]
    control(engine, "POST", "reset", {"key": KEY})
    assert (said(engine, "weather")[:3], said(engine, "weather", key="akml-other")) == ("429", "It is sunny.")
    control(engine, "POST", "reset")
    assert said(engine, "weather", key="akml-other").startswith("429")
    activate(engine, "hello" if "hello" in engine.library else "story", KEY)
    control(engine, "POST", "reset", {"key": KEY, "keep_scenario": True})
    assert activated(engine, KEY) is not None
    control(engine, "POST", "reset", {"key": KEY})
    assert activated(engine, KEY) is None


# ---------------------------------------------------------------------------------------------- what is answered


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        (CHAT, chat("go"), lambda body: body["choices"][0]["message"]["content"]),
        (COMPLETIONS, completion("go"), lambda body: body["choices"][0]["text"]),
        (MESSAGES, message("go"), lambda body: body["content"][0]["text"]),
    ],
)
def test_a_canned_text_is_answered_in_every_dialect(path: str, body: dict[str, Any], text: Any) -> None:
    """One rule, three endpoints."""
    exchange = ask(create_app(engine_with("rules: [{reply: {text: 'It is sunny.'}}]")), "POST", path, body)
    assert text(exchange.json) == "It is sunny."


def test_canned_text_obeys_the_request() -> None:
    """max_tokens cuts it, stop cuts it, n repeats it, logprobs describe it, usage counts it, unless told not to."""
    engine = engine_with("rules: [{reply: {text: 'one two three four'}}]")
    app = create_app(engine)
    cut = ask(app, "POST", CHAT, chat("go", max_tokens=2, n=2, logprobs=True, top_logprobs=1)).json
    assert [choice["message"]["content"] for choice in cut["choices"]] == ["one two", "one two"]
    assert [choice["finish_reason"] for choice in cut["choices"]] == ["length", "length"]
    assert [entry["token"] for entry in cut["choices"][0]["logprobs"]["content"]] == ["one", " two"]
    assert cut["usage"]["completion_tokens"] == 4
    assert said(engine, "go", stop=" three") == "one two"
    free = engine_with("rules: [{reply: {text: 'one two three four', obey: false}}]")
    assert said(free, "go", max_tokens=1) == "one two three four"


def test_overrides_are_told() -> None:
    """id, model, usage and finish say what the scenario says."""
    overrides = "id: my-id, model: openai/gpt-oss-20b, finish: content_filter, usage: {prompt_tokens: 7}"
    story = f"rules: [{{reply: {{text: x, {overrides}}}}}]"
    body = ask(create_app(engine_with(story)), "POST", CHAT, chat("go")).json
    assert (body["id"], body["model"], body["choices"][0]["finish_reason"]) == (
        "my-id",
        "openai/gpt-oss-20b",
        "content_filter",
    )
    assert body["usage"] == {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}


def test_a_raw_answer_is_sent_as_it_is() -> None:
    """What a proxy would send has the scenario's headers, and none of the API's."""
    story = "rules: [{reply: {raw: {status: 502, headers: {content-type: text/html}, body: '<h1>Bad gateway</h1>'}}}]"
    exchange = ask(create_app(engine_with(story)), "POST", CHAT, chat("go", stream=True))
    assert (exchange.status, exchange.body) == (502, b"<h1>Bad gateway</h1>")
    assert exchange.headers == {"content-type": "text/html", "content-length": "20"}


def test_frames_are_sent_verbatim() -> None:
    """The escape hatch: whatever the frames say is on the wire, and nothing else."""
    story = 'rules: [{reply: {frames: ["data: {}\\n\\n", "data: [DONE]\\n\\n"]}}]'
    exchange = ask(create_app(engine_with(story)), "POST", CHAT, chat("go", stream=True))
    assert exchange.body == b"data: {}\n\ndata: [DONE]\n\n"
    assert exchange.headers["content-type"].startswith("text/event-stream")


def test_a_template_sees_the_request_and_the_clock() -> None:
    """The same request reads the same fake name; now is the emulator's."""
    story = "rules: [{reply: {text: '{{ request.last_user }} {{ now.year }} {{ fake.first_name() }}'}}]"
    engine = engine_with(story)
    first, second = said(engine, "go"), said(engine, "go")
    assert first == second
    assert first.startswith("go 2026 ")


def test_generate_gives_the_word_to_the_generator() -> None:
    """So many tokens, from a seed of the scenario's."""
    engine = engine_with("rules: [{reply: {generate: {tokens: 30, seed: 7}}}]")
    body = ask(create_app(engine), "POST", CHAT, chat("Tell me of harbours.")).json
    assert body["usage"]["completion_tokens"] == 30
    engine = engine_with("rules: [{reply: {generate: {}, finish: content_filter}}]")
    assert ask(create_app(engine), "POST", CHAT, chat()).json["choices"][0]["finish_reason"] == "content_filter"


def test_what_no_rule_matches_is_generated_echoed_or_explained() -> None:
    """The key unscripted says what happens; fail names the three nearest rules and what kept them from matching."""
    rules = "rules: [{name: a, when: {last_user: hello}, reply: {text: x}}]\nunscripted: "
    assert said(engine_with(rules + "generate"), "What is a harbour?")
    assert said(engine_with(rules + "echo"), "What is a harbour?") == "What is a harbour?"
    told = said(engine_with(rules + "fail"), "What is a harbour?")
    assert told == (
        "404 No rule of the scenario 'story' matches this request. The nearest: "
        'a (line 1): last_user: expected to be "hello", got "What is a harbour?"'
    )


def test_models_and_the_clock_are_as_the_scenario_says() -> None:
    """A model of the scenario's own answers; one without healthy backends is 529; the clock starts where it says."""
    story = """
clock: {start: 2027-05-05T00:00:00Z, mode: frozen}
models:
  my/model: {context_length: 1000, max_output_length: 100, pricing: {input: "0", output: "0"}}
  zai-org/GLM-5.3: {backends: 0}
"""
    engine = engine_with(story)
    assert not said(engine, "hi", model="my/model").startswith("404")
    assert said(engine, "hi", model="zai-org/GLM-5.3").startswith("529 No healthy backends")
    assert ask(create_app(engine), "POST", CHAT, chat("hi")).json["created"] == 1809475200
    assert said(make_engine(), "hi", model="my/model").startswith("404")


# ---------------------------------------------------------------------------------------------- time and faults


def play(engine: Engine, body: dict[str, Any], *advances: float, path: str = CHAT) -> tuple[Exchange, list[int]]:
    """One exchange while the clock is moved through /_emulator/clock; and how many sends there were after each move."""
    app = create_app(engine)

    async def run() -> tuple[Exchange, list[int]]:
        exchange = Exchange(app, "POST", path, body)
        task = asyncio.create_task(exchange.run())
        sends = []
        for seconds in advances:
            await given_way()
            await Exchange(app, "POST", "/_emulator/clock", {"advance": seconds}).run()
            sends.append(len(exchange.sends))
        await asyncio.wait_for(task, 20)
        return exchange, sends

    return asyncio.run(run())


@pytest.mark.parametrize("moment", ["2020-01-01", "2030-01-01"])
def test_who_waits_for_a_slot_waits_as_long_when_the_clock_is_set(moment: str) -> None:
    """It gets the slot once that is free, or its 429 after as many seconds as the queue has, and so says the record."""
    engine = engine_with(
        f"models: {{{PLAIN}: {{backends: {{slots: 1, queue: 5s}}}}}}\n"
        "rules: [{reply: {text: Done., stream: {first_token: 4s}}}]"
    )
    app = create_app(engine)

    async def run() -> tuple[list[int], list[int]]:
        exchanges = [Exchange(app, "POST", CHAT, chat(stream=True)) for _ in range(3)]
        tasks = []
        for exchange in exchanges:
            tasks.append(asyncio.create_task(exchange.run()))
            await given_way()
        engine.clock.set(moment)
        await engine.clock.advance(4.5)
        early = [exchange.status for exchange in exchanges]
        await engine.clock.advance(4)
        await asyncio.wait_for(asyncio.gather(*tasks), 20)
        return early, [exchange.status for exchange in exchanges]

    assert asyncio.run(run()) == ([200, 200, 0], [200, 200, 429])
    records = sorted(engine.store.inferences.all(), key=lambda each: each.timeline[-1].at)
    assert [each.queued for each in records] == [None, None, 4]
    assert [round((each.ended or 0) - each.started, 3) for each in records] == [4, 5, 8]
    assert [round(each.timeline[-1].at, 3) for each in records] == [4, 5, 8]


def test_a_retry_after_of_an_hour_takes_no_time() -> None:
    """A client that waits by the emulator's clock asks again when the hour is over, and not a second before."""
    engine = engine_with("rules: [{replies: [{error: rate_limited, retry_after: 1h}, {text: It passes.}]}]")

    async def client() -> list[Exchange]:
        refused = await Exchange(create_app(engine), "POST", CHAT, chat()).run()
        await engine.clock.sleep_until(engine.clock.now() + float(refused.headers["retry-after"]))
        return [refused, await Exchange(create_app(engine), "POST", CHAT, chat()).run()]

    async def hour() -> list[Exchange]:
        asking = asyncio.ensure_future(client())
        await given_way()
        await engine.clock.advance(3599)
        assert not asking.done()
        await engine.clock.advance(1)
        return await asking

    refused, answered = asyncio.run(hour())
    assert (refused.status, refused.headers["retry-after"], answered.status) == (429, "3600", 200)
    assert (refused.headers["date"][17:25], answered.headers["date"][17:25]) == ("00:00:00", "01:00:00")


def test_a_stall_of_ten_minutes_takes_no_time() -> None:
    """The clock carries a stream through a stall, keep-alives and all, before advance returns."""
    story = "rules: [{reply: {text: 'one two three', faults: [{stall: 10m, after: {tokens: 2}}]}}]"
    exchange, sends = play(engine_with(story), chat("go", stream=True), 599.0, 1.0)
    silences = math.ceil(600 / Settings().keep_alive) - 1
    assert exchange.complete and exchange.body.count(b": keep-alive\n\n") == silences
    assert sends == [silences + 1, silences + 2]


def test_a_paced_stream_keeps_its_deadlines() -> None:
    """First token after 800 ms, then two a second."""
    story = "rules: [{reply: {text: 'one two three', stream: {first_token: 800ms, tokens_per_second: 2}}}]"
    _, sends = play(engine_with(story), chat("go", stream=True), 0.79, 0.02, 0.48, 0.02, 0.5)
    assert sends == [1, 2, 2, 3, 4]


def test_an_error_mid_stream_has_the_form_of_its_dialect() -> None:
    """After two tokens the stream fails: a frame with error on /v1, an error event on /anthropic."""
    engine = engine_with("rules: [{reply: {text: 'one two three', faults: [{error: overloaded, after: {tokens: 2}}]}}]")
    app = create_app(engine)
    on_v1 = events(ask(app, "POST", CHAT, chat("go", stream=True)).body)
    assert on_v1[-2]["error"]["type"] == "overloaded_error" and on_v1[-1] == "[DONE]"
    on_anthropic = events(ask(app, "POST", MESSAGES, message("go", stream=True)).body)
    assert (on_anthropic[-1]["type"], on_anthropic[-1]["error"]["type"]) == ("error", "overloaded_error")
    assert ask(app, "POST", CHAT, chat("go")).status == 529


def test_a_header_fault_replaces_the_header() -> None:
    """content_type: text/html is what the client is told, once."""
    story = "rules: [{reply: {text: x, faults: [{content_type: text/html}]}}]"
    exchange = ask(create_app(engine_with(story)), "POST", CHAT, chat("go", stream=True))
    assert exchange.headers["content-type"] == "text/html"


def test_the_clock_is_told_and_moved() -> None:
    """freeze, run, rate, set and advance; anything else is told what can be said."""
    engine = make_engine()
    assert control(engine, "GET", "clock").json["now"] == "2026-01-01T00:00:00Z"
    assert control(engine, "POST", "clock", {"advance": 3600}).json["now"] == "2026-01-01T01:00:00Z"
    assert control(engine, "POST", "clock", {"set": "2026-06-01T00:00:00Z"}).json["now"] == "2026-06-01T00:00:00Z"
    assert control(engine, "POST", "clock", {"rate": 60}).json["rate"] == 60
    assert control(engine, "POST", "clock", {"run": True}).json["mode"] == "running"
    assert control(engine, "POST", "clock", {"freeze": True}).json["mode"] == "frozen"
    for wrong in ({}, {"advance": -1}, {"advance": 1e12}, {"set": "soon"}, {"freeze": "yes"}):
        refused = control(engine, "POST", "clock", wrong)
        assert (refused.status, "expected" in refused.json["error"]["message"]) == (400, True)


# ---------------------------------------------------------------------------------------------- putting and reloading


def test_a_scenario_is_put_shown_and_deleted() -> None:
    """PUT takes YAML; a new version begins anew; mistakes are data and leave the old one."""
    engine = make_engine()
    assert control(engine, "PUT", "scenarios/retry", RETRY.encode()).json["rules"] == [
        {"name": "weather", "line": 4, "replies": 2}
    ]
    assert said(engine, "weather", key="akml-retry").startswith("429")
    refused = control(engine, "PUT", "scenarios/retry", b"rules: [{reply: {txt: hi}}]")
    assert refused.status == 400
    mistake = refused.json["mistakes"][0]
    assert (mistake["line"], mistake["column"], mistake["message"]) == (
        1,
        18,
        'unknown key "txt"; did you mean "text"?',
    )
    assert said(engine, "weather", key="akml-retry").startswith("429")
    assert said(engine, "weather", key="akml-retry") == "It is sunny."
    control(engine, "PUT", "scenarios/retry", RETRY.encode())
    assert said(engine, "weather", key="akml-retry").startswith("429")
    assert control(engine, "DELETE", "scenarios/retry").status == 200
    assert control(engine, "GET", "scenarios/retry").status == 404
    assert control(engine, "DELETE", "scenarios/retry").status == 404


def test_a_reload_with_mistakes_keeps_what_was_running(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log and /_emulator/scenarios tell the mistakes; the old story goes on until a good one comes."""
    path = tmp_path / "story.yaml"
    path.write_text("rules: [{reply: {text: old}}]")
    engine = make_engine()
    engine.library.add_folder(tmp_path)
    assert said(engine, "go", key="akml-story") == "old"
    path.write_text("rules: [{reply: {txt: new}}]")
    reload(engine.library, path)
    assert "story has mistakes; the one before goes on" in caplog.text
    assert 'unknown key "txt"' in caplog.text
    assert said(engine, "go", key="akml-story") == "old"
    listed = {entry["name"]: entry for entry in control(engine, "GET", "scenarios").json["scenarios"]}
    assert listed["story"]["mistakes"][0]["message"] == 'unknown key "txt"; did you mean "text"?'
    path.write_text("rules: [{reply: {text: new}}]")
    reload(engine.library, path)
    assert said(engine, "go", key="akml-story") == "new"
    path.unlink()
    reload(engine.library, path, deleted=True)
    assert "story" not in engine.library


def test_a_scenario_that_never_could_be_read_is_told_to_who_asks_for_it(tmp_path: Path) -> None:
    """A broken file in the folder is a clear 400 for the key that names it, and for nobody else."""
    (tmp_path / "broken.yaml").write_text("rules: [{reply: {txt: new}}]")
    engine = make_engine()
    engine.library.add_folder(tmp_path)
    told = said(engine, "go", key="akml-broken")
    assert told.startswith("400 The scenario 'broken' cannot be played.")
    assert 'unknown key "txt"' in told
    assert not said(engine, "go").startswith("400")


def activated(engine: Engine, key: str) -> str | None:
    """The name of the scenario that was activated for a key."""
    return at_once(engine.store.turn(key, lambda own, shared: own.scenario))


def test_explain_changes_nothing() -> None:
    """Asking which rule would answer does not take its turn."""
    engine = engine_with(RETRY, "retry")
    request = make_request("the weather?")
    explanation = at_once(engine.explain(request))
    assert (explanation.scenario, explanation.chosen_by) == ("retry", "the server")
    assert explanation.answered_by == "retry/weather"
    assert said(engine, "weather").startswith("429")
    nearest = at_once(engine.explain(make_request("hello"))).nearest
    assert nearest is not None and nearest.rule == "weather"
    activate(engine, None)
    assert at_once(engine.explain(request)) == Explanation()


def make_request(text: str) -> Any:
    from emulator.core.settings import Settings
    from emulator.dialects.openai.chat import OpenAIChat

    return OpenAIChat(Settings()).parse(json.loads(json.dumps({**chat(text), "model": PLAIN})), {}, KEY)
