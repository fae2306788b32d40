"""What a server asks of Redis before it starts. Each function raises `Lost`."""

from collections.abc import Mapping
from itertools import chain

from emulator.store.redis.link import Lost
from emulator.store.redis.names import SHARED
from emulator.store.redis.store import RedisStore


async def check(store: RedisStore) -> None:
    """Connect and write."""
    await store.call("SET", store.names.of("check", "check"), "", "PX", 1000)


async def agree(store: RedisStore, given: Mapping[str, str]) -> list[str]:
    """Return what of that with which this server is started differs from the others.

    `given` are digests by name. They are noted if there are no others.
    """
    name = store.names.of(SHARED, "settings")
    if await store.alive() == {store.worker}:
        await store.call("DEL", name)
        await store.call("HSET", name, *chain.from_iterable(given.items()))
        return []
    found = await store.call("HGETALL", name)
    noted = {each.decode(): digest.decode() for each, digest in zip(found[::2], found[1::2], strict=True)}
    return sorted(each for each in {*noted, *given} if noted.get(each) != given.get(each))


async def evicts(store: RedisStore) -> str:
    """By what policy Redis deletes keys once its memory is full; empty if it does not, or may not tell."""
    try:
        told = (await store.call("INFO", "memory")).decode()
    except Lost:
        return ""
    info = dict(line.partition(":")[::2] for line in told.splitlines())
    policy = info.get("maxmemory_policy", "noeviction")
    return "" if policy == "noeviction" or info.get("maxmemory") == "0" else policy
