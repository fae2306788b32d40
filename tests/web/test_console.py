"""The page of the console and its files: what is sent, to whom, and what a browser may do with it."""

import gzip
from pathlib import Path

import pytest
from support.asgi import ask, make_engine

from emulator.web.app import create_app
from emulator.web.control.console import FOLDER, PAGE, TYPES

FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.suffix in TYPES)
TOKEN = "secret-token"


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_sent(name: str) -> None:
    """It has its media type, which the browser is told to believe, and the policy that lets nothing else run."""
    sent = ask(create_app(make_engine()), "GET", f"/_emulator/console/{name}", key=None)
    assert (sent.status, sent.body) == (200, (FOLDER / name).read_bytes())
    assert sent.headers["content-type"].partition(";")[0] == TYPES[Path(name).suffix]
    assert sent.headers["x-content-type-options"] == "nosniff"
    policy = dict(part.strip().split(" ", 1) for part in sent.headers["content-security-policy"].split(";"))
    assert policy == {
        **dict.fromkeys(("default-src", "base-uri", "frame-ancestors", "form-action"), "'none'"),
        **dict.fromkeys(("script-src", "style-src", "connect-src"), "'self'"),
        "img-src": "'self' data:",
    }


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_sent_once(name: str) -> None:
    """A browser that has the file is told so without sending it again."""
    app, path = create_app(make_engine()), f"/_emulator/console/{name}"
    tag = ask(app, "GET", path).headers["etag"]
    again = ask(app, "GET", path, headers={"if-none-match": tag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert ask(app, "GET", path, headers={"if-none-match": '"other"'}).status == 200


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ("W/{}", 304),
        ("*", 304),
        ('"other", {}', 304),
        ('{},"other"', 304),
        ('W/"other" , W/{}', 304),
        ('"other"', 200),
        ('W/"other"', 200),
        ("", 200),
        ("other", 200),
    ],
)
def test_a_browser_may_know_several_versions(template: str, status: int) -> None:
    """An If-None-Match has one tag, several, weak ones, or any; HEAD is answered as GET is."""
    app, path = create_app(make_engine()), f"/_emulator/console/{FILES[0]}"
    tag = ask(app, "GET", path).headers["etag"]
    for method in ("GET", "HEAD"):
        assert ask(app, method, path, headers={"if-none-match": template.format(tag)}).status == status


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("identity", False),
        ("gzipped", False),
        ("", False),
    ],
)
def test_a_file_is_compressed_for_who_wants_it(accepted: str, zipped: bool) -> None:
    """Each form has a tag of its own."""
    app, path = create_app(make_engine()), f"/_emulator/console/{FILES[0]}"
    sent = ask(app, "GET", path, headers={"accept-encoding": accepted})
    assert (sent.headers.get("content-encoding") == "gzip") == zipped
    assert (gzip.decompress(sent.body) if zipped else sent.body) == (FOLDER / FILES[0]).read_bytes()
    assert (sent.headers["etag"] == ask(app, "GET", path).headers["etag"]) != zipped


@pytest.mark.parametrize(
    "name",
    ["none.js", "../__init__.py", "%2e%2e/__init__.py", "..%2f__init__.py", "/etc/passwd", "%2fetc%2fpasswd", "."],
)
def test_no_other_file_is_sent(name: str) -> None:
    """Neither one that is not there, nor one outside of the folder, however its name is written."""
    assert ask(create_app(make_engine()), "GET", f"/_emulator/console/{name}").status == 404


def test_the_page_has_an_address_that_ends_with_a_slash() -> None:
    """The names of the files are relative to it; without the slash the browser is led there."""
    app = create_app(make_engine())
    for path in ("/_emulator", "/_emulator//", "/_emulator///"):
        led = ask(app, "GET", path)
        assert (led.status, led.headers["location"]) == (308, "/_emulator/")
    page = ask(app, "GET", "/_emulator/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.body == (FOLDER / PAGE).read_bytes()


def test_a_browser_is_led_to_the_console() -> None:
    """Whoever opens the address in a browser sees the page, and a program still gets JSON."""
    app = create_app(make_engine())
    led = ask(app, "GET", "/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (led.status, led.headers["location"]) == (303, "/_emulator/")
    for accept in ("*/*", "application/json"):
        told = ask(app, "GET", "/", headers={"accept": accept})
        assert (told.status, told.json["console"]) == (200, "http://127.0.0.1:8402/_emulator/")
        assert "accept" in told.headers["vary"] and "accept" in led.headers["vary"]


@pytest.mark.parametrize("path", ["/_emulator/", f"/_emulator/console/{FILES[0]}"])
def test_the_doors_are_those_of_all_control_routes(path: str) -> None:
    """Without the token it is a 401, with the cookie it is not; and no page from elsewhere can use them."""
    app = create_app(make_engine(control_token=TOKEN))
    assert ask(app, "GET", path).status == 401
    cookie = ask(app, "GET", f"/_emulator/?token={TOKEN}").headers["set-cookie"].partition(";")[0]
    assert ask(app, "GET", path, headers={"cookie": cookie}).status == 200
    foreign = {"cookie": cookie, "sec-fetch-site": "cross-site"}
    assert ask(app, "GET", path, headers=foreign).status == 403


def test_what_clients_wrote_is_no_page() -> None:
    """A browser is told to believe the media type of every answer of the control routes."""
    for path in ("/_emulator/health", "/_emulator/inferences", "/_emulator/scenarios/hello"):
        assert ask(create_app(make_engine()), "GET", path).headers["x-content-type-options"] == "nosniff"
