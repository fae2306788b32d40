"""What goes wrong with an answer: one small file a fault, and `FAULTS`, the registry of them all.

An event fault is a function from steps to steps; a frame fault, from encoded frames to frames. Both are pure: nothing
here waits or sends. README.md in this folder grows a new one, step by step.
"""

from emulator.faults.chance import Chance, Constant, Distribution, Exponential, Lognormal, Normal, Uniform
from emulator.faults.chunks import Chunk
from emulator.faults.frames import Alone
from emulator.faults.pace import pace
from emulator.faults.registry import FAULTS, NO_FAULTS, Faults, FaultType, Header, assemble
from emulator.faults.where import PLACES, Where

__all__ = [
    "FAULTS",
    "NO_FAULTS",
    "PLACES",
    "Alone",
    "Chance",
    "Chunk",
    "Constant",
    "Distribution",
    "Exponential",
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
