"""How fast an answer comes: delays are data, chance is seeded, and no token is lost on the way."""

from itertools import pairwise
from statistics import mean, median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.drafts import Draft, DraftCall, content_steps
from emulator.core.errors import ApiError
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.seeds import Seed
from emulator.core.tokens import split
from emulator.core.vocabulary import (
    End,
    Event,
    Failure,
    Finish,
    Hangup,
    Reasoning,
    Start,
    Step,
    Text,
    TokenLogprob,
    ToolArguments,
    ToolCall,
    Usage,
)
from emulator.faults import Chunk, Constant, Exponential, Lognormal, Normal, Uniform, pace

START = Start("id", "model", 0, 1)
TEXTS = st.text(st.sampled_from("ab 1.é中👍\n"), max_size=40)
CHUNKS: list[Chunk] = ["token", "word", "whole", 1, 4, 100]
DISTRIBUTIONS = [Constant(0.02), Uniform(0.01, 0.05), Normal(0.02, 0.05), Lognormal(0.5, 0.8), Exponential(0.02)]


def steps(*drafts: Draft, whole: bool = False) -> list[Step]:
    """An answer of these choices, not yet paced."""
    content = [*content_steps(drafts, whole=whole, hide_reasoning=False)]
    return [*ReadySteps(START, ReadyEvents(content), Usage(1, 1))]


def draft(text: str, reasoning: str = "", arguments: str = "", logprobs: bool = False) -> Draft:
    """A choice that says this."""
    tokens = split(text)
    entries = tuple(TokenLogprob(piece, -1.0, piece.encode()) for piece in tokens.pieces)
    calls = (DraftCall("f", split(arguments)),) if arguments else ()
    return Draft(split(reasoning), tokens, calls, logprobs=(lambda: iter(entries)) if logprobs else None)


DRAFTS = st.builds(draft, TEXTS, TEXTS, TEXTS, st.booleans())


def paced(answer: list[Step], chunk: Chunk = "token", jitter: float = 0.0, seed: str = "") -> list[Step]:
    """The answer with half a second to the first token and a tenth to each other."""
    return list(pace(Constant(0.5), Constant(0.1), jitter, chunk, Seed.of(seed).random())(answer))


def content(answer: list[Step]) -> list[tuple[float, str]]:
    """When, after the step before, each text comes."""
    return [(step.delay, step.event.text) for step in answer if isinstance(step.event, Text)]


def said(answer: list[Step]) -> dict[Any, Any]:
    """What each choice says, in order: kinds of content with their text, tokens and logprobs, joined."""
    found: dict[int, list[list[Any]]] = {}
    for event in (step.event for step in answer):
        match event:
            case Text() | Reasoning() | ToolArguments():
                runs = found.setdefault(event.choice, [])
                if not runs or runs[-1][0] is not type(event):
                    runs.append([type(event), "", 0, ()])
                runs[-1][1] += event.text
                runs[-1][2] += event.tokens
                runs[-1][3] += (event.logprobs or ()) if isinstance(event, Text) else ()
            case ToolCall() | Finish():
                found.setdefault(event.choice, []).append([event])
    return found


# ---------------------------------------------------------------------------------------------- delays


def test_the_first_token_and_the_others_have_their_delays() -> None:
    """What opens the stream goes out at once, and so does what ends it."""
    answer = steps(draft("one two three"))
    assert [step.delay for step in paced(answer)] == [0.0, 0.5, 0.1, 0.1, 0.0, 0.0]
    assert [step.event for step in paced(answer)] == [step.event for step in answer]


@pytest.mark.parametrize("first", [draft("a"), draft("", "a"), draft("", "", "{}")])
def test_whatever_is_said_first_has_the_first_delay(first: Draft) -> None:
    """Reasoning and a tool call are a first token, too."""
    assert [step.delay for step in paced(steps(first))][:2] == [0.0, 0.5]


def test_choices_advance_side_by_side() -> None:
    """Two choices take as long as the longer one, and tokens of one moment come together."""
    answer = paced(steps(draft("one two three"), draft("un deux")))
    assert content(answer) == [(0.5, "one"), (0.0, "un"), (0.1, " two"), (0.0, " deux"), (0.1, " three")]


@given(st.lists(DRAFTS, min_size=1, max_size=3), st.sampled_from(DISTRIBUTIONS), st.sampled_from(CHUNKS))
def test_a_whole_body_takes_as_long_as_its_stream(drafts: list[Draft], between: Any, chunk: Chunk) -> None:
    """Asking for a stream changes when the text comes, not when the answer is complete."""
    durations = [
        sum(
            step.delay
            for step in pace(Constant(0.5), between, 0.1, chunk, Seed.of("x").random())(steps(*drafts, whole=whole))
        )
        for whole in (True, False)
    ]
    assert durations[0] == pytest.approx(durations[1])


def test_an_answer_that_is_late_already_is_later() -> None:
    """A pace adds to the delays that steps have; the one of several tokens is before the first of them."""
    late = [Step(2.0, START), Step(1.0, Text(0, "a b", 2))]
    assert [step.delay for step in paced(late)] == [2.0, 1.5, 0.1]


# ---------------------------------------------------------------------------------------------- chance


@given(st.text(max_size=3), st.floats(0.0, 1.0))
def test_jitter_stays_within_its_fraction(seed: str, jitter: float) -> None:
    """No delay is shorter or longer than the fraction says."""
    delays = [delay for delay, _ in content(paced(steps(draft("one two three four")), jitter=jitter, seed=seed))]
    for delay, plain in zip(delays, [0.5, 0.1, 0.1, 0.1], strict=True):
        assert plain * (1 - jitter) - 1e-9 <= delay <= plain * (1 + jitter) + 1e-9


def test_jitter_goes_both_ways() -> None:
    """Some delays are shorter than they would be, and some longer."""
    first = [content(paced(steps(draft("one")), jitter=0.5, seed=str(seed)))[0][0] for seed in range(50)]
    assert min(first) < 0.4 and max(first) > 0.6


def test_the_same_seed_has_the_same_delays() -> None:
    """A jittered answer is repeatable, and another seed gives another one."""
    one, again, other = (paced(steps(draft("one two three")), jitter=0.5, seed=seed) for seed in ("1", "1", "2"))
    assert one == again != other
    assert len({delay for delay, _ in content(one)[1:]}) == 2


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda distribution: type(distribution).__name__)
def test_a_distribution_draws_what_it_says(distribution: Any) -> None:
    """Its middle is where it is said to be, nothing is negative, and a seed draws the same again."""
    drawn, again = ([distribution(chance) for _ in range(2_000)] for chance in (Seed.of(1).random() for _ in range(2)))
    expected: dict[Any, Any] = {
        Constant: (median, 0.02),
        Uniform: (mean, 0.03),
        Normal: (median, 0.02),
        Lognormal: (median, 0.5),
        Exponential: (mean, 0.02),
    }
    middle, value = expected[type(distribution)]
    assert drawn == again
    assert min(drawn) >= 0
    assert middle(drawn) == pytest.approx(value, rel=0.1)


@given(st.sampled_from([Uniform(-1.0, 1.0), Normal(0.0, 1.0), Constant(-1.0)]), st.floats(0.0, 2.0))
def test_no_delay_is_negative(distribution: Any, jitter: float) -> None:
    """Whatever is drawn, time does not run backwards."""
    answer = pace(distribution, distribution, jitter, "token", Seed.of(0).random())(steps(draft("one two three four")))
    assert all(step.delay >= 0 for step in answer)


# ---------------------------------------------------------------------------------------------- chunks


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        ("token", [(0.5, "It"), (0.1, "'s"), (0.1, " "), (0.1, "12"), (0.1, " o"), (0.1, "'"), (0.1, "clock")]),
        ("word", [(0.6, "It's"), (0.2, " 12"), (0.3, " o'clock")]),
        ("whole", [(1.1, "It's 12 o'clock")]),
        (4, [(0.6, "It's"), (0.3, " 12 o"), (0.2, "'clock")]),
    ],
)
def test_tokens_come_in_chunks(chunk: Chunk, expected: list[tuple[float, str]]) -> None:
    """A chunk arrives when the last of its tokens would have."""
    for whole in (True, False):
        found = content(paced(steps(draft("It's 12 o'clock"), whole=whole), chunk))
        assert [text for _, text in found] == [text for _, text in expected]
        if not whole:
            assert [delay for delay, _ in found] == pytest.approx([delay for delay, _ in expected])


def test_white_space_goes_with_the_word_behind_it() -> None:
    """However much of it there is."""
    answer = [Step(0.0, Text(0, text)) for text in ("a", "\n\n", " ", " b", "c")]
    assert [text for _, text in content(paced(answer, "word"))] == ["a", "\n\n  bc"]


@pytest.mark.parametrize("last", [Failure(ApiError("overloaded", "")), Hangup("end"), End(Usage(1, 2))])
def test_what_is_said_is_said_before_the_end(last: Event) -> None:
    """A chunk does not wait for tokens that will not come."""
    answer = [Step(0.0, Text(0, "a")), Step(0.0, Text(1, "b")), Step(0.0, last)]
    assert [step.event for step in paced(answer, "whole")] == [step.event for step in answer]


@given(st.lists(DRAFTS, min_size=1, max_size=3), st.sampled_from(CHUNKS), st.booleans())
def test_chunks_lose_nothing(drafts: list[Draft], chunk: Chunk, whole: bool) -> None:
    """Texts, tokens and log probabilities of each choice are the same in every grouping, and so is their order."""
    answer = steps(*drafts, whole=whole)
    assert said(paced(answer, chunk)) == said(answer)


@given(DRAFTS, st.integers(1, 20))
def test_chunks_have_the_characters_they_are_to_have(only: Draft, size: int) -> None:
    """No chunk is too short but the last of its kind, and none has a whole token too much."""
    events = [step.event for step in paced(steps(only), size) if isinstance(step.event, Text | Reasoning)]
    for event, following in pairwise(events):
        assert len(event.text) >= size or type(event) is not type(following)
    assert all(len(event.text) - len(split(event.text).pieces[-1]) < size for event in events if event.text)


def test_text_with_and_without_log_probabilities_is_not_joined() -> None:
    """A chunk has one for each of its tokens, or none."""
    entry = TokenLogprob("b", -1.0, b"b")
    answer = [Step(0.0, Text(0, "a", 0)), Step(0.0, Text(0, "b", 1, (entry,))), Step(0.0, Text(0, "c", 1, (entry,)))]
    assert [step.event for step in paced(answer, "whole")] == [Text(0, "a", 0), Text(0, "bc", 2, (entry, entry))]


def test_several_choices_are_grouped_apart() -> None:
    """What one choice says never lands in another's chunk."""
    answer = paced(steps(draft("one two"), draft("un deux")), "whole")
    assert [(step.event.choice, step.event.text) for step in answer if isinstance(step.event, Text)] == [
        (0, "one two"),
        (1, "un deux"),
    ]
