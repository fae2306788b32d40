"""Seeds, from which random numbers and ids are derived. No other module imports `random`.

A `Seed` is a value. The same parts give the same seed in any process and on any machine; Python's `hash()`, which is
salted per process, is not used.
"""

import random
import secrets
from hashlib import blake2b
from typing import Any, Self, TypeAlias, cast

import msgspec

Random: TypeAlias = random.Random
"""A source of random numbers, as `Seed.random()` returns it."""

_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_AS_LETTERS = bytes(_LETTERS[byte % 62] for byte in range(256))
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}

canonical = msgspec.json.Encoder(order="sorted").encode
"""The JSON of a value in bytes that are the same for equal values, whatever the order of their keys."""


class Seed(msgspec.Struct, frozen=True):
    """64 bytes from which random numbers and ids are derived.

    >>> Seed.of("a", 1) == Seed.of("a", 1), Seed.of("a", 1) == Seed.of("a1")
    (True, False)
    """

    digest: bytes

    @classmethod
    def of(cls, *parts: str | bytes | int) -> Self:
        """Return the seed of these parts. Parts are kept separate, so ("a", "b") and ("ab",) differ."""
        return cls(_digest(b"", parts))

    @classmethod
    def unpredictable(cls) -> Self:
        """Return a seed of random bytes of the operating system, for secrets."""
        return cls(secrets.token_bytes(64))

    def child(self, *parts: str | bytes | int) -> "Seed":
        """Return a seed that depends on this one and on the parts."""
        return Seed(_digest(self.digest, parts))

    def random(self) -> Random:
        """Return a new random number generator; every call returns the same sequence."""
        return random.Random(self.digest)

    def late_random(self) -> Random:
        """Return the same generator as `random`, made when it is first used, since it takes 2.5 KiB."""
        return cast(Random, _LateRandom(self))

    def hex(self, digits: int) -> str:
        """Return up to 128 hexadecimal digits."""
        return self.digest[: (digits + 1) // 2].hex()[:digits]

    def letters(self, length: int) -> str:
        """Return up to 32 letters and digits, for use in ids."""
        return self.digest[-length:].translate(_AS_LETTERS).decode()

    def uuid4(self) -> str:
        """Return an id in the form of a version 4 UUID (RFC 9562, section 5.4)."""
        digits = self.digest[16:32].hex()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


class _LateRandom:
    """Stands for a random number generator until it is used."""

    __slots__ = ("_made", "_seed")

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._made: Random | None = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = self._seed.random()
        return getattr(self._made, name)


def _digest(start: bytes, parts: tuple[str | bytes | int, ...]) -> bytes:
    for part in parts:
        data = part if type(part) is bytes else str(part).encode("utf-8", "surrogatepass")
        start += b"%d:%b," % (len(data), data)
    return blake2b(start).digest()
