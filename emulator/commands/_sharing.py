"""The options of `serve` for several processes: --workers and --store."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from emulator.commands._printing import say

if TYPE_CHECKING:
    from emulator.account.terms import Terms
    from emulator.core.clock import VirtualClock
    from emulator.core.settings import Settings
    from emulator.engine import Engine
    from emulator.scenario.types import Scenario
    from emulator.store import Store
    from emulator.wire.server import Beside

_OWN = ("allowed_hosts", "control_token", "head_timeout", "body_timeout", "idle_timeout", "store_away")
"""Settings that a host can have for itself."""
_USE = "Share it: --store redis://HOST:6379 (docs/scaling.md)"


def store_at(url: str | None) -> "tuple[Callable[[str | None], Store], Callable[[float | None, float], VirtualClock]]":
    """What makes the store at a URL, and a clock for it; in memory if there is none. Raises ClickException."""
    from emulator.core.clock import VirtualClock
    from emulator.store.memory import MemoryStore

    if url is None:
        return MemoryStore, VirtualClock
    from emulator.store.redis.names import split_url

    try:
        split_url(url)
    except ValueError as error:
        raise click.ClickException(f"--store: {error}") from None
    try:
        from emulator.store.redis.clock import SharedClock
        from emulator.store.redis.store import RedisStore
    except ImportError:
        raise click.ClickException("--store needs a package: pip install 'akashml-emulator[redis]'") from None
    return (lambda scenario: RedisStore(url, scenario)), SharedClock


def check_store(engine: "Engine", url: str | None, scenario: str | None) -> None:
    """Connect to the store. Raises ClickException, in one sentence, if it cannot be used."""
    if url is None:
        if engine.settings.store_away != "refuse":
            raise click.ClickException("--set store_away has no effect without --store")
        return
    from emulator.core.decimals import decimal
    from emulator.core.errors import Rejected
    from emulator.store.outside import at_once
    from emulator.store.redis import starting
    from emulator.store.redis.clock import SharedClock
    from emulator.store.redis.link import Lost
    from emulator.store.redis.names import shown
    from emulator.store.redis.store import RedisStore

    store, clock, rate = engine.store, engine.clock, engine.clock.rate
    assert isinstance(store, RedisStore)  # noqa: S101 (made by `store_at`)
    assert isinstance(clock, SharedClock)  # noqa: S101

    async def used() -> tuple[str | None, list[str], str]:
        await starting.check(store)
        await clock.meet()
        return await engine.active(), await starting.agree(store, _made_with(engine)), await starting.evicts(store)

    try:
        active, others, evicts = at_once(used())
    except ValueError as error:
        raise click.ClickException(f"--store {shown(url)}: {error}") from None
    except Lost as lost:
        hint = " (does it speak TLS?)" if "does not answer" in str(lost) and url.lower().startswith("rediss:") else ""
        raise click.ClickException(f"the store {shown(url)} cannot be used: {lost}{hint}") from None
    except Rejected as rejected:
        raise click.ClickException(rejected.error.message) from None
    if evicts:
        told = f"the store deletes what it has once its memory is full (maxmemory-policy {evicts})"
        say(f"Warning: {told}. Set maxmemory-policy to noeviction (docs/scaling.md)", error=True)
    if others:
        told = f"the servers that share the store were started with another: {', '.join(others)}"
        say(f"Warning: {told}. Give all of them the same (docs/scaling.md)", error=True)
    if clock.rate != rate:
        told = (
            f"the store's clock goes on, {f'at a rate of {decimal(clock.rate)}' if clock.rate else 'which is frozen'}"
        )
        say(f"Warning: --clock has no effect: {told}. POST /_emulator/clock changes it", error=True)
    if scenario is not None and active != scenario:
        told = f"the store goes on with {active or 'no scenario'}. POST /_emulator/activate changes it"
        say(f"Warning: --scenario has no effect: {told}", error=True)


def _made_with(engine: "Engine") -> "Mapping[str, str]":
    """What has to be the same for all servers that share a store, by name, each as a digest."""
    import msgspec

    from emulator.account.keys import fingerprint
    from emulator.core.settings import settings
    from emulator.core.version import __version__
    from emulator.scenario.library import SHIPPED

    own = {f"setting {each.name}": getattr(engine.settings, each.name) for each in settings()}
    for name in _OWN:
        del own[f"setting {name}"]
    files = (path for path in engine.library.files() if not path.is_relative_to(SHIPPED))
    given = {
        "version of the emulator": __version__,
        "credits or limits": engine.gate.terms,
        "catalogue of models": list(engine.catalog),
        **own,
        **{f"file {path.name}": path.read_bytes() for path in files},
    }
    return {name: fingerprint(msgspec.json.encode(value).decode()) for name, value in given.items()}


def joining(engine: "Engine") -> "list[Beside]":
    """What a worker does first, beside serving."""
    join = getattr(engine.store, "join", None)
    return [join] if join is not None else []


def check_workers(
    workers: int,
    url: str | None,
    settings: "Settings",
    rate: float,
    terms: "Terms | None",
    scenario: "Scenario | None",
) -> None:
    """Refuse several workers without a store if there is something to share. Raises ClickException."""
    if workers == 1:
        return
    if not hasattr(os, "fork"):
        raise click.ClickException("--workers needs an operating system with fork(), which this one is not")
    if url is not None:
        return
    what = ""
    if terms is not None:
        what = "the limits and credits of keys"
    elif scenario is not None and scenario.has_state:
        what = f"the counts of the scenario {scenario.name}"
    elif settings.auth == "strict" and not settings.keys:
        what = "the keys that are made"
    elif not rate:
        what = "a frozen clock and those who move it"
    if what:
        raise click.ClickException(f"{workers} workers would each have their own state, but {what} need one. {_USE}")
    say(
        f"Warning: {workers} workers without a store share nothing: sequences of replies, activations, the clock, the "
        f"record and all else under /_emulator belong to the one that a connection reaches. {_USE}",
        error=True,
    )
