"""What one more row of the table of endpoints brings about by itself. test_endpoints.py runs this in a process."""

import asyncio
import json
from pathlib import Path

from click.testing import CliRunner
from support.asgi import Exchange, ask, make_engine
from support.echo import PATH, SAMPLE
from support.recorded import ask as ask_upstream
from support.recorded import emulated, recording

from emulator.cli import main
from emulator.core.catalog import Catalog
from emulator.recording.drift import calls
from emulator.recording.proxy import recording_proxy
from emulator.scenario.loader import load_text
from emulator.store.outside import at_once
from emulator.web.app import create_app

STORY = "rules: [{when: {endpoint: echo, last_user: {contains: Hello}}, reply: {text: Hello yourself!}}]"


def served(story: str = STORY) -> tuple[Exchange, Exchange]:
    """The whole and the streamed answer of a story, of one server."""
    engine = make_engine()
    at_once(engine.activate(engine.library.put("story", story).scenario.name))
    app = create_app(engine)
    whole, stream = (ask(app, "POST", PATH, {**SAMPLE, "stream": stream}) for stream in (False, True))
    return whole, stream


def test_it_is_served() -> None:
    """Whole and streamed, by a scenario that names it, and with the errors of its surface."""
    whole, stream = served()
    assert whole.json == {"echo": "Hello yourself!"}
    assert stream.body.startswith(b'data: {"echo":')
    refused = ask(create_app(make_engine()), "POST", PATH, {"model": "x"})
    assert (refused.status, refused.json["error"]["param"]) == (400, "say")


def test_it_is_suggested() -> None:
    """A path that is nearly its own leads to it."""
    missed = ask(create_app(make_engine()), "POST", "/v1/ecko", SAMPLE)
    assert missed.json["error"]["message"] == f"There is no POST /v1/ecko here. Did you mean {PATH}?"


def test_it_is_in_the_record_and_exported() -> None:
    """Requests can be selected by its name, asked again by curl, and answered again by a scenario."""
    app = create_app(make_engine())
    answer = ask(app, "POST", PATH, SAMPLE)
    (seen,) = ask(app, "GET", "/_emulator/inferences?endpoint=echo").json["inferences"]
    exported = f"/_emulator/inferences/{seen['id']}?format="
    assert f"http://127.0.0.1:8402{PATH} " in ask(app, "GET", f"{exported}curl").body.decode()
    scenario = ask(app, "GET", f"{exported}scenario").body.decode()
    assert "say:" in scenario
    again, _ = served(scenario)
    assert again.body == answer.body


def test_it_is_recorded_and_replayed(tmp_path: Path) -> None:
    """What a service answers is written as a scenario, which answers the same."""
    out = tmp_path / "recorded.yaml"
    proxy = recording(emulated(), out)
    for body in (SAMPLE, {**SAMPLE, "stream": True}):
        seen = asyncio.run(ask_upstream(proxy, PATH, body))
        assert seen.status == 200
        replayed = asyncio.run(ask_upstream(recording_proxy(None, out, "replay"), PATH, body))
        assert replayed.derived == seen.derived
    assert proxy.recorded == 2


def test_it_is_played_dry_and_explained(tmp_path: Path) -> None:
    """`check` plays scenarios to it; `explain` takes it by name, and knows its requests by their fields."""
    story, request = tmp_path / "story.yaml", tmp_path / "request.json"
    story.write_text(STORY.replace("rules: [{", "rules: [{name: hello, "))
    request.write_text(json.dumps(SAMPLE))
    told = CliRunner().invoke(main, ["check", str(story)])
    assert (told.exit_code, told.output) == (0, "1 of 1 scenarios are good\n")
    for choice in ([], ["--endpoint", "echo"]):
        told = CliRunner().invoke(main, ["explain", str(story), str(request), *choice])
        assert told.output.startswith("The rule 'hello' (line 1) of the scenario 'story' (chosen by the command line)")


def test_it_is_compared_and_listed() -> None:
    """`drift` asks a service for it, and every list of endpoints has it."""
    assert [call.name for call in calls() if call.path == PATH] == ["echo", "echo, streamed"]
    assert "|echo]" in CliRunner().invoke(main, ["inferences", "--help"]).output
    load_text("rules: [{when: {endpoint: [echo, chat]}, reply: {text: x}}]", "inline", catalog=Catalog.load())
