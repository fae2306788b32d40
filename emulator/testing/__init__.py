"""The emulator in tests: a server on a free port, or an ASGI app in the test's own event loop.

`Emulator` is a server, `Session` is an isolated namespace on it, and `InProcess` is an emulator without a socket.
`emulated` decorates a test function, `AkashMLMixin` extends `unittest.TestCase`; pytest has emulator.pytest_plugin.
"""

from emulator.testing.building import Playable
from emulator.testing.cases import AkashMLMixin, emulated, environment
from emulator.testing.in_process import InProcess
from emulator.testing.interface import EmulatorInterface
from emulator.testing.server import Emulator, ServerClock, Session

__all__ = [
    "AkashMLMixin",
    "Emulator",
    "EmulatorInterface",
    "InProcess",
    "Playable",
    "ServerClock",
    "Session",
    "emulated",
    "environment",
]
