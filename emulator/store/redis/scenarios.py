"""The scenarios that were put over HTTP, which all workers have."""

import logging
from collections.abc import Sequence

from emulator.scenario.library import Library
from emulator.scenario.reading.mistakes import ScenarioError

_VERSIONS = 1_000_000
"""Versions of scenarios that were put for all workers are above those that a worker counts by itself."""

log = logging.getLogger("emulator")


class Scenarios:
    """Puts the scenarios of all workers into the library of this one, which has them up to `revision`."""

    def __init__(self, library: Library) -> None:
        self.revision = 0
        self._library = library

    def put(self, stored: Sequence[bytes], revision: int) -> None:
        """Put those that are newer. What is stored is, in turn, a name, and its revision with the text.

        The text is empty if the scenario was removed.
        """
        told = [each.decode() for each in stored]
        put = [(name, *each.partition(" ")) for name, each in zip(told[::2], told[1::2], strict=True)]
        for number, name, text in sorted((int(number), name, text) for name, number, _, text in put):
            if number <= self.revision:
                continue
            if text:
                try:
                    self._library.put(name, text, version=_VERSIONS + number)
                except ScenarioError as error:
                    log.error("The scenario %s of another worker does not play here: %s", name, error)
            else:
                self._library.remove(name)
        self.revision = revision
