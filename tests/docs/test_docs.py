"""Pages of docs/ as their reader follows them: each block runs, and each linked file is there."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.served import PATIENCE, ROOT, post, served

from emulator import Emulator
from emulator.core.catalog import Catalog
from emulator.core.clock import patience
from emulator.core.settings import Setting, settings
from emulator.inferences.exports import FORMATS
from emulator.inferences.verdict.findings import FINDINGS
from emulator.scenario.loader import load_text
from emulator.web.control.rows import ROUTES

DOCS = sorted((ROOT / "docs").glob("*.md"))
READMES = [ROOT / "README.md", *sorted((ROOT / "emulator").rglob("README.md"))]
CI, RECORDING, INFERENCES = (
    (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("ci", "recording", "inferences")
)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def bash(script: str, environment: dict[str, str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return run_script(["bash", "-e"], script, environment, folder)


def run_script(
    shell: list[str], script: str, environment: dict[str, str], folder: Path
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        shell,
        input=script,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=PATIENCE,
        check=False,
    )


def wait_for_end(process: int) -> None:
    """Return once there is no process with this id. Fails if it does not end in time."""
    for _ in patience(PATIENCE):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
    raise AssertionError(f"the process {process} is still there")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which `akashml-emulator` is this one."""
    shim = tmp_path / "bin" / "akashml-emulator"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m emulator "$@"\n')
    shim.chmod(0o755)
    return {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("path", [*DOCS, *READMES, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every file that a page links to is there."""
    linked = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [name for name in linked if not (path.parent / name).exists()] == []


@pytest.mark.parametrize("shell", [["bash", "-e"], ["sh"]], ids=" ".join)
def test_the_script_of_the_pipeline(tmp_path: Path, environment: dict[str, str], shell: list[str]) -> None:
    """It starts a server, waits for it, asks it, and ends it; a second run is not led astray by the first."""
    (script,) = blocks(CI, "sh")
    ports = set()
    for _ in range(2):
        done = run_script(
            shell, f"{script}\ncurl -sS http://127.0.0.1:$(cat port.txt)/_emulator/ready", environment, tmp_path
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert '"status":"ok"' in done.stdout
        (process, _) = json.loads(done.stdout.partition("}")[2])["process"]
        wait_for_end(process)
        ports.add((tmp_path / "port.txt").read_text())
    assert len(ports) == 2


@pytest.mark.parametrize("fixed", [True, False])
def test_the_script_takes_no_other_server_for_its_own(
    tmp_path: Path, environment: dict[str, str], fixed: bool, akash: Emulator
) -> None:
    """With a port that another emulator has, and with its port in an old file, the script ends and asks nothing."""
    (script,) = blocks(CI, "sh")
    port = akash.url.rpartition(":")[2]
    if fixed:
        script = script.replace("--port-file port.txt --print", "--print").replace("--port 0", f"--port {port}")
        script = script.replace("--port-file port.txt", akash.url)
    else:
        (tmp_path / "port.txt").write_text(port)
        script = script.replace("--port 0", "--scenario unknown")
    done = run_script(["sh"], script, environment, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    told, waited = done.stderr.strip().splitlines()
    assert ("Address already in use" if fixed else "There is no scenario 'unknown'") in told
    assert waited.startswith("Error: no emulator: the process ")


def test_the_server_ends_with_the_script(tmp_path: Path, environment: dict[str, str]) -> None:
    """A signal to the shell ends its server too."""
    (script,) = blocks(CI, "sh")
    (tmp_path / "script.sh").write_text(f"{script}\necho\necho $emulator\nwait $emulator\n")
    with subprocess.Popen(
        ["sh", "script.sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as process:
        assert process.stdout is not None
        server = int([process.stdout.readline() for _ in range(2)][1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 1
    wait_for_end(server)


def test_the_workflow() -> None:
    """It gives the action inputs that the action has."""
    (workflow,) = blocks(CI, "yaml")
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    assert yaml.safe_load(workflow)["steps"][1]["with"].keys() <= inputs.keys()


def test_recording_and_serving_what_was_recorded(tmp_path: Path, environment: dict[str, str], akash: Emulator) -> None:
    """Both commands start, with the upstream that is there; what was recorded can be served."""
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / "recorded.yaml").write_text("rules: [{reply: {text: It was recorded.}}]")
    for command in [line for block in blocks(RECORDING, "sh")[:2] for line in block.splitlines()]:
        words = shlex.split(command.replace("https://api.akashml.com", akash.url))
        with subprocess.Popen(
            [*words, "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
        ) as process:
            assert process.stdout is not None
            assert "http://127.0.0.1:" in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
        assert process.returncode == 0


def test_drift(environment: dict[str, str], akash: Emulator) -> None:
    """The command compares, and finds that an emulator is like an emulator."""
    command = blocks(RECORDING, "sh")[2].replace("https://api.akashml.com", akash.url)
    done = bash(command, environment, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_looking_and_verifying(environment: dict[str, str]) -> None:
    """Every command about inferences answers, in every form that the page shows."""
    body = {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hello!"}]}
    with served("--log-level", "error") as server:
        server.ask(post("/v1/chat/completions", body, key="akml-hello"))
        looking, verifying = (block.replace("http://127.0.0.1:8402", server.url) for block in blocks(INFERENCES, "sh"))
        shown = bash(looking, environment, ROOT)
        judged = bash(verifying, environment, ROOT)
    assert (shown.returncode, shown.stderr, judged.returncode, judged.stderr) == (0, "", 0, "")
    assert "by hello/rules[0]: completed" in shown.stdout
    assert "$AKASHML_API_KEY" in shown.stdout
    assert "rules:\n" in shown.stdout
    assert "scenario hello: good" in judged.stdout
    assert 'failures="0"' in judged.stdout


def test_the_routes_and_findings_of_the_page() -> None:
    """They are those that the emulator has."""
    told = set(re.findall(r"^\| GET (/_emulator/[^\s?]+)\S* \|", INFERENCES, re.MULTILINE))
    assert told >= {row.path for row in ROUTES if row.handler.startswith("inferences.")}
    assert told <= {row.path for row in ROUTES}
    findings = re.findall(r"^\| (\S+) \|", INFERENCES.partition("| finding |")[2].partition("\n\n")[0], re.MULTILINE)
    assert findings[1:] == list(FINDINGS)


@pytest.mark.parametrize(
    "setting", [each for each in settings() if type(each.default) in (int, float)], ids=lambda each: each.name
)
def test_the_default_of_a_setting_stands_in_the_table_only(setting: Setting) -> None:
    """Other prose about a number refers to the setting by its name, so that a new default changes one line."""
    pages = [path.read_text(encoding="utf-8") for path in DOCS if path.name != "api.md"]
    texts = [
        text for page in pages for text in re.split(r"\n\n|\n(?=\|)", page) if re.search(rf"\b{setting.name}\b", text)
    ]
    numbers = re.compile(r"\d+(?:\.\d+)? ?(?:[kM]i?B|ms|s|min|m|h)?\b")
    stated = [text for text in texts if setting.default in map(setting_value(setting), numbers.findall(text))]
    assert [text.split("|")[1].strip() for text in stated] == [setting.name]


def setting_value(setting: Setting) -> Callable[[str], object]:
    """What a number means as the value of a setting; None if it is none."""

    def value(text: str) -> object:
        try:
            return setting.notation.of(text.replace(" ", ""))
        except ValueError:
            return None

    return value


def test_the_story_that_expects() -> None:
    """It is a scenario without mistakes, and it expects something."""
    (story,) = blocks(INFERENCES, "yaml")
    assert len(load_text(story, "story.yaml", catalog=Catalog.load()).expect) == 2


@pytest.mark.parametrize("path", sorted({row.path for row in ROUTES}))
def test_every_control_route_is_documented(path: str) -> None:
    """A page of docs/ names it."""
    named = re.compile(re.escape(path) + r"(?![\w/{-])")
    assert [page.name for page in DOCS if named.search(page.read_text(encoding="utf-8"))]


def test_the_formats_of_the_record_are_named() -> None:
    """docs/inferences.md names each format that the record can be read in."""
    (sentence,) = re.findall(r"`format`: ([^;.\n]+)", (ROOT / "docs" / "inferences.md").read_text())
    assert re.findall(r"\w+", sentence.replace(" or ", " ")) == ["json", *FORMATS]
