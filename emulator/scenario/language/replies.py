"""The key `reply`: the content of an answer and how it is sent."""

from collections.abc import Mapping
from typing import Any

from emulator.core.catalog import alias
from emulator.core.drafts import Draft
from emulator.core.nearest import did_you_mean
from emulator.scenario.language.choices import CHOICE, CONTENT_KEYS, FINISH_KEY, choice_of, not_both
from emulator.scenario.language.errors import ERRORS
from emulator.scenario.language.faults import FAULT_OR_NAME
from emulator.scenario.language.foreign import hints_at_keys
from emulator.scenario.language.notes import notes
from emulator.scenario.language.raw import FRAMES, HEADERS, RAW
from emulator.scenario.language.timing import DURATION, PACE
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import (
    FLAG,
    TEXT,
    Cursor,
    Reader,
    Section,
    SectionKey,
    listed,
    mapped,
    number,
    whole,
)
from emulator.scenario.types import ChoiceSpec, Generate, Reply, UsageSpec

CONTENT = tuple(key.name for key in CONTENT_KEYS)
KINDS = ("choices", "generate", "error", "raw", "frames")
_TOKENS = whole(0, "a number of tokens")

GENERATE: Section[Generate] = Section(
    "generate",
    "a wish",
    "{tokens: 100}",
    lambda: (
        SectionKey("tokens", _TOKENS, "the number of text tokens"),
        SectionKey("reasoning_tokens", _TOKENS, "the number of reasoning tokens; 0 for none"),
        SectionKey("seed", TEXT, "the seed of the text, instead of the request's"),
    ),
    lambda cursor, values: Generate(**values),
    hints=hints_at_keys("generate"),
)
USAGE: Section[UsageSpec] = Section(
    "usage",
    "a usage",
    "{prompt_tokens: 9, completion_tokens: 14}",
    lambda: tuple(SectionKey(name, _TOKENS, f"the value of {name}") for name in UsageSpec.__struct_fields__),
    lambda cursor, values: UsageSpec(**values),
    hints=hints_at_keys("usage"),
)


def _model(cursor: Cursor) -> str:
    id, catalog = TEXT.read(cursor), notes(cursor).catalog
    if catalog.named(id, aliased=True) is None:
        raise cursor.report(
            f"unknown model {quoted(id)}{did_you_mean(id, [*catalog.models, *map(alias, catalog.models)])}"
        )
    return id


def _states(cursor: Cursor) -> Mapping[str, str]:
    states = _STATES.read(cursor)
    for machine, state in states.items():
        notes(cursor).states_set.setdefault(machine, []).append(state)
    return states


_STATES = mapped(TEXT, "a mapping of machines to states")
_KEYS = (
    *CONTENT_KEYS,
    SectionKey("choices", listed(CHOICE.reader, "a list of choices", at_least=1), "several choices, for n > 1"),
    SectionKey("generate", GENERATE.reader, "the generator answers; so it does if nothing is said"),
    SectionKey("error", ERRORS, "an error kind, or the error field by field"),
    SectionKey("raw", RAW.reader, "any HTTP answer"),
    SectionKey("frames", FRAMES, "verbatim SSE frames for one dialect: the way out, not portable"),
    SectionKey("retry_after", DURATION, "the Retry-After header"),
    SectionKey("headers", HEADERS, "further response headers"),
    FINISH_KEY,
    SectionKey("usage", USAGE.reader, "the usage, instead of the actual counts"),
    SectionKey("model", Reader("a model's id", _model, TEXT.schema), "the model that the answer names"),
    SectionKey("id", TEXT, "the answer's id, instead of a derived one"),
    SectionKey("stream", PACE.reader, "the speed of the answer"),
    SectionKey("faults", listed(FAULT_OR_NAME, "a list of faults"), "the faults, in order"),
    SectionKey("times", whole(1, "a number of at least 1"), "how often it is used before the next reply (1)"),
    SectionKey(
        "probability",
        number(0, 1, "a number from 0 to 1"),
        "how likely it is played when it is its turn; otherwise the next one is, and without times it never wears out",
    ),
    SectionKey(
        "set_state", Reader(_STATES.what, _states, _STATES.schema), "the states that machines are in from then on"
    ),
    SectionKey("name", TEXT, "a name, for records"),
    SectionKey("obey", FLAG, "false: max_tokens, stop and n of the request change nothing"),
)


def _check(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    not_both(cursor, given)
    kinds = [name for name in KINDS if name in given]
    content = [name for name in CONTENT if name in given]
    if content and kinds:
        given[kinds[0]].report(f"a reply is one thing, got {content[0]} and {kinds[0]}")
    for other in kinds[1:]:
        given[other].report(f"a reply is one thing, got {kinds[0]} and {other}")
    for name in ("finish", "usage", "stream", "model", "id", "obey"):
        if name in given and (about := next((kind for kind in ("error", "raw") if kind in given), None)):
            given[name].report(f"{name} has no meaning with {about}")


def _check_headers(cursor: Cursor, values: Mapping[str, Any]) -> None:
    """Report a header that two keys of the reply give."""
    names = {name for name, _ in values.get("headers", ())}
    for name, _ in values["raw"].headers if "raw" in values else ():
        if name in names:
            raise cursor.report(f"{name} is given twice, in headers and in raw")
        names.add(name)
    if "retry_after" in values and "retry-after" in names:
        raise cursor.report("retry_after is the header retry-after; give one of them")


_PLAIN = {"choices", "name", "probability", "set_state"}


def _reply(cursor: Cursor, values: dict[str, Any]) -> Reply:
    content = {name: values.pop(name) for name in CONTENT if name in values}
    if content:
        values["choices"] = (choice_of({**content, "finish": values.get("finish")}),)
    elif not any(name in values for name in KINDS):
        values["generate"] = Generate()
    _check_headers(cursor, values)
    times = values.pop("times", None if "probability" in values else 1)
    return Reply(**values, plain=_plain(values), times=times, line=cursor.node.span.line + 1)


def _plain(values: Mapping[str, Any]) -> Draft | ChoiceSpec | None:
    """The choice of a reply that is nothing else."""
    choices = values.get("choices", ())
    return choices[0] if len(choices) == 1 and values.keys() <= _PLAIN else None


REPLY: Section[Reply] = Section(
    "reply", "a reply", "{text: Hello}", lambda: _KEYS, _reply, _check, hints_at_keys("reply")
)
