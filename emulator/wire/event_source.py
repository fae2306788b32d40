"""A stream that waits: sse-starlette's event source, for frames that are bytes already. Its only importer."""

import asyncio

from sse_starlette import EventSourceResponse
from starlette.types import Message, Send


class EventSource(EventSourceResponse):
    """An event source that ends when its client leaves or the server stops; no send times out."""

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        await send(message)

    @staticmethod
    async def _listen_for_exit_signal() -> None:
        """The library would poll a process-wide flag for ever; the server cuts what is left when it stops."""
        await asyncio.get_running_loop().create_future()
