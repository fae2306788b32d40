"""A request as the conditions of rules see it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from types import MappingProxyType

import msgspec

from emulator.core.vocabulary import InferenceRequest, Message
from emulator.patterns import Masks

_NO_STATES: Mapping[str, str] = MappingProxyType({})


class FoldedText(msgspec.Struct, frozen=True):
    """A text, the same text with its case folded, and its masks, which all regular expressions share."""

    text: str
    folded: str
    masks: Masks


def folded_text(text: str) -> FoldedText:
    """The text, ready for comparisons with and without case."""
    return FoldedText(text, text.casefold(), Masks(text))


class Subject:
    """A request, and the states of the scenario's machines. Each text is prepared when a condition first needs it."""

    def __init__(self, request: InferenceRequest, states: Mapping[str, str] = _NO_STATES) -> None:
        self.request = request
        self.states = states

    @cached_property
    def model(self) -> tuple[FoldedText, ...]:
        """The model's id as it was written, with `/`, and with `--`."""
        return _forms(self.request.model)

    @cached_property
    def last_user(self) -> tuple[FoldedText, ...]:
        """The last user message, or the prompts of the completions endpoint."""
        message = self.request.last("user")
        return (folded_text(message.text),) if message else self.prompts

    @cached_property
    def first_user(self) -> tuple[FoldedText, ...]:
        """The first user message, or the prompts of the completions endpoint."""
        message = next((message for message in self.request.messages if message.role == "user"), None)
        return (folded_text(message.text),) if message else self.prompts

    @cached_property
    def system(self) -> tuple[FoldedText, ...]:
        """The system and developer messages."""
        return tuple(
            folded_text(message.text) for message in self.request.messages if message.role in ("system", "developer")
        )

    @cached_property
    def any_message(self) -> tuple[FoldedText, ...]:
        """All messages and prompts."""
        return tuple(folded_text(message.text) for message in self.request.messages) + self.prompts

    @cached_property
    def prompts(self) -> tuple[FoldedText, ...]:
        """The prompts of the completions endpoint."""
        return tuple(map(folded_text, self.request.prompts))

    @cached_property
    def prompt(self) -> tuple[FoldedText, ...]:
        """All messages joined to one text, or each of the prompts."""
        texts = [message.text for message in self.request.messages if message.text]
        return self.prompts or (folded_text("\n".join(texts)),)

    @cached_property
    def turn(self) -> int:
        """The number of assistant messages."""
        return sum(message.role == "assistant" for message in self.request.messages)

    @cached_property
    def tools(self) -> tuple[FoldedText, ...]:
        """The names of the offered tools."""
        return tuple(folded_text(tool.name) for tool in self.request.tools)

    @cached_property
    def tool_choice(self) -> tuple[FoldedText, ...]:
        """The name of the tool that must be called, or none, auto or required."""
        choice = self.request.tool_choice
        return (folded_text(choice.name or choice.mode),)

    @cached_property
    def tool_results(self) -> tuple[tuple[str, str], ...]:
        """The name and content of each tool result after the last assistant message."""
        return tuple(_tool_results(self.request.messages))

    @cached_property
    def key(self) -> tuple[FoldedText, ...]:
        """The API key."""
        return (folded_text(self.request.key),)


@lru_cache(maxsize=256)
def _forms(id: str) -> tuple[FoldedText, ...]:
    return tuple(map(folded_text, dict.fromkeys((id.replace("--", "/"), id, id.replace("/", "--")))))


def _tool_results(messages: Sequence[Message]) -> Iterator[tuple[str, str]]:
    names: dict[str, str] = {}
    last = -1
    for at, message in enumerate(messages):
        if message.role == "assistant":
            last = at
            names.update((call.id, call.name) for call in message.tool_calls)
    for message in messages[last + 1 :]:
        if message.role in ("tool", "function"):
            yield message.name or names.get(message.tool_call_id or "", ""), message.text
