"""Saving a scenario into its file: only into the folder that is watched, and only what was read before."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.types import ASGIApp
from support.asgi import CHAT, Exchange, activate, ask, chat, make_engine

from emulator.engine import Engine
from emulator.scenario.watch import reload
from emulator.web.app import create_app

MINE = "name: mine\nrules: [{reply: {text: One.}}]\n"
OTHER = MINE.replace("One", "Two")


def editing(folder: Path) -> tuple[Engine, ASGIApp]:
    """An app of which the scenarios in a folder may be saved: one in a file, and one in a folder below."""
    (folder / "deep").mkdir(parents=True)
    (folder / "mine.yaml").write_text(MINE)
    (folder / "deep" / "other.yaml").write_text(MINE.replace("mine", "other"))
    engine = make_engine()
    engine.library.add_folder(folder)
    return engine, create_app(engine, edited=folder)


def source(app: ASGIApp, name: str) -> Any:
    return ask(app, "GET", f"/_emulator/scenarios/{name}/source").json


def saved(app: ASGIApp, name: str, text: str | bytes, digest: str | None) -> Exchange:
    """An attempt to save a text over the one with this digest."""
    query = "" if digest is None else f"?digest={digest}"
    body = text if isinstance(text, bytes) else text.encode()
    return ask(app, "PUT", f"/_emulator/scenarios/{name}/source{query}", body)


def said(app: ASGIApp, key: str) -> str:
    """What the scenario of a key answers."""
    text: str = ask(app, "POST", CHAT, chat(), key=key).json["choices"][0]["message"]["content"]
    return text


def test_a_scenario_is_saved_into_its_file(tmp_path: Path) -> None:
    """It plays at once, can be saved again with its new digest, and is not read again because it was saved."""
    engine, app = editing(tmp_path / "stories")
    found = source(app, "mine")
    assert (found["text"], found["writable"], said(app, "akml-mine")) == (MINE, True, "One.")
    done = saved(app, "mine", OTHER, found["digest"])
    assert (done.status, done.json) == (200, source(app, "mine"))
    assert ((tmp_path / "stories" / "mine.yaml").read_text(), said(app, "akml-mine")) == (OTHER, "Two.")
    before = engine.library.get("mine")
    reload(engine.library, tmp_path / "stories" / "mine.yaml")
    assert engine.library.get("mine") is before
    assert saved(app, "mine", MINE, done.json["digest"]).status == 200
    assert saved(app, "other", OTHER.replace("mine", "other"), source(app, "other")["digest"]).status == 200
    assert sorted(path.name for path in (tmp_path / "stories").rglob("*.*")) == ["mine.yaml", "other.yaml"]


def test_a_file_that_was_changed_meanwhile_stays(tmp_path: Path) -> None:
    """A 409 for a file that says something else than what was read, and what was written there stays."""
    _, app = editing(tmp_path / "stories")
    digest, file = source(app, "mine")["digest"], tmp_path / "stories" / "mine.yaml"
    file.write_text(MINE.replace("One", "Three"))
    refused = saved(app, "mine", OTHER, digest)
    assert (refused.status, refused.json["error"]["code"], "Three" in file.read_text()) == (409, "file_changed", True)
    file.unlink()
    assert saved(app, "mine", OTHER, digest).status == 400
    assert not file.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: mine\nruels: []\n", "ruels"),
        ("", ""),
        (OTHER.replace("mine", "yours"), 'its name is "yours"'),
        (OTHER + "aliases: [other]\n", "other"),
    ],
)
def test_a_text_with_mistakes_is_not_saved(text: str, words: str, tmp_path: Path) -> None:
    """The loader's mistakes are told with their lines, and the file is as before."""
    _, app = editing(tmp_path / "stories")
    refused = saved(app, "mine", text, source(app, "mine")["digest"])
    (mistake,) = refused.json["mistakes"]
    assert (refused.status, words in mistake["message"], mistake["line"] >= 0) == (400, True, True)
    assert ((tmp_path / "stories" / "mine.yaml").read_text(), said(app, "akml-mine")) == (MINE, "One.")


def test_a_file_with_mistakes_is_mended(tmp_path: Path) -> None:
    """Its text can be read, and a good one saved in its place."""
    _, app = editing(tmp_path / "stories")
    (tmp_path / "stories" / "mine.yaml").write_text("name: mine\nruels: []\n")
    found = source(app, "mine")
    assert (found["writable"], saved(app, "mine", MINE, found["digest"]).status) == (True, 200)
    assert said(app, "akml-mine") == "One."


@pytest.mark.parametrize("body", [b"\xff\xfe", MINE.encode() + b"\x80"])
def test_no_byte_is_replaced(body: bytes, tmp_path: Path) -> None:
    """What is no UTF-8 is refused instead of being saved as something else."""
    _, app = editing(tmp_path / "stories")
    refused = saved(app, "mine", body, source(app, "mine")["digest"])
    assert (refused.status, "UTF-8" in refused.json["error"]["message"]) == (400, True)
    assert (tmp_path / "stories" / "mine.yaml").read_text() == MINE


@pytest.mark.parametrize("digest", [None, "0" * 32, "x"])
def test_nothing_is_saved_unread(digest: str | None, tmp_path: Path) -> None:
    """Without the digest of the text that was read, or with another, the file stays."""
    _, app = editing(tmp_path / "stories")
    assert saved(app, "mine", OTHER, digest).status == (400 if digest is None else 409)
    assert (tmp_path / "stories" / "mine.yaml").read_text() == MINE


@pytest.mark.parametrize("name", ["hello", "429", "put", "linked", "outside"])
def test_nothing_else_is_written(name: str, tmp_path: Path) -> None:
    """Neither a shipped scenario, nor one that is built in or was put, nor what a link in the folder leads to."""
    outside = tmp_path / "outside.yaml"
    outside.write_text(MINE.replace("mine", "linked"))
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / "linked.yaml").symlink_to(outside)
    engine = make_engine()
    engine.library.add_folder(tmp_path / "stories")
    (tmp_path / "far.yaml").write_text(MINE.replace("mine", "outside"))
    engine.library.add_files([tmp_path / "far.yaml"])
    engine.library.put("put", MINE.replace("mine", "put"))
    app = create_app(engine, edited=tmp_path / "stories")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")}
    found = source(app, name)
    assert (found["writable"], found["digest"]) == (False, None)
    refused = saved(app, name, MINE.replace("mine", name), "0" * 32)
    assert (refused.status, "cannot be saved" in refused.json["error"]["message"]) == (400, True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")} == before


@pytest.mark.parametrize(
    "name", ["../outside", "..%2foutside", "%2e%2e/mine", "/etc/passwd", "mine.yaml", "mine\x00", "stories/mine", "."]
)
def test_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    """A file is found by the name of its scenario only."""
    _, app = editing(tmp_path / "stories")
    (tmp_path / "outside.yaml").write_text(MINE)
    for asked in (name, quote(name, safe="")):
        refused = saved(app, asked, OTHER, "0" * 32)
        assert refused.status in (400, 404, 405)
    assert (tmp_path / "outside.yaml").read_text() == MINE


def test_a_server_that_does_not_watch_writes_nothing(tmp_path: Path) -> None:
    """Its scenarios cannot be saved, though they can be read."""
    engine, _ = editing(tmp_path / "stories")
    app = create_app(engine)
    found = source(app, "mine")
    assert (found["text"], found["writable"]) == (MINE, False)
    assert saved(app, "mine", OTHER, "0" * 32).status == 400


def test_a_folder_may_be_reached_by_a_link(tmp_path: Path) -> None:
    """The folder is the user's choice: only what is in it may lead nowhere else."""
    editing(tmp_path / "stories")
    (tmp_path / "link").symlink_to(tmp_path / "stories")
    engine = make_engine()
    engine.library.add_folder(tmp_path / "link")
    app = create_app(engine, edited=tmp_path / "link")
    assert saved(app, "mine", OTHER, source(app, "mine")["digest"]).status == 200
    assert (tmp_path / "stories" / "mine.yaml").read_text() == OTHER


def test_the_doors_are_before_the_file(tmp_path: Path) -> None:
    """A page of another origin, another host and a missing token are refused before anything is read."""
    engine, _ = editing(tmp_path / "stories")
    app = create_app(engine, edited=tmp_path / "stories")
    digest = source(app, "mine")["digest"]
    path = f"/_emulator/scenarios/mine/source?digest={digest}"
    assert ask(app, "PUT", path, OTHER.encode(), headers={"origin": "https://evil.example"}).status == 403
    closed = create_app(make_engine(control_token="a-long-token-of-mine"), edited=tmp_path / "stories")
    assert ask(closed, "PUT", path, OTHER.encode()).status == 401
    assert (tmp_path / "stories" / "mine.yaml").read_text() == MINE


def test_what_is_saved_plays_from_its_beginning(tmp_path: Path) -> None:
    """Also for a key for which it was activated."""
    engine, app = editing(tmp_path / "stories")
    activate(engine, "mine", "akml-x")
    turns = "name: mine\nrules: [{replies: [{text: A., times: 1}, {text: B.}]}]\n"
    assert saved(app, "mine", turns, source(app, "mine")["digest"]).status == 200
    assert [said(app, "akml-x"), said(app, "akml-x")] == ["A.", "B."]
    assert saved(app, "mine", f"{turns}# again\n", source(app, "mine")["digest"]).status == 200
    assert said(app, "akml-x") == "A."
