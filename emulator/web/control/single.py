"""/_emulator/inferences/{id}/...: one inference: its timeline, its conversation, and asking the same again."""

import asyncio
from bisect import bisect_left
from typing import Any

from msgspec import to_builtins
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message

from emulator.core.errors import ApiError, Rejected
from emulator.core.fold import Choice, Fold
from emulator.core.slices import listed, sliced
from emulator.dialects.conversation import RequestMessage, messages
from emulator.dialects.endpoints import ENDPOINTS
from emulator.engine import Engine
from emulator.inferences import Inference, LiveRecord, timing
from emulator.inferences.readable import brief, shortened
from emulator.inferences.selecting import FILTERS, Selection
from emulator.inferences.verdict.client import observed
from emulator.inferences.verdict.conversations import Contents
from emulator.inferences.verdict.findings import verdict_of
from emulator.web.control.bodies import ControlRequest
from emulator.web.control.inferences import as_json, none_such
from emulator.wire.asgi_client import AsgiClient

_NEAR = 500
"""How many inferences before and after one may be attempts at the same question."""
_REPLAYS = 100
"""How many replays run at the same time."""
_OF_THE_CONNECTION = {"connection", "content-encoding", "content-length", "cookie", "expect", "host", "keep-alive"} | {
    *("origin", "te", "transfer-encoding", "upgrade"),
}
"""Headers that are not sent again."""


async def timeline(engine: Engine, request: ControlRequest) -> Response:
    """GET /_emulator/inferences/{id}/timeline."""
    inference = await _inference(engine, request)
    frames = [frame async for frame in sliced(timing.frames(inference))]
    others, left_out = await _near(engine, inference)
    attempts = timing.attempts(inference, [each for each in others if each.question == inference.question])
    named, judged = {each.id for each in attempts}, verdict_of(await listed(observed(others)))
    return as_json(
        {
            "number": inference.number,
            "id": inference.id,
            "started": inference.started,
            "ended": inference.ended,
            "queued": inference.queued,
            "first_byte": inference.first_byte,
            "first_token": timing.first_token(frames),
            "frames": [{"at": each.at, "size": len(each.bytes), "text": each.text} for each in frames],
            "frames_cut": inference.response_cut,
            "faults": to_builtins(timing.placed(inference, frames)),
            "attempts": to_builtins(attempts),
            "attempts_left_out": left_out,
            "findings": [to_builtins(each) for each in judged.findings if named & {*each.inferences}],
            "remarks": [to_builtins(each) for each in judged.remarks if named & {*each.inferences}],
        }
    )


async def _near(engine: Engine, inference: Inference) -> tuple[list[Inference], int]:
    """The inferences with the same key that came near an inference, and those near it that ask the same.

    With how many that ask the same are left out.
    """
    record, number = engine.store.inferences, inference.number
    with_its_key = FILTERS["namespace"](inference.namespace)
    same = Selection((with_its_key, lambda each: each.question == inference.question))
    alike = [each.number for each in await listed(record.select(same, read=brief))]
    place = bisect_left(alike, number)
    near = {*alike[max(place - _NEAR, 0) : place + _NEAR], *range(number - _NEAR, number + _NEAR)}
    wanted = Selection((lambda each: each.number in near, with_its_key), after=min(near) - 1, before=max(near) + 1)
    contents = Contents()
    found = await listed(contents.of(each) if each else None for each in record.select(wanted, read=shortened))
    return found, len(alike) - sum(each.question == inference.question for each in found)


async def conversation(engine: Engine, request: ControlRequest) -> Response:
    """GET /_emulator/inferences/{id}/conversation."""
    inference = await _inference(engine, request)
    answer, problems = Fold(), list[str]()
    async for frame in sliced(timing.frames(inference, problems)):
        for event in frame.events:
            answer.add(event)
    said = [{"role": each.role, "text": each.text, "others": list(each.others)} for each in _messages(inference)]
    choices = [_choice(each) for each in answer.choices()]
    return as_json({"messages": said, "choices": choices, "problems": problems})


def _messages(inference: Inference) -> list[RequestMessage]:
    """What the request says, in its order: a system prompt of its own comes first."""
    if not inference.exists or not isinstance(inference.request, dict):
        return []
    endpoint, body = ENDPOINTS[inference.endpoint], inference.request
    *before, turns = endpoint.conversation
    first = [{"role": name, "content": body[name]} for name in before if body.get(name)]
    return [*messages(first), *endpoint.turns(body.get(turns))]


def _choice(choice: Choice) -> dict[str, Any]:
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in choice.tool_calls]
    tokens = choice.logprobs
    return {
        "reasoning": choice.reasoning,
        "text": choice.text,
        "tool_calls": calls,
        "finish": choice.finish_reason,
        "tokens": None if tokens is None else [_token(each.token, each.logprob, each.top) for each in tokens],
    }


def _token(token: str, logprob: float | None, top: Any) -> dict[str, Any]:
    others = [{"token": each.token, "logprob": each.logprob} for each in top]
    return {"token": token, "logprob": logprob, "top": others}


# ---------------------------------------------------------------------------------------------- asking again


async def replay(engine: Engine, request: ControlRequest) -> JSONResponse:
    """POST /_emulator/inferences/{id}/replay. Answers when the new inference has begun."""
    inference = await _inference(engine, request)
    if inference.body_cut or inference.endpoint not in ENDPOINTS:
        told = (
            "its body was too long to be kept" if inference.body_cut else f"there is no endpoint {inference.endpoint}"
        )
        raise Rejected(ApiError("bad_request", f"This cannot be asked again: {told}."))
    new = await engine.store.inferences.replay(inference.id)
    if new is None:
        told = "the process that was asked has ended, and with it the request's API key, which is stored nowhere"
        raise Rejected(ApiError("bad_request", f"This cannot be asked again: {told}."))
    return JSONResponse({"number": new[0], "id": new[1]}, 202)


async def again(engine: Engine, app: Starlette, record: LiveRecord) -> LiveRecord:
    """Ask the same again; returns the new inference when it has begun."""
    running: set[asyncio.Task[None]] = app.state.__dict__.setdefault("replays", set())
    if len(running) >= _REPLAYS:
        raise Rejected(ApiError("rate_limited", f"{_REPLAYS} replays run already: wait until one has ended."))
    begun: asyncio.Future[LiveRecord] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(_Again(record).ask(app))
    running.add(task)
    task.add_done_callback(running.discard)

    def note(record: LiveRecord | None) -> None:
        if record is not None and asyncio.current_task() is task:
            begun.set_result(record)

    with engine.store.inferences.watched(note):
        await asyncio.wait((task, begun), return_when=asyncio.FIRST_COMPLETED)
    return begun.result()


class _Again(AsgiClient):
    """A client that asks what was asked before, and reads the answer without keeping it."""

    def __init__(self, record: LiveRecord) -> None:
        headers = [
            (name.encode(), value.encode("latin-1", "replace"))
            for name, value in record.headers.items()
            if name not in _OF_THE_CONNECTION
        ]
        length = (b"content-length", b"%d" % len(record.body))
        super().__init__("POST", ENDPOINTS[record.endpoint].path.encode(), [*headers, length], [record.body])

    async def take(self, message: Message) -> None:
        """Receive a part of the answer, which the record has."""


async def _inference(engine: Engine, request: Request) -> Inference:
    """The inference of the id in the path. Raises `Rejected` with a 404 if there is none."""
    id: str = request.path_params["id"]
    await engine.store.inferences.refresh()
    found = engine.store.inferences.get(id)
    if found is None:
        raise none_such(id)
    return found
