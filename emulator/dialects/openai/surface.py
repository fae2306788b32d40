"""What the endpoints under /v1 share: error bodies, model objects, sampling fields, and the words for a bad field.

Shapes: OpenAI's published OpenAPI 2.3.0, with AkashML's additions (docs/contract.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any

import msgspec

from emulator.core.catalog import Model
from emulator.core.errors import ERRORS, ApiError, ErrorKind, ErrorRow
from emulator.core.fields import Invalid, show, type_name
from emulator.core.settings import Settings
from emulator.core.vocabulary import FinishReason, TokenLogprob, Usage
from emulator.dialects import BARE_ID

encode = msgspec.json.Encoder().encode

DONE = b"data: [DONE]\n\n"
"""The last frame of every stream on /v1."""

TITLES: Mapping[int, str] = {row.status: row.title or HTTPStatus(row.status).phrase for row in ERRORS.values()}
"""The `error` of a flat body, as the recorded `{"error": "Unauthorized", "message": ...}` has it."""

UNTITLED = "Error"
"""The `error` of a flat body whose status has no title."""

FINISHES: Mapping[FinishReason, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}
"""Each finish reason's name on /v1."""

FUNCTION_FINISHES: Mapping[FinishReason, str] = {**FINISHES, "tool_calls": "function_call"}
"""Each finish reason's name in the answer to a request with the deprecated `functions`."""

_OVERFLOW = ERRORS["context_length_exceeded"]._replace(
    v1_type="invalid_request_error", v1_code="context_length_exceeded", param="messages"
)
"""OpenAI's error for a context that is exceeded."""

_ITEMS = 16
"""Items of an array that are encoded at once."""


def wording(invalid: Invalid) -> ApiError:
    """The 400 for a bad field, in the style that clients of OpenAI's API know."""
    param = _param(invalid.path)
    match invalid.problem:
        case "missing":
            message = f"Missing required parameter: '{param}' (expected {invalid.expected})."
        case "type":
            got = f"{type_name(invalid.got)} ({show(invalid.got)})"
            message = f"Invalid type for '{param}': expected {invalid.expected}, but got {got} instead."
        case "choice":
            supported = ", ".join(f"'{choice}'" for choice in invalid.choices)
            message = f"Invalid value for '{param}': {show(invalid.got)}. Supported values are: {supported}."
        case _:
            message = f"Invalid value for '{param}': expected {invalid.expected}, but got {show(invalid.got)} instead."
    return ApiError("bad_request", message, param=param)


def _param(path: Iterable[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class OpenAISurface:
    """Errors, ids and models as everything under /v1 shows them."""

    prefix = "/v1"
    x_api_key = False
    flat_errors = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def error(self, error: ApiError, request_id: str) -> bytes:
        """The JSON body of an error: OpenAI's, or AkashML's flat one."""
        if self._flat(error):
            title = TITLES.get(error.http_status, UNTITLED)
            return encode({"error": error.code or title, "message": error_object(error, self._settings)["message"]})
        return encode({"error": error_object(error, self._settings)})

    def error_names(self, kind: ErrorKind) -> dict[str, str | None]:
        """The `type` and the `code` of a kind of error."""
        row = _row(kind, self._settings)
        return {"type": row.v1_type, "code": row.v1_code}

    def error_schema(self, kind: ErrorKind) -> str:
        """The name of the JSON Schema of the body of an error, if no scenario chooses another one."""
        return "FlatError" if self._flat(ApiError(kind, "")) else "Error"

    def id_headers(self, inference_id: str, request_id: str) -> list[tuple[bytes, bytes]]:
        """Inference-Id is AkashML's; x-request-id is what the OpenAI SDKs surface."""
        return [(b"inference-id", inference_id.encode()), (b"x-request-id", request_id.encode())]

    def models(self, models: Iterable[Model]) -> bytes:
        """The body of GET /v1/models."""
        return encode({"object": "list", "data": [model_object(model) for model in models]})

    def model(self, model: Model) -> bytes:
        """The body of GET /v1/models/{id}."""
        return encode(model_object(model))

    def _flat(self, error: ApiError) -> bool:
        if error.flat is not None:
            return error.flat
        if error.kind == "unauthorized":
            return self._settings.auth_error_shape == "flat"
        return self._settings.error_shape == "flat"


def error_object(error: ApiError, settings: Settings) -> dict[str, Any]:
    """The value of `error` in OpenAI's shape; all four keys are required there. A status as a code is an integer."""
    row = _row(error.kind, settings)
    code = error.code or row.v1_code
    return {
        "message": _message(error, settings),
        "type": error.type or row.v1_type,
        "param": error.param or row.param,
        "code": error.http_status if code == str(error.http_status) else code,
    }


def _row(kind: ErrorKind, settings: Settings) -> ErrorRow:
    return _OVERFLOW if kind == "context_length_exceeded" and settings.overflow_error == "openai" else ERRORS[kind]


def _message(error: ApiError, settings: Settings) -> str:
    """OpenAI counts messages and completion; clients match on the words and parse the numbers of either."""
    if error.overflow is None or settings.overflow_error == "vllm":
        return error.message
    prompt, wanted, limit = error.overflow
    return (
        f"This model's maximum context length is {limit} tokens. However, you requested {prompt + wanted} tokens "
        f"({prompt} in the messages, {wanted} in the completion). Please reduce the length of the messages or "
        "completion."
    )


def model_object(model: Model) -> dict[str, Any]:
    """One model in AkashML's listing: OpenAI's four keys and what AkashML adds."""
    pricing = {"input": model.pricing.input, "output": model.pricing.output, "request": model.pricing.request}
    if model.pricing.input_cache_read is not None:
        pricing["input_cache_read"] = model.pricing.input_cache_read
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
        "name": model.name,
        "context_length": model.context_length,
        "input_modalities": model.input_modalities,
        "output_modalities": model.output_modalities,
        "supported_sampling_parameters": model.supported_sampling_parameters,
        "supported_features": model.supported_features,
        "description": model.description,
        "max_output_length": model.max_output_length,
        "quantization": model.quantization,
        "pricing": pricing,
    }


def body_parts(
    shown: Mapping[str, Any], choices: Iterable[Iterable[bytes]], usage: Usage | None, details: bool
) -> Iterator[bytes]:
    """The JSON of a whole answer in parts: its first fields, the parts of each choice, and its usage."""
    opening = encode(shown)[:-1] + b',"choices":['
    for choice in choices:
        for part in choice:
            yield opening + part
            opening = b""
        opening = b","
    ending = b'],"usage":' + encode(usage_object(usage, details) if usage else None) + b"}"
    yield ending if opening == b"," else opening + ending


def ready_body(shown: dict[str, Any], choices: bytes, usage: Usage, details: bool) -> bytes:
    """The JSON of a whole answer with choices that are encoded already."""
    shown["choices"] = msgspec.Raw(choices)
    shown["usage"] = usage_object(usage, details)
    return encode(shown)


def array(items: Iterable[Iterable[bytes]]) -> bytes:
    """The JSON of an array of items that are encoded in parts."""
    return b"[%b]" % b",".join(map(b"".join, items))


def array_parts(items: Iterable[Any]) -> Iterator[bytes]:
    """The JSON of an array in parts of a few items."""
    opening, rest = b"[", iter(items)
    while some := list(islice(rest, _ITEMS)):
        yield opening + encode(some)[1:-1]
        opening = b","
    yield b"]" if opening == b"," else b"[]"


def completion_id(prefix: str, id: str) -> str:
    """The id of an answer: the prefix and a bare id, or a scenario's own id as it is."""
    return prefix + id if BARE_ID.fullmatch(id) else id


def usage_object(usage: Usage, details: bool) -> dict[str, Any]:
    """Exactly three integers, as AkashML answers; the details of OpenAI's shape only by a setting or a scenario."""
    shown: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
    if details or usage.detailed:
        shown["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
        shown["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return shown


def call_id(completion_id: str, choice: int, ordinal: int, id: str | None) -> str:
    """The id of a choice's tool call: the scenario's own, or one derived from the completion's id."""
    return id if id is not None else f"call_{completion_id[:20]}{choice:02x}{ordinal:02x}"


def logprob_object(entry: TokenLogprob) -> dict[str, Any]:
    """One entry of `logprobs.content` of a chat completion."""
    return {
        "token": entry.token,
        "logprob": entry.logprob,
        "bytes": list(entry.bytes),
        "top_logprobs": [{"token": top.token, "logprob": top.logprob, "bytes": list(top.bytes)} for top in entry.top],
    }


def failure_frames(error: ApiError, settings: Settings) -> Sequence[bytes]:
    """An error after the 200: one frame with `error`, then [DONE], as vLLM sends it."""
    return (b"data: " + encode({"error": error_object(error, settings)}) + b"\n\n", DONE)


class StreamUsage:
    """What a stream on /v1 tells of usage, and when: `stream_options`."""

    __slots__ = ("_details", "_plain", "_prompt", "_said", "at_end", "running")

    def __init__(self, body: Mapping[str, Any], settings: Settings) -> None:
        options = body.get("stream_options") or {}
        self.at_end = bool(options.get("include_usage"))
        self.running = self.at_end and bool(options.get("continuous_usage_stats"))
        self._plain = b',"usage":null}\n\n' if self.at_end and settings.usage_null else b"}\n\n"
        self._details = settings.usage_details
        self._prompt = 0
        self._said = 0

    def start(self, prompt_tokens: int) -> None:
        """The answer begins after a prompt of so many tokens."""
        self._prompt = prompt_tokens

    def suffix(self, tokens: int) -> bytes:
        """What stands behind the choices of a chunk that adds so many tokens."""
        if not self.running:
            return self._plain
        self._said += tokens
        return b',"usage":' + encode(usage_object(Usage(self._prompt, self._said), self._details)) + b"}\n\n"

    def final(self, usage: Usage) -> bytes:
        """The usage of the last chunk."""
        return encode(usage_object(usage, self._details))
