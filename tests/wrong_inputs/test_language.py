"""What is written into scenarios by mistake, or in the words of other tools, and what the person sees of it."""

from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from support.asgi import ask, make_engine

from emulator.cli import main
from emulator.web.app import create_app


class Case(NamedTuple):
    """What was given, in files by their names, where it was given, and what is seen there."""

    given: dict[str, str]
    where: str
    seen: str


def reply(written: str) -> dict[str, str]:
    """A file with one rule that has this reply."""
    return {"a.yaml": f"rules:\n  - reply: {written}\n"}


def rule(written: str) -> dict[str, str]:
    """A file with this rule."""
    return {"a.yaml": f"rules:\n  - {written}\n"}


HELLO = "rules: [{reply: {text: Hello}}]\n"
CASES = [
    Case(reply("{text: It is 21 degrees: sunny}"), "check", 'quote it: - reply: {text: "It is 21 degrees: sunny"}'),
    Case(reply("{text: Order #5 is late}"), "check", 'quote it in line 2: - reply: {text: "Order #5 is late"}'),
    Case(reply("{text: @home}"), "check", 'quote it: - reply: {text: "@home"}'),
    Case(reply("{text: `code`}"), "check", 'quote it: - reply: {text: "`code`"}'),
    Case(reply("{text: 'It's fine'}"), "check", 'quote it: - reply: {text: "It\'s fine"}'),
    Case(reply('{text: "Hello}'), "check", "this quote is never closed"),
    Case(reply("{text: &hello world}"), "check", "a text that begins with & must be in quotes"),
    Case(reply("{text: !hello world}"), "check", "a text that begins with ! must be in quotes"),
    Case(reply("{text: Hello}}"), "check", "this } closes nothing"),
    Case(reply("{text: [Hello}"), "check", "is the [ in line 2 closed?"),
    Case(reply("{text: Hello, world}"), "check", "a text that contains a comma must be in quotes"),
    Case({"a.yaml": "rules:\n\t- reply: {text: a}\n"}, "check", "a tab cannot indent; use spaces"),
    Case(reply("{text: Hello, delay: 2s}"), "check", "write stream: {first_token: 2s}"),
    Case(reply("{text: Hello, latency: 200}"), "check", "write stream: {first_token: 2s}"),
    Case(reply("{status: 429}"), "check", "write error: 429"),
    Case(reply("{content: Hello}"), "check", "write text: Hello"),
    Case(reply("{timeout: 30s}"), "check", "write faults: [{stall: 30s, before: response}]"),
    Case(reply("{disconnect: true}"), "check", "write faults: [{hangup: truncate, after: {tokens: 5}}]"),
    Case(reply("{error: too_many_requests}"), "check", "write rate_limited"),
    Case(reply("{error: 200}"), "check", "an error's status from 400 to 599, got 200"),
    Case(reply("{text: a, usage: {input_tokens: 3}}"), "check", "write prompt_tokens: 9"),
    Case(reply("{faults: [{hangup: close, before: response}]}"), "check", 'got "close"; write end'),
    Case(rule("{match: hello, reply: {text: a}}"), "check", "write when: {last_user: hello}"),
    Case(rule("{when: {last_user: hello}, response: Hi}"), "check", "write reply: {text: Hello}"),
    Case(rule("{when: {regex: a}, reply: {text: a}}"), "check", "write last_user: {matches: 'order \\d+'}"),
    Case(rule("{when: {last_user: {pattern: a}}, reply: {}}"), "check", "write matches: 'order \\d+'"),
    Case({"a.yaml": "responses: []"}, "check", "write rules: [{when: {last_user: {contains: weather}}"),
    Case({"a.yaml": "account: {rpm: 3}"}, "check", "write keys: {default: {requests_per_minute: 3}}"),
    Case({"a.yaml": "account: {keys: {default: {tpm: 3}}}"}, "check", "write tokens_per_minute: 1000"),
    Case({"a.yaml": f"name: x\naliases: [x]\n{HELLO}"}, "check", "this is the scenario's name"),
    Case({"a.yaml": f"name: x\n{HELLO}", "b/c.yaml": f"name: x\n{HELLO}"}, "check", '"x" already belongs to'),
    Case({"notes.txt": "hello"}, "check", "there is no scenario in stories"),
    Case({}, "check", "there is no scenario in stories"),
    Case({"a.json": '{"rules": [{"reply": {"txt": "\\ud83c\\udf89"}}]}'}, "check", 'did you mean "text"?'),
    Case(
        {"a.yaml": "rules: [{when: {tools: Read}, reply: {}}, {when: {tool_result: Read}, reply: {}}]"},
        "check --strict",
        "warning: stories/a.yaml:1:1: rules[1]: no request reaches this rule: rules[0] (line 1)",
    ),
    Case({"a.yaml": HELLO}, "scenarios helo", "There is no scenario 'helo'. Did you mean 'hello'?"),
    Case({"a.yaml": f"name: sunny\n{HELLO}"}, "PUT cloudy", 'its name is \\"sunny\\", but it is put as \\"cloudy\\"'),
    Case({"a.yaml": f"aliases: [stormy]\n{HELLO}"}, "PUT a, PUT stormy", "already belongs to the scenario in a.yaml"),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.where}: {case.seen}"[:70] for case in CASES])
def test_what_is_wrong_is_seen_where_it_was_given(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command fails or the request is refused, and what is printed or answered says what to write."""
    monkeypatch.chdir(tmp_path)
    Path("stories").mkdir()
    for name, text in case.given.items():
        path = Path("stories", name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    if case.where.startswith("PUT"):
        app = create_app(make_engine())
        for step in case.where.split(", "):
            route = f"/_emulator/scenarios/{step.removeprefix('PUT ')}"
            answer = ask(app, "PUT", route, next(iter(case.given.values())).encode())
        code, seen = answer.status, answer.body.decode()
    else:
        command, *arguments = case.where.split()
        folder = ["stories"] if command == "check" else ["--scenarios", "stories"]
        done = CliRunner().invoke(main, [command, *arguments, *folder])
        code, seen = done.exit_code, done.output
    assert case.seen in seen
    assert code in (1, 400)
