"""The command that lists scenarios."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.asgi import ask, make_engine

from emulator.cli import main
from emulator.scenario.library import SHIPPED
from emulator.web.app import create_app


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    """A folder with a good scenario and one with a mistake."""
    (tmp_path / "sunny.yaml").write_text("description: It is sunny.\nrules: [{reply: {text: Sunny.}}]\n")
    (tmp_path / "broken.yaml").write_text("rules:\n  - reply: {txt: hi}\n")
    return tmp_path


def run(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    result = CliRunner().invoke(main, ["scenarios", *map(str, arguments)])
    return result.exit_code, result.output


def test_shipped_scenarios_are_listed() -> None:
    """All of them by name, each with its description, aliases, errors and faults; the statuses are one group."""
    code, output = run()
    assert code == 0
    assert "\nhello                             A greeting, whatever is asked.\n" in output
    assert "\nreset-mid-stream                  The connection is reset after a few tokens.\n" in output
    assert " [hangup reset]\n" in output
    assert output.endswith(
        "400, 401, 402, 403, 404, 413,     Every request is answered with this error.\n429, 500, 503, 504, 529\n"
    )
    assert max(map(len, output.splitlines())) <= 80
    names = {line.partition(" ")[0] for line in output.splitlines() if line[0].isalpha()}
    assert names == {path.stem for path in SHIPPED.glob("*.yaml")}


def test_a_folder_is_listed_too(stories: Path) -> None:
    """With what is wrong in its files; listing them is no failure."""
    code, output = run("--scenarios", stories)
    assert code == 0
    assert "\nsunny                             It is sunny.\n" in output
    assert "\nbroken                            cannot be played:" in output
    assert "\nhello  " in output
    assert run("--scenarios", stories / "nowhere") == (1, f"Error: there is no folder {stories / 'nowhere'}\n")


def test_one_is_shown_by_name_alias_or_status(stories: Path) -> None:
    """With all that is known of it; an unknown name leads to the nearest."""
    assert run("rate-limited") == run("too-many-requests")
    assert run("rate-limited") == (
        0,
        f"""rate-limited
  description  The rate limit is exceeded, and stays so.
  aliases      rate-limit, ratelimit, ratelimited, rate-limit-exceeded,
               too-many-requests
  errors       429 rate_limited
  source       {SHIPPED / "rate-limited.yaml"}
""",
    )
    assert run("529")[1].splitlines()[2] == "  errors       529 no_healthy_backend"
    assert "  mistake      " in run("broken", "--scenarios", stories)[1]
    assert run("rate-limted") == (1, "Error: There is no scenario 'rate-limted'. Did you mean 'rate-limited'?\n")
    code, output = run("hello", "--json")
    assert (code, json.loads(output)["aliases"], output.count("\n") > 5) == (0, ["hi", "ok", "greeting"], True)


def test_as_json_it_is_the_list_of_the_control_route(stories: Path) -> None:
    """Name, description, source and mistakes are the same as over HTTP."""
    engine = make_engine()
    engine.library.add_folder(stories)
    served = ask(create_app(engine), "GET", "/_emulator/scenarios").json["scenarios"]
    code, output = run("--scenarios", stories, "--json")
    assert (code, json.loads(output)) == (0, served)
