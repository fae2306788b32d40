"""Count the functions that a request walks through: calls inside the package, and the files in which they are.

A call counts once, however often a generator or a coroutine goes on; comprehensions are part of the function around
them. Each request is asked of a new emulator in process, after one like it that warms caches and late imports. Only
public names are imported, from whatever checkout PYTHONPATH leads to.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from starlette.types import ASGIApp

import emulator

FOLDER = Path(emulator.__file__).parent
CHAT = "/v1/chat/completions"
QUESTION = {"model": "meta-llama/Llama-3.3-70B-Instruct", "messages": [{"role": "user", "content": "Say hello."}]}
HANGUP = [{"reply": {"text": "Hi", "faults": [{"hangup": "end", "after": {"tokens": 1}}]}}]
INLINED = {"<listcomp>", "<setcomp>", "<dictcomp>"}
"""What is a function before Python 3.12 and none since."""


class Answer(NamedTuple):
    """The status of an answer, 0 if there is none, and its headers."""

    status: int
    headers: dict[bytes, bytes]


async def ask(app: ASGIApp, key: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
    """One request to the ASGI app, by a client that stays until the connection ends."""
    content = json.dumps(body).encode() if body else b""
    incoming = [{"type": "http.request", "body": content, "more_body": False}]
    begun: list[Any] = []

    async def receive() -> Any:
        return incoming.pop() if incoming else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            begun.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"authorization", f"Bearer {key}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8402),
        "state": {},
    }
    await app(scope, receive, send)
    return Answer(begun[0]["status"], dict(begun[0]["headers"])) if begun else Answer(0, {})


async def count(folder: Path, walk: Callable[[], Awaitable[object]]) -> Counter[str]:
    """How many calls of functions of this folder's files a walk makes, by file."""
    frames: dict[int, FrameType] = {}  # the frames themselves, so that no other gets the same id

    def profile(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(f"{folder}/") and code.co_name not in INLINED:
            frames[id(frame)] = frame

    sys.setprofile(profile)
    try:
        await walk()
    finally:
        sys.setprofile(None)
    return Counter(str(Path(frame.f_code.co_filename).relative_to(folder)) for frame in frames.values())


async def walk_chat(status: int = 200, stream: bool = False, **keywords: Any) -> Counter[str]:
    """A chat request to an emulator with these keywords, which answers it with this status."""
    with emulator.Emulator.in_process(clock="frozen", **keywords) as akash:
        body = {**QUESTION, "stream": stream}
        assert (await ask(akash, akash.key, "POST", CHAT, body)).status == status
        return await count(FOLDER, lambda: ask(akash, akash.key, "POST", CHAT, body))


async def walk_record() -> Counter[str]:
    """The reading of the record of a chat request."""
    with emulator.Emulator.in_process(clock="frozen") as akash:
        asked = await ask(akash, akash.key, "POST", CHAT, QUESTION)
        path = f"/_emulator/inferences/{asked.headers[b'inference-id'].decode()}"
        assert (await ask(akash, akash.key, "GET", path)).status == 200
        return await count(FOLDER, lambda: ask(akash, akash.key, "GET", path))


async def walk_all() -> dict[str, Counter[str]]:
    """The calls by file of each walk."""
    return {
        "a chat request": await walk_chat(),
        "a scripted hangup": await walk_chat(stream=True, scenario=HANGUP),
        "a 402": await walk_chat(402, account={"credits": "0 USD"}),
        "the reading of a record": await walk_record(),
    }


def main() -> None:
    """Print the walks."""
    parser = argparse.ArgumentParser(description="Count the functions that a request walks through.")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--files", action="store_true", help="print the calls of each file too")
    form.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    walks = asyncio.run(walk_all())
    if given.json:
        calls = {f"calls of {name}": found.total() for name, found in walks.items()}
        print(json.dumps(calls | {f"files of {name}": len(found) for name, found in walks.items()}))
        return
    for name, found in walks.items():
        print(f"{name:24} {found.total():>4} calls in {len(found)} files")
        if given.files:
            print(*(f"{number:>29}  {file}" for file, number in sorted(found.items())), sep="\n")


if __name__ == "__main__":
    main()
