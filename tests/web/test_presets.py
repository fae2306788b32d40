"""Presets: saved with versions, in memory or as files, and used by requests of every dialect."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp
from support.asgi import (
    CHAT,
    COMPLETIONS,
    COUNT,
    MESSAGES,
    PLAIN,
    REASONING,
    ask,
    chat,
    completion,
    make_engine,
    message,
)

from emulator.engine import Engine
from emulator.store.outside import at_once
from emulator.web.app import create_app
from emulator.web.presets import Presets

CAREFUL = {"model": REASONING, "system": "You are careful.", "parameters": {"temperature": 0.2, "max_tokens": 7}}


def served(folder: Path | None = None) -> tuple[Engine, ASGIApp]:
    """An app with a preset named careful."""
    engine = make_engine()
    app = create_app(engine, presets=Presets(folder))
    assert ask(app, "PUT", "/_emulator/presets/careful", CAREFUL).status == 200
    return engine, app


def recorded(engine: Engine) -> Any:
    """The body of the latest request, as it was understood."""
    return engine.store.inferences.all()[-1].request


@pytest.mark.parametrize("stored", ["memory", "files"])
def test_a_preset_is_saved_with_its_versions(stored: str, tmp_path: Path) -> None:
    """A change is a new version, the earlier ones stay, and all of them are renamed and deleted together."""
    folder = tmp_path if stored == "files" else None
    _, app = served(folder)
    changed = ask(app, "PUT", "/_emulator/presets/careful", {"model": PLAIN, "description": "Quick."}).json
    assert (changed["version"], changed["versions"], changed["system"]) == (2, [1, 2], "")
    first = ask(app, "GET", "/_emulator/presets/careful?version=1").json
    assert {name: first[name] for name in CAREFUL} == CAREFUL
    renamed = ask(app, "POST", "/_emulator/presets/careful/rename", {"name": "quick"}).json
    assert (renamed["name"], renamed["versions"], renamed["model"]) == ("quick", [1, 2], PLAIN)
    again = create_app(make_engine(), presets=Presets(folder))
    listed = ask(again if folder else app, "GET", "/_emulator/presets").json
    assert ([each["name"] for each in listed["presets"]], listed["folder"]) == (["quick"], folder and str(folder))
    assert ask(app, "POST", CHAT, chat(model="@preset/quick@1")).status == 200
    assert ask(app, "GET", "/_emulator/presets/careful").status == 404
    assert ask(app, "DELETE", "/_emulator/presets/quick").status == 200
    assert ask(app, "DELETE", "/_emulator/presets/quick").status == 404
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_preset_adds_what_a_request_leaves_out(path: str) -> None:
    """Its model, its parameters and its system prompt, in either dialect."""
    engine, app = served()
    body = {"model": "@preset/careful", "messages": [{"role": "user", "content": "Hello"}], "temperature": None}
    sent = ask(app, "POST", path, body)
    asked = recorded(engine)
    assert (sent.status, asked["model"], asked["temperature"], asked["max_tokens"]) == (200, REASONING, 0.2, 7)
    told = ask(app, "GET", "/_emulator/inferences/1/conversation").json["messages"]
    assert [(each["role"], each["text"]) for each in told] == [("system", "You are careful."), ("user", "Hello")]
    assert engine.store.inferences.all()[-1].model == REASONING


def test_what_a_request_says_stays() -> None:
    """Its own parameters and its own system prompt are not replaced."""
    engine, app = served()
    own = [{"role": "developer", "content": "Mine."}, {"role": "user", "content": "Hello"}]
    ask(app, "POST", CHAT, {"model": "@preset/careful", "messages": own, "temperature": 1, "max_tokens": 3})
    assert recorded(engine) == {"model": REASONING, "messages": own, "temperature": 1, "max_tokens": 3}
    ask(app, "POST", MESSAGES, {**message(max_tokens=3), "model": "@preset/careful", "system": "Mine."})
    assert (recorded(engine)["system"], recorded(engine)["max_tokens"]) == ("Mine.", 3)


def test_tokens_are_counted_with_a_preset() -> None:
    """The system prompt counts, too."""
    _, app = served()
    body = {"messages": [{"role": "user", "content": "Hello"}]}
    plain, preset = (ask(app, "POST", COUNT, {**body, "model": each}).json for each in (REASONING, "@preset/careful"))
    assert preset["input_tokens"] > plain["input_tokens"]


def test_a_request_without_a_preset_is_not_changed() -> None:
    """Byte for byte, whatever its text says of presets."""
    engine, app = served()
    body = json.dumps(chat('What is "@preset/careful"?', user="@preset/careful"), indent=1).encode()
    assert ask(app, "POST", CHAT, body).status == 200
    assert engine.store.inferences.all()[-1].body == body.decode()
    assert ask(app, "POST", CHAT, b'{"model": "@preset/careful"').status == 400


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        (CHAT, chat(model="@preset/carefull"), 404, "Did you mean 'careful'?"),
        (CHAT, chat(model="@preset/careful@9"), 404, "no preset 'careful@9'"),
        (CHAT, chat(model="@preset/../careful"), 404, "no preset"),
        (CHAT, chat(model="@preset/"), 404, "no preset"),
        (COMPLETIONS, completion(model="@preset/careful"), 400, "has a system prompt, and /v1/completions takes none"),
        (MESSAGES, {**message(), "model": "@preset/odd"}, 400, "has frequency_penalty, and /anthropic/v1/messages"),
        (MESSAGES, {**message(), "model": "@preset/nothing"}, 404, "no preset 'nothing'"),
    ],
)
def test_what_a_preset_cannot_do_is_told(path: str, body: Any, status: int, words: str) -> None:
    """No such preset, or an endpoint that does not have what it adds: an error of that dialect, which is recorded."""
    engine, app = served()
    ask(app, "PUT", "/_emulator/presets/odd", {"model": PLAIN, "parameters": {"frequency_penalty": 1}})
    refused = ask(app, "POST", path, body)
    assert (refused.status, words in refused.json["error"]["message"]) == (status, True)
    assert engine.store.inferences.all()[-1].status == status


@pytest.mark.parametrize(
    ("name", "body", "param"),
    [
        ("x", {}, "model"),
        ("x", {"model": ""}, "model"),
        ("x", {"model": PLAIN, "parameters": {"temperature": 3}}, "parameters"),
        ("x", {"model": PLAIN, "parameters": {"temprature": 1}}, "parameters"),
        ("x", {"model": PLAIN, "parameters": {"messages": []}}, "parameters"),
        ("x", {"model": PLAIN, "parameters": {"thinking": {"type": "disabled"}, "logit_bias": {}}}, "parameters"),
        ("x", {"model": PLAIN, "parameters": []}, "parameters"),
        ("x", {"model": PLAIN, "system": 1}, "system"),
        ("a b", {"model": PLAIN}, "name"),
        ("..", {"model": PLAIN}, "name"),
        ("x@1", {"model": PLAIN}, "name"),
        ("x" * 65, {"model": PLAIN}, "name"),
    ],
)
def test_a_preset_with_a_mistake_is_not_saved(name: str, body: Any, param: str) -> None:
    """A 400 names the field, and the presets are as before."""
    _, app = served()
    refused = ask(app, "PUT", f"/_emulator/presets/{name}", body)
    assert (refused.status, refused.json["error"]["param"]) == (400, param)
    assert len(ask(app, "GET", "/_emulator/presets").json["presets"]) == 1


def test_a_file_may_be_edited(tmp_path: Path) -> None:
    """It is read when it is used; one with a mistake is listed with it, and told to who uses it."""
    engine, app = served(tmp_path)
    (tmp_path / "mine.yaml").write_text(f"model: {PLAIN}\nparameters: {{max_tokens: 5}}\n")
    (tmp_path / "notes.txt").write_text("no preset")
    ask(app, "POST", CHAT, chat(model="@preset/mine"))
    assert recorded(engine)["max_tokens"] == 5
    for wrong in ("modle: x\n", "- 1\n", "{", "model: 5\n", ""):
        (tmp_path / "mine.yaml").write_text(wrong)
        refused = ask(app, "POST", CHAT, chat(model="@preset/mine"))
        assert (refused.status, "mine.yaml" in refused.json["error"]["message"]) == (400, True)
        careful, mine = ask(app, "GET", "/_emulator/presets").json["presets"]
        assert (careful["mistake"], "mine.yaml" in mine["mistake"]) == (None, True)
    assert ask(app, "DELETE", "/_emulator/presets/mine").status == 200


def test_markup_in_a_preset_is_text(tmp_path: Path) -> None:
    """What is saved is what is read, whatever characters it has."""
    _, app = served(tmp_path)
    system = "<script>alert(1)</script> {{ x }} \" ' # \u2028 \u0000 : -\n  - é 🎈"
    body = {"model": PLAIN, "system": system, "description": system}
    saved = ask(app, "PUT", "/_emulator/presets/odd", body)
    if saved.status == 200:
        found = ask(app, "GET", "/_emulator/presets/odd").json
        assert (found["system"], found["description"]) == (system, system)
    else:
        assert "YAML cannot hold this preset" in saved.json["error"]["message"]


def test_what_is_saved_stays_when_everything_begins_anew() -> None:
    """A reset deletes what has happened, and no preset."""
    engine, app = served()
    at_once(engine.store.forget())
    assert ask(app, "GET", "/_emulator/presets/careful").status == 200
