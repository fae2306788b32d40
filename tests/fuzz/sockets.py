"""Send fuzzed requests to a server over sockets, by several clients at a time, while another process asks for health.

    python -m fuzz.sockets --requests 100000

It fails if an answer is a 5xx that the request did not ask for, does not come, or comes later than half a second
although the client did not ask for it by size, or if health is ever later than a quarter of a second. What was late is
asked for again on its own, since a busy machine is late now and then: only what is late each time counts.
"""

import argparse
import multiprocessing
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event
from typing import NamedTuple

from fuzz import making
from fuzz.choices import Choices
from fuzz.targets import MOST_BYTES
from support.asgi import COUNT, SAMPLES
from support.served import get, read_all, served

_MOST_SECONDS = 0.5
_MOST_SECONDS_FOR_HEALTH = 0.25
_ANSWER_WITHIN = 10.0
_ATTEMPTS = 3
_CLIENTS = 4


class Answer(NamedTuple):
    """The status of an answer (0 if none came), its size in bytes, and the seconds until its end."""

    status: int
    size: int
    seconds: float


def request(number: int, seed: int) -> bytes:
    """The bytes of a request; every third has odd headers, and every twentieth is damaged as a whole."""
    choices = Choices(random.Random(f"{seed} {number}").randbytes(200))  # noqa: S311 (repeatable on purpose)
    path, body = making.request(choices)
    if number % 50 == 0:
        path = choices.one(
            (*SAMPLES, COUNT, "/v1/models", "/nowhere", "/_emulator/inferences", "/%00", "//", "/v1/../x")
        )
    lines = making.headers(choices) if number % 3 == 0 else []
    head = [
        b"POST %b HTTP/1.1" % path.encode(),
        b"host: localhost",
        b"authorization: Bearer akml-fuzz",
        b"connection: close",
        b"content-length: %d" % len(body),
        *(b"%b: %b" % line for line in lines if line[0] != b"connection"),
    ]
    raw = b"\r\n".join(head) + b"\r\n\r\n" + body
    return making.damaged(choices, raw) if number % 20 == 0 else raw


def ask(port: int, raw: bytes) -> Answer:
    """Send a request, say that it is all, and read what comes."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_WITHIN) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            received = read_all(connection)
        except TimeoutError:
            return Answer(0, 0, time.monotonic() - began)
        except OSError:  # refused before the end of the request, and the answer was lost by a reset
            received = b"HTTP/1.1 400 "
    status = int(received[9:12]) if received.startswith(b"HTTP/1.1 ") else 400
    return Answer(status, len(received), time.monotonic() - began)


def wrong(raw: bytes, answer: Answer) -> str | None:
    """What an answer should not be."""
    head = raw.partition(b"\r\n\r\n")[0].lower()
    if not answer.status:
        return "no answer"
    if (
        answer.status >= 500
        and b"x-emulator-" not in head
        and b"akml-" not in head.replace(b"bearer akml-fuzz", b"", 1)
    ):
        return f"status {answer.status}"
    if answer.seconds > _MOST_SECONDS and answer.size < MOST_BYTES:
        return f"{answer.seconds:.2f} s"
    return None


def watch_health(port: int, stop: Event, late: "multiprocessing.SimpleQueue[list[float]]") -> None:
    """Ask for health twenty times a second; leave the seconds that each took."""
    took = []
    while not stop.wait(0.05):
        answer = ask(port, get("/_emulator/health"))
        took.append(answer.seconds if answer.status == 200 else _ANSWER_WITHIN)
    late.put(took)


def attempt(port: int, numbers: Iterable[int], seed: int) -> tuple[Counter[int], list[tuple[bytes, Answer]]]:
    """Send these requests; the count of each status, and what was wrong."""
    statuses: Counter[int] = Counter()
    failed = []
    for number in numbers:
        raw = request(number, seed)
        answer = ask(port, raw)
        statuses[answer.status] += 1
        if wrong(raw, answer):
            failed.append((raw, answer))
    return statuses, failed


def main() -> int:
    """Send the requests and print what was tried, what came and what was wrong."""
    parser = argparse.ArgumentParser(prog="fuzz.sockets", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    with served("--log-level", "error", patience=3_600) as server, ThreadPoolExecutor(_CLIENTS) as clients:
        stop: Event = multiprocessing.Event()
        late: multiprocessing.SimpleQueue[list[float]] = multiprocessing.SimpleQueue()
        watcher = multiprocessing.Process(target=watch_health, args=(server.port, stop, late))
        watcher.start()
        shares = [range(first, given.requests, _CLIENTS) for first in range(_CLIENTS)]
        try:
            results = list(clients.map(lambda share: attempt(server.port, share, given.seed), shares))
        finally:
            stop.set()
            health = late.get()
            watcher.join()
        statuses = sum((counted for counted, _ in results), Counter[int]())
        failed = [
            (raw, answer)
            for _, found in results
            for raw, answer in found
            if all(wrong(raw, ask(server.port, raw)) for _ in range(_ATTEMPTS))
        ]
        ended = server.stop()
    seconds = time.monotonic() - began
    print(f"{given.requests:,} requests in {seconds:.0f} s: {dict(sorted(statuses.items()))}")
    print(f"health: asked {len(health):,} times, latest {max(health) * 1000:.0f} ms")
    for raw, answer in failed[:10]:
        print(f"WRONG: {wrong(raw, answer)} ({answer.size:,} bytes) for {raw[:1_500]!r}")
    if ended.stderr:
        print(f"the server said: {ended.stderr[-3_000:]}")
    print(f"{len(failed)} answers wrong")
    return int(bool(failed or ended.stderr or max(health) > _MOST_SECONDS_FOR_HEALTH))


if __name__ == "__main__":
    sys.exit(main())
