"""A stream of events that happen at any time: sse-starlette's event source. No other module imports that library.

The answers of models are sent by `respond`, not by it: their events have times that are known before. An event source
is a group of four tasks, which cost about 20 KiB of memory and half the time of each event. There may be thousands of
open answers, but few who watch what happens.
"""

import asyncio

from sse_starlette import EventSourceResponse
from starlette.types import Message, Send


class EventSource(EventSourceResponse):
    """An event source that ends when its client leaves or the server stops; no send times out."""

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        await send(message)

    @staticmethod
    async def _listen_for_exit_signal() -> None:
        """Disable the library's polling of a process-wide flag; the server itself ends open streams when it stops."""
        await asyncio.get_running_loop().create_future()
