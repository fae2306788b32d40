"""A page of another origin in a real browser: it reads and changes nothing of /_emulator, and may use the API."""

import functools
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from support.asgi import CHAT, KEY, chat

from emulator import Emulator
from emulator.web.control import ROUTES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
SECONDS = 30_000
"""What a browser may take, in milliseconds."""
STATES = ("account?key=akml-mine", "clock", "scenarios", "keys", "inferences", "backends", "snapshot")
BODIES: dict[str, Any] = {
    "/_emulator/activate": {"scenario": "rate-limited"},
    "/_emulator/reset": {},
    "/_emulator/clock": {"advance": "1h"},
    "/_emulator/account": {"key": "akml-mine", "credits": "999.00 USD"},
    "/_emulator/credits": {"key": "akml-mine", "purchase": "5.00 USD"},
    "/_emulator/keys": {"name": "evil"},
    "/_emulator/backends": {"model": "zai-org/GLM-5.3", "backends": {"total": 0}},
    "/_emulator/scenarios/hello": "name: hello\nrules: [{reply: {text: owned}}]\n",
}
"""What changes something, if it is let in."""
FETCH = """async ([url, options]) => {
    try {
        const answer = await fetch(url, {signal: AbortSignal.timeout(5000), ...options});
        return {read: await answer.text(), type: answer.type};
    } catch (error) { return {refused: String(error)}; }
}"""
FORM = """([url, method, type]) => new Promise(done => {
    const frame = Object.assign(document.createElement("iframe"), {name: "f" + Math.random()});
    const form = document.createElement("form");
    Object.assign(form, {action: url, method, enctype: type, target: frame.name});
    form.append(Object.assign(document.createElement("input"), {name: '{"advance": "1h", "x": "', value: '"}'}));
    frame.onload = () => { let read = ""; try { read = frame.contentDocument.body.innerText; } catch {} done(read); };
    document.body.append(frame, form);
    form.submit();
})"""
ELEMENT = """([name, url]) => new Promise(done => {
    const element = document.createElement(name);
    element.onload = element.onerror = event => {
        let read = "";
        try { read = element.contentDocument.body.innerText; } catch {}
        done({event: event.type, read});
    };
    Object.assign(element, name == "link" ? {rel: "stylesheet", href: url} : {src: url});
    document.body.append(element);
    if (name == "video") element.load();
})"""
EVENTS = """url => new Promise(done => {
    const source = new EventSource(url);
    source.onmessage = source.onopen = event => done(event.type);
    source.onerror = event => { source.close(); done("refused"); };
})"""
SOCKET = """url => new Promise(done => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
})"""
BEACON = "([url, body]) => navigator.sendBeacon(url, body)"


class _Page(BaseHTTPRequestHandler):
    """The evil server: every path is the same empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>evil</title><body>")

    def handle(self) -> None:
        """Answer, even if the browser has left already."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Be silent."""


@contextmanager
def evil_port() -> Iterator[int]:
    """The port of a server of pages, on all names of the loopback interface."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def evil_page(origin: str) -> Iterator[Any]:
    """A page of this origin in a browser."""
    arguments = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"]  # a visitor may have allowed it
    with playwright.sync_playwright() as start:
        browser = start.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_context().new_page()
        page.set_default_timeout(SECONDS)
        page.goto(origin)
        yield page
        browser.close()


def states(akash: Emulator) -> dict[str, Any]:
    """Everything that the control routes tell, asked from outside, except for the real time."""
    told = {path: httpx.get(f"{akash.url}/_emulator/{path}").json() for path in STATES}
    return told | {"snapshot": told["snapshot"]["store"]}


def attacks(page: Any, base: str) -> Iterator[str]:
    """Try every way in that a page has, on every control route; yields what the page could read."""
    for row in ROUTES:
        path = row.path.replace("{name}", "hello").replace("{id}", "1")
        url, given = base + path, BODIES.get(path, {})
        body = None if row.method == "GET" else given if isinstance(given, str) else json.dumps(given)
        for mode in ("cors", "no-cors"):
            for headers in ({}, {"content-type": "text/plain"}, {"content-type": "application/json"}):
                options = {"method": row.method, "mode": mode, "headers": headers, "credentials": "include"}
                told = page.evaluate(FETCH, [url, options if body is None else {**options, "body": body}])
                yield told.get("read", "")
        if row.method == "POST":
            for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
                yield page.evaluate(FORM, [url, "post", kind])
            page.evaluate(BEACON, [url, body])
        if row.method == "GET":
            for name in ("img", "script", "iframe", "link", "video"):
                told = page.evaluate(ELEMENT, [name, url])
                assert name == "iframe" or told["event"] == "error", (name, url, told)
                yield told["read"]
            yield page.evaluate(FORM, [url, "get", "text/plain"])
    follow = f"{base}/_emulator/inferences?follow=true"
    assert page.evaluate(EVENTS, follow) == page.evaluate(SOCKET, follow) == "refused"
    opened = page.context.new_page()
    opened.goto(page.url)
    with opened.expect_navigation():
        opened.evaluate("url => { location = url }", f"{base}/_emulator/snapshot")
    assert "foreign_origin" in opened.inner_text("body")
    opened.close()


@pytest.mark.parametrize(
    ("evil", "name"), [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("evil.localhost", "localhost")]
)
def test_an_evil_page_reads_nothing_and_changes_nothing(evil: str, name: str) -> None:
    """Account, clock, scenarios, keys and the record stay as they are; the emulated API answers the page by CORS."""
    with Emulator(clock="frozen") as akash, evil_port() as port, evil_page(f"http://{evil}:{port}/") as page:
        base = akash.url.replace("127.0.0.1", name)
        ask = functools.partial(page.evaluate, FETCH)
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        answered = ask([f"{base}{CHAT}", {"method": "POST", "headers": headers, "body": json.dumps(chat())}])
        assert json.loads(answered["read"])["object"] == "chat.completion"
        before = states(akash)
        read = [text for text in attacks(page, base) if text]
        assert read == []
        assert states(akash) == before
