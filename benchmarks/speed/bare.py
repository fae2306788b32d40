"""A bare ASGI app under uvicorn that reads the request and sends given bytes: what any server here has to pay.

Without a rate it sends the whole body at once. With one it sends the first event at once, and each further one when it
is due, counted from the request.
"""

import asyncio
import json
import sys
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send

PORT, ANSWER, RATE = int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), float(sys.argv[3])
HEADERS = [(name.encode(), value.encode()) for name, value in ANSWER["headers"]]
BODY = ANSWER["body"].encode()
EVENTS = [event + b"\n\n" for event in BODY.split(b"\n\n")[:-1]]


async def at_once(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request alike."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def paced(scope: Scope, receive: Receive, send: Send) -> None:
    """Send the role and the first token at once, and each later event at its own time."""
    clock = asyncio.get_running_loop()
    begun = clock.time()
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    for number, event in enumerate(EVENTS, start=-1):
        if (remaining := begun + number / RATE - clock.time()) > 0:
            await asyncio.sleep(remaining)
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body"})


if __name__ == "__main__":
    uvicorn.run(
        paced if RATE else at_once,
        port=PORT,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        backlog=8192,
    )
