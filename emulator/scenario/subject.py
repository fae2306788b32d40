"""A request as the conditions of rules see it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from emulator.core.lazy import lazy
from emulator.core.vocabulary import InferenceRequest, Message
from emulator.patterns import Masks

_NO_STATES: Mapping[str, str] = MappingProxyType({})


class FoldedText:
    """A text, the same text with its case folded, and its masks, which all regular expressions share."""

    __slots__ = ("_masks", "folded", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = text.casefold()
        self._masks: Masks | None = None

    @property
    def masks(self) -> Masks:
        """The masks, which only some expressions need, for long texts."""
        if self._masks is None:
            self._masks = Masks(self.text)
        return self._masks


class Subject:
    """A request, and the states of the scenario's machines. Each text is prepared when a condition first needs it."""

    def __init__(self, request: InferenceRequest, states: Mapping[str, str] = _NO_STATES) -> None:
        self.request = request
        self.states = states

    @lazy
    def model(self) -> tuple[FoldedText, ...]:
        """The model's id as it was written, with `/`, and with `--`."""
        return _forms(self.request.model)

    @lazy
    def last_user(self) -> tuple[FoldedText, ...]:
        """The last user message, or the prompts of the completions endpoint."""
        for message in reversed(self.request.messages):
            if message.role == "user":
                return (FoldedText(message.text),)
        return self.prompts

    @lazy
    def first_user(self) -> tuple[FoldedText, ...]:
        """The first user message, or the prompts of the completions endpoint."""
        message = next((message for message in self.request.messages if message.role == "user"), None)
        return (FoldedText(message.text),) if message else self.prompts

    @lazy
    def system(self) -> tuple[FoldedText, ...]:
        """The system and developer messages."""
        return tuple(
            FoldedText(message.text) for message in self.request.messages if message.role in ("system", "developer")
        )

    @lazy
    def any_message(self) -> tuple[FoldedText, ...]:
        """All messages and prompts."""
        return tuple(FoldedText(message.text) for message in self.request.messages) + self.prompts

    @lazy
    def prompts(self) -> tuple[FoldedText, ...]:
        """The prompts of the completions endpoint."""
        return tuple(map(FoldedText, self.request.prompts))

    @lazy
    def prompt(self) -> tuple[FoldedText, ...]:
        """All messages joined to one text, or each of the prompts."""
        texts = [message.text for message in self.request.messages if message.text]
        return self.prompts or (FoldedText("\n".join(texts)),)

    @lazy
    def turn(self) -> int:
        """The number of assistant messages."""
        return [message.role for message in self.request.messages].count("assistant")

    @lazy
    def tools(self) -> tuple[FoldedText, ...]:
        """The names of the offered tools."""
        return tuple(FoldedText(tool.name) for tool in self.request.tools)

    @lazy
    def tool_choice(self) -> tuple[FoldedText, ...]:
        """The name of the tool that must be called, or none, auto or required."""
        choice = self.request.tool_choice
        return (FoldedText(choice.name or choice.mode),)

    @lazy
    def tool_results(self) -> tuple[tuple[str, str], ...]:
        """The name and content of each tool result after the last assistant message."""
        return tuple(_tool_results(self.request.messages))

    @lazy
    def key(self) -> tuple[FoldedText, ...]:
        """The API key."""
        return (FoldedText(self.request.key),)


@lru_cache(maxsize=256)
def _forms(id: str) -> tuple[FoldedText, ...]:
    return tuple(map(FoldedText, dict.fromkeys((id.replace("--", "/"), id, id.replace("/", "--")))))


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
