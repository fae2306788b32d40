"""From the start of the process to its first 200, against a uvicorn + Starlette hello-world started the same way.

Goal: within 1.5x. Both import from byte code that the first, uncounted round has written. Beside the ratio of the time
stands that of the processor time, which other work on the machine disturbs less.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

from side_by_side import HERE, once, post

ROUNDS = 15
BARE = [sys.executable, str(HERE / "hello.py")]
emulator = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--print", "json", "--log-level", "warning"]
HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HEALTH = b"GET /_emulator/health HTTP/1.1\r\nHost: x\r\n\r\n"
CHAT = post("/v1/chat/completions", {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hello!"}]})


class Start(NamedTuple):
    """What one start took, in seconds."""

    elapsed: float
    processor: float


def start(command: list[str], request: bytes) -> Start:
    begun, used = time.perf_counter(), processor_seconds()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent) as process:
        assert process.stdout is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            answer = once(int(url.rpartition(":")[2]), request)
            elapsed = time.perf_counter() - begun
        finally:
            process.kill()
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return Start(elapsed, processor_seconds() - used)


def processor_seconds() -> float:
    """What all processes that were started here and have ended have used, in user and kernel mode."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    for name, request in (("health", HEALTH), ("a chat completion", CHAT)):
        pairs = [(start(emulator, request), start(BARE, HELLO)) for _ in range(ROUNDS + 1)][1:]
        ratios = sorted(ours.elapsed / bare.elapsed for ours, bare in pairs)
        processor = statistics.median(ours.processor / bare.processor for ours, bare in pairs)
        print(
            f"start to the first 200 ({name}): {statistics.median(ratios):.2f}x of bare ({ratios[0]:.2f} to "
            f"{ratios[-1]:.2f} in {ROUNDS} rounds; {processor:.2f}x of its processor time; fastest "
            f"{min(ours.elapsed for ours, _ in pairs):.3f} s by {min(bare.elapsed for _, bare in pairs):.3f} s)"
        )


if __name__ == "__main__":
    main()
