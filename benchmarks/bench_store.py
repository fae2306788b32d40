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
from side_by_side import emulator, post, ratio

from emulator.store.redis.scripts import COMMIT, Script
from emulator.store.redis.store import RedisStore
from emulator.store.state import KeyState, SharedState

TURNS = 4000
BODY = {
    "model": "meta-llama/Llama-3.3-70B-Instruct",
    "messages": [{"role": "user", "content": "The harbour of Lisbon"}],
    "max_tokens": 200,
}


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
        whole = post("/v1/chat/completions", BODY)
        with emulator() as one, emulator("--store", f"{url}?prefix=two", "--workers", "2") as two:
            ratio("2 workers with Redis by 1 in memory, whole", (two, whole), (one, whole), 200)


if __name__ == "__main__":
    main()
