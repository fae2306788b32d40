"""/_emulator/inferences/{id}/...: one inference: its timeline, its conversation, and asking the same again."""

import asyncio
from typing import Any, Literal

from msgspec import to_builtins
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message

from emulator.account.secrets import secrets_of, without
from emulator.core.errors import ApiError, Rejected
from emulator.core.fold import Choice, Fold
from emulator.dialects.conversation import RequestMessage, messages
from emulator.dialects.endpoints import ENDPOINTS
from emulator.engine import Engine
from emulator.inferences import Inference, LiveRecord, timing
from emulator.inferences.readable import asked, readable
from emulator.inferences.verdict import Verdict, verdict
from emulator.web.control.bodies import ControlRequest
from emulator.web.control.inferences import none_such, others_turn
from emulator.wire.asgi_client import AsgiClient

_REPLAYS = 100
"""How many replays run at the same time."""
_OF_THE_CONNECTION = {"connection", "content-encoding", "content-length", "cookie", "expect", "host", "keep-alive"} | {
    *("origin", "te", "transfer-encoding", "upgrade"),
}
"""Headers that are not sent again."""


async def timeline(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/inferences/{id}/timeline."""
    record = _record(engine, request)
    frames, shown = [], []
    for frame in timing.frames(record):
        frames.append(frame)
        shown.append(timing.shown(record, frame))
        await others_turn()
    inference = readable(record)
    attempts = timing.attempts(inference, await _alike(engine, record))
    named = {each.id for each in attempts}
    judged = await _verdict(engine, record)
    return JSONResponse(
        {
            "number": inference.number,
            "id": inference.id,
            "started": inference.started,
            "ended": inference.ended,
            "queued": timing.queued(record),
            "first_byte": inference.first_byte,
            "first_token": timing.first_token(frames),
            "frames": shown,
            "frames_cut": inference.response_cut,
            "faults": to_builtins(timing.placed(record, frames, record.explanation().faults)),
            "attempts": to_builtins(attempts),
            "findings": [to_builtins(each) for each in judged.findings if named & {*each.inferences}],
            "remarks": [to_builtins(each) for each in judged.remarks if named & {*each.inferences}],
        }
    )


async def _alike(engine: Engine, record: LiveRecord) -> list[Inference]:
    """The inferences that ask the same question with the same key."""
    found, question = [], asked(record).question
    for each in engine.store.inferences.of_key(record.key):
        if each.endpoint == record.endpoint and asked(each).question == question:
            found.append(readable(each))
        await others_turn()
    return found


async def _verdict(engine: Engine, record: LiveRecord) -> Verdict:
    """The verdict on all that was asked with the key of a record."""
    found = []
    for each in engine.store.inferences.of_key(record.key):
        found.append(readable(each))
        await others_turn()
    return verdict(found)


async def conversation(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/inferences/{id}/conversation."""
    record = _record(engine, request)
    secrets, answer, problems = secrets_of(record.headers.items()), Fold(), list[str]()
    for frame in timing.frames(record, problems):
        for event in frame.events:
            answer.add(event)
        await others_turn()
    said = [{"role": each.role, "text": each.text, "others": list(each.others)} for each in _messages(readable(record))]
    choices = [_choice(each, secrets) for each in answer.choices()]
    return JSONResponse({"messages": said, "choices": choices, "problems": problems})


def _messages(inference: Inference) -> list[RequestMessage]:
    """What the request says, in its order: a system prompt of its own comes first."""
    if not inference.exists or not isinstance(inference.request, dict):
        return []
    endpoint, body = ENDPOINTS[inference.endpoint], inference.request
    *before, turns = endpoint.conversation
    first = [{"role": name, "content": body[name]} for name in before if body.get(name)]
    return [*messages(first), *endpoint.turns(body.get(turns))]


def _choice(choice: Choice, secrets: list[str]) -> dict[str, Any]:
    calls = [
        {"id": call.id, "name": without(call.name, secrets), "arguments": without(call.arguments, secrets)}
        for call in choice.tool_calls
    ]
    tokens = choice.logprobs
    return {
        "reasoning": without(choice.reasoning, secrets),
        "text": without(choice.text, secrets),
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
    record = _record(engine, request)
    if record.body_cut or record.endpoint not in ENDPOINTS:
        told = "its body was too long to be kept" if record.body_cut else f"there is no endpoint {record.endpoint}"
        raise Rejected(ApiError("bad_request", f"This cannot be asked again: {told}."))
    running: set[asyncio.Task[None]] = request.app.state.__dict__.setdefault("replays", set())
    if len(running) >= _REPLAYS:
        raise Rejected(ApiError("rate_limited", f"{_REPLAYS} replays run already: wait until one has ended."))
    begun: asyncio.Future[LiveRecord] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(_Again(record).ask(request.app))
    running.add(task)
    task.add_done_callback(running.discard)

    def note(kind: Literal["start", "end", "reset"], record: LiveRecord | None) -> None:
        if kind == "start" and record is not None and asyncio.current_task() is task:
            begun.set_result(record)

    with engine.store.inferences.watched(note):
        await asyncio.wait((task, begun), return_when=asyncio.FIRST_COMPLETED)
    new = begun.result()
    return JSONResponse({"number": new.number, "id": new.id}, 202)


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


def _record(engine: Engine, request: Request) -> LiveRecord:
    """The record of the id in the path. Raises `Rejected` with a 404 if there is none."""
    id: str = request.path_params["id"]
    found = engine.store.inferences.find(id)
    if found is None:
        raise none_such(id)
    return found
