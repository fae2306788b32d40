"""The operations of the control API: for each row of its routes, the schemas of its fields and of its answer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from emulator.core import units
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
    json_text,
    nullable,
    number,
    ref,
    word,
)
from emulator.core.settings import Settings
from emulator.inferences.exports import FORMATS
from emulator.inferences.metrics import MEDIA_TYPE as METRICS
from emulator.scenario.language.environment import ACCOUNT, AUTO_TOP_UP, POLICY, POSITIVE_AMOUNT, SOME_BACKENDS, TRIAL
from emulator.scenario.language.scenarios import SCENARIO
from emulator.scenario.reading.readers import Reader
from emulator.store.snapshot import VERSION
from emulator.web.control.console import PAGE, TYPES
from emulator.web.control.explaining import POSITIONS
from emulator.web.control.inferences import REPORTS
from emulator.web.control.keys import LONGEST_NAME
from emulator.web.control.rows import ROUTES
from emulator.web.openapi.answers import LANGUAGE, language
from emulator.web.openapi.operations import EVENTS, JSON, Content, Described, Operation
from emulator.web.openapi.queries import ENDPOINT, KEY, QUERY
from emulator.web.preset_files import NAME

CONTROL_TOKEN, CONTROL_QUERY = "control_token", "control_token_query"
SECURITY = {
    CONTROL_TOKEN: {"type": "http", "scheme": "bearer", "description": "The token of a server that asks for one."},
    CONTROL_QUERY: {"type": "apiKey", "in": "query", "name": "token", "description": "The same token."},
}
"""The security schemes of the control API."""
_OPEN = {"/_emulator/health", "/_emulator/ready"}
_REFUSED = (401, 403, 404)
# ---------------------------------------------------------------------------------------------- what is asked


def _written(reader: Reader[Any]) -> Schema:
    """What is written as in a scenario."""
    schema: Schema = language(reader.schema)
    return schema


def _text(notation: units.Notation[Any]) -> Schema:
    return STRING | {"pattern": f"^(?:{notation.form})$"}


YAML = FORMATS["scenario"].media_type
_SCENARIO = ref(f"{LANGUAGE}{SCENARIO.name}")
_FOLLOWED = event(json_text("InferenceSummary"), id=STRING)
_KNOWN = {"name": "hello", "id": "key_1", "file": PAGE}
"""Examples of what stands in a path under these names; an inference has a number."""


class _Row(NamedTuple):
    """What a row of the control routes does not say: its answer, the values of its fields, and which are required.

    `rules` are for all fields together. `yaml` is the body of a row without fields. `media` are the media types of the
    answer.
    """

    summary: str
    answer: Schema
    fields: Mapping[str, Schema] = {}
    required: tuple[str, ...] = ()
    rules: Mapping[str, Any] = {}
    formats: Mapping[str, str] = {}
    status: int = 200
    mistakes: tuple[Schema, ...] = ()
    yaml: Schema = _SCENARIO
    media: tuple[str, ...] = (JSON,)
    bodiless: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()


def _one_of(*names: str) -> Schema:
    """Exactly one of these fields, and with a value."""
    return {"oneOf": [{"required": [name], "properties": {name: {"not": NULL}}} for name in names]}


_AT_A_KEY: Schema = {"required": ["position"], "properties": {"position": {"const": POSITIONS[1]}}}


def operations(settings: Settings) -> Iterator[Described]:
    """The operations, each with its method and path. Without a token in the settings, none may be needed."""
    rows = _rows()
    tokens = tuple(SECURITY) if settings.control_token else ("", *SECURITY)
    for row in ROUTES:
        told = rows[f"{row.method} {row.path}"]
        query = {name: word(*told.formats) if name == "format" else QUERY[name] for name in (row.query or "").split()}
        others = {form: _SCENARIO if form == YAML else STRING for form in told.formats.values()}
        yield (
            row.method,
            row.path,
            Operation(
                told.summary,
                {
                    **others,
                    **dict.fromkeys(told.media, told.answer),
                    **({EVENTS: _FOLLOWED} if "follow" in query else {}),
                },
                _REFUSED,
                told.status,
                {YAML: told.yaml} if row.fields is None else _body(told, row.fields.split()),
                required=bool(told.required) or (row.fields is None and told.yaml is _SCENARIO),
                query=query,
                known=_known(row.path),
                others=dict.fromkeys((401, *told.refused), (ref("Error"),))
                | ({400: told.mistakes} if told.mistakes else {}),
                security=("",) if row.path in _OPEN else tokens,
                bodiless=told.bodiless,
            ),
        )


def _known(path: str) -> str:
    """An example of what stands in a path."""
    if path.startswith("/_emulator/inferences/"):
        return "1"
    return next((value for name, value in _KNOWN.items() if f"{{{name}}}" in path), "")


def _body(told: _Row, fields: Sequence[str]) -> Content | None:
    if not fields:
        return None
    values = {name: told.fields[name] for name in fields}
    schema: Schema = {"type": "object", "properties": values, "additionalProperties": False, **told.rules}
    return {JSON: schema | ({"required": [*told.required]} if told.required else {})}


def _rows() -> dict[str, _Row]:
    policy = _written(POLICY.reader)
    account = {key.name: _written(key.reader) for key in ACCOUNT.table()}
    amount = _written(POSITIVE_AMOUNT)
    changes = {
        "purchase": amount,
        "take": amount,
        "trial": _written(TRIAL.reader),
        "auto_top_up": nullable(_written(AUTO_TOP_UP.reader)),
    }
    time = {
        "freeze": {"const": True},
        "run": {"const": True},
        "rate": any_of(number(Limits(0, 1_000_000)), _text(units.rate)),
        "set": _text(units.moment),
        "advance": any_of(number(Limits(0, 366 * 24 * 3600)), _text(units.duration)),
    }
    clock, scenario, key, made = ref("Clock"), nullable(STRING), ref("Key"), ref("MadeKey")
    failed = answered({"mistakes": array(ref("Mistake"))})
    unread = answered({"name": STRING, "mistakes": array(ref("Mistake"))})
    text = answered(
        {
            **dict.fromkeys(("name", "source"), STRING),
            **dict.fromkeys(("text", "digest"), nullable(STRING)),
            "writable": BOOLEAN,
        }
    )
    exports = {"json": JSON, **{name: form.media_type for name, form in FORMATS.items()}}
    state = {
        "version": {"const": VERSION},
        "clock": asked(dict.fromkeys(("time", "rate", "ahead"), NUMBER)),
        "store": asked({"shared": asked({"scenario": scenario})}),
    }
    found = answered({"inferences": array(ref("InferenceSummary")), "next": nullable(COUNT), "forgotten": COUNT})
    judged = {"ok": BOOLEAN, "findings": array(ref("Finding")), "remarks": array(ref("Finding"))}
    process = answered({"status": word("ready"), "models": COUNT, "scenario": scenario, "process": array(COUNT, 2, 2)})
    return {
        "GET /_emulator": _Row("Show the console", STRING, media=("text/html",), bodiless=(304, 308)),
        "GET /_emulator/console/{file}": _Row(
            "Send a file of the console", STRING, media=tuple(TYPES.values()), bodiless=(304,)
        ),
        "GET /_emulator/health": _Row(
            "Whether the server answers", answered({"status": word("ok"), "version": STRING})
        ),
        "GET /_emulator/ready": _Row("What the server is ready with", process),
        "GET /_emulator/openapi.json": _Row("This document", OBJECT),
        "POST /_emulator/activate": _Row(
            "Activate a scenario, or deactivate it",
            answered({"scenario": scenario, "key": nullable(STRING)}),
            {"scenario": scenario, "key": nullable(KEY)},
            ("scenario",),
            mistakes=(failed,),
        ),
        "POST /_emulator/reset": _Row(
            "Begin anew",
            answered({"reset": STRING}),
            {"key": nullable(KEY), "keep_scenario": nullable(BOOLEAN)},
        ),
        "GET /_emulator/snapshot": _Row(
            "Save the state", answered({"version": COUNT, "clock": OBJECT, "store": OBJECT})
        ),
        "PUT /_emulator/snapshot": _Row(
            "Restore the state",
            answered({"restored": {"const": True}, "clock": clock, "scenario": scenario}),
            state,
            tuple(state),
        ),
        "GET /_emulator/clock": _Row("Show the time", clock),
        "POST /_emulator/clock": _Row("Move the clock", clock, time, rules={"minProperties": 1, "maxProperties": 1}),
        "GET /_emulator/scenarios": _Row(
            "List the scenarios", answered({"active": scenario, "scenarios": array(ref("ScenarioSummary"))})
        ),
        "GET /_emulator/scenarios/{name}": _Row("Show a scenario, or its mistakes", any_of(ref("Scenario"), unread)),
        "PUT /_emulator/scenarios/{name}": _Row("Add or replace a scenario", ref("Scenario"), mistakes=(unread,)),
        "DELETE /_emulator/scenarios/{name}": _Row(
            "Delete a scenario", answered({"deleted": STRING, "deactivated": BOOLEAN})
        ),
        "GET /_emulator/scenarios/{name}/source": _Row("Show the text of a scenario", text),
        "PUT /_emulator/scenarios/{name}/source": _Row(
            "Save the text of a scenario", text, mistakes=(unread,), refused=(409, 503)
        ),
        "POST /_emulator/check": _Row("Check the text of a scenario", ref("Checked"), yaml=ANYTHING),
        "POST /_emulator/explain": _Row(
            "Explain what a scenario makes of a request",
            ref("Explained"),
            {
                **dict.fromkeys(("scenario", "inference"), nullable(NONEMPTY)),
                "text": nullable(STRING),
                "request": nullable(OBJECT),
                "endpoint": nullable(ENDPOINT),
                "headers": nullable(OBJECT | {"additionalProperties": STRING}),
                "position": nullable(word(*POSITIONS)),
                "key": nullable(KEY),
            },
            rules={"allOf": [_one_of("inference", "request"), any_of(_one_of("scenario", "text"), _AT_A_KEY)]},
        ),
        "POST /_emulator/code": _Row(
            "Write a request as code", ref("Code"), {"request": OBJECT, "endpoint": nullable(ENDPOINT)}, ("request",)
        ),
        "GET /_emulator/schema": _Row("Show the JSON Schema of scenarios", OBJECT),
        "GET /_emulator/models": _Row("Show the models and the parameters of requests", ref("Catalogue")),
        "GET /_emulator/settings": _Row("Show the settings", answered({"settings": array(ref("Setting"))})),
        "GET /_emulator/presets": _Row(
            "List the presets", answered({"folder": nullable(STRING), "presets": array(ref("Preset"))})
        ),
        "GET /_emulator/presets/{name}": _Row("Show a preset", ref("Preset")),
        "PUT /_emulator/presets/{name}": _Row(
            "Save a new version of a preset",
            ref("Preset"),
            {
                "model": NONEMPTY,
                **dict.fromkeys(("description", "system"), nullable(STRING)),
                "parameters": nullable(OBJECT),
            },
            ("model",),
        ),
        "DELETE /_emulator/presets/{name}": _Row("Delete a preset", answered({"deleted": STRING})),
        "POST /_emulator/presets/{name}/rename": _Row(
            "Rename a preset", ref("Preset"), {"name": STRING | {"pattern": f"^(?:{NAME.pattern})$"}}, ("name",)
        ),
        "GET /_emulator/accounts": _Row("List the keys that asked", answered({"accounts": array(ref("AccountInUse"))})),
        "GET /_emulator/account": _Row("Show an account", ref("Account")),
        "PUT /_emulator/account": _Row(
            "Open an account anew, or those of all keys",
            any_of(ref("Account"), answered({"key": NULL, "terms": STRING})),
            {"key": nullable(KEY), **account},
        ),
        "POST /_emulator/account": _Row(
            "Change the limits of a key", ref("Account"), {"key": nullable(KEY), "policy": policy}, ("policy",)
        ),
        "GET /_emulator/credits": _Row("Show the credits of a key", nullable(ref("Credits"))),
        "POST /_emulator/credits": _Row(
            "Change the credits of a key",
            ref("Credits"),
            {"key": nullable(KEY), **changes},
            rules=any_of(*({"required": [name]} for name in changes)),
        ),
        "GET /_emulator/ledger": _Row(
            "Show the ledger of a key",
            answered({"key": STRING, "balance": nullable(STRING), "entries": array(ref("Entry"))}),
        ),
        "GET /_emulator/keys": _Row("List the managed keys", answered({"keys": array(key)})),
        "POST /_emulator/keys": _Row(
            "Create a key",
            made,
            {"name": nullable(STRING | {"maxLength": LONGEST_NAME}), "policy": nullable(policy)},
            status=201,
        ),
        "GET /_emulator/keys/{id}": _Row("Show a key", key),
        "PUT /_emulator/keys/{id}": _Row("Replace the policy of a key", key, {"policy": policy}, ("policy",)),
        "DELETE /_emulator/keys/{id}": _Row("Revoke a key", key),
        "POST /_emulator/keys/{id}/regenerate": _Row("Replace the secret of a key", made),
        "GET /_emulator/backends": _Row("Show the backends", answered({"models": array(ref("ModelBackends"))})),
        "PUT /_emulator/backends": _Row(
            "Set the backends of a model",
            ref("ModelBackends"),
            {"model": NONEMPTY, "backends": nullable(_written(SOME_BACKENDS))},
            ("model", "backends"),
        ),
        "GET /_emulator/inferences": _Row("List the inferences, or follow them", found, formats=exports),
        "GET /_emulator/inferences/{id}": _Row("Show an inference", ref("InferenceRecord"), formats=exports),
        "GET /_emulator/inferences/{id}/timeline": _Row("Show when an answer was sent", ref("Timeline")),
        "GET /_emulator/inferences/{id}/conversation": _Row("Show what was said", ref("Conversation")),
        "POST /_emulator/inferences/{id}/replay": _Row(
            "Ask the same again", answered({"number": COUNT, "id": STRING}), status=202
        ),
        "GET /_emulator/usage": _Row("Count what was asked", ref("Usages")),
        "GET /_emulator/verify": _Row("Verify what was expected", ref("Verification"), formats=REPORTS),
        "GET /_emulator/metrics": _Row("Metrics for Prometheus", STRING, media=(METRICS,)),
        "GET /_emulator/verdict": _Row("Judge the client", answered(judged, {"nothing_asked": STRING})),
    }
