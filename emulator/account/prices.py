"""The exact price of a usage. Money is a `Decimal` in USD, and no operation on it rounds."""

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import lru_cache

from msgspec import Struct

from emulator.core.catalog import Pricing

_EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])

add = _EXACT.add
"""a + b. Like its fellows it raises `decimal.Inexact` instead of rounding, whatever the thread's own context does."""
subtract = _EXACT.subtract
"""a - b."""
negative = _EXACT.minus
"""-a."""

ZERO = Decimal(0)
_INTEGERS, _DECIMALS = 60, 100


def check_usd(what: str, amount: Decimal) -> Decimal:
    """Return an amount with which calculations are exact. Raises ValueError for any other."""
    if not amount.is_finite() or amount.adjusted() > _INTEGERS or int(amount.as_tuple().exponent) < -_DECIMALS:
        raise ValueError(f"{what} cannot be {amount}: expected an amount in USD")
    return amount


def check_positive(what: str, amount: Decimal) -> Decimal:
    """Return an amount of more than 0. Raises ValueError for any other."""
    if not (amount.is_finite() and amount > 0):
        raise ValueError(f"{what} cannot be of {amount} USD: expected more than 0")
    return check_usd(what, amount)


class Tariff(Struct, frozen=True):
    """The prices of a model as whole multiples of one `unit` of USD, so that a usage is priced in integers."""

    unit: Decimal
    input: int
    cached: int
    output: int
    request: int

    def price(self, prompt: int, cached: int = 0, completion: int = 0) -> Decimal:
        """The price in USD of one request; `cached` is the number of prompt tokens that were cached.

        AkashML's formula: input x input + cached x (input_cache_read, or input) + output x output + request
        (docs/contract.md, models).
        """
        cached = min(cached, prompt)
        units = (prompt - cached) * self.input + cached * self.cached + completion * self.output + self.request
        return _EXACT.multiply(self.unit, units)

    def affordable(self, amount: Decimal) -> int | None:
        """The number of completion tokens that an amount of USD can pay; None if they are free."""
        if not self.output:
            return None
        return max(int(_EXACT.divide_int(amount, _EXACT.multiply(self.unit, self.output))), 0)


@lru_cache(maxsize=1024)
def tariff(pricing: Pricing) -> Tariff:
    """The tariff of a model's prices.

    >>> tariff(Pricing(input="0.0000013", output="0.0000044")).price(prompt=10, completion=5)
    Decimal('0.0000350')
    """
    cached = pricing.input if pricing.input_cache_read is None else pricing.input_cache_read
    prices = [Decimal(price) for price in (pricing.input, cached, pricing.output, pricing.request)]
    digits = max(len(price.partition(".")[2]) for price in (pricing.input, cached, pricing.output, pricing.request))
    return Tariff(Decimal((0, (1,), -digits)), *(int(_EXACT.scaleb(price, digits)) for price in prices))


def usd(amount: Decimal) -> str:
    """Format an amount: exact, with at least two decimals, without an exponent.

    >>> usd(Decimal("5")), usd(Decimal("0E-9")), usd(Decimal("0.00000130"))
    ('5.00 USD', '0.00 USD', '0.0000013 USD')
    """
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')} USD"
