"""From the start of the process to its first answer, and the memory that it then has."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from .answers import ask
from .bench import Bench
from .load import Void
from .report import Outcome, Table, Verdict
from .servers import emulator, free_port, hello, running

ROUNDS = 7
MIB = 1024 * 1024
HELLO = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HEALTH = b"GET /_emulator/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Start(NamedTuple):
    """What one start took, in seconds, and the memory after it, in MiB."""

    elapsed: float
    processor: float
    memory: float


def starts(bench: Bench) -> Outcome:
    """How long a start takes, beside a hello-world of Starlette under uvicorn."""
    cases: dict[str, tuple[Callable[[int], list[str]], bytes, dict[str, str]]] = {
        **{name: (emulator, HEALTH, {"PYTHONPATH": str(tree)}) for name, tree in bench.trees().items()},
        "hello-world": (hello, HELLO, {}),
    }
    rounds: dict[str, list[Start]] = {name: [] for name in cases}
    for number in range(ROUNDS + 1):
        for name, (command, request, environment) in cases.items():
            port = free_port()
            begun = time.perf_counter()
            with running(command(port), port, environment=environment) as server:
                status = ask(port, request).status
                elapsed = time.perf_counter() - begun
                if status != 200:
                    raise Void(f"{name} answers with {status}")
                if number:  # the first one writes byte code
                    rounds[name].append(Start(elapsed, server.processor_seconds(), server.memory() / MIB))
    medians = {name: Start(*map(statistics.median, zip(*each, strict=True))) for name, each in rounds.items()}
    ours, other = medians["emulator"], medians["hello-world"]
    lines = [
        [name, f"{each.elapsed:.3f}", f"{each.processor:.2f}", f"{each.memory:.0f}"] for name, each in medians.items()
    ]
    ratio = ours.elapsed / other.elapsed
    goals = [
        Verdict("start to the first answer, by hello-world", f"{ratio:.2f}x", "at most 1.1x", ratio <= 1.1),
        Verdict("idle memory", f"{ours.memory:.0f} MiB", "at most 42 MiB", ours.memory <= 42),
    ]
    columns = ("server", "to the first answer, s", "processor, s", "memory, MiB")
    return Outcome(
        "Start and idle memory",
        "A hello-world is the smallest Starlette app under uvicorn.",
        Table(columns, lines),
        goals,
    )
