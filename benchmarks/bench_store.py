"""What a store in Redis costs: a turn, in processor time and round trips, and two workers with it by one in memory.

Goal: two workers with Redis answer 1.2 times as much as one in memory, on two cores that also run Redis and the load.
Needs redis-server, which is started on a free port.
"""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import uvloop
from speed.answers import Answer, chat
from speed.load import Contestant, compare
from speed.servers import ROOT, emulator, free_port, running

from emulator.store.redis.scripts import COMMIT, Script
from emulator.store.redis.store import RedisStore
from emulator.store.state import KeyState, SharedState

TURNS = 4000


class CountingStore(RedisStore):
    """Counts the round trips for turns."""

    trips = 0

    async def run(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Run a script."""
        self.trips += script is COMMIT
        return await super().run(script, keys, *arguments)


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """A running Redis, and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.02)
            try:
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.terminate()


async def turns(url: str, keys: int, at_once: int) -> tuple[float, float, float]:
    """The time, the processor time, both in microseconds, and the round trips of a turn that counts a request."""
    store, numbers = CountingStore(url), iter(range(TURNS))

    def counting(number: int) -> Any:
        def decide(own: KeyState, shared: SharedState) -> int:
            return own.count(f"{number:032x}")

        return decide

    async def some() -> None:
        for number in numbers:
            await store.turn(f"akml-{number % keys}", counting(number))

    await store.shared_turn(lambda shared: None)
    store.trips, began, used = 0, time.perf_counter(), time.process_time()
    await asyncio.gather(*(some() for _ in range(at_once)))
    took, used = time.perf_counter() - began, time.process_time() - used
    return took / TURNS * 1e6, used / TURNS * 1e6, store.trips / TURNS


def workers(url: str) -> None:
    """Answers per second of two workers with Redis by those of one in memory. None of them is bound to a core."""
    shared = ("--store", f"{url}?prefix=two", "--workers", "2")
    with contextlib.ExitStack() as stack:
        asked = []
        for name, arguments in (("1 in memory", ()), ("2 with Redis", shared)):
            port = free_port()
            environment = {"PYTHONPATH": str(ROOT)}
            command = emulator(port, *arguments)
            server = stack.enter_context(running(command, port, environment=environment, core=None))
            asked.append(Contestant(name, server, chat("akml-local", max_tokens=60), wrong, spread=0.2))
        compare(asked, rounds=5, seconds=3)
        for each in asked:
            print(f"{each.name}: {each.void or f'{each.rate:.0f} answers/s, {each.processor:.0f} us each'}")
        if not any(each.void for each in asked):
            print(f"2 workers with Redis by 1 in memory: {asked[1].rate / asked[0].rate:.2f}x")


def wrong(answer: Answer) -> str:
    """What is wrong with an answer."""
    return "" if b'"content":"' in answer.body else "there is no text"


def main() -> None:
    if shutil.which("redis-server") is None:
        sys.exit("redis-server is not installed")
    prefixes = count()
    with redis_server() as url:
        for keys, at_once in ((1000, 1), (1000, 32), (1, 1), (1, 32)):
            took, used, trips = uvloop.run(turns(f"{url}?prefix=t{next(prefixes)}", keys, at_once))
            print(
                f"a turn, {keys} keys, {at_once} at once: {took:.0f} us, {used:.0f} us of the processor, "
                f"{trips:.2f} round trips"
            )
        workers(url)


if __name__ == "__main__":
    main()
