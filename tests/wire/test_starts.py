"""Many requests at once: all are read at once, and they begin in order, with others running in between."""

import asyncio
import contextlib
import socket

import uvicorn
import uvloop
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from emulator.wire.protocol import TransportProtocol
from emulator.wire.server import Server, listen
from emulator.wire.starts import Starts

MANY = 24


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9))
def test_answers_begin_in_order_and_others_run_in_between(bursts: list[int]) -> None:
    """However requests come, each begins in its turn, and no iteration of the loop begins more than two of them."""

    async def main() -> None:
        loop, starts = asyncio.get_running_loop(), Starts()
        begun: list[int] = []
        asked, before = 0, 0
        for burst in [*bursts, *[0] * sum(bursts)]:
            for number in range(asked, asked + burst):
                starts.add(lambda number=number: begun.append(number), loop)  # type: ignore[misc]
            asked += burst
            assert len(begun) - before <= 4  # two by this iteration's callback, and two of this burst
            before = len(begun)
            await asyncio.sleep(0)
        assert begun == [*range(asked)]

    asyncio.run(main())


def test_a_request_alone_begins_at_once() -> None:
    """A request that no other came with waits for no iteration of the loop."""

    async def main() -> None:
        starts, begun = Starts(), list[int]()
        for number in range(3):
            starts.add(lambda number=number: begun.append(number), asyncio.get_running_loop())  # type: ignore[misc]
            assert begun == [*range(number + 1)]
            for _ in range(3):
                await asyncio.sleep(0)

    asyncio.run(main())


def test_many_connections_are_accepted_in_few_iterations() -> None:
    """Clients that connect at once are not accepted one by one, with an answer to another between two of them."""

    async def main() -> None:
        config = uvicorn.Config(Starlette(), http=TransportProtocol, ws="none", lifespan="off", log_config=None)
        ready = asyncio.Event()
        server, listener = Server(config, 0, ready.set), listen("127.0.0.1", 0)
        serving = asyncio.create_task(server.serve([listener]))
        await ready.wait()
        iterations = 0
        with contextlib.ExitStack() as stack:
            for _ in range(MANY):
                stack.enter_context(socket.create_connection(listener.getsockname()))
            while len(server.server_state.connections) < MANY:
                await asyncio.sleep(0)
                iterations += 1
        server.stop()
        await serving
        assert iterations < MANY / 2

    uvloop.run(main())
