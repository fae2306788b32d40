"""Managed API keys: created, listed, regenerated, revoked and expired, each with its policy.

A key is shown once, when it is made. What is kept is its digest and its first characters, so that neither a list nor a
saved state gives a key away.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct, convert, json
from msgspec.structs import replace

from emulator.account.keys import PREFIX, masked
from emulator.account.policy import Policy
from emulator.core.seeds import Seed
from emulator.core.vocabulary import ApiError, Rejected

Status: TypeAlias = Literal["active", "revoked", "expired", "disabled"]

MAX_KEYS = 10_000
"""How many keys are remembered; to make room for another one, the oldest revoked one is forgotten."""


class Record(Struct, frozen=True):
    """A managed key: all that is known of it but the key. Times are in Unix seconds; `revoked` is None until it is."""

    id: str
    name: str
    shown: str
    digest: str
    policy: Policy
    created: float
    revoked: float | None = None

    def status(self, now: float) -> Status:
        """What has become of the key."""
        if self.revoked is not None:
            return "revoked"
        if self.policy.expires is not None and now >= self.policy.expires:
            return "expired"
        return "disabled" if self.policy.disabled else "active"

    def authorize(self, now: float) -> None:
        """Let the key pass, or raise `Rejected`: 401 once it is revoked or expired, 403 while it is disabled."""
        if self.revoked is not None:
            raise _unauthorized("This API key was revoked. Use another key.", "api_key_revoked")
        self.policy.authorize(now)


class _State(Struct, frozen=True):
    """All that a registry holds."""

    made: int
    records: tuple[Record, ...]
    replaced: tuple[str, ...]


class Registry:
    """All managed keys. Methods that take the id of a key raise KeyError for an unknown one."""

    def __init__(self) -> None:
        self._made = 0
        self._records: dict[str, Record] = {}
        self._ids: dict[str, str] = {}
        self._replaced: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    def knows(self, key: str) -> bool:
        """Whether a key is or was managed here."""
        digest = fingerprint(key)
        return digest in self._ids or digest in self._replaced

    def records(self) -> tuple[Record, ...]:
        """All keys, oldest first."""
        return tuple(self._records.values())

    def get(self, id: str) -> Record:
        """The key of that id."""
        return self._records[id]

    def create(self, now: float, name: str, policy: Policy, chance: Seed) -> tuple[Record, str]:
        """Make a key; returns its record and the key itself, which is shown this once.

        `chance` may be the same every time. Raises ValueError when there are `MAX_KEYS`, none of them revoked.
        """
        self._make_room()
        key = self._new_key(chance)
        record = Record(f"key_{self._made}", name, masked(key), fingerprint(key), policy, now)
        self._keep(record)
        return record, key

    def regenerate(self, id: str, chance: Seed) -> tuple[Record, str]:
        """Give a key other characters, also when it was revoked; the old ones are revoked. Returns as `create` does."""
        old = self._records[id]
        key = self._new_key(chance)
        del self._ids[old.digest]
        self._replaced[old.digest] = None
        if len(self._replaced) > MAX_KEYS:
            self._replaced.popitem(last=False)
        record = replace(old, shown=masked(key), digest=fingerprint(key), revoked=None)
        self._keep(record)
        return record, key

    def revoke(self, id: str, now: float) -> Record:
        """Make a key invalid for good; it stays listed. Revoking it again changes nothing."""
        old = self._records[id]
        return old if old.revoked is not None else self._keep(replace(old, revoked=now))

    def update(self, id: str, policy: Policy) -> Record:
        """Give a key another policy."""
        return self._keep(replace(self._records[id], policy=policy))

    def expire(self, id: str, now: float) -> Record:
        """Let a key expire now."""
        return self.update(id, replace(self._records[id].policy, expires=now))

    def authorize(self, key: str, now: float) -> Record | None:
        """The record of a key that a request presents; None for a key that is not managed here.

        Raises `Rejected`: 401 for one that is revoked, replaced or expired, 403 for one that is disabled.
        """
        digest = fingerprint(key)
        if digest in self._replaced:
            raise _unauthorized("This API key was regenerated. Use the new one.", "api_key_revoked")
        id = self._ids.get(digest)
        if id is None:
            return None
        record = self._records[id]
        record.authorize(now)
        return record

    # ------------------------------------------------------------------------------------------ saving

    def snapshot(self) -> dict[str, Any]:
        """All that is known of the keys, in types that JSON has."""
        state = _State(self._made, self.records(), tuple(self._replaced))
        data: dict[str, Any] = json.decode(json.encode(state))
        return data

    @classmethod
    def restore(cls, data: Mapping[str, Any]) -> "Registry":
        """The registry of a snapshot. Raises `msgspec.ValidationError` for data that are none."""
        state = convert(data, _State)
        registry = cls()
        registry._made = state.made
        registry._replaced = OrderedDict.fromkeys(state.replaced)
        for record in state.records:
            registry._keep(record)
        return registry

    # ------------------------------------------------------------------------------------------ keeping

    def _keep(self, record: Record) -> Record:
        self._records[record.id] = record
        self._ids[record.digest] = record.id
        return record

    def _new_key(self, chance: Seed) -> str:
        self._made += 1
        return PREFIX + chance.child("key", self._made).letters(32)

    def _make_room(self) -> None:
        if len(self._records) < MAX_KEYS:
            return
        revoked = next((record for record in self._records.values() if record.revoked is not None), None)
        if revoked is None:
            raise ValueError(f"there are {MAX_KEYS} API keys, as many as can be: revoke one to make room")
        del self._records[revoked.id], self._ids[revoked.digest]


def fingerprint(key: str) -> str:
    """What is kept of a key in its place: it tells keys apart, and gives none away."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _unauthorized(message: str, cause: str) -> Rejected:
    return Rejected(ApiError("unauthorized", message, cause=cause))
