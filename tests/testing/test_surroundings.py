"""What surrounds a test does not keep its client from the emulator: proxies in the environment, and a stopped time."""

import asyncio
import os
import unittest
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import anthropic
import openai
import pytest

from emulator import Emulator
from emulator.testing import AkashMLMixin, InProcess, emulated, environment

NOBODY = "http://127.0.0.1:9"
PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
PACED = [{"reply": {"text": "It is {{ now.strftime('%Y') }}.", "stream": {"first_token": "10ms"}}}]
ASKED: dict[str, Any] = {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Which year is it?"}]}


def asked_with_both_sdks() -> list[str]:
    """The answers that the SDKs get, which only the environment leads."""
    with openai.OpenAI(max_retries=0, timeout=10) as chat, anthropic.Anthropic(max_retries=0, timeout=10) as messages:
        said = chat.chat.completions.create(**ASKED).choices[0].message.content or ""
        block: Any = messages.messages.create(**ASKED, max_tokens=50).content[0]
        return [said, block.text]


@pytest.fixture
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without a proxy, whatever the machine has."""
    for name in [*PROXIES, "NO_PROXY", "no_proxy"]:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


# ---------------------------------------------------------------------------------------------- proxies


@pytest.mark.parametrize("proxies", [[name] for name in PROXIES] + [PROXIES], ids="-".join)
@pytest.mark.parametrize("bypassed", [{}, {"NO_PROXY": "example.com"}, {"no_proxy": "example.com"}], ids=str)
def test_a_proxy_does_not_get_the_requests(
    without_proxies: pytest.MonkeyPatch, proxies: list[str], bypassed: dict[str, str]
) -> None:
    """The SDKs reach the emulator with any proxy in the environment, which is afterwards as it was."""
    for name in proxies:
        without_proxies.setenv(name, NOBODY)
    for name, hosts in bypassed.items():
        without_proxies.setenv(name, hosts)
    before = dict(os.environ)
    with Emulator(scenario=[{"reply": {"text": "Here."}}]) as akash, environment(akash.env()):
        assert asked_with_both_sdks() == ["Here.", "Here."]
        assert all(host in os.environ["NO_PROXY"] for host in bypassed.values())
    assert dict(os.environ) == before


def test_the_decorator_and_the_mixin_bypass_a_proxy(without_proxies: pytest.MonkeyPatch) -> None:
    """Whatever sets the variables of the SDKs sets those of the proxies too."""
    without_proxies.setenv("HTTP_PROXY", NOBODY)

    @emulated(scenario=[{"reply": {"text": "Here."}}])
    def decorated(akash: Emulator) -> None:
        assert asked_with_both_sdks() == ["Here.", "Here."]

    class Case(AkashMLMixin, unittest.TestCase):
        akashml = {"scenario": [{"reply": {"text": "Here."}}]}  # noqa: RUF012 (as users write)

        def test_it(self) -> None:
            """Asks through the environment."""
            self.assertEqual(asked_with_both_sdks(), ["Here.", "Here."])

    decorated()
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])


# ---------------------------------------------------------------------------------------------- a stopped time


def frozen_by_freezegun() -> AbstractContextManager[Any]:
    """The time of 1999, at which time.time and time.monotonic stand still."""
    return pytest.importorskip("freezegun").freeze_time("1999-01-01")  # type: ignore[no-any-return]


def frozen_by_time_machine() -> AbstractContextManager[Any]:
    """The time of 1999, at which the clock of the C library seems to stand still."""
    return pytest.importorskip("time_machine").travel("1999-01-01", tick=False)  # type: ignore[no-any-return]


@pytest.mark.parametrize("frozen", [frozen_by_freezegun, frozen_by_time_machine])
def test_a_test_that_stops_the_time_gets_a_paced_answer(frozen: Callable[[], AbstractContextManager[Any]]) -> None:
    """The emulator's own clock goes on from where it was, and templates show its time."""
    with Emulator(scenario=PACED, clock={"start": "2030-06-01"}) as akash, environment(akash.env()):
        with frozen():
            before = akash.clock.now()
            assert asked_with_both_sdks() == ["It is 2030.", "It is 2030."]
            assert akash.clock.now() >= before + 0.02
        akash.clock.freeze()
        with frozen():
            before = akash.clock.now()
            akash.clock.advance(60)
            assert akash.clock.now() == before + 60


@pytest.mark.parametrize("frozen", [frozen_by_freezegun, frozen_by_time_machine])
def test_an_emulator_that_starts_in_a_stopped_time(frozen: Callable[[], AbstractContextManager[Any]]) -> None:
    """It starts, answers at its pace, and stops."""
    with frozen(), Emulator(scenario=PACED) as akash, environment(akash.env()):
        first, second = asked_with_both_sdks()
    assert first == second
    assert len(akash.inferences) == 2


def in_process(frozen: AbstractContextManager[Any], **more: Any) -> str:
    """The answer to a client in the event loop of the test."""

    async def main(akash: InProcess) -> str:
        async with openai.AsyncOpenAI(
            base_url=akash.openai_base_url, api_key=akash.key, http_client=akash.client()
        ) as client:
            asking = asyncio.ensure_future(client.chat.completions.create(**ASKED))
            if not akash.clock.rate:
                while not akash.inferences:  # noqa: ASYNC110 (nothing tells it)
                    await asyncio.sleep(0)
                await akash.clock.advance(1)
            return (await asking).choices[0].message.content or ""

    with frozen, Emulator.in_process(scenario=PACED, **more) as akash:
        return asyncio.run(main(akash))


def test_in_process_the_time_of_the_loop_must_go_on() -> None:
    """time-machine leaves the event loop its time, and freezegun does with real_asyncio."""
    freezegun = pytest.importorskip("freezegun")
    assert in_process(freezegun.freeze_time("1999-01-01", real_asyncio=True), clock={"start": "2030-06-01"}) == (
        "It is 2030."
    )
    assert in_process(frozen_by_time_machine(), clock={"start": "2030-06-01"}) == "It is 2030."


@pytest.mark.parametrize("frozen", [frozen_by_freezegun, frozen_by_time_machine])
def test_in_process_a_frozen_clock_is_moved(frozen: Callable[[], AbstractContextManager[Any]]) -> None:
    """With a clock that the test moves itself, nothing depends on the time of the event loop."""
    assert in_process(frozen(), clock="frozen") == "It is 2026."
