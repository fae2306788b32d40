"""Recording and replaying: what is asked of an emulator, a stranger, or a file."""

import asyncio
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from support.asgi import CHAT, CHAT_TOOL, MESSAGES, chat, events, message
from support.foreign_service import SECRET, STRANGE_BODY, stranger
from support.recorded import URL, Answer, InProcess, Leaping, ask, emulated, recording
from support.served import ROOT
from support.shipped_expectations import BY_CHANCE, ROWS, Case, Row
from support.shipped_requests import request_of

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH
from emulator.dialects.endpoints import ENDPOINTS
from emulator.recording.book import BookError
from emulator.recording.proxy import Mode, recording_proxy
from emulator.recording.upstream import UpstreamError
from emulator.scenario.loader import load_file

PATHS = {name: endpoint.path for name, endpoint in ENDPOINTS.items()}
CONNECTION_FAULTS = {"disconnect-mid-stream", "truncated-stream", "reset-mid-stream", "no-response"}
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
SCENARIOS = sorted({row.scenario for row in ROWS} - CONNECTION_FAULTS | BY_CHANCE)


def requests_of(scenario: str) -> list[tuple[str, dict[str, Any]]]:
    """What the SDKs ask of a scenario, each as often as they try, and once more."""
    rows = [row for row in ROWS if row.scenario == scenario]
    if scenario in BY_CHANCE:
        return [(CHAT, chat())] * 12
    asked = [(row, case, expected.attempts) for row in rows for case, expected in row.cases.items()]
    return [(PATHS[case[0]], body_of(row, case)) for row, case, attempts in asked for _ in range(attempts + 1)]


def body_of(row: Row, case: Case) -> dict[str, Any]:
    endpoint, stream = case
    return {**request_of(endpoint, row.asked), "stream": stream, **(ENDPOINTS[endpoint].streaming if stream else {})}


async def all_of(app: Any, asked: list[tuple[str, dict[str, Any]]]) -> list[Answer]:
    return [await ask(app, path, body) for path, body in asked]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_recording_plays_what_the_original_played(scenario: str, tmp_path: Path) -> None:
    """For every shipped scenario the client reads the same bytes three times: original, recording proxy, replay."""
    out, clock = tmp_path / f"{scenario}.yaml", Leaping()
    asked = requests_of(scenario)
    proxy = recording(emulated(scenario, clock), out, clock=clock)
    originals = asyncio.run(all_of(emulated(scenario), asked))
    passed = asyncio.run(all_of(proxy, asked))
    replayed = asyncio.run(all_of(emulated(out), asked))
    assert [answer.derived for answer in passed] == [answer.derived for answer in originals]
    assert [answer.derived for answer in replayed] == [answer.derived for answer in originals]


# ---------------------------------------------------------------------------------------------- a stranger


def odd(said: str = "Hi", **more: Any) -> tuple[str, dict[str, Any]]:
    return CHAT, {"model": "acme/odd-1", "messages": [{"role": "user", "content": said}], **more}


STRANGE = [odd("fail"), odd(), odd(stream=True), odd("zip")]


def test_a_stranger_is_played_verbatim(tmp_path: Path) -> None:
    """Other ids, CRLF, comments, integer codes, an unknown model: replayed byte for byte, but for a key."""
    out = tmp_path / "odd.yaml"
    originals = asyncio.run(all_of(recording(stranger, out), STRANGE))
    replayed = asyncio.run(all_of(emulated(out), STRANGE))
    starred = [answer.body.replace(SECRET, b"*" * len(SECRET)) for answer in originals[:3]]
    assert [answer.body for answer in replayed[:3]] == starred
    assert replayed[3].body == STRANGE_BODY == gzip.decompress(originals[3].body)
    assert [answer.status for answer in replayed] == [429, 200, 200, 200]
    assert (replayed[0].headers["retry-after"], replayed[0].headers["x-ratelimit-limit"]) == ("7", "60")


def test_a_stranger_can_be_recorded_readably(tmp_path: Path) -> None:
    """A recording that is not exact says what the stranger said in the emulator's own frames: text, not chunks."""
    out = tmp_path / "odd.yaml"
    asyncio.run(all_of(recording(stranger, out, exact=False), STRANGE))
    rules = load_file(out, catalog=Catalog.load()).rules
    assert [reply.raw or reply.frames for rule in rules[1:] for reply in rule.replies] == [None, None, None]
    assert "reasoning: Well." in out.read_text()
    path, body = odd(stream=True)
    answer = asyncio.run(ask(emulated(out), path, body))
    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in events(answer.body)[:-1])
    assert said == "Use {{ braces }}, naïvely ☀️"


def test_no_secret_is_written(tmp_path: Path) -> None:
    """Keys and cookies of either side are nowhere in the file, not even where an error quotes them."""
    out = tmp_path / "odd.yaml"
    sent = {"authorization": f"Bearer {SECRET.decode()}", "cookie": "a=my-own-cookie", "x-api-key": "another-key-1234"}
    path, body = odd("fail", note="sk-very-secret-key")
    answer = asyncio.run(ask(recording(stranger, out), path, body, sent))
    assert SECRET in answer.body
    assert not re.search(r"secret|cookie|another-key", out.read_text())


def test_what_a_scenario_cannot_say_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that are no text reach the client, and the log says that they are not in the file."""
    proxy = recording(stranger, tmp_path / "odd.yaml")
    path, body = odd("noise")
    assert asyncio.run(ask(proxy, path, body)).body == b"\xff\xfe\x00"
    assert (proxy.recorded, proxy.left_out, proxy.book.path.exists()) == (0, 1, False)
    assert "not recorded: /v1/chat/completions (acme/odd-1): a scenario cannot say this answer" in caplog.text


def saying(status: int, kind: str, body: bytes, **headers: str) -> ASGIApp:
    """A service that always says the same."""
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode()), *told]}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return app


def test_an_error_that_is_no_text_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error's body with bytes that are no UTF-8 is left out as any other body is, and is no failure of ours."""
    proxy = recording(saying(500, "application/json", b'{"error": "\xff"}'), tmp_path / "odd.yaml")
    assert asyncio.run(ask(proxy, CHAT, chat())).status == 500
    assert "a scenario cannot say this answer" in caplog.text
    assert "report it" not in caplog.text


def test_an_empty_stream_is_played_as_one(tmp_path: Path) -> None:
    """A stream that ends before it has an event is recorded, and replayed as 200 without a body."""
    out = tmp_path / "empty.yaml"
    original = asyncio.run(ask(recording(saying(200, "text/event-stream", b""), out), CHAT, chat(stream=True)))
    replayed = asyncio.run(ask(emulated(out), CHAT, chat(stream=True)))
    assert (original.status, original.body) == (replayed.status, replayed.body) == (200, b"")


@pytest.mark.parametrize("wait", ["7", "1.5", "1.500", "0.25", "1e3", "0", "2592000", "99999999999", "soon", DATE])
@pytest.mark.parametrize("body", [b'{"error": {"message": "Later.", "type": "odd"}}', b"Later."])
def test_every_retry_after_is_replayed_as_it_was(wait: str, body: bytes, tmp_path: Path) -> None:
    """However an upstream spells it, in an error of a known shape or beside any other body."""
    out = tmp_path / "later.yaml"
    proxy = recording(saying(429, "application/json", body, retry_after=wait), out)
    asyncio.run(ask(proxy, CHAT, chat()))
    assert proxy.recorded == 1
    replayed = asyncio.run(ask(emulated(out), CHAT, chat()))
    assert (replayed.status, replayed.headers["retry-after"], replayed.body) == (429, wait, body)


def test_a_file_that_cannot_be_written_again_is_told(tmp_path: Path) -> None:
    """A number that YAML would not give back is a mistake of the file, told before anything is recorded."""
    out = tmp_path / "mine.yaml"
    out.write_text("rules: [{when: {body: {seed: {lt: 1e999}}}, reply: {text: a}}]")
    with pytest.raises(BookError, match=r"mine\.yaml cannot be written again: it would be read as another value"):
        recording(stranger, out)


# ---------------------------------------------------------------------------------------------- ends


@pytest.mark.parametrize("scenario", sorted(CONNECTION_FAULTS))
def test_a_broken_stream_is_never_recorded_as_complete(scenario: str, tmp_path: Path) -> None:
    """A cut reaches the client as it is, and is replayed as a hangup in the same place and of the same kind."""
    out, clock = tmp_path / f"{scenario}.yaml", Leaping()
    asked = [(path, body) for path, body in requests_of(scenario) if body["stream"]]
    originals = asyncio.run(all_of(emulated(scenario), asked))
    passed = asyncio.run(all_of(recording(emulated(scenario, clock), out, clock=clock), asked))
    replayed = asyncio.run(all_of(emulated(out), asked))
    assert [answer.derived for answer in passed] == [answer.derived for answer in originals]
    assert [answer.derived for answer in replayed] == [answer.derived for answer in originals]
    assert out.read_text().count("hangup: ") == len(load_file(out, catalog=Catalog.load()).rules)


def test_a_frame_cut_in_its_middle_is_played_so(tmp_path: Path) -> None:
    """A stream that ends inside a frame, or without any blank line, comes back with exactly its bytes."""
    out = tmp_path / "odd.yaml"
    path, body = odd("cut", stream=True)
    original = asyncio.run(ask(recording(stranger, out), path, body))
    assert asyncio.run(ask(emulated(out), path, body)).body == original.body


def test_an_upstream_that_is_not_there(tmp_path: Path) -> None:
    """Each surface's error tells that the upstream cannot be reached; it is no answer, and so is not recorded."""

    class Nowhere(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

    proxy = recording_proxy(URL, tmp_path / "none.yaml", transport=Nowhere())
    for path, body in ((CHAT, chat()), (MESSAGES, message())):
        answer = asyncio.run(ask(proxy, path, body))
        assert answer.status == 502
        assert json.loads(answer.body)["error"]["message"] == f"The recording proxy cannot reach {URL}: refused"
    assert not proxy.book.path.exists()


def test_the_client_has_its_answer_whatever_becomes_of_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake in the recording proxy is logged with its traceback, and costs the client nothing."""
    proxy = recording(emulated("hello"), tmp_path / "story.yaml")
    monkeypatch.setattr(proxy.book, "add", lambda *_: 1 / 0)
    assert asyncio.run(ask(proxy, CHAT, chat())).status == 200
    assert (proxy.left_out, "ZeroDivisionError" in caplog.text) == (1, True)


# ---------------------------------------------------------------------------------------------- the file


def test_recording_again_updates(tmp_path: Path) -> None:
    """A conversation has one rule however often it is recorded; a new session replaces its replies."""
    out = tmp_path / "again.yaml"
    first = [(CHAT, chat("Hello?")), (CHAT, chat("Goodbye?"))]
    asyncio.run(all_of(recording(emulated("rate-limited"), out), first))
    once = out.read_text()
    asyncio.run(all_of(recording(emulated("rate-limited"), out), first))
    assert out.read_text() == once
    asyncio.run(all_of(recording(emulated("hello"), out), first[:1]))
    hello, goodbye = load_file(out, catalog=Catalog.load()).rules
    assert [reply.error is None for rule in (hello, goodbye) for reply in rule.replies] == [True, False]


def test_what_a_person_wrote_stays(tmp_path: Path) -> None:
    """Other rules, models and settings of the file survive a recording, and answer what they answered."""
    out = tmp_path / "mine.yaml"
    out.write_text("unscripted: echo\nrules:\n  - when: {last_user: mine}\n    reply: {text: My own words.}\n")
    asyncio.run(ask(recording(emulated("hello"), out), CHAT, chat("theirs")))
    answers = asyncio.run(all_of(emulated(out), [(CHAT, chat("mine")), (CHAT, chat("theirs")), (CHAT, chat("echo!"))]))
    said = [json.loads(answer.body)["choices"][0]["message"]["content"] for answer in answers]
    assert said == ["My own words.", "Hello! How can I help you today?", "echo!"]


def test_conversations_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    """The same last words after another story, of another case, or with other limits, are other conversations."""
    out = tmp_path / "alike.yaml"
    asked = [
        chat("Go on."),
        chat("go on."),
        chat("Go on.", temperature=0.5),
        {**chat(), "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go on."}]},
        chat("Go on.", tools=[CHAT_TOOL], tool_choice="none"),
    ]
    requests = [(CHAT, body) for body in asked]
    originals = asyncio.run(all_of(recording(emulated(None), out), requests))
    assert len(load_file(out, catalog=Catalog.load()).rules) == len(asked)
    for order in (requests, requests[::-1]):
        replayed = asyncio.run(all_of(emulated(out), order))
        assert {answer.derived for answer in replayed} == {answer.derived for answer in originals}
        assert replayed[0].derived == originals[0 if order is requests else -1].derived


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """The client has its answer, the log says what is left out, and no half of a file is left behind."""
    out = tmp_path / "kept.yaml"
    proxy = recording(emulated("hello"), out)
    out.mkdir()
    assert asyncio.run(ask(proxy, CHAT, chat())).status == 200
    assert (proxy.recorded, proxy.left_out) == (0, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.yaml"]
    out.rmdir()
    asyncio.run(ask(proxy, CHAT, chat()))
    assert len(load_file(out, catalog=Catalog.load()).rules[0].replies) == 1


def test_a_file_that_would_be_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would make the file longer than a scenario may be is left out, and the file still plays."""
    out = tmp_path / "long.yaml"
    monkeypatch.setattr("emulator.recording.book.MAX_BYTES", 2000)
    proxy = recording(emulated("hello"), out)
    asyncio.run(all_of(proxy, [(CHAT, chat("short")), (CHAT, chat("long " * 400)), (CHAT, chat("brief"))]))
    assert (proxy.recorded, proxy.left_out) == (2, 1)
    assert [rule.name.partition("-")[0] for rule in load_file(out, catalog=Catalog.load()).rules] == ["short", "brief"]


def test_times_and_silences_are_recorded(tmp_path: Path) -> None:
    """The first token, the rate and a silence of the original are in the file, and a replay takes as long."""
    out, clock = tmp_path / "slow.yaml", Leaping()
    proxy = recording(emulated("slow-first-token", clock), out, clock=clock)
    asyncio.run(ask(proxy, CHAT, chat(stream=True)))
    assert "stream: {first_token: 10s, tokens_per_second: 50}" in out.read_text()
    begun, took = EPOCH, clock.now() - EPOCH
    replaying = Leaping()
    asyncio.run(ask(emulated(out, replaying), CHAT, chat(stream=True)))
    assert replaying.now() - begun == pytest.approx(took)


# ---------------------------------------------------------------------------------------------- modes


def test_replay_never_asks(tmp_path: Path) -> None:
    """A replay answers from the file alone, whoever's key it is, and tells what is not in it."""
    out = tmp_path / "story.yaml"
    asyncio.run(ask(recording(emulated("hello"), out), CHAT, chat("one")))
    proxy = recording_proxy(None, out, "replay")
    told = asyncio.run(ask(proxy, CHAT, chat("one"), {"authorization": "Bearer sk-anybody"}))
    untold = asyncio.run(ask(proxy, CHAT, chat("two")))
    assert (told.status, untold.status) == (200, 404)
    with pytest.raises(BookError, match=r"no .*missing\.yaml to replay"):
        recording_proxy(None, tmp_path / "missing.yaml", "replay")


def test_record_missing_asks_for_the_rest(tmp_path: Path) -> None:
    """What the file has is played from it; a conversation that is new goes on with the upstream until it is through."""
    out = tmp_path / "story.yaml"
    asyncio.run(ask(recording(emulated("hello"), out), CHAT, chat("known")))
    upstream = InProcess(emulated("rate-limited-then-recovers"))
    proxy = recording_proxy(URL, out, "record-missing", transport=upstream)
    known = asyncio.run(all_of(proxy, [(CHAT, chat("known"))] * 2))
    new = asyncio.run(all_of(proxy, [(CHAT, chat("new"))] * 3))
    assert [answer.status for answer in (*known, *new)] == [200, 200, 429, 429, 200]
    assert len(upstream.requests) == 3
    later = recording_proxy(URL, out, "record-missing", transport=InProcess(emulated("internal-error")))
    again = asyncio.run(all_of(later, [(CHAT, chat("new"))] * 3))
    assert [answer.derived for answer in again] == [answer.derived for answer in new]


@pytest.mark.parametrize("mode", ["record", "replay", "record-missing"])
def test_a_packed_request_is_answered_in_each_mode(tmp_path: Path, mode: Mode) -> None:
    """By the upstream or by the file, as if it had not been packed."""
    out = tmp_path / "story.yaml"
    upstream = InProcess(emulated("hello"))
    plain = asyncio.run(ask(recording_proxy(URL, out, transport=upstream), CHAT, chat()))
    proxy = recording_proxy(None if mode == "replay" else URL, out, mode, transport=upstream)
    packed = gzip.compress(json.dumps(chat()).encode())
    answer = asyncio.run(ask(proxy, CHAT, packed, {"content-encoding": "gzip"}))
    assert (answer.status, answer.derived) == (200, plain.derived)


# ---------------------------------------------------------------------------------------------- passing on


def test_requests_are_passed_on_as_they_are(tmp_path: Path) -> None:
    """Body, query, escaped path and headers arrive unchanged, but for those of the connection and of encodings."""
    upstream = InProcess(emulated("hello"))
    proxy = recording_proxy(f"{URL}/api/v1/", tmp_path / "story.yaml", transport=upstream)
    sent = {"anthropic-version": "2023-06-01", "accept-encoding": "gzip, br", "connection": "x-mine", "x-mine": "1"}
    body = b'{ "model" : "x", "odd": "\\u00e9" }'
    asyncio.run(ask(proxy, "/anthropic/v1/messages?beta=true", body, sent))
    asyncio.run(ask(proxy, "/v1/models/org%2Fmodel"))
    first, second = upstream.requests
    assert (first.content, first.url.raw_path) == (body, b"/api/anthropic/v1/messages?beta=true")
    assert first.headers["accept-encoding"] == "identity"
    assert first.headers["anthropic-version"] == "2023-06-01"
    assert first.headers["host"] == "upstream.test"
    assert "x-mine" not in first.headers
    assert second.url.raw_path == b"/api/v1/models/org%2Fmodel"


def test_answers_are_passed_on_as_they_are(tmp_path: Path) -> None:
    """Status, headers and compressed bytes reach the client unchanged, but for headers of the connection."""
    path, body = odd("zip")
    answer = asyncio.run(ask(recording(stranger, tmp_path / "odd.yaml"), path, body))
    assert gzip.decompress(answer.body) == STRANGE_BODY
    assert answer.headers["set-cookie"] == "session=very-secret-cookie"
    assert not {"x-hop", "connection"} & set(answer.headers)


def test_only_the_api_is_passed_on(tmp_path: Path) -> None:
    """Health, and whatever is not under /v1 and /anthropic, is the proxy's own; lists of models are passed on."""
    upstream = InProcess(emulated(None))
    proxy = recording_proxy(URL, tmp_path / "story.yaml", transport=upstream)
    paths = ["/_emulator/health", "/v1x", "/v1/models", "/anthropic/v1/models"]
    statuses = [asyncio.run(ask(proxy, path)).status for path in paths]
    assert statuses == [200, 404, 200, 200]
    assert [request.url.path for request in upstream.requests] == paths[2:]
    assert (proxy.recorded, proxy.left_out) == (0, 0)


@pytest.mark.parametrize("url", ["api.akashml.com", "ftp://x", "http://", ""])
def test_a_bad_url_is_told(url: str, tmp_path: Path) -> None:
    """An upstream that is no URL is refused with an example of one."""
    with pytest.raises(UpstreamError, match=r"expected one such as https://api\.akashml\.com"):
        recording_proxy(url, tmp_path / "story.yaml")


def test_without_httpx_it_is_told_what_to_install() -> None:
    """Whoever has not installed the extra reads what works in a checkout and elsewhere."""
    program = "import sys; sys.modules['httpx'] = None; from emulator.cli import main; main()"
    command = [sys.executable, "-c", program, "record", "--upstream", "http://127.0.0.1:1", "--out", "nowhere.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install httpx, or in a checkout pip install -e '.[record]'" in done.stderr
