"""JSON that is almost what it should be."""

import random
from typing import Any

from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
"""Any JSON."""


def changed(payload: Any, value: Any, chance: random.Random) -> Any:
    """The payload with a value in one of its places."""
    if not payload or not isinstance(payload, dict | list) or chance.random() < 0.2:
        return value
    key: Any = chance.choice([*payload] if isinstance(payload, dict) else range(len(payload)))
    copy: Any = payload.copy()
    copy[key] = changed(payload[key], value, chance)
    return copy
