"""/_emulator/inferences, /verify and /verdict: the record of inferences, and the verdict on the client."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from emulator.account.keys import shown
from emulator.core import units
from emulator.core.catalog import Catalog
from emulator.core.errors import ApiError, Rejected
from emulator.core.slices import listed, sliced
from emulator.engine import Engine
from emulator.web.control.bodies import bad_parameter as _bad
from emulator.web.control.live import ended, live, summary
from emulator.web.expectations import judged, nothing_asked

if TYPE_CHECKING:
    from emulator.inferences.inference import Inference
    from emulator.inferences.selecting import Selection
    from emulator.inferences.verdict.reports import Report

# ruff: noqa: PLC0415 # the modules that format and judge records are imported on demand

FOLLOWING = {"true": ended, "live": live}
"""What is followed, besides nothing."""
_PAGED = {"limit", "order"}
"""Parameters that have no effect on what is followed."""
REPORTS = {"json": "application/json", "text": "text/plain", "junit": "application/xml"}
"""The formats of a report, and the media type of each."""
_LOOKED_AT = 100
"""Records that are looked at before it is checked whether the client still waits."""
_encode = msgspec.json.Encoder().encode


async def listing(engine: Engine, request: Request) -> Response:
    """GET /_emulator/inferences."""
    query = dict(request.query_params)
    form, follow = _form(query.pop("format", "json")), query.pop("follow", "false")
    wanted = selected_by(query)
    if follow not in ("false", *FOLLOWING):
        raise _bad("follow", f"follow is false, {' or '.join(FOLLOWING)}")
    if follow in FOLLOWING:
        if form != "json":
            raise _bad("format", f"what is followed has the format json, and cannot be {form}")
        for name in _PAGED & query.keys():
            raise _bad(name, "what is followed comes as it happens, and has no end")
        return await _events(FOLLOWING[follow](engine, wanted))
    found, more = await _page(engine, request, wanted, query.get("key"), whole=form != "json")
    if form != "json":
        return await _exported(found, form, request, engine.catalog)
    told = [_encode(summary(each)) async for each in sliced(found)]
    rest = _encode({"next": found[-1].number if more else None, "forgotten": engine.store.inferences.forgotten})
    return Response(b'{"inferences":[%b],%b' % (b",".join(told), rest[1:]), media_type=REPORTS["json"])


async def one(engine: Engine, request: Request) -> Response:
    """GET /_emulator/inferences/{id}."""
    id, form = request.path_params["id"], _form(request.query_params.get("format", "json"))
    await engine.store.inferences.refresh()
    found = engine.store.inferences.get(id)
    if found is None:
        raise none_such(id)
    if form != "json":
        return await _exported([found], form, request, engine.catalog)
    return as_json(found.as_dict() | {"line": found.line(), "request": found.request})


def as_json(told: Any) -> Response:
    """A response in JSON. Inferences can be long, and this takes a tenth of the time of a JSONResponse."""
    return Response(_encode(told), media_type=REPORTS["json"])


def none_such(id: str) -> Rejected:
    """The 404 for an inference that is not in the record."""
    told = (
        f"There is no inference '{id[:100]}' here: it was forgotten, or never came. An id or a number names one; "
        "`akashml-emulator inferences` lists them."
    )
    return Rejected(ApiError("not_found", told))


async def verify(engine: Engine, request: Request) -> Response:
    """GET /_emulator/verify."""
    said = await _asked_report(engine, request)
    match request.query_params.get("format", "json"):
        case "json":
            return as_json(said.as_dict())
        case "text":
            return PlainTextResponse(said.text())
        case "junit":
            return Response(said.junit(), media_type=REPORTS["junit"])
    *others, last = REPORTS
    raise _bad("format", f"format is {', '.join(others)} or {last}")


async def verdict(engine: Engine, request: Request) -> Response:
    """GET /_emulator/verdict."""
    said = await _asked_report(engine, request)
    nothing = {"nothing_asked": said.nothing_asked} if said.nothing_asked else {}
    return as_json({"ok": bool(said.verdict) and not nothing, **msgspec.to_builtins(said.verdict), **nothing})


async def _asked_report(engine: Engine, request: Request) -> "Report":
    return await report(engine, request.query_params.get("key"), _most_attempts(request))


async def report(engine: Engine, key: str | None = None, most_attempts: int | None = None) -> "Report":
    """The report on the requests with one key, or on those with each key by themselves and all together.

    More than `most_attempts` at one question are reported. Raises `Rejected` if the scenario of a key cannot be played.
    """
    from emulator.inferences.verdict.client import MOST_ATTEMPTS, observed
    from emulator.inferences.verdict.findings import verdict_of
    from emulator.inferences.verdict.reports import KeyReport, Report

    most = MOST_ATTEMPTS if most_attempts is None else most_attempts
    keys = [
        KeyReport(
            None if each.key is None else shown(each.key, engine.library),
            each.scenarios,
            len(each.asked),
            each.unmet,
            verdict_of(await listed(observed(each.asked, most))),
        )
        for each in await judged(engine, key)
    ]
    return Report.of(keys, nothing_asked(engine, key), engine.store.inferences.forgotten)


# ---------------------------------------------------------------------------------------------- what is told


async def _page(
    engine: Engine, request: Request, wanted: "Selection", key: str | None, *, whole: bool
) -> "tuple[list[Inference], bool]":
    """The page that is wanted, and whether there are more behind it; less if the client leaves meanwhile."""
    from emulator.inferences.readable import readable, shortened

    found: list[Inference] = []
    await engine.store.inferences.refresh()
    looked_at = 0
    async for inference in sliced(engine.store.inferences.select(wanted, key, readable if whole else shortened)):
        looked_at += 1
        if looked_at % _LOOKED_AT == 0 and await request.is_disconnected():
            break
        if inference is not None:
            if len(found) == wanted.limit:
                return found, True
            found.append(inference)
    return found, False


async def _exported(inferences: "list[Inference]", name: str, request: Request, catalog: Catalog) -> Response:
    from emulator.inferences.exports import FORMATS, NotReproducible

    form = FORMATS[name]
    if form.between is None and len(inferences) != 1:
        raise _bad("format", f"a {name} is made of one inference: name its id, or select one")
    url = str(request.base_url)

    def written() -> bytes:
        return (form.between or "").join(form.write(each, url, catalog) for each in inferences).encode()

    try:
        text = await asyncio.to_thread(written)
    except NotReproducible as error:
        raise Rejected(ApiError("bad_request", f"No {name} answers this: {error}.")) from None
    return Response(text, media_type=form.media_type)


async def _events(events: AsyncGenerator[bytes]) -> Response:
    """A response that begins once nothing is missed any more: whoever reads a list after that has all of it."""
    from emulator.wire.event_source import EventSource

    first = await anext(events)

    async def every() -> AsyncIterator[bytes]:
        async with aclosing(events):
            yield first
            async for each in events:
                yield each

    return EventSource(every(), ping=0, sep="\n")


# ---------------------------------------------------------------------------------------------- what is asked


def selected_by(query: dict[str, str]) -> "Selection":
    """What a query wants. Raises `Rejected` with a 400 for a parameter that has no such value."""
    from emulator.inferences.selecting import SelectionError, selection

    try:
        return selection(query)
    except SelectionError as error:
        raise _bad(error.field, str(error)) from None


def _form(text: str) -> str:
    if text != "json":
        from emulator.inferences.exports import FORMATS

        if text not in FORMATS:
            raise _bad("format", f"format is one of {', '.join(['json', *FORMATS])}")
    return text


def _most_attempts(request: Request) -> int | None:
    text = request.query_params.get("most_attempts")
    if text is None:
        return None
    try:
        return units.whole(1)(text)
    except ValueError:
        raise _bad("most_attempts", "most_attempts is a whole number from 1") from None
