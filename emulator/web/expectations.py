"""Which scenarios the requests with each key were asked of, and whether what they expect was met."""

from collections.abc import Sequence
from typing import NamedTuple

from emulator.account.keys import shown
from emulator.core.nearest import nearest
from emulator.core.slices import listed, sliced
from emulator.engine import Engine
from emulator.inferences.inference import Inference
from emulator.inferences.readable import shortened
from emulator.inferences.selecting import Selection
from emulator.inferences.verdict import unmet
from emulator.inferences.verdict.conversations import Contents
from emulator.scenario.library import LoadedScenario
from emulator.scenario.reading.mistakes import ScenarioError

_SHOWN_KEYS = 10
_REFUSED = frozenset({"unauthorized", "not_found"})
"""Who answered a request for which no scenario could be chosen."""


class Judged(NamedTuple):
    """The requests with one key, the scenarios that they were asked of, and a sentence for each unmet expectation.

    Without a `key` it is the scenario of the server, which no request was asked of.
    """

    key: str | None
    asked: Sequence[Inference]
    scenarios: tuple[str, ...]
    unmet: tuple[str, ...]
    rules: tuple[str, ...] = ()
    """The names of the rules of these scenarios."""


async def judged(engine: Engine, key: str | None = None, default: str = "") -> list[Judged]:
    """The requests with this key, or those with each key by themselves; without any, the scenario of the `default` key.

    The scenario that plays for the `default` key is always judged, even if no key played it. Raises `Rejected` for a
    key whose scenario cannot be played.
    """
    record = engine.store.inferences
    await record.refresh()
    asked: dict[str, list[Inference]] = {each: [] for each in ([key] if key is not None else record.keys())}
    by_namespace = {record.namespace(each): inferences for each, inferences in asked.items()}
    contents = Contents()
    async for each in sliced(record.select(Selection(), key, shortened)):
        if each is not None:
            by_namespace[each.namespace].append(contents.of(each))
    found = [await _judged(engine, *each) for each in asked.items()]
    if key is None:
        playing = await engine.playing(default)
        names = {name for each in found for name in each.scenarios}
        if playing is not None and playing.scenario.name not in names and playing.scenario.expect:
            found.append(Judged(None, (), (playing.scenario.name,), await _unmet([playing], ())))
    return found


def nothing_asked(engine: Engine, key: str | None = None) -> str | None:
    """Why there is nothing to judge; None if something was asked."""
    keys = engine.store.inferences.keys()
    if key is None:
        return None if keys else "nothing was asked of this server since it started or was reset"
    if key in keys:
        return None
    seen = [shown(each, engine.library) if each else "no key" for each in keys]
    if len(seen) > _SHOWN_KEYS:
        seen[_SHOWN_KEYS:] = [f"{len(seen) - _SHOWN_KEYS} more"]
    near = nearest(key, keys)
    hint = f"; did you mean {shown(near, engine.library)}?" if near else ";"
    return f"nothing was asked of this key{hint} keys seen: {', '.join(seen) or 'none'}"


async def _judged(engine: Engine, key: str, asked: Sequence[Inference]) -> Judged:
    stories = await _stories(engine, key, asked)
    rules = tuple(rule.name for each in stories for rule in each.scenario.rules)
    return Judged(key, asked, tuple(each.scenario.name for each in stories), await _unmet(stories, asked), rules)


async def _stories(engine: Engine, key: str, asked: Sequence[Inference]) -> list[LoadedScenario]:
    """The scenario that plays for a key, unless no request got past its key, and those that its requests named."""
    refused = bool(asked) and all(each.answered_by in _REFUSED for each in asked)
    playing = None if refused else await engine.playing(key)
    found = {} if playing is None else {playing.scenario.name: playing}
    named = [each.scenario for each in asked if each.scenario is not None]
    for name in dict.fromkeys(named):
        if (story := _story(engine, name)) is not None:
            found.setdefault(story.scenario.name, story)
    return list(found.values())


def _story(engine: Engine, name: str) -> LoadedScenario | None:
    try:
        return engine.library.get(name)
    except ScenarioError:
        return None


async def _unmet(stories: Sequence[LoadedScenario], asked: Sequence[Inference]) -> tuple[str, ...]:
    expecting = [each.scenario for each in stories if each.scenario.expect]
    return tuple([sentence for scenario in expecting for sentence in await listed(unmet(scenario, asked))])
