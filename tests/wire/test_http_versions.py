"""HTTP as clients speak it: offers to change the protocol, HTTP/1.0, HTTP/2, and the end of a connection."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.listening import listening
from support.raw_http import BODY, CHAT, STREAMED, Answer, ask, chunked, cut, request
from support.served import served

from emulator import Emulator
from emulator.recording.proxy import recording_proxy

SAID = "Hello, whoever you are."
H2C = ("HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA", "Upgrade: h2c")
OFFERS = {
    "h2c, as Java's client": ("Connection: Upgrade, HTTP2-Settings", *H2C),
    "TLS, as Apache HttpClient 5.4": ("Upgrade: TLS/1.2", "Connection: Upgrade"),
    "a websocket": ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "what nobody knows": ("connection: keep-alive,  uPgRaDe", "upgrade: x/9, y"),
    "two at once": ("Connection: Upgrade", "Upgrade: h2c", "Upgrade: websocket"),
    "none, although it says so": ("Connection: Upgrade",),
}
CLOSE = "Connection: close"
LAST = request(None, CLOSE, path="/v1/models", method="GET")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that always says the same."""
    with Emulator(reply=SAID) as akash:
        yield akash.url


def spoken(found: list[Answer]) -> list[tuple[int, str]]:
    """What each answer but the last one says."""
    return [(each.status, each.text) for each in found[:-1]]


# ---------------------------------------------------------------------------------------------- offers


@pytest.mark.parametrize("name", OFFERS)
def test_an_offer_is_ignored_and_the_body_read(url: str, name: str) -> None:
    """In one packet, in two, and byte by byte; what is sent after it on the same connection is answered too."""
    for body in (BODY, STREAMED):
        head, data = request(body, *OFFERS[name])[: -len(body)], body
        for parts in ([head + data + LAST], [head, data, LAST], cut(head + data + LAST, range(2000))):
            found = ask(url, parts)
            assert spoken(found) == [(200, SAID)]
            assert found[-1].status == 200


OTHERS = {
    "with a body in chunks": chunked(BODY, *OFFERS["h2c, as Java's client"]),
    "and leave to continue asked for": request(BODY, *OFFERS["h2c, as Java's client"], "Expect: 100-continue"),
    "and a second one ahead": request(BODY, "Connection: Upgrade", *H2C) * 2,
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_offer_in_odd_company(url: str, name: str) -> None:
    """The offer changes nothing of how the rest is read."""
    found = ask(url, [OTHERS[name] + LAST])
    assert set(spoken(found)) == {(200, SAID)}
    assert len(found) == (3 if "second" in name else 2)


def test_an_offer_without_a_body(url: str) -> None:
    """A GET is answered, and so is what follows it."""
    offer = request(None, "Connection: Upgrade", *H2C, path="/v1/models", method="GET")
    assert [each.status for each in ask(url, [offer + offer + LAST])] == [200, 200, 200]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    offers=st.lists(st.sampled_from([None, *OFFERS.values()]), min_size=1, max_size=4),
    chunks=st.booleans(),
    places=st.lists(st.integers(0, 5000), max_size=12),
)
def test_any_split_of_any_offers_is_answered_as_without_them(
    url: str, offers: list[tuple[str, ...] | None], chunks: bool, places: list[int]
) -> None:
    """Requests ahead, in chunks or not, whose bytes come in whatever parts."""
    sent = [chunked(BODY, *(offer or ())) if chunks else request(BODY, *(offer or ())) for offer in offers]
    found = ask(url, cut(b"".join([*sent, LAST]), places))
    assert spoken(found) == [(200, SAID)] * len(offers)
    assert (len(found), found[-1].status) == (len(offers) + 1, 200)


def test_a_served_emulator_and_a_recording_ignore_offers(tmp_path: Path) -> None:
    """They listen in the same way: the command line, and the proxy, whose upstream is not offered anything."""
    data = request(BODY, CLOSE.replace("close", "close, Upgrade, HTTP2-Settings"), *H2C)
    with served() as server:
        assert [each.status for each in ask(server.url, [data])] == [200]
    out = tmp_path / "story.yaml"
    with Emulator(reply=SAID) as akash, listening(recording_proxy(akash.url, out)) as url:
        assert [(each.status, each.text) for each in ask(url, [data])] == [(200, SAID)]
        assert not {"upgrade", "http2-settings"} & set(akash.inferences[0].headers)
    assert SAID in out.read_text()


def test_an_upgrade_of_a_refused_request_is_refused_as_without_it(url: str) -> None:
    """The bounds of a head hold, and the answer is the same."""
    offer = ("Connection: Upgrade", *H2C)
    for headers in (["X: a"] * 300, ["X: " + "a" * 70_000]):
        with_offer, without = (ask(url, [request(BODY, *extra, *headers)])[0] for extra in (offer, ()))
        assert (with_offer.status, with_offer.values("connection")) == (431, ["close"])
        assert without.status == 431


# ---------------------------------------------------------------------------------------------- versions


@pytest.mark.parametrize(
    "headers", [(), ("Connection: keep-alive",), ("Expect: 100-continue",), ("Connection: Upgrade", *H2C)], ids=str
)
@pytest.mark.parametrize("body", [BODY, STREAMED], ids=["whole", "streamed"])
def test_http_1_0(url: str, body: bytes, headers: tuple[str, ...]) -> None:
    """No chunks: the body ends with the connection, and a length is told where it is known."""
    (answer,) = ask(url, [request(body, *headers, version="1.0")])
    assert (answer.status, answer.text) == (200, SAID)
    assert (answer.values("transfer-encoding"), answer.values("connection")) == ([], ["close"])
    assert len(answer.values("content-length")) == (body is BODY)


def test_http_1_0_at_other_paths(url: str) -> None:
    """Errors, control routes, HEAD and what has no body are as they are for others, and end the connection."""
    for path, method, status in (
        ("/v1/nothing", "GET", 404),
        ("/_emulator/health", "GET", 200),
        ("/v1/models", "HEAD", 200),
        ("/v1/models", "OPTIONS", 204),
        ("/_emulator/inferences/stream", "HEAD", 404),
    ):
        (answer,) = ask(url, [request(None, version="1.0", path=path, method=method)], method)
        assert (answer.status, answer.values("connection")) == (status, ["close"])
        assert not answer.values("transfer-encoding")


REFUSED = {
    "chunks in HTTP/1.0": (chunked(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"), "HTTP/1.0 has no Transfer-Encoding"),
    "HTTP/2.0 in the first line": (request(BODY, version="2.0"), "HTTP/2.0"),
    "HTTP/0.9 in the first line": (request(BODY, version="0.9"), "HTTP/0.9"),
    "HTTP/2 without being asked": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), "speaks only HTTP/1.1"),
    "a proxy is looked for": (b"CONNECT api.akashml.com:443 HTTP/1.1\r\nHost: api.akashml.com\r\n\r\n", "proxy"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_versions_are_refused_at_once(url: str, name: str) -> None:
    """The 400 says what the client speaks, also when its bytes come one by one."""
    data, words = REFUSED[name]
    for parts in ([data], [data[:9], data[9:]], cut(data, range(len(data)))):
        (answer,) = ask(url, parts)
        assert (answer.status, answer.values("connection")) == (400, ["close"])
        assert words in answer.message


# ---------------------------------------------------------------------------------------------- the end of a connection


@pytest.mark.parametrize(
    ("body", "path", "status"),
    [
        (BODY, CHAT, 200),
        (STREAMED, CHAT, 200),
        (b"", CHAT, 400),
        (b"{}", "/v1/nothing", 404),
        (b" " * 33_554_433, CHAT, 413),
    ],
    ids=["whole", "streamed", "invalid", "unknown", "too large"],
)
def test_a_client_that_closes_is_told_so_once(url: str, body: bytes, path: str, status: int) -> None:
    """One Connection header, which says what will be done; a stream says nothing else."""
    (answer,) = ask(url, [request(body, CLOSE, path=path)])
    assert (answer.status, answer.values("connection")) == (status, ["close"])


def test_a_connection_that_is_kept_is_not_said_to_be_closed(url: str) -> None:
    """A stream says that it is kept, and so it is."""
    whole, stream, last = ask(url, [request(BODY) + request(STREAMED) + LAST])
    assert [each.values("connection") for each in (whole, stream, last)] == [[], ["keep-alive"], ["close"]]


def test_what_went_wrong_is_told_with_one_connection_header() -> None:
    """An error that a scenario answers, and a paced stream, for clients of either version."""
    for reply in ({"error": 529}, {"text": SAID, "stream": {"first_token": "20ms"}}):
        with Emulator(scenario=[{"reply": reply}]) as akash:
            for version in ("1.0", "1.1"):
                for body in (BODY, STREAMED):
                    (answer,) = ask(akash.url, [request(body, CLOSE, version=version)])
                    assert answer.values("connection") == ["close"]
                    assert answer.status == 529 or answer.text == SAID


def test_a_hangup_of_http_1_0(url: str) -> None:
    """What was sent before it arrives, and the connection ends."""
    reply = {"text": SAID, "faults": [{"hangup": "truncate", "after": {"tokens": 2}}]}
    with Emulator(scenario=[{"reply": reply}]) as akash:
        (answer,) = ask(akash.url, [request(STREAMED, version="1.0")])
    assert answer.body.startswith(b"data: {")
    assert b"[DONE]" not in answer.body
    assert json.loads(answer.body.split(b"\n\n")[0].removeprefix(b"data: "))["object"] == "chat.completion.chunk"
