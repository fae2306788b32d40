"""Measures the rows that are named, or all, and prints or writes the tables."""

import argparse
import os
import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from . import growth, rows, shared, starts, streams
from .bench import Bench
from .load import Void
from .report import Outcome, Table, goals, noise, write
from .servers import CORES, LOAD_CORE, ROOT

ROWS: dict[str, Callable[[Bench], Outcome]] = {
    "whole": rows.whole,
    "stream": rows.stream,
    "scripted": rows.scripted,
    "generated": rows.generate,
    "sampling": rows.sampling,
    "account": rows.account,
    "workers": shared.workers,
    "hundred": streams.a_hundred,
    "five-hundred": streams.five_hundred,
    "open": streams.open_streams,
    "start": starts.starts,
    "growth": growth.growth,
}


QUICK = ("whole", "stream", "scripted", "generated", "start")


def main() -> None:
    options = arguments()
    if not shutil.which("wrk"):
        sys.exit("wrk is needed; on Debian and Ubuntu: apt install wrk")
    os.sched_setaffinity(0, {LOAD_CORE})
    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        only = None if options.peers is None else frozenset(options.peers.split(","))
        bench = Bench(Path(folder), stack, options.rounds, options.seconds, options.against, only)
        outcomes = []
        for name in options.rows:
            outcomes.append(measured(name, bench))
            print(outcomes[-1], flush=True)
    print(f"## Goals\n\n{goals(outcomes)}\n\n{noise(outcomes)}")
    for name, reason in bench.skipped.items():
        print(f"Skipped: {name} {reason}")
    if options.write:
        write(ROOT / "docs", outcomes, bench.skipped, machine())


def measured(name: str, bench: Bench) -> Outcome:
    """What a row has measured, or why it has no figures: the others count all the same."""
    try:
        return ROWS[name](bench)
    except (Void, OSError, RuntimeError) as error:
        return Outcome(f"The row {name}", f"Void: {error}", Table(("server",), []))


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="speed", description="How fast the emulator is, beside other servers.")
    parser.add_argument("--rows", help=f"of {', '.join(ROWS)} [default: all]")
    parser.add_argument("--rounds", type=int, default=5, help="[default: %(default)s]")
    parser.add_argument("--seconds", type=int, default=1, help="of each round [default: %(default)s]")
    parser.add_argument("--peers", help="the other mock servers to measure, or none [default: all]")
    parser.add_argument("--against", type=Path, help="a source tree of the emulator to measure in the same run")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}, and of the peers only aimock")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args(given)
    if options.quick:
        options.rounds, options.peers = min(options.rounds, 3), options.peers or "aimock"
    options.rows = options.rows.split(",") if options.rows else list(QUICK if options.quick else ROWS)
    if unknown := [name for name in options.rows if name not in ROWS]:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    return options


def machine() -> str:
    """What it was measured on, in a sentence."""
    cores = f"{os.cpu_count()} cores" if len(CORES) > 1 else "one core, which server and load share"
    return f"Measured on {platform.system()} with {cores}, with Python {platform.python_version()}."


if __name__ == "__main__":
    main()
