"""Measures the rows that are named, or all, and prints or writes the tables."""

import argparse
import os
import platform
import resource
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from . import growth, rows, starts, streams
from .bench import Bench
from .report import Outcome, goals, noise, write
from .servers import CORES, LOAD_CORE, ROOT

ROWS: dict[str, Callable[[Bench], Outcome]] = {
    "whole": rows.whole,
    "stream": rows.stream,
    "scripted": rows.scripted,
    "generated": rows.generate,
    "hundred": streams.a_hundred,
    "five-hundred": streams.five_hundred,
    "open": streams.open_streams,
    "start": starts.starts,
    "growth": growth.growth,
}


QUICK = "whole,stream,scripted,generated,start"


def main() -> None:
    options = arguments()
    os.sched_setaffinity(0, {LOAD_CORE})
    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        only = None if options.peers is None else frozenset(options.peers.split(","))
        bench = Bench(Path(folder), stack, options.rounds, options.seconds, options.against, only)
        outcomes = []
        for name in options.rows:
            outcomes.append(ROWS[name](bench))
            print(outcomes[-1], flush=True)
    print(f"## Goals\n\n{goals(outcomes)}\n\n{noise(outcomes)}")
    for name, reason in bench.skipped.items():
        print(f"Skipped: {name} {reason}")
    if options.write:
        write(ROOT / "docs", outcomes, bench.skipped, machine())


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="speed", description="How fast the emulator is, beside other servers.")
    parser.add_argument("--rows", default=",".join(ROWS), help="of " + ", ".join(ROWS))
    parser.add_argument("--rounds", type=int, default=5, help="[default: %(default)s]")
    parser.add_argument("--seconds", type=int, default=1, help="of each round [default: %(default)s]")
    parser.add_argument("--peers", help="the other mock servers to measure, or none [default: all]")
    parser.add_argument("--against", type=Path, help="a source tree of the emulator to measure in the same run")
    parser.add_argument("--quick", action="store_true", help=f"the rows {QUICK}, and no peer but aimock")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.rounds, options.peers = QUICK, 3, "aimock"
    options.rows = options.rows.split(",")
    if unknown := [name for name in options.rows if name not in ROWS]:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    if not shutil.which("wrk"):
        parser.error("wrk is needed; on Debian and Ubuntu: apt install wrk")
    return options


def machine() -> str:
    """What it was measured on, in a sentence."""
    cores = f"{os.cpu_count()} cores" if len(CORES) > 1 else "one core, which server and load share"
    return f"Measured on {platform.system()} with {cores}, with Python {platform.python_version()}."


if __name__ == "__main__":
    main()
