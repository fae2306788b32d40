"""An answer that is sent once is the answer that is kept."""

from hypothesis import given
from hypothesis import strategies as st

from emulator.core.drafts import Draft, DraftCall
from emulator.core.ready import ReadySteps
from emulator.core.tokens import split
from emulator.core.vocabulary import Start
from emulator.engine.drafted import DraftedAnswer
from emulator.engine.single import SingleAnswer

TEXTS = st.sampled_from(["", "a", "one two", "é😀", "word " * 600]).map(split)
CALLS = st.builds(DraftCall, st.just("f"), TEXTS, st.sampled_from([None, "call_1"]))
DRAFTS = st.builds(
    Draft, TEXTS, TEXTS, st.lists(CALLS, max_size=3).map(tuple), st.sampled_from(["stop", "length"]), st.none()
)


@given(DRAFTS, st.booleans(), st.booleans())
def test_an_answer_that_is_sent_once_has_the_same_steps(draft: Draft, whole: bool, hidden: bool) -> None:
    """Its events, its choices and its usage are those of any answer of the same draft."""
    start = Start("id", "model", 0, 5)
    kept, once = (
        answer.steps(start, whole=whole, hide_reasoning=hidden)
        for answer in (DraftedAnswer([draft]), SingleAnswer(draft))
    )
    if isinstance(kept, ReadySteps):
        assert isinstance(once, ReadySteps)
        assert once.completion() == kept.completion()
        assert once.events.derives_ids == kept.events.derives_ids
    assert [*once] == [*kept]
