"""Offers to change the protocol, such as `Upgrade: h2c`, which clients make with a request and a server may ignore.

The parser stops behind a head with an offer, as if the rest of the connection were of the other protocol. So a new
parser reads the same head without the offer, and then what follows: the body, and the next requests.
"""

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_CONNECT = b"CONNECT"


class OfferIgnoringProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which answers a request with an offer like any other (RFC 9110, section 7.8)."""

    def parse(self, data: bytes | memoryview) -> None:
        """Parse what came. Raises HttpParserError."""
        while True:
            try:
                return self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stopped:
                end = stopped.args[0]
            data = memoryview(data)[end:]
            self._go_on()

    def is_offer(self) -> bool:
        """Whether the head that was parsed has an offer, and so will be parsed again."""
        return self.parser.should_upgrade() and self.parser.get_method() != _CONNECT

    def _go_on(self) -> None:
        """Parse the last head without its offer. CONNECT has neither; what follows its head is the next request."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        if method != _CONNECT:
            lines = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
            self.parser.feed_data(b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, b"".join(lines)))
