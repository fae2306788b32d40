"""The inference fails."""

from emulator.core.vocabulary import ApiError, Failure, Fault
from emulator.faults.events import from_there
from emulator.faults.hangup import instead
from emulator.faults.where import Where


def error(where: Where, error: ApiError) -> Fault:
    """Fail at a place, at the time at which the answer would have gone on.

    Before the response that is an HTTP status; after it, an error inside the stream.
    """
    return from_there(where, instead(Failure(error)))
