"""/_emulator/usage: how much was asked, by outcome and by model, in equal parts of a time."""

from collections import Counter
from decimal import Decimal
from typing import Any

from starlette.responses import JSONResponse

from emulator.account.prices import usd
from emulator.core import units
from emulator.core.slices import listed, sliced
from emulator.engine import Engine
from emulator.inferences.inference import Inference
from emulator.inferences.readable import brief
from emulator.inferences.selecting import Selection, time_in
from emulator.web.control.bodies import ControlRequest, bad_parameter
from emulator.web.control.inferences import selected_by

MOST_BUCKETS = 500
_COUNTS = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")


async def usage(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/usage."""
    query = dict(request.query_params)
    begin, end, count = query.pop("from", None), query.pop("to", None), query.pop("buckets", "60")
    try:
        buckets = units.whole(1, MOST_BUCKETS)(count)
    except ValueError:
        raise bad_parameter("buckets", f"buckets is a number from 1 to {MOST_BUCKETS}") from None
    wanted = selected_by(query)
    first, last = (None if text is None else _time(name, text) for name, text in (("from", begin), ("to", end)))
    if first is not None and last is not None and last < first:
        raise bad_parameter("to", "it is before from")
    found = [
        each
        for each in await _found(engine, wanted, query.get("key"))
        if (first is None or each.started >= first) and (last is None or each.started < last)
    ]
    times = [each.started for each in found]
    now = engine.clock.now()
    first = min(times, default=now) if first is None else first
    last = max(first, max(times, default=now) if last is None else last)
    step = (last - first) / buckets
    parts = [_Part() for _ in range(buckets)]
    async for each in sliced(found):
        parts[min(int((each.started - first) / step), buckets - 1) if step else 0].add(each)
    told = [{"at": first + number * step} | part.shown() for number, part in enumerate(parts)]
    forgotten = engine.store.inferences.forgotten
    return JSONResponse({"from": first, "to": last, "step": step, "forgotten": forgotten, "buckets": told})


async def _found(engine: Engine, wanted: Selection, key: str | None) -> list[Inference]:
    await engine.store.inferences.refresh()
    return await listed(engine.store.inferences.select(wanted, key, brief))


def _time(name: str, text: str) -> float:
    try:
        return time_in(name, text)
    except ValueError as error:
        raise bad_parameter(name, str(error)) from None


def dollars(charge: str) -> Decimal:
    """The amount of a charge, such as "0.0000013 USD"."""
    return Decimal(charge.removesuffix(" USD"))


class _Part:
    """What was asked in one part of the time."""

    def __init__(self) -> None:
        self._outcomes: Counter[str] = Counter()
        self._models: dict[str, dict[str, int]] = {}
        self._charges: dict[str, Decimal] = {}

    def add(self, inference: Inference) -> None:
        """Count one inference."""
        self._outcomes[inference.ending] += 1
        model = inference.catalogue_model or inference.model or ""
        counts = self._models.setdefault(model, dict.fromkeys(("requests", *_COUNTS), 0))
        counts["requests"] += 1
        if inference.usage is not None:
            for name in _COUNTS:
                counts[name] += getattr(inference.usage, name)
        if inference.charge is not None:
            self._charges[model] = self._charges.get(model, Decimal(0)) + dollars(inference.charge)

    def shown(self) -> dict[str, Any]:
        """The counts as JSON."""
        charges = {model: usd(price) for model, price in self._charges.items()}
        models = {model: {**counts, "charge": charges.get(model)} for model, counts in self._models.items()}
        return {"outcomes": dict(self._outcomes), "models": models}
