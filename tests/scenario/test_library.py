"""The scenarios that a server knows: what each is called, which file it is in, and what happens when that changes."""

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import ask, chat, make_engine

from emulator.core.catalog import Catalog
from emulator.core.errors import ERRORS
from emulator.engine import Engine
from emulator.scenario.layers import scenario_files
from emulator.scenario.library import SHIPPED, Library
from emulator.scenario.loader import load_file, load_text
from emulator.scenario.names import names_in
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.statuses import STATUSES
from emulator.scenario.watch import reload
from emulator.web.app import create_app

CATALOG = Catalog.load()
REPLY = "rules: [{reply: {text: %}}]\n"


def story(text: str, head: str = "") -> str:
    """A scenario that always says one text, with more keys before its rules."""
    return head + REPLY.replace("%", text)


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write these files, with the folders that they are in."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def library_of(*folders: Path) -> Library:
    """The library of these folders, without the shipped ones."""
    return Library(CATALOG, folders)


def text_of(library: Library, name: str) -> str:
    """What the scenario of this name says."""
    loaded = library.get(name)
    assert loaded is not None, library.unknown(name)
    (choice,) = loaded.scenario.rules[0].replies[0].choices
    return str(choice.text.text) if not isinstance(choice.text, str) else choice.text


# ---------------------------------------------------------------------------------------------- names


def test_the_name_in_a_file_decides(tmp_path: Path) -> None:
    """The file's own name is only used if there is none in it; then it leads to the right one."""
    library = library_of(write(tmp_path, {"first-try.yaml": story("a", "name: sunny\n"), "plain.yml": story("b")}))
    assert library.names() == ["plain", "sunny"]
    assert (text_of(library, "sunny"), text_of(library, "plain")) == ("a", "b")
    assert "first-try" not in library
    assert library.unknown("first-try") == "There is no scenario 'first-try'. Did you mean 'sunny'?"


def test_aliases_are_names_too(tmp_path: Path) -> None:
    """They find the scenario, which keeps its name; a nearest name can be one of them."""
    library = library_of(write(tmp_path, {"a.yaml": story("a", "name: sunny\naliases: [warm, bright]\n")}))
    found = library.get("warm")
    assert found is not None
    assert (found.scenario.name, found.scenario.aliases) == ("sunny", ("warm", "bright"))
    assert "bright" in library
    assert library.names() == ["sunny"]
    assert (library.nearest("BRIHT"), library.canonical("bright")) == ("bright", "sunny")


@pytest.mark.parametrize(
    ("one", "two", "word"),
    [
        ("name: sunny\n", "name: sunny\n", "sunny"),
        ("name: a\naliases: [sunny]\n", "name: sunny\n", "sunny"),
        ("name: a\naliases: [x, warm]\n", "name: b\naliases:\n  - warm\n", "warm"),
    ],
)
def test_a_name_or_alias_of_two_scenarios_is_a_mistake(tmp_path: Path, one: str, two: str, word: str) -> None:
    """Both places are told, and who asks for it is told too; every other name is played."""
    write(tmp_path, {"one.yaml": story("1", one), "sub/two.yaml": story("2", two), "other.yaml": story("3")})
    library = library_of(tmp_path)
    (clash,) = library.clashes()
    told = clash.render()
    assert str(tmp_path / "one.yaml:") in told
    assert str(tmp_path / "sub/two.yaml:") in told
    with pytest.raises(ScenarioError, match=f'"{word}" already belongs to'):
        library.get(word)
    assert text_of(library, "other") == "3"


def test_each_further_scenario_of_a_name_is_a_mistake(tmp_path: Path) -> None:
    """Of three files with one name, two are told, whatever they are called."""
    write(tmp_path, {name: story("1", "name: sunny\n") for name in ("a.yaml", "b.yaml", "sunny.yaml")})
    told = [clash.render() for clash in library_of(tmp_path).clashes()]
    assert [str(tmp_path / name) in each for name, each in zip(("b.yaml", "sunny.yaml"), told, strict=True)] == [
        True
    ] * 2


def test_a_later_folder_overrides_an_earlier_one(tmp_path: Path) -> None:
    """By name, also where a shipped scenario has the name as an alias; that is no mistake."""
    folder = write(tmp_path, {"hello.yaml": story("mine"), "x.yaml": story("slow", "name: ratelimit\n")})
    library = library_of(SHIPPED, folder)
    assert (text_of(library, "hello"), text_of(library, "ratelimit")) == ("mine", "slow")
    assert library.clashes() == ()
    assert library.canonical("rate-limit") == "rate-limited"


def test_shipped_scenarios_are_found_without_reading_them() -> None:
    """Their names and aliases are those that reading finds, and no two are alike."""
    library = library_of(SHIPPED)
    assert "overloaded" in library
    assert list(library) == []
    for path in scenario_files(SHIPPED):
        scenario = load_file(path, catalog=CATALOG)
        assert names_in(path.read_text("utf-8")) == scenario.lines
        assert {library.canonical(word) for word in (scenario.name, *scenario.aliases)} == {scenario.name}
    assert library.clashes() == ()


WRITTEN = st.sampled_from(
    [
        "name: sunny\n",
        "name: 'sunny'  # warm\n",
        '"name": "sunny"\n',
        "name: sunny\r\n",
        "name:\n  sunny\n",
        "name: sunny\n  day\n",
        "name: |\n  sunny\n",
        "name: &a sunny\n",
        "name: null\n",
        "name: [sunny]\n",
        '"na\\u006de": sunny\n',
        "description: |\n  name: cloudy\n",
        "description: a\n  name\n",
        "description: 'a\n\n  name: b'\n",
        "# name: cloudy\n",
        "---\n",
        "aliases: [warm, 'bright']\n",
        "aliases:\n  [warm,\n   bright]\n",
        "aliases: [warm, ]\n",
        "aliases:\n  - warm\n",
        "aliases: []\n",
        "unscripted: fail\n",
        "rules:\n- reply: {text: a}\n",
        "rules: [\nname: x\n]\n",
        "  ",
        "\n",
    ]
)


@given(st.lists(WRITTEN, max_size=5).map("".join))
def test_what_is_found_without_reading_is_what_reading_finds(text: str) -> None:
    """Where the lines do not tell for sure, only reading does; where they do, they are right."""
    found = names_in(text)
    try:
        scenario = load_text(text, "story.yaml", catalog=CATALOG)
    except ScenarioError:
        return
    assert found is None or found == scenario.lines


def test_a_file_whose_lines_mislead_is_called_what_reading_finds(tmp_path: Path) -> None:
    """JSON on one line, a list of aliases, and an indented document."""
    files = {
        "a.json": json.dumps({"name": "one", "aliases": ["uno"], "rules": []}),
        "b.yaml": story("2", "aliases:\n  - dos\nname: two\n"),
        "c.yaml": "  name: three\n  rules: []\n",
    }
    library = library_of(write(tmp_path, files))
    assert library.names() == ["one", "three", "two"]
    assert [library.canonical(word) for word in ("uno", "dos")] == ["one", "two"]


# ---------------------------------------------------------------------------------------------- folders


def test_folders_are_read_to_the_bottom(tmp_path: Path) -> None:
    """YAML and JSON in any depth; no other files, and nothing hidden."""
    files = dict.fromkeys(("a.yaml", "b/c/d.yml", "b/e.JSON", "b/notes.txt", ".git/f.yaml"), story("x"))
    assert [str(path.relative_to(tmp_path)) for path in scenario_files(write(tmp_path, files))] == [
        "a.yaml",
        "b/c/d.yml",
        "b/e.JSON",
    ]


def test_a_file_with_mistakes_keeps_its_name_and_hinders_no_other(tmp_path: Path) -> None:
    """Who asks for it by the name in it is told its mistakes."""
    library = library_of(write(tmp_path, {"x.yaml": "name: broken\nrules: [{reply: {txt: a}}]", "y.yaml": story("b")}))
    assert library.names() == ["broken", "y"]
    with pytest.raises(ScenarioError, match='unknown key "txt"'):
        library.get("broken")
    assert text_of(library, "y") == "b"


def test_a_file_that_is_renamed_inside_is_found_by_its_new_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The old name is gone; a version with mistakes changes nothing; a new file and a deleted one are noticed."""
    caplog.set_level(logging.INFO)
    path, new = tmp_path / "a.yaml", tmp_path / "deep/er/b.yaml"
    library = library_of(write(tmp_path, {"a.yaml": story("1", "name: sunny\naliases: [warm]\n")}))
    assert text_of(library, "warm") == "1"
    path.write_text(story("2", "name: cloudy\n"))
    reload(library, path)
    assert ("sunny" in library, "warm" in library, text_of(library, "cloudy")) == (False, False, "2")
    assert "scenario cloudy is read again; it was sunny" in caplog.text
    path.write_text("name: rainy\nrules: 3\n")
    reload(library, path)
    assert (library.names(), text_of(library, "cloudy")) == (["cloudy"], "2")
    write(tmp_path, {"deep/er/b.yaml": story("3", "name: cloudy\n")})
    reload(library, new)
    assert '"cloudy" already belongs to the scenario in' in caplog.text
    new.unlink()
    reload(library, new, deleted=True)
    assert (library.clashes(), text_of(library, "cloudy")) == ((), "2")
    path.unlink()
    reload(library, path, deleted=True)
    assert library.names() == []


# ---------------------------------------------------------------------------------------------- statuses


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/anthropic/v1/messages"])
def test_a_documented_status_is_a_scenario(status: str, path: str) -> None:
    """Its key plays the error on each request, on either surface; 429 says when to come again."""
    body = {**chat("hello"), "max_tokens": 9}
    app = create_app(make_engine())
    for _ in range(2):
        answer = ask(app, "POST", path, body, headers={"Authorization": f"Bearer akml-{status}--t"})
        assert answer.status == int(status)
        assert (answer.headers.get("retry-after") == "1") == (status == "429")


def test_a_file_named_by_a_status_goes_first(tmp_path: Path) -> None:
    """Built-in ones are not among the names, and cannot be removed."""
    library = library_of()
    assert ("429" in library, library.names(), library.remove("429"), "418" in library) == (True, [], False, False)
    built_in = library.get("429")
    assert built_in is not None
    assert [rule.name for rule in built_in.scenario.rules] == ["error"]
    library.add_folder(write(tmp_path, {"429.yaml": story("mine")}))
    assert text_of(library, "429") == "mine"
    assert set(map(int, STATUSES)) <= {row.status for row in ERRORS.values()}


# ---------------------------------------------------------------------------------------------- over HTTP


def put(engine: Engine, name: str, text: str) -> tuple[int, list[str]]:
    """The status of a PUT, and the messages of its mistakes."""
    answer = ask(create_app(engine), "PUT", f"/_emulator/scenarios/{name}", text.encode())
    return answer.status, [mistake["message"] for mistake in answer.json["mistakes"]]


def test_a_put_has_one_name(tmp_path: Path) -> None:
    """The path's and the text's are the same, and no other scenario has them; mistakes have both places."""
    engine = make_engine()
    engine.library.add_folder(write(tmp_path, {"a.yaml": story("1", "name: sunny\naliases: [warm]\n")}))
    assert put(engine, "rainy", story("2", "name: cloudy\n")) == (
        400,
        ['its name is "cloudy", but it is put as "rainy"; give both the same name'],
    )
    assert put(engine, "warm", story("2"))[1] == [
        f'"warm" already belongs to the scenario in {tmp_path / "a.yaml"}:2; each needs its own'
    ]
    assert put(engine, "rainy", story("2", "aliases: [wet]\n")) == (200, [])
    assert put(engine, "wet", story("3"))[1] == [
        '"wet" already belongs to the scenario in rainy.yaml:1; each needs its own'
    ]
    assert put(engine, "sunny", story("4", "name: sunny\n")) == (200, [])
    assert text_of(engine.library, "wet") == "2"


def test_the_list_has_aliases_errors_and_statuses() -> None:
    """What a client can type, what it is about, and where it comes from."""
    app = create_app(make_engine())
    listed = {each["name"]: each for each in ask(app, "GET", "/_emulator/scenarios").json["scenarios"]}
    assert "too-many-requests" in listed["rate-limited"]["aliases"]
    assert (listed["rate-limited"]["errors"], listed["reset-mid-stream"]["faults"]) == (
        ["429 rate_limited"],
        ["hangup reset"],
    )
    assert (listed["529"]["source"], listed["529"]["errors"]) == ("built in", ["529 no_healthy_backend"])
    assert ask(app, "GET", "/_emulator/scenarios/overloaded").json["name"] == "overloaded-then-recovers"
    refused = ask(app, "DELETE", "/_emulator/scenarios/529")
    assert (refused.status, "built in" in refused.json["error"]["message"]) == (400, True)


def test_an_unknown_name_is_told_in_one_sentence_everywhere() -> None:
    """Over HTTP, in a header, and on activation."""
    engine = make_engine()
    told = engine.library.unknown("helo")
    assert told == "There is no scenario 'helo'. Did you mean 'hello'?"
    app = create_app(engine)
    answers = [
        ask(app, "GET", "/_emulator/scenarios/helo"),
        ask(app, "DELETE", "/_emulator/scenarios/helo"),
        ask(app, "POST", "/_emulator/activate", {"scenario": "helo"}),
        ask(app, "POST", "/v1/chat/completions", chat("hi"), headers={"X-Emulator-Scenario": "helo"}),
    ]
    assert [answer.json["error"]["message"] for answer in answers] == [told] * 4
