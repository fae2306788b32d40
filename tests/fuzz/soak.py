"""Mixed traffic with faults and clients that leave, for some minutes; then everything has to be as it was.

    python -m fuzz.soak --seconds 600

After half of the time, and again in the end, the traffic pauses and the emulator is reset. It fails if there are more
descriptors, tasks or threads in the end than after the first half, or if the process has grown by more than a fifth.
"""

import argparse
import gc
import json
import logging
import multiprocessing
import random
import socket
import struct
import sys
import threading
import time
from asyncio import all_tasks
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from fuzz import making, sockets
from support.asgi import SAMPLES, STREAMED
from support.served import get, post, read_all

from emulator import VirtualClock
from emulator.core.clock import patience
from emulator.testing.building import build_engine
from emulator.web.app import create_app
from emulator.wire.server import Background

_CLIENTS = 6
_RATE = 100.0  # the clock of the emulator: a stall of a minute takes less than a second
_ACCOUNT = {"credits": "1000 USD", "keys": {"default": {"requests_per_minute": 100_000, "concurrency": 50}}}
_SETTLED_WITHIN = 15.0
_GROWTH = 1.2
_STORIES = sorted(path.stem for path in making.SCENARIOS.glob("*.yaml"))
_RESET = b"POST /_emulator/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Held(NamedTuple):
    """What a process holds; memory is its resident set in MiB."""

    descriptors: int
    tasks: int
    threads: int
    memory: float


def _connect(port: int, raw: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(raw)
    return connection


def _scripted(chance: random.Random) -> bytes:
    path = chance.choice(list(SAMPLES))
    asked = {**SAMPLES[path], **({"stream": True} if path in STREAMED and chance.random() < 0.7 else {})}
    key = f"akml-{chance.choice((*_STORIES, 'x'))}-{chance.randrange(500)}"
    named = b"X-Emulator-Scenario: %b\r\n\r\n" % chance.choice(_STORIES).encode()
    return post(path, asked, key).replace(b"\r\n\r\n", b"\r\n" + named, 1)


def _read(port: int, chance: random.Random) -> None:
    with _connect(port, _scripted(chance)) as connection:
        read_all(connection)


def _leave(port: int, chance: random.Random) -> None:
    with _connect(port, _scripted(chance)) as connection:
        connection.recv(chance.choice((1, 200, 5_000)))


def _reset(port: int, chance: random.Random) -> None:
    with _connect(port, _scripted(chance)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _cut_upload(port: int, chance: random.Random) -> None:
    raw = _scripted(chance)
    _connect(port, raw[: chance.randrange(1, len(raw))]).close()


def _fuzzed(port: int, chance: random.Random) -> None:
    sockets.ask(port, sockets.request(chance.randrange(10**9), 0))


def _controlled(port: int, chance: random.Random) -> None:
    path = chance.choice(
        ("health", "inferences?limit=50", "verify", "account", "ledger", "snapshot", "scenarios", "keys")
    )
    with _connect(port, get(f"/_emulator/{path}")) as connection:
        read_all(connection)


_TRAFFIC = (_read, _read, _read, _leave, _leave, _reset, _cut_upload, _fuzzed, _controlled)


def traffic(port: int, seconds: float, done: "multiprocessing.SimpleQueue[Counter[str]]") -> None:
    """Several clients, for this long; leaves how often each did what."""
    counted: Counter[str] = Counter()

    def client(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 (repeatable on purpose)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            act = chance.choice(_TRAFFIC)
            try:
                act(port, chance)
                counted[act.__name__.strip("_")] += 1
            except OSError as error:
                counted[f"{act.__name__.strip('_')}: {type(error).__name__}"] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.put(counted)


def held(server: Background) -> Held:
    """What this process holds, with the server in it."""

    async def tasks() -> int:
        return len(all_tasks())

    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return Held(
        len(list(Path("/proc/self/fd").iterdir())), server.run(tasks()), threading.active_count(), resident / 1024
    )


def settled(server: Background, port: int, first: Held | None = None) -> Held:
    """What is held after a reset, once it is no more than at first."""
    sockets.ask(port, _RESET)
    now = held(server)
    for _ in patience(_SETTLED_WITHIN):
        now = held(server)
        if first is None or now[:3] <= first[:3]:
            break
    return now


def main() -> int:
    """Make the traffic and print what was done and what is held before, meanwhile and after."""
    parser = argparse.ArgumentParser(prog="fuzz.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    given = parser.parse_args()
    engine = build_engine(_ACCOUNT, VirtualClock(rate=_RATE), None, {})
    logging.getLogger("emulator").setLevel(logging.ERROR)
    server = Background(create_app(engine), "127.0.0.1", 0)
    port = server.start()[1]
    processes = multiprocessing.get_context("spawn")
    all_held = [settled(server, port)]
    for share in (0.5, 0.5):
        done: multiprocessing.SimpleQueue[Counter[str]] = processes.SimpleQueue()
        clients = processes.Process(target=traffic, args=(port, given.seconds * share, done))
        clients.start()
        counted = done.get()
        clients.join()
        clients.close()
        del done
        print(json.dumps(counted, sort_keys=True), flush=True)
        all_held.append(settled(server, port, all_held[-1]))
    for when, now in zip(("before", "warm", "after"), all_held, strict=True):
        print(
            f"{when:<7} {now.descriptors} descriptors, {now.tasks} tasks, {now.threads} threads, {now.memory:.0f} MiB"
        )
    server.stop()
    _, warm, after = all_held
    kept = [name for name, was, now in zip(Held._fields[:3], warm, after, strict=False) if now > was]
    if after.memory > warm.memory * _GROWTH:
        kept.append("memory")
    print(f"NOT RETURNED: {', '.join(kept)}" if kept else "everything returned")
    return int(bool(kept))


if __name__ == "__main__":
    sys.exit(main())
