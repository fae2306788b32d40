"""Which scenarios have a state: without one, several processes answer as one does, also if they share nothing."""

import asyncio
import re
from typing import Any

import pytest
from support.asgi import CHAT, PLAIN, Exchange, chat, given_way

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.engine import make_engine
from emulator.scenario.language.schema import SECTIONS
from emulator.scenario.library import SHIPPED, Library
from emulator.web.app import create_app

STATEFUL = {
    "replies": "rules: [{replies: [{text: One.}, {text: Two.}]}]",
    "times": "rules: [{replies: [{text: One., times: 2}, {text: Two.}]}]",
    "then": "rules: [{reply: {text: One.}, then: fail}]",
    "probability": "rules: [{replies: [{text: One., probability: 0.5}, {text: Two.}]}]",
    "set_state": "rules: [{when: {state: {a: b}}, reply: {text: Two.}}, {reply: {text: One., set_state: {a: b}}}]",
    "account": "account: {keys: {default: {requests_per_minute: 3}}}",
    "clock": "clock: {start: 2027-01-01}",
    "models": f"models: {{{PLAIN}: {{backends: {{slots: 1}}}}}}",
}
"""A scenario with state for each key of the language that can give it one."""
STATELESS = {
    "scenario": {"name", "aliases", "description", "rules", "unscripted", "expect"},
    "rule": {"name", "when", "reply"},
    "reply": {
        *(
            "name",
            "text",
            "json",
            "reasoning",
            "tool_calls",
            "choices",
            "generate",
            "error",
            "raw",
            "frames",
            "headers",
        ),
        *("finish", "usage", "model", "id", "stream", "faults", "retry_after", "obey"),
    },
}


def told(text: str, processes: int) -> list[tuple[int, bytes]]:
    """What is answered to the same request, again and again, by so many processes in turn, without ids."""
    catalog, clock = Catalog.load(), VirtualClock(EPOCH, rate=0)
    engines = [make_engine(Settings(), catalog, clock, Library(catalog, [])) for _ in range(processes)]

    async def play() -> list[Exchange]:
        for engine in engines:
            await engine.activate(engine.library.put("story", text).scenario.name)
        apps, asked = [create_app(engine) for engine in engines], []
        for number in range(8):
            asked.append(Exchange(apps[number % processes], "POST", CHAT, chat("What is the weather like?")))
            answering = asyncio.ensure_future(asked[-1].run())
            await given_way()
            await clock.advance(1)
            await asyncio.wait([answering], timeout=0)
            if not answering.done():
                await clock.advance(600)
            await asyncio.gather(answering, return_exceptions=True)
        return asked

    return [
        (each.status, re.sub(rb'"(id|request_id|created)": ?("[^"]*"|\d+)', b"", each.body))
        for each in asyncio.run(play())
    ]


def has_state(text: str) -> bool:
    """Whether a scenario has a state."""
    return Library(Catalog.load(), []).put("story", text).scenario.has_state


@pytest.mark.parametrize("key", STATEFUL)
def test_what_gives_a_scenario_a_state_is_seen(key: str) -> None:
    """Each key of the language that does."""
    assert has_state(STATEFUL[key])


def test_each_key_of_the_language_is_known_to_give_a_state_or_none() -> None:
    """A new one has to be decided on."""
    for section, keys in STATELESS.items():
        own = {key.name for each in SECTIONS if each.name == section for key in each.table()}
        assert own - STATEFUL.keys() == keys, section


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_several_processes_answer_as_one_without_state(path: Any) -> None:
    """Every shipped scenario without a state: they share nothing, and it makes no difference but in ids."""
    text = path.read_text(encoding="utf-8")
    if not has_state(text):
        assert told(text, 2) == told(text, 1)
