"""The world around a scenario's rules: the account, the clock, the models and their backends."""

from collections.abc import Mapping
from typing import Any

from emulator.account.backends import Backends, Flapping
from emulator.account.credits import AutoTopUp
from emulator.account.policy import Policy
from emulator.account.terms import Terms, TrialTerms
from emulator.core import units
from emulator.core.catalog import Catalog, CatalogError
from emulator.scenario.language.paces import DURATION
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import (
    FLAG,
    TEXT,
    VALUE,
    Key,
    Place,
    Reader,
    Section,
    Unreadable,
    by_kind,
    listed,
    mapped,
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
        Key("requests_per_minute", _LIMIT, "requests in any minute"),
        Key("tokens_per_minute", _LIMIT, "tokens in any minute, of prompts and answers"),
        Key("concurrency", _LIMIT, "requests at the same time"),
        Key("expires", _MOMENT, "from when on it is invalid"),
        Key("models", listed(TEXT, "a list of model ids or globs"), "the models that it may use; without it, all"),
        Key("disabled", FLAG, "true: it may do nothing"),
    ),
    lambda place, values: Policy(**values),
)


def _more_than_nothing(place: Place) -> Any:
    amount = _AMOUNT.read(place)
    if not amount:
        raise place.expected("an amount of more than 0 USD")
    return amount


SUM = Reader("an amount of more than 0 USD", _more_than_nothing, _AMOUNT.schema)
TRIAL: Section[TrialTerms] = Section(
    "trial",
    "trial credits",
    "{amount: 5.00 USD, expires: 2026-12-31}",
    lambda: (
        Key("amount", SUM, "how much", required=True),
        Key("expires", _MOMENT, "from when on they are gone", required=True),
    ),
    lambda place, values: TrialTerms(**values),
)
AUTO_TOP_UP: Section[AutoTopUp] = Section(
    "auto_top_up",
    "an automatic top-up",
    "{below: 1.00 USD, add: 10.00 USD}",
    lambda: (
        Key("below", _AMOUNT, "the balance under which it happens", required=True),
        Key("add", SUM, "how much is bought", required=True),
    ),
    lambda place, values: AutoTopUp(values["below"], values["add"]),
)
ACCOUNT: Section[Terms] = Section(
    "account",
    "an account",
    "{credits: 5.00 USD}",
    lambda: (
        Key("credits", _AMOUNT, "the balance at the beginning; without it and `trial`, nothing is charged"),
        Key("trial", TRIAL.reader, "credits that expire; they are spent first"),
        Key("auto_top_up", AUTO_TOP_UP.reader, "credits that are bought when the balance is low"),
        Key(
            "keys",
            mapped(POLICY.reader, "a mapping of API keys to policies"),
            "policies by key; `default` is that of whichever key plays the scenario",
        ),
    ),
    lambda place, values: Terms(**values),
)


CLOCK: Section[ClockSpec] = Section(
    "clock",
    "a clock",
    "{mode: frozen}",
    lambda: (
        Key("start", _MOMENT, "what time it is when the scenario begins"),
        Key("mode", _SPEED, "how the time passes"),
    ),
    lambda place, values: ClockSpec(values.get("start"), values.get("mode")),
)


# ---------------------------------------------------------------------------------------------- models


def _some_time(place: Place) -> float:
    seconds: float = DURATION.read(place)
    if not seconds:
        raise place.expected("a duration of more than 0s")
    return seconds


_PHASE = Reader("a duration of more than 0s", _some_time, DURATION.schema)
FLAPPING: Section[Flapping] = Section(
    "flapping",
    "flapping",
    "{up: 30s, down: 10s}",
    lambda: (
        Key("up", _PHASE, "how long the backends are healthy", required=True),
        Key("down", _PHASE, "how long they are not, after that", required=True),
    ),
    lambda place, values: Flapping(**values),
)
BACKENDS: Section[Backends] = Section(
    "backends",
    "backends",
    "{healthy: 1, slots: 4}",
    lambda: (
        Key("total", whole(0, "a number of backends"), "how many there are (1); none: 504"),
        Key("healthy", whole(0, "a number of healthy backends"), "how many are healthy (all); none: 529"),
        Key("slots", _LIMIT, "requests at the same time on each; without it, any number"),
        Key("queue", DURATION, "how long a request waits for a free slot before its 529 (0s)"),
        Key("flapping", FLAPPING.reader, "they come and go by the clock"),
        Key("listed", FLAG, "false: the lists of models leave it out"),
    ),
    lambda place, values: Backends(**{"total": max(values.get("healthy", 1), 1), **values}),
)
_HEALTHY = whole(0, "a number of healthy backends")
_COUNTED = Reader(_HEALTHY.what, lambda place: _backends(_HEALTHY.read(place)), _HEALTHY.schema)
SOME_BACKENDS = by_kind("a number of healthy backends, or a mapping", scalar=_COUNTED, mapping=BACKENDS.reader)


def _backends(healthy: int) -> Backends:
    return Backends(total=max(healthy, 1), healthy=healthy)


_FIELDS = Reader("fields of a model", VALUE.read, {"type": "object", "properties": {"backends": SOME_BACKENDS.schema}})
_MAPPED = mapped(_FIELDS, "a mapping of model ids to fields")


def _models(place: Place) -> tuple[Mapping[str, Any], Mapping[str, Backends]]:
    """Fields by model, as the catalogue takes them, and backends by model; later keys are read with these models."""
    models: dict[str, Any] = _MAPPED.read(place)
    backends = {}
    for id, inner in place.pairs(""):
        if isinstance(models[id], dict) and "backends" in models[id]:
            del models[id]["backends"]
            backends[id] = SOME_BACKENDS.read(dict(inner.pairs(""))["backends"])
    place.loading.catalog = _changed(place, models)
    return models, backends


def _changed(place: Place, models: Mapping[str, Any]) -> Catalog:
    try:
        return place.loading.catalog.with_models(models)
    except CatalogError as error:
        for path, message in error.mistakes:
            _tell(place, path, message)
        raise Unreadable from None


def _tell(place: Place, path: tuple[str, ...], message: str) -> None:
    """Tell a mistake of the catalogue's where its path leads: at the key if it is unknown, else at the value."""
    for at, step in enumerate(path):
        if message.startswith("unknown key") and at == len(path) - 1:
            place.tell(message.replace("key", f"key {quoted(step)}", 1), place.key_spans()[step])
            return
        place = dict(place.pairs(""))[step]
    place.tell(message)


MODELS = Reader(_MAPPED.what, _models, _MAPPED.schema)
