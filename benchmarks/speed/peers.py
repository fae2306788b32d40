"""The other mock servers: where they come from, and how each is told to answer every question with one text."""

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .servers import ROOT

CACHE = ROOT / ".cache" / "peers"


class Skipped(Exception):
    """A peer cannot be measured here; the text says why."""


@dataclass(frozen=True)
class Peer:
    """Another mock server.

    `package` is its name on npm, or on PyPI if it is `python`; without one, `unavailable` says why it cannot be had.
    `configured` writes its files into a folder and returns the arguments of its program. `goals` are how many times as
    fast the emulator shall be, whole and streamed.
    """

    name: str
    package: str = ""
    program: str = ""
    configured: Callable[[Path, int, str], list[str]] = lambda folder, port, text: []
    environment: Callable[[Path, int], dict[str, str]] = lambda folder, port: {}
    prepare: Callable[[int, str], None] = lambda port, text: None
    python: bool = False
    goals: tuple[float, float] = (0, 0)
    unavailable: str = ""

    @property
    def home(self) -> Path:
        """The folder that it is installed in."""
        return CACHE / self.name

    @property
    def executable(self) -> Path:
        """Its program."""
        return self.home / ("bin" if self.python else "node_modules/.bin") / self.program

    def install(self) -> None:
        """Install it, unless it is there."""
        if self.unavailable:
            raise Skipped(self.unavailable)
        if self.executable.exists():
            return
        if not self.python and not shutil.which("npm"):
            raise Skipped("needs Node.js and npm")
        for command in self.commands():
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise Skipped(f"cannot be installed: {error}") from error
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["no reason is given"]
                errors = [line for line in lines if "error" in line.lower()]
                raise Skipped(f"cannot be installed: {(errors or lines)[0]}")

    def commands(self) -> list[list[str]]:
        """The commands that install it."""
        if self.python:
            pip = [str(self.home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
            return [[sys.executable, "-m", "venv", str(self.home)], [*pip, "install", self.package]]
        return [["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(self.home), self.package]]

    def command(self, folder: Path, port: int, text: str) -> list[str]:
        """The command that serves the text."""
        return [str(self.executable), *self.configured(folder, port, text)]


def written(folder: Path, name: str, value: object) -> str:
    """The path of a file with a value as JSON, which is YAML too."""
    (folder / name).write_text(json.dumps(value))
    return str(folder / name)


def aimock(folder: Path, port: int, text: str) -> list[str]:
    fixtures = {"fixtures": [{"match": {"userMessage": "harbour"}, "response": {"content": text}}]}
    file = written(folder, "fixtures.json", fixtures)
    return ["--port", str(port), "--fixtures", file, "--chunk-size", "6", "--latency", "0", "--log-level", "silent"]


def mock_llm(folder: Path, port: int, text: str) -> list[str]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    answer = {"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [choice]}
    rule = {
        "path": "/v1/chat/completions",
        "method": "POST",
        "match": "@",
        "response": {"status": 200, "content": json.dumps(answer)},
    }
    settings = {"streaming": {"chunkSize": 6, "chunkIntervalMs": 0}, "rules": [rule]}
    return ["--config", written(folder, "mock-llm.yaml", settings)]


def stubllm(folder: Path, port: int, text: str) -> list[str]:
    response = {"content": text, "stream_chunk_delay_ms": 0}
    match = {"provider": "openai", "messages": [{"role": "user", "content": {"contains": "harbour"}}]}
    file = written(folder, "fixtures.yaml", {"fixtures": [{"name": "harbour", "match": match, "response": response}]})
    return ["serve", "--port", str(port), "--fixture-file", file, "--log-level", "warning"]


def fakellm(folder: Path, port: int, text: str) -> list[str]:
    rule = {"name": "harbour", "when": {"messages_contain": "harbour"}, "respond": {"content": text}}
    file = written(folder, "fakellm.yaml", {"version": 1, "rules": [rule]})
    return ["serve", "--port", str(port), "--config", file]


def mockllm(folder: Path, port: int, text: str) -> list[str]:
    settings = {"responses": {}, "defaults": {"unknown_response": text}, "settings": {"lag_enabled": False}}
    return ["start", "--port", str(port), "--responses", written(folder, "responses.yml", settings)]


def llmock(folder: Path, port: int, text: str) -> list[str]:
    return ["serve", "--port", str(port), "--log-level", "warning"]


def llmock_reply(port: int, text: str) -> None:
    """Ask it to answer every request with the text."""
    body = json.dumps({"behaviors": [{"type": "reply", "text": text, "times": None}]}).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}/_llmock/scenario", body, headers), timeout=10
    ).close()


OF_PYTHON = (5, 30)
RUST = "is only published as a Rust crate"
PEERS = (
    Peer("aimock", "@copilotkit/aimock@1", "llmock", aimock, goals=(2, 4)),
    Peer("mock-llm", "@dwmkerr/mock-llm@0.1", "mock-llm", mock_llm, lambda folder, port: {"PORT": str(port)}),
    Peer("stubllm", "stubllm", "stubllm", stubllm, python=True, goals=OF_PYTHON),
    Peer("fakellm", "fakellm", "fakellm", fakellm, python=True, goals=OF_PYTHON),
    Peer("llmock", "llmock", "llmock", llmock, prepare=llmock_reply, python=True, goals=OF_PYTHON),
    Peer("mockllm", "mockllm", "mockllm", mockllm, python=True, goals=OF_PYTHON),
    Peer("llmposter", unavailable=RUST),
    Peer("VidaiMock", unavailable=RUST),
    Peer("MockServer", unavailable="is published for Java; its npm package downloads the program from elsewhere"),
)
