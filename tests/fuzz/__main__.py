"""Fuzz the emulator in process: every target by Hypothesis, and by coverage with Atheris where it is installed."""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec

from fuzz.targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_CASES_AT_ONCE = 200
_LONGEST = 200  # bytes of decisions


def with_hypothesis(name: str, target: Callable[[bytes], None], seconds: float) -> int:
    """Try cases for this long; returns how many. The first violation is shrunk and raised."""
    tried = 0
    end = time.monotonic() + seconds

    @settings(max_examples=_CASES_AT_ONCE, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(min_size=_LONGEST // 4, max_size=_LONGEST))
    def attempt(data: bytes) -> None:
        nonlocal tried
        if time.monotonic() < end:
            tried += 1
            target(data)

    while time.monotonic() < end:
        attempt()
    return tried


def with_atheris(name: str, target: Callable[[bytes], None], seconds: float) -> None:
    """Try cases for this long in this process, which then ends; Atheris prints how many, and the bytes that failed."""
    import atheris
    from fuzz import targets

    targets.MOST_SECONDS *= 10  # tracing the coverage takes most of the time
    with atheris.instrument_imports(include=["emulator"]):
        targets.Fuzzed()
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={seconds:.0f}", f"-max_len={_LONGEST}", "-verbosity=0", "-print_final_stats=1"],
        target,
    )
    atheris.Fuzz()


def main() -> int:
    """Share the seconds of each engine between the targets, and print what was tried."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for each engine, for all targets together")
    parser.add_argument("--target", choices=TARGETS, help="only this one")
    parser.add_argument("--atheris", action="store_true", help="run one target by Atheris, in this process")
    parser.add_argument("--data", type=bytes.fromhex, help="run one target once, with these bytes")
    given_ = parser.parse_args()
    chosen = {given_.target: TARGETS[given_.target]} if given_.target else TARGETS
    share = given_.seconds / len(chosen)
    if given_.data is not None:
        for target in chosen.values():
            target(given_.data)
        return 0
    if given_.atheris:
        for name, target in chosen.items():
            with_atheris(name, target, share)
    failed = 0
    for name, target in chosen.items():
        tried = with_hypothesis(name, target, share)
        print(f"hypothesis  {name:<10} {tried:>7,} cases in {share:.0f} s: no promise broken", flush=True)
    if find_spec("atheris") is None:
        print("atheris     skipped: it is not installed (pip install atheris)")
        return 0
    for name in chosen:
        command = [sys.executable, "-m", "fuzz", "--atheris", "--target", name, "--seconds", f"{share}"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        number = next((line.split()[1] for line in ran.stderr.splitlines() if "number_of_executed_units" in line), "?")
        said = "no promise broken" if ran.returncode == 0 else f"FAILED\n{ran.stderr[-4_000:]}"
        print(f"atheris     {name:<10} {number:>7} cases in {share:.0f} s: {said}", flush=True)
        failed |= ran.returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
