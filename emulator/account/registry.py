"""Managed API keys, which are created, listed, regenerated, revoked and expired, each with its policy.

A key is shown once, when it is created. Only its digest and its label are stored, so neither a list nor a
saved state reveals it.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import replace

from emulator.account.keys import PREFIX, fingerprint, label
from emulator.account.policy import Policy
from emulator.core.errors import ApiError, Rejected
from emulator.core.saved_times import Moment
from emulator.core.seeds import Seed

Made: TypeAlias = Annotated[int, Meta(ge=0, le=10**12)]
Number: TypeAlias = Annotated[int, Meta(ge=1, le=10**12)]
Status: TypeAlias = Literal["active", "revoked", "expired", "disabled"]

MAX_KEYS = 10_000
"""How many keys are remembered; to make room for another one, the oldest revoked one is forgotten."""


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """A managed key, without its secret. Times are in Unix seconds; `revoked` is None for a key that is not revoked.

    `number` counts the keys of a registry from 1.
    """

    number: Number
    name: str
    shown: str
    digest: str
    policy: Policy
    created: Moment
    revoked: Moment | None = None

    @property
    def id(self) -> str:
        """The id of the key, which does not reveal it."""
        return f"key_{self.number}"

    def status(self, now: float) -> Status:
        """The state of the key: active, disabled, expired or revoked."""
        if self.revoked is not None:
            return "revoked"
        if self.policy.expires is not None and now >= self.policy.expires:
            return "expired"
        return "disabled" if self.policy.disabled else "active"

    def authorize(self, now: float) -> None:
        """Check that the key is valid. Raises `Rejected`: 401 if it is revoked or expired, 403 if it is disabled."""
        if self.revoked is not None:
            raise _unauthorized("This API key was revoked. Use another key.", "api_key_revoked")
        self.policy.authorize(now)


class Registry(Struct, forbid_unknown_fields=True):
    """All managed keys, by digest. Methods that take the id of a key raise KeyError for an unknown one.

    `made` counts all keys ever created; `replaced` has the former digests of regenerated keys.
    """

    made: Made = 0
    by_digest: dict[str, Record] = {}
    replaced: dict[str, None] = {}

    def __post_init__(self) -> None:
        numbers = [record.number for record in self.by_digest.values()]
        if len(set(numbers)) < len(numbers) or max(numbers, default=0) > self.made:
            raise ValueError(f"the numbers of the keys differ, and none is above {self.made}, the number of keys made")
        if any(record.digest != digest for digest, record in self.by_digest.items()):
            raise ValueError("each key is listed by its digest")

    def knows(self, key: str) -> bool:
        """Whether the key is managed, or was before it was regenerated."""
        digest = fingerprint(key)
        return digest in self.by_digest or digest in self.replaced

    def records(self) -> tuple[Record, ...]:
        """All keys, oldest first."""
        return tuple(sorted(self.by_digest.values(), key=lambda record: record.number))

    def get(self, id: str) -> Record:
        """The record of the key with this id."""
        for record in self.by_digest.values():
            if record.id == id:
                return record
        raise KeyError(id)

    def create(self, now: float, name: str, policy: Policy, seed: Seed) -> tuple[Record, str]:
        """Create a key. Returns its record and the key itself, which is not stored.

        `seed` may be the same for every key. Raises ValueError if there are `MAX_KEYS` keys that are not revoked.
        """
        self._make_room()
        key = self._new_key(seed)
        record = Record(self.made, name, label(key), fingerprint(key), policy, now)
        return self._keep(record), key

    def regenerate(self, id: str, seed: Seed) -> tuple[Record, str]:
        """Replace the secret of a key, even of a revoked one; the old one becomes invalid. Returns as `create`."""
        old = self.get(id)
        key = self._new_key(seed)
        del self.by_digest[old.digest]
        self.replaced[old.digest] = None
        if len(self.replaced) > MAX_KEYS:
            del self.replaced[next(iter(self.replaced))]
        record = replace(old, shown=label(key), digest=fingerprint(key), revoked=None)
        return self._keep(record), key

    def revoke(self, id: str, now: float) -> Record:
        """Make a key invalid permanently. It stays in the list. Revoking it again has no effect."""
        old = self.get(id)
        return old if old.revoked is not None else self._keep(replace(old, revoked=now))

    def update(self, id: str, policy: Policy) -> Record:
        """Replace the policy of a key."""
        return self._keep(replace(self.get(id), policy=policy))

    def authorize(self, key: str, now: float) -> Record | None:
        """The record of the key that a request presents; None if it is not managed.

        Raises `Rejected`: 401 for a key that is revoked, replaced or expired, 403 for one that is disabled.
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

    def _new_key(self, seed: Seed) -> str:
        self.made += 1
        return PREFIX + seed.child("key", self.made).letters(32)

    def _make_room(self) -> None:
        if len(self.by_digest) < MAX_KEYS:
            return
        revoked = next((record for record in self.records() if record.revoked is not None), None)
        if revoked is None:
            raise ValueError(f"there are {MAX_KEYS} API keys, as many as can be: revoke one to make room")
        del self.by_digest[revoked.digest]


def _unauthorized(message: str, cause: str) -> Rejected:
    return Rejected(ApiError("unauthorized", message, cause=cause))
