"""Finding the values of a schema's properties, and the keys of a JSON object, in a message."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.core.vocabulary import Tool
from emulator.generator.saying.calls_said import said, worded
from emulator.generator.saying.parameters import Signature, nested

_KEYS = re.compile(
    r"\b(?:keys?|fields?|properties)\b(?: named| called|:| are)?\s*"
    r"((?:[`\"']?\w+[`\"']?(?:,\s*(?:and )?| and )?){1,12})",
    re.IGNORECASE,
)


def hints(text: str, schema: Mapping[str, Any] | bool) -> Mapping[str, Any]:
    """Return what a text says of the properties of an object with this schema.

    A text does not list the values of its answer, as it does those of a call: its phrases are not shared among texts
    of other names, and of a question only what is named is taken.

    >>> properties = {"city": {}, "days": {}, "unit": {}}
    >>> hints("What's the weather in San Francisco for 3 days?", {"properties": properties})
    {'city': 'San Francisco', 'days': 3}
    """
    if not isinstance(schema, Mapping) or not isinstance(schema.get("properties"), Mapping):
        return {}
    of = Signature(Tool("", parameters=schema), optional=_asks(text))
    calls = said(of, text)
    return nested(of.parameters, worded(of, calls, text, named=True)[0])


def _asks(text: str) -> bool:
    return "?" in text


def named(text: str) -> list[str]:
    """Return the keys that a text requests for a JSON object.

    >>> named("Answer in JSON with the keys `name`, `age` and `city`.")
    ['name', 'age', 'city']
    """
    found = _KEYS.search(text)
    words = re.findall(r"\w+", found[1]) if found else []
    return [word for word in dict.fromkeys(words) if word not in ("and", "or")]
