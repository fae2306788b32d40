"""Which calls of a conversation still wait for their results."""

from typing import Literal

from emulator.core.fields import Fields


class OpenCalls:
    """The tool calls of the assistant's latest turn. Each is answered once, before the assistant speaks again.

    `turn` is the message that began the turn.
    """

    def __init__(self) -> None:
        self.turn: Fields | None = None
        self._answered: dict[str, bool] = {}
        self._unread: set[str] = set()

    def begin(self, turn: Fields) -> None:
        """Another turn of the assistant, so far without calls."""
        self.turn = turn
        self._answered = {}
        self._unread = set()

    def make(self, id: str) -> bool:
        """A call is made. False if the turn has one of that id already."""
        if id in self._answered:
            return False
        self._answered[id] = False
        return True

    def pass_over(self, id: str) -> None:
        """Something is passed over that may be a call: a result of it is expected, and not required."""
        self._unread.add(id)

    def answer(self, id: str) -> Literal["expected", "unknown", "again"]:
        """A result comes: of a call that waits for it, of none that was made, or of one that has its result."""
        if id not in self._answered:
            return "expected" if id in self._unread else "unknown"
        if self._answered[id]:
            return "again"
        self._answered[id] = True
        return "expected"

    def waiting(self) -> list[str]:
        """The ids of the calls without a result."""
        return [id for id, answered in self._answered.items() if not answered]
