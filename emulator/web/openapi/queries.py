"""The query parameters of the control API."""

from typing import get_args

from emulator.core import units
from emulator.core.errors import ErrorKind
from emulator.core.fields import Limits
from emulator.core.json_schemas import NONEMPTY, STRING, Schema, integer, word
from emulator.dialects.endpoints import ENDPOINTS
from emulator.inferences.inference import Outcome
from emulator.inferences.selecting import MOST, ORDERS
from emulator.web.control.inferences import FOLLOWING
from emulator.web.control.usage import MOST_BUCKETS
from emulator.web.presets import VERSIONS

_COUNTED = Limits(0, 10**12)
KEY = STRING | {"pattern": r"\S"}
ENDPOINT = word(*ENDPOINTS)
_TIME = STRING | {"pattern": f"^(?:{units.NUMBER}|{units.moment.form})$"}
QUERY: dict[str, Schema] = {
    "key": KEY,
    "endpoint": ENDPOINT,
    "model": NONEMPTY,
    "status": integer(Limits(0, 999)),
    "outcome": word(*get_args(Outcome), *(f"failed: {kind}" for kind in get_args(ErrorKind))),
    "rule": NONEMPTY,
    "since": _TIME,
    "until": _TIME,
    "limit": integer(Limits(1, MOST)),
    "namespace": NONEMPTY,
    "scenario": NONEMPTY,
    "text": NONEMPTY,
    "after": integer(_COUNTED),
    "before": integer(_COUNTED),
    "order": word(*ORDERS),
    "from": _TIME,
    "to": _TIME,
    "buckets": integer(Limits(1, MOST_BUCKETS)),
    "follow": word("false", *FOLLOWING),
    "version": integer(VERSIONS),
    "digest": NONEMPTY,
    "most_attempts": integer(Limits(1, _COUNTED.high)),
}
"""The query parameters, but `format`."""
