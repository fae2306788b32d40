"""Every code block of the README runs, against a live emulator."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import pytest

from emulator import Emulator
from emulator.core.catalog import Catalog
from emulator.scenario.loader import load_text

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
TIMEOUT = 60


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def here(text: str, akash: Emulator) -> str:
    """The block, with the README's address replaced by that of the running emulator."""
    return text.replace("http://127.0.0.1:8402", akash.url)


def run(command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=TIMEOUT, check=False, cwd=ROOT)


def test_every_block_is_of_a_kind_that_is_run() -> None:
    """A block in a language that no test runs would be a claim without proof."""
    assert {name for name, _ in BLOCKS} == {"sh", "python", "js", "yaml"}


@pytest.mark.parametrize("block", [block for block in blocks("python") if "def test_" in block])
def test_pytest(block: str, tmp_path: Path) -> None:
    """A block that is a test passes with the plugin, and nothing but the package installed."""
    (tmp_path / "test_block.py").write_text(block)
    named = [] if entry_points(group="pytest11", name="akashml") else ["-p", "emulator.pytest_plugin"]
    done = run([sys.executable, "-W", "error", "-m", "pytest", *named, "-q", "--rootdir", str(tmp_path), str(tmp_path)])
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("block", [block for block in blocks("python") if "def test_" not in block])
def test_python(block: str, akash: Emulator) -> None:
    """A Python block runs as a program, without a warning, and says something or asserts it."""
    done = run([sys.executable, "-W", "error", "-"], here(block, akash))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() or "assert" in block


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("block", [block for block in blocks("sh") if "curl" in block])
def test_curl(block: str, akash: Emulator) -> None:
    """A curl block gets an answer, or the error that it asks for."""
    done = run(["bash", "-e"], here(block.replace("curl ", "curl -sS ", 1), akash))
    assert (done.returncode, done.stderr) == (0, "")
    assert ('"finish_reason":"stop"' in done.stdout) or done.stdout.startswith("HTTP/1.1 429 Too Many Requests")


@pytest.mark.parametrize("block", blocks("yaml"))
def test_yaml(block: str) -> None:
    """A YAML block is a scenario without mistakes."""
    assert load_text(block, "block.yaml", catalog=Catalog.load()).rules


def test_the_explanation() -> None:
    """The README's explanation is the one that its scenario gives to a request that no rule matches."""
    (scenario,) = blocks("yaml")
    body = {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hello!"}]}
    with Emulator(scenario=scenario) as akash:
        httpx.post(
            f"{akash.openai_base_url}/chat/completions", json=body, headers={"Authorization": f"Bearer {akash.key}"}
        )
        (asked,) = akash.inferences
    (check,) = asked.rules
    assert f"    {asked.why}\n      {check.rule}  line {check.line}    {check.result} " in README


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_environment_of_claude_code(akash: Emulator) -> None:
    """Each model that the block names answers at the address that it sets, with the key that it sets."""
    (block,) = [block for block in blocks("sh") if "claude" in block]
    body = r"{\"model\": \"$model\", \"max_tokens\": 9, \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}"
    asking = f"""
for model in $ANTHROPIC_DEFAULT_OPUS_MODEL $ANTHROPIC_DEFAULT_SONNET_MODEL $ANTHROPIC_DEFAULT_HAIKU_MODEL; do
  curl --fail -sS "$ANTHROPIC_BASE_URL/v1/messages?beta=true" \\
    -H "Authorization: Bearer $ANTHROPIC_AUTH_TOKEN" -d "{body}"
done
"""
    done = run(["bash", "-e"], here(block.replace("claude\n", asking), akash))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count('"type":"message"') == 3


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
@pytest.mark.parametrize("block", blocks("js"))
def test_javascript_parses(block: str, tmp_path: Path) -> None:
    """A JavaScript block is a program that Node.js accepts (its SDK is not installed by make)."""
    program = tmp_path / "block.mjs"
    program.write_text(block)
    assert run(["node", "--check", str(program)]).returncode == 0


def test_the_two_commands_are_targets() -> None:
    """The README's first commands exist in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
