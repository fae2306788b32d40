"""check and explain: scenarios looked at without a server."""

import json
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
        (["serve", "--scenario", "helo"], "there is no scenario helo; did you mean hello?"),
        (["serve", "--scenarios", "no-such-folder"], "there is no folder no-such-folder"),
    ],
)
def test_serve_tells_what_it_cannot_play(arguments: list[str], words: str) -> None:
    """A name that is unknown gets the nearest, before anything listens."""
    assert run(*arguments) == (1, f"Error: {words}\n")


def test_serve_tells_all_mistakes_of_the_scenario_to_play(tmp_path: Path) -> None:
    """A server does not start with a scenario that it could not play."""
    (tmp_path / "broken.yaml").write_text(BROKEN)
    code, output = run("serve", "--scenarios", tmp_path, "--scenario", "broken")
    assert code == 1
    assert 'unknown key "txt"' in output and "rules[1]" in output


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
