"""One table of secrets, and two that keep what was sent: neither the record of inferences nor a recording has any."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.types import ASGIApp
from support.asgi import CHAT, activate, chat, make_engine
from support.asgi import ask as ask_once
from support.recorded import ask, recording

from emulator.engine.engine import Engine
from emulator.inferences.exports import FORMATS
from emulator.scenario.writing import BlockMapping, dump
from emulator.web.app import create_app

SECRET = "Q7f3x9Zk20pLmN81vT55"
NAMES = (
    *("proxy-authorization", "x-api-key", "api-key", "x-access-token", "client-secret", "x-password", "x-jwt"),
    *("x-session", "x-auth", "x-amz-signature", "idempotency-key"),
)


class Case(NamedTuple):
    """Headers of either side, and a text: the answer has it, and unless the answer's headers have it, the question."""

    text: str = SECRET
    sent: Mapping[str, str] = {}
    told: Mapping[str, str] = {}

    @property
    def asked(self) -> dict[str, Any]:
        """The body of the request."""
        return chat("Hello." if self.told else self.text)


CASES = {
    **{name: Case(sent={name: SECRET}) for name in NAMES},
    **{f"{name} of the answer": Case(told={name: SECRET}) for name in ("x-api-key", "x-session")},
    "bearer": Case(sent={"authorization": f"Bearer {SECRET}"}),
    "basic": Case(sent={"authorization": f"Basic {SECRET}"}),
    "aws": Case(sent={"authorization": f"AWS4-HMAC-SHA256 Credential=A/us, SignedHeaders=host, Signature={SECRET}"}),
    "cookie": Case(sent={"cookie": f"theme=dark; session={SECRET}"}),
    "set-cookie": Case(told={"set-cookie": f"session={SECRET}; Path=/; HttpOnly"}),
    "bearer in a text": Case(f"Authorization: Bearer {SECRET} and more"),
    "bearer in a line of its own": Case(f"Authorization:\nBearer {SECRET}"),
    **{
        f"{prefix} in a text": Case(f"My key is {prefix}{SECRET}.") for prefix in ("akml-", "sk-", "sk-proj-", "ac.sk.")
    },
    **{f"{prefix} in a line of its own": Case(f"Keys:\n{prefix}{SECRET}\n") for prefix in ("akml-", "sk-", "ac.sk.")},
}


def echoing(case: Case) -> tuple[Engine, ASGIApp]:
    """An app that answers the text, whole, with the headers."""
    engine = make_engine(auth="open")
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": case.text}}], "model": case.text}
    raw = {"status": 200, "headers": {"content-type": "application/json", **case.told}, "body": body}
    activate(engine, engine.library.put("echo", dump(BlockMapping(rules=[{"reply": {"raw": raw}}]))).scenario.name)
    return engine, create_app(engine)


def record(case: Case, folder: Path) -> str:
    """All that the record of inferences tells, in every form, and its log."""
    engine, app = echoing(case)
    headers = {"authorization": "Bearer akml-test", **case.sent}
    answered = ask_once(app, "POST", CHAT, case.asked, headers=headers, key=None)
    assert SECRET in answered.body.decode()
    close = engine.store.inferences.append_to(folder / "inferences.jsonl")
    ask_once(app, "POST", CHAT, case.asked, headers=headers, key=None)
    close()
    seen = engine.store.inferences.all()[-1]
    paths = ["", f"/{seen.id}", *(f"/{seen.id}?format={name}" for name in FORMATS)]
    told = [ask_once(app, "GET", f"/_emulator/inferences{path}").body.decode() for path in paths]
    return "\n".join([repr(seen), seen.line(), (folder / "inferences.jsonl").read_text(), *told])


def recorded(case: Case, folder: Path) -> str:
    """The file of a recording."""
    proxy = recording(echoing(case)[1], folder / "story.yaml")
    answer = asyncio.run(ask(proxy, CHAT, case.asked, dict(case.sent)))
    assert (SECRET in answer.body.decode(), proxy.recorded) == (True, 1)
    return (folder / "story.yaml").read_text()


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """What the emulator has logged, without what the client's library has."""
    return "\n".join(record.getMessage() for record in caplog.records if record.name == "emulator")


@pytest.mark.parametrize("keeper", [record, recorded])
@pytest.mark.parametrize("name", CASES)
def test_no_secret_is_kept(
    keeper: Callable[[Case, Path], str], name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The client reads it, and nobody else: it is in no form of what is kept, and in no line of the log."""
    caplog.set_level(logging.INFO)
    assert SECRET not in keeper(CASES[name], tmp_path)
    assert SECRET not in logged(caplog)


def test_a_secret_that_is_streamed_in_pieces_is_not_written(tmp_path: Path) -> None:
    """A recording that puts the pieces of a stream together again stars what it finds then."""
    text = f"rules: [{{reply: {{text: My key is akml-{SECRET}., stream: {{chunk: token}}}}}}]"
    engine = make_engine(auth="open")
    activate(engine, engine.library.put("echo", text).scenario.name)
    proxy = recording(create_app(engine), tmp_path / "story.yaml")
    answer = asyncio.run(ask(proxy, CHAT, chat(stream=True)))
    assert SECRET not in answer.body.decode()
    assert "text: My key is ********" in (tmp_path / "story.yaml").read_text()


@pytest.mark.parametrize("mode", ["replay", "record-missing"])
def test_a_question_with_a_secret_is_replayed(mode: Any, tmp_path: Path) -> None:
    """The rule has stars where the question had a key, and answers it all the same."""
    case = Case(f"What is akml-{SECRET} for?")
    asyncio.run(ask(recording(echoing(case)[1], tmp_path / "story.yaml"), CHAT, case.asked))
    replay = recording(echoing(Case())[1], tmp_path / "story.yaml", mode=mode)
    answer = asyncio.run(ask(replay, CHAT, case.asked))
    assert (answer.status, SECRET in answer.body.decode()) == (200, False)
    assert b"What is ********" in answer.body


@pytest.mark.parametrize("path", [f"/v1/models/akml-{SECRET}", f"/v1/Bearer%20{SECRET}"])
def test_a_path_is_logged_without_its_secret(path: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is passed on and not recorded is logged by its path, without a key in it."""
    caplog.set_level(logging.INFO)
    asyncio.run(ask(recording(echoing(Case())[1], tmp_path / "story.yaml"), path))
    assert "passed on GET /v1/" in logged(caplog)
    assert SECRET not in logged(caplog)
