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
from emulator.web.presets import OWN, Preset, Presets

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
    ("path", "body", "words"),
    [
        (CHAT, chat(model="@preset/hot"), "The temperature is that of the preset 'hot'."),
        (CHAT, chat(model="@preset/hot@1"), "The temperature is that of the preset 'hot@1'."),
        (COMPLETIONS, completion(model="@preset/hot"), "The temperature is that of the preset 'hot'."),
        (MESSAGES, {**message(), "model": "@preset/hot"}, "The temperature is that of the preset 'hot'."),
        (CHAT, chat(model="@preset/long"), "The max_tokens is that of the preset 'long'."),
        (CHAT, chat(model="@preset/lost"), "The model is that of the preset 'lost'."),
        (COUNT, {**message(), "model": "@preset/lost"}, "The model is that of the preset 'lost'."),
    ],
)
def test_a_refusal_for_what_a_preset_added_names_the_preset(path: str, body: Any, words: str, tmp_path: Path) -> None:
    """Whoever asked did not write that field; for one of their own, the preset is not named."""
    _, app = served(tmp_path)
    (tmp_path / "hot.yaml").write_text(f"model: {PLAIN}\nparameters: {{temperature: 9}}\n")
    (tmp_path / "long.yaml").write_text(f"model: {PLAIN}\nparameters: {{n: 100, max_tokens: 60000}}\n")
    (tmp_path / "lost.yaml").write_text("model: no/such\n")
    refused = ask(app, "POST", path, body).json["error"]["message"]
    assert refused.endswith(words)
    if path != COUNT:
        endpoint = {CHAT: "chat", COMPLETIONS: "completions", MESSAGES: "messages"}[path]
        foreseen = {"position": "now", "key": "akml-a", "request": body, "endpoint": endpoint}
        assert ask(app, "POST", "/_emulator/explain", foreseen).json["message"] == refused
    own = ask(app, "POST", CHAT, chat(model="@preset/careful", temperature=9)).json["error"]["message"]
    assert "temperature" in own and "preset" not in own


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
        ("x", {"model": PLAIN, "parameters": {"stream": True}}, "parameters"),
        ("x", {"model": "@preset/careful"}, "model"),
        ("x", {"model": "@preset/x"}, "model"),
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
    own = f"model: {PLAIN}\nparameters: "
    files = ("modle: x\n", "- 1\n", "{", "model: 5\n", "", f"{own}{{stream: true}}\n", f"{own}{{messages: []}}\n")
    for wrong in (*files, "model: '@preset/careful'\n", "model: '@preset/mine'\n", f"model: {PLAIN}\nversion: 0\n"):
        (tmp_path / "mine.yaml").write_text(wrong)
        refused = ask(app, "POST", CHAT, chat(model="@preset/mine"))
        assert (refused.status, "mine.yaml" in refused.json["error"]["message"]) == (400, True)
        careful, mine = ask(app, "GET", "/_emulator/presets").json["presets"]
        assert (careful["mistake"], "mine.yaml" in mine["mistake"]) == (None, True)
    (tmp_path / "mine.yaml").write_text(f"{own}{{temperature: 3}}\n")
    assert "temperature" in ask(app, "GET", "/_emulator/presets").json["presets"][1]["mistake"]
    assert ask(app, "DELETE", "/_emulator/presets/mine").status == 200


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", ["@preset/careful", "@preset/careful@1"])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_preset_answers_as_its_model_would(path: str, model: str, stream: bool) -> None:
    """Whole or streamed, the answer is that to the request with what the preset adds; slashes may be escaped."""
    engine, app = served()
    asked = {"messages": [{"role": "user", "content": "Hello"}], "stream": stream}
    with_preset = json.dumps({"model": model, **asked}).encode()
    answers = [ask(app, "POST", path, body) for body in (with_preset, with_preset.replace(b"/", b"\\/"))]
    answers.append(ask(app, "POST", path, recorded(engine)))
    said = [ask(app, "GET", f"/_emulator/inferences/{each}/conversation").json for each in (1, 2, 3)]
    assert ([each.status for each in answers], said[1:]) == ([200] * 3, [said[0]] * 2)
    assert (said[0]["choices"][0]["finish"], said[0]["messages"][0]["role"]) == ("length", "system")


@pytest.mark.parametrize(
    "body",
    [
        chat("@preset/careful is a preset."),
        chat('Use "@preset/careful" or "@preset/nothing".'),
        chat("Hello", user="@preset/nothing"),
        {**chat(), "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "@preset/x"}]},
        {**chat(), "metadata": {"model": "@preset/nothing"}},
    ],
)
def test_who_only_mentions_a_preset_uses_none(body: Any) -> None:
    """Only the model names one: any other text that begins alike stays as it is, byte for byte."""
    engine, app = served()
    sent = json.dumps(body, indent=1).encode()
    assert ask(app, "POST", CHAT, sent).status == 200
    assert engine.store.inferences.all()[-1].body == sent.decode()


@pytest.mark.parametrize(
    "more",
    [
        '"seed": 123456789012345678901234567890',
        '"user": "\\ud800"',
        '"temperature": 1e400',
        '"x": ' + "[" * 200 + "]" * 200,
        '"messages": "@preset/careful"',
        '"model": ["@preset/careful"]',
        '"temperature": 3',
    ],
)
def test_a_bad_request_is_as_bad_with_a_preset(more: str) -> None:
    """It gets the 400 that it gets without one."""
    _, app = served()
    base = '{"model": %s, "messages": [{"role": "user", "content": "Hi"}], "user": "@preset/careful", '
    used, plain = (
        ask(app, "POST", CHAT, (base % json.dumps(model) + more + "}").encode())
        for model in ("@preset/careful", REASONING)
    )
    assert (used.status, plain.status) == (400, 400)
    assert used.json["error"]["message"] == plain.json["error"]["message"]


def test_a_preset_is_made_of_an_inference() -> None:
    """What was asked, without its conversation, is a preset that asks the same."""
    engine, app = served()
    ask(app, "POST", CHAT, chat("Hello", temperature=0.5, stop=["x"], user="me"))
    asked = dict(recorded(engine))
    made = {"model": asked.pop("model"), "parameters": {k: v for k, v in asked.items() if k not in OWN}}
    assert ask(app, "PUT", "/_emulator/presets/again", made).status == 200
    ask(app, "POST", CHAT, {"model": "@preset/again", "messages": asked["messages"]})
    assert recorded(engine) == {"model": made["model"], **asked}


def test_versions_are_bounded(tmp_path: Path) -> None:
    """The last hundred can be used; an older one is a 404, and renaming moves all of them."""
    _, app = served(tmp_path)
    presets = Presets(tmp_path)
    for number in range(105):
        presets.put("careful", Preset(PLAIN, description=str(number)))
    versions = ask(app, "GET", "/_emulator/presets/careful").json["versions"]
    assert (len(versions), versions[-1]) == (100, 106)
    assert ask(app, "POST", CHAT, chat(model=f"@preset/careful@{versions[0]}")).status == 200
    assert ask(app, "POST", CHAT, chat(model="@preset/careful@1")).status == 404
    for name in ("careful", "taken"):
        ask(app, "PUT", "/_emulator/presets/taken", {"model": PLAIN})
        assert ask(app, "POST", "/_emulator/presets/careful/rename", {"name": name}).status == 400
    ask(app, "POST", "/_emulator/presets/careful/rename", {"name": "new"})
    assert ask(app, "GET", "/_emulator/presets/new").json["versions"] == versions


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
