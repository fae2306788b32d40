"""Texts from Faker for less common names. Faker is loaded on first use, which takes a quarter of a second."""

from functools import lru_cache
from typing import Any

from emulator.core.seeds import Random

_SEED = 2606
_POOL = 32
_PROVIDERS = {
    "slogan": "catch_phrase",
    "tagline": "catch_phrase",
    "motto": "catch_phrase",
    "catch phrase": "catch_phrase",
    "iban": "iban",
    "bic": "swift",
    "swift": "swift",
    "swift code": "swift",
    "isbn": "isbn13",
    "barcode": "ean13",
    "ean": "ean13",
    "gtin": "ean13",
    "upc": "ean13",
    "user agent": "user_agent",
    "license plate": "license_plate",
    "plate": "license_plate",
    "vin": "vin",
    "vehicle": "license_plate",
    "credit card": "credit_card_number",
    "card number": "credit_card_number",
    "credit card number": "credit_card_number",
    "card": "credit_card_number",
    "ssn": "ssn",
    "social security number": "ssn",
    "bban": "bban",
    "color name": "color_name",
    "building": "building_number",
    "building number": "building_number",
    "prefix": "prefix",
    "suffix": "suffix",
    "salutation": "prefix",
    "airport": "city",
    "neighborhood": "street_name",
    "neighbourhood": "street_name",
    "continent": "country",
    "emoji": "emoji",
    "hashtag": "word",
    "industry": "bs",
    "mission": "bs",
    "skill": "job",
    "skills": "job",
    "designation": "job",
    "specialty": "job",
}


def offers(name: str) -> bool:
    """Whether Faker has texts for a property with this name."""
    return name in _PROVIDERS


def text(name: str, random: Random) -> str:
    """One of Faker's texts for a property with this name."""
    return random.choice(_texts(_PROVIDERS[name]))


@lru_cache(maxsize=64)
def _texts(provider: str) -> tuple[str, ...]:
    generator: Any = _faker()
    generator.seed_instance(_SEED)
    return tuple(str(getattr(generator, provider)()) for _ in range(_POOL))


@lru_cache(maxsize=1)
def _faker() -> Any:
    from faker import Faker  # noqa: PLC0415 - loaded only where one of its texts is wanted

    return Faker("en_US")
