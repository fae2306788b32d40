"""The real SDKs under real limits: they heal themselves where that helps, give up at once where it does not."""

import asyncio
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from support.asgi import PLAIN
from support.sdk import Driver, drive

from emulator import Emulator, VirtualClock
from emulator.core.clock import EPOCH

KEY = "akml-test"
USER = {"role": "user", "content": "How is the weather?"}
SUNNY = "It is sunny in Lisbon."
CLIENTS = {
    "openai": (openai.OpenAI, httpx2.Client),
    "async openai": (openai.AsyncOpenAI, httpx2.AsyncClient),
    "anthropic": (anthropic.Anthropic, httpx2.Client),
    "async anthropic": (anthropic.AsyncAnthropic, httpx2.AsyncClient),
}


class Watched:
    """A client of one of the SDKs; `statuses` are those of the answers that it got, also of those that it retried."""

    def __init__(self, sdk: str, akash: Emulator, retries: int, running_after: int | None = None) -> None:
        self.statuses: list[int] = []
        self.waits: list[str | None] = []
        self._of_openai = "openai" in sdk
        self._akash = akash
        self._running_after = running_after
        of_sdk, of_http = CLIENTS[sdk]
        hook = self._heard_later if "async" in sdk else self._heard
        options: dict[str, Any] = {"api_key": KEY, "max_retries": retries}
        options["http_client"] = of_http(event_hooks={"response": [hook]})
        options["base_url"] = akash.openai_base_url if self._of_openai else akash.anthropic_base_url
        self.client: Any = of_sdk(**options)

    def _heard(self, response: httpx2.Response) -> None:
        self.statuses.append(response.status_code)
        self.waits.append(response.headers.get("retry-after"))
        if response.status_code == self._running_after:
            control(self._akash, "clock", {"run": True})

    async def _heard_later(self, response: httpx2.Response) -> None:
        self._heard(response)

    def ask(self, driver: Driver, **more: Any) -> Any:
        """One request."""
        body: dict[str, Any] = {"model": PLAIN, "max_tokens": 50, "messages": [USER], **more}
        if self._of_openai:
            return driver(lambda client: client.chat.completions.create(**body))
        return driver(lambda client: client.messages.create(**body))


def control(akash: Emulator, path: str, body: Any = None) -> Any:
    """What a control route answers to a POST of this body, or without one to a GET."""
    url = f"{akash.url}/_emulator/{path}"
    done = httpx2.get(url, params={"key": KEY}) if body is None else httpx2.post(url, json=body)
    assert done.status_code == 200, done.text
    return done.json()


def playing(scenario: str) -> Emulator:
    """An emulator with a clock that stands still, which plays a shipped scenario for every key."""
    return Emulator(scenario=scenario, clock=VirtualClock(EPOCH, rate=0))


def said(answer: Any) -> str:
    """The text of an answer."""
    text = answer.choices[0].message.content if hasattr(answer, "choices") else answer.content[0].text
    return str(text)


@pytest.mark.parametrize("sdk", CLIENTS)
def test_three_requests_a_minute_heal_by_themselves(sdk: str) -> None:
    """The fourth request is a 429, and the one retry passes: the SDK has waited for as long as it was told.

    Nobody waits for a minute: the clock stands 600 ms before its end when the fourth request comes, and runs from its
    429 on. Without a Retry-After an SDK waits for half a second at most, which would be too short.
    """
    with playing("three-a-minute") as akash:
        watched = Watched(sdk, akash, retries=1, running_after=429)
        with drive(watched.client) as driver:
            assert said(watched.ask(driver)) == SUNNY
            control(akash, "clock", {"advance": 59.4})
            assert [said(watched.ask(driver)) for _ in range(3)] == [SUNNY] * 3
        assert watched.statuses == [200, 200, 200, 429, 200]
        assert watched.waits == [None, None, None, "0.600", None]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("sdk", CLIENTS)
def test_without_credits_they_raise_at_once(sdk: str, stream: bool) -> None:
    """A 402 is one request: no SDK tries again, and a purchase lets the same request pass."""
    with playing("low-credits") as akash:
        control(akash, "credits", {"key": KEY, "take": "0.0001 USD"})
        watched = Watched(sdk, akash, retries=5)
        with drive(watched.client) as driver:
            with pytest.raises((openai.APIStatusError, anthropic.PaymentRequiredError)) as raised:
                watched.ask(driver, stream=stream)
            assert (getattr(raised.value, "status_code", None), watched.statuses) == (402, [402])
            control(akash, "credits", {"key": KEY, "purchase": "5 USD"})
            assert said(watched.ask(driver)) == SUNNY


@pytest.mark.parametrize("sdk", ["async openai", "async anthropic"])
def test_of_fifty_parallel_streams_five_are_in_flight(sdk: str) -> None:
    """Five begin and the others are a 429, wave after wave, until all fifty have had their whole answer."""
    with playing("one-at-a-time") as akash:
        control(akash, "account", {"key": KEY, "policy": {"concurrency": 5}})
        asyncio.run(waves(Watched(sdk, akash, retries=0), akash))


async def waves(watched: Watched, akash: Emulator) -> None:
    """Ask for fifty streams; as long as some are refused, let those that run end, and ask for the others again."""
    create = (
        watched.client.chat.completions.create if hasattr(watched.client, "chat") else watched.client.messages.create
    )
    missing = 50
    async with watched.client:
        while missing:
            body = {"model": PLAIN, "max_tokens": 50, "messages": [USER], "stream": True}
            asked = await asyncio.gather(*[create(**body) for _ in range(missing)], return_exceptions=True)
            refused = [error for error in asked if isinstance(error, BaseException)]
            assert (len(asked) - len(refused), in_flight(akash)) == (5, 5)
            assert all(isinstance(error, openai.RateLimitError | anthropic.RateLimitError) for error in refused)
            await asyncio.to_thread(control, akash, "clock", {"advance": 60})
            for stream in asked:
                if not isinstance(stream, BaseException):
                    assert [event async for event in stream]
            assert in_flight(akash) == 0
            missing -= 5


def test_who_has_read_an_answer_may_ask_again_at_once() -> None:
    """One at a time, one after the other without a pause: a slot is free before the end of the stream is sent."""
    with Emulator(scenario="one-at-a-time", clock=VirtualClock(EPOCH, rate=10_000)) as akash:
        watched = Watched("openai", akash, retries=0)
        with drive(watched.client) as driver:
            for _ in range(40):
                with watched.ask(driver, stream=True) as stream:
                    assert "".join(part.choices[0].delta.content or "" for part in stream) == SUNNY
    assert watched.statuses == [200] * 40


def in_flight(akash: Emulator) -> int:
    """How many requests the key has in flight."""
    count: int = control(akash, "account")["in_flight"]
    return count


def test_the_queue_of_a_busy_backend_makes_answers_late() -> None:
    """Of four at once three are answered, one after the other, and the last has waited too long: a 429 after ten."""
    with playing("busy-backend") as akash:
        assert asyncio.run(four(akash)) == [(200, 4.0), (200, 8.0), (429, 10.0), (200, 12.0)]


async def four(akash: Emulator) -> list[tuple[int, float]]:
    """The statuses of four requests side by side, and how long each of them took on the emulator's clock."""
    ended: list[tuple[int, float]] = []

    async def one(client: openai.AsyncOpenAI) -> None:
        asked = client.chat.completions.with_raw_response.create(model=PLAIN, messages=[USER])  # type: ignore[list-item]
        try:
            status = (await asked).status_code
        except openai.APIStatusError as error:
            status = error.status_code
        ended.append((status, akash.clock.now() - EPOCH))

    async with openai.AsyncOpenAI(base_url=akash.openai_base_url, api_key=KEY, max_retries=0) as client:
        tasks = [asyncio.ensure_future(one(client)) for _ in range(4)]
        while sum(at_the_backend(akash)) < 4:  # noqa: ASYNC110 (the server tells it, and no event does)
            await asyncio.sleep(0)
        for done, length in enumerate((4, 4, 2, 2), start=1):
            await asyncio.to_thread(control, akash, "clock", {"advance": length})
            while len(ended) < done:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                tasks = [task for task in tasks if not task.done()]
    return ended


def at_the_backend(akash: Emulator) -> tuple[int, int]:
    """How many requests run on the model, and how many wait for that."""
    (model,) = [model for model in control(akash, "backends")["models"] if model["model"] == PLAIN]
    return model["running"], model["waiting"]
