"""Numbers in decimal notation, for messages and headers: `:g` would write a million as 1e+06."""

from decimal import Decimal


def decimal(number: float, places: int | None = None) -> str:
    """Format a number with all its digits, or rounded to `places`; without trailing zeros, without an exponent.

    >>> decimal(1e6), decimal(0.25), decimal(1e-7), decimal(1.00049, 3), decimal(-0.0001, 3)
    ('1000000', '0.25', '0.0000001', '1', '0')
    """
    text = f"{Decimal(repr(number)):f}" if places is None else f"{number:.{places}f}"
    shortened = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if shortened == "-0" else shortened
