"""What holds for any combination of parameters, on every endpoint, whole and streamed, generated and canned."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.asgi import CHAT, COMPLETIONS, MESSAGES, PLAIN, REASONING
from support.documented_parameters import SAMPLED
from support.parameters import CANNED, QUESTION, Answer, answer, body_of, whole

from emulator.core.tokens import END, encode

PROMPTS = [QUESTION, "Why is the sea salty?", "Erzähl mir von der Straße 👍🏽", "Say hello", ""]
REPLIES = st.sampled_from(
    [None, None, {"text": CANNED}, {"text": "x"}, {"reasoning": "I think of ships.", "text": CANNED}]
)
STOPS = [" the", "a", ".", "\n", " 船", "🏽", "hip", "zzz", " th"]
IDS = [*encode(" the a ship.\n船👍"), END]


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects in which each field may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


BOTH = {
    **{name: each.values for name, each in SAMPLED.items()},
    "logit_bias": st.dictionaries(st.sampled_from(IDS).map(str), st.sampled_from([-100, -2, 3, 100]), max_size=2),
    "seed": st.integers(0, 9),
    "n": st.integers(1, 3),
    "stop": st.lists(st.sampled_from(STOPS), max_size=3),
    "stop_token_ids": st.lists(st.sampled_from(IDS), max_size=2),
}
CHATS = optional(
    **BOTH,
    model=st.sampled_from([PLAIN, REASONING]),
    logprobs=st.just(True),
    reasoning=st.sampled_from([{"exclude": True}, {"effort": "low"}, {"max_tokens": 5}, {"enabled": False}]),
    response_format=st.just({"type": "json_object"}),
)
COMPLETED = optional(**BOTH, echo=st.booleans(), logprobs=st.integers(0, 5))
MESSAGED = optional(
    temperature=st.sampled_from([0, 0.7, 1]),
    top_p=st.sampled_from([0, 0.3, 1]),
    top_k=st.sampled_from([0, 1, 3]),
    seed=st.integers(0, 9),
    stop=st.lists(st.sampled_from([stop for stop in STOPS if stop.strip()]), max_size=3),
    model=st.sampled_from([PLAIN, REASONING]),
    thinking=st.sampled_from([{"type": "disabled"}, {"type": "adaptive"}]),
)
LIMITS = st.integers(1, 60)
MANY = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def check(path: str, body: dict[str, Any], reply: Any) -> Answer:
    """The laws of one answer; that the stream joins to the body is a part of asking."""
    told = answer(path, body, reply, strictness="openai")
    assert whole(path, body, reply, strictness="openai").body == told.body, "the same request has the same bytes"
    limit = body["max_tokens"]
    assert told.completion <= limit * len(told.choices)
    for choice in told.choices:
        assert choice.finish in ("stop", "length")
        text = choice.text.removeprefix(body["prompt"]) if body.get("echo") else choice.text
        assert not any(stop in text for stop in body.get("stop") or body.get("stop_sequences") or ())
    if all(choice.finish == "length" for choice in told.choices):
        assert told.completion == limit * len(told.choices)
    return told


@MANY
@given(st.sampled_from(PROMPTS), CHATS, LIMITS, REPLIES)
def test_any_chat(prompt: str, more: dict[str, Any], limit: int, reply: Any) -> None:
    """Usage adds up, choice by choice; stop strings never appear; length is not exceeded; stream equals body."""
    told = check(CHAT, body_of(CHAT, prompt, **more, max_tokens=limit), reply)
    if "logprobs" in more and more.get("model") != REASONING and not (reply or {}).get("reasoning"):
        assert told.completion == sum(len(choice.logprobs or ()) for choice in told.choices)
    for choice in told.choices:
        assert choice.logprobs is None or "".join(entry.token for entry in choice.logprobs) == choice.text


@MANY
@given(st.sampled_from(PROMPTS), COMPLETED, LIMITS, REPLIES)
def test_any_completion(prompt: str, more: dict[str, Any], limit: int, reply: Any) -> None:
    """The same of a text completion; with log probabilities, each token that is counted has one."""
    told = check(COMPLETIONS, body_of(COMPLETIONS, prompt, **more, max_tokens=limit), reply)
    if "logprobs" in more and not (reply or {}).get("reasoning"):
        echoed = told.prompt if more.get("echo") else 0
        assert told.completion == sum(len(choice.logprobs or ()) - echoed for choice in told.choices)


@MANY
@given(st.sampled_from(PROMPTS), MESSAGED, LIMITS, REPLIES)
def test_any_message(prompt: str, more: dict[str, Any], limit: int, reply: Any) -> None:
    """The same of a message; a stop sequence that ended it is named, and only then."""
    body = body_of(MESSAGES, prompt, **more, max_tokens=limit)
    (choice,) = check(MESSAGES, body, reply).choices
    assert choice.stop_sequence is None or choice.stop_sequence in body["stop_sequences"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([CHAT, COMPLETIONS]),
    optional(**{name: strategy for name, strategy in BOTH.items() if name not in ("n", "seed")}),
    st.integers(1, 40),
    st.integers(1, 40),
    REPLIES,
)
def test_a_smaller_limit_says_the_beginning(path: str, more: dict[str, Any], one: int, other: int, reply: Any) -> None:
    """Whatever else is asked for: max_tokens only cuts."""
    short, long = (answer(path, body_of(path, **more, max_tokens=limit), reply) for limit in (one, one + other))
    one_text, longer = short.texts[0], long.texts[0]
    if short.finishes == ["stop"]:
        assert longer == one_text
    else:  # a limit may cut inside of a stop string, of which the longer answer then has nothing
        assert longer.startswith(one_text) or (more.get("stop") and one_text.startswith(longer))


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([CHAT, COMPLETIONS, MESSAGES]),
    optional(temperature=st.sampled_from([0.7, 1]), top_p=st.sampled_from([0.9, 1]), n=st.integers(1, 2)),
    st.sets(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=3),
)
def test_other_seeds_say_other_things(path: str, more: dict[str, Any], seeds: set[int]) -> None:
    """In as many choices as there are; and each seed says the same each time, which `check` sees."""
    told = [check(path, body_of(path, **more, seed=seed), None) for seed in sorted(seeds)]
    assert len({tuple(one.texts) for one in told}) == len(seeds)
