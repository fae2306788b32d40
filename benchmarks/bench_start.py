"""From the start of the process to its first 200, against a uvicorn + Starlette hello-world started the same way.

Goal: within 1.5x. Both import from byte code that the first, uncounted round has written.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from side_by_side import HERE, once, post

ROUNDS = 21
BARE = [sys.executable, str(HERE / "hello.py")]
EMULATOR = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--print", "json", "--log-level", "warning"]
HEALTH = b"GET /_emulator/health HTTP/1.1\r\nHost: x\r\n\r\n"
HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHAT = post("/v1/chat/completions", {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hello!"}]})


def seconds(command: list[str], port: Callable[[str], int], request: bytes) -> float:
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent) as process:
        assert process.stdout is not None
        try:
            answer = once(port(process.stdout.readline()), request)
            elapsed = time.perf_counter() - begun
        finally:
            process.terminate()
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return elapsed


def emulator(request: bytes) -> float:
    return seconds(EMULATOR, lambda line: int(json.loads(line)["url"].rpartition(":")[2]), request)


def bare() -> float:
    return seconds(BARE, int, HELLO)


def main() -> None:
    for name, request in (("health", HEALTH), ("chat", CHAT)):
        pairs = [(emulator(request), bare()) for _ in range(ROUNDS + 1)][1:]
        ratios = sorted(ours / theirs for ours, theirs in pairs)
        print(
            f"start to the first 200 ({name}): {statistics.median(ratios):.2f}x of bare "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f} in {ROUNDS} rounds; {statistics.median(a for a, _ in pairs):.3f} s "
            f"by {statistics.median(b for _, b in pairs):.3f} s)"
        )


if __name__ == "__main__":
    main()
