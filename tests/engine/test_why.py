"""Why a request got its answer, in one sentence that needs no knowledge of the scenario."""

import pytest
from support.asgi import CHAT, PLAIN, ask, make_engine

from emulator.web.app import create_app

STORY = """
name: desk
rules:
  - {name: greeting, when: {last_user: {equals: hello}}, reply: {text: Hello!}}
  - {name: once, when: {last_user: {contains: coupon}}, then: unscripted, replies: [{text: SAVE10, times: 1}]}
  - {name: refund, when: {last_user: {contains: refund}, turn: 0}, reply: {text: Which order?}}
  - {name: order, when: {last_user: {matches: "order (?P<number>[0-9]+)"}}, reply: {text: "Order {{ match.number }}"}}
  - {name: pirate, when: {system: {contains: pirate}}, reply: {text: Arr}}
  - {name: weather, when: {tools: get_weather, last_user: {contains: weather}}, reply: {text: Sunny}}
  - {name: streamed, when: {stream: true, last_user: {contains: count}}, reply: {text: 1 2 3}}
  - {name: busy, when: {last_user: {contains: busy}}, reply: {error: 429, retry_after: 2s}}
  - {name: last, when: {last_user: {contains: goodbye}}, then: fail, replies: [{text: Bye, times: 1}]}
  - {name: model, when: {model: "*gpt-oss*", last_user: {contains: who}}, reply: {text: A model}}
  - {name: long, when: {last_user: {contains: story}, turn: 3}, reply: {text: Once}}
  - {name: thanks, when: {last_user: {contains: thanks}}, reply: {text: You are welcome}}
"""


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (
            ["hello"],
            "The rule 'greeting' (line 4) of the scenario 'desk' (chosen by the key) matches: "
            'it expects last_user to be "hello".',
        ),
        (
            ["Hello!"],
            "The generator answered; no rule of the scenario 'desk' (chosen by the key) matches. "
            'The nearest is refund (line 6): last_user: expected to contain "refund", got "Hello!".',
        ),
        (
            ["a coupon", "a coupon"],
            "The generator answered; the rule 'once' (line 5) of the scenario 'desk' (chosen by the key) matches, "
            "but has no reply left for this request (then: unscripted).",
        ),
        (
            ["order 17"],
            "The rule 'order' (line 7) of the scenario 'desk' (chosen by the key) matches: "
            'it expects last_user to match "order (?P<number>[0-9]+)".',
        ),
        (
            ["the weather"],
            "The generator answered; no rule of the scenario 'desk' (chosen by the key) matches. "
            'The nearest is weather (line 9): tools: expected to be "get_weather", got nothing.',
        ),
        (
            ["count"],
            "The generator answered; no rule of the scenario 'desk' (chosen by the key) matches. "
            "The nearest is streamed (line 10): stream: expected to be true, got false.",
        ),
        (
            ["busy?"],
            "The rule 'busy' (line 11) of the scenario 'desk' (chosen by the key) matches: "
            'it expects last_user to contain "busy".',
        ),
        (
            ["goodbye", "goodbye"],
            "The request was refused with not_found; the rule 'last' (line 12) of the scenario 'desk' "
            "(chosen by the key) matches, but has no reply left for this request (then: fail). "
            "It says: The rule 'last' has no more replies.",
        ),
        (
            ["who are you"],
            "The generator answered; no rule of the scenario 'desk' (chosen by the key) matches. "
            'The nearest is model (line 13): model: expected to be "*gpt-oss*", '
            'got "meta-llama/Llama-3.3-70B-Instruct".',
        ),
        (
            ["thanks"],
            "The rule 'thanks' (line 15) of the scenario 'desk' (chosen by the key) matches: "
            'it expects last_user to contain "thanks".',
        ),
    ],
)
def test_the_reason_is_one_sentence(texts: list[str], why: str) -> None:
    """The record of the last of these requests says why it got its answer."""
    engine = make_engine()
    engine.library.put("desk", STORY)
    app = create_app(engine)
    for text in texts:
        ask(app, "POST", CHAT, {"model": PLAIN, "messages": [{"role": "user", "content": text}]}, key="akml-desk--1")
    assert engine.store.inferences.all()[-1].why == why
