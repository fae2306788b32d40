"""What ends an answer: tokens, stops, the context. Each on every endpoint, whole and streamed, generated and canned."""

from typing import Any

import pytest
from support.asgi import CHAT, COMPLETIONS, MESSAGES, PLAIN, REASONING, error_of, post
from support.parameters import CANNED, PATHS, QUESTION, TOLD, V1, Answer, answer, body_of, whole

from emulator.core.tokens import END, encode, split

SHORT = {PLAIN: {"context_length": 200, "max_output_length": 50}}
"""A model with little room, so that a test can fill it."""
KINDS = pytest.mark.parametrize("canned", [None, TOLD], ids=["generated", "canned"])
ON_V1 = pytest.mark.parametrize("path", V1)
EVERYWHERE = pytest.mark.parametrize("path", PATHS)


def cut_at(size: int, canned: Any) -> str:
    """The first tokens of the canned text; generated answers are compared with their own."""
    return "".join(split(CANNED).pieces[:size]) if canned else ""


# ---------------------------------------------------------------------------------------------- how many tokens


@EVERYWHERE
@KINDS
@pytest.mark.parametrize("limit", [1, 2, 7, 14])
def test_max_tokens_cuts_after_so_many_tokens(path: str, canned: Any, limit: int) -> None:
    """The answer is the beginning of the longer one, has exactly so many tokens, and finishes for its length."""
    free, cut = answer(path, body_of(path), canned), answer(path, body_of(path, max_tokens=limit), canned)
    assert (cut.completion, cut.finishes) == (limit, ["length"])
    assert free.texts[0].startswith(cut.texts[0])
    assert cut.texts[0].startswith(cut_at(limit, canned))
    assert free.finishes == ["stop"]


@EVERYWHERE
@KINDS
def test_max_tokens_of_exactly_the_length_is_no_cut(path: str, canned: Any) -> None:
    """An answer that just fits has stopped by itself."""
    free = answer(path, body_of(path), canned)
    fits = answer(path, body_of(path, max_tokens=free.completion), canned)
    assert (fits.texts, fits.finishes) == (free.texts, ["stop"])


@KINDS
def test_max_completion_tokens_wins_over_max_tokens(canned: Any) -> None:
    """In either order of size, and alone."""
    both = [answer(CHAT, body_of(CHAT, max_tokens=a, max_completion_tokens=5), canned) for a in (2, 9, None)]
    assert [told.completion for told in both] == [5, 5, 5]


@KINDS
def test_a_completion_has_16_tokens_unless_it_says_otherwise(canned: Any) -> None:
    """OpenAI's default of this endpoint; a chat has none."""
    told = answer(COMPLETIONS, body_of(COMPLETIONS, max_tokens=None), canned)
    assert (told.completion, told.finishes) == (16, ["length"])
    assert answer(CHAT, body_of(CHAT, max_tokens=None), canned).finishes == ["stop"]


@KINDS
def test_a_completion_may_have_no_tokens(canned: Any) -> None:
    """max_tokens 0 answers nothing, and is what echo is for."""
    told = answer(COMPLETIONS, body_of(COMPLETIONS, max_tokens=0, echo=True), canned)
    assert (told.texts, told.completion, told.finishes) == ([QUESTION], 0, ["length"])


def test_reasoning_is_part_of_max_tokens() -> None:
    """What is reasoned is spent: reasoning and text together have no more tokens than were asked for."""
    free = answer(CHAT, body_of(CHAT, model=REASONING))
    reasoning = split(free.choices[0].reasoning)
    cut = answer(CHAT, body_of(CHAT, model=REASONING, max_tokens=len(reasoning) + 5))
    assert cut.choices[0].reasoning == free.choices[0].reasoning
    assert (len(split(cut.texts[0])), cut.completion, cut.finishes) == (5, len(reasoning) + 5, ["length"])
    none = answer(CHAT, body_of(CHAT, model=REASONING, max_tokens=len(reasoning)))
    assert (none.texts, none.completion, none.finishes) == ([""], len(reasoning), ["length"])


@ON_V1
@KINDS
def test_max_tokens_holds_for_each_choice(path: str, canned: Any) -> None:
    """So n choices have n times as many tokens."""
    told = answer(path, body_of(path, max_tokens=6, n=3), canned)
    assert (told.completion, told.finishes) == (18, ["length"] * 3)


@EVERYWHERE
@KINDS
def test_what_a_model_cannot_answer_is_not_asked_of_it(path: str, canned: Any) -> None:
    """max_tokens above max_output_length is lowered without a word; a strict server answers 400."""
    reply = canned and {"text": CANNED * 9}
    long = body_of(path, "Write a long essay about the sea.", max_tokens=120)
    assert answer(path, long, reply, models=SHORT).completion == 50
    refused = post(path, long, models=SHORT, max_output="reject")
    assert (refused.status, "at most 50" in error_of(refused)["message"]) == (400, True)


@EVERYWHERE
def test_prompt_and_answer_have_to_fit_the_context(path: str) -> None:
    """Exactly the context fits; one token more is a 400 in the words that clients look for."""
    tight = {PLAIN: {"context_length": 60, "max_output_length": 50}}
    prompt = whole(path, body_of(path, max_tokens=1)).prompt
    assert post(path, body_of(path, max_tokens=60 - prompt), models=tight).status == 200
    refused = post(path, body_of(path, max_tokens=61 - prompt), models=tight)
    words = "input length and `max_tokens` exceed context limit" if path == MESSAGES else "maximum context length is 60"
    assert (refused.status, words in error_of(refused)["message"]) == (400, True), refused.body


def test_without_max_tokens_what_is_left_of_the_context_is_the_limit() -> None:
    """A long answer ends where the context does."""
    tight = {PLAIN: {"context_length": 40, "max_output_length": 40}}
    told = answer(CHAT, body_of(CHAT, max_tokens=None), models=tight)
    assert (told.prompt + told.completion, told.finishes) == (40, ["length"])


# ---------------------------------------------------------------------------------------------- stops


def stops(path: str, stop: Any, canned: Any = None, **more: Any) -> Answer:
    return answer(path, body_of(path, stop=stop, **more), canned)


@EVERYWHERE
@KINDS
def test_the_answer_ends_before_a_stop_string(path: str, canned: Any) -> None:
    """The text is the one that would have been said, up to the string; the tokens behind it are not counted."""
    free = answer(path, body_of(path), canned).texts[0]
    stop = free[20:24]
    told = stops(path, [stop], canned)
    assert (told.texts, told.finishes) == ([free[: free.index(stop)]], ["stop"])
    assert told.completion <= len(split(told.texts[0])) + 1
    assert told.choices[0].stop_sequence == (stop if path == MESSAGES else None)


@EVERYWHERE
@KINDS
def test_the_first_of_several_stop_strings_counts(path: str, canned: Any) -> None:
    """Whatever their order; as many as one likes, and one that never comes changes nothing."""
    free = answer(path, body_of(path), canned).texts[0]
    early, late = free[10:14], free[30:36]
    assert free.index(early) < free.index(late)
    expected = [free[: free.index(early)]]
    assert stops(path, [late, early], canned).texts == stops(path, [early, late, "zzz", "#" * 50, "q!"], canned).texts
    assert stops(path, [late, early], canned).texts == expected
    assert stops(path, ["never said"], canned).texts == [free]


@ON_V1
@KINDS
def test_a_single_stop_string_needs_no_array(path: str, canned: Any) -> None:
    """As OpenAI's page has it; null and an empty array stop nothing."""
    free = answer(path, body_of(path), canned).texts
    assert stops(path, " the", canned).texts == stops(path, [" the"], canned).texts != free
    assert stops(path, None, canned).texts == stops(path, [], canned).texts == free


@EVERYWHERE
def test_a_stop_string_may_begin_inside_a_character_or_a_token(path: str) -> None:
    """Text is compared, not tokens: across several of them, inside one, and with an emoji that is many."""
    assert stops(path, ["hip, t"], TOLD).texts == ["One s"]
    assert stops(path, ["🏽 go"], TOLD).texts == [CANNED[: CANNED.index("🏽")]]
    assert stops(path, ["👍"], TOLD).texts == [CANNED[: CANNED.index("👍")]]


@EVERYWHERE
def test_a_stop_string_behind_the_limit_does_not_count(path: str) -> None:
    """Only what was said can end the answer: the limit cuts inside of the string, so it has not been said."""
    told = stops(path, [" two ships"], TOLD, max_tokens=4)
    assert (told.texts, told.finishes, told.completion) == (["One ship, two"], ["length"], 4)


@ON_V1
@KINDS
def test_a_stop_token_ends_the_answer(path: str, canned: Any) -> None:
    """Before the first token with one of the ids, and wherever it stands in the text."""
    free = answer(path, body_of(path), canned).texts[0]
    pieces = split(free).pieces
    at = 8
    first = pieces.index(pieces[at])
    (id,) = encode(pieces[at])
    told = answer(path, body_of(path, stop_token_ids=[7, id]), canned)
    assert (told.texts, told.finishes, told.completion) == (["".join(pieces[:first])], ["stop"], first)


@ON_V1
def test_the_end_of_a_generated_answer_can_be_put_off(path: str) -> None:
    """min_tokens: neither the end, a stop token nor a stop string comes before; max_tokens may not be below it."""
    (period,) = encode(".")
    for stop in ({}, {"stop": ["."]}, {"stop_token_ids": [period]}):
        told = answer(path, body_of(path, "Say hello", min_tokens=40, **stop))
        assert 40 <= told.completion < 400
    assert answer(path, body_of(path, "Say hello")).completion < 5
    refused = post(path, body_of(path, min_tokens=41, max_tokens=40))
    assert (refused.status, error_of(refused)["param"]) == (400, "min_tokens")


@ON_V1
def test_min_tokens_shelters_canned_text_from_its_stops(path: str) -> None:
    """A canned text gets no longer, but a stop that is complete among its first tokens is none."""
    assert answer(path, body_of(path, stop=[" ship"], min_tokens=4), TOLD).texts == ["One ship, two"]
    assert answer(path, body_of(path, stop=[" ship"], min_tokens=5), TOLD).texts == [CANNED]
    (ship,) = encode(" ship")
    assert answer(path, body_of(path, stop_token_ids=[ship], min_tokens=1), TOLD).texts == ["One"]
    assert answer(path, body_of(path, stop_token_ids=[ship], min_tokens=2), TOLD).texts == [CANNED]


@ON_V1
def test_ignore_eos_goes_on_to_the_limit(path: str) -> None:
    """Even after an answer of one word; a stop string still ends it."""
    told = answer(path, body_of(path, "Say hello", ignore_eos=True, max_tokens=60))
    assert (told.completion, told.finishes) == (60, ["length"])
    assert stops(path, [" "], ignore_eos=True).finishes == ["stop"]


@ON_V1
def test_forbidding_the_end_goes_on_to_the_limit(path: str) -> None:
    """The end of an answer is a token that can be biased away, and so brought about."""
    assert answer(path, body_of(path, logit_bias={str(END): -100}, max_tokens=300)).finishes == ["length"]
    assert answer(path, body_of(path, logit_bias={str(END): 100})).texts == [""]
