"""The components of the OpenAPI document that the control API has: what it answers, and the scenario language."""

import json
from collections.abc import Mapping
from typing import Any, get_args

from emulator.account.backends import Backends
from emulator.account.ledger import Entry
from emulator.account.policy import Policy
from emulator.account.registry import Status
from emulator.core.catalog import Model
from emulator.core.json_schemas import (
    ANYTHING,
    BOOLEAN,
    COUNT,
    NUMBER,
    OBJECT,
    STRING,
    Schema,
    answered,
    array,
    nullable,
    ref,
    structs,
    word,
)
from emulator.inferences.inference import Inference
from emulator.inferences.timing import Attempt, PlacedFault
from emulator.inferences.verdict.reports import KeyReport, Report
from emulator.scenario.language.schema import json_schema
from emulator.scenario.reading.mistakes import Mistake
from emulator.web.control.code import LANGUAGES
from emulator.web.control.live import LONG
from emulator.web.presets import Preset

LANGUAGE = "scenario."
"""What the names of the schemas of the scenario language begin with."""


def language(schema: Mapping[str, Any]) -> Any:
    """A schema of the scenario language as the document has it, where the language's own definitions are components."""
    return json.loads(json.dumps(schema).replace("#/$defs/", f"#/components/schemas/{LANGUAGE}"))


def components() -> dict[str, Schema]:
    """The schemas to which the operations refer, those of the scenario language among them."""
    types = structs([Inference, Report, Mistake, Entry, Policy, Backends, PlacedFault, Attempt])
    policy = types.pop("Policy")["properties"] | {"expires": nullable(STRING)}
    told = types.pop("Inference")["properties"] | {"outcome": STRING, "line": STRING}
    catalogue = structs([Model])
    model = catalogue["Model"]["properties"] | {"pricing": ref("ModelPricing")}
    mistakes = array(ref("Mistake"))
    report, one = (types.pop(kind.__name__)["properties"] for kind in (Report, KeyReport))
    texts = array(STRING)
    key = {
        "id": STRING,
        "name": STRING,
        "shown": STRING,
        "status": word(*get_args(Status)),
        "created": STRING,
        "policy": ref("Policy"),
    }
    credits = {
        "balance": STRING,
        "available": STRING,
        "purchased": STRING,
        "trials": array(answered({"left": STRING, "expires": STRING})),
        "auto_top_up": nullable(answered({"below": STRING, "add": STRING})),
    }
    names = {"name": STRING, "aliases": texts, "description": STRING, "source": STRING}
    rule = answered({"name": STRING, "line": COUNT, "replies": COUNT})
    seconds = nullable(NUMBER)
    token = {"token": STRING, "logprob": nullable(NUMBER)}
    choice = {
        "reasoning": STRING,
        "text": STRING,
        "tool_calls": array(answered({"id": nullable(STRING), "name": STRING, "arguments": STRING})),
        "finish": nullable(STRING),
        "tokens": nullable(array(answered({**token, "top": array(answered(token))}))),
    }
    counts = ("requests", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")
    used = answered({**dict.fromkeys(counts, COUNT), "charge": nullable(STRING)})
    return {
        **types,
        "Preset": answered(
            {"name": STRING, **structs([Preset])["Preset"]["properties"], "versions": array(COUNT)}
            | {"mistake": nullable(STRING)}
        ),
        "Checked": answered({"name": nullable(STRING), **dict.fromkeys(("mistakes", "warnings"), mistakes)}),
        "Code": answered(dict.fromkeys(LANGUAGES, STRING)),
        "Explained": answered(
            {
                "scenario": nullable(STRING),
                **dict.fromkeys(("answered_by", "chosen_by", "why", "warning"), STRING),
                "rules": array(ref("RuleCheck")),
                "turn": nullable(ref("TurnTaken")),
                "message": nullable(STRING),
                "retry_after": nullable(NUMBER),
                "position": nullable(ref("Position")),
                "mistakes": mistakes,
            }
        ),
        "Position": answered(
            {
                "states": OBJECT | {"additionalProperties": STRING},
                "turns": array(answered({"rule": STRING, "given": COUNT, "replies": COUNT})),
            }
        ),
        "Setting": answered(
            {"name": STRING, "value": ANYTHING, "default": ANYTHING, "expected": STRING, "meaning": STRING}
        ),
        "Catalogue": answered(
            {
                "models": array(ref("CatalogueModel")),
                "names": OBJECT | {"additionalProperties": STRING},
                "parameters": OBJECT | {"additionalProperties": OBJECT},
            }
        ),
        "ModelPricing": catalogue["Pricing"],
        "CatalogueModel": answered({**model, "alias": STRING, "listed": BOOLEAN}),
        "AccountInUse": answered(
            {
                **dict.fromkeys(("key", "namespace"), STRING),
                "secret": BOOLEAN,
                "scenario": nullable(STRING),
                "requests": COUNT,
                "newest": COUNT,
                "last": NUMBER,
                "charge": nullable(STRING),
                "account": nullable(ref("Account")),
            }
        ),
        "Timeline": answered(
            {
                "number": COUNT,
                "id": STRING,
                "started": NUMBER,
                **dict.fromkeys(("ended", "queued", "first_byte", "first_token"), seconds),
                "frames": array(answered({"at": NUMBER, "size": COUNT, "text": STRING})),
                "frames_cut": BOOLEAN,
                "faults": array(ref("PlacedFault")),
                "attempts": array(ref("Attempt")),
                "attempts_left_out": COUNT,
                **dict.fromkeys(("findings", "remarks"), array(ref("Finding"))),
            }
        ),
        "Conversation": answered(
            {
                "messages": array(answered({"role": STRING, "text": STRING, "others": texts})),
                "choices": array(answered(choice)),
                "problems": texts,
            }
        ),
        "Usages": answered(
            {
                **dict.fromkeys(("from", "to", "step"), NUMBER),
                "forgotten": COUNT,
                "buckets": array(
                    answered(
                        {
                            "at": NUMBER,
                            "outcomes": OBJECT | {"additionalProperties": COUNT},
                            "models": OBJECT | {"additionalProperties": used},
                        }
                    )
                ),
            }
        ),
        **{f"{LANGUAGE}{name}": language(schema) for name, schema in json_schema()["$defs"].items()},
        "Policy": answered(policy),
        "InferenceRecord": answered({**told, "request": ANYTHING}),
        "InferenceSummary": answered({name: schema for name, schema in told.items() if name not in LONG}),
        "KeyVerification": answered({"ok": BOOLEAN, **one}),
        "Verification": answered({"ok": BOOLEAN, **report, "keys": array(ref("KeyVerification"))}),
        "Clock": answered({"now": STRING, "unix": NUMBER, "mode": word("running", "frozen"), "rate": NUMBER}),
        "Key": answered(key),
        "MadeKey": answered({"key": STRING, **key}),
        "Credits": answered(credits),
        "Account": answered(
            {
                "key": STRING,
                "unlimited": BOOLEAN,
                "policy": ref("Policy"),
                "in_flight": COUNT,
                "rate_limit": OBJECT | {"additionalProperties": STRING},
                "credits": nullable(ref("Credits")),
            }
        ),
        "ModelBackends": answered(
            {
                "model": STRING,
                "backends": nullable(ref("Backends")),
                "healthy_now": BOOLEAN,
                "running": COUNT,
                "waiting": COUNT,
            }
        ),
        "ScenarioSummary": answered({**names, "errors": texts, "faults": texts, "mistakes": array(ref("Mistake"))}),
        "Scenario": answered(
            {**names, "rules": array(rule), "unscripted": ANYTHING, "mistakes": array(ref("Mistake"))}
        ),
    }
