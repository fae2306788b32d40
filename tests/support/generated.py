"""A generated choice as a whole: its reasoning, its text and its calls, token by token."""

from dataclasses import dataclass

from emulator.core.drafts import DraftCall, PlannedChoice
from emulator.core.tokens import EMPTY, Tokens
from emulator.core.vocabulary import Finish, FinishReason, Reasoning, Text, TokenLogprob, ToolArguments, ToolCall


@dataclass(frozen=True)
class Said:
    """What a choice says."""

    reasoning: Tokens
    text: Tokens
    tool_calls: tuple[DraftCall, ...]
    finish: FinishReason
    stop_sequence: str | None
    logprobs: tuple[TokenLogprob, ...] | None

    def __len__(self) -> int:
        """The number of its tokens."""
        return len(self.reasoning) + len(self.text) + sum(len(call.arguments) for call in self.tool_calls)


def said_by(choice: PlannedChoice) -> Said:
    """What the events of a choice say."""
    reasoning, text, calls, logprobs, end = EMPTY, EMPTY, list[DraftCall](), list[TokenLogprob](), Finish(0, "stop")
    for event in choice.events(0, whole=False, hide_reasoning=False):
        match event:
            case Reasoning():
                reasoning = _with(reasoning, event)
            case Text():
                text = _with(text, event)
                logprobs += event.logprobs or ()
            case ToolCall():
                calls.append(DraftCall(event.name, EMPTY, event.id))
            case ToolArguments():
                calls[-1] = DraftCall(calls[-1].name, _with(calls[-1].arguments, event), calls[-1].id)
            case Finish():
                end = event
    return Said(reasoning, text, tuple(calls), end.reason, end.stop_sequence, tuple(logprobs) or None)


def _with(tokens: Tokens, event: Reasoning | Text | ToolArguments) -> Tokens:
    """The tokens, and those of an event; the tokens before its last one are parts of a character."""
    return Tokens(tokens.text + event.text, (*tokens.pieces, *[""] * (event.tokens - 1), event.text))
