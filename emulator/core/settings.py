"""What a server can be told about itself: one field a choice, with its default and why it is that.

Where AkashML's behaviour is not known, the default is an assumption and the field lets a user take the other side;
docs/contract.md lists the evidence.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

Switch: TypeAlias = bool


class SettingsError(ValueError):
    """A setting that does not exist or cannot have that value; the message is for the person who typed it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every choice a server makes once, when it starts."""

    seed: Annotated[str, Meta(description="What generated answers, ids and chances derive from.")] = "0"
    auth: Annotated[
        Literal["format", "open", "strict"],
        Meta(description="format: a key must look like AkashML's; open: anything goes; strict: only configured keys."),
    ] = "format"
    keys: Annotated[tuple[str, ...], Meta(description="The keys that strict auth accepts, separated by commas.")] = ()
    max_body_bytes: Annotated[
        int, Meta(gt=0, description="A larger request body is refused with 413. Anthropic's limit is 32 MB.")
    ] = 32 * 1024 * 1024
    error_shape: Annotated[
        Literal["openai", "flat"],
        Meta(description="Body of errors on /v1 other than 401: OpenAI's, or AkashML's flat one (open question 1)."),
    ] = "openai"
    auth_error_shape: Annotated[
        Literal["flat", "openai"],
        Meta(description="Body of a 401 on /v1: flat as seen at AkashML, or OpenAI's."),
    ] = "flat"
    reasoning_field: Annotated[
        Literal["reasoning_content", "reasoning", "both"],
        Meta(description="Name of the reasoning text on /v1 (open question 4)."),
    ] = "reasoning_content"
    reasoning_by_default: Annotated[
        Switch, Meta(description="A reasoning model reasons when the request says nothing of it (open question 5).")
    ] = True
    usage_details: Annotated[
        Switch, Meta(description="Add prompt_tokens_details and completion_tokens_details to usage on /v1.")
    ] = False
    usage_null: Annotated[
        Switch,
        Meta(description="With include_usage, send usage: null on every chunk before the last, as OpenAI does."),
    ] = False
    empty_arguments: Annotated[
        Literal["{}", ""], Meta(description='Arguments of a tool call without parameters; AkashML once sent "".')
    ] = "{}"
    model_name: Annotated[
        Literal["sent", "catalogue"],
        Meta(description="The model field of an answer: as the caller wrote it, or the catalogue's id."),
    ] = "sent"
    count_tokens: Annotated[
        Switch, Meta(description="Serve /anthropic/v1/messages/count_tokens; off: 404 (open question 12).")
    ] = True
    keep_alive: Annotated[
        float, Meta(gt=0, description="Seconds of silence in a stream before a comment or ping is sent.")
    ] = 15.0
    max_n: Annotated[int, Meta(ge=1, description="The largest n.")] = 128
    max_output: Annotated[
        Literal["clamp", "reject"],
        Meta(description="max_tokens above the model's: lowered silently, or 400 (open question 8)."),
    ] = "clamp"
    suffix: Annotated[
        Literal["ignore", "reject"], Meta(description="A suffix in /v1/completions: ignored, or 400 as vLLM does.")
    ] = "ignore"
    unsupported_sampling: Annotated[
        Literal["ignore", "warn", "reject"],
        Meta(
            description="A sampling parameter that the model's supported_sampling_parameters lack: without effect, "
            "without effect and told in the header X-Emulator-Warning, or 400."
        ),
    ] = "ignore"
    credits_run_out: Annotated[
        Literal["finish", "error"],
        Meta(description="Credits that run out during an answer: it is finished, or ends with an error."),
    ] = "finish"
    audio: Annotated[
        Literal["reject", "ignore"], Meta(description="Audio asked for in modalities: 400, or ignored.")
    ] = "reject"


def from_strings(pairs: Iterable[str]) -> dict[str, Any]:
    """Settings written as `name=value`, as they come from a command line or the environment.

    Raises `SettingsError` for a name that does not exist, naming the nearest, and for a value of the wrong kind.

    >>> from_strings(["keep_alive=5", "count_tokens=false"])
    {'keep_alive': 5.0, 'count_tokens': False}
    """
    known = {field.name: field for field in msgspec.structs.fields(Settings)}
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise SettingsError(f'unknown setting "{name}"{hint} (known: {", ".join(known)})')
        if not equals:
            raise SettingsError(f'setting "{name}" has no value: write {name}=VALUE')
        raw: Any = [part.strip() for part in text.split(",") if part.strip()] if name == "keys" else text.strip()
        try:
            values[name] = msgspec.convert(raw, known[name].type, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(f'setting "{name}" cannot be "{text}": {error}') from None
    return values


def table() -> list[dict[str, str]]:
    """One row a setting, for people: its name, values, default and description."""
    rows = []
    for field in msgspec.structs.fields(Settings):
        kind = msgspec.inspect.type_info(field.type)
        described = kind if isinstance(kind, msgspec.inspect.Metadata) else None
        inner = described.type if described else kind
        match inner:
            case msgspec.inspect.LiteralType(values):
                allowed = ", ".join(str(value) or '""' for value in values)
            case _:
                allowed = type(inner).__name__.removesuffix("Type").lower()
        description = (described.extra_json_schema or {}).get("description", "") if described else ""
        rows.append({"name": field.name, "values": allowed, "default": str(field.default), "meaning": description})
    return rows
