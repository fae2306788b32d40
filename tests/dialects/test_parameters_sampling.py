"""How tokens are drawn: each sampling parameter has its effect on every endpoint that has it, whole and streamed."""

from collections import Counter
from typing import Any

import pytest
from support.asgi import CHAT, COMPLETIONS, MESSAGES, REASONING
from support.parameters import CANNED, PATHS, TOLD, V1, answer, body_of

from emulator.core.tokens import encode, split

ON_V1 = pytest.mark.parametrize("path", V1)
EVERYWHERE = pytest.mark.parametrize("path", PATHS)
SEEDS = range(4)
HOT = {"temperature": 1, "max_tokens": 30}


def texts(path: str, **more: Any) -> list[str]:
    """What is said from each of some seeds."""
    return [answer(path, body_of(path, seed=seed, **{**HOT, **more})).texts[0] for seed in SEEDS]


def long(path: str, **more: Any) -> list[str]:
    """The tokens of a long answer."""
    told = answer(path, body_of(path, ignore_eos=True, **{"max_tokens": 250, **more}))
    return list(split(told.texts[0]).pieces)


# ---------------------------------------------------------------------------------------------- narrowing


@EVERYWHERE
def test_temperature_0_says_the_same_from_every_seed(path: str) -> None:
    """The likeliest token each time; at temperature 1 each seed says something of its own."""
    assert len(set(texts(path, temperature=0))) == 1
    assert len(set(texts(path, temperature=1))) == len(SEEDS)


@EVERYWHERE
def test_temperature_is_1_unless_it_says_otherwise(path: str) -> None:
    """Null, and no temperature at all, are the same as 1; and 0.2 is not."""
    assert texts(path, temperature=1) == texts(path, temperature=None) != texts(path, temperature=0.2)


@ON_V1
def test_a_high_temperature_says_what_a_low_one_would_not(path: str) -> None:
    """From 0 to 2: the hotter, the less alike are the answers."""
    variety = [len({word for text in texts(path, temperature=heat) for word in text.split()}) for heat in (0, 1, 2)]
    assert variety == sorted(set(variety))


def where(*parameters: dict[str, Any]) -> pytest.MarkDecorator:
    """Each parameter on each endpoint that has it: messages have no min_p, and no negative top_k."""
    return pytest.mark.parametrize(
        ("path", "given"),
        [
            (path, given)
            for given in parameters
            for path in PATHS
            if path != MESSAGES or not ("min_p" in given or given.get("top_k") == -1)
        ],
    )


@where({"top_p": 1e-9}, {"top_k": 1}, {"min_p": 1})
def test_narrowing_to_one_token_is_greedy(path: str, given: dict[str, Any]) -> None:
    """A nucleus of nothing, one token, or only what is as likely as the likeliest: all take the likeliest."""
    assert texts(path, **given) == texts(path, temperature=0)


@where({"top_p": 1}, {"top_k": 0}, {"top_k": -1}, {"min_p": 0})
def test_narrowing_to_everything_changes_nothing(path: str, given: dict[str, Any]) -> None:
    """The defaults are no limits; -1 and 0 are two ways to say that of top_k on /v1."""
    assert texts(path, **given) == texts(path)


@where({"top_p": 0.5}, {"top_k": 2}, {"min_p": 0.5})
def test_narrowing_lies_between_the_two(path: str, given: dict[str, Any]) -> None:
    """Neither greedy nor free: more than one answer, and other ones than without."""
    found = texts(path, **given)
    assert len(set(found)) > 1
    assert found != texts(path)


# ---------------------------------------------------------------------------------------------- bias and penalties


@ON_V1
def test_a_bias_of_minus_100_never_says_a_token(path: str) -> None:
    """However often it would have come; with other ids it is untouched."""
    common = Counter(long(path)).most_common(4)
    bias = {str(id): -100 for piece, _ in common for id in encode(piece)}
    without = long(path, logit_bias=bias)
    assert not {piece for piece, _ in common} & set(without)
    assert len(without) > 200
    assert long(path, logit_bias={"300": -100}) == long(path, logit_bias={"300": 0})


@ON_V1
def test_a_bias_of_100_says_nothing_else(path: str) -> None:
    """One token, again and again, until the limit."""
    (id,) = encode(" tea")
    told = answer(path, body_of(path, logit_bias={str(id): 100}, max_tokens=9))
    assert (told.texts, told.finishes) == ([" tea" * 9], ["length"])


def test_a_bias_holds_for_reasoning_too() -> None:
    """What must not be said is not thought either."""
    free = answer(CHAT, body_of(CHAT, model=REASONING)).choices[0]
    common = [piece for piece, _ in Counter(split(free.reasoning).pieces).most_common(5)]
    bias = {str(id): -100 for piece in common for id in encode(piece)}
    banned = answer(CHAT, body_of(CHAT, model=REASONING, logit_bias=bias)).choices[0]
    assert banned.reasoning
    assert not set(common) & set(split(banned.reasoning).pieces)


def repetition(path: str, **more: Any) -> float:
    """The share of tokens of a long answer that it has said before."""
    tokens = long(path, **more)
    return 1 - len(set(tokens)) / len(tokens)


@ON_V1
@pytest.mark.parametrize("penalty", ["frequency_penalty", "presence_penalty"])
def test_a_penalty_says_less_again_and_a_negative_one_more(path: str, penalty: str) -> None:
    """From -2 to 2: the stronger it is, the rarer is what has been said."""
    shares = [repetition(path, **{penalty: strength}) for strength in (-2, 0, 2)]
    assert shares == sorted(set(shares), reverse=True)


@ON_V1
def test_a_repetition_penalty_says_less_again(path: str) -> None:
    """Above 1 rarer, below 1 more often."""
    shares = [repetition(path, repetition_penalty=strength) for strength in (0.7, 1, 1.5)]
    assert shares == sorted(set(shares), reverse=True)


@ON_V1
def test_a_repetition_penalty_counts_the_prompt(path: str) -> None:
    """A word that would come is avoided where the prompt has it."""
    (id,) = encode(" water")
    lifted = {"logit_bias": {str(id): 40}, "max_tokens": 1, "repetition_penalty": 2, "temperature": 0}
    plain, named = (answer(path, body_of(path, text, **lifted)).texts[0] for text in ("Why?", "Why water?"))
    assert (plain, named == plain) == (" water", False)


# ---------------------------------------------------------------------------------------------- seed


@EVERYWHERE
def test_the_same_seed_gives_the_same_bytes_and_another_other_text(path: str) -> None:
    """From another server too. Without a seed the answer is the same each time as well, but from a seed of its own."""
    assert answer(path, body_of(path, seed=7)).body == answer(path, body_of(path, seed=7)).body
    seeds: list[int | None] = [*range(20), -1, 2**63 - 1, None]
    assert len({answer(path, body_of(path, seed=seed)).texts[0] for seed in seeds}) == len(seeds)


@EVERYWHERE
def test_the_servers_own_seed_is_another_source(path: str) -> None:
    """Two servers with other seeds answer the same request in other words."""
    assert answer(path, body_of(path), seed="1").texts != answer(path, body_of(path), seed="2").texts


# ---------------------------------------------------------------------------------------------- canned text


@pytest.mark.parametrize(
    "parameter",
    [
        *({"temperature": 0}, {"temperature": 2}, {"top_p": 0.1}, {"top_k": 1}, {"min_p": 0.5}, {"seed": 5}),
        *({"frequency_penalty": 2}, {"presence_penalty": 2}, {"repetition_penalty": 2}),
        *({"logit_bias": {"2000": -100}}, {"ignore_eos": True}, {"min_tokens": 100}),
    ],
    ids=repr,
)
@ON_V1
def test_what_is_canned_is_not_drawn(path: str, parameter: dict[str, Any]) -> None:
    """Parameters that steer drawing leave a scenario's text as it is."""
    assert answer(path, body_of(path, **parameter), TOLD).texts == [CANNED]


@pytest.mark.parametrize("parameter", [{"temperature": 0}, {"top_p": 0.1}, {"top_k": 1}, {"seed": 5}], ids=repr)
def test_what_is_canned_is_not_drawn_in_a_message(parameter: dict[str, Any]) -> None:
    """Nor here."""
    assert answer(MESSAGES, body_of(MESSAGES, **parameter), TOLD).texts == [CANNED]


@pytest.mark.parametrize("parameter", [{"min_p": 0.9}, {"logit_bias": {"2000": -100}}, {"frequency_penalty": 2}])
def test_a_message_ignores_what_only_v1_has(parameter: dict[str, Any]) -> None:
    """Unknown keys are accepted and have no effect."""
    assert answer(MESSAGES, body_of(MESSAGES, **parameter)).texts == answer(MESSAGES, body_of(MESSAGES)).texts


def test_both_endpoints_of_v1_draw_alike() -> None:
    """The order of choices is the same: choice 0 of three is the answer of one."""
    for path in (CHAT, COMPLETIONS):
        alone, three = (answer(path, body_of(path, n=n, max_tokens=30)) for n in (1, 3))
        assert three.texts[0] == alone.texts[0]
        assert len(set(three.texts)) == 3
