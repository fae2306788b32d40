"""The endpoints that answer inferences, one row each. Whatever needs to know which there are reads this table.

To add one, write its dialect and add a row: the endpoint is then served, recorded, exported, compared with a real
service, known to scenarios and to the command line, and suggested for a path that is nearly its own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.core.settings import Settings
from emulator.dialects import Dialect, Shapes, Surface
from emulator.dialects.conversation import RequestMessage, messages, prompts

if TYPE_CHECKING:
    from emulator.dialects.decoding import Decoder

_ONLY_IN_MESSAGES = frozenset(["system", "thinking", "stop_sequences", "output_config", "output_format", "mcp_servers"])
_MODEL = "meta-llama/Llama-3.3-70B-Instruct"
"""The cheapest model that does not reason."""
_HELLO = {"model": _MODEL, "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8}
_NOWHERE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": _NOWHERE}}


_ALWAYS = "model stream max_tokens"
_TOOLS = "messages tools tool_choice"
_OPENAI = "temperature top_p stop seed n logprobs stream_options frequency_penalty presence_penalty"
_CHAT = f"{_ALWAYS} {_TOOLS} {_OPENAI} max_completion_tokens top_logprobs response_format".split()
_COMPLETIONS = f"{_ALWAYS} prompt {_OPENAI} echo".split()
_MESSAGES = f"{_ALWAYS} {_TOOLS} system thinking stop_sequences metadata".split()


class Sdk(NamedTuple):
    """How the SDKs of an endpoint, for Python and for Node, ask it.

    The Python `package`, or the Node `module`, has the class `client`; `base` is the path of its base URL, and `method`
    asks. Its Python parameters include those that are `named`.
    """

    package: str
    module: str
    client: str
    base: str
    method: str
    named: Sequence[str]


class Endpoint(NamedTuple):
    """One endpoint.

    `dialect` is "module:class", and `schemas` is "module:function"; the modules are imported when `make`, `decoder` or
    `shapes` is called. `conversation` are the fields of a request with the conversation; the last of them has its
    turns, which `turns` reads without validating them. `sample` is a cheap request, and `streaming` are the fields that
    ask for its answer as a stream with everything that a stream can have; empty for an endpoint that does not stream.
    `probes` are further requests for the comparison with a real service: the end of a title, and the fields that differ
    from `sample`, None for one to leave out. `sdk` is how its SDKs ask. `elsewhere` are the last parts of paths that
    other services have for the same purpose. `claims` decides by the fields of a request whether it is meant for this
    endpoint rather than for the first of the table.
    """

    name: str
    path: str
    dialect: str
    schemas: str
    conversation: tuple[str, ...]
    sample: Mapping[str, Any]
    turns: Callable[[Any], list[RequestMessage]] = messages
    streaming: Mapping[str, Any] = {"stream": True}
    probes: Mapping[str, Mapping[str, Any]] = {}
    sdk: Sdk = Sdk("openai", "openai", "OpenAI", "/v1", "chat.completions.create", _CHAT)
    elsewhere: tuple[str, ...] = ()
    claims: Callable[[Mapping[str, Any]], bool] = lambda body: False

    def make(self, settings: Settings) -> Dialect:
        """The dialect for a server with these settings."""
        made: Dialect = _imported(self.dialect)(settings)
        return made

    def decoder(self) -> "Decoder":
        """A decoder for one answer, whole or streamed."""
        made: Decoder = _imported(self.dialect).decoder()
        return made

    def shapes(self, settings: Settings) -> Shapes:
        """The JSON Schemas of what a server with these settings is asked and answers here."""
        made: Shapes = _imported(self.schemas)(settings)
        return made


def _imported(name: str) -> Any:
    module, _, name = name.partition(":")
    return getattr(import_module(module), name)


ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint(
            "chat",
            "/v1/chat/completions",
            "emulator.dialects.openai.chat:OpenAIChat",
            "emulator.dialects.openai.schemas:chat",
            ("messages",),
            _HELLO,
            streaming={"stream": True, "stream_options": {"include_usage": True}},
            probes={
                ", tool call": {"max_tokens": 64, "tools": [_TOOL], "tool_choice": "required"},
                " without messages": {"messages": None},
            },
            elsewhere=("responses", "generate", "chat"),
        ),
        Endpoint(
            "completions",
            "/v1/completions",
            "emulator.dialects.openai.completions:OpenAICompletions",
            "emulator.dialects.openai.schemas:completions",
            ("prompt",),
            {"model": _MODEL, "prompt": "Once upon a time", "max_tokens": 8},
            turns=prompts,
            streaming={"stream": True, "stream_options": {"include_usage": True}},
            sdk=Sdk("openai", "openai", "OpenAI", "/v1", "completions.create", _COMPLETIONS),
            elsewhere=("complete",),
            claims=lambda body: "prompt" in body,
        ),
        Endpoint(
            "messages",
            "/anthropic/v1/messages",
            "emulator.dialects.anthropic.messages:AnthropicMessages",
            "emulator.dialects.anthropic.schemas:messages",
            ("system", "messages"),
            _HELLO,
            probes={" without max_tokens": {"max_tokens": None}},
            sdk=Sdk("anthropic", "@anthropic-ai/sdk", "Anthropic", "/anthropic", "messages.create", _MESSAGES),
            claims=lambda body: (
                not _ONLY_IN_MESSAGES.isdisjoint(body)
                or ("max_tokens" in body and re.search("--|^claude", str(body.get("model"))) is not None)
            ),
        ),
    )
}
"""The endpoints by name, as records and the `endpoint` of scenarios have it."""


class Dialects:
    """The dialect of each endpoint for a server with these settings, by the endpoint's name and by its path."""

    def __init__(self, settings: Settings) -> None:
        self.by_name = {name: endpoint.make(settings) for name, endpoint in ENDPOINTS.items()}
        self.by_path = {ENDPOINTS[name].path: dialect for name, dialect in self.by_name.items()}
        self._surfaces = [dialect.surface for dialect in self.by_name.values()]

    def surface(self, path: str) -> Surface:
        """The surface of a path; one that is under none of them is answered as the first surface answers."""
        return self._above(path) or self._surfaces[0]

    def include(self, path: str) -> bool:
        """Whether a path is under one of the surfaces."""
        return self._above(path) is not None

    def _above(self, path: str) -> Surface | None:
        return next((each for each in self._surfaces if f"{path}/".startswith(f"{each.prefix}/")), None)


def endpoint_of(body: Mapping[str, Any]) -> str:
    """The name of the endpoint that a request is meant for, by its fields: the first of the table if none claims it."""
    return next((name for name, endpoint in ENDPOINTS.items() if endpoint.claims(body)), next(iter(ENDPOINTS)))


def conversation(body: Any) -> list[RequestMessage]:
    """The turns of a request's JSON, whichever endpoint it was sent to.

    >>> conversation({"prompt": "Once upon a time"})
    [RequestMessage(role='user', text='Once upon a time', others=())]
    """
    if not isinstance(body, dict):
        return []
    found = (endpoint.turns(body.get(endpoint.conversation[-1])) for endpoint in ENDPOINTS.values())
    return next(filter(None, found), [])
