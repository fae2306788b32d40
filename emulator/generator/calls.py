"""Generating tool calls (whether to call, which tools, which arguments) and answers in JSON."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.core.drafts import DraftCall
from emulator.core.errors import ApiError, Rejected
from emulator.core.seeds import Seed
from emulator.core.tokens import Tokens, split
from emulator.core.vocabulary import InferenceRequest, Message, Sampling, Tool
from emulator.generator.composing import brief, last_words
from emulator.generator.hints import hints, named
from emulator.generator.saying.tasks import Task, tasks
from emulator.generator.speech import speak
from emulator.generator.topics import relevant, topics

if TYPE_CHECKING:
    from emulator.schema_values import Budget

class _Made(NamedTuple):
    """A call that was made since the task was given."""

    name: str
    arguments: str


class Structured:
    """Makes what the choices of an answer have instead of text. All of them share one budget for their schemas."""

    def __init__(self, request: InferenceRequest) -> None:
        self._request = request
        one = request.tool_choice.mode == "named" or not request.parallel_tool_calls
        self._chosen = _chosen(request)[: 1 if one else None]

    def tool_calls(self, seed: Seed) -> tuple[DraftCall, ...]:
        """Generate the tool calls of a choice; none if the choice is text.

        `auto` makes the calls that the last user message mentions, each once, and none after their results, so a loop
        that runs the calls and returns their results ends. Raises `Rejected` for parameters that are no JSON Schema, or
        that no arguments satisfy.
        """
        # Calls of one tool share a seed, so that they are alike in what is not spoken of.
        names = list(dict.fromkeys(wish.tool.name for wish in self._chosen))
        return tuple(
            _call(wish, seed.child("call", names.index(wish.tool.name)), self._budget) for wish in self._chosen
        )

    def json_text(self, seed: Seed) -> Tokens:
        """Generate a choice in the request's format.

        Raises `Rejected` for an invalid or unsatisfiable JSON Schema.
        """
        request, form = self._request, self._request.response_format
        schema = form.schema if form.kind == "json_schema" else _object(request, seed)
        said = hints(relevant(last_words(request)), _properties(schema))
        return _json(schema, form.place, said, seed, self._budget)

    @cached_property
    def _budget(self) -> "Budget":
        return _budget()


def check_strict(request: InferenceRequest) -> None:
    """Raise `Rejected` for an invalid JSON Schema with `strict`; all schemas of the request share one budget."""
    budget = _budget()
    for tool in request.tools:
        if tool.strict:
            _check(tool.parameters, tool.place, budget)
    if request.response_format.strict:
        _check(request.response_format.schema, request.response_format.place, budget)


# ---------------------------------------------------------------------------------------------- which tools


def _chosen(request: InferenceRequest) -> Sequence[Task]:
    """The calls that are requested and not made yet; at least one if the tool choice requires a call."""
    choice = request.tool_choice
    tools = [tool for tool in request.tools if choice.mode != "named" or tool.name == choice.name]
    if choice.mode == "none" or not tools:
        return ()
    wishes = tasks(tools, relevant(last_words(request)), forced=choice.mode != "auto")
    left = _not_made(wishes, request.messages)
    return left if choice.mode == "auto" else left or wishes[:1]


def _not_made(wishes: Sequence[Task], messages: Sequence[Message]) -> list[Task]:
    """The wishes without the calls made since the last assistant message that has only text."""
    made: Counter[str] = Counter()
    follower = ""
    for message in reversed(messages):
        if message.role == "assistant" and not message.tool_calls and follower != "tool":
            break
        made.update(call.name for call in message.tool_calls)
        follower = message.role
    left = []
    for wish in wishes:
        if made[wish.tool.name]:
            made[wish.tool.name] -= 1
        else:
            left.append(wish)
    return left


# ---------------------------------------------------------------------------------------------- arguments


def _call(wish: Task, seed: Seed, budget: "Budget") -> DraftCall:
    """A call with what the text says; optional parameters of which it says nothing are left out."""
    schema = wish.tool.parameters or {"type": "object", "properties": {}}
    omitted = frozenset(_properties(schema)) - wish.values.keys() if "required" in schema else frozenset()
    return DraftCall(wish.tool.name, _json(schema, wish.tool.place, wish.values, seed, budget, omitted))


def _budget(self) -> "Budget":
        return _budget()


def check_strict(request: InferenceRequest) -> None:
    """Raise `Rejected` for an invalid JSON Schema with `strict`; all schemas of the request share one budget."""
    budget = _budget()
    for tool in request.tools:
        if tool.strict:
            _check(tool.parameters, tool.place, budget)
    if request.response_format.strict:
        _check(request.response_format.schema, request.response_format.place, budget)


# ---------------------------------------------------------------------------------------------- which tools


def _chosen(request: InferenceRequest) -> Sequence[Task]:
    """The calls that are requested and not made yet; at least one if the tool choice requires a call."""
    choice = request.tool_choice
    tools = [tool for tool in request.tools if choice.mode != "named" or tool.name == choice.name]
    if choice.mode == "none" or not tools:
        return ()
    wishes = tasks(tools, relevant(last_words(request)), forced=choice.mode != "auto")
    left = _not_made(wishes, request.messages)
    return left if choice.mode == "auto" else left or wishes[:1]


def _not_made(wishes: Sequence[Task], messages: Sequence[Message]) -> list[Task]:
    """The wishes without the calls made since the last assistant message that has only text."""
    made: Counter[str] = Counter()
    follower = ""
    for message in reversed(messages):
        if message.role == "assistant" and not message.tool_calls and follower != "tool":
            break
        made.update(call.name for call in message.tool_calls)
        follower = message.role
    left = []
    for wish in wishes:
        if made[wish.tool.name]:
            made[wish.tool.name] -= 1
        else:
            left.append(wish)
    return left


# ---------------------------------------------------------------------------------------------- arguments


def _call(wish: Task, seed: Seed, budget: "Budget") -> DraftCall:
    schema = wish.tool.parameters or {"type": "object", "properties": {}}
    return DraftCall(wish.tool.name, _json(schema, wish.tool.place, wish.values, seed, budget))


def _budget() -> "Budget":
    from emulator.schema_values import Budget  # noqa: PLC0415 - most answers do not pay its import

    return Budget()


def _json(
    schema: Mapping[str, Any] | bool,
    place: str,
    said: Mapping[str, Any],
    seed: Seed,
    budget: "Budget",
    omitted: frozenset[str] = frozenset(),
) -> Tokens:
    from emulator.schema_values import Malformed, TooComplex, Unsatisfiable, value  # noqa: PLC0415 - as above

    _check(schema, place, budget)
    try:
        made = value(schema, seed, hints=said, omitted=omitted, budget=budget)
        return split(json.dumps(made, ensure_ascii=False))
    except (Malformed, Unsatisfiable) as error:
        raise Rejected(_refused(place, "no value satisfies this JSON Schema", error)) from None
    except TooComplex:
        raise Rejected(_too_complex(place)) from None


def _check(schema: Mapping[str, Any] | bool, place: str, budget: "Budget") -> None:
    from emulator.schema_values import Malformed, TooComplex, check  # noqa: PLC0415 - as above

    try:
        check(schema, budget=budget)
    except Malformed as error:
        raise Rejected(_refused(place, "this is not a JSON Schema", error)) from None
    except TooComplex:
        raise Rejected(_too_complex(place)) from None


def _too_complex(place: str) -> ApiError:
    """The 400 for a schema on which all work together exceeds the budget."""
    text = (
        f"{place}: this JSON Schema is too complex to find a value for it. Make it smaller: fewer or shorter "
        "combinations (allOf, anyOf, oneOf, not, $ref), lists, names and patterns."
    )
    return ApiError("bad_request", text, param=place)


def _refused(place: str, what: str, why: ValueError) -> ApiError:
    """The 400 for a schema, with its place in the request and the place of the mistake in it."""
    return ApiError("bad_request", f"{place}: {what}, at {str(why)[:300]}.", param=place)


def _properties(schema: Mapping[str, Any] | bool) -> Mapping[str, Any]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def _object(request: InferenceRequest, seed: Seed) -> Mapping[str, Any]:
    """The schema for a request of any JSON object: one with the requested keys, or one about the topic."""
    text = relevant(last_words(request))
    if names := named(text):
        return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    speech = speak(brief(request).walk(), Sampling(), seed.child("brief"), 100, "")
    about = next(iter(topics(text)), "this question")
    properties = {"topic": {"const": about}, "answer": {"const": "".join(piece for piece, _ in speech)}}
    return {"type": "object", "properties": properties, "required": list(properties)}
