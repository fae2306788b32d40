"""/_emulator/ and /_emulator/console/{file}: the page of the console, and its files, which are in emulator/console.

Nothing in them comes from elsewhere, and the browser is told so: it runs no script but these files, and asks no server
but this one.
"""

import gzip
import re
from pathlib import Path

from starlette.responses import RedirectResponse, Response

from emulator.core.errors import ApiError, Rejected
from emulator.core.seeds import Seed
from emulator.engine import Engine
from emulator.web.control.bodies import ControlRequest

FOLDER = Path(__file__).parents[2] / "console"
"""Where the files are."""
PAGE = "index.html"
_ADDRESS = "/_emulator"
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
"""The media types of the files that are served, by their endings."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding",
}


async def page(engine: Engine, request: ControlRequest) -> Response:
    """GET /_emulator/. The names of the files are relative to this path, so it has to end with a slash."""
    if not request.scope.get("raw_path", f"{_ADDRESS}/".encode()).endswith(f"{_ADDRESS}/".encode()):
        return RedirectResponse(f"{request.scope.get('root_path', '')}{_ADDRESS}/", 308)
    return _file(request, PAGE)


async def file(engine: Engine, request: ControlRequest) -> Response:
    """GET /_emulator/console/{file}."""
    return _file(request, request.path_params["file"])


def _file(request: ControlRequest, name: str) -> Response:
    """A file, or a 304 if the browser has it already. Raises `Rejected` with a 404 if there is none."""
    path = _files().get(name)
    if path is None:
        raise Rejected(ApiError("not_found", f"The console has no file '{name[:100]}'."))
    content, encoding = path.read_bytes(), {}
    if _accepts_gzip(request.headers.get("accept-encoding", "")):
        content, encoding = gzip.compress(content, mtime=0), {"content-encoding": "gzip"}
    headers = {**_HEADERS, **encoding, "etag": f'"{Seed.of("file", content).hex(32)}"'}
    if _matches(request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=TYPES[path.suffix])


def _accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding names gzip, and not with a weight of 0."""
    codings = [each.replace(" ", "").lower().split(";") for each in header.split(",")]
    return any(name in ("gzip", "x-gzip") and not re.fullmatch(r"q=0(\.0*)?", "".join(rest)) for name, *rest in codings)


def _matches(header: str, tag: str) -> bool:
    """Whether an If-None-Match has this tag, weak or strong, or any."""
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in header.split(","))


def _files() -> dict[str, Path]:
    """The files by their names in an address. A path from a request is only looked up here, and never opened."""
    return {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.suffix in TYPES}
