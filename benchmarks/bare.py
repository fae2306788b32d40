"""A bare ASGI app under uvicorn: reads the request, sends given bytes at once. What any server here has to pay."""

import json
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send

ANSWER = json.loads(Path(sys.argv[1]).read_text())
HEADERS = [(name.encode(), value.encode()) for name, value in ANSWER["headers"]]
BODY = ANSWER["body"].encode()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request alike."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
    )
    uvicorn.Server(config).run(sockets=[listener])
