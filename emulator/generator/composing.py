"""Composing an answer: the rules of the grammar that it follows, and the phrases that fill their slots."""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from emulator.core.vocabulary import InferenceRequest, Message
from emulator.generator.grammar import NonTerminal, Run, run, tokens
from emulator.generator.intents import Intent, intent
from emulator.generator.topics import relevant, said, topics
from emulator.generator.walk import Phrases, Walk

_ITEMS = ("item_one", "item_two", "item_three", "item_four", "item_five", "item_six")
_THOUGHTS = ("think_one", "think_two", "think_three", "think_four", "think_five")
_LENGTHS = {"minimal": 0, "low": 1, "medium": 3, "high": 5, "xhigh": 8, "max": 8}
_READ = 4_000
_LETTERS = re.compile(r"[a-z]+")
_NOT_IN_A_NAME = frozenset(
    ["your", "my", "select", "a", "an", "the", "of", "in", "for", "and", "with", "on", "python", "javascript", "sql"]
)


class Composition(NamedTuple):
    """The symbols of the grammar to expand, and the phrases for their slots."""

    symbols: Sequence[NonTerminal | Run]
    phrases: Phrases

    def walk(self) -> Walk:
        """Return a walk at the beginning of the composition."""
        return Walk(self.symbols, self.phrases)


def answer(request: InferenceRequest) -> Composition:
    """Compose the answer to the last message, or the continuation of the prompt."""
    if request.prompts:
        return _continuation(request)
    if results := _results(request.messages):
        return Composition([NonTerminal("tool_answer", False)], {**phrases(request), **_tool_phrases(request, results)})
    last = request.messages[-1] if request.messages else Message("user")
    message = request.last("user") or last
    text = said(message.text)
    wanted = intent(text) if text.strip() else Intent("explain")
    if message.media and wanted.rule in ("explain", "fact", "yes_no", "brief"):
        wanted = Intent("image")
    return _compose(wanted, request, text)


def thoughts(request: InferenceRequest, effort: str) -> Composition:
    """Compose the reasoning before the answer; more effort makes it longer."""
    length = _LENGTHS.get(effort, 3)
    middle = [NonTerminal(_THOUGHTS[at % len(_THOUGHTS)], True) for at in range(length)]
    symbols = [NonTerminal("think_open", False), *middle, NonTerminal("think_close", True), NonTerminal("final", False)]
    return Composition(symbols, phrases(request))


def brief(request: InferenceRequest) -> Composition:
    """Compose one sentence about the topic of the request."""
    return composed([NonTerminal("brief", False)], request)


def composed(symbols: Sequence[NonTerminal | Run], request: InferenceRequest) -> Composition:
    """Compose what the symbols say about the topic of the request."""
    return Composition(symbols, phrases(request))


def last_words(request: InferenceRequest) -> str:
    """Return the text to answer: the last user message, or the prompt."""
    if request.prompts:
        return "\n".join(request.prompts)
    message = request.last("user")
    return said(message.text) if message else ""


def _continuation(request: InferenceRequest) -> Composition:
    text = relevant("\n".join(request.prompts))
    wanted = intent(text)
    if wanted.rule in ("said", "arithmetic"):
        return _compose(wanted, request, text)
    spaced = bool(text) and not text[-1].isspace()
    return Composition([NonTerminal(_continuing(text.rstrip()), spaced)], phrases(request))


def _continuing(text: str) -> str:
    """The rule that continues a text."""
    if text.lower().endswith("once upon a time"):
        return "tale"
    return "next" if not text or text[-1] in '.!?:;"”。！？' else "continue"


def _compose(wanted: Intent, request: InferenceRequest, text: str) -> Composition:
    filled = dict(phrases(request))
    match wanted.rule:
        case "identity":
            filled["model"] = [request.model.rpartition("/")[2].rpartition("--")[2] or "a model"]
        case "said":
            filled["said"] = [wanted.words]
        case "arithmetic":
            filled["sum"] = [wanted.words]
        case "how":
            filled["action"] = [wanted.words]
        case "image" if not topics(text):
            filled["topic"] = ["this picture"]
        case "one_word":
            filled["word"] = [max(topics(text) or filled["topic"], key=text.find).split()[-1]]
        case "python" | "javascript" | "sql" | "bash":
            filled |= _code(topics(text))
        case "list":
            return Composition(_list(wanted.items), filled)
    return Composition([NonTerminal(wanted.rule, False)], filled)


def phrases(request: InferenceRequest) -> Phrases:
    """Return the topics of the request. A message without a topic has that of the message before."""
    texts = request.prompts or (said(message.text) for message in reversed(request.messages) if message.role == "user")
    found = next((found for text in texts if (found := topics(text))), None) or ("this question",)
    return {"topic": found[:3], "other": found[1:] or ("everyday life",)}


def _list(count: int) -> list[NonTerminal | Run]:
    symbols: list[NonTerminal | Run] = [NonTerminal("list", False)]
    for number in range(1, count + 1):
        symbols += [*run(tokens(f"{number}.")), NonTerminal(_ITEMS[(number - 1) % len(_ITEMS)], True)]
        symbols += run(tokens(".\n" if number < count else ".\n\n"))
    return [*symbols, NonTerminal("list_close", False)]


def _code(about: Sequence[str]) -> Phrases:
    """What a function is about, and its name as Python and as JavaScript write it."""
    found = {
        phrase: [word for word in _LETTERS.findall(phrase.lower()) if word not in _NOT_IN_A_NAME] for phrase in about
    }
    telling = [phrase for phrase in about if found[phrase]] or ["a list of items"]
    words = [word for phrase in telling[1::-1] for word in found.get(phrase, ["items"])][:3]
    camel = words[0] + "".join(word.capitalize() for word in words[1:])
    return {"topic": telling[:1], "name": ["_".join(words)], "camel": [camel]}


def _results(messages: Sequence[Message]) -> list[Message]:
    """The results of tools since the last assistant message. Reminders that clients append are skipped."""
    results: list[Message] = []
    for message in reversed(messages):
        if message.role == "assistant":
            break
        if message.role in ("tool", "function"):
            results.append(message)
    return results[::-1]


def _tool_phrases(request: InferenceRequest, results: Sequence[Message]) -> Phrases:
    """The results of tools as prose, and the name of the last tool."""
    last = results[-1]
    called = [call for earlier in request.messages for call in earlier.tool_calls if call.id == last.tool_call_id]
    name = called[-1].name if called else last.name or "the tool"
    answers = [in_words(result.text) for result in results]
    return {"result": ["; ".join(filter(None, answers)) or "nothing"], "tool": [name]}


def in_words(text: str) -> str:
    """Return the beginning of a tool's result as prose, without JSON punctuation and without a full stop."""
    try:
        text = _prose(json.loads(text[:_READ]))
    except (ValueError, RecursionError):
        text = text[:_READ]  # prose, or JSON that is too long or too deep to convert
    return re.sub(r"[\W_]+$", "", " ".join(text.split()[:60]))


def _prose(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{name} {_prose(inner)}" for name, inner in value.items())
        case list():
            return ", ".join(map(_prose, value))
        case bool() | None:
            return {True: "yes", False: "no", None: "none"}[value]
        case _:
            return str(value)
