"""Code as users write it, with the types that they can rely on: mypy reads it strictly, test_typing.py runs it.

A type that becomes wider, such as Any, is an error here. What must be refused stands under TYPE_CHECKING: there an
`ignore` that nothing needs is an error too.
"""

import asyncio
import unittest
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, assert_type

import openai
import pytest

import emulator
from emulator import (
    AkashMLMixin,
    CatalogError,
    Emulator,
    EmulatorInterface,
    FaultApplied,
    Finding,
    Inference,
    InProcess,
    Mistake,
    Moment,
    RuleCheck,
    ScenarioError,
    ServerClock,
    Session,
    SettingsError,
    Usage,
    Verdict,
    VirtualClock,
    emulated,
)

HELLO: list[Mapping[str, Any]] = [{"name": "hello", "reply": {"text": "Hello!"}}]
MODEL = "zai-org/GLM-5.3"


def ask(akash: EmulatorInterface) -> str | None:
    """What a test helper looks like that takes an emulator of any kind."""
    with openai.OpenAI(base_url=akash.openai_base_url, api_key=akash.key) as client:
        answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])
    return answer.choices[0].message.content


def use_a_server() -> None:
    """A server: where it is, what it answers, its clock, its record and its sessions."""
    with Emulator(scenario=HELLO, account={"credits": "5 USD"}, clock="frozen", models={}, seed="7") as akash:
        assert_type(akash, Emulator)
        assert_type(akash.url, str)
        assert_type(akash.env(), dict[str, str])
        assert_type(akash.clock, ServerClock)
        assert_type(akash.clock.now(), float)
        akash.clock.advance(60)
        assert ask(akash) == "Hello!"
        assert_type(akash.inferences, list[Inference])
        read(akash.inferences[0])
        judge(akash.verdict())
        with akash.session("other", scenario=None) as session:
            assert_type(session, Session)
            assert_type(session.clock, ServerClock)
        akash.verify()
        akash.reset()


def read(inference: Inference) -> None:
    """A record, field by field."""
    assert_type(inference.id, str)
    assert_type(inference.model, str | None)
    assert_type(inference.status, int)
    assert_type(inference.outcome, Literal["running", "completed", "failed", "hung up", "cut by client"])
    assert_type(inference.timeline, tuple[Moment, ...])
    assert_type(inference.rules, tuple[RuleCheck, ...])
    assert_type(inference.faults, tuple[FaultApplied, ...])
    assert_type(inference.usage, Usage | None)
    assert_type(inference.charge, str | None)
    assert_type(inference.rule, str | None)
    assert_type(inference.ok, bool)
    assert inference.ok


def judge(verdict: Verdict) -> None:
    """A verdict: it is true if nothing was found."""
    assert_type(verdict.findings, tuple[Finding, ...])
    assert_type(verdict.remarks, tuple[Finding, ...])
    assert_type([finding.inferences for finding in verdict.findings], list[tuple[str, ...]])
    assert verdict


def use_it_in_process() -> None:
    """No server: the clock is awaited, and the client is of the library that is asked for."""

    async def main() -> None:
        with Emulator.in_process(scenario=HELLO, clock=VirtualClock(start=0, rate=0)) as akash:
            assert_type(akash, InProcess)
            assert_type(akash.clock, VirtualClock)
            async with openai.AsyncOpenAI(
                base_url=akash.openai_base_url, api_key=akash.key, http_client=akash.client()
            ) as client:
                await client.models.list()
            await akash.clock.advance(60)

    asyncio.run(main())


def catch_mistakes() -> None:
    """What can be wrong is told by errors with data."""
    try:
        Emulator(scenario={"rules": 1})
    except ScenarioError as error:
        assert_type(error.mistakes, tuple[Mistake, ...])
        assert_type(error.mistakes[0].line, int)
    for kind in (ScenarioError, SettingsError, CatalogError):
        assert issubclass(kind, ValueError)


@emulated(scenario=HELLO)
def count(number: int, *, akash: Emulator) -> int:
    """A function with an emulator of its own, which the caller does not give."""
    ask(akash)
    return number + len(akash.inferences)


def use_the_decorator() -> None:
    """The result has the type that the function says."""
    assert_type(count(1), int)
    assert count(1) == 2


class HelloTest(AkashMLMixin, unittest.TestCase):
    """A test case with a session for each test."""

    akashml = {"scenario": HELLO}  # noqa: RUF012 (as testing.md has it)

    def test_hello(self) -> None:
        """The session is an attribute."""
        assert_type(self.akash, Session)
        assert ask(self.akash) == "Hello!"


@pytest.mark.akashml(scenario="hello")
def test_hello(akashml: Emulator | Session) -> None:
    """A test as pytest runs it: `akashml` is one of two, and both have all that a test needs."""
    assert_type(akashml.inferences, list[Inference])


def show_the_version() -> None:
    """The version is a text."""
    assert_type(emulator.__version__, str)


if TYPE_CHECKING:
    Emulator("hello")  # type: ignore[call-arg]
    Emulator(scenario=1)  # type: ignore[arg-type]
    Emulator().clock.advance(["60"])  # type: ignore[arg-type]
    Emulator().session()  # type: ignore[call-arg]
    Emulator().inferences[0].status = 200  # type: ignore[misc]
    emulator.Engine  # type: ignore[attr-defined] # noqa: B018
