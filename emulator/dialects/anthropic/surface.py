"""What the endpoints under /anthropic share: error bodies, the model list, and the words for a bad field.

Shapes: Anthropic's Messages API as its SDKs type it, where AkashML's own pages say no more (docs/contract.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from emulator.core.catalog import Model, alias
from emulator.core.clock import iso
from emulator.core.decimals import decimal
from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.fields import Invalid, show, type_name
from emulator.core.vocabulary import FinishReason

encode = msgspec.json.Encoder().encode

STOP_REASONS: Mapping[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
"""Each finish reason's name on /anthropic."""

STOP_SEQUENCE = "stop_sequence"
"""The name of `stop` where one of the caller's stop sequences ended the answer."""


def wording(invalid: Invalid) -> ApiError:
    """The 400 for a bad field, in Anthropic's style: `path.to.field: what it should be`."""
    param = ".".join(map(str, invalid.path))
    match invalid.problem:
        case "missing":
            what = "Field required"
        case "type":
            kind = invalid.expected.partition(" from ")[0].partition(" of at least ")[0]
            shown = {"an integer": "integer", "a string": "string", "a boolean": "boolean", "an object": "dictionary"}
            expected = f"a valid {shown[kind]}" if kind in shown else invalid.expected
            what = f"Input should be {expected} (got {type_name(invalid.got)}: {show(invalid.got)})"
        case "low":
            what = f"Input should be greater than or equal to {decimal(invalid.bound or 0)} (got {show(invalid.got)})"
        case "high":
            what = f"Input should be less than or equal to {decimal(invalid.bound or 0)} (got {show(invalid.got)})"
        case "choice":
            names = [f"'{choice}'" for choice in invalid.choices]
            listed = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
            what = f"Input should be {listed} (got {show(invalid.got)})"
        case _:
            what = f"{invalid.expected} (got {show(invalid.got)})"
    return ApiError("bad_request", f"{param}: {what}", param=param)


class AnthropicSurface:
    """Errors, ids and models as everything under /anthropic shows them."""

    prefix = "/anthropic"
    x_api_key = True
    flat_errors = False

    def error(self, error: ApiError, request_id: str) -> bytes:
        """The JSON body of an error."""
        return encode(error_object(error, request_id))

    def error_names(self, kind: ErrorKind) -> dict[str, str | None]:
        """The `type` of a kind of error."""
        return {"type": ERRORS[kind].anthropic_type}

    def error_schema(self, kind: ErrorKind) -> str:
        """The name of the JSON Schema of the body of an error."""
        return "AnthropicError"

    def id_headers(self, inference_id: str, request_id: str) -> list[tuple[bytes, bytes]]:
        """Inference-Id is AkashML's; request-id is the only one that the Anthropic SDKs read."""
        return [(b"inference-id", inference_id.encode()), (b"request-id", request_id.encode())]

    def models(self, models: Sequence[Model], has_more: bool) -> bytes:
        """One page of GET /anthropic/v1/models."""
        return encode(
            {
                "data": [model_object(model) for model in models],
                "has_more": has_more,
                "first_id": alias(models[0].id) if models else None,
                "last_id": alias(models[-1].id) if models else None,
            }
        )

    def model(self, model: Model) -> bytes:
        """The body of GET /anthropic/v1/models/{id}."""
        return encode(model_object(model))


def error_object(error: ApiError, request_id: str) -> dict[str, Any]:
    """An error in Anthropic's shape, the same as a body and in an `error` event."""
    shown = {"type": error.type or ERRORS[error.kind].anthropic_type, "message": _message(error)}
    return {"type": "error", "error": shown, "request_id": request_id}


def _message(error: ApiError) -> str:
    """Claude Code and others recover from an overflow by matching Anthropic's own words for it."""
    if error.overflow is None:
        return error.message
    prompt, wanted, limit = error.overflow
    if prompt > limit:
        return f"prompt is too long: {prompt} tokens > {limit} maximum"
    return (
        f"input length and `max_tokens` exceed context limit: {prompt} + {wanted} > {limit}, "
        "decrease input length or `max_tokens` and try again"
    )


def model_object(model: Model) -> dict[str, Any]:
    """One model in Anthropic's listing, under its alias; newer SDKs type `lifecycle` as well."""
    return {
        "type": "model",
        "id": alias(model.id),
        "display_name": model.name,
        "created_at": iso(model.created),
        "lifecycle": "active",
    }
