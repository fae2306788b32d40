"""What `verify` and the filters of the record are given by mistake, and what the person sees of it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import httpx
import pytest
from click.testing import CliRunner

from emulator import Emulator
from emulator.account.keys import label
from emulator.cli import main

SEEN, TWICE = label("akml-checkout"), label("akml-twice-asked")
STORY = "name: s\nrules: [{name: r, reply: {text: Hi.}}]\nexpect: [{rule: r, times: 1}]\n"


class Case(NamedTuple):
    """What was given, where, and what is seen there."""

    given: str
    where: str
    run: Callable[[Emulator], str]
    seen: Sequence[str]


def command(*arguments: str, code: int = 1) -> Callable[[Emulator], str]:
    """Run the command line against the emulator; returns what it printed."""

    def run(akash: Emulator) -> str:
        name, *others = arguments
        result = CliRunner().invoke(main, [name, "--url", akash.url, *others])
        assert result.exit_code == code
        return result.output

    return run


def route(path: str, status: int) -> Callable[[Emulator], str]:
    """Ask a control route of the emulator; returns the body of its response."""

    def run(akash: Emulator) -> str:
        response = httpx.get(f"{akash.url}/_emulator/{path}")
        assert response.status_code == status
        return response.text

    return run


def python(call: Callable[[Emulator], object]) -> Callable[[Emulator], str]:
    """Call something that raises AssertionError; returns its message."""

    def run(akash: Emulator) -> str:
        with pytest.raises(AssertionError) as raised:
            call(akash)
        return str(raised.value)

    return run


def ask(akash: Emulator, key: str = "akml-checkout") -> None:
    """Send one request with a key."""
    body: dict[str, Any] = {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hi"}]}
    httpx.post(f"{akash.openai_base_url}/chat/completions", json=body, headers={"authorization": f"Bearer {key}"})


def after(*steps: Callable[[Emulator], object], run: Callable[[Emulator], str]) -> Callable[[Emulator], str]:
    """Take these steps first."""

    def stepped(akash: Emulator) -> str:
        for step in steps:
            step(akash)
        return run(akash)

    return stepped


def ask_twice(akash: Emulator) -> None:
    """Send two requests with another key."""
    for _ in range(2):
        ask(akash, "akml-twice-asked")


NOTHING = "nothing was asked of this server since it started or was reset"
OUTCOMES = "outcome is one of running, completed, failed, hung up, cut by client, or failed: and the kind of an error"
CASES = [
    Case("a key with a typo", "verify", command("verify", "--key", "akml-chekout"), [f"did you mean {SEEN}?"]),
    Case(
        "a key that never asked",
        "verify",
        command("verify", "--key", "sk-other"),
        ["0 requests", f"nothing was asked of this key; keys seen: {SEEN}"],
    ),
    Case(
        "a key that never asked",
        "verify --format junit",
        command("verify", "--key", "sk-other", "--format", "junit"),
        [f'<failure message="nothing was asked of this key; keys seen: {SEEN}">'],
    ),
    Case(
        "a key that never asked",
        "verify --format json",
        command("verify", "--key", "sk-other", "--format", "json"),
        ['"ok":false', f'"nothing_asked":"nothing was asked of this key; keys seen: {SEEN}"'],
    ),
    Case("a key that never asked", "GET /_emulator/verdict", route("verdict?key=akml-chek", 200), ['"ok":false']),
    Case(
        "one of two keys that played the story once too often",
        "verify",
        after(ask_twice, run=command("verify")),
        [f"2 requests, key {TWICE}, scenario s: not good", f"1 request, key {SEEN}, scenario s: good", "2 keys"],
    ),
    Case("no request at all", "verify", after(Emulator.reset, run=command("verify")), [NOTHING]),
    Case(
        "no request at all",
        "Emulator.verify()",
        after(Emulator.reset, run=python(Emulator.verify)),
        [NOTHING, "the rule 'r' was to answer once; it answered never"],
    ),
    Case(
        "no request at all",
        "Session.verify()",
        python(lambda akash: akash.session("other").verify()),
        [f"nothing was asked of this key; keys seen: {SEEN}"],
    ),
    Case("format=jnuit", "GET /_emulator/verify", route("verify?format=jnuit", 400), ["format is json, text or junit"]),
    Case("a typo", "GET /_emulator/verify", route("verify?kye=akml-x", 400), ["'kye': did you mean 'key'?"]),
    Case("a typo", "GET /_emulator/verdict", route("verdict?most_atempts=3", 400), ["did you mean 'most_attempts'?"]),
    Case("most_attempts=0", "GET /_emulator/verify", route("verify?most_attempts=0", 400), ["a whole number from 1"]),
    Case("--format jnuit", "verify", command("verify", "--format", "jnuit", code=2), ["'jnuit' is not one of"]),
    Case("--most-attempts 0", "verify", command("verify", "--most-attempts", "0", code=2), ["0 is not in the range"]),
    Case(
        "--outcome complted",
        "inferences",
        command("inferences", "--outcome", "complted"),
        [OUTCOMES, "not complted; did you mean completed?"],
    ),
    Case("--outcome 200", "inferences", command("inferences", "--outcome", "200"), [f"{OUTCOMES}, not 200"]),
    Case(
        "an unknown kind of error",
        "inferences",
        command("inferences", "--outcome", "failed: rate_limit"),
        ["did you mean rate_limited?"],
    ),
    Case(
        "endpoint=chats",
        "GET /_emulator/inferences",
        route("inferences?endpoint=chats", 400),
        ["endpoint is one of chat, completions, messages", "not chats; did you mean chat?"],
    ),
    Case(
        "a filter with a typo", "GET /_emulator/inferences", route("inferences?modle=x", 400), ["did you mean 'model'?"]
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.given} ({case.where})")
def test_what_is_wrong_is_told(case: Case) -> None:
    """Each of these is answered by a failure that says what is wrong, and by the nearest word where there is one."""
    with Emulator(scenario=STORY) as akash:
        ask(akash)
        told = case.run(akash)
    assert [words for words in case.seen if words not in told] == []
