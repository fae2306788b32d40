"""Who is let in, and what a client can put into the texts that people read. Each row is tried over a socket."""

import http.client
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from support.asgi import CHAT, KEY, ask, chat, make_engine
from support.listening import listening
from support.served import served

from emulator import Emulator, SettingsError
from emulator.cli import main
from emulator.core.printable import LineFormatter
from emulator.core.settings import Settings
from emulator.engine import Engine
from emulator.store.outside import at_once
from emulator.store.snapshot import snapshot
from emulator.web.app import create_app
from emulator.web.doors import Access

TOKEN = "correct-horse"
LOCAL = Access.on(["127.0.0.1", "::1"], Settings())
NAMED = Access.on(["127.0.0.1"], Settings(allowed_hosts=("akashml", "Proxy.Test")))
OUTSIDE = Access.on(["0.0.0.0"], Settings(control_token=TOKEN))  # noqa: S104
OUTSIDE_NAMED = Access.on(["0.0.0.0"], Settings(control_token=TOKEN, allowed_hosts=("akashml",)))  # noqa: S104
LOCAL_TOKEN = Access.on(["127.0.0.1"], Settings(control_token=TOKEN))
CLOCK = ("POST", "/_emulator/clock", '{"advance": "1h"}')


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str


def sent(url: str, method: str, target: str, body: str | bytes | None, headers: list[tuple[str, str]]) -> Answer:
    """The answer to a request with exactly these headers, and a Host if they have none."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    data = body.encode() if isinstance(body, str) else body
    given = {name.lower() for name, _ in headers}
    connection.putrequest(method, target, skip_host="host" in given or "no-host" in given, skip_accept_encoding=True)
    for name, value in headers:
        if name != "no-host":
            connection.putheader(name, value.encode("latin-1"))
    if data is not None and "content-length" not in given:
        connection.putheader("content-length", str(len(data)))
    connection.endheaders(data)
    answer = connection.getresponse()
    told = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    connection.close()
    return Answer(*told)


def state(engine: Engine) -> tuple[Any, int]:
    """All that has happened on a server."""
    return at_once(snapshot(engine.store, engine.clock))["store"], engine.store.inferences.newest


class Knock(NamedTuple):
    """A control request with these headers, the status that it gets, and whom the server lets in."""

    status: int
    headers: str = ""
    access: Access = LOCAL
    request: tuple[str, str, str | None] = CLOCK


FORM = ("POST", "/_emulator/reset", "a=b")
READING = ("GET", "/_emulator/inferences", None)
KNOCKS = {
    # Host
    "another name": Knock(421, "Host: evil.example"),
    "another name, with a port": Knock(421, "Host: evil.example:8402"),
    "a name that begins like one": Knock(421, "Host: localhost.evil.example"),
    "an address in a name": Knock(421, "Host: 127.0.0.1.nip.io:8402"),
    "a user before the host": Knock(421, "Host: localhost@evil.example"),
    "a path behind the host": Knock(421, "Host: localhost/evil.example"),
    "two hosts": Knock(421, "Host: localhost\nHost: evil.example"),
    "an empty host": Knock(421, "Host: "),
    "every address": Knock(421, "Host: 0.0.0.0:8402"),
    "an address of the network": Knock(421, "Host: 192.168.0.7"),
    "rebinding the API": Knock(421, "Host: evil.example", request=("POST", CHAT, json.dumps(chat()))),
    "rebinding health": Knock(421, "Host: evil.example", request=("GET", "/_emulator/health", None)),
    "rebinding a preflight": Knock(
        421, "Host: evil.example\nOrigin: http://evil.example", request=("OPTIONS", CHAT, None)
    ),
    "localhost": Knock(200, "Host: localhost"),
    "localhost in capitals": Knock(200, "Host: LOCALHOST:1"),
    "localhost with a dot": Knock(200, "Host: localhost.:8402"),
    "a name under localhost": Knock(200, "Host: app.localhost:8402"),
    "another loopback address": Knock(200, "Host: 127.8.9.1"),
    "IPv6": Knock(200, "Host: [::1]:8402"),
    "no host": Knock(200, "no-host: 1"),
    "a named host": Knock(200, "Host: AkashML:8402", NAMED),
    "a host that was named in capitals": Knock(200, "Host: proxy.test", NAMED),
    "not the named host": Knock(421, "Host: akashml.evil.example", NAMED),
    "any host from outside": Knock(200, f"Host: akashml\nAuthorization: Bearer {TOKEN}", OUTSIDE),
    "any host of the API from outside": Knock(200, "Host: x.example", OUTSIDE, ("GET", "/anthropic", None)),
    "not the named host from outside": Knock(421, f"Host: evil.example\nAuthorization: Bearer {TOKEN}", OUTSIDE_NAMED),
    # Origin
    "a page": Knock(403, "Origin: https://evil.example"),
    "a page without an origin": Knock(403, "Origin: null"),
    "a page of another port": Knock(403, "Host: localhost:8402\nOrigin: http://localhost:3000"),
    "a page of another loopback name": Knock(403, "Host: localhost:8402\nOrigin: http://127.0.0.1:8402"),
    "a page without a port": Knock(403, "Host: localhost:8402\nOrigin: http://localhost"),
    "a page of an extension": Knock(403, "Host: localhost:8402\nOrigin: moz-extension://localhost:8402"),
    "two origins": Knock(403, "Host: localhost:8402\nOrigin: http://localhost:8402\nOrigin: https://evil.example"),
    "an empty origin": Knock(403, "Origin: "),
    "a form": Knock(403, "Origin: https://evil.example\nContent-Type: text/plain", request=FORM),
    "a form of the same site": Knock(403, "Sec-Fetch-Site: same-site", request=FORM),
    "an image": Knock(403, "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors", request=READING),
    "a site in capitals": Knock(403, "Sec-Fetch-Site: CROSS-SITE", request=READING),
    "a preflight": Knock(
        403, "Origin: https://evil.example\nAccess-Control-Request-Method: PUT", request=("OPTIONS", *CLOCK[1:])
    ),
    "a page that deletes": Knock(403, "Origin: null", request=("DELETE", "/_emulator/scenarios/hello", None)),
    "a page that follows": Knock(403, "Origin: null", request=("GET", "/_emulator/inferences?follow=true", None)),
    "a page that looks for a page": Knock(403, "Origin: null", request=("GET", "/_emulator/", None)),
    "a page that tries a method": Knock(403, "Origin: null", request=("PATCH", "/_emulator//", None)),
    "an encoded path": Knock(403, "Origin: null", request=("POST", "/%5Femulator/reset", "{}")),
    "a page that asks for health": Knock(403, "Origin: null", request=("GET", "/_emulator/health", None)),
    "a page with the token": Knock(403, f"Origin: null\nAuthorization: Bearer {TOKEN}", OUTSIDE),
    "curl -d": Knock(200, "Content-Type: application/x-www-form-urlencoded"),
    "no content type": Knock(200),
    "its own page": Knock(200, "Host: localhost:8402\nOrigin: http://localhost:8402\nSec-Fetch-Site: same-origin"),
    "its own page behind TLS": Knock(200, "Host: akashml\nOrigin: https://akashml", NAMED),
    "the address bar": Knock(200, "Sec-Fetch-Site: none", request=READING),
    # the token
    "no token": Knock(401, access=OUTSIDE),
    "an API key for a token": Knock(401, "Authorization: Bearer akml-test", OUTSIDE),
    "half a token": Knock(401, f"Authorization: Bearer {TOKEN[:-1]}", OUTSIDE),
    "a longer token": Knock(401, f"Authorization: Bearer {TOKEN}x", OUTSIDE),
    "a token that is no ASCII": Knock(401, "Authorization: Bearer \xe9", OUTSIDE),
    "basic": Knock(401, f"Authorization: Basic {TOKEN}", OUTSIDE),
    "an empty token": Knock(401, access=OUTSIDE, request=("GET", "/_emulator/clock?token=", None)),
    "a made-up cookie": Knock(401, f"Cookie: akashml-control-8402={TOKEN}", OUTSIDE),
    "a path beside the open ones": Knock(401, access=OUTSIDE, request=("GET", "/_emulator/health/x", None)),
    "the token of this machine": Knock(401, access=LOCAL_TOKEN),
    "the header": Knock(200, f"Authorization: bearer {TOKEN}", OUTSIDE),
    "the query": Knock(200, access=OUTSIDE, request=("GET", f"/_emulator/inferences?limit=1&token={TOKEN}", None)),
    "the query beside a key": Knock(
        200,
        "Authorization: Bearer akml-test",
        OUTSIDE,
        ("GET", f"/_emulator/clock?token={TOKEN.replace('-', '%2D')}", None),
    ),
    "health": Knock(200, access=OUTSIDE, request=("GET", "/_emulator/health", None)),
    "ready": Knock(200, access=OUTSIDE, request=("GET", "/_emulator/ready/", None)),
}


@pytest.mark.parametrize("knock", KNOCKS.values(), ids=KNOCKS)
def test_who_is_let_in(knock: Knock) -> None:
    """What is refused says why, has no CORS header, and changes nothing; everything else works as ever."""
    engine = make_engine()
    before, time = state(engine), engine.clock.now()
    headers = [tuple(line.split(": ", 1)) for line in knock.headers.split("\n") if line]
    with listening(create_app(engine, knock.access)) as url:
        answer = sent(url, *knock.request, headers)  # type: ignore[arg-type] # each line has a name and a value
    assert answer.status == knock.status, answer.body
    if knock.request[1].startswith("/_emulator") or knock.status != 200:
        assert not [name for name in answer.headers if name.startswith("access-control")]
    if knock.status != 200:
        assert (state(engine), engine.clock.now()) == (before, time)
        error = json.loads(answer.body)["error"]
        assert (
            error["code"]
            == {401: "invalid_control_token", 403: "foreign_origin", 421: "misdirected_request"}[knock.status]
        )
        assert TOKEN not in answer.body
        if knock.status == 401:
            assert "--control-token" in error["message"]


def test_a_browser_gets_a_cookie_for_the_token() -> None:
    """The token leaves the address; scripts cannot read the cookie, no other page sends it, and it lasts a start."""
    with listening(create_app(make_engine(), OUTSIDE)) as url:
        entered = sent(url, "GET", f"/_emulator/?token={TOKEN}", None, [])
        assert (entered.status, entered.headers["location"]) == (303, "/_emulator/")
        cookie, *attributes = entered.headers["set-cookie"].split("; ")
        assert {"HttpOnly", "SameSite=strict", "Path=/_emulator/"} <= set(attributes)
        assert TOKEN not in cookie
        assert sent(url, *CLOCK, [("cookie", f"a=b; {cookie}")]).status == 200
        assert sent(url, *CLOCK, [("cookie", cookie), ("origin", "http://localhost:1")]).status == 403
        assert sent(url, "GET", "/_emulator/?token=wrong", None, []).status == 401
    with listening(create_app(make_engine(), OUTSIDE)) as url:
        assert sent(url, *CLOCK, [("cookie", cookie)]).status == 401


def test_who_is_refused_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A page sees nothing of a 403, so the log says why its call failed."""
    with caplog.at_level(logging.INFO, "emulator"), listening(create_app(make_engine(), LOCAL)) as url:
        assert sent(url, *CLOCK, [("origin", "http://evil.example")]).status == 403
    assert "refused a request: Pages from elsewhere cannot use /_emulator" in caplog.text


def test_a_preflight_from_the_internet() -> None:
    """The emulated API grants a page of a public origin the way into the private network (case 14)."""
    asking = {"origin": "https://chat.example.com", "access-control-request-method": "POST"}
    private = {"access-control-request-private-network": "true", "access-control-request-headers": "authorization"}
    answer = ask(create_app(make_engine()), "OPTIONS", CHAT, key=None, headers=asking | private)
    assert (answer.status, answer.headers["access-control-allow-private-network"]) == (200, "true")


def test_a_server_for_others_has_a_token() -> None:
    """It is printed, another one each time, and asked for; one that was given is not printed."""
    tokens = set()
    for _ in range(2):
        with served("--host", "0.0.0.0", "--log-level", "error") as server:  # noqa: S104
            token = json.loads(server.first)["control_token"]
            tokens.add(token)
            assert sent(server.url, *CLOCK, []).status == 401
            assert sent(server.url, *CLOCK, [("authorization", f"Bearer {token}")]).status == 200
            assert sent(server.url, "GET", "/_emulator/ready", None, []).status == 200
    assert len(tokens) == 2
    assert all(re.fullmatch("[0-9A-Za-z]{32}", token) for token in tokens)
    with served("--host", "0.0.0.0", environment={"AKASHML_EMULATOR_CONTROL_TOKEN": TOKEN}) as server:  # noqa: S104
        assert TOKEN not in server.first
        assert sent(server.url, *CLOCK, [("authorization", f"Bearer {TOKEN}")]).status == 200
        assert TOKEN not in "".join(server.stop()[1:])


COMMANDS = [
    "clock",
    "activate --none",
    "reset",
    "account --key akml-a",
    "inferences",
    "verify --key akml-test",
    "explain 1",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_send_the_token(command: str) -> None:
    """From their option or from the environment; without one they say where it is."""
    engine = make_engine()
    ask(create_app(engine), "POST", CHAT, chat())
    with listening(create_app(engine, OUTSIDE)) as url:
        environment = {"AKASHML_EMULATOR_URL": url, "AKASHML_EMULATOR_CONTROL_TOKEN": None}
        alone = CliRunner(env=environment).invoke(main, command.split())
        assert (alone.exit_code, "AKASHML_EMULATOR_CONTROL_TOKEN" in alone.output) == (1, True)
        for option, variable in ((["--control-token", TOKEN], None), ([], TOKEN)):
            given = CliRunner(env=environment | {"AKASHML_EMULATOR_CONTROL_TOKEN": variable})
            done = given.invoke(main, [*command.split(), *option])
            assert TOKEN not in done.output
            assert done.exit_code in (0, 1) if command.startswith("explain") else done.exit_code == 0, done.output


def test_the_doors_of_a_test() -> None:
    """An Emulator answers to the names of its settings, and asks for their token; in process any host is let in."""
    with Emulator(allowed_hosts=["akashml.test"], control_token=TOKEN) as akash:
        token = ("authorization", f"Bearer {TOKEN}")
        assert [sent(akash.url, *CLOCK, [("host", name), token]).status for name in ("akashml.test", "x.test")] == [
            200,
            421,
        ]
        assert sent(akash.url, *CLOCK, []).status == 401
    app = create_app(make_engine())
    assert ask(app, "GET", "/_emulator/clock", headers={"host": "testserver"}).status == 200
    assert ask(app, "GET", "/_emulator/clock", headers={"host": "testserver", "origin": "https://x.test"}).status == 403
    assert ask(app, "GET", CHAT, headers={"host": "testserver", "origin": "https://x.test"}).status == 405
    mounted = ask(create_app(make_engine()), "GET", "/sub/_emulator/clock", headers={"origin": "null"})
    assert mounted.status == 404
    for wrong in ("http://akashml", "akashml:8402", "a/b", "*"):
        with pytest.raises(SettingsError, match="host names without a scheme or a port"):
            Emulator(allowed_hosts=[wrong])


# ---------------------------------------------------------------------------------------------- texts for people

FORGED = "12:00:00  #9  chat  all is well"
TEXTS = {
    "a new line": f"x\n{FORGED}",
    "a carriage return": f"x\r{FORGED}",
    "the next line of C1": f"x\x85{FORGED}",
    "the line separator": f"x\u2028{FORGED}",
    "the paragraph separator": f"x\u2029{FORGED}",
    "a form feed": f"x\x0c{FORGED}",
    "clearing the screen": "x\x1b[2J\x1b[H",
    "the title of the window": "x\x1b]0;owned\x07",
    "a link": "x\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "the clipboard": "x\x1b]52;c;b3duZWQ=\x07",
    "CSI of C1": "x\x9b2J",
    "going back": "admin\x08\x08\x08\x08\x08guest",
    "delete": "x\x7f\x7f",
    "null": "x\x00y",
    "writing from right to left": "x\u202egnp.exe",
    "isolating": "x\u2066abc\u2069",
}
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What the log writes to a terminal."""
    stream = io.StringIO()
    handler, log = logging.StreamHandler(stream), logging.getLogger("emulator")
    handler.setFormatter(LineFormatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


def written(url: str, *requests: tuple[str, str, str | bytes | None, list[tuple[str, str]]]) -> str:
    """Everything that people read after these requests, except for the log."""
    for each in requests:
        sent(url, *each)
    commands = [
        "inferences",
        "inferences --json",
        "inferences --id 1",
        "inferences --id 1 --format curl",
        "inferences --id 2 --format scenario",
        "verify",
        "explain 1",
    ]
    return "".join(CliRunner(env={"AKASHML_EMULATOR_URL": url}).invoke(main, line.split()).output for line in commands)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_forges_a_line_or_speaks_to_the_terminal(text: str, tmp_path: Path) -> None:
    """In the log, the lines of JSON and the output of every command; a line stays a line, and JSON the same JSON."""
    engine = make_engine(auth="open")
    kept = tmp_path / "kept.jsonl"
    close = engine.store.inferences.append_to(kept)
    key = [("authorization", f"Bearer {KEY}")]
    tool = {"type": "function", "function": {"name": text, "parameters": {"type": "object"}}}
    path = "/v1/" + "".join(f"%{byte:02x}" for byte in text.encode())
    header = [("x-odd", re.sub(r"[^\x21-\x7e\x80-\xff]", "", text)), ("x-emulator-scenario", "hello")]
    requests: list[Any] = [
        ("POST", CHAT, json.dumps(chat(text, model=text, user=text, tools=[tool])), key),
        ("POST", CHAT, json.dumps(chat(text), ensure_ascii=False).encode(), key + header),
        ("POST", CHAT, text.encode(), [("authorization", f"Bearer {header[0][1]}")]),
        ("GET", path, None, key),
    ]
    with logged() as log, listening(create_app(engine)) as url:
        told = written(url, *requests)
    close()
    assert len(log.getvalue().splitlines()) == len(requests)
    records = kept.read_text("utf-8").splitlines()
    assert len([json.loads(line) for line in records]) == len(requests)
    assert json.loads(records[0])["model"] == text
    assert not any(line.startswith("12:00:00  #9") for line in (*log.getvalue().splitlines(), *told.splitlines()))
    for seen in (log.getvalue(), told, "\n".join(records)):
        assert set(UNPRINTABLE.findall(seen)) <= {"\n", "\t"}


SECRET = "akml-7Hq2ZkP0vTn4LwXc9RbE"
OTHER = "hunter2-hunter2-hunter2-7f3a9c"
"""A secret that does not look like one: it is masked for where it is."""
HEADERS = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
    "x-jwt",
    "x-session",
]
HEADERS += [
    "x-auth",
    "x-oauth",
    "x-amz-signature",
    "x-amz-security-token",
    "x-amz-credential",
    "x-csrf",
    "x-password",
    "x-pwd",
]
HEADERS += ["x-authn", "x-userauth", "x-my-secret", "x-forwarded-authorization"]
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
PLACES: dict[str, tuple[str, str, str | None, list[tuple[str, str]]]] = {
    **{f"the header {name}": ("POST", CHAT, json.dumps(chat()), [(name, OTHER)]) for name in HEADERS},
    "the header and the model": ("POST", CHAT, json.dumps(chat(model=OTHER)), [("authorization", f"Bearer {OTHER}")]),
    "the model": ("POST", CHAT, json.dumps(chat(model=SECRET)), []),
    "a part of the model": ("POST", CHAT, json.dumps(chat(model=f"acme/{SECRET}")), []),
    "the user": ("POST", CHAT, json.dumps(chat(user=SECRET)), []),
    "metadata": ("POST", CHAT, json.dumps(chat(metadata={"key": SECRET})), []),
    "a message": ("POST", CHAT, json.dumps(chat(f"my key is\n{SECRET}")), []),
    "a query": ("POST", f"{CHAT}?api_key={SECRET}", json.dumps(chat()), []),
    "the query of an unknown path": ("GET", f"/v1/model?key={SECRET}", None, []),
    "a path": ("GET", f"/v1/{SECRET}/models", None, []),
    "an encoded path": ("GET", f"/v1/{SECRET.replace('-', '%2D')}/models", None, []),
    "another header": ("POST", CHAT, json.dumps(chat()), [("x-note", f"use {SECRET}")]),
    "a JWT": ("POST", CHAT, json.dumps(chat(model=JWT, user=JWT)), [("x-note", JWT)]),
    "a body that is no JSON": ("POST", CHAT, f"key={SECRET}", []),
}


@pytest.mark.parametrize("request_", PLACES.values(), ids=PLACES)
def test_a_secret_is_masked_wherever_it_was_sent(request_: Any, tmp_path: Path) -> None:
    """The log, the record, the lines of JSON and the output of every command have at most its beginning."""
    engine = make_engine(auth="open")
    kept = tmp_path / "kept.jsonl"
    close = engine.store.inferences.append_to(kept)
    with logged() as log, listening(create_app(engine)) as url:
        told = written(url, request_)
        record = sent(url, "GET", "/_emulator/inferences/1", None, []).body
    close()
    for seen in (log.getvalue(), told, record, kept.read_text()):
        assert seen
        assert not [secret for secret in (SECRET, OTHER, JWT) if secret[9:] in seen]


# ---------------------------------------------------------------------------------------------- made keys


def made(app: Any) -> dict[str, Any]:
    """A key that is made over HTTP."""
    record: dict[str, Any] = ask(app, "POST", "/_emulator/keys", {"name": "ci"}).json
    return record


def test_a_made_key_cannot_be_guessed() -> None:
    """It derives from the system: no two servers make the same, nor one that is reset; with a seed all do."""
    apps = [create_app(make_engine(seed=seed)) for seed in ("", "", "0", "0")]
    keys = [made(app)["key"] for app in apps]
    assert (len(set(keys)), keys[2]) == (3, keys[3])
    ask(apps[0], "POST", "/_emulator/reset", {})
    assert made(apps[0])["key"] != keys[0]
    answers = [ask(app, "POST", CHAT, chat()).body for app in apps]
    assert len(set(answers)) == 1


def test_strict_auth_takes_the_keys_that_were_made() -> None:
    """A made key is accepted, and no longer once it is revoked or regenerated; any other is a 401."""
    app = create_app(make_engine(auth="strict"))
    record = made(app)

    def status(key: str) -> int:
        return ask(app, "POST", CHAT, chat(), key=key).status

    key, path = record["key"], f"/_emulator/keys/{record['id']}"
    assert [status(each) for each in (key, f"{key}x", "akml-test", record["id"])] == [200, 401, 401, 401]
    new = ask(app, "POST", f"{path}/regenerate").json["key"]
    assert [status(each) for each in (key, new)] == [401, 200]
    ask(app, "DELETE", path)
    assert status(new) == 401


def test_the_recording_proxy_has_the_same_doors(tmp_path: Path) -> None:
    """What it forwards and what it answers itself: for its own names only, and with a token beyond this machine."""
    out = str(tmp_path / "recorded.yaml")
    with Emulator() as akash:
        arguments = ["--upstream", akash.url, "--out", out, "--port", "0", "--log-level", "error"]
        for more, statuses in ([], [421, 421, 403, 200]), (["--host", "0.0.0.0"], [200, 401, 403, 401]):  # noqa: S104
            with recorder(*arguments, *more) as url:
                asked = [
                    ("host", "evil.example"),
                    ("authorization", f"Bearer {KEY}"),
                    ("content-type", "application/json"),
                ]
                got = [sent(url, "POST", CHAT, json.dumps(chat()), asked).status]
                got += [
                    sent(url, *CLOCK, [header]).status for header in (asked[0], ("origin", "null"), ("accept", "*/*"))
                ]
                assert got == statuses


@contextmanager
def recorder(*arguments: str) -> Iterator[str]:
    """The URL of a recording proxy in a process of its own."""
    command = [sys.executable, "-m", "emulator", "record", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split(" at ")[1].split(": ")[0]
        finally:
            process.kill()
