"""Workers that are killed and a Redis that is restarted, while many clients ask with one key.

    python -m fuzz.soak_redis --seconds 120 --workers 4 --clients 200

The key has a sequence of replies, a window, a concurrency limit and credits. Every second a random worker is killed,
and Redis after half of the time. In the end no reply of the sequence may have come twice or be lost for a reason other
than a failed request, no limit may have been exceeded, the ledger must sum to its balance, and nothing may be held.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from support.asgi import CHAT, PLAIN, chat
from support.redis_server import RedisServer
from support.served import Served, get, post, served

from emulator.core.clock import patience

_CREDITS = 10_000_000
_REPLIES = 15_000
_CONCURRENCY = 50
_SETTLED_WITHIN = 15.0
_MOST_TOKENS = 40
"""More than any of the answers costs."""


class Told:
    """What the clients were told."""

    def __init__(self) -> None:
        self.replies: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.tokens = 0
        self.failed = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def note(self, answer: bytes) -> None:
        """Note an answer; one that is not complete has failed."""
        head, _, body = answer.partition(b"\r\n\r\n")
        with self._lock:
            try:
                told = json.loads(body)
            except ValueError:
                self.failed += 1
                self.statuses["cut"] += 1
                return
            status = head.split(b" ")[1].decode()
            self.statuses[status] += 1
            if status == "200":
                self.replies[told["choices"][0]["message"]["content"]] += 1
                self.tokens += told["usage"]["total_tokens"]
                self.ids[told["id"]] += 1
            elif status != "429":
                self.failed += 1


def _story(folder: Path, window: int) -> Path:
    replies = ", ".join(f"{{text: Reply {number}.}}" for number in range(_REPLIES))
    path = folder / "story.yaml"
    path.write_text(
        f"account: {{credits: {_CREDITS} USD, keys: "
        f"{{default: {{requests_per_minute: {window}, concurrency: {_CONCURRENCY}}}}}}}\n"
        f"models: {{{PLAIN}: {{pricing: {{input: '1', output: '1'}}}}}}\n"
        f"rules: [{{replies: [{replies}]}}]\n"
    )
    return path


def _ask(server: Served, request: bytes) -> bytes:
    try:
        return server.ask(request)
    except OSError:
        return b""


def _client(server: Served, told: Told, over: threading.Event) -> None:
    request = post(CHAT, chat())
    while not over.is_set():
        told.note(_ask(server, request))


def _watch(server: Served, told: Told, over: threading.Event) -> None:
    """Note how many requests run at once."""
    while not over.is_set():
        head, _, body = _ask(server, get("/_emulator/account")).partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 200 ") and body.endswith(b"}"):
            told.most_at_once = max(told.most_at_once, json.loads(body)["in_flight"])


def _told(server: Served, path: str) -> Any:
    return json.loads(server.ask(get(path)).partition(b"\r\n\r\n")[2])


def _kill_workers(server: Served, redis: RedisServer, seconds: float) -> int:
    """Kill a worker every second, and Redis after half of the time. Returns how many workers were killed."""
    chance, killed, restarted = random.Random(0), 0, False  # noqa: S311 (no secret)
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    for left in patience(seconds):
        workers = [int(each) for each in children.read_text().split()]
        if left < seconds / 2 and not restarted:
            redis.stop(signal.SIGKILL)
            redis.start()
            restarted = True
        if workers and seconds - left >= killed + 1:
            os.kill(chance.choice(workers), signal.SIGKILL)
            killed += 1
    return killed


def _findings(server: Served, told: Told, window: int, minutes: float) -> list[str]:
    """What is not as it has to be."""
    found = []
    account: Any = {}
    for _ in patience(_SETTLED_WITHIN):
        account = _told(server, "/_emulator/account")
        if account["in_flight"] == 0:
            break
    else:
        found.append(f"{account['in_flight']} requests are still in flight")
    ledger = _told(server, "/_emulator/ledger")
    balance = Decimal(ledger["balance"].removesuffix(" USD"))
    charged = _CREDITS - balance
    if sum(Decimal(entry["amount"]) for entry in ledger["entries"]) != balance:
        found.append("the ledger does not sum to its balance")
    if not told.tokens <= charged <= told.tokens + told.failed * _MOST_TOKENS:
        found.append(f"{charged} were charged for {told.tokens} tokens and {told.failed} failed requests")
    ids = Counter(entry["inference_id"] for entry in ledger["entries"] if entry["kind"] == "charge")
    if any(times > 1 for times in (*ids.values(), *told.ids.values(), *told.replies.values())):
        found.append("something has come, or was charged, twice")
    numbers = {int(reply.split()[1].rstrip(".")) for reply in told.replies}
    lost = max(numbers, default=0) + 1 - len(numbers)
    if lost > told.failed:
        found.append(f"{lost} replies were lost, but only {told.failed} requests have failed")
    if told.statuses["200"] > window * (minutes + 1):
        found.append(f"{told.statuses['200']} answers are more than {window} a minute")
    if told.most_at_once > _CONCURRENCY:
        found.append(f"{told.most_at_once} requests ran at once, but {_CONCURRENCY} may")
    return found


def soak(seconds: float, workers: int, clients: int, window: int) -> tuple[str, Sequence[str]]:
    """Run it. Returns what has happened, and what was found."""
    redis = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    with tempfile.TemporaryDirectory() as folder:
        scenario = str(_story(Path(folder), window))
        options = ("--store", redis.url, "--workers", str(workers), "--scenario", scenario)
        with served(*options, "--log-level", "error", patience=seconds + 120) as server:
            told, over = Told(), threading.Event()
            asking = [threading.Thread(target=_client, args=(server, told, over)) for _ in range(clients)]
            asking.append(threading.Thread(target=_watch, args=(server, told, over)))
            for each in asking:
                each.start()
            began = time.monotonic()
            killed = _kill_workers(server, redis, seconds)
            over.set()
            for each in asking:
                each.join()
            minutes = (time.monotonic() - began) / 60
            found = _findings(server, told, window, minutes)
    redis.end()
    happened = (
        f"{killed} workers killed, Redis once; {dict(told.statuses)}; {len(told.replies)} replies; "
        f"at most {told.most_at_once} at once"
    )
    return happened, found


def main() -> None:
    """Run it. The exit code is 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--window", type=int, default=6000)
    given = parser.parse_args()
    happened, found = soak(given.seconds, given.workers, given.clients, given.window)
    print(happened)
    for each in found:
        print(each)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
