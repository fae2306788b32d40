"""The inferences as they start, send and end, as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import msgspec

from emulator.core.slices import sliced
from emulator.engine import Engine
from emulator.inferences import LiveRecord
from emulator.inferences.inference import Inference
from emulator.inferences.readable import brief, selected, shortened
from emulator.inferences.selecting import Selection

LONG = frozenset({"headers", "body", "response_headers", "response", "timeline", "rules", "faults", "turn"})
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


async def ended(engine: Engine, wanted: Selection) -> AsyncGenerator[bytes]:
    """Every inference that ends from now on; further ones are dropped for a client that reads too slowly."""
    waiting: asyncio.Queue[Inference] = asyncio.Queue()

    def note(inference: Inference) -> None:
        if inference in wanted and waiting.qsize() < _BACKLOG:
            waiting.put_nowait(inference)

    await engine.store.inferences.refresh()
    stop = engine.store.inferences.listen(note)
    try:
        yield b": what ends from now on\n\n"
        while True:
            inference = await waiting.get()
            yield b"id: %d\ndata: %b\n\n" % (inference.number, _encode(summary(inference)))
    finally:
        stop()


async def live(engine: Engine, wanted: Selection) -> AsyncGenerator[bytes]:
    """Every inference that is wanted, as it starts and ends, and how much of it was sent meanwhile.

    A client that reads too slowly is told to begin again, as after a reset: it has missed something.
    """
    waiting: asyncio.Queue[tuple[str, LiveRecord | Inference | None]] = asyncio.Queue()
    lengths: dict[int, int] = {}
    loop = asyncio.get_running_loop()

    def note(kind: str, told: LiveRecord | Inference | None) -> None:
        if waiting.qsize() < _MISSED:
            waiting.put_nowait((kind, told))
        elif waiting.qsize() == _MISSED:
            waiting.put_nowait(("reset", None))

    inferences = engine.store.inferences
    async with inferences.followed(note):
        yield b": what happens from now on\n\n"
        look = loop.time() + _PAUSE
        while True:
            with suppress(TimeoutError):
                if waiting.empty():
                    kind, told = await asyncio.wait_for(waiting.get(), look - loop.time())
                else:
                    kind, told = waiting.get_nowait()
                inference = shortened(told) if isinstance(told, LiveRecord) else told
                if inference is None:
                    yield _event(kind, {})
                elif inference in wanted:
                    yield _event(kind, summary(inference), inference.number)
            if loop.time() < look or not waiting.empty():  # it starts before it sends
                continue
            look = loop.time() + _PAUSE
            running = inferences.running()
            before, lengths = lengths, {each.number: each.length for each in running}
            sending = (r for r in running if r.length > before.get(r.number, 0) and wanted.reaches(r.number))
            async for told in sliced(selected(sending, wanted, brief)):
                if told is not None:
                    length = told.timeline[-1].size
                    sent = {"number": told.number, "id": told.id, "status": told.status, "length": length}
                    yield _event("progress", sent)
            for told, status, length in inferences.elsewhere():
                lengths[told.number] = length
                if length > before.get(told.number, 0) and told in wanted:
                    sent = {"number": told.number, "id": told.id, "status": status, "length": length}
                    yield _event("progress", sent)


def _event(kind: str, data: dict[str, Any], number: int | None = None) -> bytes:
    id = b"" if number is None else b"id: %d\n" % number
    return b"event: %b\n%bdata: %b\n\n" % (kind.encode(), id, _encode(data))
