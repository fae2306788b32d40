"""A paced stream: sse-starlette's event source for encoded frames. No other module imports that library."""

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
