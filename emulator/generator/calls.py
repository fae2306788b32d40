"""Generating tool calls (whether to call, which tools, which arguments) and answers in JSON."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from emulator.core.drafts import DraftCall
from emulator.core.errors import ApiError, Rejected
from emulator.core.seeds import Random, Seed
from emulator.core.tokens import Tokens, split
from emulator.core.vocabulary import InferenceRequest, Sampling, Tool
from emulator.generator.composing import brief, last_words
from emulator.generator.filling import filled, said_in_full
from emulator.generator.hints import hints, named
from emulator.generator.saying.calls_said import said
from emulator.generator.saying.parameters import Signature, nested
from emulator.generator.saying.tasks import Task, tasks
from emulator.generator.speech import speak
from emulator.generator.topics import relevant, topics
from emulator.generator.turns import Made, Turn, ends, turn

if TYPE_CHECKING:
    from emulator.schema_values import Budget

_ATTEMPTS = 10
"""So many sets of arguments are tried to find one that a call has not had."""
_RESULT = 2_000
"""So many characters of a result are repeated by the tool that ends."""


class _Wish(NamedTuple):
    """A call to make: a tool, and what is said of its parameters; `before` are the arguments that are not repeated."""

    tool: Tool
    values: Mapping[str, Any]
    before: Sequence[Mapping[str, Any]] = ()


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
        return tuple(self._call(wish, names.index(wish.tool.name), seed) for wish in self._chosen)

    def _call(self, wish: _Wish, number: int, seed: Seed) -> DraftCall:
        """Make a call; of several attempts, the first whose arguments are others than before."""
        first = number + len(wish.before)
        call = _call(wish, seed.child("call", first), self._budget, self._sentence)
        for at in range(1, _ATTEMPTS if wish.before else 1):
            if json.loads(call.arguments.text) not in wish.before:
                break
            with suppress(Rejected):  # the budget of the schema is spent
                call = _call(wish, seed.child("call", first + at), self._budget, self._sentence)
        return call

    def json_text(self, seed: Seed) -> Tokens:
        """Generate a choice in the request's format.

        Raises `Rejected` for an invalid or unsatisfiable JSON Schema.
        """
        request, form = self._request, self._request.response_format
        if form.kind == "grammar":
            text = "Nothing generates text of a grammar here: script the answer, or ask with json, regex or choice."
            raise Rejected(ApiError("bad_request", text, param=form.place))
        schema = form.schema if form.kind == "json_schema" else _object(request, seed)
        said = hints(relevant(last_words(request)), schema)
        made = _json(schema, form.place, said, seed, self._budget, self._sentence)
        return split(json.loads(made.text)) if form.raw else made

    def _sentence(self, random: Random) -> str:
        """Write a sentence about the topic of the request."""
        speech = speak(brief(self._request).walk(), Sampling(), Seed.of(random.getrandbits(64)), 100)
        return "".join(piece for piece, _ in speech)

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


def _chosen(request: InferenceRequest) -> Sequence[_Wish]:
    """The calls that are requested and not made yet; at least one if the tool choice requires a call."""
    choice = request.tool_choice
    tools = [tool for tool in request.tools if choice.mode != "named" or tool.name == choice.name]
    if choice.mode == "none" or not tools:
        return ()
    now = turn(request)
    text = relevant(now.task)
    named = choice.mode == "named"
    ending = [] if named else [tool for tool in tools if ends(tool)]
    working = [
        tool for tool in tools if tool not in ending or (tool.name.isalpha() and tool.name.lower() in text.lower())
    ]
    wanted = tasks(working or tools, text, forced=choice.mode != "auto")
    if choice.mode != "auto" and len(wanted) == 1 and not wanted[0].values:
        wanted = _of_system(request, wanted[0])
    left = _not_made(wanted, now)
    if left or choice.mode == "auto":
        return left
    return [_next(tools, ending, now)]


def _of_system(request: InferenceRequest, task: Task) -> list[Task]:
    """The task with what the system message says, such as a document, if that is all that the tool must be told."""
    system = request.last("system") or request.last("developer")
    said = tasks([task.tool], relevant(system.text), forced=True)[:1] if system else []
    needed = [each.name for each in Signature(task.tool).parameters if each.required]
    return said if needed and said and said[0].values.keys() >= set(needed) else [task]


def _not_made(wanted: Sequence[Task], now: Turn) -> list[_Wish]:
    """The tasks without the calls that were made, or made alike before the task was given."""
    made = Counter(call.name for call in now.made)
    before = [(call.name, _arguments(call)) for call in now.earlier]
    left = []
    for task in wanted:
        if made[task.tool.name]:
            made[task.tool.name] -= 1
        elif not any(name == task.tool.name and _holds(known, task.values) for name, known in before):
            left.append(_Wish(task.tool, task.values))
    return left


def _holds(arguments: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return all(name in arguments and arguments[name] == value for name, value in values.items())


def _arguments(call: Made) -> Mapping[str, Any]:
    """The arguments of a call that was made; none if they are not known."""
    try:
        found = msgspec.json.decode(call.arguments)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _next(tools: Sequence[Tool], ending: Sequence[Tool], now: Turn) -> _Wish:
    """The call after all that was asked for: one that ends, another tool, or the same one with other arguments."""
    called = Counter(call.name for call in (*now.earlier, *now.made))
    for tool in ending:
        if not called[tool.name]:
            return _Wish(tool, _ended(tool, now))
    fresh = [tool for tool in tools if not called[tool.name]]
    if fresh:
        task = tasks(fresh, relevant(now.task), forced=True)[0]
        return _Wish(task.tool, task.values)
    least = min(tools, key=lambda tool: called[tool.name])
    return _Wish(least, {}, [_arguments(call) for call in (*now.earlier, *now.made) if call.name == least.name])


def _ended(tool: Tool, now: Turn) -> Mapping[str, Any]:
    """What a tool that ends the loop is given: the last result, as its first text, and what the result says."""
    result = " ".join((now.results[-1] if now.results else "")[:_RESULT].split()) or "Done."
    of = Signature(tool)
    text = next((each.name for each in of.parameters if each.type in ("string", "") and not each.options), None)
    return {**nested(of.parameters, said(of, result)[0]), **({text: result} if text is not None else {})}


# ---------------------------------------------------------------------------------------------- arguments


def _call(wish: _Wish, seed: Seed, budget: "Budget", sentences: Callable[[Random], str]) -> DraftCall:
    """A call with what the text says; optional parameters of which it says nothing are left out."""
    schema, place = wish.tool.parameters or {"type": "object", "properties": {}}, wish.tool.place
    omitted = frozenset(_properties(schema)) - wish.values.keys() if schema.get("required") else frozenset()
    narrowed = _narrowed(schema, wish.values)
    if narrowed is not schema:
        with suppress(Rejected):
            return DraftCall(wish.tool.name, _json(narrowed, place, wish.values, seed, budget, sentences, omitted))
    return DraftCall(wish.tool.name, _json(schema, place, wish.values, seed, budget, sentences, omitted))


def _narrowed(schema: Any, values: Mapping[str, Any]) -> Any:
    """The schema, with only the member of an `enum` that was spoken of, so that its other parts are chosen to fit."""
    properties = _properties(schema)
    said = {
        name: {**property, "enum": [values[name]]}
        for name, property in properties.items()
        if name in values and isinstance(property, Mapping) and values[name] in _members(property)
    }
    return {**schema, "properties": {**properties, **said}} if said else schema


def _members(property: Mapping[str, Any]) -> Sequence[Any]:
    members = property.get("enum")
    return members if isinstance(members, list) else ()


def _budget() -> "Budget":
    from emulator.schema_values import Budget  # noqa: PLC0415 - most answers do not pay its import

    return Budget()


def _json(
    schema: Mapping[str, Any] | bool,
    place: str,
    said: Mapping[str, Any],
    seed: Seed,
    budget: "Budget",
    sentences: Callable[[Random], str],
    omitted: frozenset[str] = frozenset(),
) -> Tokens:
    from emulator.schema_values import Malformed, TooComplex, Unsatisfiable, value  # noqa: PLC0415 - as above

    if (known := said_in_full(schema, said, omitted)) is not None:
        return split(json.dumps(known, ensure_ascii=False))
    _check(schema, place, budget)
    try:
        words = filled(schema, said, seed, budget)
        made = value(schema, seed, hints=words, omitted=omitted, sentences=sentences, budget=budget)
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
    speech = speak(brief(request).walk(), Sampling(), seed.child("brief"), 100)
    about = next(iter(topics(text)), "this question")
    properties = {"topic": {"const": about}, "answer": {"const": "".join(piece for piece, _ in speech)}}
    return {"type": "object", "properties": properties, "required": list(properties)}
