"""The keys `account`, `clock` and `models`: what the emulator starts a scenario with."""

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.account.backends import Backends, Flapping
from emulator.account.credits import AutoTopUp
from emulator.account.policy import Policy
from emulator.account.terms import Terms, TrialTerms
from emulator.core import units
from emulator.core.catalog import Catalog, CatalogError
from emulator.scenario.language.foreign import hints_at_keys
from emulator.scenario.language.notes import notes
from emulator.scenario.language.timing import DURATION
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import (
    FLAG,
    TEXT,
    VALUE,
    Cursor,
    InvalidValue,
    Reader,
    Section,
    SectionKey,
    by_kind,
    listed,
    mapped,
    nonempty,
    parsed,
    whole,
)
from emulator.scenario.types import ClockSpec

_LIMIT = whole(1, "a whole number of at least 1")
_MOMENT = parsed(units.moment)
_AMOUNT = parsed(units.amount)
_SPEED = parsed(units.speed)


# ---------------------------------------------------------------------------------------------- account, clock

POLICY: Section[Policy] = Section(
    "key",
    "a policy",
    "{requests_per_minute: 3}",
    lambda: (
        SectionKey("requests_per_minute", _LIMIT, "requests in any minute"),
        SectionKey("tokens_per_minute", _LIMIT, "tokens in any minute, of prompts and answers"),
        SectionKey("concurrency", _LIMIT, "requests at the same time"),
        SectionKey("expires", _MOMENT, "from when on it is invalid"),
        SectionKey(
            "models", listed(TEXT, "a list of model ids or globs"), "the models that it may use; without it, all"
        ),
        SectionKey("disabled", FLAG, "true: it may do nothing"),
    ),
    lambda cursor, values: Policy(**values),
    hints=hints_at_keys("key"),
)

POSITIVE_AMOUNT = nonempty(_AMOUNT, "an amount of more than 0 USD")
TRIAL: Section[TrialTerms] = Section(
    "trial",
    "trial credits",
    "{amount: 5.00 USD, expires: 2026-12-31}",
    lambda: (
        SectionKey("amount", POSITIVE_AMOUNT, "the amount", required=True),
        SectionKey("expires", _MOMENT, "when they expire", required=True),
    ),
    lambda cursor, values: TrialTerms(**values),
)
AUTO_TOP_UP: Section[AutoTopUp] = Section(
    "auto_top_up",
    "an automatic top-up",
    "{below: 1.00 USD, add: 10.00 USD}",
    lambda: (
        SectionKey("below", _AMOUNT, "the balance below which credits are bought", required=True),
        SectionKey("add", POSITIVE_AMOUNT, "the amount that is bought", required=True),
    ),
    lambda cursor, values: AutoTopUp(values["below"], values["add"]),
)
ACCOUNT: Section[Terms] = Section(
    "account",
    "an account",
    "{credits: 5.00 USD}",
    lambda: (
        SectionKey("credits", _AMOUNT, "the balance at the beginning; without it and `trial`, nothing is charged"),
        SectionKey("trial", TRIAL.reader, "credits that expire; they are spent first"),
        SectionKey("auto_top_up", AUTO_TOP_UP.reader, "credits that are bought when the balance is low"),
        SectionKey(
            "keys",
            mapped(POLICY.reader, "a mapping of API keys to policies"),
            "policies by key; `default` applies to all other keys",
        ),
    ),
    lambda cursor, values: Terms(**values),
    hints=hints_at_keys("account"),
)


CLOCK: Section[ClockSpec] = Section(
    "clock",
    "a clock",
    "{mode: frozen}",
    lambda: (
        SectionKey("start", _MOMENT, "the time at which the scenario starts"),
        SectionKey("mode", _SPEED, "the speed of the clock"),
    ),
    lambda cursor, values: ClockSpec(values.get("start"), values.get("mode")),
    hints=hints_at_keys("clock"),
)


# ---------------------------------------------------------------------------------------------- models

_PHASE = nonempty(DURATION, "a duration of more than 0s")
FLAPPING: Section[Flapping] = Section(
    "flapping",
    "flapping",
    "{up: 30s, down: 10s}",
    lambda: (
        SectionKey("up", _PHASE, "the time for which the backends are healthy", required=True),
        SectionKey("down", _PHASE, "the time for which they are then unhealthy", required=True),
    ),
    lambda cursor, values: Flapping(**values),
)
BACKENDS: Section[Backends] = Section(
    "backends",
    "backends",
    "{healthy: 1, slots: 4}",
    lambda: (
        SectionKey("total", whole(0, "a number of backends"), "the number of backends (1); 0: a 504"),
        SectionKey(
            "healthy", whole(0, "a number of healthy backends"), "the number of healthy backends (all); 0: a 529"
        ),
        SectionKey("slots", _LIMIT, "requests at the same time on each; without it, any number"),
        SectionKey("queue", DURATION, "the longest wait for a free slot, after which the request gets a 429 (0s)"),
        SectionKey("flapping", FLAPPING.reader, "they come and go by the clock"),
        SectionKey("listed", FLAG, "false: the lists of models leave it out"),
    ),
    lambda cursor, values: Backends(**{"total": max(values.get("healthy", 1), 1), **values}),
    hints=hints_at_keys("backends"),
)
_HEALTHY = whole(0, "a number of healthy backends")
_COUNTED = Reader(_HEALTHY.what, lambda cursor: _backends(_HEALTHY.read(cursor)), _HEALTHY.schema)
SOME_BACKENDS = by_kind("a number of healthy backends, or a mapping", scalar=_COUNTED, mapping=BACKENDS.reader)


def _backends(healthy: int) -> Backends:
    return Backends(total=max(healthy, 1), healthy=healthy)


_FIELDS = Reader(
    "fields of a model",
    VALUE.read,
    {"type": "object", "properties": {"backends": SOME_BACKENDS.schema, "like": {"type": "string"}}},
)
_MAPPED = mapped(_FIELDS, "a mapping of model ids to fields")


def _models(cursor: Cursor) -> tuple[Mapping[str, Any], Mapping[str, Backends]]:
    """The fields of each model, as the catalogue takes them, and its backends. Later keys can refer to these models.

    A name that is `like` a model has no backends: a request for it needs those of the model.
    """
    models: dict[str, Any] = _MAPPED.read(cursor)
    backends = {}
    for id, inner in cursor.pairs(""):
        if isinstance(models[id], dict) and "backends" in models[id] and "like" not in models[id]:
            del models[id]["backends"]
            backends[id] = SOME_BACKENDS.read(dict(inner.pairs(""))["backends"])
    notes(cursor).catalog = _changed(cursor, models)
    return models, backends


def _changed(cursor: Cursor, models: Mapping[str, Any]) -> Catalog:
    try:
        return notes(cursor).catalog.with_models(models)
    except CatalogError as error:
        models_at = dict(cursor.pairs(""))
        for (id, *path), message in error.mistakes:
            _report(models_at[id], path, message)
        raise InvalidValue from None


def _report(cursor: Cursor, path: Sequence[str], message: str) -> None:
    """Report a mistake that the catalogue found: an unknown key at the key, any other at the value."""
    for at, step in enumerate(path):
        if message.startswith("unknown key") and at == len(path) - 1:
            cursor.report(message.replace("key", f"key {quoted(step)}", 1), cursor.key_spans()[step])
            return
        cursor = dict(cursor.pairs(""))[step]
    cursor.report(message)


MODELS = Reader(_MAPPED.what, _models, _MAPPED.schema)
