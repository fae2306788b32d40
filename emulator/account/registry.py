"""Managed API keys: created, listed, regenerated, revoked and expired, each with its policy.

A key is shown once, when it is made. What is kept is its digest and its first characters, so that neither a list nor a
saved state gives a key away.
"""

import hashlib
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from emulator.account.keys import PREFIX, masked
from emulator.account.policy import Policy
from emulator.core.errors import ApiError, Rejected
from emulator.core.seeds import Seed

Status: TypeAlias = Literal["active", "revoked", "expired", "disabled"]

MAX_KEYS = 10_000
"""How many keys are remembered; to make room for another one, the oldest revoked one is forgotten."""


class Record(Struct, frozen=True):
    """A managed key without the key itself. Times are in Unix seconds; `revoked` is None until it is.

    `number` counts the keys of a registry from 1.
    """

    number: int
    name: str
    shown: str
    digest: str
    policy: Policy
    created: float
    revoked: float | None = None

    @property
    def id(self) -> str:
        """What the key is called where it must not be shown."""
        return f"key_{self.number}"

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


class Registry(Struct):
    """All managed keys, by digest. Methods that take the id of a key raise KeyError for an unknown one.

    `made` counts the keys that were ever made; `replaced` has the digests that a regenerated key had before.
    """

    made: int = 0
    by_digest: dict[str, Record] = {}
    replaced: dict[str, None] = {}

    def knows(self, key: str) -> bool:
        """Whether a key is or was managed here."""
        digest = fingerprint(key)
        return digest in self.by_digest or digest in self.replaced

    def records(self) -> tuple[Record, ...]:
        """All keys, oldest first."""
        return tuple(sorted(self.by_digest.values(), key=lambda record: record.number))

    def get(self, id: str) -> Record:
        """The key of that id."""
        for record in self.by_digest.values():
            if record.id == id:
                return record
        raise KeyError(id)

    def create(self, now: float, name: str, policy: Policy, chance: Seed) -> tuple[Record, str]:
        """Make a key; returns its record and the key itself, which is shown this once.

        `chance` may be the same every time. Raises ValueError when there are `MAX_KEYS`, none of them revoked.
        """
        self._make_room()
        key = self._new_key(chance)
        record = Record(self.made, name, masked(key), fingerprint(key), policy, now)
        return self._keep(record), key

    def regenerate(self, id: str, chance: Seed) -> tuple[Record, str]:
        """Give a key other characters, also when it was revoked; the old ones are revoked. Returns as `create` does."""
        old = self.get(id)
        key = self._new_key(chance)
        del self.by_digest[old.digest]
        self.replaced[old.digest] = None
        if len(self.replaced) > MAX_KEYS:
            del self.replaced[next(iter(self.replaced))]
        record = replace(old, shown=masked(key), digest=fingerprint(key), revoked=None)
        return self._keep(record), key

    def revoke(self, id: str, now: float) -> Record:
        """Make a key invalid for good; it stays listed. Revoking it again changes nothing."""
        old = self.get(id)
        return old if old.revoked is not None else self._keep(replace(old, revoked=now))

    def update(self, id: str, policy: Policy) -> Record:
        """Give a key another policy."""
        return self._keep(replace(self.get(id), policy=policy))

    def authorize(self, key: str, now: float) -> Record | None:
        """The record of a key that a request presents; None for a key that is not managed here.

        Raises `Rejected`: 401 for one that is revoked, replaced or expired, 403 for one that is disabled.
        """
        digest = fingerprint(key)
        if digest in self.replaced:
            raise _unauthorized("This API key was regenerated. Use the new one.", "api_key_revoked")
        record = self.by_digest.get(digest)
        if record is not None:
            record.authorize(now)
        return record

    # ------------------------------------------------------------------------------------------ keeping

    def _keep(self, record: Record) -> Record:
        self.by_digest[record.digest] = record
        return record

    def _new_key(self, chance: Seed) -> str:
        self.made += 1
        return PREFIX + chance.child("key", self.made).letters(32)

    def _make_room(self) -> None:
        if len(self.by_digest) < MAX_KEYS:
            return
        revoked = next((record for record in self.records() if record.revoked is not None), None)
        if revoked is None:
            raise ValueError(f"there are {MAX_KEYS} API keys, as many as can be: revoke one to make room")
        del self.by_digest[revoked.digest]


def fingerprint(key: str) -> str:
    """What is kept of a key in its place: it tells keys apart, and gives none away."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _unauthorized(message: str, cause: str) -> Rejected:
    return Rejected(ApiError("unauthorized", message, cause=cause))
