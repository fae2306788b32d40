"""Where chance and identity come from: a seed, and the seeds derived from it. The only importer of `random`.

A `Seed` is a value. The same parts derive the same seed in another process and on another machine; Python's own
`hash()`, which is salted per process, is not used.
"""

import hashlib
import random
from typing import Self, TypeAlias

import msgspec

Random: TypeAlias = random.Random
"""A source of random numbers, as `Seed.random()` returns it."""

_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_AS_LETTERS = bytes(_LETTERS[byte % 62] for byte in range(256))

canonical = msgspec.json.Encoder(order="sorted").encode
"""The JSON of a value in bytes that are the same for equal values, whatever the order of their keys."""


class Seed(msgspec.Struct, frozen=True):
    """64 bytes from which chances and ids are drawn.

    >>> Seed.of("a", 1) == Seed.of("a", 1), Seed.of("a", 1) == Seed.of("a1")
    (True, False)
    """

    digest: bytes

    @classmethod
    def of(cls, *parts: str | bytes | int) -> Self:
        """The seed of these parts; parts are kept apart, so ("a", "b") and ("ab",) differ."""
        return cls(_digest(b"", parts))

    def child(self, *parts: str | bytes | int) -> "Seed":
        """A seed that depends on this one and on the parts."""
        return Seed(_digest(self.digest, parts))

    def random(self) -> Random:
        """A new source of chance; every call gives one that starts at the beginning."""
        return random.Random(self.digest)

    def hex(self, digits: int) -> str:
        """Up to 128 hexadecimal digits."""
        return self.digest.hex()[:digits]

    def letters(self, length: int) -> str:
        """Up to 32 letters and digits, as ids have them."""
        return self.digest[-length:].translate(_AS_LETTERS).decode()

    def uuid4(self) -> str:
        """An id in the form of a version 4 UUID (RFC 9562, section 5.4)."""
        digits = self.digest[16:32].hex()
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _digest(start: bytes, parts: tuple[str | bytes | int, ...]) -> bytes:
    raw = [part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.blake2b(b"".join([start, *(b"%d:%b," % (len(part), part) for part in raw)])).digest()
