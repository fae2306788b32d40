"""The JSON Schemas of the endpoints under /anthropic, for the OpenAPI document: what is asked, and what is answered.

Limits and words are those by which requests are read. What depends on several fields, such as a result that belongs to
a call, is not in a schema.
"""

from emulator.core.json_schemas import (
    ANYTHING,
    BOOLEAN,
    COUNT,
    NONEMPTY,
    NULL,
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
    word,
)
from emulator.core.settings import Settings
from emulator.dialects import Shapes
from emulator.dialects.anthropic.asked import (
    ASSISTANT,
    DOCUMENTS,
    MAX_TOKENS,
    PAGE,
    RESULT,
    SOURCES,
    TEMPERATURE,
    TEXT,
    THINKING,
    THINKING_BUDGET,
    TOOL_NAME,
    TOP_K,
    TOP_P,
    USER,
    Blocks,
)
from emulator.dialects.anthropic.client_tools import CLIENT_TOOL, DISPLAY
from emulator.dialects.anthropic.surface import STOP_REASONS, STOP_SEQUENCE

# ---------------------------------------------------------------------------------------------- what is asked

_TEXT = asked({"type": word("text"), "text": STRING})


def _unknown(*known: str) -> Schema:
    """A block or an object of any other type, which is passed over with a warning, unless the settings refuse it."""
    return asked({"type": NONEMPTY | {"not": word(*known)}})


def _blocks(kinds: Blocks, *read: Schema) -> Schema:
    """An array of blocks."""
    return array(any_of(*read, _unknown(*kinds.read, *kinds.refused)))


_TEXTS = any_of(STRING, _blocks(TEXT, asked({"text": STRING}, {"type": word("text")})))
_IMAGE = asked(
    {
        "type": word("image"),
        "source": any_of(
            asked({"type": word("base64"), "data": NONEMPTY}),
            asked({"type": word("url"), "url": NONEMPTY}),
            asked({"type": word("file"), "file_id": NONEMPTY}),
            _unknown(*SOURCES),
        ),
    }
)
_PAGE = any_of(STRING, _blocks(PAGE, _TEXT, _IMAGE))
_DOCUMENT = asked(
    {
        "type": word("document"),
        "source": any_of(
            asked({"type": word("text"), "data": STRING}),
            asked({"type": word("content"), "content": _PAGE}),
            asked({"type": word("base64", "url", "file")}),
            _unknown(*DOCUMENTS),
        ),
    }
)
_PARTS = (_TEXT, _IMAGE, _DOCUMENT, asked({"type": word("search_result"), "content": _TEXTS}))
_RESULT = asked(
    {"type": word("tool_result"), "tool_use_id": NONEMPTY},
    {"content": any_of(STRING, _blocks(RESULT, *_PARTS)), "is_error": BOOLEAN},
)
_USE = asked({"type": word("tool_use"), "id": NONEMPTY, "name": NONEMPTY, "input": OBJECT})
_THOUGHT = asked({"type": word("thinking"), "thinking": STRING})
_ASSISTANT = (_TEXT, _USE, _THOUGHT, asked({"type": word("redacted_thinking")}))
_MESSAGE = any_of(
    asked({"role": word("user"), "content": any_of(STRING, _blocks(USER, *_PARTS, _RESULT))}),
    asked({"role": word("assistant"), "content": any_of(STRING, _blocks(ASSISTANT, *_ASSISTANT))}),
    asked({"role": word("system"), "content": _TEXTS}),
    asked({"role": word("system"), "output_config": OBJECT}, {"content": _TEXTS}),
)
_NAME = STRING | {"pattern": f"^{TOOL_NAME.pattern}$"}
_CLIENT_TOOL = f"^({CLIENT_TOOL.pattern.replace('?P<kind>', '').replace('?P<version>', '')})$"
_TOOL = any_of(
    asked({"name": _NAME, "input_schema": OBJECT}, {"description": STRING, "strict": BOOLEAN}),
    {
        "type": "object",
        "description": "A tool of a type that the client runs, whose input Anthropic defines.",
        "properties": {
            "type": STRING | {"pattern": _CLIENT_TOOL},
            "name": _NAME,
            "input_schema": NULL,
            **dict.fromkeys(("display_width_px", "display_height_px"), nullable(integer(DISPLAY))),
            "enable_zoom": nullable(BOOLEAN),
        },
        "required": ["type", "name"],
    },
    {
        "type": "object",
        "description": "A tool of another type, which is passed over with a warning, unless the settings refuse it.",
        "properties": {
            "type": NONEMPTY | {"not": any_of({"const": "custom"}, {"pattern": _CLIENT_TOOL})},
            "input_schema": NULL,
        },
        "required": ["type"],
    },
)
_ALONE = {"disable_parallel_tool_use": BOOLEAN}
_TOOL_CHOICE = any_of(
    asked({"type": word("auto", "any", "none")}, _ALONE), asked({"type": word("tool"), "name": NONEMPTY}, _ALONE)
)
_THINKING = any_of(
    asked({"type": word("adaptive", "disabled")}, {"display": NONEMPTY}),
    asked({"type": word("enabled"), "budget_tokens": integer(THINKING_BUDGET)}, {"display": NONEMPTY}),
    asked({"type": NONEMPTY | {"not": word(*THINKING)}}, {"display": NONEMPTY}),
)
_FORMAT = asked({"type": word("json_schema"), "schema": OBJECT})
_OUTPUT = asked({}, {"effort": NONEMPTY, "format": _FORMAT})
_REQUIRED = {"model": NONEMPTY, "messages": array(_MESSAGE, 1)}
_OPTIONAL = {
    "system": _TEXTS,
    "temperature": number(TEMPERATURE),
    "top_p": number(TOP_P),
    "top_k": integer(TOP_K),
    "seed": integer(),
    "stop_sequences": array(STRING | {"pattern": r"\S"}),
    "stream": BOOLEAN,
    "tools": array(_TOOL),
    "tool_choice": _TOOL_CHOICE,
    "thinking": _THINKING,
    "output_config": _OUTPUT,
    "output_format": _FORMAT,
    "metadata": asked({}, {"user_id": STRING}),
}

# ---------------------------------------------------------------------------------------------- what is answered

_COUNTS: dict[str, Schema] = dict.fromkeys(
    ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"), COUNT
)
_STOP = {
    "stop_reason": nullable(word(*STOP_REASONS.values(), STOP_SEQUENCE)),
    "stop_sequence": nullable(STRING),
}
_BLOCK = any_of(
    answered({"type": word("text"), "text": STRING}),
    answered({"type": word("thinking"), "thinking": STRING, "signature": STRING}),
    answered({"type": word("tool_use"), "id": STRING, "name": STRING, "input": ANYTHING}),
)
_DELTA = any_of(
    *(
        answered({"type": word(kind), field: STRING})
        for kind, field in (
            ("text_delta", "text"),
            ("thinking_delta", "thinking"),
            ("signature_delta", "signature"),
            ("input_json_delta", "partial_json"),
        )
    )
)
_INDEX = {"index": COUNT}


def _event(name: str, **fields: Schema) -> Schema:
    return answered({"type": word(name), **fields})


_EVENT = any_of(
    _event("message_start", message=ref("Message")),
    _event("content_block_start", content_block=_BLOCK, **_INDEX),
    _event("content_block_delta", delta=_DELTA, **_INDEX),
    _event("content_block_stop", **_INDEX),
    _event("message_delta", delta=answered(_STOP), usage=ref("MessageUsage")),
    _event("message_stop"),
    _event("ping"),
    ref("AnthropicError"),
)
_MODEL = answered(
    {
        "type": word("model"),
        "id": STRING,
        "display_name": STRING,
        "created_at": STRING | {"format": "date-time"},
        "lifecycle": word("active"),
    }
)


def messages(settings: Settings) -> Shapes:
    """The schemas of /anthropic/v1/messages and its count_tokens."""
    head = {"id": STRING, "type": word("message"), "role": word("assistant"), "model": STRING}
    return Shapes(
        "Create a message",
        "MessagesRequest",
        "Message",
        event(json_text("MessageEvent")),
        {
            "MessagesRequest": asked({**_REQUIRED, "max_tokens": integer(MAX_TOKENS)}, _OPTIONAL),
            "CountRequest": asked(_REQUIRED, _OPTIONAL),
            "Message": answered({**head, "content": array(_BLOCK), **_STOP, "usage": ref("MessageUsage")}),
            "MessageUsage": answered(_COUNTS),
            "MessageEvent": _EVENT,
            "TokenCount": answered({"input_tokens": COUNT}),
            "AnthropicModel": _MODEL,
            "AnthropicModelList": answered(
                {
                    "data": array(ref("AnthropicModel")),
                    "has_more": BOOLEAN,
                    "first_id": nullable(STRING),
                    "last_id": nullable(STRING),
                }
            ),
            "AnthropicError": answered(
                {
                    "type": word("error"),
                    "error": answered({"type": STRING, "message": STRING}),
                    "request_id": STRING,
                }
            ),
        },
    )
