"""Presets in a folder: whatever is in it, and whoever else writes there, nothing hangs and nothing is lost."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp
from support.asgi import CHAT, PLAIN, Exchange, ask, chat, make_engine

from emulator.core.prompt_sizes import LONG
from emulator.web.app import create_app
from emulator.web.preset_files import LAST_VERSION, MOST_BYTES
from emulator.web.presets import Presets

MODEL = f"model: {PLAIN}\n"
NEW = {"model": PLAIN, "description": "new"}


def serving(folder: Path | None) -> ASGIApp:
    return create_app(make_engine(), presets=Presets(folder))


def made(folder: Path, kind: str) -> Path:
    """A file of the preset odd in a folder, of some kind."""
    path, outside = folder / "odd.yaml", folder.parent / "outside.yaml"
    match kind:
        case "a pipe":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case "a link to a file":
            outside.write_text(MODEL)
            path.symlink_to(outside)
        case "a link to nothing":
            path.symlink_to(outside)
        case "a link to itself":
            path.symlink_to(path)
        case "a link to a device":
            path.symlink_to("/dev/zero")
        case "too long":
            path.write_text(f"{MODEL}# {'x' * MOST_BYTES}\nsystem: cut\n")
        case "no UTF-8":
            path.write_bytes(f"{MODEL}description: ".encode() + b"\xff\n")
        case "a bomb":
            lines = "".join(
                f"  {b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
            )
            path.write_text(f"{MODEL}parameters:\n  a: &a [x]\n{lines}")
        case _:
            path.write_text(kind)
    return path


UNUSABLE = ("a pipe", "a folder", "a link to nothing", "a link to itself", "a link to a device")
WRONG = ("too long", "no UTF-8", "a bomb", "", "- 1", "model: 1", "modle: x", "{", "version: 1", f"{MODEL}version: 1.5")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of presets, with a good one."""
    made = tmp_path / "presets"
    made.mkdir()
    (made / "good.yaml").write_text(MODEL)
    return made


@pytest.mark.parametrize("kind", [*UNUSABLE, *WRONG])
def test_a_file_that_is_no_preset_is_told(kind: str, folder: Path) -> None:
    """By its name, to who uses it and in the list, at once; the others can be used."""
    made(folder, kind)
    app = serving(folder)
    status = 503 if kind in UNUSABLE else 400
    for method, path, body in (
        ("POST", CHAT, chat(model="@preset/odd")),
        ("GET", "/_emulator/presets/odd", None),
    ):
        told = ask(app, method, path, body)
        assert (told.status, "odd.yaml" in told.json["error"]["message"]) == (status, True)
    good, odd = ask(app, "GET", "/_emulator/presets").json["presets"]
    assert (good["mistake"], "odd.yaml" in odd["mistake"]) == (None, True)
    assert ask(app, "POST", CHAT, chat(model="@preset/good")).status == 200


@pytest.mark.parametrize("kind", WRONG)
def test_a_file_with_mistakes_is_replaced_and_kept(kind: str, folder: Path) -> None:
    """A new version can be saved over it, and it stays as the version before, byte for byte."""
    before = made(folder, kind).read_bytes()
    app = serving(folder)
    saved = ask(app, "PUT", "/_emulator/presets/odd", NEW)
    assert (saved.status, saved.json["version"], saved.json["description"]) == (200, 2, "new")
    assert (folder / "odd@1.yaml").read_bytes() == before


@pytest.mark.parametrize("kind", ["a link to a file", "a link to nothing", "a link to itself"])
@pytest.mark.parametrize("version", ["", "@1"])
def test_nothing_is_written_through_a_link(kind: str, version: str, folder: Path) -> None:
    """Neither the latest version nor an earlier one: what is outside of the folder, and the folder, stay."""
    made(folder, kind).rename(folder / f"odd{version}.yaml")
    if version:
        (folder / "odd.yaml").write_text(MODEL)
    outside = folder.parent / "outside.yaml"
    before = outside.read_text() if outside.exists() else None
    saved = ask(serving(folder), "PUT", "/_emulator/presets/odd", NEW)
    assert saved.status == (200 if version else 400)
    assert (outside.read_text() if outside.exists() else None) == before
    assert len([*folder.iterdir()]) == (4 if version else 2)


def test_a_link_is_read_renamed_and_deleted(folder: Path) -> None:
    """A preset may be a link to a file elsewhere, which stays."""
    made(folder, "a link to a file")
    app = serving(folder)
    assert ask(app, "POST", CHAT, chat(model="@preset/odd")).status == 200
    assert ask(app, "POST", "/_emulator/presets/odd/rename", {"name": "even"}).json["model"] == PLAIN
    assert (folder / "even.yaml").is_symlink()
    assert ask(app, "DELETE", "/_emulator/presets/even").status == 200
    assert ([each.name for each in folder.iterdir()], (folder.parent / "outside.yaml").exists()) == (
        ["good.yaml"],
        True,
    )


# ---------------------------------------------------------------------------------------------- versions

VERSIONS = st.lists(st.integers(1, 9), max_size=4, unique=True)


@settings(max_examples=60)
@given(VERSIONS, st.none() | st.integers(1, 12))
def test_no_version_is_lost(tmp_path_factory: pytest.TempPathFactory, earlier: list[int], own: int | None) -> None:
    """Whatever numbers the files have that were written by hand, each keeps its text, and a new one is the newest."""
    folder = tmp_path_factory.mktemp("presets")
    for number in earlier:
        (folder / f"mine@{number}.yaml").write_text(f"{MODEL}description: version {number}\n")
    (folder / "mine.yaml").write_text(f"{MODEL}description: latest\n{f'version: {own}' if own else ''}\n")
    app = serving(folder)
    told = {each: described(app, each) for each in versions(app)}
    assert [*told] == sorted({*told})
    assert told == {number: f"version {number}" for number in earlier} | {max(told): "latest"}
    assert ask(app, "PUT", "/_emulator/presets/mine", NEW).json["version"] == max(told) + 1
    assert {each: described(app, each) for each in versions(app)} == told | {max(told) + 1: "new"}


def versions(app: ASGIApp) -> list[int]:
    numbers: list[int] = ask(app, "GET", "/_emulator/presets/mine").json["versions"]
    return numbers


def described(app: ASGIApp, version: int) -> Any:
    found = ask(app, "GET", f"/_emulator/presets/mine?version={version}").json
    assert found["version"] == version
    return found["description"]


def test_an_earlier_version_without_a_latest_one_stays(folder: Path) -> None:
    """It can be used, a preset of its name is newer, and none is renamed to its name."""
    (folder / "mine@3.yaml").write_text(MODEL)
    app = serving(folder)
    assert ask(app, "POST", CHAT, chat(model="@preset/mine@3")).status == 200
    assert ask(app, "POST", "/_emulator/presets/good/rename", {"name": "mine"}).status == 400
    assert ask(app, "PUT", "/_emulator/presets/mine", NEW).json["versions"] == [3, 4]


def test_versions_end(folder: Path) -> None:
    """A version that no request could name is not made."""
    (folder / "mine.yaml").write_text(f"{MODEL}version: {LAST_VERSION}\n")
    refused = ask(serving(folder), "PUT", "/_emulator/presets/mine", NEW)
    assert (refused.status, "no more versions" in refused.json["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    "name", ["good@1", "good@2", "good.yaml", "Good", "..", "%2e%2e", "a%2fb", "good%00", "x" * 300]
)
@pytest.mark.parametrize("stored", ["memory", "files"])
def test_only_a_name_names_a_preset(name: str, stored: str, folder: Path) -> None:
    """A version is a parameter of its own: a name with one is a 404 for each route, and nothing is changed."""
    app = serving(folder if stored == "files" else None)
    ask(app, "PUT", "/_emulator/presets/good", NEW)
    before = ask(app, "GET", "/_emulator/presets").json
    for method, more, body in (("GET", "", None), ("DELETE", "", None), ("POST", "/rename", {"name": "new"})):
        assert ask(app, method, f"/_emulator/presets/{name}{more}", body).status == 404
    assert ask(app, "GET", "/_emulator/presets").json == before


@pytest.mark.parametrize(
    "model", ["@preset", "@preset/", "@presets/good", "@Preset/good", "@PRESET/good@1", "@preset/good@01"]
)
def test_a_preset_that_is_written_otherwise_is_no_model(model: str, folder: Path) -> None:
    """It is a 404, also where every other name has an answer."""
    app = create_app(make_engine(any_model=PLAIN), presets=Presets(folder))
    told = ask(app, "POST", CHAT, chat(model=model))
    assert (told.status, "preset" in told.json["error"]["message"]) == (404, True)
    assert ask(app, "POST", CHAT, chat(model="@cf/some-model")).status == 200


def test_a_preset_has_an_end(folder: Path) -> None:
    """One that would be too long to be read is refused before it is written."""
    app = serving(folder)
    refused = ask(app, "PUT", "/_emulator/presets/good", {**NEW, "system": "x" * MOST_BYTES})
    assert (refused.status, f"{MOST_BYTES:,} bytes" in refused.json["error"]["message"]) == (400, True)
    assert ask(app, "GET", "/_emulator/presets/good").json["versions"] == [1]


def test_each_of_many_savers_makes_a_version(folder: Path) -> None:
    """Of two servers with one folder, at the same time."""

    async def save() -> list[int]:
        apps = [serving(folder), serving(folder)]
        body = [Exchange(apps[each % 2], "PUT", "/_emulator/presets/mine", NEW).run() for each in range(20)]
        return [each.json["version"] for each in await asyncio.gather(*body)]

    assert sorted(asyncio.run(save())) == [*range(1, 21)]


def test_what_other_processes_do_not_see_is_not_saved() -> None:
    """Several workers without a folder refuse to save, and say what to do."""
    app = create_app(make_engine(), presets=Presets(shared=True))
    refused = ask(app, "PUT", "/_emulator/presets/mine", NEW)
    assert (refused.status, "--presets FOLDER" in refused.json["error"]["message"]) == (400, True)
    assert ask(app, "GET", "/_emulator/presets").json == {"folder": None, "presets": []}


def test_a_folder_that_is_gone_is_told(folder: Path) -> None:
    """Every route, and a request, says that the presets cannot be used."""
    app = serving(folder)
    (folder / "good.yaml").unlink()
    folder.rmdir()
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "/good", NEW),
        ("DELETE", "/good", None),
        ("POST", "/good/rename", {"name": "new"}),
    ):
        told = ask(app, method, f"/_emulator/presets{path}", body)
        assert (told.status, "presets cannot be" in told.json["error"]["message"]) == (503, True)


def test_a_preset_of_a_model_that_is_gone_is_told(folder: Path) -> None:
    """In the list and to who uses it, unless a scenario has the model, or another one answers to its name."""
    (folder / "good.yaml").write_text("model: gone/model\n")
    engine = make_engine()
    app = create_app(engine, presets=Presets(folder))

    def mistake(app: ASGIApp) -> Any:
        return ask(app, "GET", "/_emulator/presets").json["presets"][0]["mistake"]

    assert mistake(app) == "The model 'gone/model' does not exist."
    assert ask(app, "POST", CHAT, chat(model="@preset/good")).status == 404
    assert mistake(create_app(make_engine(any_model=PLAIN), presets=Presets(folder))) is None
    text = f"name: mine\nmodels: {{gone/model: {{like: {PLAIN}}}}}\nrules: [{{reply: {{text: Hello.}}}}]\n"
    assert ask(app, "PUT", "/_emulator/scenarios/mine", text.encode()).status == 200
    assert mistake(app) is None
    assert ask(app, "POST", CHAT, chat(model="@preset/good"), key="akml-mine").status == 200


def test_a_long_request_may_use_a_preset(folder: Path) -> None:
    """It is read in a thread, as every long request is."""
    engine = make_engine()
    app = create_app(engine, presets=Presets(folder))
    body = chat("Hello", model="@preset/good", metadata={"note": "x" * LONG})
    assert ask(app, "POST", CHAT, body).status == 200
    assert engine.store.inferences.all()[-1].model == PLAIN
