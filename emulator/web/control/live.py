"""The inferences as they start, send and end, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Literal

import msgspec

from emulator.engine import Engine
from emulator.inferences import LiveRecord
from emulator.inferences.inference import Inference
from emulator.inferences.readable import readable
from emulator.inferences.selecting import Selection

LONG = frozenset({"headers", "body", "response_headers", "response", "timeline", "rules"})
"""The fields of an inference that a list leaves out."""
_BACKLOG = 1000
"""The most inferences that are queued for a slow client."""
_MISSED = 400
"""The most starts and ends that are queued for a slow client, which is then told to begin again."""
_PAUSE = 0.25
"""Seconds, in real time, after which a client is told what was sent meanwhile."""
_encode = msgspec.json.Encoder().encode


def summary(inference: Inference) -> dict[str, Any]:
    """An inference as lists show it."""
    told = {name: value for name, value in inference.as_dict().items() if name not in LONG}
    return told | {"line": inference.line()}


async def ended(engine: Engine, wanted: Selection) -> AsyncIterator[bytes]:
    """Every inference that ends from now on; further ones are dropped for a client that reads too slowly."""
    waiting: asyncio.Queue[Inference] = asyncio.Queue()

    def note(inference: Inference) -> None:
        if inference in wanted and waiting.qsize() < _BACKLOG:
            waiting.put_nowait(inference)

    stop = engine.store.inferences.listen(note)
    try:
        yield b": what ends from now on\n\n"
        while True:
            inference = await waiting.get()
            yield b"id: %d\ndata: %b\n\n" % (inference.number, _encode(summary(inference)))
    finally:
        stop()


async def live(engine: Engine, wanted: Selection) -> AsyncIterator[bytes]:
    """Every inference that is wanted, as it starts and ends, and how much of it was sent meanwhile.

    A client that reads too slowly is told to begin again, as after a reset: it has missed something.
    """
    waiting: asyncio.Queue[tuple[str, LiveRecord | None]] = asyncio.Queue()
    lengths: dict[int, int] = {}
    loop = asyncio.get_running_loop()

    def note(kind: Literal["start", "end", "reset"], record: LiveRecord | None) -> None:
        if waiting.qsize() < _MISSED:
            waiting.put_nowait((kind, record))
        elif waiting.qsize() == _MISSED:
            waiting.put_nowait(("reset", None))

    with engine.store.inferences.watched(note):
        yield b": what happens from now on\n\n"
        look = loop.time() + _PAUSE
        while True:
            with suppress(TimeoutError):
                kind, record = await asyncio.wait_for(waiting.get(), look - loop.time())
                if record is None:
                    yield _event(kind, {})
                elif (inference := readable(record)) in wanted:
                    yield _event(kind, summary(inference), record.number)
            if loop.time() < look:
                continue
            look = loop.time() + _PAUSE
            before, lengths = lengths, {each.number: each.length for each in engine.store.inferences.running()}
            for each in engine.store.inferences.running():
                if each.length > before.get(each.number, 0) and readable(each) in wanted:
                    sent = {"number": each.number, "id": each.id, "status": each.status, "length": each.length}
                    yield _event("progress", sent)


def _event(kind: str, data: dict[str, Any], number: int | None = None) -> bytes:
    id = b"" if number is None else b"id: %d\n" % number
    return b"event: %b\n%bdata: %b\n\n" % (kind.encode(), id, _encode(data))
