"""The prompt tokens of a request, and the error for a request that is too long."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import msgspec

from emulator.core.errors import ApiError
from emulator.core.token_counts import count
from emulator.core.vocabulary import InferenceRequest, Message, Tool

T = TypeVar("T")
PER_MESSAGE = 4
"""Tokens around one message (role and separators), as in the chat templates of the field."""
PER_ANSWER = 3
"""Tokens that open the assistant's turn."""
PER_MEDIA = {"image": 258, "audio": 128, "video": 1024, "file": 256}
"""Tokens of a part that is not text. Real models count pixels and seconds; the emulator does not open the part."""

_REMEMBERED = 2000
LONG = 256 * 1024
"""Bytes of a request that is read in a thread, because that takes longer than others should wait."""
_encode = msgspec.json.Encoder().encode


class PromptSize:
    """The size of a request in tokens, counted once, when it is first needed."""

    __slots__ = ("_prompts", "_request", "_tokens")

    def __init__(self, request: InferenceRequest) -> None:
        self._request = request
        self._tokens: int | None = None
        self._prompts: list[int] | None = None

    @property
    def tokens(self) -> int:
        """The tokens of the whole prompt, as the model reads it."""
        if self._tokens is None:
            self._tokens = sum(self.prompts) if self._request.prompts else prompt_tokens(self._request)
        return self._tokens

    @property
    def prompts(self) -> list[int]:
        """The tokens of each prompt of a text completion."""
        if self._prompts is None:
            self._prompts = prompt_sizes(self._request)
        return self._prompts

    def without_media(self, read: InferenceRequest) -> int:
        """The tokens of the same request without some of its media."""
        return self.tokens - _media_tokens(self._request) + _media_tokens(read)

    @property
    def wanted(self) -> int | None:
        """The maximum number of completion tokens of all choices together, if the request limits it."""
        sampling = self._request.sampling
        return sampling.max_tokens and sampling.max_tokens * max(sampling.n, sampling.best_of)


class LongRequests:
    """Reads long requests in a thread, one at a time, so that others wait for a few milliseconds."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def read(self, length: int, read: Callable[[], T]) -> T:
        """The result of reading something of a request whose body has this number of bytes."""
        if length <= LONG:
            return read()
        async with self._turn:
            return await asyncio.to_thread(read)


def prompt_tokens(request: InferenceRequest) -> int:
    """Count the tokens of the whole prompt, as the model reads it."""
    if request.prompts:
        return sum(prompt_sizes(request))
    total = PER_ANSWER
    for message in request.messages:
        total += _message(message)
    if request.tools and request.tool_choice.mode != "none":
        total += sum(map(_tool, request.tools))
    if request.response_format.kind == "json_schema":
        total += count(_encode(request.response_format.schema).decode())
    return total


def prompt_sizes(request: InferenceRequest) -> list[int]:
    """Count the tokens of each prompt of a text completion; a prompt given as token ids has one token per id."""
    match request.body.get("prompt"):
        case [int(), *_] as ids:
            return [len(ids)]
        case [list(), *_] as prompts:
            return list(map(len, prompts))
    return list(map(count, request.prompts))


def overflow(prompt: int, wanted: int, limit: int) -> ApiError:
    """Return the 400 for a request that exceeds the model's context. Clients look for its exact message."""
    return ApiError(
        "context_length_exceeded",
        f"This model's maximum context length is {limit} tokens. However, you requested {wanted} output tokens and "
        f"your prompt contains at least {prompt} input tokens, for a total of at least {prompt + wanted} tokens. "
        "Please reduce the length of the input prompt or the number of requested output tokens.",
        overflow=(prompt, wanted, limit),
    )


def _message(message: Message) -> int:
    text = message.text
    total = PER_MESSAGE + (_remembered(text) if len(text) <= _REMEMBERED else count(text))
    if message.name:
        total += count(message.name)
    if message.reasoning:
        total += count(message.reasoning)
    for call in message.tool_calls:
        total += count(call.name) + count(call.arguments)
    for media in message.media:
        total += PER_MEDIA[media.kind]
    return total


def _media_tokens(request: InferenceRequest) -> int:
    return sum(PER_MEDIA[media.kind] for message in request.messages for media in message.media)


_remembered = lru_cache(maxsize=4096)(count)
"""Counts the tokens of a short text, which may come again: a conversation sends its earlier messages with each."""


def _tool(tool: Tool) -> int:
    return _tool_text(_encode((tool.name, tool.description, tool.parameters)))


@lru_cache(maxsize=512)
def _tool_text(text: bytes) -> int:
    return count(text.decode())
