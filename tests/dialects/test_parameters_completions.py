"""The parameters that only /v1/completions has: prompts, echo, suffix, best_of, its form of log probabilities."""

from typing import Any

import pytest
from support.asgi import COMPLETIONS, PLAIN, ask, error_of, events, post
from support.parameters import CANNED, TOLD, answer, app_of, body_of, whole

from emulator.core.tokens import encode, split

KINDS = pytest.mark.parametrize("canned", [None, TOLD], ids=["generated", "canned"])
PROMPTS = ["Tell me of ships.", "Once upon a time", "Tell me of trees."]


def raw(canned: Any = None, prompt: str = PROMPTS[0], **more: Any) -> Any:
    """The JSON of a whole answer."""
    return ask(app_of(canned), "POST", COMPLETIONS, body_of(COMPLETIONS, prompt, **more)).json


# ---------------------------------------------------------------------------------------------- prompt


@KINDS
def test_a_prompt_is_a_string_strings_or_token_ids(canned: Any) -> None:
    """The same text in each form has the same answer, and is as many tokens."""
    (text, *_), limit = PROMPTS, {"max_tokens": 20}
    forms: list[Any] = [text, [text], encode(text), [encode(text)]]
    told = [answer(COMPLETIONS, body_of(COMPLETIONS, form, **limit), canned) for form in forms]
    assert {(said.texts[0], said.prompt, said.completion) for said in told} == {
        (told[0].texts[0], len(encode(text)), 20)
    }


def test_a_prompt_in_ids_is_as_many_tokens_as_it_has_ids() -> None:
    """Even where another tokenizer made them and their text would be cut otherwise."""
    ids = [ord(letter) for letter in "harbour"]
    assert len(split("harbour")) != len(ids)
    assert answer(COMPLETIONS, body_of(COMPLETIONS, ids)).prompt == 7
    assert answer(COMPLETIONS, body_of(COMPLETIONS, [ids, ids[:2]])).prompt == 9


@KINDS
@pytest.mark.parametrize("n", [1, 2])
def test_each_of_several_prompts_has_its_choices(canned: Any, n: int) -> None:
    """Choice j of prompt i has the index i * n + j, and says what it would say to that prompt alone."""
    body = body_of(COMPLETIONS, PROMPTS, n=n, max_tokens=12)
    told = answer(COMPLETIONS, body, canned)
    alone = [answer(COMPLETIONS, body | {"prompt": prompt}, canned) for prompt in PROMPTS]
    assert told.texts == [text for one in alone for text in one.texts]
    assert told.prompt == sum(one.prompt for one in alone)
    assert told.completion == sum(one.completion for one in alone) == 12 * n * len(PROMPTS)


def test_each_of_several_prompts_has_the_context_to_itself() -> None:
    """They are answered side by side: many short prompts are not one long one."""
    tight = {PLAIN: {"context_length": 30, "max_output_length": 20}}
    assert post(COMPLETIONS, body_of(COMPLETIONS, PROMPTS * 9, max_tokens=20), models=tight).status == 200
    one_too_long = [*PROMPTS, "word " * 11]
    assert post(COMPLETIONS, body_of(COMPLETIONS, one_too_long, max_tokens=20), models=tight).status == 400


def test_the_prompt_is_continued() -> None:
    """A text goes on where it stops, and is spoken of."""
    assert answer(COMPLETIONS, body_of(COMPLETIONS, "Once upon a time")).texts[0].startswith(", there")
    assert "ships" in answer(COMPLETIONS, body_of(COMPLETIONS, "I know a lot about old ships.")).texts[0]


# ---------------------------------------------------------------------------------------------- suffix, echo


def test_a_suffix_is_ignored_or_refused() -> None:
    """As the server is told."""
    body = body_of(COMPLETIONS, max_tokens=20)
    assert answer(COMPLETIONS, body | {"suffix": "the end"}).choices == answer(COMPLETIONS, body).choices
    refused = post(COMPLETIONS, body | {"suffix": "the end"}, suffix="reject")
    assert (refused.status, error_of(refused)["param"]) == (400, "suffix")


@KINDS
@pytest.mark.parametrize("n", [1, 2])
def test_echo_puts_the_prompt_before_each_text(canned: Any, n: int) -> None:
    """It costs nothing: usage and limits are those of what is new."""
    body = body_of(COMPLETIONS, PROMPTS, n=n, max_tokens=9)
    plain, echoed = answer(COMPLETIONS, body, canned), answer(COMPLETIONS, body | {"echo": True}, canned)
    assert echoed.texts == [PROMPTS[at // n] + text for at, text in enumerate(plain.texts)]
    assert (echoed.prompt, echoed.completion, echoed.finishes) == (plain.prompt, plain.completion, plain.finishes)


@KINDS
def test_a_stop_string_in_the_prompt_stops_nothing(canned: Any) -> None:
    """Only what is new is looked at."""
    prompt = "STOP here, and go on."
    told = answer(COMPLETIONS, body_of(COMPLETIONS, prompt, echo=True, stop="STOP"), canned)
    assert told.texts[0].startswith(prompt)
    assert len(told.texts[0]) > len(prompt)


@KINDS
def test_echo_with_logprobs_describes_the_prompt_too(canned: Any) -> None:
    """The first token has none, since nothing comes before it."""
    told = raw(canned, prompt=PROMPTS[0], echo=True, logprobs=2, max_tokens=5)["choices"][0]
    logprobs, prompt = told["logprobs"], split(PROMPTS[0])
    assert logprobs["tokens"][: len(prompt)] == list(prompt.pieces)
    assert len(logprobs["tokens"]) == len(prompt) + 5
    assert (logprobs["token_logprobs"][0], logprobs["top_logprobs"][0]) == (None, None)
    assert all(value <= 0 for value in logprobs["token_logprobs"][1:])


@KINDS
def test_echo_without_new_tokens_scores_a_text(canned: Any) -> None:
    """max_tokens 0 with echo and logprobs: what is asked of a model to rate a text."""
    told = raw(canned, prompt="The sea is blue.", echo=True, logprobs=1, max_tokens=0)
    assert told["choices"][0]["text"] == "The sea is blue."
    assert told["choices"][0]["logprobs"]["tokens"] == list(split("The sea is blue.").pieces)
    assert told["usage"]["completion_tokens"] == 0


# ---------------------------------------------------------------------------------------------- logprobs


@KINDS
@pytest.mark.parametrize("top", [0, 1, 5])
def test_logprobs_of_a_completion_are_four_lists(canned: Any, top: int) -> None:
    """Side by side, an entry a token; text_offset is where each token stands in the text."""
    choice = raw(canned, logprobs=top, max_tokens=25)["choices"][0]
    tokens, offsets = choice["logprobs"]["tokens"], choice["logprobs"]["text_offset"]
    assert "".join(tokens) == choice["text"]
    assert all(choice["text"].startswith(token, offset) for token, offset in zip(tokens, offsets, strict=True))
    tops, values = choice["logprobs"]["top_logprobs"], choice["logprobs"]["token_logprobs"]
    assert len(tops) == len(values) == len(tokens) > 20
    assert all(other[token] == value for other, token, value in zip(tops, tokens, values, strict=True))
    assert max(map(len, tops)) == max(top, 1)


@KINDS
def test_offsets_go_on_in_a_stream(canned: Any) -> None:
    """Joined, the chunks have the lists of the whole body, for each choice and with echo."""
    body = body_of(COMPLETIONS, PROMPTS, logprobs=1, max_tokens=9, n=2, echo=True)
    found: dict[int, list[int]] = {}
    for chunk in events(ask(app_of(canned), "POST", COMPLETIONS, body | {"stream": True}).body)[:-1]:
        for part in chunk["choices"]:
            found.setdefault(part["index"], []).extend((part["logprobs"] or {}).get("text_offset", []))
    expected = ask(app_of(canned), "POST", COMPLETIONS, body).json["choices"]
    assert found == {choice["index"]: choice["logprobs"]["text_offset"] for choice in expected}


def test_without_logprobs_there_are_none() -> None:
    """Null, and null for null."""
    assert raw()["choices"][0]["logprobs"] is None
    assert raw(logprobs=None)["choices"][0]["logprobs"] is None


# ---------------------------------------------------------------------------------------------- best_of


def mean(choice: Any) -> float:
    """The mean log probability of the tokens of a choice."""
    values = [entry.logprob for entry in choice.logprobs]
    return float(sum(values)) / len(values)


@pytest.mark.parametrize("n", [1, 2])
def test_best_of_keeps_the_likeliest(n: int) -> None:
    """Of so many choices, those with the highest log probability a token, the best one first."""
    body = body_of(COMPLETIONS, max_tokens=15)
    all_six = whole(COMPLETIONS, body | {"n": 6, "logprobs": 0}).choices
    best = sorted(all_six, key=mean, reverse=True)[:n]
    kept = whole(COMPLETIONS, body | {"n": n, "best_of": 6})
    assert kept.texts == [choice.text for choice in best]
    assert kept.choices[0].logprobs is None
    described = whole(COMPLETIONS, body | {"n": n, "best_of": 6, "logprobs": 0})
    assert [mean(choice) for choice in described.choices] == [mean(choice) for choice in best]


@KINDS
def test_best_of_counts_what_it_throws_away(canned: Any) -> None:
    """Each of them was made, and every prompt makes so many."""
    body = body_of(COMPLETIONS, PROMPTS, max_tokens=9, n=2)
    kept = whole(COMPLETIONS, body | {"best_of": 5}, canned)
    assert (len(kept.choices), kept.completion) == (6, 9 * 5 * 3)
    assert whole(COMPLETIONS, body | {"best_of": 2}, canned).completion == 9 * 2 * 3


def test_best_of_has_to_have_n_and_no_stream() -> None:
    """Less than n cannot be kept, and what is streamed cannot be thrown away."""
    for clash in ({"n": 3, "best_of": 2}, {"stream": True, "best_of": 2}, {"best_of": 21}):
        refused = post(COMPLETIONS, body_of(COMPLETIONS, **clash))
        assert (refused.status, error_of(refused)["param"]) == (400, "best_of")


def test_a_canned_text_is_the_same_for_every_prompt() -> None:
    """Whatever is asked, and as often."""
    assert answer(COMPLETIONS, body_of(COMPLETIONS, PROMPTS, n=2), TOLD).texts == [CANNED] * 6
