"""What serve prints once it answers: it can be pasted, and works."""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from support.served import HAS_IPV6, NO_IPV6, PATIENCE, get, read_all, served

from emulator.core.clock import patience

PROXIES = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:9")
NONE = dict.fromkeys((*PROXIES, "NO_PROXY", "no_proxy"), "")


def pasted(banner: list[str], environment: dict[str, str]) -> str:
    """What the commands of a banner print in a shell, with the variables of the SDKs at the end."""
    script = "".join([*banner[1:], 'echo; echo "$OPENAI_BASE_URL $OPENAI_API_KEY $ANTHROPIC_AUTH_TOKEN"'])
    done = subprocess.run(
        ["sh"], input=script, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize(
    ("flags", "key"),
    [
        ([], "akml-local"),
        (["--key", "abc"], "abc"),
        (["--key", "a $HOME 'b'"], "a $HOME 'b'"),
        (["--set", "keys=abc,def"], "abc"),
        (["--auth", "strict", "--key", "akml-mine", "--key", "akml-other"], "akml-mine"),
        (["--auth", "open"], "akml-local"),
        *([(["--host", each], "akml-local") for each in ("::", "0::0", "::1")] if HAS_IPV6 else []),
        (["--host", "0.0.0.0"], "akml-local"),  # noqa: S104
        (["--host", "localhost"], "akml-local"),
        (["--host", "LOCALHOST"], "akml-local"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
@pytest.mark.parametrize("environment", [NONE, PROXIES], ids=["", "behind a proxy"])
def test_the_banner_can_be_pasted(flags: list[str], key: str, environment: dict[str, str]) -> None:
    """Its curl line gets an answer, whatever the key, the host and the proxies of the environment."""
    with served(*flags, "--log-level", "error", form="banner", environment=environment) as server:
        printed = pasted(server.lines_until("    -d"), environment)
        port = re.findall(r":(\d+)/v1", printed)[0]
    answer, variables = printed.strip().rsplit("\n", 1)
    assert json.loads(answer).get("object") == "chat.completion", answer
    assert variables.endswith(f":{port}/v1 {key} {key}")


def test_naming_a_key_makes_auth_strict() -> None:
    """Another key is refused, for a flag without an effect would be silent."""
    with served("--key", "abc", "--log-level", "error") as server:
        assert json.loads(server.first)["key"] == "abc"
        for key, status in (("abc", b"200"), ("akml-local", b"401")):
            assert server.ask(get("/v1/models/zai-org/GLM-5.3", key)).split(b" ")[1] == status


def test_without_a_key_that_is_accepted() -> None:
    """With strict auth and no key, JSON has none."""
    with served("--auth", "strict", "--log-level", "error") as server:
        assert json.loads(server.first)["key"] is None


@pytest.mark.skipif(not HAS_IPV6, reason=NO_IPV6)
@pytest.mark.parametrize("host", ["::", "0::0", "localhost"])
def test_both_families_answer(host: str) -> None:
    """Clients that try ::1 and those that try 127.0.0.1 reach the same server."""
    with served("--host", host, "--log-level", "error") as server:
        for address in ("127.0.0.1", "::1"):
            with socket.create_connection((address, server.port), timeout=PATIENCE) as connection:
                connection.sendall(get("/_emulator/health"))
                assert read_all(connection).startswith(b"HTTP/1.1 200 ")
        assert server.stop().code == 0


@pytest.mark.parametrize("flags", [[], ["--control-token", "a&b#c"]], ids=["", "with a token"])
def test_the_console_is_opened_in_the_browser(flags: list[str], tmp_path: Path) -> None:
    """With --open, the browser gets the address that the banner has, and it leads to the page."""
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    with served("--open", *flags, "--log-level", "error", environment={"BROWSER": str(browser)}) as server:
        for _ in patience(PATIENCE):
            if opened.exists():
                break
        base, _, path = opened.read_text().partition("/_emulator/")
        answer = server.ask(get(f"/_emulator/{path}"))
    assert base == server.url
    status, location = (b"303", b"/_emulator/") if flags else (b"200", b"")
    assert (answer.split(b" ")[1], location in answer) == (status, True)
