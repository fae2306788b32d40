"""Compressed requests: what is sent packed is answered and recorded as if it were not, or refused with its name."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from functools import reduce
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.listening import listening
from support.raw_http import BODY, CHAT, Answer, ask, chunked, cut, request

from emulator import Emulator
from emulator.recording.proxy import recording_proxy
from emulator.wire.codings import accepted

SAID = "Unpacked."
CLOSE = "Connection: close"
LIMIT = 100_000


def raw_deflate(data: bytes) -> bytes:
    """Deflate without the header of zlib, as some clients send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def members(data: bytes) -> bytes:
    """Data as gzip of several members, one of which is empty."""
    return gzip.compress(data[:7]) + gzip.compress(b"") + gzip.compress(data[7:])


def of_package(name: str) -> Callable[[bytes], bytes]:
    """Pack with a package that may not be there; where it is not, the coding is not among the accepted ones."""
    return lambda data: bytes(import_module(name).compress(data))


OWN: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZIP", gzip.compress),
    "several members": ("gzip", members),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "identity": ("identity", bytes),
}
PACKAGES = {"br": "brotli", "zstd": "zstandard"}
FOUND = {name: (name, of_package(package)) for name, package in PACKAGES.items() if name in accepted()}
PACKERS = OWN | FOUND
needs_packages = pytest.mark.skipif(
    len(FOUND) < len(PACKAGES), reason="brotli and zstandard are not installed: br and zstd are refused with a 415"
)


@pytest.fixture(scope="module")
def akash() -> Iterator[Emulator]:
    """A server with a small limit of bodies."""
    with Emulator(reply=SAID, max_body_bytes=LIMIT) as running:
        yield running


def packed(names: list[str], body: bytes = BODY) -> tuple[str, bytes]:
    """The header and the data of a body that was packed by these, one after the other."""
    return f"Content-Encoding: {', '.join(PACKERS[name][0] for name in names)}", reduce(
        lambda data, name: PACKERS[name][1](data), names, body
    )


def last(akash: Emulator, data: bytes, *headers: str, path: str = CHAT, method: str = "POST") -> Answer:
    """The answer to one request."""
    return ask(akash.url, [request(data, CLOSE, *headers, path=path, method=method)])[-1]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from(list(PACKERS)), max_size=5),
    chunks=st.booleans(),
    places=st.lists(st.integers(0, 5000), max_size=9),
)
def test_any_stack_of_codings_is_unpacked(akash: Emulator, names: list[str], chunks: bool, places: list[int]) -> None:
    """Whatever its order, and whatever parts it comes in; the record shows what was meant."""
    header, data = packed(names)
    sent = chunked(data, header, CLOSE) if chunks else request(data, header, CLOSE)
    (answer,) = ask(akash.url, cut(sent, places))
    assert (answer.status, answer.text) == (200, SAID)
    assert akash.inferences[-1].request == json.loads(BODY)


@needs_packages
@pytest.mark.parametrize("name", PACKAGES)
def test_codings_of_packages(akash: Emulator, name: str) -> None:
    """Both are unpacked where there is a library for them."""
    header, data = packed([name])
    assert last(akash, data, header).text == SAID


def test_codings_in_two_headers(akash: Emulator) -> None:
    """Two headers of the same name are one list."""
    data = gzip.compress(zlib.compress(BODY))
    assert last(akash, data, "Content-Encoding: deflate", "Content-Encoding: gzip").text == SAID


@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/anthropic/v1/messages", "/_emulator/keys"])
@pytest.mark.parametrize(
    "header", ["compress", "aws-chunked", "gzip, exi", "br;q=1", "gzip," * 6, *(PACKAGES.keys() - FOUND.keys())]
)
def test_an_unknown_coding_is_named(akash: Emulator, path: str, header: str) -> None:
    """415, and a header that lists what is accepted (RFC 9110, section 15.5.16)."""
    answer = last(akash, b"whatever", f"Content-Encoding: {header}", path=path)
    named = "6 codings" if header.startswith("gzip,g") else repr(header.rpartition(", ")[2])
    assert (answer.status, answer.values("accept-encoding")) == (415, [accepted()])
    assert named in answer.message
    assert accepted().startswith("gzip, deflate")
    assert ("request_id" in json.loads(answer.body)) == path.startswith("/anthropic")


BROKEN = {
    "not gzip at all": ("gzip", BODY, "not valid gzip: incorrect header check"),
    "gzip within gzip that is not": ("gzip, gzip", gzip.compress(BODY), "not valid gzip: incorrect header check"),
    "gzip that is cut": ("gzip", gzip.compress(BODY)[:-1], "it ends too early"),
    "gzip that is cut in its header": ("gzip", gzip.compress(BODY)[:5], "it ends too early"),
    "a second member that is cut": ("gzip", gzip.compress(BODY) * 2 + b"\x1f", "it ends too early"),
    "a wrong checksum": ("gzip", gzip.compress(BODY)[:-8] + bytes(8), "incorrect data check"),
    "something behind gzip": ("gzip", gzip.compress(BODY) + b"{}", "other data follows its end"),
    "something behind deflate": ("deflate", zlib.compress(BODY) + zlib.compress(BODY), "other data follows its end"),
    "deflate that is cut": ("deflate", zlib.compress(BODY)[:-5], "it ends too early"),
    "an invalid block": ("deflate", b"\x06\x00", "invalid block type"),
    "100,000 members": ("gzip", gzip.compress(b"") * 4000, "more than 1000 members"),
    "nothing at all": ("gzip", b"", "body is empty"),
    "gzip of nothing": ("gzip", gzip.compress(b""), "body is empty"),
}


@pytest.mark.parametrize("path", [CHAT, "/anthropic/v1/messages"])
@pytest.mark.parametrize("name", BROKEN)
def test_broken_data_is_told_from_broken_json(akash: Emulator, name: str, path: str) -> None:
    """A 400 that says which coding is broken, and how."""
    header, data, words = BROKEN[name]
    answer = last(akash, data, f"Content-Encoding: {header}", path=path)
    assert answer.status == 400
    assert words in answer.message


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("path", [CHAT, "/_emulator/scenarios/own"])
def test_a_bomb_is_refused_when_it_is_over_the_limit(akash: Emulator, times: int, path: str) -> None:
    """What is unpacked is bounded at every level, and others are served afterwards."""
    data = reduce(lambda inner, _: gzip.compress(inner), range(times), bytes(20_000_000))
    method = "POST" if path == CHAT else "PUT"
    answer = last(akash, data, "Content-Encoding: " + ", ".join(["gzip"] * times), path=path, method=method)
    assert answer.status == 413
    assert f"limit of {LIMIT} bytes" in answer.message
    assert last(akash, BODY).status == 200


def test_a_body_of_exactly_the_limit(akash: Emulator) -> None:
    """The limit is that of what was unpacked."""
    assert last(akash, gzip.compress(BODY.ljust(LIMIT)), "Content-Encoding: gzip").status == 200
    refused = last(akash, gzip.compress(BODY.ljust(LIMIT + 1)), "Content-Encoding: gzip")
    assert (refused.status, "the unpacked body is over the limit" in refused.message) == (413, True)


def test_a_coding_of_the_transfer_is_not_taken_for_none(akash: Emulator) -> None:
    """Only chunks are spoken (RFC 9112, section 6.1)."""
    for headers in (["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"]):
        sent = request(b"3\r\nabc\r\n0\r\n\r\n", CLOSE, *headers, length=False)
        (answer,) = ask(akash.url, [sent])
        assert (answer.status, "'gzip, chunked'" in answer.message) == (501, True)


def test_a_recording_passes_on_what_was_unpacked(tmp_path: Path) -> None:
    """The upstream gets a body without a coding, and the file says what was asked."""
    out = tmp_path / "story.yaml"
    header, data = packed(["deflate", "gzip"])
    with Emulator(reply=SAID) as upstream, listening(recording_proxy(upstream.url, out)) as url:
        (answer,) = ask(url, [request(data, header, CLOSE)])
        assert (answer.status, answer.text) == (200, SAID)
        received = upstream.inferences[0]
    assert received.request == json.loads(BODY)
    assert (received.headers.get("content-encoding"), received.headers["content-length"]) == (None, str(len(BODY)))
    assert "Hello!" in out.read_text()


def test_control_routes_unpack_too(akash: Emulator) -> None:
    """Fields may be sent packed, and so may a scenario."""
    data = gzip.compress(b'{"scenario": "hello", "key": "akml-other"}')
    assert last(akash, data, "Content-Encoding: gzip", path="/_emulator/activate").status == 200
    sent = ask(
        akash.url, [request(zlib.compress(b"[]"), "Content-Encoding: deflate, gzip", CLOSE, path="/_emulator/keys")]
    )
    assert "not valid gzip" in sent[0].message
    story = raw_deflate(b"rules: [{reply: {text: Packed.}}]")
    stored = last(akash, story, "Content-Encoding: deflate", path="/_emulator/scenarios/packed", method="PUT")
    assert (stored.status, json.loads(stored.body)["name"]) == (200, "packed")
