"""Generating tool calls (whether to call, which tools, which arguments) and answers in JSON."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.core.drafts import DraftCall
from emulator.core.errors import ApiError, Rejected
from emulator.core.seeds import Random, Seed
from emulator.core.tokens import Tokens, split
from emulator.core.vocabulary import InferenceRequest, Message, Sampling, Tool
from emulator.generator.composing import brief, last_words
from emulator.generator.hints import hints, named, spoken
from emulator.generator.speech import speak
from emulator.generator.topics import relevant, says_little, topics

if TYPE_CHECKING:
    from emulator.schema_values import Budget

_ENOUGH = 2
"""The least interest in a tool, by `_interest`, at which an optional call is made."""
_ENDING = re.compile(r"(?:ations?|ators?|ate[sd]?|ating|ions?|ers?|ors?|ing|es|s|ed|e)$")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_TOOL_WORDS = frozenset(
    ["tool", "set", "get", "to", "by", "web", "given", "return", "returns", "value", "values", "data", "api", "user"]
)
_DEEDS = frozenset(["search", "find", "send", "call", "look"])
"""Verbs that are no topic but name what only a tool can do."""
_NAME = r"[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*"
_IN = r"(?:in|of|at|to|for)"
_LISTED = re.compile(rf"\b{_IN} ({_NAME}(?:(?:,|,? and|,? or) (?:{_IN} )?{_NAME})+)")


class _Wish(NamedTuple):
    """A call that a message requests: a tool, and the text that its arguments are taken from."""

    tool: Tool
    words: str


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
            _call(wish, seed.child("call", names.index(wish.tool.name)), self._budget, self._sentence)
            for wish in self._chosen
        )

    def json_text(self, seed: Seed) -> Tokens:
        """Generate a choice in the request's format.

        Raises `Rejected` for an invalid or unsatisfiable JSON Schema.
        """
        request, form = self._request, self._request.response_format
        schema = form.schema if form.kind == "json_schema" else _object(request, seed)
        return _json(schema, form.place, relevant(last_words(request)), seed, self._budget, self._sentence)

    def _sentence(self, random: Random) -> str:
        """Write a sentence about the topic of the request."""
        speech = speak(brief(self._request).walk(), Sampling(), Seed.of(random.getrandbits(64)), 100, "")
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
    wishes = _wishes(tools, relevant(last_words(request)), _ENOUGH if choice.mode == "auto" else 0)
    left = _not_made(wishes, request.messages)
    return left if choice.mode == "auto" else left or wishes[:1]


def _wishes(tools: Sequence[Tool], text: str, enough: int) -> list[_Wish]:
    """The calls that a text requests: of the tool of the highest interest, if it is enough, and of each named tool."""
    said = _stems(text)
    interests = {tool.name: _interest(tool, said, text) for tool in tools}
    best = max(tools, key=lambda tool: interests[tool.name])
    if interests[best.name] < enough:
        return []
    chosen = {best.name, *_named(sorted(tools, key=lambda tool: interests[tool.name], reverse=True), said)}
    return [wish for tool in tools if tool.name in chosen for wish in _one_by_one(tool, text)]


def _named(tools: Sequence[Tool], said: frozenset[str]) -> list[str]:
    """The tools that the text names; of tools with the same topic, as read_file and write_file, only the first."""
    about: dict[frozenset[str], str] = {}
    for tool in tools:
        if (words := _telling(tool.name)) and words <= said:
            about.setdefault(words, tool.name)
    return [name for words, name in about.items() if not any(words < others for others in about)]


def _one_by_one(tool: Tool, text: str) -> list[_Wish]:
    """One call, or one for each name in a list, such as the weather in Oslo and in Rome."""
    listed = _LISTED.search(text)
    if listed:
        names = re.findall(_NAME, listed[1])
        texts = [f"{text[: listed.start(1)]}{name}{text[listed.end(1) :]}" for name in names]
        found = {str(hints(each, _properties(tool.parameters))): each for each in texts}
        return [_Wish(tool, each) for each in found.values()]
    return [_Wish(tool, text)]


def _not_made(wishes: Sequence[_Wish], messages: Sequence[Message]) -> list[_Wish]:
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


def _interest(tool: Tool, said: frozenset[str], text: str) -> int:
    """Score how much a message matches a tool: its topic, its verb, and its description."""
    name, about = _stems(tool.name), _telling(tool.name)
    described = len((_telling(tool.description[:300]) - about) & said)
    does = len((name - about) & said) + 2 * bool(name <= said and name & _DEEDS)
    properties = _properties(tool.parameters)
    calculates = "expression" in properties and hints(text, {"expression": properties["expression"]})
    return 3 * len(about & said) + does + described + 2 * bool(calculates)


def _telling(text: str) -> frozenset[str]:
    """The stems of the content words of a text."""
    return _stems(" ".join(word for word in _WORD.findall(text) if not says_little(word.lower())))


def _stems(text: str) -> frozenset[str]:
    """The stems of the words of a text, without words that any tool may have."""
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(_ENDING.sub("", word) or word for word in words if word not in _TOOL_WORDS)


# ---------------------------------------------------------------------------------------------- arguments


def _call(wish: _Wish, seed: Seed, budget: "Budget", sentences: Callable[[Random], str]) -> DraftCall:
    schema = wish.tool.parameters or {"type": "object", "properties": {}}
    return DraftCall(wish.tool.name, _json(schema, wish.tool.place, wish.words, seed, budget, sentences))


def _budget() -> "Budget":
    from emulator.schema_values import Budget  # noqa: PLC0415 - most answers do not pay its import

    return Budget()


def _json(
    schema: Mapping[str, Any] | bool,
    place: str,
    text: str,
    seed: Seed,
    budget: "Budget",
    sentences: Callable[[Random], str],
) -> Tokens:
    from emulator.schema_values import Malformed, TooComplex, Unsatisfiable  # noqa: PLC0415 - as above

    _check(schema, place, budget)
    try:
        return split(json.dumps(_value(schema, text, seed, budget, sentences), ensure_ascii=False))
    except (Malformed, Unsatisfiable) as error:
        raise Rejected(_refused(place, "no value satisfies this JSON Schema", error)) from None
    except TooComplex:
        raise Rejected(_too_complex(place)) from None


def _value(
    schema: Mapping[str, Any] | bool, text: str, seed: Seed, budget: "Budget", sentences: Callable[[Random], str]
) -> Any:
    from emulator.schema_values import Unsatisfiable, value  # noqa: PLC0415 - as above

    words = hints(text, _properties(schema))
    narrowed = spoken(schema, text) if isinstance(schema, Mapping) else schema
    if narrowed != schema:
        with suppress(Unsatisfiable):  # the schema may not allow what was spoken of
            return value(narrowed, seed, hints=words, sentences=sentences, budget=budget)
    return value(schema, seed, hints=words, sentences=sentences, budget=budget)


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
