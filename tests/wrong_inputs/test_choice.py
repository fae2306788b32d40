"""Wrong choices of a scenario or an error: what was given, and what the person sees."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from support.asgi import CHAT, MESSAGES, Exchange, ask, chat, make_engine, message

from emulator import Emulator, SettingsError
from emulator.cli import main
from emulator.web.app import create_app


class Wrong(NamedTuple):
    """What was given and where, and words that are seen there."""

    given: str
    where: str
    seen: str
    see: Callable[[], str]


def http(
    key: str = "akml-local", path: str = CHAT, method: str = "POST", settings: Any = None, **headers: str
) -> Callable[[], str]:
    """The status, the warning and the body of an answer."""

    def see() -> str:
        app = create_app(make_engine(**(settings or {})))
        body = message() if path == MESSAGES else chat()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer: Exchange = ask(app, method, path, body, key=key, headers=sent)
        return f"{answer.status} {answer.headers.get('x-emulator-warning', '')} {answer.body.decode()}"

    return see


def command(*line: str) -> Callable[[], str]:
    """The exit code and the output of a command."""

    def see() -> str:
        result = CliRunner().invoke(main, line)
        return f"exit {result.exit_code}: {result.output}"

    return see


def python(**keywords: Any) -> Callable[[], str]:
    """The error of a constructor."""

    def see() -> str:
        with pytest.raises((SettingsError, LookupError, ValueError)) as caught:
            Emulator(**keywords)
        return str(caught.value)

    return see


ROWS = [
    Wrong(
        "key akml-rate-limitd",
        "HTTP",
        "200 The key names no scenario, but nearly 'rate-limit",
        http("akml-rate-limitd"),
    ),
    Wrong("key akml-418", "HTTP", "418 is no status that AkashML documents", http("akml-418")),
    Wrong("key akml-rate-limitd--a", "HTTP", "404  ", http("akml-rate-limitd--a")),
    Wrong(
        "key akml-rate-limitd--a", "HTTP, Anthropic", "Did you mean 'rate-limit", http("akml-rate-limitd--a", MESSAGES)
    ),
    Wrong("key akml-helo, strict_keys", "HTTP", "404 ", http("akml-helo", settings={"strict_keys": True})),
    Wrong("X-Emulator-Scenario: helo", "HTTP", "Did you mean 'hello'?", http(x_emulator_scenario="helo")),
    Wrong("X-Emulator-Error: 200", "HTTP", "expected a status from 400 to 599", http(x_emulator_error="200")),
    Wrong("X-Emulator-Error: overloadd", "HTTP", "did you mean overloaded?", http(x_emulator_error="overloadd")),
    Wrong("X-Emulator-Scenaro: hello", "HTTP", "x-emulator-scenario", http(x_emulator_scenaro="hello")),
    Wrong("X-Emulator-Retry-After: 2", "HTTP", "400  ", http(x_emulator_retry_after="2")),
    Wrong("key akml--x", "HTTP", "404  ", http("akml--x")),
    Wrong(
        "both headers",
        "HTTP",
        "exclude each other",
        http(x_emulator_error="429", x_emulator_scenario="hello"),
    ),
    Wrong(
        "POST /chat/completions", "HTTP", "the base URL of the client has to end in /v1", http(path="/chat/completions")
    ),
    Wrong(
        "POST /v1/v1/chat/completions",
        "HTTP",
        "Did you mean /v1/chat/completions?",
        http(path="/v1/v1/chat/completions"),
    ),
    Wrong("POST /v1/responses", "HTTP", "Did you mean /v1/chat/completions?", http(path="/v1/responses")),
    Wrong("POST /v1/embeddings", "HTTP", "Inferences are at /v1/chat/completions", http(path="/v1/embeddings")),
    Wrong("a base URL with /v1/v1", "HTTP", "end in /v1, not in /v1/v1.", http(path="/v1/v1/chat/completions")),
    Wrong(
        "a base URL with /anthropic/v1",
        "HTTP",
        "end in /anthropic, not in /anthropic/v1.",
        http(path="/anthropic/v1/v1/messages"),
    ),
    Wrong("POST /v1/messages", "HTTP", "has to end in /anthropic", http(path="/v1/messages")),
    Wrong("serve --error 42", "command line", "expected a status from 400 to 599", command("serve", "--error", "42")),
    Wrong(
        "serve --error overloded", "command line", "did you mean overloaded?", command("serve", "--error", "overloded")
    ),
    Wrong("serve --retry-after 2s", "command line", "needs an error", command("serve", "--retry-after", "2s")),
    Wrong(
        "serve --reply x --error 429",
        "command line",
        "exclude each other",
        command("serve", "--reply", "x", "--error", "429"),
    ),
    Wrong(
        "serve --scenario hello --reply x",
        "command line",
        "--scenario excludes --reply",
        command("serve", "--scenario", "hello", "--reply", "x"),
    ),
    Wrong("explain helo request.json", "command line", "cannot be read", command("explain", "helo", "request.json")),
    Wrong("Emulator(error=42)", "Python", "expected a status from 400 to 599", python(error=42)),
    Wrong("Emulator(error='rate-limited')", "Python", "did you mean rate_limited?", python(error="rate-limited")),
    Wrong("Emulator(retry_after=2)", "Python", "retry_after needs an error", python(retry_after=2)),
    Wrong("Emulator(reply='x', error=429)", "Python", "exclude each other", python(reply="x", error=429)),
    Wrong(
        "Emulator(scenario='hello', error=429)",
        "Python",
        "scenario excludes reply",
        python(scenario="hello", error=429),
    ),
    Wrong(
        "Emulator(error=429, retry_after='2 sec')",
        "Python",
        "expected a duration",
        python(error=429, retry_after="2 sec"),
    ),
    Wrong("Emulator(scenario='helo')", "Python", "Did you mean 'hello'?", python(scenario="helo")),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.where}: {row.given}" for row in ROWS])
def test_a_wrong_choice_is_told(row: Wrong) -> None:
    """It is an error or a warning where the person looks, which leads to what was meant."""
    assert row.seen in row.see()


@pytest.mark.parametrize("reply", ["It is sunny.", "{{ 1 + 1 }} {% x %}", "a: b # c", "näh\n\n"])
def test_a_reply_without_a_file_is_sent_as_it_is(reply: str) -> None:
    """`reply` is no template and no YAML."""
    akash = Emulator.in_process(reply=reply)
    answer = ask(create_app(akash.engine), "POST", CHAT, {**chat(), "max_tokens": 100}, key=akash.key)
    assert answer.json["choices"][0]["message"]["content"] == reply


def test_an_error_without_a_file_is_sent() -> None:
    """`error` and `retry_after` hold for every request of the server, and for those of a session."""
    with Emulator(error="overloaded") as akash:
        session = akash.session("limited", error=429, retry_after="2s")
        other = akash.session("other")

        async def status(key: str) -> tuple[int, str | None]:
            exchange = await Exchange(create_app(akash.engine), "POST", CHAT, chat(), key=key).run()
            return exchange.status, exchange.headers.get("retry-after")

        assert asyncio.run(status(session.key)) == (429, "2")
        assert asyncio.run(status(other.key)) == (529, None)
