"""Writes identifiers and numbers with a form or a check digit of their own, as their specifications have them."""

import base64
import json
from datetime import datetime
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Any

from emulator.core.seeds import Random

DIGITS = "0123456789"
CAPITALS = ascii_uppercase
HEX = "0123456789abcdef"
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's alphabet, which has no I, L, O or U."""
_IBANS = {"DE": "370400440532013000", "FR": "20041010050500013M02606", "GB": "NWBK60161331926819"}
"""The national part of an account number, by country."""


def drawn(random: Random, size: int, alphabet: str = HEX) -> str:
    """`size` characters of an alphabet."""
    return "".join(random.choices(alphabet, k=size))


def uuid(random: Random, version: int = 4) -> str:
    """A UUID of a version (RFC 9562, section 4)."""
    raw = drawn(random, 30)
    return f"{raw[:8]}-{raw[8:12]}-{version}{raw[12:15]}-{random.choice('89ab')}{raw[15:18]}-{raw[18:30]}"


def timed_uuid(random: Random, moment: datetime) -> str:
    """A UUID of version 7, which begins with its time in milliseconds (RFC 9562, section 5.7)."""
    time = f"{round(moment.timestamp() * 1000):012x}"
    return f"{time[:8]}-{time[8:]}-{uuid(random, 7)[14:]}"


def ulid(random: Random, moment: datetime) -> str:
    """A ULID: ten characters of time, and sixteen drawn ones (the ULID specification)."""
    time, text = round(moment.timestamp() * 1000), ""
    for _ in range(10):
        time, digit = divmod(time, 32)
        text = _BASE32[digit] + text
    return text + drawn(random, 16, _BASE32)


def cuid(random: Random) -> str:
    """A CUID, whose first character is a c."""
    return "c" + drawn(random, 24, ascii_lowercase + DIGITS)


def cuid2(random: Random) -> str:
    """A CUID2, whose first character is a letter."""
    return random.choice(ascii_lowercase) + drawn(random, 23, ascii_lowercase + DIGITS)


def nanoid(random: Random) -> str:
    """A Nano ID of 21 characters."""
    return drawn(random, 21, ascii_letters + DIGITS + "_-")


def ksuid(random: Random) -> str:
    """A KSUID: 27 letters and digits."""
    return drawn(random, 27, ascii_letters + DIGITS)


def xid(random: Random) -> str:
    """An Xid: 20 characters of the lower base 32 with all of 0-9 and a-v."""
    return drawn(random, 20, DIGITS + "abcdefghijklmnopqrstuv")


def object_id(random: Random) -> str:
    """An ObjectId of MongoDB: 24 hexadecimal digits."""
    return drawn(random, 24)


def jwt(random: Random, subject: str, moment: datetime) -> str:
    """A JSON Web Token (RFC 7519, section 3) that says whose it is and when it was issued. Nobody signed it."""
    claims = {"sub": subject, "iat": round(moment.timestamp())}
    signature = base64.urlsafe_b64encode(bytes(random.choices(range(256), k=32)))
    return ".".join([*map(_encoded, ({"alg": "HS256", "typ": "JWT"}, claims)), signature.decode().rstrip("=")])


def _encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).decode().rstrip("=")


def card_number(random: Random) -> str:
    """A payment card number of 16 digits, with its check digit (ISO/IEC 7812-1, annex B: the Luhn formula)."""
    digits = "4" + drawn(random, 14, DIGITS)
    doubled = [sum(divmod(int(digit) * 2, 10)) if at % 2 == 0 else int(digit) for at, digit in enumerate(digits)]
    return digits + str(-sum(doubled) % 10)


def iban(random: Random) -> str:
    """An international bank account number, with its check digits (ISO 13616-1)."""
    country = random.choice(("DE", "FR", "GB"))
    account = _IBANS[country]
    number = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return f"{country}{98 - int(number) % 97:02}{account}"


def bic(random: Random) -> str:
    """A business identifier code of a bank (ISO 9362)."""
    return drawn(random, 4, CAPITALS) + random.choice(("DE", "FR", "GB", "US")) + "2X"


def isbn(random: Random) -> str:
    """An International Standard Book Number of 13 digits, with its check digit (ISO 2108)."""
    digits = "978" + drawn(random, 9, DIGITS)
    return digits + str(-sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits)) % 10)
