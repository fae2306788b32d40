"""Measures the rows that are named, or all, and prints or writes the tables."""

import argparse
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from . import rows
from .bench import Bench
from .report import Outcome, goals
from .servers import LOAD_CORE

ROWS: dict[str, Callable[[Bench], Outcome]] = {
    "whole": rows.whole,
    "stream": rows.stream,
    "scripted": rows.scripted,
    "generated": rows.generate,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="speed", description="How fast the emulator is, beside other servers.")
    parser.add_argument("--rows", default=",".join(ROWS), help=f"of {', '.join(ROWS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of each round")
    parser.add_argument("--peers", help="only these other servers, or none")
    parser.add_argument("--against", type=Path, help="a source tree of the emulator to measure in the same run")
    options = parser.parse_args()
    wanted = options.rows.split(",")
    if unknown := [name for name in wanted if name not in ROWS]:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    if not shutil.which("wrk"):
        parser.error("wrk is needed; on Debian and Ubuntu: apt install wrk")
    os.sched_setaffinity(0, {LOAD_CORE})
    only = None if options.peers is None else frozenset(options.peers.split(","))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        bench = Bench(Path(folder), stack, options.rounds, options.seconds, options.against, only)
        outcomes = []
        for name in wanted:
            outcome = ROWS[name](bench)
            outcomes.append(outcome)
            print(outcome, flush=True)
        print(goals(outcomes))
        for name, reason in bench.skipped.items():
            print(f"skipped: {name} {reason}")


if __name__ == "__main__":
    sys.exit(main())
