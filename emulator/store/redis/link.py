"""One connection to Redis. Commands that are made in the same turn of the event loop are sent together."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from redis.exceptions import NoScriptError, RedisError, ResponseError

from emulator.store.redis.scripts import Script

_FAILURES = RedisError, OSError, RuntimeError
"""What a connection that has failed raises; uvloop a RuntimeError."""
CONNECT = 2.0
ANSWER = 2.0
"""Seconds until a connection, or an answer, has failed."""
_LOOKS = 4
"""How often it is looked in that time whether an answer has come."""


class Lost(Exception):
    """Redis is not reached, does not answer, or refuses what it is asked. The message is for people.

    `unsure` says that Redis may have done all the same what it was asked.
    """

    unsure = False


class Link:
    """Sends commands on a connection of a pool of redis-py, and returns their answers in the same order.

    A caller that is cancelled leaves the order as it is. A link that has failed stays so: `alive` is False.
    """

    def __init__(self, pool: Any) -> None:
        self._connection = pool.make_connection()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._unsent: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = False
        self._answered = 0
        self._watch: asyncio.TimerHandle | None = None
        self.alive = False

    async def open(self) -> None:
        """Connect. Raises Lost."""
        try:
            async with asyncio.timeout(CONNECT):
                await self._connection.connect()
        except (*_FAILURES, TimeoutError) as error:
            await self.close()
            why = told(error)
            raise Lost(f"{why} (is it Redis? For TLS, write rediss://)" if why == _CLOSED else why) from None
        self.alive = True
        self._start(self._read())

    async def call(self, *command: Any) -> Any:
        """Return the answer to a command. Raises Lost."""
        try:
            return await self._ask(command)
        except ResponseError as error:
            raise Lost(told(error)) from None

    async def run(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Return what a script returns. Raises Lost."""
        try:
            return await self._ask(arguments, _beginning(script.digest, tuple(keys)), 3 + len(keys))
        except NoScriptError:
            return await self.call("EVAL", script.text, len(keys), *keys, *arguments)
        except ResponseError as error:
            raise Lost(told(error)) from None

    def _ask(self, command: tuple[Any, ...], beginning: bytes = b"", words: int = 0) -> "asyncio.Future[Any]":
        """Send a command, which may have a `beginning` of so many words that are packed already."""
        if not self.alive:
            raise Lost("the connection was lost")
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self._unsent += (b"*%d\r\n" % (words + len(command)), beginning, _packed(command))
        if not self._sending:
            self._sending = True
            self._start(self._send())
        if self._watch is None:
            self._watch_from(self._answered, _LOOKS)
        return answer

    async def _send(self) -> None:
        try:
            while self._unsent:
                unsent, self._unsent = self._unsent, []
                await self._connection.send_packed_command([b"".join(unsent)], check_health=False)
        except _FAILURES as error:
            self._fail(error)
        finally:
            self._sending = False

    async def _read(self) -> None:
        try:
            while True:
                try:
                    answer = await self._connection.read_response(disable_decoding=True, disconnect_on_error=False)
                except ResponseError as error:
                    answer = error
                self._answered += 1
                waiting = self._waiting.popleft()
                if waiting.cancelled():
                    continue
                if isinstance(answer, ResponseError):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)
        except _FAILURES as error:
            self._fail(error)
        finally:
            self.alive = False

    def _watch_from(self, answered: int, looks: int) -> None:
        """Fail if there are no more answers than these after so many looks."""

        def look() -> None:
            self._watch = None
            if self._waiting and self._answered != answered:
                self._watch_from(self._answered, _LOOKS)
            elif self._waiting and looks > 1:
                self._watch_from(answered, looks - 1)
            elif self._waiting:
                self._fail(TimeoutError())

        self._watch = asyncio.get_running_loop().call_later(ANSWER / _LOOKS, look)

    def _fail(self, error: Exception) -> None:
        self.alive = False
        waiting, self._waiting = self._waiting, deque()
        for each in waiting:
            if not each.done():
                each.set_exception(Lost(told(error)))
        self._start(self.close())

    async def close(self) -> None:
        """Close the connection. What waits for an answer fails."""
        self.alive = False
        if self._watch is not None:
            self._watch.cancel()
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await closed(self._connection)
        for each in self._waiting:
            if not each.done():
                each.set_exception(Lost("the connection was closed"))
                each.exception()
        self._waiting.clear()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Subscription:
    """Calls a function with each message of a channel. It is a connection of its own."""

    def __init__(self, pool: Any, channel: str, heard: Callable[[bytes], None]) -> None:
        self._connection = pool.make_connection()
        self._channel = channel
        self._heard = heard
        self._pongs: deque[asyncio.Future[None]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Subscribe: each message that is published after this is heard. Raises Lost."""
        try:
            async with asyncio.timeout(CONNECT):
                await self._connection.connect()
                await self._connection.send_command("SUBSCRIBE", self._channel)
                await self._connection.read_response(disable_decoding=True)
        except (*_FAILURES, TimeoutError) as error:
            await closed(self._connection)
            raise Lost(told(error)) from None
        self._task = asyncio.ensure_future(self._read())

    @property
    def alive(self) -> bool:
        """Whether messages are heard."""
        return self._task is not None and not self._task.done()

    async def caught_up(self) -> None:
        """Return once all messages are heard that were published before."""
        if not self.alive:
            return
        pong = asyncio.get_running_loop().create_future()
        self._pongs.append(pong)
        try:
            await self._connection.send_command("PING", check_health=False)
        except _FAILURES:
            return
        await pong

    async def _read(self) -> None:
        try:
            while True:
                message = await self._connection.read_response(disable_decoding=True, disconnect_on_error=False)
                if message[0] == b"message":
                    self._heard(message[2])
                elif message[0] == b"pong" and self._pongs and not (pong := self._pongs.popleft()).done():
                    pong.set_result(None)
        except _FAILURES:
            pass
        finally:
            for pong in self._pongs:
                if not pong.done():
                    pong.set_result(None)

    async def close(self) -> None:
        """Hear no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await closed(self._connection)


@lru_cache(maxsize=4096)
def _beginning(digest: str, keys: tuple[str, ...]) -> bytes:
    """The beginning of a call of a script, which is the same for each call with these keys."""
    return _packed(("EVALSHA", digest, len(keys), *keys))


def _packed(words: Iterable[Any]) -> bytes:
    """The words of a command as Redis reads them."""
    parts = []
    for each in words:
        part = each if isinstance(each, bytes) else str(each).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(part), part))
    return b"".join(parts)


async def closed(connection: Any) -> None:
    """Close a connection, and let its transport notice it."""
    await connection.disconnect(nowait=True)
    for _ in range(2):
        await asyncio.sleep(0)


def told(error: BaseException) -> str:
    """What went wrong, as a sentence without its full stop."""
    text = str(error)
    for beginning, sentence in _TOLD:
        if beginning in text:
            return sentence
    if isinstance(error, TimeoutError) or not text:
        return "it does not answer"
    return text.rstrip(".")


_CLOSED = "it has closed the connection"
_DENIED = "the user may not do this: give it +@all -@dangerous ~PREFIX:* &PREFIX:*"
_CLUSTER = "it is of a Redis Cluster, which is not supported: name a Redis that is none"
_TOLD = (
    ("onnection refused", "nothing listens there (is Redis running?)"),
    ("Connect call failed", "nothing listens there (is Redis running?)"),
    ("No such file or directory", "nothing listens there (is Redis running?)"),
    ("Name or service not known", "there is no host of that name"),
    ("Hostname mismatch", "its certificate is for another host (?ssl_check_hostname=false allows that)"),
    ("IP address mismatch", "its certificate is for another host (?ssl_check_hostname=false allows that)"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted: name its issuer's with ?ssl_ca_certs=FILE"),
    ("NO_CERTIFICATE", "there is no certificate in ssl_ca_certs"),
    ("Protocol Error", "what answers there is not Redis"),
    ("Connection lost", _CLOSED),
    ("onnection closed", _CLOSED),
    ("onnection reset", _CLOSED),
    ("WRONGPASS", "the password, or the user, is wrong"),
    ("invalid password", "the password is wrong"),
    ("invalid username-password", "the password, or the user, is wrong"),
    ("NOAUTH", "it asks for a password: write redis://:PASSWORD@host"),
    ("Authentication required", "it asks for a password: write redis://:PASSWORD@host"),
    ("without any password configured", "it has no password, but one was given"),
    ("maxmemory", "its memory is full: raise maxmemory, or delete what is not needed"),
    ("READONLY", "it is a replica that only reads: name the primary"),
    ("read only replica", "it is a replica that only reads: name the primary"),
    ("max number of clients", "it takes no more connections: raise maxclients, of which each worker needs two"),
    ("MISCONF", "it cannot save to its disk, and so takes no changes"),
    ("LOADING", "it is still loading its data"),
    ("loading the dataset", "it is still loading its data"),
    ("WRONGTYPE", "another program has stored something under its prefix: name another one (?prefix=NAME)"),
    ("NOPERM", _DENIED),
    ("no permissions", _DENIED),
    ("CLUSTERDOWN", _CLUSTER),
    ("ash slot", _CLUSTER),
    ("same slot", _CLUSTER),
    ("MOVED", _CLUSTER),
)
