"""Shipped scenarios that need more than one request to be told, played over HTTP to the real SDKs."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import anthropic
import openai
import pytest
from support.asgi import PLAIN
from support.shipped_requests import PICTURES

from emulator import Emulator

SUNNY = "It is sunny in Lisbon."
ROUND = "It is sunny in Lisbon today. "
"""What the greedy loop repeats, in 8 tokens."""


@pytest.fixture(scope="module")
def akash() -> Iterator[Emulator]:
    """One emulator for all: a scenario is chosen by its key."""
    with Emulator() as emulator:
        yield emulator


class Chat(AbstractContextManager["Chat"]):
    """A conversation with openai-python: each turn is kept, as clients do, and sent again with the next."""

    rejected: type[Exception] = openai.BadRequestError
    picture = PICTURES["chat"]

    def __init__(self, akash: Emulator, scenario: str) -> None:
        self.turns: list[Any] = []
        self._client: Any = openai.OpenAI(base_url=akash.openai_base_url, api_key=f"akml-{scenario}", max_retries=0)

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def say(self, *parts: Any) -> str:
        """The answer to one more turn of the user."""
        self.turns.append({"role": "user", "content": list(parts)})
        text = self.answer()
        self.turns.append({"role": "assistant", "content": text})
        return text

    def answer(self) -> str:
        """The text of the answer to all that was said."""
        told = self._client.chat.completions.create(model=PLAIN, messages=self.turns)
        return str(told.choices[0].message.content)


class Messages(Chat):
    """The same with anthropic-python."""

    rejected = anthropic.BadRequestError
    picture = PICTURES["messages"]

    def __init__(self, akash: Emulator, scenario: str) -> None:
        self.turns = []
        self._client = anthropic.Anthropic(base_url=akash.anthropic_base_url, api_key=f"akml-{scenario}", max_retries=0)

    def answer(self) -> str:
        """The text of the answer to all that was said."""
        return str(self._client.messages.create(model=PLAIN, messages=self.turns, max_tokens=200).content[0].text)


@pytest.mark.parametrize("client", [Chat, Messages])
def test_a_picture_poisons_each_later_turn(akash: Emulator, client: type[Chat]) -> None:
    """As long as the picture is in the conversation, text is refused, too; without it, the conversation goes on."""
    text = {"type": "text", "text": "What is the weather like?"}
    with client(akash, "picture-in-history") as chat:
        assert chat.say(text) == SUNNY
        for parts in ((text, chat.picture), (text,), (text,)):
            with pytest.raises(chat.rejected, match="Model only supports text input"):
                chat.say(*parts)
        assert [turn["role"] for turn in chat.turns] == ["user", "assistant", "user", "user", "user"]
        del chat.turns[2]
        assert chat.answer() == SUNNY


@pytest.mark.parametrize("stream", [False, True])
def test_a_greedy_loop_goes_on_to_the_limit(akash: Emulator, stream: bool) -> None:
    """At temperature 0 it is cut at the model's limit, or at max_tokens; at any other it ends by itself."""

    def ask(**more: Any) -> tuple[str, str, int]:
        options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
        user = {"role": "user", "content": "What is the weather like?"}
        told = client.chat.completions.create(model=PLAIN, messages=[user], **options, **more)
        if not stream:
            return told.choices[0].message.content, told.choices[0].finish_reason, told.usage.completion_tokens
        text, finish, tokens = "", "", 0
        for chunk in told:
            for choice in chunk.choices:
                text, finish = text + (choice.delta.content or ""), choice.finish_reason or finish
            tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        return text, finish, tokens

    client: Any
    with openai.OpenAI(base_url=akash.openai_base_url, api_key="akml-greedy-loop", max_retries=0) as client:
        assert ask(temperature=0) == (ROUND * 499 + ROUND.strip(), "length", 4000)
        assert ask(temperature=0, max_tokens=16) == (ROUND + ROUND.strip(), "length", 16)
        assert ask(temperature=0.2)[:2] == ask()[:2] == (SUNNY, "stop")


def test_a_queue_that_runs_out_of_time_is_a_rate_limit_to_the_sdks(akash: Emulator) -> None:
    """Twice a 429 with a code of its own and a Retry-After, and then the answer."""
    key, prompt = "akml-queue-timeout--sdk", "What is the weather like?"
    with openai.OpenAI(base_url=akash.openai_base_url, api_key=key, max_retries=0) as client:
        for _ in range(2):
            with pytest.raises(openai.RateLimitError) as caught:
                client.completions.create(model=PLAIN, prompt=prompt)
            assert (caught.value.code, caught.value.response.headers["retry-after"]) == ("queue_timeout", "1")
        assert client.completions.create(model=PLAIN, prompt=prompt).choices[0].text == SUNNY
