"""`verify`: one question to the server, whose answer is both what is printed and the exit code."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from support.asgi import CHAT, Exchange, activate, ask, chat, make_engine
from support.listening import listening

from emulator.commands.verify import verify
from emulator.web.app import create_app

STORY = "name: s\nrules: [{name: r, reply: {text: Hi.}}]\nexpect: [{rule: r, times: 1}]\n"


class Changing:
    """An app under which a scenario's expectation is met, and is so no longer once anybody has asked of it."""

    def __init__(self) -> None:
        engine = make_engine()
        activate(engine, engine.library.put("s", STORY).scenario.name)
        self.asked: list[str] = []
        self._app = create_app(engine)
        ask(self._app, "POST", CHAT, chat())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and let another request come after it."""
        await self._app(scope, receive, send)
        if scope["type"] == "http":
            self.asked.append(scope["path"])
            await Exchange(self._app, "POST", CHAT, chat()).run()


def run(*arguments: str) -> Any:
    """The result of the command."""
    return CliRunner().invoke(verify, arguments)


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_the_exit_code_is_that_of_what_is_printed(form: str) -> None:
    """While requests come in, the state is asked for once: what is good exits with 0, what is not with 1."""
    app = Changing()
    with listening(app) as url:
        good, bad = run("--url", url, "--format", form), run("--url", url, "--format", form)
    assert app.asked == ["/_emulator/verify"] * 2
    assert (good.exit_code, bad.exit_code) == (0, 1)
    wrong = {"text": "not met: ", "json": '"ok":false', "junit": "<failure"}[form]
    assert (wrong in good.output, wrong in bad.output) == (False, True)


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_it_prints_what_the_route_answers(form: str) -> None:
    """The command and the route write the same report."""
    engine = make_engine()
    app = create_app(engine)
    for _ in range(3):
        ask(app, "POST", CHAT, {"model": "no/such-model", "messages": []})
    answer = ask(app, "GET", f"/_emulator/verify?format={form}")
    with listening(app) as url:
        assert run("--url", url, "--format", form).output == answer.body.decode().rstrip("\n") + "\n"


@pytest.mark.parametrize("response", [JSONResponse({"hello": 1}), PlainTextResponse("Hello!"), JSONResponse([1])])
def test_something_else_that_answers_is_no_emulator(response: Response) -> None:
    """What another server says is not taken for a report."""
    app = Starlette(routes=[Route("/_emulator/verify", lambda request: response)])
    with listening(app) as url:
        result = run("--url", url)
    assert (result.exit_code, result.output) == (1, f"Error: what answers at {url} is no emulator of this version\n")


def test_json_is_what_the_server_sent() -> None:
    """For programs, with everything that the server says."""
    with listening(create_app(make_engine())) as url:
        told = json.loads(run("--url", url, "--format", "json").output)
    assert (told["ok"], told["asked"]) == (False, 0)
    assert told["nothing_asked"] == "nothing was asked of this server since it started or was reset"


def test_nothing_asked_fails_both_routes() -> None:
    """An empty record is no good client: verdict and verify say so in the same words."""
    app = create_app(make_engine())
    told = [ask(app, "GET", f"/_emulator/{route}").json for route in ("verify", "verdict")]
    assert [(each["ok"], each["nothing_asked"]) for each in told] == [
        (False, "nothing was asked of this server since it started or was reset")
    ] * 2
