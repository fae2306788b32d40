"""The states of API keys in memory. Only so many keys are remembered, and nothing that a key holds is forgotten.

A key holds something if its state differs from that of a new key in more than counts of requests (`KeyState.holds`).
When there is no room for another key, one that holds nothing is forgotten, the least recently used first; if there is
none, the new key is refused.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from emulator.account.keys import fingerprint
from emulator.core.errors import ApiError, Rejected
from emulator.store.state import KeyState

MAX_KEYS = 10_000
_PAUSE = 1.0
"""Seconds after which keys that held something are looked at again."""

log = logging.getLogger("emulator")


class States:
    """The states by API key; restored ones by the fingerprint of their key, until it is first used.

    At most `most` keys are remembered, besides "", which stands for requests without a key. `now` returns the time, in
    Unix seconds, on which depends what a key holds. `touched` are the keys of states that may have changed since
    somebody emptied it; None: all of them.
    """

    def __init__(self, restored: dict[str, Any] | None = None) -> None:
        self.most = MAX_KEYS
        self.now: Callable[[], float] = lambda: 0.0
        self.touched: set[str] | None = None
        self._recent: OrderedDict[str, KeyState] = OrderedDict()
        self._holding: dict[str, KeyState] = {}
        self._restored = restored or {}
        self._searched: float | None = None
        self._told: set[str] = set()

    def __len__(self) -> int:
        return len(self._recent) + len(self._holding) + len(self._restored)

    def get(self, key: str) -> KeyState | None:
        """The state of a key, which is then the most recently used one; None for a new key."""
        state = self._recent.get(key)
        if state is not None:
            self._recent.move_to_end(key)
        else:
            state = self._holding.pop(key, None) or (self._resumed(key) if self._restored else None)
            if state is None:
                return None
            self._recent[key] = state
        if self.touched is not None:
            self.touched.add(key)
        return state

    def put(self, key: str, state: KeyState) -> None:
        """Remember the state of a new key, or another state of a known one. Raises `Rejected` if there is no room."""
        if self.get(key) is None and key and not self._has_room():
            self._make_room()
        self._recent[key] = state
        if self.touched is not None:
            self.touched.add(key)

    def pop(self, key: str) -> KeyState | None:
        """Forget a key. Returns its state."""
        state = self.get(key)
        self._recent.pop(key, None)
        return state

    def items(self) -> Iterator[tuple[str, KeyState]]:
        """The keys that were used, and their states."""
        yield from self._recent.items()
        yield from self._holding.items()

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """The states that may have changed since the last call, encoded, and None for those that are forgotten.

        Each has the fingerprint of its key. A state that changes while this is read belongs to the next call as well.
        """
        from emulator.store.saved import encoded  # noqa: PLC0415 (few servers save anything)

        touched, self.touched = self.touched, set()
        if touched is None:
            touched = {key for key, _ in self.items()}
            yield from [(digest, encoded(data)) for digest, data in self._restored.items()]
        for key in touched:
            state = self._recent.get(key) or self._holding.get(key)
            yield fingerprint(key), None if state is None else encoded(state)

    @property
    def restored(self) -> dict[str, Any]:
        """The restored states whose keys were not used since, as they were saved, by the fingerprints of the keys."""
        return self._restored

    def _resumed(self, key: str) -> KeyState | None:
        from emulator.store.saved import key_state  # noqa: PLC0415 (few servers restore anything)

        saved = self._restored.pop(fingerprint(key), None)
        return None if saved is None else key_state(saved).resumed()

    # ------------------------------------------------------------------------------------------ room for more

    def _has_room(self) -> bool:
        return len(self) - ("" in self._recent or "" in self._holding) < self.most

    def _make_room(self) -> None:
        """Forget a key that holds nothing. Raises `Rejected` if there is none."""
        now = self.now()
        if not self._forget_one(now) and (self._searched is None or abs(now - self._searched) >= _PAUSE):
            self._searched = now
            for key in [key for key, state in self._holding.items() if not state.holds(now)]:
                self._recent[key] = self._holding.pop(key)
            self._forget_one(now)
        if not self._has_room():
            refusal = no_room(self.most)
            self._tell(f"New API keys are refused: {refusal}")
            raise refusal

    def _forget_one(self, now: float) -> bool:
        while self._recent:
            key, state = self._recent.popitem(last=False)
            if key and not state.holds(now):
                if self.touched is not None:
                    self.touched.add(key)
                self._tell(
                    f"{self.most} API keys are remembered, as many as can be (max_keys): from now on, those that hold "
                    "nothing are forgotten, and the ids of their requests may come again."
                )
                return True
            self._holding[key] = state
        return False

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            log.warning(message)


def no_room(most: int) -> Rejected:
    """The refusal of another key than the `most` that are remembered."""
    told = (
        f"{most} API keys are remembered, as many as can be, and each of them holds credits, limits, an activation or "
        "a position in a scenario. Use one of these keys, reset one (POST /_emulator/reset), or start the emulator "
        "with a larger max_keys."
    )
    return Rejected(ApiError("unavailable", told))
