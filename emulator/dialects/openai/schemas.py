"""The JSON Schemas of the endpoints under /v1, for the OpenAPI document: what is asked, and what is answered.

Limits and words are those by which requests are read. What depends on several fields, such as a `tool_choice` that
names a tool, is not in a schema.
"""

from emulator.core.catalog import Model
from emulator.core.fields import Limits
from emulator.core.json_schemas import (
    ANYTHING,
    BOOLEAN,
    COUNT,
    NONEMPTY,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    Schema,
    answered,
    any_of,
    array,
    asked,
    event,
    integer,
    json_text,
    nullable,
    number,
    ref,
    structs,
    word,
)
from emulator.core.settings import Settings
from emulator.core.tokens import VOCABULARY_SIZE
from emulator.dialects import Shapes
from emulator.dialects.openai.asked import (
    EFFORTS,
    LOGIT_BIAS,
    MAX_BIASES,
    MAX_TOKENS,
    MIN_TOKENS,
    NUMBERS,
    REASONING_TOKENS,
    STREAM_OPTIONS,
    THINKING_TOKENS,
    TOOL_NAME,
    TOP_K,
    TOP_LOGPROBS,
    URL_SCHEMES,
)
from emulator.dialects.openai.chat import reasoning_names
from emulator.dialects.openai.completions import BEST_OF, LOGPROBS, MAX_PROMPTS
from emulator.dialects.openai.completions import MAX_TOKENS as COMPLETION_TOKENS
from emulator.dialects.openai.surface import DONE, FINISHES, FUNCTION_FINISHES
from emulator.dialects.sse import field

# ---------------------------------------------------------------------------------------------- what is asked

_URL = asked({"url": STRING | {"pattern": f"^({'|'.join(URL_SCHEMES)})"}})
_PART = any_of(
    *(asked({"type": word(kind), kind: STRING}) for kind in ("text", "refusal")),
    *(asked({"type": word(kind), kind: _URL}) for kind in ("image_url", "video_url")),
    asked({"type": word("input_audio"), "input_audio": asked({"data": NONEMPTY})}),
    asked({"type": word("file"), "file": OBJECT}),
)
_CONTENT = any_of(STRING, array(_PART))
_SAID = {"name": STRING, "reasoning_content": STRING}
_ARGUMENTS = NONEMPTY | {"contentMediaType": "application/json"}
_CALLED = asked({"name": NONEMPTY, "arguments": _ARGUMENTS})
_MESSAGE = any_of(
    asked({"role": word("system", "developer", "user"), "content": _CONTENT}, _SAID),
    asked(
        {"role": word("assistant")},
        {
            "content": _CONTENT,
            "tool_calls": array(asked({"id": NONEMPTY, "function": _CALLED})),
            "function_call": _CALLED,
            **_SAID,
        },
    ),
    asked({"role": word("tool"), "content": _CONTENT, "tool_call_id": NONEMPTY}, _SAID),
    asked({"role": word("function"), "content": _CONTENT, "name": NONEMPTY}, {"reasoning_content": STRING}),
)
_FUNCTION = asked(
    {"name": STRING | {"pattern": f"^{TOOL_NAME.pattern}$"}},
    {"description": STRING, "parameters": OBJECT, "strict": BOOLEAN},
)
_NAMED = asked({"name": NONEMPTY})
_ALLOWED = asked({"tools": array(asked({"function": _NAMED}), 1)}, {"mode": word("auto", "required")})
_TOOL_CHOICE = any_of(
    word("none", "auto", "required"),
    asked({"function": _NAMED}, {"type": word("function")}),
    asked({"type": word("allowed_tools"), "allowed_tools": _ALLOWED}),
)
_FORMAT = any_of(
    asked({"type": word("text", "json_object")}),
    asked(
        {
            "type": word("json_schema"),
            "json_schema": asked({"name": NONEMPTY}, {"schema": any_of(OBJECT, BOOLEAN), "strict": BOOLEAN}),
        }
    ),
)
_CONSTRAINT = {
    "json": any_of(OBJECT, BOOLEAN, STRING | {"contentMediaType": "application/json"}),
    "regex": NONEMPTY,
    "choice": array(STRING, 1),
    "grammar": NONEMPTY,
    "json_object": BOOLEAN,
    "structural_tag": NONEMPTY,
}
_CONSTRAINTS = any_of(*(asked({name: schema}) for name, schema in _CONSTRAINT.items()))
_REASONING = asked(
    {},
    {
        "effort": word(*EFFORTS),
        "max_tokens": integer(REASONING_TOKENS),
        "enabled": BOOLEAN,
        "exclude": BOOLEAN,
    },
)
_BIASES = OBJECT | {
    "maxProperties": MAX_BIASES,
    "propertyNames": {"pattern": "^[0-9]{1,19}$"},
    "additionalProperties": nullable(number(LOGIT_BIAS)),
}
_TOKEN = integer(Limits(0, VOCABULARY_SIZE - 1))


def _shared(settings: Settings) -> dict[str, Schema]:
    """The optional fields of both endpoints."""
    stop = NONEMPTY if settings.strictness == "vllm" else STRING
    return {
        **{name: number(within) for name, within in NUMBERS.items()},
        "top_k": integer(TOP_K),
        "min_tokens": integer(MIN_TOKENS),
        "seed": integer(),
        "logit_bias": _BIASES,
        "stop": any_of(stop, array(stop)),
        "stop_token_ids": array(integer()),
        "ignore_eos": BOOLEAN,
        "n": integer(Limits(1, settings.max_n)),
        "user": STRING,
        "response_format": _FORMAT,
        "structured_outputs": _CONSTRAINTS,
        "stream": BOOLEAN,
        "stream_options": asked({}, dict.fromkeys(STREAM_OPTIONS, BOOLEAN)),
    }


def _chat_request(settings: Settings) -> Schema:
    least = 1 if settings.strictness == "vllm" else 0
    optional = {
        **_shared(settings),
        "max_tokens": integer(MAX_TOKENS),
        "max_completion_tokens": integer(MAX_TOKENS),
        "tools": array(asked({"type": word("function"), "function": _FUNCTION}), least),
        "tool_choice": _TOOL_CHOICE,
        "parallel_tool_calls": BOOLEAN,
        "functions": array(_FUNCTION),
        "function_call": any_of(word("none", "auto"), _NAMED),
        "logprobs": BOOLEAN,
        "top_logprobs": integer(TOP_LOGPROBS),
        "reasoning_effort": word(*EFFORTS),
        "reasoning": _REASONING,
        "thinking_token_budget": integer(THINKING_TOKENS),
        "include_reasoning": BOOLEAN,
        "chat_template_kwargs": ANYTHING,
        "modalities": array(STRING),
        "service_tier": STRING,
    }
    return asked({"model": NONEMPTY, "messages": array(_MESSAGE, 1)}, optional)


def _completion_request(settings: Settings) -> Schema:
    prompt = any_of(
        NONEMPTY if settings.strictness == "vllm" else STRING,
        array(STRING, 1, MAX_PROMPTS),
        array(_TOKEN, 1),
        array(array(_TOKEN, 1), 1, MAX_PROMPTS),
    )
    optional = {
        **_shared(settings),
        "max_tokens": integer(COMPLETION_TOKENS),
        "logprobs": integer(LOGPROBS[settings.strictness]),
        "best_of": integer(BEST_OF),
        "echo": BOOLEAN,
        "suffix": STRING,
    }
    return asked({"model": NONEMPTY, "prompt": prompt}, optional)


# ---------------------------------------------------------------------------------------------- what is answered

_TOP = {"token": STRING, "logprob": NUMBER, "bytes": array(integer(Limits(0, 255)))}
_LOGPROBS = answered({"content": array(answered({**_TOP, "top_logprobs": array(answered(_TOP))})), "refusal": NULL})
_OLD_LOGPROBS = answered(
    {
        "text_offset": array(COUNT),
        "token_logprobs": array(nullable(NUMBER)),
        "tokens": array(STRING),
        "top_logprobs": array(nullable(OBJECT | {"additionalProperties": nullable(NUMBER)})),
    }
)
_MADE = answered({"name": STRING, "arguments": STRING})
_CALL = answered({"id": STRING, "type": word("function"), "function": _MADE})
_MADE_PART = answered({}, {"name": STRING, "arguments": STRING})
_CALL_PART = answered({"index": COUNT, "function": _MADE_PART}, {"id": STRING, "type": word("function")})
_FINISH = nullable(word(*dict.fromkeys((*FINISHES.values(), *FUNCTION_FINISHES.values()))))
_OLD_FINISH = nullable(word(*FINISHES.values()))


def _surface() -> dict[str, Schema]:
    """What all endpoints under /v1 answer: errors and models."""
    catalogue = structs([Model])
    model = {name: schema for name, schema in catalogue["Model"]["properties"].items() if name != "images"}
    prices = catalogue["Pricing"]["properties"]
    cached = {"input_cache_read": prices["input"]}
    error = answered(
        {"message": STRING, "type": STRING, "param": nullable(STRING), "code": any_of(STRING, integer(), NULL)}
    )
    return {
        "Error": answered({"error": error}),
        "FlatError": answered({"error": STRING, "message": STRING}),
        "Model": answered({"object": word("model"), **model}),
        "Pricing": answered({name: schema for name, schema in prices.items() if name not in cached}, cached),
        "ModelList": answered({"object": word("list"), "data": array(ref("Model"))}),
    }


def _usage(settings: Settings) -> Schema:
    counts: dict[str, Schema] = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), COUNT)
    details: dict[str, Schema] = {
        "prompt_tokens_details": answered({"cached_tokens": COUNT}),
        "completion_tokens_details": answered({"reasoning_tokens": COUNT}),
    }
    return answered(counts | details) if settings.usage_details else answered(counts, details)


def _head(object: str) -> dict[str, Schema]:
    return {"id": STRING, "object": word(object), "created": COUNT, "model": STRING}


def _whole(object: str, choice: dict[str, Schema]) -> Schema:
    return answered(
        {**_head(object), "choices": array(answered({"index": COUNT, **choice})), "usage": ref("CompletionUsage")}
    )


def _chunk(object: str, choice: dict[str, Schema]) -> Schema:
    choices = array(answered({"index": COUNT, **choice}))
    chunk = answered({**_head(object), "choices": choices}, {"usage": nullable(ref("CompletionUsage"))})
    return any_of(chunk, ref("Error"))


def _event(chunk: str) -> Schema:
    return event(any_of({"const": field(DONE, b"data").decode()}, json_text(chunk)))


def chat(settings: Settings) -> Shapes:
    """The schemas of /v1/chat/completions."""
    reasoning = dict.fromkeys(reasoning_names(settings), STRING)
    message = answered(
        {"role": word("assistant"), "content": STRING, "refusal": NULL},
        {**reasoning, "tool_calls": array(_CALL), "function_call": _MADE},
    )
    delta = answered(
        {},
        {
            "role": word("assistant"),
            "content": STRING,
            **reasoning,
            "tool_calls": array(_CALL_PART),
            "function_call": _MADE_PART,
        },
    )
    rest = {"logprobs": nullable(_LOGPROBS), "finish_reason": _FINISH}
    return Shapes(
        "Create a chat completion",
        "ChatRequest",
        "ChatCompletion",
        _event("ChatCompletionChunk"),
        {
            **_surface(),
            "ChatRequest": _chat_request(settings),
            "ChatCompletion": _whole("chat.completion", {"message": message, **rest}),
            "ChatCompletionChunk": _chunk("chat.completion.chunk", {"delta": delta, **rest}),
            "CompletionUsage": _usage(settings),
        },
    )


def completions(settings: Settings) -> Shapes:
    """The schemas of /v1/completions."""
    choice = {"text": STRING, "logprobs": nullable(_OLD_LOGPROBS), "finish_reason": _OLD_FINISH}
    return Shapes(
        "Create a completion of a prompt",
        "CompletionRequest",
        "Completion",
        _event("CompletionChunk"),
        {
            **_surface(),
            "CompletionRequest": _completion_request(settings),
            "Completion": _whole("text_completion", choice),
            "CompletionChunk": _chunk("text_completion", choice),
            "CompletionUsage": _usage(settings),
        },
    )
