"""A warning for API keys of a real service that reach the emulator by mistake."""

import logging

from emulator.account.keys import shown
from emulator.core.errors import Rejected
from emulator.engine import Engine

log = logging.getLogger("emulator")
_MOST = 1000
"""So many keys are warned of."""


class RealKeys:
    """Warns once of each key that looks like a real one, unless the emulator was given it or made it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: set[str] = set()

    async def check(self, key: str) -> None:
        """Log a warning of a key that looks real, if it comes for the first time."""
        if key in self._known or len(self._known) >= _MOST:
            return
        self._known.add(key)
        engine = self._engine
        seen = shown(key, engine.library)
        if seen == key or key in engine.settings.keys:
            return
        try:
            managed = await engine.manages(key)
        except Rejected:  # the store is not reached
            return
        if not managed:
            log.warning(
                "The API key %s looks like a real one. The emulator needs no secret: any key such as akml-local is "
                "valid. If it was sent by mistake, check the settings of the client.",
                seen,
            )
