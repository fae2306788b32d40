"""The rows of streams that have a pace: how well they keep it, and what memory they hold."""

import statistics
import time
from dataclasses import astuple

from .answers import Request, ask, chat
from .bench import RATE, SLOW_RATE, TEXT, Bench
from .load import NUMBERS, Void
from .paced import Reader, Timing, hold_open, timing
from .report import Outcome, Table, Verdict
from .servers import Server

EVENTS = len(TEXT.split())
ROUNDS = 3
OPEN = 5_000
KIB = 1024


def a_hundred(bench: Bench) -> Outcome:
    """A hundred streams that start at once."""
    timings, lines = measured(bench, 100)
    goals = []
    if ours := timings.get("emulator"):
        error, first = ours.error_p99 * 1000, ours.first_p99 * 1000
        goals = [
            Verdict(f"100 streams at {RATE} events/s: error p99", f"{error:.1f} ms", "at most 10 ms", error <= 10),
            Verdict(
                f"100 streams at {RATE} events/s: first token p99", f"{first:.1f} ms", "at most 40 ms", first <= 40
            ),
        ]
    return Outcome(f"100 streams at {RATE} events/s", ABOUT_PACE, table(lines), goals)


def five_hundred(bench: Bench) -> Outcome:
    """Five hundred streams that start at once: more than a server can serve in time."""
    timings, lines = measured(bench, 500)
    goals = []
    if "emulator" in timings and "bare" in timings:
        ratio = timings["emulator"].rate / timings["bare"].rate
        goals = [Verdict(f"500 streams at {RATE} events/s, by bare", f"{ratio:.2f}x", "at least 0.9x", ratio >= 0.9)]
    return Outcome(f"500 streams at {RATE} events/s", ABOUT_PACE, table(lines), goals)


ABOUT_PACE = (
    "Asked for at once. Each event is due a fixed time after its request, and its error is how far from that it "
    "arrives. The bare server sends the same events, each at its own time."
)


def measured(bench: Bench, count: int) -> tuple[dict[str, Timing], list[list[str]]]:
    """The median timing of each server, and the lines of the table."""
    request = chat("akml-paced", stream=True)
    servers = bench.ours()
    answer = ask(next(iter(servers.values())).port, request.numbered(0))
    servers = {**servers, "bare": bench.bare("paced", answer, RATE)}
    rounds: dict[str, list[Timing]] = {name: [] for name in servers}
    void: dict[str, str] = {}
    for number in range(1, ROUNDS + 1):
        for name, server in servers.items():
            try:
                rounds[name].append(timing(server.port, request, count, EVENTS, RATE, number * NUMBERS))
            except (Void, OSError) as error:
                void[name] = str(error)
    timings = {
        name: Timing(*(statistics.median(column) for column in zip(*map(astuple, of_one), strict=True)))
        for name, of_one in rounds.items()
        if name not in void
    }
    return timings, [line(name, timings.get(name), void.get(name, "")) for name in servers]


def table(lines: list[list[str]]) -> Table:
    """The table of these lines."""
    return Table(
        ("server", "error p50, ms", "error p99, ms", "first token p99, ms", "events/s", "client's core"), lines
    )


def line(name: str, each: Timing | None, void: str) -> list[str]:
    """The line of one server."""
    if each is None:
        return [name, f"void: {void}", "", "", "", ""]
    times = [f"{seconds * 1000:.1f}" for seconds in (each.error_median, each.error_p99, each.first_p99)]
    return [name, *times, f"{each.rate:.0f}", f"{each.load:.0%}"]


def open_streams(bench: Bench) -> Outcome:
    """What memory an open stream holds."""
    request = chat("akml-slow", stream=True)
    lines, goals = [], []
    answer = ask(bench.ours()["emulator"].port, chat("akml-plain", stream=True).numbered(0))
    for name, start in (*bench.fresh().items(), ("bare", lambda: bench.fresh_bare("slow", answer, SLOW_RATE))):
        try:
            with start() as server:
                size = memory_of_a_stream(server, request)
        except (Void, OSError) as error:
            lines.append([name, f"void: {error}"])
            continue
        lines.append([name, f"{size:.1f}"])
        if name == "emulator":
            goals = [
                Verdict(f"memory of each of {OPEN:,} open streams", f"{size:.1f} KiB", "at most 16 KiB", size <= 16)
            ]
    text = f"Each has sent its first word, and waits for the next, which comes {1 / SLOW_RATE:.0f} s later."
    return Outcome(f"{OPEN:,} open streams", text, Table(("server", "KiB of memory a stream"), lines), goals)


def memory_of_a_stream(server: Server, request: Request) -> float:
    """KiB that the server holds more for each of many open streams."""
    with Reader(server.port) as few:
        hold_open(few, request, 10)
    before = server.memory()
    with Reader(server.port) as many:
        hold_open(many, request, OPEN)
        time.sleep(0.5)
        return (server.memory() - before) / OPEN / KIB
