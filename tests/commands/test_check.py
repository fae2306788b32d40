"""check and explain: scenarios looked at without a server."""

import json
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.asgi import chat, completion, message
from support.served import post, served

from emulator.cli import main

GOOD = """
rules:
  - name: weather
    when: {last_user: {contains: weather}}
    reply: {text: "It is sunny."}
"""
BROKEN = "rules:\n  - reply: {txt: hi}\n  - reply: {text: hi, times: 0}\n"


def run(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    result = CliRunner().invoke(main, list(map(str, arguments)))
    return result.exit_code, result.output


def test_check_counts_good_scenarios(tmp_path: Path) -> None:
    """Files and folders of them; a good one exits with 0."""
    (tmp_path / "good.yaml").write_text(GOOD)
    assert run("check", tmp_path) == (0, "1 of 1 scenarios are good\n")
    assert run("check", tmp_path / "good.yaml")[0] == 0


def test_check_tells_all_mistakes_of_all_files(tmp_path: Path) -> None:
    """Each with its place and its line, in one run; the exit code is 1."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "broken.yaml").write_text(BROKEN)
    code, output = run("check", tmp_path)
    assert code == 1
    assert f'{tmp_path / "broken.yaml"}:2:13: rules[0].reply: unknown key "txt"; did you mean "text"?' in output
    assert "broken.yaml:3:" in output
    assert output.endswith("1 of 2 scenarios are good\n")


def test_check_tells_mistakes_as_data(tmp_path: Path) -> None:
    """--json is for programs."""
    (tmp_path / "broken.yaml").write_text(BROKEN)
    code, output = run("check", tmp_path / "broken.yaml", "--json")
    assert code == 1
    assert (json.loads(output)[0]["line"], json.loads(output)[0]["path"]) == (2, "rules[0].reply")


@pytest.mark.parametrize(
    ("written", "cut"),
    [
        ("text: Order #5", "#5"),
        ("text: Two of them  #6 and #7  ", "#6 and #7"),
        ("text: Hello # a greeting", ""),
        ("text: 'Order #5'", ""),
        ("text: Order#5", ""),
        ("text: |\n    Order #5", ""),
    ],
)
def test_check_warns_of_a_text_that_a_comment_cuts(written: str, cut: str, tmp_path: Path) -> None:
    """What follows a space and `#` is a comment in YAML; without a space behind the sign it was meant as text."""
    (tmp_path / "a.yaml").write_text(f"rules:\n- reply:\n   {written}\n")
    code, output = run("check", "--strict", tmp_path)
    assert (code, f'the text ends before "{cut}"' in output) == (1 if cut else 0, bool(cut))


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        ("last_user: Order #5", "last_user"),
        ("system: {ends_with: Order #5\n }", "ends_with"),
        ("tool_result:\n    content: Order #5", "content"),
    ],
)
def test_check_warns_of_a_condition_that_a_comment_cuts(condition: str, key: str, tmp_path: Path) -> None:
    """It would match other requests than those it seems to be for."""
    (tmp_path / "a.yaml").write_text(f"rules:\n- when:\n   {condition}\n  reply: {{text: Hello}}\n")
    assert f'{key}: the text ends before "#5"' in run("check", tmp_path)[1]


@pytest.mark.parametrize("body", [chat("the weather?"), completion("the weather?"), message("the weather?")])
def test_explain_names_the_rule_that_answers(body: object, tmp_path: Path) -> None:
    """A request of any endpoint is recognised by its fields."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "request.json").write_text(json.dumps(body))
    code, output = run("explain", tmp_path / "good.yaml", tmp_path / "request.json")
    assert code == 0
    assert output.splitlines() == [
        "The rule 'weather' (line 3) of the scenario 'good' (chosen by the command line) matches: "
        'it expects last_user to contain "weather".',
        '  weather  line 3    answered     last_user to contain "weather"',
    ]


def test_explain_tells_what_differed(tmp_path: Path) -> None:
    """No rule answers: the nearest are named with what each expected and what came."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "request.json").write_text(json.dumps(chat("hello")))
    code, output = run("explain", tmp_path / "good.yaml", tmp_path / "request.json")
    assert code == 1
    assert output.splitlines()[1:] == [
        '  weather  line 3    differs      last_user: expected to contain "weather", got "hello"',
    ]


@pytest.mark.parametrize("request_text", ["{", '{"model": "m", "messages": []}'])
def test_explain_refuses_what_the_api_would_refuse(request_text: str, tmp_path: Path) -> None:
    """A request that is none is told in a line."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "request.json").write_text(request_text)
    code, output = run("explain", tmp_path / "good.yaml", tmp_path / "request.json")
    assert (code, output.startswith("Error: ")) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--scenario", "helo"], "There is no scenario 'helo'. Did you mean 'hello'?"),
        (["serve", "--scenarios", "no-such-folder"], "there is no folder no-such-folder"),
    ],
)
def test_serve_tells_what_it_cannot_play(arguments: list[str], words: str) -> None:
    """A name that is unknown gets the nearest, before anything listens."""
    assert run(*arguments) == (1, f"Error: {words}\n")


def test_serve_tells_all_mistakes_of_a_folder(tmp_path: Path) -> None:
    """A server starts without the scenarios that it cannot play, and tells why, also to who asks for one."""
    (tmp_path / "deep").mkdir()
    for name, text in {"deep/broken.yaml": BROKEN, "good.yaml": GOOD, "again.yaml": f"name: good\n{GOOD}"}.items():
        (tmp_path / name).write_text(text)
    with served("--scenarios", str(tmp_path)) as server:
        told = server.ask(post("/v1/chat/completions", chat("hi"), key="akml-broken"))
        ended = server.stop(signal.SIGTERM)
    assert b" 400 " in told and b"'broken' cannot be played" in told
    assert 'unknown key "txt"' in ended.stderr and "rules[1]" in ended.stderr
    assert '"good" already belongs to the scenario in' in ended.stderr


def test_serve_does_not_start_without_the_scenario_that_it_is_to_play(tmp_path: Path) -> None:
    """A file that is named has to be good."""
    (tmp_path / "broken.yaml").write_text(BROKEN)
    broken = str(tmp_path / "broken.yaml")
    for arguments in (["--scenario", broken], ["--scenarios", str(tmp_path), "--scenario", "broken"]):
        code, output = run("serve", *arguments)
        assert code == 1
        assert 'unknown key "txt"' in output and "rules[1]" in output


def test_check_on_nothing_fails(tmp_path: Path) -> None:
    """An empty folder, one without scenarios, and a file that is not there."""
    for path in (tmp_path, tmp_path / "sub"):
        path.mkdir(exist_ok=True)
        (path / "notes.txt").write_text("hello")
        told = f"Error: there is no scenario in {path}: no file *.yaml, *.yml or *.json\n"
        assert run("check", path) == (1, told)
    assert run("check", tmp_path / "none.yaml") == (
        1,
        f"{tmp_path / 'none.yaml'}: cannot be read: No such file or directory\n0 of 1 scenarios are good\n",
    )
    assert run("check")[0] == 2


def test_check_warns_of_rules_that_no_request_reaches(tmp_path: Path) -> None:
    """With the places of both; it exits with 1 only if it is to be strict."""
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub/loop.json"
    rules = [{"when": when, "reply": {"text": "a"}} for when in ({"tools": "Read"}, {"tool_result": "Read"})]
    path.write_text(json.dumps({"rules": rules}, indent=1))
    code, output = run("check", tmp_path)
    assert (code, output.splitlines()) == (
        0,
        [
            f"warning: {path}:11:1: rules[1]: no request reaches this rule: "
            "rules[0] (line 3) answers whatever it matches (a client that sends a tool's result offers the tool); "
            "put this one first",
            "1 of 1 scenarios are good; warnings: 1",
        ],
    )
    assert run("check", tmp_path, "--strict") == (1, output)
    (warning,) = json.loads(run("check", tmp_path, "--json")[1])
    assert (warning["line"], warning["warning"]) == (11, True)


def test_a_bad_file_in_a_folder_does_not_keep_the_others_from_playing(tmp_path: Path) -> None:
    """The server starts and warns of it; asking for it tells the mistakes again."""
    (tmp_path / "broken.yaml").write_text(BROKEN)
    (tmp_path / "good.yaml").write_text("rules: [{reply: {text: All is well.}}]")
    with served("--scenarios", str(tmp_path), "--log-level", "error") as server:
        good, bad = (
            server.ask(post("/v1/chat/completions", chat(), key=f"akml-{name}")) for name in ("good", "broken")
        )
        ended = server.stop()
    assert b"All is well." in good
    assert bad.startswith(b"HTTP/1.1 400 ") and b"broken.yaml" in bad
    assert f"Warning: {tmp_path / 'broken.yaml'}:" in ended.stderr and 'unknown key "txt"' in ended.stderr
    assert f"Warning: 1 of 2 files in {tmp_path} has mistakes" in ended.stderr


def test_schema_is_json() -> None:
    """What editors read is printed."""
    code, output = run("schema")
    assert (code, json.loads(output)["$schema"]) == (0, "https://json-schema.org/draft/2020-12/schema")
