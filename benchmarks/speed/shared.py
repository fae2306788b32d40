"""The row of several workers: two with Redis beside one in memory, and what a turn costs, in time and round trips."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from emulator.store.redis.scripts import COMMIT, Script
from emulator.store.redis.store import RedisStore
from emulator.store.state import KeyState, SharedState

from .answers import chat
from .bench import TEXT, Bench
from .load import Contestant, compare
from .report import Outcome, Table, Verdict
from .rows import by_rate, whole_text
from .servers import CORES, ROOT, emulator, free_port, running

TURNS = 4000
GOAL = 1.2


class CountingStore(RedisStore):
    """Counts the round trips for turns."""

    trips = 0

    async def run(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Run a script."""
        self.trips += script is COMMIT
        return await super().run(script, keys, *arguments)


def workers(bench: Bench) -> Outcome:
    """Two workers with Redis by one in memory, and turns of many keys and of one."""
    if shutil.which("redis-server") is None:
        raise RuntimeError("redis-server is not installed")
    prefixes = count()
    with on_all_cores(), redis_server(bench.folder / "redis") as url:
        lines = []
        for keys, at_once in ((1000, 1), (1000, 32), (1, 1), (1, 32)):
            took, used, trips = asyncio.run(turns(f"{url}?prefix=t{next(prefixes)}", keys, at_once))
            what = f"a turn, {keys:,} key{'s' * (keys > 1)}, {at_once} at a time"
            lines.append([what, f"{used:.0f}", f"{1e6 / took:.0f}", f"{trips:.2f}"])
        asked = answering(bench, f"{url}?prefix=two")
    lines += [[f"an answer, {each.name}", *told(each)] for each in asked]
    return Outcome("Several workers", _TEXT, Table(_COLUMNS, lines), [verdict(*asked)])


_TEXT = (
    "A turn counts a request; its processor time is that of the worker. Answers have 200 words, and share one key. "
    "Servers, Redis and load share all cores."
)
_COLUMNS = ("what", "processor, us", "a second", "round trips")


def told(each: Contestant) -> list[str]:
    """The figures of a contestant."""
    return [f"void: {each.void}", "", ""] if each.void else [f"{each.processor:.0f}", f"{each.rate:.0f}", ""]


def verdict(alone: Contestant, two: Contestant) -> Verdict:
    """Whether two workers answer so many times as much as one."""
    what, goal = f"{two.name}, by {alone.name}", f"at least {GOAL:g}x by rate"
    if void := alone.void or two.void:
        return Verdict(what, f"void: {void}", goal, False)
    measured = by_rate(two, alone)
    return Verdict(what, f"{measured:.2f}x by rate", goal, measured >= GOAL)


def answering(bench: Bench, url: str) -> list[Contestant]:
    """One worker in memory and two with Redis, which were asked. None of them is bound to a core."""
    asked = []
    with ExitStack() as stack:
        for name, arguments in (
            ("1 worker in memory", ()),
            ("2 workers with Redis", ("--store", url, "--workers", "2")),
        ):
            port = free_port()
            command = emulator(port, "--scenarios", str(bench.scenarios()), *arguments)
            server = stack.enter_context(running(command, port, environment={"PYTHONPATH": str(ROOT)}, core=None))
            asked.append(Contestant(name, server, chat("akml-plain"), whole_text(TEXT)))
        compare(asked, bench.rounds, bench.seconds)
    return asked


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


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A running Redis, and its URL."""
    port = free_port()
    folder.mkdir()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.02)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


@contextlib.contextmanager
def on_all_cores() -> Iterator[None]:
    """Let this process, and what it starts, run on all cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
