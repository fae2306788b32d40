"""Which requests belong to the same conversation, and which conditions match only that conversation."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.core.seeds import Seed, canonical
from emulator.core.vocabulary import InferenceRequest
from emulator.dialects.endpoints import ENDPOINTS

RECORDED = re.compile(r"(?:.*-)?([0-9a-f]{10})")
"""The name of a recorded rule: a few words, and the conversation's digest."""
_NOT_THE_CONVERSATION = frozenset({"user", "metadata", "safety_identifier", "prompt_cache_key", "cache_salt"})
_IDS = frozenset({"id", "tool_call_id", "tool_use_id", "signature", "cache_control"})
_SAID_ELSEWHERE = frozenset(
    {"model", "stream", "tools", *_NOT_THE_CONVERSATION}.union(*(each.conversation for each in ENDPOINTS.values()))
)
_TELLING = 100
_WORDS = 40
_GLOB = re.compile(r"[*?\[]")


def digest(request: InferenceRequest) -> str:
    """Ten hex digits that identify a conversation, independent of its API key and the ids of its tool calls."""
    told = {name: value for name, value in request.body.items() if name not in _NOT_THE_CONVERSATION}
    told |= {name: _without_ids(told[name]) for name in ENDPOINTS[request.endpoint].conversation if name in told}
    told["stream"] = request.stream
    return Seed.of("conversation", request.endpoint, canonical(told)).hex(10)


def _without_ids(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_ids(inner) for key, inner in value.items() if key not in _IDS}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value


def name(request: InferenceRequest) -> str:
    """The name of the conversation's rule.

    >>> name(InferenceRequest("completions", "m", prompts=("Once upon a time",)))[:-10]
    'once-upon-a-time-'
    """
    words = re.findall(r"[a-z0-9]+", _last_words(request)[: 4 * _WORDS].lower())
    slug = "-".join(words)[:_WORDS].rstrip("-")
    return f"{slug}-{digest(request)}" if slug else digest(request)


def _last_words(request: InferenceRequest) -> str:
    message = request.last("user")
    return message.text if message else " ".join(request.prompts[:1])


def conditions(request: InferenceRequest) -> Iterator[dict[str, Any]]:
    """Conditions for a rule, in the form of YAML: the most readable fields first, then everything that was sent."""
    usual = _usual(request)
    yield usual
    said = ("tools", *ENDPOINTS[request.endpoint].conversation)
    sent = {name: request.body[name] for name in said if name in request.body}
    exact = {name: {"equals": value, "case": True} for name, value in sent.items()}
    yield usual | {"body": {**usual.get("body", {}), **exact}}


def _usual(request: InferenceRequest) -> dict[str, Any]:
    model = request.model
    told: dict[str, Any] = {
        "endpoint": request.endpoint,
        "model": {"equals": model} if _GLOB.search(model) else model,
        "stream": request.stream,
    }
    if request.messages:
        told["turn"] = sum(message.role == "assistant" for message in request.messages)
    if (said := request.last("user")) or request.prompts:
        told["last_user"] = said.text if said else request.prompts[0]
    last = request.messages[-1] if request.messages else None
    if last is not None and last.role == "tool":
        told["tool_result"] = {"content": last.text}
    fields = {
        path: value
        for name, sent in request.body.items()
        if name not in _SAID_ELSEWHERE and len(canonical(sent)) <= _TELLING
        for path, value in _leaves(name, sent)
    }
    return told | ({"body": fields} if fields else {})


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The values in a field of the body, each with its dotted path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if "." not in key:
                yield from _leaves(f"{path}.{key}", inner)
    elif value is not None:
        yield path, value
