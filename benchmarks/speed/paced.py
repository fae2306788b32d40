"""Reads streams that have a pace, many at once, and notes when each event arrives."""

import select
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from .answers import Request
from .load import Void

OPENED_AT_ONCE = 200
"""How many connections wait for an answer while many are opened."""


@dataclass
class Stream:
    """A stream that is read: when it was asked for, and when each of its events arrived."""

    connection: socket.socket
    sent: float = 0
    arrivals: list[float] = field(default_factory=list)
    end: bytes = b""
    right: bool = False
    ended: bool = False

    def read(self, now: float) -> None:
        """Take what has arrived, and count the events that end in it."""
        data = self.connection.recv(1 << 18)
        if not data:
            raise Void(f"a stream ended after {len(self.arrivals)} events, in its middle")
        self.right = self.right or data.startswith(b"HTTP/1.1 200 ")
        text = self.end + data
        self.arrivals += [now] * text.count(b"\n\n")
        self.end = text[-1:] if not text.endswith(b"\n\n") else b""
        self.ended = data.endswith(b"0\r\n\r\n")


@dataclass(frozen=True)
class Timing:
    """How well many streams kept their pace, in seconds; `load` is the client's share of its core."""

    error_median: float
    error_p99: float
    first_p99: float
    rate: float
    load: float


class Reader:
    """Connections to one server, read with epoll."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.poll = select.epoll()
        self.streams: dict[int, Stream] = {}

    def open(self, count: int) -> list[Stream]:
        """So many more connections."""
        opened = []
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", self.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.append(Stream(connection))
            self.streams[connection.fileno()] = opened[-1]
            self.poll.register(connection, select.EPOLLIN)
        return opened

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self.streams.values():
            stream.connection.close()
        self.poll.close()

    def ask(self, request: Request, streams: Sequence[Stream], number: int) -> None:
        """Ask a new question on each of these connections."""
        for place, stream in enumerate(streams):
            stream.sent = time.perf_counter()
            stream.connection.sendall(request.numbered(number + place))

    def read(self, deadline: float) -> None:
        """Read what has arrived, or wait for it."""
        for file, _ in self.poll.poll(1):
            self.streams[file].read(time.perf_counter())
        if time.perf_counter() > deadline:
            raise Void("the streams did not come in time")


def timing(port: int, request: Request, count: int, events: int, rate: float, number: int) -> Timing:
    """How so many streams, asked for at once, keep their pace. Each event is due a fixed time after its request.

    A stream has the role's event, then `events` with text, the first of them due at once, and then those of its end.
    """
    with Reader(port) as reader:
        streams = reader.open(count)
        deadline = time.perf_counter() + 5 * events / rate + 10
        used = time.process_time()
        reader.ask(request, streams, number)
        while not all(stream.ended for stream in streams):
            reader.read(deadline)
        used = time.process_time() - used
    if not all(stream.right and len(stream.arrivals) > events for stream in streams):
        raise Void(f"a stream has {min(len(stream.arrivals) for stream in streams)} events, or its status is not 200")
    late = [
        abs(arrival - stream.sent - place / rate)
        for stream in streams
        for place, arrival in enumerate(stream.arrivals[1 : events + 1])
    ]
    begun, ended = streams[0].sent, max(stream.arrivals[events] for stream in streams)
    firsts = [stream.arrivals[1] - stream.sent for stream in streams]
    of_each_hundred = statistics.quantiles(late, n=100)
    return Timing(
        error_median=of_each_hundred[49],
        error_p99=of_each_hundred[98],
        first_p99=statistics.quantiles(firsts, n=100)[98],
        rate=count * events / (ended - begun),
        load=used / (ended - begun),
    )


def hold_open(reader: Reader, request: Request, count: int) -> None:
    """Ask for so many streams, and return when each has sent its role and its first text."""
    deadline = time.perf_counter() + 120
    for start in range(0, count, OPENED_AT_ONCE):
        some = reader.open(min(OPENED_AT_ONCE, count - start))
        reader.ask(request, some, start)
        while not all(len(stream.arrivals) > 1 for stream in some):
            reader.read(deadline)
    if not all(stream.right for stream in reader.streams.values()):
        raise Void("the status of a stream is not 200")
