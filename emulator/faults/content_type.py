"""The response has another Content-Type."""

from emulator.faults.fault_type import FaultType

FAULT = FaultType(
    level="header",
    value="text",
    placing="none",
    meaning="The response has this Content-Type.",
    build=lambda value, where, random: ("content-type", value),
    order=12,
)
