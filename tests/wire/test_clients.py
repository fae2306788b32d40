"""Clients of other languages against a server: what they are answered, whole and streamed.

Those that are installed run; .ci/run installs them. What others send first is replayed byte by byte.
"""

import base64
import gzip
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.raw_http import BODY, STREAMED, Answer, ask, cut
from support.served import PATIENCE

from emulator import Emulator

HERE = Path(__file__).parent / "clients"
SAID = "Whoever asks, in whatever language."
JARS = [Path("/usr/share/java") / f"{name}.jar" for name in ("httpclient5", "httpcore5", "httpcore5-h2", "slf4j-api")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that always says the same."""
    with Emulator(reply=SAID) as akash:
        yield akash.url


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where one of these programs is missing, and say which."""
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def run(*command: str | Path, folder: Path | None = None) -> str:
    """What a client prints; it must not fail."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "GOCACHE": str(folder), "GOFLAGS": ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def heard(printed: str) -> dict[str, tuple[int, str]]:
    """The status and the text of each answer that a client has printed."""
    found = {}
    for line in printed.splitlines():
        name, status, body = line.split(" ", 2)
        found[name] = (int(status), Answer(int(status), [], base64.b64decode(body)).text)
    return found


def all_of(kinds: Sequence[str], endings: Sequence[str] = ("whole", "streamed")) -> dict[str, tuple[int, str]]:
    """What is to be heard."""
    return {f"{kind}-{ending}": (200, SAID) for kind in kinds for ending in endings}


# ---------------------------------------------------------------------------------------------- installed clients


@needs("java")
def test_java_net_http(url: str, tmp_path: Path) -> None:
    """Java's own client, which offers h2c unless it is told not to; its later requests are on the same connection."""
    printed = run("java", HERE / "JavaNetHttp.java", url, BODY.decode(), STREAMED.decode(), folder=tmp_path)
    endings = ("whole", "streamed", "whole-continued", "streamed-continued")
    assert heard(printed) == all_of(("null", "HTTP_2", "HTTP_1_1"), endings)


@needs("java")
@pytest.mark.skipif(not all(jar.exists() for jar in JARS), reason="not installed: libhttpclient5-java")
def test_apache_httpclient(url: str, tmp_path: Path) -> None:
    """Apache HttpClient 5, with the offer of its version 5.4, HTTP/1.0, gzip, and leave to continue asked for."""
    path = ":".join(map(str, JARS))
    client = HERE / "ApacheHttpClient.java"
    printed = run("java", "-cp", path, client, url, BODY.decode(), STREAMED.decode(), folder=tmp_path)
    assert heard(printed) == all_of(("plain", "upgrade", "1.0", "gzip", "continued"))


@needs("go")
def test_go_net_http(url: str, tmp_path: Path) -> None:
    """Go's client."""
    printed = run("go", "run", HERE / "net_http.go", url, BODY.decode(), STREAMED.decode(), folder=tmp_path)
    assert heard(printed) == all_of(("plain", "continued", "gzip", "chunked"))


@needs("ruby")
def test_ruby_net_http(url: str, tmp_path: Path) -> None:
    """Ruby's client."""
    printed = run("ruby", HERE / "net_http.rb", url, BODY.decode(), STREAMED.decode(), folder=tmp_path)
    assert heard(printed) == all_of(("plain", "continued", "gzip", "chunked"))


CURL = {
    "HTTP/1.0": ("--http1.0",),
    "HTTP/1.1": ("--http1.1",),
    "HTTP/2 if the server agrees": ("--http2",),
    "leave to continue asked for": ("-H", "Expect: 100-continue"),
    "in chunks": ("-H", "Transfer-Encoding: chunked"),
    "an answer in whatever coding": ("--compressed",),
}


def curl(url: str, body: Path, *options: str) -> "subprocess.CompletedProcess[bytes]":
    """Post a file, and print the body and the status."""
    command = ["curl", "-sS", "--noproxy", "*", "--max-time", "30", "-w", " %{http_code}", *options]
    command += ["-H", "Authorization: Bearer akml-curl", "-H", "Content-Type: application/json"]
    return subprocess.run(
        [*command, "--data-binary", f"@{body}", f"{url}/v1/chat/completions"], capture_output=True, check=False
    )


@needs("curl")
@pytest.mark.parametrize("packed", [False, True], ids=["", "packed"])
@pytest.mark.parametrize("name", CURL)
def test_curl(url: str, name: str, packed: bool, tmp_path: Path) -> None:
    """Every way in which curl can be told to ask over http://."""
    for body in (BODY, STREAMED):
        file = tmp_path / "body"
        file.write_bytes(gzip.compress(body) if packed else body)
        done = curl(url, file, *CURL[name], *(["-H", "Content-Encoding: gzip"] if packed else []))
        printed, _, status = done.stdout.rpartition(b" ")
        assert (done.returncode, status) == (0, b"200"), done.stderr
        assert Answer(200, [], printed).text == SAID


@needs("curl")
def test_curl_with_http_2_and_no_question_asked(url: str, tmp_path: Path) -> None:
    """It is refused at once, before curl's time is over."""
    file = tmp_path / "body"
    file.write_bytes(BODY)
    done = curl(url, file, "--http2-prior-knowledge")
    assert done.returncode not in (0, 28), done.stdout


# ---------------------------------------------------------------------------------------------- what others send

POST = b"POST /v1/chat/completions HTTP/1.1\r\n"
RECORDED = {
    ".NET HttpClient, PostAsJsonAsync": POST + b"Host: 127.0.0.1:8402\r\nAuthorization: Bearer akml-dotnet\r\n"
    b"traceparent: 00-7f0d3a1fe4b2c94fd4a8e3c1b2a09f8e-5b1c2d3e4f5a6b7c-00\r\n"
    b"Transfer-Encoding: chunked\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
    b"%X\r\n{body}\r\n0\r\n\r\n",
    ".NET HttpClient, StringContent with ExpectContinue": POST
    + b"Host: 127.0.0.1:8402\r\nAuthorization: Bearer akml-dotnet\r\nExpect: 100-continue\r\n"
    b"Content-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n{body}",
    "Apache HttpClient 5.4": POST + b"Accept-Encoding: gzip, x-gzip, deflate\r\nAuthorization: Bearer akml-apache\r\n"
    b"Content-Length: %d\r\nContent-Type: application/json; charset=UTF-8\r\nHost: 127.0.0.1:8402\r\n"
    b"Upgrade: TLS/1.2\r\nConnection: Upgrade\r\nUser-Agent: Apache-HttpClient/5.4.1 (Java/21.0.5)\r\n\r\n{body}",
    "java.net.http": POST + b"Connection: Upgrade, HTTP2-Settings\r\nContent-Length: %d\r\nHost: 127.0.0.1:8402\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\nUser-Agent: Java-http-client/17\r\n"
    b"Authorization: Bearer akml-java\r\nContent-Type: application/json\r\n\r\n{body}",
}
LAST = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer akml-last\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("body", [BODY, STREAMED], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", RECORDED)
def test_what_others_send(url: str, name: str, body: bytes) -> None:
    """Head and body in one packet, in two, and byte by byte; the connection can be used again."""
    sent = (RECORDED[name] % len(body)).replace(b"{body}", body)
    edge = sent.index(b"\r\n\r\n") + 4
    for parts in ([sent + LAST], [sent[:edge], sent[edge:] + LAST], cut(sent + LAST, range(2000))):
        first, last = ask(url, parts)
        assert (first.status, first.text, last.status) == (200, SAID, 200)
