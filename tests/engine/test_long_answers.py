"""How large an answer may be, and that no more of it is made than is read."""

import time
from itertools import islice
from typing import Any

import pytest
from support.asgi import CHAT, COMPLETIONS, MESSAGES, chat, completion, error_of, make_engine, message, post
from support.parameters import body_of

from emulator.core.vocabulary import InferenceRequest, Message, Progress, Sampling
from emulator.store.outside import at_once

LARGEST = 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, chat(n=2, max_tokens=100)),
        (CHAT, chat(n=4, max_tokens=10, logprobs=True, top_logprobs=3)),
        (CHAT, chat(n=10, max_tokens=10, logprobs=True)),
        (CHAT, chat(max_tokens=200, stream=True)),
        (COMPLETIONS, completion(["a", "b"], n=5, max_tokens=20)),
        (COMPLETIONS, completion(best_of=10, max_tokens=20)),
        (COMPLETIONS, completion("a", echo=True, max_tokens=199)),
        (MESSAGES, message(max_tokens=200)),
    ],
    ids=lambda part: "" if isinstance(part, dict) else part,
)
def test_a_larger_answer_is_refused(path: str, body: dict[str, Any]) -> None:
    """An answer of max_answer is given; one token more for each choice is a 400 that tells the setting."""
    assert post(path, body, max_answer=LARGEST).status == 200
    larger = {**body, "max_tokens": body["max_tokens"] + 1}
    if "logprobs" in body:
        larger["max_tokens"] = LARGEST
    refused = post(path, larger, max_answer=LARGEST)
    assert refused.status == 400
    assert f"the setting max_answer allows {LARGEST}" in error_of(refused)["message"]


def test_without_max_tokens_an_answer_is_cut() -> None:
    """Nobody asked for a number of tokens, so the answer ends where it is as large as it may be."""
    choices = post(CHAT, chat("Tell me a long story.", n=3, ignore_eos=True), max_answer=30).json["choices"]
    assert [choice["finish_reason"] for choice in choices] == ["length"] * 3
    assert post(CHAT, chat(n=31), max_answer=30).status == 400


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(n=128, max_tokens=16_000, ignore_eos=True),
        Sampling(n=4, max_tokens=8_000, ignore_eos=True, logprobs=20),
        Sampling(n=100, max_tokens=16_000, ignore_eos=True, frequency_penalty=0.5),
        Sampling(n=100, max_tokens=16_000, ignore_eos=True, stop=("Atlantis",)),
        Sampling(n=100, max_tokens=16_000, ignore_eos=True, seed=1, temperature=1.5),
    ],
    ids=["plain", "log probabilities", "penalty", "stop", "temperature"],
)
def test_no_more_is_made_than_is_read(sampling: Sampling) -> None:
    """The first thousand steps of an answer of millions of tokens cost as much as a short answer."""
    model = "zai-org/GLM-5.3"
    request = InferenceRequest("chat", model, messages=(Message("user", "Hello!"),), sampling=sampling, stream=True)
    start = time.process_time()
    plan = at_once(make_engine().plan(request))
    assert sum(step.event.tokens for step in islice(plan.steps, 1_000)) > 500
    assert time.process_time() - start < 5


def test_a_comparison_tells_its_progress() -> None:
    """While the candidates of best_of are compared, steps come in which nothing is sent."""
    body = body_of(COMPLETIONS, best_of=5, n=1, max_tokens=640, ignore_eos=True)
    sampling = Sampling(n=1, best_of=5, max_tokens=640, ignore_eos=True)
    request = InferenceRequest("completions", body["model"], prompts=("Once",), sampling=sampling)
    steps = list(at_once(make_engine().plan(request)).steps)
    assert sum(isinstance(step.event, Progress) for step in steps) >= 5 * 640 / 64
