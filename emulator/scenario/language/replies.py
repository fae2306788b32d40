"""`reply`: what is answered, and how. The table of its keys."""

from collections.abc import Mapping
from typing import Any

from emulator.core.catalog import alias
from emulator.scenario.language.choices import CHOICE, FINISH_KEY, SAID_KEYS, choice_of, not_both
from emulator.scenario.language.errors import ERRORS
from emulator.scenario.language.faulty import FAULTY
from emulator.scenario.language.paces import DURATION, PACE
from emulator.scenario.language.raw import FRAMES, HEADERS, RAW
from emulator.scenario.reading.mistakes import did_you_mean, quoted
from emulator.scenario.reading.readers import FLAG, TEXT, Key, Place, Reader, Section, listed, mapped, number, whole
from emulator.scenario.types import Generate, Reply, UsageSpec

SAID = tuple(key.name for key in SAID_KEYS)
KINDS = ("choices", "generate", "error", "raw", "frames")
_TOKENS = whole(0, "a number of tokens")

GENERATE: Section[Generate] = Section(
    "generate",
    "a wish",
    "{tokens: 100}",
    lambda: (
        Key("tokens", _TOKENS, "how many tokens of text"),
        Key("reasoning_tokens", _TOKENS, "how many tokens of reasoning; 0 for none"),
        Key("seed", TEXT, "what the answer is made from, instead of the request"),
    ),
    lambda place, values: Generate(**values),
)
USAGE: Section[UsageSpec] = Section(
    "usage",
    "a usage",
    "{prompt_tokens: 9, completion_tokens: 14}",
    lambda: tuple(Key(name, _TOKENS, f"what {name} is to be") for name in UsageSpec.__struct_fields__),
    lambda place, values: UsageSpec(**values),
)


def _model(place: Place) -> str:
    id, catalog = TEXT.read(place), place.loading.catalog
    if catalog.get(id, aliased=True) is None:
        raise place.tell(
            f"unknown model {quoted(id)}{did_you_mean(id, [*catalog.models, *map(alias, catalog.models)])}"
        )
    return id


def _states(place: Place) -> Mapping[str, str]:
    states = _STATES.read(place)
    for machine, state in states.items():
        place.loading.states_set.setdefault(machine, []).append(state)
    return states


_STATES = mapped(TEXT, "a mapping of machines to states")
_KEYS = (
    *SAID_KEYS,
    Key("choices", listed(CHOICE.reader, "a list of choices", at_least=1), "several choices, for n > 1"),
    Key("generate", GENERATE.reader, "the generator answers; so it does if nothing is said"),
    Key("error", ERRORS, "an error kind, or the error field by field"),
    Key("raw", RAW.reader, "any HTTP answer"),
    Key("frames", FRAMES, "verbatim SSE frames for one dialect: the way out, not portable"),
    Key("retry_after", DURATION, "the Retry-After header"),
    Key("headers", HEADERS, "further response headers"),
    FINISH_KEY,
    Key("usage", USAGE.reader, "what the usage says, instead of what was counted"),
    Key("model", Reader("a model's id", _model, TEXT.schema), "the model that the answer names"),
    Key("id", TEXT, "the answer's id, instead of a derived one"),
    Key("stream", PACE.reader, "how fast the answer comes"),
    Key("faults", listed(FAULTY, "a list of faults"), "what goes wrong, in this order"),
    Key("times", whole(1, "a number of at least 1"), "how often it is played before the next one's turn (1)"),
    Key(
        "probability",
        number(0, 1, "a number from 0 to 1"),
        "how likely it is played when it is its turn; otherwise the next one is, and without times it never wears out",
    ),
    Key("set_state", Reader(_STATES.what, _states, _STATES.schema), "the states that machines are in from then on"),
    Key("name", TEXT, "a name, for records"),
    Key("obey", FLAG, "false: max_tokens, stop and n of the request change nothing"),
)


def _check(place: Place, given: Mapping[str, Place]) -> None:
    not_both(place, given)
    kinds = [name for name in KINDS if name in given]
    said = [name for name in SAID if name in given]
    if said and kinds:
        given[kinds[0]].tell(f"a reply is one thing, got {said[0]} and {kinds[0]}")
    for other in kinds[1:]:
        given[other].tell(f"a reply is one thing, got {kinds[0]} and {other}")
    for name in ("finish", "usage", "stream", "model", "id", "obey"):
        if name in given and (about := next((kind for kind in ("error", "raw") if kind in given), None)):
            given[name].tell(f"{name} has no meaning with {about}")


def _reply(place: Place, values: dict[str, Any]) -> Reply:
    said = {name: values.pop(name) for name in SAID if name in values}
    if said:
        values["choices"] = (choice_of({**said, "finish": values.get("finish")}),)
    elif not any(name in values for name in KINDS):
        values["generate"] = Generate()
    times = values.pop("times", None if "probability" in values else 1)
    return Reply(**values, times=times, line=place.node.span.line + 1)


REPLY: Section[Reply] = Section("reply", "a reply", "{text: Hello}", lambda: _KEYS, _reply, _check)
