"""Workers that are killed and a Redis that is restarted, while many clients ask with two keys.

    python -m fuzz.soak_redis --seconds 120 --workers 4 --clients 200

Each key has a sequence of replies, a window, a concurrency limit and credits. Of the clients, half ask for chat
completions and half for messages, half of each for streams, and some hang up in the middle of one. Every second a
random worker is killed, and Redis after half of the time. In the end no reply of the sequence may have come twice or be
lost for a reason other than a failed request, no limit may have been exceeded, each answer that came to its end must be
charged, once, and nothing may be held.
"""

import argparse
import json
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from support.asgi import CHAT, MESSAGES, PLAIN, chat, message
from support.redis_server import RedisServer
from support.served import Served, get, post, served

from emulator.core.clock import patience

_KEYS = ("akml-0123456789abcdef", "akml-fedcba9876543210")
_CREDITS = 10_000_000
_REPLIES = 15_000
_CONCURRENCY = 50
_SETTLED_WITHIN = 15.0
_MOST_TOKENS = 60
"""More than any of the answers costs."""
_ENDS = {CHAT: b"data: [DONE]\n\n\r\n0\r\n\r\n", MESSAGES: b'data: {"type":"message_stop"}\n\n\r\n0\r\n\r\n'}
"""How a whole stream ends."""
_TEXT = re.compile(rb'"(?:content|text)": ?"([^"]*)"')
_ID = re.compile(rb'"id": ?"([^"]*)"')


class Request(NamedTuple):
    """What a client asks for, again and again; `slow` says that the answer takes its time, so that it can be cut."""

    path: str
    stream: bool
    slow: bool

    def sent(self, key: str) -> bytes:
        """The request as it is sent."""
        text = "slow" if self.slow else "quick"
        if self.path == CHAT:
            more = {"stream_options": {"include_usage": True}} if self.stream else {}
            return post(self.path, chat(text, stream=self.stream, **more), key)
        return post(self.path, message(text, stream=self.stream), key)

    def is_whole(self, answer: bytes) -> bool:
        """Whether the answer came to its end."""
        head, _, body = answer.partition(b"\r\n\r\n")
        if self.stream and head.startswith(b"HTTP/1.1 200 "):
            return answer.endswith(_ENDS[self.path])
        try:
            json.loads(body)
        except ValueError:
            return False
        return True


class Told:
    """What the clients of one key were told."""

    def __init__(self) -> None:
        self.replies: Counter[bytes] = Counter()
        self.statuses: Counter[str] = Counter()
        self.ids: Counter[bytes] = Counter()
        self.tokens = 0
        self.failed = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def note(self, request: Request, answer: bytes) -> None:
        """Note an answer; one that is not whole has failed."""
        with self._lock:
            if not request.is_whole(answer):
                self.failed += 1
                self.statuses["cut"] += 1
                return
            status = answer.split(b" ")[1].decode()
            self.statuses["streams" if status == "200" and request.stream else status] += 1
            if status == "200":
                if not request.slow:
                    self.replies[b"".join(_TEXT.findall(answer))] += 1
                self.tokens += _tokens(request.path, answer)
                self.ids[_ID.findall(answer)[0]] += 1
            elif status != "429":
                self.failed += 1


def _tokens(path: str, answer: bytes) -> int:
    """The tokens of a whole answer, as its usage says."""
    parts = ("prompt", "completion") if path == CHAT else ("input", "output")
    return sum(int(re.findall(rb'"%b_tokens": ?(\d+)' % part.encode(), answer)[-1]) for part in parts)


def _story(folder: Path, window: int) -> Path:
    replies = ", ".join(f"{{text: Reply {number}.}}" for number in range(_REPLIES))
    slow = " ".join(["word"] * 20)
    path = folder / "story.yaml"
    path.write_text(
        f"account: {{credits: {_CREDITS} USD, keys: "
        f"{{default: {{requests_per_minute: {window}, concurrency: {_CONCURRENCY}}}}}}}\n"
        f"models: {{{PLAIN}: {{pricing: {{input: '1', output: '1'}}}}}}\n"
        f"rules: [{{when: {{last_user: slow}}, reply: {{text: {slow}, stream: {{between_tokens: 20ms}}}}}}, "
        f"{{replies: [{replies}]}}]\n"
    )
    return path


def _ask(server: Served, request: bytes) -> bytes:
    try:
        return server.ask(request)
    except OSError:
        return b""


def _client(server: Served, told: Told, over: threading.Event, key: str, request: Request) -> None:
    sent = request.sent(key)
    while not over.is_set():
        told.note(request, _ask(server, sent))


def _leaving(server: Served, told: Told, over: threading.Event, key: str, request: Request) -> None:
    """Hang up in the middle of each answer: it has failed, unless it was refused."""
    sent = request.sent(key)
    while not over.is_set():
        received = b""
        try:
            with server.connect(sent) as connection:
                while b"word" not in received and (data := connection.recv(1 << 16)):
                    received += data
        except OSError:
            pass
        told.note(request, received)


def _watch(server: Served, told: Told, over: threading.Event, key: str) -> None:
    """Note how many requests run at once."""
    while not over.is_set():
        head, _, body = _ask(server, get("/_emulator/account", key)).partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 200 ") and body.endswith(b"}"):
            told.most_at_once = max(told.most_at_once, json.loads(body)["in_flight"])


def _told(server: Served, path: str, key: str) -> Any:
    return json.loads(server.ask(get(path, key)).partition(b"\r\n\r\n")[2])


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


def _findings(server: Served, told: Told, window: int, minutes: float, key: str) -> list[str]:
    """What is not as it has to be."""
    found = []
    account: Any = {}
    for _ in patience(_SETTLED_WITHIN):
        account = _told(server, "/_emulator/account", key)
        if account["in_flight"] == 0:
            break
    else:
        found.append(f"{account['in_flight']} requests are still in flight")
    ledger = _told(server, "/_emulator/ledger", key)
    balance = Decimal(ledger["balance"].removesuffix(" USD"))
    charged = _CREDITS - balance
    if sum(Decimal(entry["amount"]) for entry in ledger["entries"]) != balance:
        found.append("the ledger does not sum to its balance")
    if not told.tokens <= charged <= told.tokens + told.failed * _MOST_TOKENS:
        found.append(f"{charged} were charged for {told.tokens} tokens and {told.failed} failed requests")
    ids = Counter(entry["inference_id"] for entry in ledger["entries"] if entry["kind"] == "charge")
    if any(times > 1 for times in (*ids.values(), *told.ids.values(), *told.replies.values())):
        found.append("something has come, or was charged, twice")
    numbers = {int(reply.split()[1].rstrip(b".")) for reply in told.replies}
    lost = max(numbers, default=0) + 1 - len(numbers)
    if lost > told.failed:
        found.append(f"{lost} replies were lost, but only {told.failed} requests have failed")
    answered = told.statuses["200"] + told.statuses["streams"]
    if answered > window * (minutes + 1):
        found.append(f"{answered} answers are more than {window} a minute")
    if told.most_at_once > _CONCURRENCY:
        found.append(f"{told.most_at_once} requests ran at once, but {_CONCURRENCY} may")
    return found


def _asking(server: Served, told: dict[str, Told], over: threading.Event, clients: int) -> list[threading.Thread]:
    """The threads of the clients, and of those who watch how many requests run at once."""
    threads = []
    for number in range(clients):
        key, path = _KEYS[number % 2], (CHAT, MESSAGES)[number // 2 % 2]
        stream, leaves = bool(number // 4 % 2), number % 16 >= 12
        request = Request(path, stream, slow=leaves or number % 32 >= 16)
        threads.append(
            threading.Thread(target=_leaving if leaves else _client, args=(server, told[key], over, key, request))
        )
    return threads + [threading.Thread(target=_watch, args=(server, told[key], over, key)) for key in _KEYS]


def soak(seconds: float, workers: int, clients: int, window: int) -> tuple[str, Sequence[str]]:
    """Run it. Returns what has happened, and what was found."""
    redis = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    with tempfile.TemporaryDirectory() as folder:
        scenario = str(_story(Path(folder), window))
        options = ("--store", redis.url, "--workers", str(workers), "--scenario", scenario)
        with served(*options, "--log-level", "error", patience=seconds + 120) as server:
            told, over = {key: Told() for key in _KEYS}, threading.Event()
            asking = _asking(server, told, over, clients)
            for each in asking:
                each.start()
            began = time.monotonic()
            killed = _kill_workers(server, redis, seconds)
            over.set()
            for each in asking:
                each.join()
            minutes = (time.monotonic() - began) / 60
            found = [finding for key in _KEYS for finding in _findings(server, told[key], window, minutes, key)]
    redis.end()
    statuses, tokens = sum((each.statuses for each in told.values()), Counter[str]()), 0
    tokens = sum(each.tokens for each in told.values())
    happened = (
        f"{killed} workers killed, Redis once; {dict(statuses)}; {tokens} tokens; "
        f"at most {max(each.most_at_once for each in told.values())} of a key at once"
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
