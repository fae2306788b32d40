"""Asking about parameters: the same request whole and as a stream, generated and canned, on every endpoint."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.types import ASGIApp
from support.asgi import CHAT, COMPLETIONS, MESSAGES, PLAIN, activate, ask, events, make_engine
from support.documented_parameters import PARAMETERS
from support.reassembly import joined_chat, joined_completion, joined_message

from emulator.scenario.loader import load_objects
from emulator.web.app import create_app

PATHS = [
    endpoint.removeprefix("POST ")
    for endpoint, parameters in PARAMETERS.items()
    if any(parameter.name == "stream" for parameter in parameters)
]
"""The endpoints that stream, of those whose parameters are documented."""
V1 = [path for path in PATHS if path.startswith("/v1/")]
LIMIT = 400
CANNED = "One ship, two ships: naïve 船 and 👍🏽 go on.\nThen the sea, and then the END of it all."
TOLD: dict[str, Any] = {"text": CANNED}
"""The reply of a scenario that says the canned text."""
QUESTION = "Tell me about the harbour of Lisbon, please."


class Entry(NamedTuple):
    """The log probability of one token, whatever the endpoint's form; `bytes` only where the form has them."""

    token: str
    logprob: float | None
    bytes: bytes
    top: Mapping[str, float]


class Said(NamedTuple):
    """One choice."""

    text: str
    reasoning: str
    finish: str
    stop_sequence: str | None
    logprobs: Sequence[Entry] | None


class Answer(NamedTuple):
    """A whole answer. `completion` are its tokens, reasoning included."""

    choices: Sequence[Said]
    prompt: int
    completion: int
    body: bytes

    @property
    def texts(self) -> list[str]:
        """The text of each choice."""
        return [choice.text for choice in self.choices]

    @property
    def finishes(self) -> list[str]:
        """Why each choice ended."""
        return [choice.finish for choice in self.choices]


def body_of(path: str, text: Any = QUESTION, **more: Any) -> dict[str, Any]:
    """A request in the form of its endpoint, with room for an answer unless `max_tokens` says otherwise."""
    body = {"model": PLAIN, "max_tokens": LIMIT, **more}
    if path == COMPLETIONS:
        return body | {"prompt": text}
    if path == MESSAGES and "stop" in body:
        body["stop_sequences"] = body.pop("stop")
    return body | {"messages": [{"role": "user", "content": text}]}


def app_of(canned: Mapping[str, Any] | None = None, **settings: Any) -> ASGIApp:
    """A new server that generates its answers, or says what is canned."""
    engine = make_engine(**settings)
    if canned is not None:
        engine.library.add(load_objects({"name": "canned", "rules": [{"reply": canned}]}, catalog=engine.catalog))
        activate(engine, "canned")
    return create_app(engine)


def answer(path: str, body: dict[str, Any], canned: Mapping[str, Any] | None = None, **settings: Any) -> Answer:
    """What is answered; the stream of the same request to another server has to join to the same body."""
    whole = ask(app_of(canned, **settings), "POST", path, body)
    options = {} if path == MESSAGES else {"stream_options": {"include_usage": True}}
    stream = ask(app_of(canned, **settings), "POST", path, body | {"stream": True} | options)
    assert (whole.status, stream.status) == (200, 200), (whole.body, stream.body)
    join = {CHAT: joined_chat, COMPLETIONS: joined_completion, MESSAGES: joined_message}[path]
    assert join(events(stream.body)) == whole.json
    return read(path, whole.body, whole.json)


def whole(path: str, body: dict[str, Any], canned: Mapping[str, Any] | None = None, **settings: Any) -> Answer:
    """What is answered to a request that cannot be streamed, or where a stream would prove nothing more."""
    exchange = ask(app_of(canned, **settings), "POST", path, body)
    assert exchange.status == 200, exchange.body
    return read(path, exchange.body, exchange.json)


def read(path: str, raw: bytes, body: Mapping[str, Any]) -> Answer:
    """An answer, whatever its endpoint's form."""
    usage = body["usage"]
    if path == MESSAGES:
        return Answer([_message(body)], usage["input_tokens"], usage["output_tokens"], raw)
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    read_choice = _chat_choice if path == CHAT else _completion_choice
    assert [choice["index"] for choice in body["choices"]] == list(range(len(body["choices"])))
    choices = [read_choice(choice) for choice in body["choices"]]
    return Answer(choices, usage["prompt_tokens"], usage["completion_tokens"], raw)


def _message(body: Mapping[str, Any]) -> Said:
    def joined(kind: str) -> str:
        return "".join(block.get(kind, "") for block in body["content"])

    finish = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
    return Said(joined("text"), joined("thinking"), finish[body["stop_reason"]], body["stop_sequence"], None)


def _chat_choice(choice: Mapping[str, Any]) -> Said:
    message, logprobs = choice["message"], choice["logprobs"]
    entries = logprobs and [
        Entry(
            entry["token"],
            entry["logprob"],
            bytes(entry["bytes"]),
            {top["token"]: top["logprob"] for top in entry["top_logprobs"]},
        )
        for entry in logprobs["content"]
    ]
    return Said(message["content"], message.get("reasoning_content", ""), choice["finish_reason"], None, entries)


def _completion_choice(choice: Mapping[str, Any]) -> Said:
    logprobs = choice["logprobs"]
    entries = logprobs and [
        Entry(token, logprob, token.encode(), top or {})
        for token, logprob, top in zip(
            logprobs["tokens"], logprobs["token_logprobs"], logprobs["top_logprobs"], strict=True
        )
    ]
    return Said(choice["text"], "", choice["finish_reason"], None, entries)
