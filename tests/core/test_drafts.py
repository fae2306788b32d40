"""Drafts: cut to what their request allows, and told as steps."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.drafts import Draft, DraftCall, PlannedChoice, content_steps, obey
from emulator.core.fold import Completion, fold
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.tokens import Tokens, split
from emulator.core.vocabulary import Reasoning, Start, Step, Text, TokenLogprob, Usage
from emulator.engine.drafted import Echoed

START = Start("id", "model", 0, 1)
TEXTS = st.text(st.sampled_from("ab 1.é中👍\n"), max_size=60)


def told(drafts: Sequence[PlannedChoice], *, whole: bool = False, hide: bool = False) -> list[Step]:
    content = [*content_steps(drafts, whole=whole, hide_reasoning=hide)]
    return [*ReadySteps(START, ReadyEvents(content), Usage(1, 2))]


def texts(found: list[Step]) -> list[str]:
    return [step.event.text for step in found if isinstance(step.event, Text)]


@given(TEXTS, st.lists(st.text(st.sampled_from("ab 1é👍"), min_size=1, max_size=3), max_size=3))
def test_a_stop_string_never_appears(text: str, stop: list[str]) -> None:
    """The text ends before the first stop string, and says which it was."""
    draft = obey(Draft(text=split(text)), stop, None)
    assert text.startswith(draft.text.text)
    assert all(sequence not in draft.text.text for sequence in stop)
    assert "".join(draft.text.pieces) == draft.text.text
    assert (draft.stop_sequence is not None) == any(sequence in text for sequence in stop)


def test_the_earliest_stop_string_wins_and_of_equals_the_longest() -> None:
    """As a server that looks at every position would find them."""
    draft = obey(Draft(text=split("one two three")), ["three", "two", "two t"], None)
    assert (draft.text.text, draft.stop_sequence, draft.finish) == ("one ", "two t", "stop")


def test_a_stop_string_drops_the_tool_calls_behind_it() -> None:
    """What would have come after the end does not come."""
    draft = obey(Draft(text=split("a STOP"), tool_calls=(DraftCall("f", split("{}")),)), ["STOP"], None)
    assert draft.tool_calls == ()


@given(TEXTS, TEXTS, TEXTS, st.integers(0, 80))
def test_length_is_never_exceeded(reasoning: str, text: str, arguments: str, limit: int) -> None:
    """Reasoning spends first, then text, then arguments; a draft that was cut finishes for its length."""
    whole = Draft(split(reasoning), split(text), (DraftCall("f", split(arguments)),), finish="tool_calls")
    draft = obey(whole, (), limit)
    assert len(draft) == min(len(whole), limit)
    assert (draft.finish == "length") == (len(whole) > limit)
    assert reasoning.startswith(draft.reasoning.text) and text.startswith(draft.text.text)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("stop", "limit"), [((), 2), (["three"], None), (["hree"], None)])
def test_logprobs_are_cut_with_their_tokens(stop: list[str], limit: int | None, whole: bool) -> None:
    """There is one entry per token that is sent, of that token, and no other is made."""
    text = split("one two three four")
    made: list[str] = []

    def entries() -> Iterator[TokenLogprob]:
        for piece in text.pieces:
            made.append(piece)
            yield TokenLogprob(piece, -1.0, piece.encode())

    draft = obey(Draft(text=text, logprobs=entries), stop, limit)
    sent = [step.event for step in told([draft], whole=whole) if isinstance(step.event, Text)]
    found = [entry for event in sent for entry in event.logprobs or ()]
    assert [(entry.token, entry.bytes) for entry in found] == [(piece, piece.encode()) for piece in draft.text.pieces]
    assert len(made) == len(draft.text)


@given(TEXTS, st.booleans())
def test_a_token_a_step_says_the_same_as_a_text_a_step(text: str, hide: bool) -> None:
    """How finely an answer is told changes nothing of what it says."""
    draft = Draft(split("Hm. ok"), split(text), (DraftCall("f", split('{"a": 1}'), "id"),))
    answers = [fold(step.event for step in told([draft, draft], whole=whole, hide=hide)) for whole in (True, False)]
    assert isinstance(answers[0], Completion) and answers[0] == answers[1]


@given(TEXTS)
def test_no_delta_is_empty_and_all_tokens_are_counted(text: str) -> None:
    """A token without text of its own, part of a longer character, comes with the next."""
    tokens = split(text)
    found = told([Draft(text=tokens)])
    assert "" not in texts(found)
    assert sum(step.event.tokens for step in found) == len(tokens)


def test_hidden_reasoning_keeps_its_tokens() -> None:
    """Reasoning that is excluded is counted and not shown."""
    found = told([Draft(reasoning=split("Let me see"))], hide=True)
    hidden = [step.event for step in found if isinstance(step.event, Reasoning)]
    assert [event.text for event in hidden] == [""] * len(split("Let me see"))


def test_choices_advance_side_by_side() -> None:
    """The tokens of several choices alternate, and a longer one goes on alone."""
    drafts = [Draft(text=Tokens("ab", ("a", "b"))), Draft(text=Tokens("xyz", ("x", "y", "z")))]
    assert texts(told(drafts)) == ["a", "x", "b", "y", "z"]


def test_an_echoed_prompt_comes_first_and_costs_no_completion_tokens() -> None:
    """Echo is sent, and is no part of what was said."""
    found = told([Echoed(Draft(text=split(" upon")), "Once")])
    assert texts(found) == ["Once", " upon"]
    assert sum(step.event.tokens for step in found) == 1
