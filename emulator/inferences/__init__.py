"""The record of every inference: what was asked, what was answered by whom and why, and what was really sent and when.

While an inference runs, a `LiveRecord` takes note in the bytes' own way, which costs next to nothing; an `Inference`,
which people read, is made of it when somebody asks. API keys and tokens are masked in all that is readable.
"""

from typing import TYPE_CHECKING, Any

from emulator.inferences.journal import Journal
from emulator.inferences.live_record import LiveRecord

if TYPE_CHECKING:
    from emulator.inferences.inference import Inference, Moment

__all__ = ["Inference", "Journal", "LiveRecord", "Moment"]


def __getattr__(name: str) -> Any:
    """What is readable is imported when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from emulator.inferences import inference  # noqa: PLC0415

    return getattr(inference, name)
