"""Reading the form that an answer on /v1 has to have: OpenAI's `response_format`, and vLLM's `structured_outputs`."""

from typing import Any, cast

import msgspec

from emulator.core.fields import Fields
from emulator.core.vocabulary import ResponseFormat

CONSTRAINTS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")
"""The keys of `structured_outputs` of which one says what the text is; others tune how vLLM keeps to it."""

_FIELDS = frozenset({"response_format", "structured_outputs"})
_ANY_TEXT = ResponseFormat()


def read_response_format(fields: Fields, *, forced: bool = False) -> ResponseFormat:
    """The form of the text. As in vLLM, `response_format` beats a constraint, which excludes a `forced` tool."""
    if _FIELDS.isdisjoint(fields.data):
        return _ANY_TEXT
    constraint = _constraint(fields)
    if constraint is not None and forced:
        fields.reject("structured_outputs", "no constraint of the text, since tool_choice names a tool")
    given = _response_format(fields)
    return constraint if constraint is not None and given.kind == "text" else given


def _response_format(fields: Fields) -> ResponseFormat:
    given = fields.object("response_format")
    if given is None:
        return _ANY_TEXT
    kinds = ("text", "json_object", "json_schema")
    kind = given.one_of("type", kinds) or given.missing("type", f"one of {', '.join(kinds)}")
    if kind != "json_schema":
        return ResponseFormat(cast(Any, kind))
    wanted = given.required_object("json_schema")
    wanted.required_string("name")
    schema = wanted.data.get("schema")
    if not isinstance(schema, bool | dict | None):
        wanted.wrong_type("schema", "a JSON Schema")
    strict = wanted.boolean("strict", False)
    return ResponseFormat("json_schema", True if schema is None else schema, strict, wanted.place("schema"))


def _constraint(fields: Fields) -> ResponseFormat | None:
    given = fields.object("structured_outputs")
    if given is None:
        return None
    told = [name for name in CONSTRAINTS if given.data.get(name) is not None]
    if len(told) != 1:
        got = ", ".join(told) or "none"
        fields.reject("structured_outputs", f"exactly one of {', '.join(CONSTRAINTS)}", got=got)
    (name,) = told
    place = given.place(name)
    match name:
        case "json":
            return ResponseFormat("json_schema", _schema(given), place=place)
        case "choice":
            choices = given.strings("choice")
            if not choices:
                given.reject("choice", "at least one string")
            return ResponseFormat("json_schema", {"enum": list(choices)}, place=place, raw=True)
        case "regex":
            regex = given.required_string("regex")  # by itself, so that no bracket closes that of the whole
            whole = {"type": "string", "pattern": regex, "allOf": [{"pattern": f"^(?:{regex})$"}]}
            return ResponseFormat("json_schema", whole, place=place, raw=True)
        case "json_object":
            return ResponseFormat("json_object" if given.boolean("json_object", False) else "text")
    given.required_string(name)
    return ResponseFormat("grammar", place=place)


def _schema(given: Fields) -> dict[str, Any] | bool:
    """The schema of `json`, which may also be written as JSON text."""
    schema = given.data["json"]
    if isinstance(schema, str):
        try:
            schema = msgspec.json.decode(schema)
        except (msgspec.MsgspecError, RecursionError) as error:
            given.reject("json", f"a JSON Schema ({error})")
    if not isinstance(schema, bool | dict):
        given.wrong_type("json", "a JSON Schema")
    return schema
