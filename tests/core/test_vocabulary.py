"""The vocabulary: a whole body is a fold over the events of a stream."""

import pytest

from emulator.core.errors import ERRORS, ApiError
from emulator.core.fold import Completion, Fold, ReasoningBlock, TextBlock, ToolCallBlock, fold
from emulator.core.vocabulary import (
    End,
    Failure,
    Finish,
    Hangup,
    Reasoning,
    Start,
    Text,
    TokenLogprob,
    ToolArguments,
    ToolCall,
    Usage,
)

START = Start("id", "model", 7, 3)


def folded(*events: object) -> Completion:
    completion = fold([START, *events])  # type: ignore[list-item] # a test gives events only
    assert isinstance(completion, Completion)
    return completion


def test_texts_join_into_one_block() -> None:
    """Deltas of the same kind are one run of text."""
    choice = folded(Text(0, "Hel"), Text(0, "lo"), Finish(0, "stop")).choices[0]
    assert (choice.blocks, choice.text, choice.finish_reason) == ((TextBlock("Hello"),), "Hello", "stop")


def test_an_empty_text_ends_no_block() -> None:
    """As in a stream, it only tells that there is such a choice."""
    first, second = folded(Text(1, ""), Reasoning(0, "Well"), Text(0, ""), Reasoning(0, ", hm.")).choices
    assert (first.blocks, second.blocks) == ((ReasoningBlock("Well, hm."),), ())


def test_blocks_keep_the_order_in_which_they_were_said() -> None:
    """Reasoning, text and tool calls stay where they were said, each with its own content."""
    choice = folded(
        Reasoning(0, "Hm."), Text(0, "Look: "), ToolCall(0, None, "f"), ToolArguments(0, "{"), ToolArguments(0, "}")
    ).choices[0]
    assert choice.blocks == (ReasoningBlock("Hm."), TextBlock("Look: "), ToolCallBlock(None, "f", "{}", 0))
    assert (choice.reasoning, choice.text, len(choice.tool_calls)) == ("Hm.", "Look: ", 1)


def test_choices_are_kept_apart_and_tool_calls_counted_in_each() -> None:
    """Interleaved choices come out by index, so the ordinals do not depend on how they were interleaved."""
    choices = folded(ToolCall(1, None, "g"), ToolCall(0, None, "f"), Text(1, "b"), ToolCall(1, None, "h")).choices
    assert [choice.index for choice in choices] == [0, 1]
    assert [[call.ordinal for call in choice.tool_calls] for choice in choices] == [[0], [0, 1]]


def test_usage_and_start_are_told() -> None:
    """The completion carries what Start and End say."""
    completion = folded(End(Usage(3, 5, 2)))
    assert (completion.id, completion.model, completion.created) == ("id", "model", 7)
    assert completion.usage is not None and completion.usage.total_tokens == 8


def test_a_failure_is_the_answer() -> None:
    """Nothing of a whole body has been sent when it fails, so wherever the failure stands, it is the answer."""
    error = ApiError("overloaded", "Too busy.")
    assert fold([START, Text(0, "Hel"), Failure(error)]) == error


def test_hidden_reasoning_leaves_no_block() -> None:
    """Reasoning that has tokens and no text is not seen in a body."""
    assert folded(Reasoning(0, "", 5), Text(0, "x")).choices[0].blocks == (TextBlock("x"),)


def test_logprobs_join() -> None:
    """The log probabilities of all deltas are those of the text."""
    entries = [TokenLogprob(token, -0.5, token.encode()) for token in "ab"]
    choice = folded(Text(0, "a", 1, (entries[0],)), Text(0, "b", 1, (entries[1],))).choices[0]
    assert choice.logprobs == tuple(entries)
    assert folded(Text(0, "a")).choices[0].logprobs is None


def test_arguments_without_a_call_are_passed_over() -> None:
    """A fault may reorder events; arguments that belong to no call do not break the fold."""
    assert folded(ToolArguments(0, "{}"), Hangup("end")).choices == ()


def test_nothing_is_complete_without_a_start() -> None:
    """A fold without Start says so."""
    with pytest.raises(ValueError, match="Start"):
        Fold().completion()


def test_an_error_has_its_kinds_status_unless_it_names_one() -> None:
    """Statuses are a table; a scenario may override it."""
    assert all(ApiError(kind, "").http_status == row.status for kind, row in ERRORS.items())
    assert ApiError("bad_request", "", status=422).http_status == 422
