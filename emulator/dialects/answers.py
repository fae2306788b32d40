"""Decoding an answer by the name of its endpoint."""

from collections.abc import Callable, Mapping

from emulator.core.vocabulary import Event
from emulator.dialects.anthropic.messages import AnthropicMessages
from emulator.dialects.decoding import Decoder, decode
from emulator.dialects.openai.chat import OpenAIChat
from emulator.dialects.openai.completions import OpenAICompletions

_DECODERS: Mapping[str, Callable[[], Decoder]] = {
    dialect.endpoint: dialect.decoder for dialect in (OpenAIChat, OpenAICompletions, AnthropicMessages)
}


def decoder_of(endpoint: str) -> Decoder:
    """A decoder for one answer of this endpoint."""
    return _DECODERS[endpoint]()


def events_of(endpoint: str, body: bytes) -> list[Event]:
    """The events of an answer of this endpoint, whole or streamed, as far as it can be read.

    >>> events_of("chat", b'data: {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}')[1:]
    [Text(choice=0, text='Hel', tokens=0, logprobs=None)]
    """
    return decode(decoder_of(endpoint), body)
