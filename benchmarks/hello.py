"""The smallest Starlette app under uvicorn that says where it listens: what starting any server here has to pay."""

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def hello(request: Request) -> JSONResponse:
    return JSONResponse({"hello": "world"})


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(f'{{"url": "http://127.0.0.1:{listener.getsockname()[1]}"}}', flush=True)
    config = uvicorn.Config(
        Starlette(routes=[Route("/", hello)]), lifespan="off", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[listener])
