"""The types of times in saved data, whose bounds are checked when it is read."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from emulator.core.units import END, FIRST, LONGEST

Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=LONGEST)]
"""A duration."""
Phase: TypeAlias = Annotated[float, Meta(gt=0, le=LONGEST)]
"""A duration that is not empty."""
Moment: TypeAlias = Annotated[float, Meta(ge=FIRST, lt=END)]
"""A time in Unix seconds."""
