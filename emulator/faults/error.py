"""The inference fails with an error."""

from emulator.core.errors import ApiError
from emulator.core.plan import Fault
from emulator.core.vocabulary import Failure
from emulator.faults.events import from_there
from emulator.faults.fault_type import FaultType
from emulator.faults.hangup import instead
from emulator.faults.where import Where


def error(where: Where, error: ApiError) -> Fault:
    """Fail at a place, at the time of the next step.

    Before the response the client sees an HTTP status, after it an error inside the stream.
    """
    return from_there(where, instead(Failure(error)))


FAULT = FaultType(
    level="event",
    value="error",
    placing="required",
    meaning="The inference fails: an HTTP status before the response, an error inside the stream after it.",
    build=lambda value, where, random: error(where, value),
    order=1,
)
