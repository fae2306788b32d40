"""An answer of one draft that is sent once, such as that of a template: it is made with as little as possible."""

from collections.abc import Iterable, Sequence

from emulator.core.drafts import Draft
from emulator.core.fold import Block, Choice, ReasoningBlock, TextBlock, ToolCallBlock
from emulator.core.lazy import lazy
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.vocabulary import Start, Step, Usage
from emulator.engine.drafted import AT_ONCE, DraftedAnswer


class SingleAnswer:
    """The answer of one draft without log probabilities."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def steps(self, start: Start, *, whole: bool, hide_reasoning: bool) -> Iterable[Step]:
        """Make the steps of the answer, with its usage, as `DraftedAnswer` does."""
        draft = self._draft
        tokens = len(draft)
        if not whole or tokens > AT_ONCE:
            return DraftedAnswer([draft]).steps(start, whole=whole, hide_reasoning=hide_reasoning)
        usage = Usage(start.prompt_tokens, tokens, len(draft.reasoning.pieces))
        return ReadySteps(start, _WholeDraft(draft, hide_reasoning=hide_reasoning), usage)


class _WholeDraft(ReadyEvents):
    """The events of a draft. Its only choice need not be folded from them, so that few need them."""

    def __init__(self, draft: Draft, *, hide_reasoning: bool) -> None:
        self.segments = {}
        self._draft = draft
        self._hides_reasoning = hide_reasoning

    @lazy
    def steps(self) -> Sequence[Step]:
        """The steps of the events."""
        events = self._draft.events(0, whole=True, hide_reasoning=self._hides_reasoning)
        return [Step(0.0, event) for event in events]

    @lazy
    def derives_ids(self) -> bool:
        """Whether a dialect derives ids of tool calls from the id of the answer."""
        calls = self._draft.tool_calls
        return bool(calls) and any(call.id is None for call in calls)

    @lazy
    def choices(self) -> tuple[Choice, ...]:
        """The choices of the whole answer."""
        draft = self._draft
        blocks: list[Block] = []
        if draft.reasoning.text and not self._hides_reasoning:
            blocks.append(ReasoningBlock(draft.reasoning.text))
        if draft.text.text:
            blocks.append(TextBlock(draft.text.text))
        for ordinal, call in enumerate(draft.tool_calls):
            blocks.append(ToolCallBlock(call.id, call.name, call.arguments.text, ordinal))
        return (Choice(0, tuple(blocks), draft.finish, draft.stop_sequence),)
