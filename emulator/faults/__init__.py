"""Faults: what can go wrong with an answer, one in each file, and `FAULTS`, the table of all of them.

An event fault is a function from steps to steps; a frame fault is a function from encoded frames to frames. Both are
pure: nothing here waits or sends. README.md in this folder shows how to add a fault, step by step.
"""

from emulator.faults.chunks import Chunk
from emulator.faults.distributions import Constant, Distribution, Exponential, Lognormal, Normal, Uniform
from emulator.faults.fault_type import FaultSetting, FaultSettings, FaultType, Header
from emulator.faults.frames import Alone
from emulator.faults.pace import pace
from emulator.faults.registry import FAULTS, NO_FAULTS, Faults, assemble
from emulator.faults.where import PLACES, Where

__all__ = [
    "FAULTS",
    "NO_FAULTS",
    "PLACES",
    "Alone",
    "Chunk",
    "Constant",
    "Distribution",
    "Exponential",
    "FaultSetting",
    "FaultSettings",
    "FaultType",
    "Faults",
    "Header",
    "Lognormal",
    "Normal",
    "Uniform",
    "Where",
    "assemble",
    "pace",
]
