"""Differences between an upstream and the emulator: a dozen cheap calls to both, compared by shape."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import msgspec

from emulator.dialects.endpoints import ENDPOINTS, Endpoint
from emulator.engine import make_engine
from emulator.recording.shapes import Shape, shape_of
from emulator.recording.upstream import Broken, Upstream, UpstreamError
from emulator.web.app import create_app

MODEL = "meta-llama/Llama-3.3-70B-Instruct"
"""The cheapest model without reasoning."""


class Probe(msgspec.Struct, frozen=True):
    """One call: its title and its request. Without a `body` it is a GET."""

    name: str
    path: str
    body: Mapping[str, Any] | None = None
    with_key: bool = True


class ShapeDifference(msgspec.Struct, frozen=True):
    """One place where the answers to a call differ; None means that the place is missing."""

    call: str
    place: str
    upstream: str | None
    emulator: str | None

    def __str__(self) -> str:
        told = {"upstream": self.upstream or "absent", "emulator": self.emulator or "absent"}
        return f"{self.place}: upstream {told['upstream']}, emulator {told['emulator']}"


class Drift(msgspec.Struct, frozen=True):
    """The result of a comparison: the calls made, the differences, and the calls that failed."""

    upstream: str
    calls: tuple[str, ...]
    differences: tuple[ShapeDifference, ...]
    failures: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The result as a JSON object."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    def __str__(self) -> str:
        same = len(self.calls) - len({difference.call for difference in self.differences} | self.failures.keys())
        lines = [f"{self.upstream}: {same} of {len(self.calls)} calls are answered as the emulator answers them"]
        for call in self.calls:
            told = [f"  {difference}" for difference in self.differences if difference.call == call]
            told += [f"  no answer: {self.failures[call]}"] if call in self.failures else []
            lines += [call, *told] if told else []
        return "\n".join(lines)


def calls(model: str = MODEL) -> tuple[Probe, ...]:
    """The calls: each endpoint with and without streaming, the model lists, and the most common errors."""
    first = next(iter(ENDPOINTS.values()))
    unknown = {" with an unknown model": {"model": "no-such/model"}}
    return (
        *(
            probe
            for endpoint in ENDPOINTS.values()
            for probe in _probes(endpoint, model, _whole_and_streamed(endpoint))
        ),
        *(probe for endpoint in ENDPOINTS.values() for probe in _probes(endpoint, model, endpoint.probes)),
        *_probes(first, model, unknown),
        Probe(f"{first.name} without a key", first.path, {**first.sample, "model": model}, with_key=False),
        Probe("models", "/v1/models"),
        Probe("anthropic models", "/anthropic/v1/models", with_key=False),
        Probe("anthropic", "/anthropic", with_key=False),
    )


def _whole_and_streamed(endpoint: Endpoint) -> Mapping[str, Mapping[str, Any]]:
    return {"": {}} | ({", streamed": endpoint.streaming} if endpoint.streaming else {})


def _probes(endpoint: Endpoint, model: str, changes: Mapping[str, Mapping[str, Any]]) -> Iterator[Probe]:
    """A call for each title: the endpoint's sample request with these changes."""
    for title, changed in changes.items():
        asked = {**endpoint.sample, "model": model, **changed}
        body = {name: value for name, value in asked.items() if value is not None}
        yield Probe(f"{endpoint.name}{title}", endpoint.path, body)


async def drift(
    upstream: str, key: str, *, model: str = MODEL, transport: httpx.AsyncBaseTransport | None = None
) -> Drift:
    """Compare an upstream with the emulator's defaults. `key` must be valid upstream and is never shown.

    The calls to the upstream use a few dozen tokens. Raises UpstreamError for an invalid URL.
    """
    engine = make_engine()
    asked, own = Upstream(upstream, transport), Upstream("http://emulator", httpx.ASGITransport(create_app(engine)))
    differences: list[ShapeDifference] = []
    failures: dict[str, str] = {}
    try:
        for call in calls(model):
            try:
                theirs = await _shape(asked, call, key)
            except UpstreamError as error:
                failures[call.name] = str(error)
            except Broken as broken:
                failures[call.name] = f"the connection ended ({broken})"
            else:
                ours = await _shape(own, call, "akml-drift")
                differences += _differences(call.name, theirs, ours)
    finally:
        await asked.close()
        await own.close()
    return Drift(asked.url, tuple(call.name for call in calls(model)), tuple(differences), failures)


async def _shape(upstream: Upstream, call: Probe, key: str) -> Shape:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if call.with_key else {})
    if call.body is None:
        return shape_of(await upstream.ask("GET", call.path, headers))
    return shape_of(await upstream.ask("POST", call.path, headers, msgspec.json.encode(call.body)))


def _differences(call: str, theirs: Shape, ours: Shape) -> Iterator[ShapeDifference]:
    """The places that differ, without those below a place that is missing or not an object."""
    told: list[str] = []
    for place in dict.fromkeys([*theirs, *ours]):
        one, other = theirs.get(place), ours.get(place)
        if one == other or any(place.startswith((f"{above}.", f"{above}[")) for above in told):
            continue
        if one is None or other is None or ("object" in one) != ("object" in other):
            told.append(place)
        yield ShapeDifference(call, place, one, other)
