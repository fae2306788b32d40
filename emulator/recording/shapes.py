"""The shape of an answer: keys and types instead of values, kinds and order of events instead of tokens."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import httpx
import msgspec

from emulator.core.fields import NOT_JSON
from emulator.dialects.sse import field, split_frames
from emulator.schema_values.values import type_of

Shape: TypeAlias = dict[str, str]
"""A description of each place: places are `status`, `headers.<name>`, `events`, and dotted paths into bodies."""

_ON_THE_WAY = (
    "accept-ranges age alt-svc connection content-encoding content-length content-security-policy date etag expires "
    "keep-alive last-modified nel permissions-policy pragma referrer-policy report-to server server-timing set-cookie "
    "strict-transport-security transfer-encoding vary via x-content-type-options x-envoy-upstream-service-time "
    "x-frame-options x-powered-by x-served-by x-xss-protection"
)
_NOT_THE_API = frozenset(_ON_THE_WAY.split())
"""Headers of servers and proxies in between, which are not part of the API."""


def shape_of(response: httpx.Response) -> Shape:
    """The shape of a whole answer, streamed or not."""
    shape = {"status": str(response.status_code)}
    for name, value in response.headers.items():
        if name not in _NOT_THE_API and not name.startswith(("access-control-", "cf-")):
            shape[f"headers.{name}"] = value.partition(";")[0] if name == "content-type" else "given"
    if shape.get("headers.content-type") == "text/event-stream":
        return shape | _stream(response)
    try:
        return shape | dict(_paths("body", msgspec.json.decode(response.content)))
    except NOT_JSON:
        return shape | {"body": "no JSON" if response.content else "nothing"}


def _stream(response: httpx.Response) -> Shape:
    """The order of events, with repeated kinds merged and pings listed once, and the paths of each kind."""
    order: list[str] = []
    shape: Shape = {}
    for frame in split_frames(response.content):
        for kind, payload in _event(frame):
            if kind != (order[-1] if order else "") and not (kind == "ping" and kind in order):
                order.append(kind)
            for path, type in _paths(kind, payload):
                shape[path] = _either(shape.get(path), type)
    return {"events": ", ".join(order), **shape}


def _event(frame: bytes) -> Iterator[tuple[str, Any]]:
    data = field(frame, b"data")
    if not data:
        return
    try:
        payload = msgspec.json.decode(data)
    except NOT_JSON:
        yield data.decode("utf-8", "replace")[:20], None
        return
    yield field(frame, b"event").decode() or _kind(payload), payload


def _kind(payload: Any) -> str:
    """The kind of a chunk of /v1, whose frames have no event names."""
    if not isinstance(payload, Mapping):
        return "chunk"
    choice = next(iter(payload.get("choices") or ()), None)
    if not isinstance(choice, Mapping):
        return "error chunk" if payload.get("error") else "usage chunk" if payload.get("usage") else "empty chunk"
    delta = choice.get("delta") or {}
    told = [name for name, value in delta.items() if value and name != "role"] or [*delta][:1]
    if not told and choice.get("text"):
        told = ["text"]
    return "+".join([*told, *(["finish"] if choice.get("finish_reason") else [])]) + " chunk"


def _paths(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """The type at each path; all items of a list share one path, which has all of their types."""
    yield path, "number" if isinstance(value, float) else type_of(value)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _paths(f"{path}.{key}", inner)
    elif isinstance(value, list):
        items: Shape = {}
        for item in value:
            for inner_path, type in _paths(f"{path}[]", item):
                items[inner_path] = _either(items.get(inner_path), type)
        yield from items.items()


def _either(known: str | None, type: str) -> str:
    return " or ".join(sorted({*(known.split(" or ") if known else ()), type}))
