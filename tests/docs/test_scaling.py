"""docs/scaling.md: its examples serve, and the names in Redis are those that it lists."""

import json
import re
from typing import Any

import pytest
import yaml
from support.asgi import CHAT, chat
from support.redis_server import needs_redis, new_url, redis_server
from support.served import ROOT, get, post, served

PAGE = (ROOT / "docs" / "scaling.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def redis() -> None:
    """Skip the test where there is no Redis."""
    needs_redis()


def commands() -> list[list[str]]:
    """The arguments with which the examples start a server."""
    compose = yaml.safe_load((ROOT / "compose.redis.yaml").read_text())["services"]["akashml"]["command"]
    manifest: list[Any] = [*yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text())]
    pods = [each["spec"]["template"]["spec"]["containers"][0] for each in manifest if each["kind"] == "Deployment"]
    return [compose, *(pod["args"] for pod in pods)]


@pytest.mark.parametrize("command", commands(), ids=["compose", "kubernetes"])
def test_an_example_serves(command: list[str]) -> None:
    """Its command starts a server that keeps its state in the Redis beside it."""
    assert any(re.fullmatch(r"--store=redis://[a-z-]+:6379/0\?prefix=akml", argument) for argument in command)
    places = {"--store": new_url(), "--host": "127.0.0.1", "--scenarios": str(ROOT / "scenarios")}
    given = [f"{name}={places.get(name, value)}" for name, _, value in (each.partition("=") for each in command[1:])]
    with served(*[each.removesuffix("=") for each in given], "--log-level", "error") as server:
        assert server.ask(get("/_emulator/ready")).startswith(b"HTTP/1.1 200 ")
        assert server.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")


def test_the_names_in_redis_are_listed() -> None:
    """Whatever a server has stored is under a name that the page lists, with a fingerprint in place of a key."""
    url = new_url()
    prefix = url.rpartition("=")[2]
    listed = set(re.findall(r"`(?:akml:\{\w+\})?:(\w+)(?::[A-Z]+)?`", PAGE)) | {"check"}
    with served("--store", url, "--credits", "5", "--concurrency", "3", "--log-level", "error") as server:
        server.ask(post(CHAT, chat(), key="akml-secret-0123456789"))
        server.ask(get("/_emulator/metrics"))
        server.ask(post("/_emulator/clock", {"advance": "1s"}))
        assert len(json.loads(server.ask(get("/_emulator/inferences")).partition(b"\r\n\r\n")[2])["inferences"]) == 1
        names = redis_server().ask("KEYS", f"{prefix}:*").decode().split("\r\n")[2::2]
    assert {name.partition("}:")[2].partition(":")[0] for name in names} <= listed
    assert {"state", "seen", "record", "clock", "metrics"} <= listed
    assert not any("secret" in name for name in names)
