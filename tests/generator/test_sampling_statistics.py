"""Sampling by numbers: what is drawn over many choices of fixed seeds, against what the log probabilities say of it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from support.asgi import CHAT, COMPLETIONS, ask
from support.parameters import CANNED, QUESTION, TOLD, V1, Entry, answer, app_of, body_of, read, whole

from emulator.core.tokens import encode, split

APP = app_of(strictness="openai")  # which lets a temperature of 0 have many choices
CHOICES, ROUNDS = 128, 12
MANY = "Grüße! Erzähl mir von der Straße am Meer: 海と空, 👍🏽 und 🐱."


@cache
def _drawn(given: tuple[tuple[str, Any], ...], tokens: int) -> tuple[str, ...]:
    found: list[str] = []
    for seed in range(ROUNDS):
        body = body_of(CHAT, n=CHOICES, max_tokens=tokens, seed=seed, **dict(given))
        found += read(CHAT, b"", ask(APP, "POST", CHAT, body).json).texts
    return tuple(found)


def drawn(tokens: int = 1, **parameters: Any) -> Counter[str]:
    """How often each beginning of an answer came."""
    return Counter(_drawn(tuple(sorted(parameters.items())), tokens))


def told(**parameters: Any) -> Mapping[str, float]:
    """The probabilities of the first token, as the answer tells them: before anything is narrowed."""
    body = body_of(CHAT, max_tokens=1, logprobs=True, top_logprobs=20, **parameters)
    (entry,) = whole(CHAT, body).choices[0].logprobs or ()
    return {token: math.exp(logprob) for token, logprob in entry.top.items()}


def entropy(counts: Mapping[str, float]) -> float:
    """In nats."""
    total = sum(counts.values())
    return -sum(count / total * math.log(count / total) for count in counts.values())


def assert_drawn_from(counts: Mapping[str, int], shares: Mapping[str, float]) -> None:
    """Within five standard deviations, token by token."""
    size = sum(counts.values())
    for token, share in shares.items():
        deviation = math.sqrt(size * share * (1 - share))
        assert abs(counts.get(token, 0) - size * share) <= 5 * deviation + 1, (token, counts.get(token), size * share)


# ---------------------------------------------------------------------------------------------- what is drawn


@pytest.mark.parametrize("temperature", [0.4, 1.0, 1.5, 2.0])
def test_tokens_come_as_often_as_is_told(temperature: float) -> None:
    """The log probabilities are those of the distribution that is drawn from, at every temperature."""
    assert_drawn_from(drawn(temperature=temperature), told(temperature=temperature))


def test_temperature_is_what_the_scores_are_divided_by() -> None:
    """Of two tokens, the odds at temperature T are those at 1 to the power of 1/T."""
    plain = told(temperature=1)
    first, second = sorted(plain, key=lambda token: -plain[token])[:2]
    for heat in (0.5, 2.0):
        changed = told(temperature=heat)
        odds = changed[first] / changed[second]
        assert odds == pytest.approx((plain[first] / plain[second]) ** (1 / heat), rel=1e-6)


def test_entropy_grows_with_temperature_and_with_top_p() -> None:
    """Strictly, of what is drawn and of what is told; at 0 there is none."""
    heats = [entropy(drawn(temperature=heat)) for heat in (0, 0.3, 0.7, 1, 2)]
    assert heats == sorted(set(heats))
    assert heats[0] == 0
    nuclei = [entropy(drawn(top_p=share)) for share in (0.2, 0.5, 0.8, 1)]
    assert nuclei == sorted(set(nuclei))
    shown = [entropy(told(temperature=heat)) for heat in (0.3, 0.7, 1, 2)]
    assert shown == sorted(set(shown))


def nucleus(probabilities: Mapping[str, float], share: float) -> list[str]:
    """The likeliest tokens that have this share together, as few as possible."""
    order = sorted(probabilities, key=lambda token: -probabilities[token])
    mass = 0.0
    for size, token in enumerate(order, 1):
        mass += probabilities[token]
        if mass >= share:
            return order[:size]
    return order


def scaled(probabilities: Mapping[str, float], kept: Sequence[str]) -> dict[str, float]:
    """What is kept, so that it adds up to 1."""
    total = sum(probabilities[token] for token in kept)
    return {token: probabilities[token] / total for token in kept}


@pytest.mark.parametrize("top_p", [0.1, 0.4, 0.7, 0.9])
def test_top_p_draws_from_the_smallest_set_with_that_share(top_p: float) -> None:
    """No other token comes, and those that do come in proportion."""
    kept = nucleus(told(), top_p)
    counts = drawn(top_p=top_p)
    assert set(counts) <= set(kept)
    assert_drawn_from(counts, scaled(told(), kept))


@pytest.mark.parametrize("top_k", [1, 2, 4])
def test_top_k_draws_from_the_k_likeliest(top_k: int) -> None:
    """In proportion."""
    order = sorted(told(), key=lambda token: -told()[token])[:top_k]
    counts = drawn(top_k=top_k)
    assert set(counts) == set(order)
    assert_drawn_from(counts, scaled(told(), order))


@pytest.mark.parametrize("min_p", [0.2, 0.5, 0.99])
def test_min_p_draws_from_what_is_likely_beside_the_likeliest(min_p: float) -> None:
    """Tokens with at least that share of the likeliest one's probability."""
    least = min_p * max(told().values())
    kept = [token for token, probability in told().items() if probability >= least]
    counts = drawn(min_p=min_p)
    assert set(counts) <= set(kept)
    assert_drawn_from(counts, scaled(told(), kept))


def test_narrowing_does_not_change_what_is_told() -> None:
    """Log probabilities are those before top_p, top_k and min_p, as vLLM reports them."""
    assert told(top_p=0.3, top_k=2, min_p=0.1) == told()


@pytest.mark.parametrize("bias", [-1.0, 0.5, 3.0])
def test_a_bias_of_b_makes_a_token_e_to_the_b_times_as_likely(bias: float) -> None:
    """Against all others: in its odds; and it is drawn as often as that."""
    plain = told()
    best = max(plain, key=lambda token: plain[token])
    changed = told(logit_bias={str(encode(best)[0]): bias})
    odds = [shares[best] / (1 - shares[best]) for shares in (plain, changed)]
    assert odds[1] / odds[0] == pytest.approx(math.exp(bias), rel=1e-6)


@pytest.mark.parametrize("path", V1)
def test_biases_of_100_are_absolute(path: str) -> None:
    """Over thousands of tokens: what is at -100 never comes, and beside a token at 100 nothing else does."""
    never, always = encode(" the"), encode(" salt")
    body = body_of(path, n=64, max_tokens=60, temperature=2)
    banned = ask(APP, "POST", path, body | {"logit_bias": {str(never[0]): -100}}).json
    plain = ask(APP, "POST", path, body).json
    counts = [sum(split(text).pieces.count(" the") for text in read(path, b"", told).texts) for told in (banned, plain)]
    assert counts[0] == 0
    assert counts[1] > 20
    forced = ask(APP, "POST", path, body | {"logit_bias": {str(always[0]): 100}}).json
    assert set(read(path, b"", forced).texts) == {" salt" * 60}


@pytest.mark.parametrize(
    "penalties",
    [
        [{"frequency_penalty": strength} for strength in (-1, 0, 0.5, 2)],
        [{"presence_penalty": strength} for strength in (-1, 0, 2)],
        [{"repetition_penalty": strength} for strength in (0.8, 1, 1.2, 2)],
    ],
    ids=["frequency", "presence", "repetition"],
)
def test_penalties_make_repetition_rarer_step_by_step(penalties: list[dict[str, float]]) -> None:
    """The mean share of tokens that an answer has said before falls with each step."""
    shares = []
    for penalty in penalties:
        body = body_of(CHAT, n=16, max_tokens=150, ignore_eos=True, **penalty)
        texts = read(CHAT, b"", ask(APP, "POST", CHAT, body).json).texts
        sizes = [(len(set(split(text).pieces)), len(split(text))) for text in texts]
        shares.append(sum(1 - distinct / size for distinct, size in sizes) / len(sizes))
    assert shares == sorted(set(shares), reverse=True)


@pytest.mark.parametrize(
    ("penalty", "steps"),
    [("frequency_penalty", [1.5, 1.5]), ("presence_penalty", [0, 0])],
)
def test_a_penalty_lowers_a_score_as_it_is_defined(penalty: str, steps: list[float]) -> None:
    """Frequency: by the penalty for each time that the token was said. Presence: once, however often it was."""
    (id,) = encode(" tea")
    body = body_of(CHAT, max_tokens=4, logprobs=True, top_logprobs=20, **{penalty: 1.5}, logit_bias={str(id): 60})
    _, *entries = whole(CHAT, body).choices[0].logprobs or ()
    assert [entry.token for entry in entries] == [" tea"] * 3
    others = set.intersection(*(set(entry.top) for entry in entries)) - {" tea"}
    gaps = [[entry.top[" tea"] - entry.top[other] for entry in entries] for other in others]
    assert any([one - next for one, next in pairwise(gap)] == pytest.approx(steps) for gap in gaps)


# ---------------------------------------------------------------------------------------------- log probabilities


def assert_shaped(entries: Sequence[Entry], text: str, top: int, *, bytes_told: bool) -> None:
    """Finite and at most 0, sorted, the chosen one among them, adding up to at most 1; bytes that join to the text."""
    assert "".join(entry.token for entry in entries) == text
    if bytes_told:
        assert b"".join(entry.bytes for entry in entries) == text.encode()
    for entry in entries:
        assert entry.logprob is not None
        assert -math.inf < entry.logprob <= 0
        values = list(entry.top.values())
        assert values == sorted(values, reverse=True)
        assert sum(map(math.exp, values)) <= 1 + 1e-9
        assert entry.top.get(entry.token, entry.logprob) == entry.logprob
        assert (entry.token in entry.top) == (top > 0)
        assert len(values) <= top


@pytest.mark.parametrize("top", [0, 1, 5, 20])
@pytest.mark.parametrize("canned", [None, TOLD], ids=["generated", "canned"])
@pytest.mark.parametrize("question", [QUESTION, MANY])
@pytest.mark.parametrize("heat", [{"temperature": 1}, {"temperature": 1.6, "presence_penalty": 1}])
def test_log_probabilities_of_a_chat_have_their_shape(top: int, canned: Any, question: str, heat: Any) -> None:
    """With ASCII and with letters of many bytes, drawn and canned, cool and hot."""
    body = body_of(CHAT, question, logprobs=True, top_logprobs=top, max_tokens=120, **heat)
    choice = answer(CHAT, body, canned).choices[0]
    assert_shaped(choice.logprobs or (), choice.text, top, bytes_told=choice.finish == "stop")


@pytest.mark.parametrize("stop", ["🏽", "two ships", " sh", "naïv", "e 船"])
def test_log_probabilities_end_where_the_text_does(stop: str) -> None:
    """A stop string that begins inside a token or a character leaves the bytes of just the text that is left."""
    body = body_of(CHAT, logprobs=True, top_logprobs=3, stop=stop)
    choice = answer(CHAT, body, TOLD).choices[0]
    assert choice.text == CANNED[: CANNED.index(stop)]
    assert_shaped(choice.logprobs or (), choice.text, 3, bytes_told=True)


@pytest.mark.parametrize("top", [0, 1, 5])
@pytest.mark.parametrize("canned", [None, TOLD], ids=["generated", "canned"])
def test_log_probabilities_of_a_completion_have_their_shape(top: int, canned: Any) -> None:
    """The chosen token is always told, even with 0 alternatives; offsets are those of the tokens in the text."""
    body = body_of(COMPLETIONS, MANY, logprobs=top, max_tokens=60)
    choice = answer(COMPLETIONS, body, canned).choices[0]
    assert_shaped(choice.logprobs or (), choice.text, max(top, 1), bytes_told=False)


@pytest.mark.parametrize("path", V1)
def test_greedy_takes_the_likeliest(path: str) -> None:
    """At temperature 0 each token has the highest log probability of all that are told, and not always 0."""
    wanted = {"logprobs": 5} if path == COMPLETIONS else {"logprobs": True, "top_logprobs": 5}
    entries = answer(path, body_of(path, temperature=0, **wanted)).choices[0].logprobs or ()
    assert len(entries) > 10
    assert all(entry.logprob == max(entry.top.values()) for entry in entries)
    assert any((entry.logprob or 0) < -0.1 for entry in entries)


@pytest.mark.parametrize("path", V1)
def test_asking_for_log_probabilities_changes_no_word(path: str) -> None:
    """Nor does asking for more of them, at any temperature."""
    wanted = {"logprobs": 5} if path == COMPLETIONS else {"logprobs": True, "top_logprobs": 20}
    for heat in (0, 0.7, 1, 1.7):
        body = body_of(path, temperature=heat, max_tokens=60)
        assert whole(path, body | wanted).texts == whole(path, body).texts
