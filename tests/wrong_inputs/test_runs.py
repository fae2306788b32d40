"""What somebody sees who starts the emulator or uses it in a test in a wrong way: none of it is silent."""

import os
import re
import socket
import subprocess
import sys
import unittest
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

import openai  # noqa: F401 (so that the runs in this process find it imported)
import pytest
from click.testing import CliRunner
from support.served import ROOT, served

from emulator import Emulator
from emulator.cli import main

NAMED = [] if entry_points(group="pytest11", name="akashml") else ["-p", "emulator.pytest_plugin"]
STORY = "rules: [{name: sunny, reply: {text: It is sunny.}}]\nexpect: [{rule: sunny, times: 1}]\n"
BROKEN = "rules: [{reply: {txt: It is sunny.}}]\n"


class Wrong(NamedTuple):
    """A wrong input: `given` to what, and what is `seen` where. Both may have {port}, which is taken, and {pid}."""

    given: str
    to: str
    seen: str
    where: str


ROWS = [
    # ------------------------------------------------------------------------------------------ starting a server
    Wrong("--scenarios nowhere", "serve", "Error: there is no folder nowhere", "exit 1"),
    Wrong("--scenarios story.yaml", "serve", "Error: story.yaml is a file: --scenarios takes a folder, and", "exit 1"),
    Wrong(
        "--scenarios empty",
        "serve",
        "Warning: empty has no scenarios: their files end in .yaml, .yml or .json",
        "stderr",
    ),
    Wrong("--scenarios mixed", "serve", 'mixed/broken.yaml:1:18: rules[0].reply: unknown key "txt"', "stderr"),
    Wrong("--scenarios mixed", "serve", "Warning: 1 of 2 files in mixed has mistakes", "stderr"),
    Wrong("--scenarios mixed --scenario broken", "serve", 'unknown key "txt"; did you mean "text"?', "exit 1"),
    Wrong("--scenario helo", "serve", "no scenario .*helo.*id you mean .*hello", "exit 1"),
    Wrong("--scenario nowhere.yaml", "serve", "Error: nowhere.yaml: cannot be read: No such file", "exit 1"),
    Wrong(
        "--key abc --auth format", "serve", 'setting "keys" has no effect with auth format: leave auth out', "exit 1"
    ),
    Wrong("--set keys=abc --set auth=open", "serve", 'setting "keys" has no effect with auth open', "exit 1"),
    Wrong("--auth strict", "serve", "No key is accepted yet: add --key KEY, or make one with POST", "banner"),
    Wrong("--port {port}", "serve", "Error: cannot listen: Address already in use", "exit 1"),
    Wrong("--port-file mixed", "serve", "Error: cannot write mixed: it is a folder", "exit 1"),
    Wrong("--port-file no/such/file", "serve", "Error: cannot write no/such/file:", "exit 1"),
    # ------------------------------------------------------------------------------------------ waiting for it
    Wrong(
        "--port-file story.yaml", "wait", "--port-file needs --pid: an old file may have the port of another", "exit 2"
    ),
    Wrong(
        "127.0.0.1:1 --port-file x --pid 1", "wait", "the address is either URL or in --port-file, not both", "exit 2"
    ),
    Wrong("--port-file x --pid {pid} --timeout 0", "wait", "there is no port in x yet", "exit 1"),
    Wrong("--pid 99999999", "wait", "the process 99999999 has ended; its own output says why", "exit 1"),
    Wrong("{url} --pid 1 --timeout 0", "wait", "another server answers there: its process is not 1", "exit 1"),
    # ------------------------------------------------------------------------------------------ without an extra
    Wrong("--upstream http://127.0.0.1:1 --out x.yaml", "record", "pip install httpx, or in a checkout", "exit 1"),
    Wrong("--upstream http://127.0.0.1:1", "drift", "pip install -e '.[record]'", "exit 1"),
    # ------------------------------------------------------------------------------------------ Python
    Wrong('Emulator("hello")', "Python", "takes 1 positional argument but 2 were given", "TypeError"),
    Wrong(
        'Emulator(scenaro="hello")', "Python", 'unknown setting "scenaro"; did you mean "scenario"?', "SettingsError"
    ),
    Wrong('Emulator(scenario="helo")', "Python", "no scenario 'helo'.*id you mean 'hello'?", "LookupError"),
    Wrong(
        'Emulator(scenario="stroy.yaml")', "Python", 'no such file in .*; did you mean "story.yaml"', "ScenarioError"
    ),
    Wrong('Emulator(scenario="story")', "Python", "no scenario 'story'.* name ends in .yaml", "LookupError"),
    Wrong('Emulator(keys=("abc",), auth="open")', "Python", '"keys" has no effect with auth open', "SettingsError"),
    Wrong('Emulator(credits="5 USD")', "Python", 'did you mean account={"credits": ...}?', "SettingsError"),
    Wrong("Emulator().clock.advance(1)", "Python", "is not running: use it inside its `with` block", "RuntimeError"),
    Wrong('@emulated(scenario="helo")', "a decorator", "no scenario 'helo'", "LookupError"),
    Wrong(
        '@emulated(scenario="nowhere.yaml")', "a decorator", "cannot be read: there is no such file", "ScenarioError"
    ),
    Wrong(
        '@emulated(scenario="story.yaml")', "a decorator", "'sunny' was to answer once; it answered never", "Assertion"
    ),
    # ------------------------------------------------------------------------------------------ unittest
    Wrong('akashml = "hello"', "unittest", 'such as {"scenario": "hello"}, got \'hello\'', "TypeError"),
    Wrong('akashml = {"scenaro": "hello"}', "unittest", 'did you mean "scenario"?', "SettingsError"),
    Wrong('akashml = {"scenario": "helo"}', "unittest", "id you mean 'hello'?", "LookupError"),
    Wrong('akashml = {"scenario": "nowhere.yaml"}', "unittest", "there is no such file", "ScenarioError"),
    Wrong(
        'akashml = {"scenario": "story.yaml"}', "unittest", "'sunny' was to answer once; it answered never", "Assertion"
    ),
    # ------------------------------------------------------------------------------------------ pytest
    Wrong('@pytest.mark.akashml("hello")', "pytest", "the marker has keywords only: write scenario='hello'", "error"),
    Wrong(
        '@pytest.mark.akashml(scenaro="hello")',
        "pytest",
        'unknown setting "scenaro"; did you mean "scenario"?',
        "error",
    ),
    Wrong('@pytest.mark.akashml(scenario="helo")', "pytest", "no scenario 'helo'.*id you mean 'hello'?", "error"),
    Wrong('@pytest.mark.akashml(scenario="stroy.yaml")', "pytest", 'did you mean "story.yaml"?', "error"),
    Wrong('@pytest.mark.akashml(scenario="mixed/broken.yaml")', "pytest", 'unknown key "txt"', "error"),
    Wrong('@pytest.mark.akashml(keys="abc", auth="format")', "pytest", "has no effect with auth format", "error"),
    Wrong(
        '@pytest.mark.akashml(scenario="hello")\n@pytest.mark.akashml(scenario="refusal")',
        "pytest",
        "two markers in one place set scenario: keep one of them",
        "error",
    ),
    Wrong(
        '@pytest.mark.parametrize("akashml", ["hello"], indirect=True)',
        "pytest",
        "the fixture takes no parameter, got 'hello': use @pytest.mark.akashml",
        "error",
    ),
    Wrong(
        '@pytest.mark.akashml(scenario="story.yaml")',
        "pytest",
        "'sunny' was to answer once; it answered never",
        "error",
    ),
]


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a good file, a folder with a good and a bad one, and an empty folder."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    for name in ("mixed", "empty"):
        (pytester.path / name).mkdir()
    for name, text in (("story.yaml", STORY), ("mixed/good.yaml", STORY), ("mixed/broken.yaml", BROKEN)):
        (pytester.path / name).write_text(text)
    return pytester.path


def at_the_command_line(command: str, given: str, where: str) -> str:
    """What a command prints that ends by itself, with the exit code."""
    done = CliRunner().invoke(main, [command, *given.split()])
    assert f"exit {done.exit_code}" == where, done.output
    return done.output


def without_httpx(command: str, given: str) -> str:
    """What a command prints where the extra `record` is not installed."""
    program = "import sys; sys.modules['httpx'] = None; from emulator.cli import main; main()"
    environment = {**os.environ, "AKASHML_API_KEY": "akml-any"}
    line = [sys.executable, "-c", program, command, *given.split()]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    return done.stderr


def of_a_server(given: str, where: str) -> str:
    """What a server prints that starts in spite of it."""
    banner = where == "banner"
    with served(*given.split(), "--log-level", "error", form="banner" if banner else "json") as server:
        printed = "".join(server.lines_until("    -d")) if banner else ""
        ended = server.stop()
    assert ended.code == 0
    return printed if banner else ended.stderr


def raised(where: str, run: Callable[[], Any]) -> str:
    """The message of the exception that this raises."""
    with pytest.raises(Exception) as failure:
        run()
    assert type(failure.value).__name__.startswith(where)
    return str(failure.value)


def executed(code: str, folder: Path) -> dict[str, Any]:
    """The names of a module in the working directory with this code."""
    names: dict[str, Any] = {"__file__": str(folder / "test_it.py"), "__name__": "test_it"}
    exec(f"import unittest\nfrom emulator import *\n{code}", names)  # noqa: S102 (the code is above)
    return names


def of_a_test_case(given: str, where: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The failure of a test case."""
    module = type(sys)("test_it")
    monkeypatch.setitem(sys.modules, "test_it", module)
    case = f"class Case(AkashMLMixin, unittest.TestCase):\n    {given}\n    def test_it(self): pass\n"
    vars(module).update(executed(case, folder))
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(module.Case).run(result)
    ((_, told),) = [*result.errors, *result.failures]
    assert where in told
    return told


def of_pytest(given: str, pytester: pytest.Pytester) -> str:
    """What pytest prints of a test that is an error."""
    fixture = "akashml" if "parametrize" in given else ""
    pytester.makepyfile(f"import pytest\n\n{given}\ndef test_it({fixture}):\n    pass\n")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *NAMED)
    assert result.parseoutcomes().get("errors") == 1
    return result.stdout.str()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.to}: {row.given}"[:70])
def test_a_wrong_input_is_told(
    row: Wrong, folder: Path, pytester: pytest.Pytester, akash: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person sees what is wrong, in the place where they look."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        given = row.given.replace("{port}", str(port)).replace("{pid}", str(os.getpid())).replace("{url}", akash.url)
        match row.to:
            case "serve" if row.where in ("stderr", "banner"):
                seen = of_a_server(given.replace("--scenarios ", f"--scenarios {folder}/"), row.where)
                seen = seen.replace(f"{folder}/", "")
            case "serve":
                seen = at_the_command_line("serve", f"--port 0 {given}" if "--port " not in given else given, row.where)
            case "record" | "drift":
                seen = without_httpx(row.to, given)
            case "wait":
                seen = at_the_command_line("wait", given, row.where)
            case "Python":
                seen = raised(row.where, lambda: executed(given, folder))
            case "a decorator":
                function = executed(f"{given}\ndef run(akash): pass", folder)["run"]
                seen = raised(row.where, function)
            case "unittest":
                seen = of_a_test_case(given, row.where, folder, monkeypatch)
            case _:
                seen = of_pytest(given, pytester)
    assert re.search(row.seen if ".*" in row.seen else re.escape(row.seen), seen), seen


def test_the_rows_are_many() -> None:
    """Each door has some, and no row stands twice."""
    assert len(ROWS) == len(set(ROWS)) >= 40
    assert {"serve", "wait", "record", "drift", "Python", "a decorator", "unittest", "pytest"} == {
        row.to for row in ROWS
    }
